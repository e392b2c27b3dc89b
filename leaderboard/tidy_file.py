"""The tidy rows as comma-separated values."""

from __future__ import annotations

import csv
import io
import math

import pandas as pd

from .row import TidyRow, from_frame


def tidy_text(rows: pd.DataFrame) -> str:
    """Return tidy rows as comma-separated values with 6 significant digits, sorted.

    Parameters
    ----------
    rows
        As `tidy` returns them.

    Examples
    --------
    >>> from .row import to_frame
    >>> tidy_text(to_frame([])).startswith("task,dataset,surrogate,")
    True
    """
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(TidyRow._fields)
    for row in sorted(from_frame(rows), key=lambda row: row.place):
        writer.writerow(_digits(cell) if isinstance(cell, float) else cell for cell in row)
    return output.getvalue()


def _digits(value: float) -> str:
    """Return a number with 6 significant digits, and nothing for one that is missing."""
    # Adding zero turns a negative zero into a plain one.
    return "" if math.isnan(value) else f"{value + 0.0:.6g}"
