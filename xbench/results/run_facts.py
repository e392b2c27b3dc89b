"""What is said about one run, in the terminal and on its page: every field of its record, by name.

Fields that are long (the selection, the learning curve, the traceback) are laid out apart.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from xbench.results.exports import chosen_features
from xbench.results.record import Place, Record
from xbench.utils.text import size_text

# Sections and, in each, the fields of a record with what people call them.
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "What was asked": {
        "run_id": "run",
        "task": "task",
        "task_version": "version of the task",
        "dataset": "dataset",
        "surrogate": "surrogate",
        "cell_type": "cell type",
        "target": "target",
        "target_place": "gene",
        "target_strand": "strand of the gene",
        "method": "method",
        "method_version": "version of the method",
        "parameters": "parameters",
        "L": "L",
        "repetition": "repetition",
        "seed": "seed",
        "asked": "asked beyond that",
        "budget": "budget",
        "n_features": "features to choose from",
    },
    "How it ended": {
        "status": "status",
        "reason": "reason",
        "stopped": "stopped early",
        "created": "ended at",
        "ordered": "best first",
        "nested": "a smaller L is a part of it",
    },
    "Scores": {"metrics": "metrics"},
    "Cost": {
        "seconds": "wall time",
        "forward_evaluations": "forward evaluations (cells)",
        "gradient_evaluations": "gradient evaluations (cells)",
        "computed_evaluations": "computed evaluations (cells)",
        "peak_memory_bytes": "peak memory",
    },
    "How well the surrogate predicts test cells": {
        "surrogate_fit": "surrogate",
        "judge_fit": "judge",
    },
    "Made with": {
        "versions": "versions",
        "git_commit": "commit",
        "machine": "machine",
        "device": "device",
        "dataset_digest": "digest of the dataset",
        "surrogate_digest": "digest of the surrogate",
        "method_digest": "digest of the method's files",
    },
    "What else the method told": {"details": "details"},
}
# Laid out apart: what was selected, the learning curve, the traceback.
LONG = ("indices", "features", "places", "trace", "traceback")


def known_fields() -> set[str]:
    """Return the fields that are said in a section or laid out apart: all that a record has.

    Examples
    --------
    >>> from dataclasses import fields
    >>> known_fields() == {field.name for field in fields(Record)}
    True
    """
    return {name for section in SECTIONS.values() for name in section} | set(LONG)


def value_text(name: str, value: Any) -> str:
    """Return a field's value as people read it; "" where there is none.

    Examples
    --------
    >>> value_text("seconds", 0.7606), value_text("peak_memory_bytes", 596856832)
    ('0.761 s', '597 MB')
    >>> value_text("target_place", ("chr2", 10, 20)), value_text("asked", {})
    ('chr2:10-20', '')
    """
    if value is None or (isinstance(value, str | dict | list) and not value):
        return ""
    if name == "seconds":
        return f"{value:.3g} s" if math.isfinite(value) else str(value)
    if name == "peak_memory_bytes":
        return size_text(value)
    if name == "target_place":
        return place_text(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_part(one)}" for key, one in value.items())
    return str(value)


def _part(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "not defined" if value is None else _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def place_text(place: Place | None) -> str:
    """Return a place as genome browsers take it; "" where it is not known.

    Examples
    --------
    >>> place_text(("chr2", 170813212, 170861151))
    'chr2:170813212-170861151'
    """
    return "" if place is None else f"{place[0]}:{place[1]}-{place[2]}"


@dataclass(frozen=True)
class SelectedRow:
    """One of the features that a run selected.

    Parameters
    ----------
    number
        In the order of the record, from 1; its rank where the subset is ordered.
    name, place
        As in the user's file; None where the place is not known.
    distance, side
        To the gene's start, see `xbench.results.exports.Chosen.distance`.
    told
        What the method told of this feature: each list of its details that has one number for
        each feature selected, by name, such as scores.
    """

    number: int
    name: str
    place: Place | None
    distance: int | None
    side: str
    told: Mapping[str, Any]


def selected_rows(record: Record) -> list[SelectedRow]:
    """Return what a run selected, in the order of its record.

    Where the record has no names (an older xbench kept none), positions stand for them.

    Examples
    --------
    >>> from xbench.results.record import Record
    >>> run = Record(
    ...     run_id="0", task="t", task_version=1, dataset="d", dataset_digest="", surrogate="s",
    ...     surrogate_digest="", cell_type="VIP", target="GAD1", method="m", method_digest="", L=1,
    ...     repetition=0, seed=0, status="ok", indices=[4], features=["p"], seconds=1.0, created="",
    ...     places=[("chr2", 100, 200)], target_place=("chr2", 500, 900), target_strand="+",
    ...     details={"scores": [0.5]},
    ... )
    >>> row = selected_rows(run)[0]
    >>> row.distance, row.side, row.told
    (-301, 'upstream', {'scores': 0.5})
    """
    full = with_positions(record)
    by_name = {one.feature: one for one in chosen_features([full])}
    columns = {
        name: values
        for name, values in record.details.items()
        if isinstance(values, list) and record.indices and len(values) == len(record.indices)
    }
    places = full.places or [None] * len(full.features)
    return [
        SelectedRow(
            number=at + 1,
            name=name,
            place=place,
            distance=by_name[name].distance,
            side=by_name[name].side,
            told={column: values[at] for column, values in columns.items()},
        )
        for at, (name, place) in enumerate(zip(full.features, places, strict=True))
    ]


def with_positions(record: Record) -> Record:
    """Return a record in which positions stand for names, where it has no names.

    Examples
    --------
    >>> from xbench.results.record import Record
    >>> run = Record(
    ...     run_id="0", task="t", task_version=1, dataset="d", dataset_digest="", surrogate="s",
    ...     surrogate_digest="", cell_type="VIP", target="GAD1", method="m", method_digest="", L=1,
    ...     repetition=0, seed=0, status="ok", indices=[4], seconds=1.0, created="",
    ... )
    >>> with_positions(run).features
    ['feature 4']
    """
    if record.features or not record.indices:
        return record
    return replace(record, features=[f"feature {index}" for index in record.indices])
