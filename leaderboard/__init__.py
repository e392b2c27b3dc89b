"""Rendering of results: tidy rows, tables, pages."""

from .formats.table import Block, Cell, Table
from .render import render
from .row import TargetLike, TaskLike, TidyRow
from .statistics.bootstrap import ConfidenceInterval, hierarchical_interval
from .study import Study, studies
from .tables.paper_layout import table1
from .tables.ranked import ranked
from .tidy import tidy, tidy_text

__all__ = [
    "Block",
    "Cell",
    "ConfidenceInterval",
    "Study",
    "Table",
    "TargetLike",
    "TaskLike",
    "TidyRow",
    "hierarchical_interval",
    "ranked",
    "render",
    "studies",
    "table1",
    "tidy",
    "tidy_text",
]
