"""Lines of a result store that are no records, and how they are spoken of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BadLine:
    """A line of a store that is no record.

    Examples
    --------
    >>> str(BadLine(Path("results/runs.jsonl"), 3, "seed: Field required"))
    'results/runs.jsonl:3: not a record (seed: Field required); repair or delete the line'
    """

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        what = f"not a record ({self.message})"
        return f"{self.path}:{self.line}: {what}; {self.advice}"

    @property
    def advice(self) -> str:
        """What to do about it: a record that a newer xbench wrote is not to be thrown away."""
        newer = "newer xbench" in self.message
        return "update xbench" if newer else "repair or delete the line"


def summary(problems: Sequence[BadLine]) -> str:
    """Say in one line which lines of a store are no records, and what to do.

    Parameters
    ----------
    problems
        At least one, of one store.

    Examples
    --------
    >>> bad = [BadLine(Path("results/runs.jsonl"), line, "not JSON") for line in (3, 8)]
    >>> summary(bad)
    'results/runs.jsonl:3: not a record (not JSON); repair or delete the line (1 more: line 8)'
    """
    first, *others = problems
    if not others:
        return str(first)
    places = ", ".join(str(problem.line) for problem in others[:5])
    more = ", ..." if len(others) > 5 else ""
    return f"{first} ({len(others)} more: line {places}{more})"
