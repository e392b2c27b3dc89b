"""The tables of the leaderboard, one file a kind."""

from .all import NAMES, tables_of
from .paper_layout import table1
from .ranked import ranked

__all__ = ["NAMES", "ranked", "table1", "tables_of"]
