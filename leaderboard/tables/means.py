"""A table of what analyses found: a row a method, a column a number, means with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from xbench.results.current import Record

from ..formats.numbers import NOTHING
from ..formats.table import Block, Cell, Table
from ..quantities import finite
from ..statistics.bootstrap import ConfidenceInterval, hierarchical_interval
from ..study import StudyRuns

_Found: TypeAlias = Mapping[tuple[str, str], Sequence[tuple[Record, Any]]]


@dataclass(frozen=True)
class Column:
    """One number of a finding.

    Parameters
    ----------
    heading
        Above it, with its unit.
    read
        From a run's record and the finding's values to the number; None where it has none.
    shown
        Format of the number, as for `format`.
    interval
        Whether its 95% interval stands behind it.
    relative_to
        What the mean is divided by, the mean of this: a ratio of two means, without an interval,
        over the runs that have both numbers.
    """

    heading: str
    read: Callable[[Record, Mapping[str, Any]], Any]
    shown: str = ".3g"
    interval: bool = True
    relative_to: Callable[[Record, Mapping[str, Any]], Any] | None = None


def means_table(
    runs: StudyRuns, analysis: str, caption: str, columns: Sequence[Column], against: str = ""
) -> Table | None:
    """Lay out means over targets of means over repetitions of what an analysis found.

    Parameters
    ----------
    runs
        Of one study.
    analysis
        Name of the analysis.
    caption
        What the table shows; that ``[k]`` marks a number of k targets is added to it.
    columns
        Its numbers.
    against
        What else went into the findings that count, such as the name of a contact map; all count
        where it is empty.

    Returns
    -------
    Table or None
        A block for each L; None where the analysis found nothing.
    """
    places: dict[tuple[int, str], dict[tuple[str, str], list[tuple[Record, Any]]]] = {}
    for record, finding in runs.found(analysis):
        if against in ("", finding.against):
            targets = places.setdefault((int(record["L"]), record["method"]), {})
            target = record["cell_type"], record["target"]
            targets.setdefault(target, []).append((record, finding.values))
    if not places:
        return None
    headings = ["Method", *(column.heading for column in columns), "Targets", "Runs"]
    blocks = [
        Block(
            str(size),
            tuple(
                _row(method, places[size, method], columns)
                for method in runs.study.methods
                if (size, method) in places
            ),
        )
        for size in sorted({size for size, _ in places})
    ]
    return Table(
        f"{caption} [k] stands behind a number that only k of the targets have.",
        (tuple(map(Cell, headings)),),
        "l" + "r" * (len(headings) - 1),
        tuple(blocks),
    )


def _row(method: str, targets: _Found, columns: Sequence[Column]) -> tuple[Cell, ...]:
    texts = [_text(column, targets) for column in columns]
    count = sum(map(len, targets.values()))
    return tuple(map(Cell, [method, *texts, str(len(targets)), str(count)]))


def _text(column: Column, targets: _Found) -> str:
    pairs = _numbers(column, targets)
    of = sum(map(bool, pairs))
    (mean, low, high) = _mean(pairs, 0)
    if column.relative_to is not None:
        divisor = _mean(pairs, 1).mean
        mean, low = mean / divisor if divisor else math.nan, math.nan
    if math.isnan(mean):
        return NOTHING
    text = format(mean, column.shown)
    # Of one target's repetitions nothing is learned about the others.
    if column.interval and (of > 1 or of == len(targets)) and not math.isnan(low):
        text += f" ({low:{column.shown}} to {high:{column.shown}})"
    return text if of == len(targets) else f"{text} [{of}]"


def _numbers(column: Column, targets: _Found) -> list[list[tuple[float, float]]]:
    """For each target, sorted, the number of each run that has it, and what it is divided by."""
    found = []
    for target in sorted(targets):
        runs = sorted(targets[target], key=lambda run: int(run[0]["repetition"]))
        read = [
            (
                finite(column.read(*run)),
                1.0 if column.relative_to is None else finite(column.relative_to(*run)),
            )
            for run in runs
        ]
        found.append([(one, by) for one, by in read if one is not None and by is not None])
    return found


def _mean(pairs: Sequence[Sequence[tuple[float, float]]], which: int) -> ConfidenceInterval:
    return hierarchical_interval([[pair[which] for pair in one] for one in pairs])
