"""Errors a user can act on: what is wrong, where, and what to do.

The one sentence that says an array has the wrong shape, and the one place that puts what pydantic
found wrong into words.
"""

import dataclasses
import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from pydantic import ValidationError  # For its type alone: errors are needed before pydantic.


class XbenchError(Exception):
    """A mistake in the input, not in the program.

    The command line prints it as one line, without a traceback, and exits with code 2.

    Examples
    --------
    >>> raise XbenchError("counts.h5mu: no modality 'atac'; rename one of: peaks, rna")
    Traceback (most recent call last):
    xbench.errors.XbenchError: counts.h5mu: no modality 'atac'; rename one of: peaks, rna
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(_bounded(str(message)))


class XbenchWarning(UserWarning):
    """Something in the input that was dealt with, and that a user should know of.

    The command line prints it as one line and goes on.

    Examples
    --------
    >>> raise XbenchWarning("labels.csv: 3 of 10 cells have no type and are left out")
    Traceback (most recent call last):
    xbench.errors.XbenchWarning: labels.csv: 3 of 10 cells have no type and are left out
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(_bounded(str(message)))


# A name in a file may be as long as the file: what is wrong and what to do stand at both ends.
_LONGEST = 2000


def _bounded(message: str) -> str:
    if len(message) <= _LONGEST:
        return message
    start, end = message[: _LONGEST * 2 // 3], message[-_LONGEST // 4 :]
    return f"{start} [... {len(message) - len(start) - len(end):,} characters ...] {end}"


def nearest(name: str, valid: Iterable[str], count: int = 3) -> list[str]:
    """Return up to `count` valid names nearest to `name`, nearest first, ignoring case.

    Examples
    --------
    >>> nearest("gad1", ["Gad1", "Gad2", "Mog"])
    ['Gad1', 'Gad2']
    """
    by_lower = {value.lower(): value for value in valid}
    matches = difflib.get_close_matches(name.lower(), by_lower, n=count, cutoff=0.5)
    return [by_lower[match] for match in matches]


def unknown_name(kind: str, name: str, valid: Iterable[str], where: str = "") -> XbenchError:
    """Build the error for a name that is not known, naming the nearest valid ones.

    Parameters
    ----------
    kind
        What the name should have been, such as ``"method"`` or ``"gene"``.
    name
        The name as the user gave it.
    valid
        Every valid name.
    where
        A file, dataset or option the name was looked for in; shown in front.

    Examples
    --------
    >>> str(unknown_name("method", "grid", ["grids", "random"]))
    "unknown method 'grid'. Nearest: grids. Valid methods: grids, random"
    """
    names = sorted(set(valid))
    close = nearest(name, names)
    message = f"{where}: " if where else ""
    message += f"unknown {kind} {name!r}."
    if close:
        message += f" Nearest: {', '.join(close)}."
    if len(names) <= 20:
        message += f" Valid {_several(kind)}: {', '.join(names) or 'none'}"
    else:
        message += f" There are {len(names)} {_several(kind)}, such as {', '.join(names[:3])}"
    return XbenchError(message)


def _several(kind: str) -> str:
    """Return the plural of a word: statuses, analyses, quantities, methods."""
    for end, plural in (("sis", "ses"), ("s", "ses"), ("ty", "ties")):
        if kind.endswith(end):
            return kind.removesuffix(end) + plural
    return f"{kind}s"


def require_shape(name: str, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Raise `XbenchError` unless `shape` is `expected`.

    Parameters
    ----------
    name
        What the array is called where the user gave it.
    shape, expected
        The shape it has and the shape it must have.

    Examples
    --------
    >>> require_shape("cell_types", (3,), (4,))
    Traceback (most recent call last):
    xbench.errors.XbenchError: cell_types has shape (3,) but must have shape (4,)
    """
    if tuple(shape) != tuple(expected):
        raise XbenchError(f"{name} has shape {tuple(shape)} but must have shape {tuple(expected)}")


def _on_one_line(text: str, longest: int = 1000) -> str:
    """Return a text as one printable line of limited length."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= longest else f"{line[:longest]}…"


def in_words(
    error: "ValidationError",
    model: type | None = None,
    *,
    kind: str = "field",
    limit: int | None = 5,
    at: Sequence[str | int] = (),
) -> str:
    """Say on one line what pydantic found wrong: where, what was given, and what is valid there.

    Parameters
    ----------
    error
        As it was raised.
    model
        What was checked, a pydantic model or a dataclass: an unknown field then gets the valid
        ones. None for a file that a program wrote: its unknown fields are of a newer xbench.
    kind
        What its fields are called, such as ``"parameter"``.
    limit
        How many problems are told, the others being counted; all where None. Each is cut after
        1,000 characters: a file may hold anything.
    at
        Where in a file stands what was checked, such as ``["entries"]``.

    Examples
    --------
    >>> from pydantic import BaseModel, ValidationError
    >>> class Point(BaseModel, extra="forbid", strict=True):
    ...     width: int
    >>> try:
    ...     Point(widht=1)
    ... except ValidationError as error:
    ...     print(in_words(error, Point))
    width: is missing; add it; unknown field 'widht'. Nearest: width. Valid fields: width
    """
    problems = error.errors(include_url=False)
    told = [
        _on_one_line(_problem_in_words(problem, model, kind, at)) for problem in problems[:limit]
    ]
    left = len(problems) - len(told)
    return "; ".join([*told, f"and {left} more"] if left else told)


_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_MISSING = ("missing", "missing_argument", "missing_keyword_only_argument")
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
_WANTED = {
    "bool_type": "true or false",
    "dataclass_type": "an object with named fields",
    "dict_type": "a table",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "invalid-json-value": "a number, a text, true, false, or lists and tables of these",
    "list_type": "a list",
    "model_type": "a table",
    "string_pattern_mismatch": "lower-case words joined by hyphens, such as 'my-task'",
    "string_too_short": "a text that is not empty",
    "string_type": "text in quotes",
    "too_short": "a list with at least one entry",
    "tuple_type": "a list",
}


def _problem_in_words(
    problem: Mapping[str, Any], model: type | None, kind: str, at: Sequence[str | int]
) -> str:
    """Describe one entry of `pydantic.ValidationError.errors`."""
    found, location = problem["type"], tuple(problem["loc"])
    if found in _UNKNOWN:
        *parents, name = location
        where = _where([*at, *parents])
        if model is None:
            return f"{_prefix(where)}unknown {kind} {str(name)!r}, perhaps of a newer xbench"
        return str(unknown_name(kind, str(name), _field_names(model, parents), where))
    prefix = _prefix(_where([*at, *location]))
    if found in _MISSING:
        return f"{prefix}is missing" + ("; add it" if model else "")
    given = shortened(problem["input"])
    if found == "literal_error":
        return f"{prefix}must be {problem['ctx']['expected']}, not {given}"
    if found in _BOUNDS:
        words, bound = _BOUNDS[found]
        return f"{prefix}must be {words} {problem['ctx'][bound]:g}, not {given}"
    if found in _WANTED:
        return f"{prefix}must be {_WANTED[found]}, not {given}"
    return prefix + " ".join(str(problem["msg"]).removeprefix("Value error, ").split())


def _prefix(where: str) -> str:
    return f"{where}: " if where else ""


def _where(location: Sequence[str | int]) -> str:
    """Write a location as one would in Python: ``methods[1].parameters``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return "".join(steps).removeprefix(".")


def _field_names(model: type, location: Sequence[str | int]) -> list[str]:
    """Return the fields of an entry such as ``methods[1]``, given the model of the whole."""
    for step in location:
        if isinstance(step, str):
            (model,) = get_args(model.model_fields[step].annotation)  # type: ignore[attr-defined]
    if dataclasses.is_dataclass(model):
        return [field.name for field in dataclasses.fields(model) if field.init]
    return list(model.model_fields)  # type: ignore[attr-defined]


def shortened(given: object) -> str:
    """Write a value on one line, which a list of a whole file would fill.

    Examples
    --------
    >>> shortened([1, "two"])
    "[1, 'two']"
    """
    # A NumPy number, np.int64(1), is shown as people write it; told so, since this is read first.
    single = hasattr(given, "item") and getattr(given, "ndim", None) == 0
    text = " ".join(repr(given.item() if single else given).split())  # type: ignore[attr-defined]
    return text if len(text) <= 60 else text[:59] + "…"
