"""The tidy rows as a file of comma-separated values, and as part of an older one."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pandas as pd

from xbench.atomic import write_text
from xbench.errors import XbenchError

from .row import TidyRow, from_frame, to_frame

_NUMBERS = ("mean", "low", "high")
_COUNTS = ("L", "n")


def write_tidy(rows: pd.DataFrame, path: Path) -> None:
    """Write tidy rows, sorted, whole or not at all.

    Parameters
    ----------
    rows
        As `tidy` returns them.
    path
        File to write.

    Raises
    ------
    XbenchError
        If it cannot be written.
    """
    write_text(path, tidy_text(rows))


def read_tidy(path: Path) -> pd.DataFrame:
    """Read tidy rows.

    Parameters
    ----------
    path
        File written by `write_tidy`.

    Returns
    -------
    pandas.DataFrame
        The rows; without any if there is no such file.

    Raises
    ------
    XbenchError
        If the file is not one of ours.

    Examples
    --------
    >>> read_tidy(Path("no-such-folder/results.csv")).empty
    True
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        return to_frame([])
    except (OSError, UnicodeDecodeError) as error:
        raise XbenchError(f"{path}: cannot be read ({error}); delete or replace it") from error
    return tidy_from_text(text, str(path))


def tidy_text(rows: pd.DataFrame) -> str:
    """Return tidy rows as comma-separated values with 6 significant digits, sorted.

    Examples
    --------
    >>> tidy_text(to_frame([])).startswith("task,dataset,surrogate,")
    True
    """
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(TidyRow._fields)
    for row in sorted(from_frame(rows), key=lambda row: row.place):
        writer.writerow(_digits(cell) if isinstance(cell, float) else cell for cell in row)
    return output.getvalue()


def tidy_from_text(text: str, where: str) -> pd.DataFrame:
    """Return the rows of a text made by `tidy_text`; `where` is named in errors.

    Raises
    ------
    XbenchError
        If the columns are others, or a number is none.
    """
    lines = csv.reader(io.StringIO(text, newline=""))
    try:
        if next(lines, None) != list(TidyRow._fields):
            raise XbenchError(f"{where}: not a table of results; delete it and render again")
        return to_frame(map(_row, lines))
    except (ValueError, csv.Error) as error:
        raise XbenchError(
            f"{where}: line {lines.line_num}: {error}; delete the file and render again"
        ) from error


def _row(fields: list[str]) -> TidyRow:
    cells = dict(zip(TidyRow._fields, fields, strict=True))
    numbers = {name: float(cells[name] or math.nan) for name in _NUMBERS}
    counts = {name: int(cells[name]) for name in _COUNTS}
    return TidyRow(**{**cells, **numbers, **counts})  # type: ignore[arg-type]


def merge(kept: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    """Replace every (task, dataset) of `kept` that `fresh` has too, and keep the others.

    So a leaderboard that is made where some data are missing keeps their committed rows.

    Parameters
    ----------
    kept
        Rows of an earlier rendering.
    fresh
        Rows of this one.

    Returns
    -------
    pandas.DataFrame
        Both, sorted.

    Examples
    --------
    >>> merge(to_frame([]), to_frame([])).empty
    True
    """
    new = from_frame(fresh)
    replaced = {(row.task, row.dataset) for row in new}
    old = [row for row in from_frame(kept) if (row.task, row.dataset) not in replaced]
    return to_frame([*old, *new])


def _digits(value: float) -> str:
    """Return a number with 6 significant digits, and nothing for one that is missing."""
    # Adding zero turns a negative zero into a plain one.
    return "" if math.isnan(value) else f"{value + 0.0:.6g}"
