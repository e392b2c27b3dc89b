"""What is given to `xbench.run`, `xbench.benchmark` and `xbench.explain`: one check for all three.

One text, number, class or path is taken for a list of one, and what counting with NumPy gives is a
number like any other. Whether numbers and names fit the data is told where these are known.
"""

import os
from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any

import numpy as np

from xbench.benchmark.task import MethodSpec, number_or_mean
from xbench.errors import XbenchError, shortened
from xbench.registry.plugins import plugin_entries
from xbench.registry.scan import Entry

# Seeds of torch and NumPy are whole numbers up to here.
_LARGEST_SEED = 2**63 - 1
_ALONE = (str, bytes, type, os.PathLike, MethodSpec, Mapping)


def plain_value(given: Any) -> Any:
    """Return the Python value of a NumPy number or text; anything else as it is.

    Examples
    --------
    >>> plain_value(np.int64(2))
    2
    """
    single = isinstance(given, np.generic) or (isinstance(given, np.ndarray) and not given.ndim)
    return given.item() if single else given


def listed(given: Any) -> list[Any]:
    """Return a list of plain values: of one where one is given, of none where None is.

    Examples
    --------
    >>> listed("random"), listed(np.array([1, 2])), listed(None)
    (['random'], [1, 2], [])
    """
    if given is None:
        return []
    given = plain_value(given)
    several = isinstance(given, Iterable) and not isinstance(given, _ALONE)
    return [plain_value(one) for one in given] if several else [given]


def texts(what: str, given: Any) -> list[str]:
    """Return a list of names or paths, as texts.

    Raises
    ------
    XbenchError
        Naming what is none.

    Examples
    --------
    >>> texts("targets", "8:3")
    ['8:3']
    """
    names = [os.fspath(one) if isinstance(one, os.PathLike) else one for one in listed(given)]
    for one in names:
        if not isinstance(one, str):
            raise _refused(what, "a text or a list of texts", one)
    return names


def whole_number(what: str, given: Any) -> int:
    """Return a whole number.

    Raises
    ------
    XbenchError
        For anything else: 2.0, True and "2" too.

    Examples
    --------
    >>> whole_number("L", np.int64(2))
    2
    """
    value = plain_value(given)
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise _refused(what, "a whole number", given)
    return int(value)


def whole_numbers(what: str, given: Any) -> list[int]:
    """Return a list of whole numbers; see `whole_number`."""
    return [whole_number(what, one) for one in listed(given)]


def whole_or_none(what: str, given: Any) -> int | None:
    """Return a whole number, or None where none is given; see `whole_number`."""
    return None if given is None else whole_number(what, given)


def seed_of(given: Any) -> int:
    """Return a seed that NumPy and torch both take.

    Raises
    ------
    XbenchError
        For anything else.
    """
    seed = whole_number("seed", given)
    if not 0 <= seed <= _LARGEST_SEED:
        raise XbenchError(f"seed {seed}: give a whole number from 0 to {_LARGEST_SEED}")
    return seed


def perturbation_of(given: Any) -> float | str:
    """Return what masked features become, by the rule of a task.

    Raises
    ------
    XbenchError
        For anything but a finite number and ``"mean"``.
    """
    try:
        value: float | str = number_or_mean(plain_value(given))
    except ValueError as error:
        raise XbenchError(f"perturbation: {error}") from error
    return value


def place(what: str, given: Any) -> str | int | None:
    """Return a name or a position; None where neither is given.

    Raises
    ------
    XbenchError
        For anything else.
    """
    value = plain_value(given)
    if isinstance(value, bool) or not isinstance(value, str | int | None):
        raise _refused(what, "a name or a position", given)
    return value


def require_pluggable(what: str, one: Any) -> Any:
    """Return a method or a metric as it is given: its name, its file or its class.

    Raises
    ------
    XbenchError
        For anything else.
    """
    if not isinstance(one, str | type | os.PathLike):
        raise _refused(what, "a name of 'xbench list', a file or a class", one)
    return one


def method_specs(given: Any) -> tuple[list[MethodSpec], list[Entry]]:
    """Return the methods that are meant, and the entries of those that are plugged in."""
    specs, entries = [], []
    for one in listed(given):
        if isinstance(one, MethodSpec):
            specs.append(one)
            continue
        names, found = _found("methods", "method", one)
        specs += [MethodSpec(name=name) for name in names]
        entries += found
    return specs, entries


def metric_names(given: Any) -> tuple[list[str], list[Entry]]:
    """Return the metrics that are meant, and the entries of those that are plugged in."""
    names, entries = [], []
    for one in listed(given):
        named, found = _found("metrics", "metric", one)
        names += named
        entries += found
    return names, entries


def _found(what: str, kind: str, given: Any) -> tuple[list[str], list[Entry]]:
    one = require_pluggable(what, given)
    if isinstance(one, str) and not one.endswith(".py"):
        return [one], []
    found = [entry for entry in plugin_entries(one) if entry.kind == kind]
    return [entry.name for entry in found], found


def parameters_of(given: Any) -> dict[str, Any]:
    """Return the parameters of a method by name; none where None is given.

    Raises
    ------
    XbenchError
        For anything but a mapping of texts.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(one, str) for one in given):
        raise _refused("parameters", "a dictionary by name, such as {'steps': 100}", given)
    return dict(given)


def _refused(what: str, wanted: str, given: Any) -> XbenchError:
    return XbenchError(f"{what}: must be {wanted}, not {shortened(given)}")
