"""TODO."""

from __future__ import annotations

import math
from typing import Any


def plain_values(value: Any) -> Any:
    """Return a value in JSON's own types, without NaN and infinities (JSON has none).

    Examples
    --------
    >>> plain_values({"a": (1, float("nan"))})
    {'a': [1, None]}
    """
    if isinstance(value, dict):
        return {key: plain_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(item) for item in value]
    if hasattr(value, "tolist"):
        return plain_values(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
