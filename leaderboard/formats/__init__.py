"""A table, the numbers in it, and how it is written: Markdown, LaTeX, cells of a CSV file."""

from .latex import latex
from .markdown import markdown
from .numbers import (
    NOTHING,
    format_cost,
    format_metric,
    format_range,
    six_digits,
    with_range,
)
from .spreadsheet import csv_text
from .table import Block, Cell, Table

__all__ = [
    "NOTHING",
    "Block",
    "Cell",
    "Table",
    "csv_text",
    "format_cost",
    "format_metric",
    "format_range",
    "latex",
    "markdown",
    "six_digits",
    "with_range",
]
