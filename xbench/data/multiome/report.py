"""What is found out about a file, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from xbench.errors import XbenchError


@dataclass(frozen=True)
class Report:
    """What a file is, and what is missing or wrong.

    Parameters
    ----------
    lines
        What was found, one thing each.
    problems
        What keeps it from being used, one thing each, with what to do about it.

    Examples
    --------
    >>> report = Report()
    >>> with report.collecting():
    ...     raise XbenchError("labels.csv: no such file")
    >>> report.will_do, report.problems
    (False, ['labels.csv: no such file'])
    """

    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def will_do(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Write an `XbenchError` of the block among the problems, and go on behind the block."""
        try:
            yield
        except XbenchError as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))
