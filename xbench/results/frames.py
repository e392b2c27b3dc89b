"""Frames of runs: what a notebook shows of them, and the way back to records."""

import json
import math
from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any

import pandas as pd

from xbench.errors import XbenchError
from xbench.results.record import Record

FIELDS = tuple(field.name for field in fields(Record) if field.name != "metrics")
_NEEDED = tuple(field.name for field in fields(Record) if field.name in FIELDS and (
    field.default is MISSING and field.default_factory is MISSING
))  # fmt: skip
_TEXTS = ("parameters", "versions")
# What was asked; the first two where they differ.
_STUDY = ("dataset", "surrogate")
_ASKED = ("cell_type", "target", "L", "method", "repetition", "status")


class RunsFrame(pd.DataFrame):
    """A frame of runs, a row a run, that a notebook shows by what matters of it.

    All columns are there; of some sixty a notebook shows what was asked, the metrics that have a
    value, seconds and, where a run gave none, the reason.

    Examples
    --------
    >>> RunsFrame({"method": ["grids"]})[["method"]].shape
    (1, 1)
    """

    @property
    def _constructor(self) -> type["RunsFrame"]:
        return RunsFrame

    def shown_columns(self) -> list[str]:
        """Return the columns that a notebook shows; all where it is no frame of whole runs."""
        names = [str(name) for name in self.columns]
        if not set(_NEEDED) <= set(names):
            return names
        metrics = [name for name in names if name not in FIELDS and self[name].notna().any()]
        reason = ["reason"] if (self["status"] != "ok").any() else []
        differ = [name for name in _STUDY if self[name].nunique() > 1]
        return [*differ, *_ASKED, *metrics, "seconds", *reason]

    def _repr_html_(self) -> str | None:
        # A plain frame of these columns: pandas escapes, shortens and obeys its options.
        shown = pd.DataFrame(self)[self.shown_columns()]
        made: str | None = shown._repr_html_()  # type: ignore[operator]
        return made


def records_of(frame: pd.DataFrame) -> list[Record]:
    """Return the records behind the rows of a frame that `ResultStore.to_frame` made.

    Rows may have been left out and put in another order; a metric without any value among the
    runs of a study is left out.

    Parameters
    ----------
    frame
        With the columns of a `Record`; all others are metrics.

    Raises
    ------
    XbenchError
        A column is absent, or a row is no record.

    Examples
    --------
    >>> records_of(pd.DataFrame({"method": ["grids"]}))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    xbench.errors.XbenchError: a frame of runs has no column run_id, ...; give it as xbench.run ...
    """
    missing = [name for name in _NEEDED if name not in frame.columns]
    if missing:
        what = f"a frame of runs has no column {', '.join(missing)}"
        raise XbenchError(f"{what}; give it as xbench.run returned it, rows left out at most")
    metrics = [name for name in frame.columns if name not in FIELDS]
    has_value: dict[tuple[Any, ...], set[str]] = {}
    study = ["task", "dataset", "surrogate"]
    for place, rows in frame.groupby(study, sort=False):
        has_value[place] = {name for name in metrics if rows[name].notna().any()}
    return [_record(row, has_value) for row in frame.to_dict("records")]


def _record(row: dict[Any, Any], has_value: dict[tuple[Any, ...], set[str]]) -> Record:
    place = (row["task"], row["dataset"], row["surrogate"])
    given = {name: _plain(row[name]) for name in FIELDS if name in row}
    for name in _TEXTS:
        if isinstance(given.get(name), str):
            given[name] = json.loads(given[name])
    for name in ("n_features", "peak_memory_bytes"):
        if given.get(name) is not None:
            given[name] = int(given[name])
    values = {name: _plain(row[name]) for name in row if name in has_value[place]}
    given["metrics"] = values if row["status"] == "ok" else {}
    try:
        return Record(**given)
    except (TypeError, ValueError) as error:
        raise XbenchError(f"run {row['run_id']}: is no record ({error})") from error


def _plain(value: Any) -> Any:
    """Return a cell without pandas' types; NaN, which stands for what is absent, as None."""
    if isinstance(value, Sequence | dict):
        return value
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and math.isnan(value) else value
