"""Rendering of results: tidy rows, tables, figures, pages."""

from .formats import Block, Cell, Table
from .render import render
from .statistics import ConfidenceInterval, hierarchical_interval
from .study import Study, StudyRuns, studies, with_runs
from .tables import ranked, table1
from .tidy import TargetLike, TaskLike, TidyRow, tidy, tidy_text

__all__ = [
    "Block",
    "Cell",
    "ConfidenceInterval",
    "Study",
    "StudyRuns",
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
    "with_runs",
]
