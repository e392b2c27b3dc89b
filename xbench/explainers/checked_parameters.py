"""Parameters that are checked against their own annotations when an object is made."""

import dataclasses
import functools
import json
from typing import Any

import numpy as np
import pydantic.dataclasses
from pydantic import ConfigDict, PydanticUserError, ValidationError

from xbench.errors import XbenchError, in_words

# A text is no number, and a class without rules of its own, such as an array, is allowed.
_CONFIG = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)


class ParameterError(XbenchError, ValueError):
    """A parameter that a method does not have, or a value that it does not take.

    Examples
    --------
    >>> raise ParameterError("method 'grids': steps: too few")
    Traceback (most recent call last):
    xbench.explainers.checked_parameters.ParameterError: method 'grids': steps: too few
    """


def check_when_made(cls: type) -> None:
    """Make a class a keyword-only dataclass whose values have to be what their annotations say.

    The annotation is the only place that names what is valid: a ``Literal`` its choices,
    ``PositiveInt`` or ``Annotated[float, Field(gt=0, le=1)]`` a range. What relates two parameters
    to each other is left to a ``__post_init__`` that raises `ValueError`. A class with a
    constructor of its own checks for itself.

    Parameters
    ----------
    cls
        Changed in place. Its `name` is what messages call it.

    Raises
    ------
    TypeError
        When an object is made whose annotations name what the file does not import.
    ParameterError
        When an object is made of an unknown parameter or a value that is not valid: naming the
        method, the parameter, what was given and what is valid.

    Examples
    --------
    >>> class Walk:
    ...     name = "walk"
    ...     steps: int = 3
    >>> check_when_made(Walk)
    >>> Walk(steps=5)
    Walk(steps=5)
    >>> Walk(steps="many")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    xbench.explainers.checked_parameters.ParameterError: method 'walk': steps: must be a whole ...
    """
    if "__init__" in vars(cls):
        dataclasses.dataclass(kw_only=True)(cls)
        return
    pydantic.dataclasses.dataclass(kw_only=True, config=_CONFIG)(cls)
    construct = cls.__init__  # type: ignore[misc]

    @functools.wraps(construct)
    def made(self: Any, **given: Any) -> None:
        # What counting with NumPy gives is a number like any other.
        parameters = {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in given.items()
        }
        try:
            construct(self, **parameters)
        except ValidationError as error:
            if not _made_of_json(self, parameters):
                name = getattr(cls, "name", cls.__name__)
                what = in_words(error, cls, kind="parameter")
                raise ParameterError(f"method {name!r}: {what}") from error
        except PydanticUserError as error:
            what = str(error).splitlines()[0].rstrip(".")
            advice = "import it at the top of the file, outside of 'if TYPE_CHECKING:'"
            raise TypeError(f"{what}: {advice}") from error

    cls.__init__ = made  # type: ignore[misc]


def _made_of_json(made: Any, parameters: dict[str, Any]) -> bool:
    """Try again with the rules for a file: where it can only write a list, a tuple may be meant."""
    try:
        type(made).__pydantic_validator__.validate_json(json.dumps(parameters), self_instance=made)
    except (TypeError, ValueError):
        return False
    return True
