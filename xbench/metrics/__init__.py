"""Metrics: what each declares, and the functions that compute them."""

from xbench.metrics.catalog import METRICS
from xbench.metrics.metric import Metric, arrow

__all__ = ["METRICS", "Metric", "arrow"]
