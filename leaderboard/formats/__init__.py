"""A table, the numbers in it, and how it is written as Markdown and as LaTeX."""

from .latex import latex
from .markdown import markdown
from .numbers import NOTHING, format_cost, format_metric, format_range, six_digits
from .table import Block, Cell, Table

__all__ = [
    "NOTHING",
    "Block",
    "Cell",
    "Table",
    "format_cost",
    "format_metric",
    "format_range",
    "latex",
    "markdown",
    "six_digits",
]
