"""Figures of runs for notebooks, on matplotlib axes; `xbench.plot` is the way in.

Here and not in ``xbench/``, since means, intervals and which of them compare are those of the
leaderboard's tables.
"""

from .cost_front import draw_pareto
from .genome_tracks import TrackView, draw_tracks, track_view
from .overview_axes import draw_panels
from .study_of_runs import only_study, table_of
from .target_map import draw_heatmap

__all__ = [
    "TrackView",
    "draw_heatmap",
    "draw_panels",
    "draw_pareto",
    "draw_tracks",
    "only_study",
    "table_of",
    "track_view",
]
