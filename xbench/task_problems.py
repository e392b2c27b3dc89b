"""Say in plain words what pydantic found wrong in a task file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

from xbench.errors import unknown_name

_WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "text in quotes",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "invalid-json-value": "a number, a text, true, false, or lists and tables of these",
    "string_pattern_mismatch": "lower-case words joined by hyphens, such as 'my-task'",
    "string_too_short": "a text that is not empty",
    "too_short": "a list with at least one entry",
    "finite_number": "a finite number",
}


def describe(problem: Mapping[str, Any], model: type[BaseModel]) -> str:
    """Describe one problem: the field, what is wrong, and what is valid there.

    Parameters
    ----------
    problem
        An entry of `pydantic.ValidationError.errors`.
    model
        The model that was checked.

    Examples
    --------
    >>> class Point(BaseModel, extra="forbid"):
    ...     width: int
    >>> problem = {"type": "extra_forbidden", "loc": ("widht",), "msg": "", "input": 1}
    >>> describe(problem, Point)
    "unknown field 'widht'. Nearest: width. Valid fields: width"
    """
    kind, location, given = problem["type"], problem["loc"], problem["input"]
    if kind == "extra_forbidden":
        valid = _model_at(model, location[:-1]).model_fields
        return str(unknown_name("field", str(location[-1]), valid, _where(location[:-1])))
    where = _where(location)
    prefix = f"{where}: " if where else ""
    if kind == "missing":
        return f"{prefix}is missing; add it"
    if kind == "literal_error":
        return f"{prefix}must be {problem['ctx']['expected']}, not {given!r}"
    if kind == "greater_than":
        return f"{prefix}must be more than {problem['ctx']['gt']:g}, not {given!r}"
    if kind in _WANTED:
        return f"{prefix}must be {_WANTED[kind]}, not {given!r}"
    return prefix + " ".join(str(problem["msg"]).removeprefix("Value error, ").split())


def _where(location: tuple[str | int, ...]) -> str:
    """Write a location as one would in Python: ``methods[1].parameters``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return "".join(steps).removeprefix(".")


def _model_at(model: type[BaseModel], location: tuple[str | int, ...]) -> type[BaseModel]:
    """Return the model of an entry such as ``methods[1]``, given the model of the whole."""
    for step in location:
        if isinstance(step, str):
            (model,) = get_args(model.model_fields[step].annotation)
    return model
