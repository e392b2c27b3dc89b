"""A table of what analyses found: a row a method, a column a number, means with intervals."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..formats import NOTHING, Block, Cell, Table
from ..quantities import finite
from ..statistics import ConfidenceInterval, TargetKey, hierarchical_interval
from ..study import StudyRuns

FoundValues: TypeAlias = Mapping[str, Any]
"""What an analysis found about one run: the values of its finding, by name."""

Reader: TypeAlias = Callable[[FoundValues], float | None]
"""From what was found to one number of it; None where it has none."""

# Of each target the findings of its repetitions, by their numbers.
_Targets: TypeAlias = Mapping[TargetKey, Sequence[tuple[int, FoundValues]]]


@dataclass(frozen=True)
class Column:
    """One number of a finding.

    Parameters
    ----------
    heading
        Above it, with its unit.
    read
        From the values of a finding to the number; None where it has none.
    shown
        Format of the number, as for `format`.
    interval
        Whether its 95% interval stands behind it.
    relative_to
        What the mean is divided by, the mean of this: a ratio of two means, without an interval,
        over the runs that have both numbers.
    """

    heading: str
    read: Reader
    shown: str = ".3g"
    interval: bool = True
    relative_to: Reader | None = None


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
    places: dict[tuple[int, str], dict[TargetKey, list[tuple[int, FoundValues]]]] = {}
    for record, finding in runs.found(analysis, against):
        found = places.setdefault((record.L, record.method), {}).setdefault(record.explained, [])
        found.append((record.repetition, finding.values))
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


def _row(method: str, targets: _Targets, columns: Sequence[Column]) -> tuple[Cell, ...]:
    texts = [_text(column, targets) for column in columns]
    count = sum(map(len, targets.values()))
    return tuple(map(Cell, [method, *texts, str(len(targets)), str(count)]))


def _text(column: Column, targets: _Targets) -> str:
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


def _numbers(column: Column, targets: _Targets) -> list[list[tuple[float, float]]]:
    """For each target, sorted, the number of each run that has it, and what it is divided by."""
    found = []
    for target in sorted(targets):
        read = [
            (
                finite(column.read(values)),
                1.0 if column.relative_to is None else finite(column.relative_to(values)),
            )
            for _, values in sorted(targets[target], key=lambda one: one[0])
        ]
        found.append([(one, by) for one, by in read if one is not None and by is not None])
    return found


def _mean(pairs: Sequence[Sequence[tuple[float, float]]], which: int) -> ConfidenceInterval:
    return hierarchical_interval([[pair[which] for pair in one] for one in pairs])
