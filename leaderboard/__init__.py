"""Rendering of results: tidy rows, tables, pages."""

from .interval import Interval, hierarchical_interval
from .ranked import ranked
from .render import render
from .row import TidyRow
from .study import Study, studies
from .table import Block, Cell, Table
from .table1 import table1
from .task_like import TargetLike, TaskLike
from .tidy import tidy
from .tidy_file import tidy_text

__all__ = [
    "Block",
    "Cell",
    "Interval",
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
