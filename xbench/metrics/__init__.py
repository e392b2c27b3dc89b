"""Metrics: what each declares, and the functions that compute them."""

from xbench.metrics.declaration import Metric, arrow
from xbench.metrics.declared import METRICS

__all__ = ["METRICS", "Metric", "arrow"]
