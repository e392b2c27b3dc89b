"""What is explained: one output of the model, for one population."""

from dataclasses import dataclass

from xbench.data.features import Interval


@dataclass(frozen=True)
class Target:
    """One output, explained for the cells of one type (or the images of one class).

    Parameters
    ----------
    cell_type
        The population explained, as it was asked for (an alias stays one).
    name
        The output's name, as it was asked for; for classification the class that masking should
        lead towards.
    output
        Index of the output explained; for classification that of the population's own class.
    interval
        Where the output's gene lies; None where that is not known.
    contrast
        For classification, the index of the class that masking should lead towards. The number
        explained is then the log-odds ``logit[output] - logit[contrast]``.

    Examples
    --------
    >>> Target("VIP", "GAD1", output=7).contrast is None
    True
    >>> Target("8", "3", output=1, contrast=0).contrast
    0
    """

    cell_type: str
    name: str
    output: int
    interval: Interval | None = None
    contrast: int | None = None
