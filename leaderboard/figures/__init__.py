"""Figures of the leaderboard: numbers from records and findings, and drawings of them.

Drawing needs matplotlib, the extra ``figures``; everything else works without.
"""

from .figure3 import cross_effects
from .figure_files import figure_files

__all__ = ["cross_effects", "figure_files"]
