"""Numbers for the pages: JSON in scripts, since a page opened from a disk may fetch nothing."""

import json
import math
from typing import Any


def compact_json(value: Any) -> str:
    r"""Return JSON that may stand anywhere in a page or a script.

    Parameters
    ----------
    value
        Dictionaries, lists, tuples, texts, numbers, True, False, None. Floating-point numbers are
        rounded to 6 significant digits; NaN and infinities become null.

    Returns
    -------
    str
        Without ``<``, ``>`` and ``&`` (no text of a stranger can end a script or begin a tag), and
        without the line ends that JSON allows and old scripts do not.

    Examples
    --------
    >>> print(compact_json({"name": "</script>", "values": [1 / 3, float("nan"), 2.0]}))
    {"name":"\u003c/script\u003e","values":[0.333333,null,2]}
    """
    text = json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    # Outside of strings JSON has none of these, so that inside they may be written as escapes.
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        rounded = float(f"{value:.6g}")
        return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
    return value


def data_script(name: str, value: Any) -> str:
    r"""Return a script that hands a value to the pages under a name.

    Parameters
    ----------
    name
        As pages ask for it: ``xbenchSite.load(name)``.
    value
        As `compact_json` takes it.

    Examples
    --------
    >>> data_script("overview", [1])
    'xbenchSite.put("overview",[1]);\n'
    """
    return f"xbenchSite.put({compact_json(name)},{compact_json(value)});\n"
