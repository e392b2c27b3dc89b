"""JSON as xbench writes it: strict (no NaN, no infinity); the same content is the same text."""

import hashlib
import json
import math
from typing import Any


def plain_values(value: Any, digits: int | None = None) -> Any:
    """Return a value in JSON's own types; NaN and infinities, which JSON lacks, become None.

    Parameters
    ----------
    value
        Of dictionaries, sequences, numbers, texts, and NumPy's arrays and numbers.
    digits
        Significant digits that floats are rounded to; all of them where None.

    Examples
    --------
    >>> plain_values({"a": (1, float("nan")), 2: 1 / 3}, digits=2)
    {'a': [1, None], '2': 0.33}
    """
    if isinstance(value, dict):
        return {str(key): plain_values(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(item, digits) for item in value]
    if hasattr(value, "tolist"):
        return plain_values(value.tolist(), digits)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return value if digits is None else float(f"{value:.{digits}g}")
    return value


def json_line(value: Any) -> str:
    """Return a value as one line of JSON with sorted keys, without a newline.

    Examples
    --------
    >>> json_line({"b": float("inf"), "a": [1]})
    '{"a": [1], "b": null}'
    """
    return json.dumps(plain_values(value), sort_keys=True, allow_nan=False)


def json_page(value: Any, *, digits: int | None = None, sort_keys: bool = False) -> str:
    """Return a value as JSON that people can read, a line an item, with a newline at its end.

    Parameters
    ----------
    value, digits
        See `plain_values`.
    sort_keys
        Whether keys are sorted, or come in the order that they have.

    Examples
    --------
    >>> print(json_page({"b": 2.5, "a": 1}), end="")
    {
     "b": 2.5,
     "a": 1
    }
    """
    plain = plain_values(value, digits)
    return json.dumps(plain, indent=1, sort_keys=sort_keys, allow_nan=False) + "\n"


def json_digest(value: Any, digits: int = 16) -> str:
    """Return hex digits of the SHA-256 of a value's JSON, whatever the order of its keys.

    Examples
    --------
    >>> json_digest({"a": 1, "b": 2}) == json_digest({"b": 2, "a": 1})
    True
    >>> json_digest([1], digits=4)
    '080a'
    """
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:digits]
