"""The paper: its published numbers, its claims, and our results beside them."""

from .beside import beside
from .claims import judge
from .evidence import CrossEffects, Evidence, Judgement
from .published import PublishedValue, published, published_r2, published_value

__all__ = [
    "CrossEffects",
    "Evidence",
    "Judgement",
    "PublishedValue",
    "beside",
    "judge",
    "published",
    "published_r2",
    "published_value",
]
