"""How long work is told of: one protocol for downloads, training, runs and analyses."""


class Progress:
    """Told how work goes; this one keeps quiet. Subclass it to show or record it.

    Pieces of work come one after the other, each with a name that people can read.

    Examples
    --------
    >>> class Printing(Progress):
    ...     def advanced(self, work: str, done: int, note: str = "") -> None:
    ...         print(f"{work}: {done} {note}")
    >>> told = Printing()
    >>> told.started("mapping", 100, unit="steps")
    >>> told.advanced("mapping", 50, "validation loss 0.3")
    mapping: 50 validation loss 0.3
    """

    def started(self, work: str, total: int, done: int = 0, unit: str = "") -> None:
        """Tell that a piece of work begins.

        Parameters
        ----------
        work
            Its name: a file, a stage of training, the runs.
        total, done
            How much there is to do, and how much of it was done before.
        unit
            What is counted, such as ``"bytes"``, ``"steps"`` or ``"runs"``.
        """

    def advanced(self, work: str, done: int, note: str = "") -> None:
        """Tell how much of it is done now, and perhaps a few words more."""

    def said(self, line: str) -> None:
        """Tell something in words that stays readable: a failure, a wait."""


# What is told to nobody.
SILENT = Progress()
