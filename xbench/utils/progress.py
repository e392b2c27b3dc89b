"""Who is told how getting a dataset goes."""

from __future__ import annotations

from typing import Protocol


class FetchWatcher:
    """Told while files are got or made; does nothing. Subclass it to show progress.

    Examples
    --------
    >>> class Printing(FetchWatcher):
    ...     def said(self, line: str) -> None:
    ...         print(line)
    >>> Printing().said("simulating")
    simulating
    """

    def started(self, name: str, size: int, received: int) -> None:
        """Tell that a file of `size` bytes is being got, `received` of which are there."""

    def received(self, received: int) -> None:
        """Tell how many bytes of it are there now."""

    def said(self, line: str) -> None:
        """Tell something in words."""


# What is told to nobody.
NOBODY = FetchWatcher()


class Progress(Protocol):
    """Told how far training is."""

    def __call__(self, stage: str, step: int, steps: int, validation: float) -> None:
        """Report one look at the validation loss."""


def silent(stage: str, step: int, steps: int, validation: float) -> None:
    """Report nothing."""
