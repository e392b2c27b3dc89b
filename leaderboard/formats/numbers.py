"""Numbers as tables show them."""

from xbench.metrics import METRICS

NOTHING = "\N{EN DASH}"
"""Stands where a table has nothing to show."""


def six_digits(value: float) -> float:
    """Return a number to six significant digits: what differs beyond them is rounding.

    Examples
    --------
    >>> six_digits(-97.44121234)
    -97.4412
    """
    return float(f"{value:.6g}")


def format_metric(name: str, value: float) -> str:
    """Return a metric's value: changes with a sign and 3 decimals, shares in % with 2.

    What is in the unit of a model's output, which may be a rate, has three digits however small.

    Examples
    --------
    >>> format_metric("rel-delta", 0.0257), format_metric("hit-ratio", 18.75)
    ('+0.026', '18.75')
    >>> format_metric("value-drop", 0.0004), format_metric("value-drop", 1.5)
    ('+0.0004', '+1.500')
    >>> format_metric("of-a-newer-version", 1234.56)
    '1235'
    """
    metric = METRICS.get(name)
    if metric is None:
        return f"{value:.4g}"
    if metric.unit == "output" and 0 < abs(value) < 0.1:
        return f"{value:+.3g}"
    if metric.high == 1:
        return f"{value:.3f}"
    # "z" shows what rounds to nothing as +0.000, never as -0.000.
    return f"{value:z.2f}" if metric.low >= 0 else f"{value:+z.3f}"


def format_range(name: str, low: float | None, high: float | None) -> str:
    """Return the two ends of a metric's interval; empty where there is none.

    Examples
    --------
    >>> format_range("rel-delta", -2.0, 0.5), format_range("rel-delta", float("nan"), 0.5)
    ('-2.000 to +0.500', '')
    """
    if low is None or high is None or low != low:
        return ""
    return f"{format_metric(name, low)} to {format_metric(name, high)}"


def with_range(text: str, name: str, low: float | None, high: float | None) -> str:
    """Return a value's text with its interval behind it; the text alone where there is none.

    Examples
    --------
    >>> with_range("-1.000", "rel-delta", -2.0, 0.5)
    '-1.000 (-2.000 to +0.500)'
    """
    ends = format_range(name, low, high)
    return f"{text} ({ends})" if ends else text


def format_cost(value: float) -> str:
    """Return a cost: 3 significant digits, and whole numbers from 100 on.

    Examples
    --------
    >>> format_cost(0.01234), format_cost(1024000)
    ('0.0123', '1,024,000')
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
