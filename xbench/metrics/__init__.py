"""Metrics: each is declared and computed in one class, in a file of its kind.

May use `data` alone. To add a metric, write a class in one of these files or in a new one.
"""

from xbench.metrics.catalog import METRICS, compute_metrics
from xbench.metrics.metric import Metric, Outcome, arrow

__all__ = ["METRICS", "Metric", "Outcome", "arrow", "compute_metrics"]
