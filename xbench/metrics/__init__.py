"""Metrics: what each declares, and the functions that compute them."""

from xbench.metrics.base import Metric, arrow
from xbench.metrics.catalog import METRICS

__all__ = ["METRICS", "Metric", "arrow"]
