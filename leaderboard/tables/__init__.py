"""The tables of the leaderboard, one file a kind."""

from .all import NAMES, tables_of
from .paper_layout import table1
from .pipelines import pipelines_tables
from .ranked import ranked

__all__ = ["NAMES", "pipelines_tables", "ranked", "table1", "tables_of"]
