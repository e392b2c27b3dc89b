"""A table of what analyses found: a row a method, a column a number, means with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .current import Record
from .interval import hierarchical_interval
from .numbers import NOTHING
from .quantities import finite
from .study_runs import StudyRuns
from .table import Block, Cell, Table


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
    """

    heading: str
    read: Callable[[Record, Mapping[str, Any]], Any]
    shown: str = ".3g"
    interval: bool = True


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
        What the table shows.
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
        caption,
        (tuple(map(Cell, headings)),),
        "l" + "r" * (len(headings) - 1),
        tuple(blocks),
    )


def _row(
    method: str,
    targets: Mapping[tuple[str, str], Sequence[tuple[Record, Any]]],
    columns: Sequence[Column],
) -> tuple[Cell, ...]:
    texts = [_text(column, targets) for column in columns]
    count = sum(map(len, targets.values()))
    return tuple(map(Cell, [method, *texts, str(len(targets)), str(count)]))


def _text(column: Column, targets: Mapping[tuple[str, str], Sequence[tuple[Record, Any]]]) -> str:
    values = [
        [value for pair in found if (value := finite(column.read(*pair))) is not None]
        for found in targets.values()
    ]
    mean, low, high = hierarchical_interval(values)
    if mean != mean:
        return NOTHING
    text = format(mean, column.shown)
    if column.interval and low == low:
        text += f" ({low:{column.shown}} to {high:{column.shown}})"
    return text
