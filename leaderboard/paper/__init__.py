"""The paper: its published numbers, its claims, and our results beside them."""

from .beside import beside
from .claims import claims_table, judge
from .evidence import CrossEffects, Evidence, Judgement
from .published import TARGETS, PublishedValue, published, published_value

__all__ = [
    "TARGETS",
    "CrossEffects",
    "Evidence",
    "Judgement",
    "PublishedValue",
    "beside",
    "claims_table",
    "judge",
    "published",
    "published_value",
]
