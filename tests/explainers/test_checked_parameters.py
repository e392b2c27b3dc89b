"""A parameter is what its annotation says, or refused by name before anything is run."""

from __future__ import annotations

import dataclasses
import pickle
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from pydantic import PositiveInt

from xbench.errors import XbenchError
from xbench.explainers.checked_parameters import ParameterError
from xbench.explainers.explainer import Explainer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Plain(Explainer):
    """The lightest shape of a method."""

    name = "plain"
    depth: int = 3
    rate: float | None = None
    start: Literal["left", "right"] = "left"
    sizes: tuple[int, ...] = (1, 2)
    signed: bool = True
    values: np.ndarray | None = None


class Deeper(Plain):
    """One that has the parameters of another, and more."""

    name = "deeper"
    width: PositiveInt = 1

    def __post_init__(self) -> None:
        if self.width > self.depth:
            raise ValueError(f"width {self.width} must be at most depth {self.depth}")


class OwnConstructor(Explainer):
    """One that does not want any of this."""

    name = "own"

    def __init__(self, depth: object = None) -> None:
        self.depth = depth


class Unresolved(Explainer):
    """One whose annotation cannot be looked up when it is made."""

    name = "unresolved"
    values: ArrayLike = ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dept": 3}, "unknown parameter 'dept'. Nearest: depth. Valid parameters: depth, rate"),
        ({"depth": "3"}, "depth: must be a whole number, not '3'"),
        ({"depth": 3.0}, "depth: must be a whole number, not 3.0"),
        ({"depth": True}, "depth: must be a whole number, not True"),
        ({"rate": "fast"}, "rate: must be a number, not 'fast'"),
        ({"start": "up"}, "start: must be 'left' or 'right', not 'up'"),
        ({"sizes": 3}, "sizes: must be a list, not 3"),
        ({"sizes": [1, "2"]}, "sizes: must be a list, not [1, '2']"),
        ({"signed": 1}, "signed: must be true or false, not 1"),
        ({"depth": "a", "rate": "b"}, "depth: must be a whole number, not 'a'; rate: must be"),
    ],
)
def test_what_is_not_valid_is_named_with_what_is(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Plain(**given)
    assert str(caught.value).startswith(f"method 'plain': {said}")
    assert isinstance(caught.value, XbenchError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, (3, None, "left", (1, 2), True)),
        ({"depth": np.int64(5), "rate": np.float32(0.5)}, (5, 0.5, "left", (1, 2), True)),
        ({"rate": 1, "start": "right"}, (3, 1.0, "right", (1, 2), True)),
        # A file can only write a list.
        ({"sizes": [4, 5]}, (3, None, "left", (4, 5), True)),
        ({"sizes": (), "signed": False}, (3, None, "left", (), False)),
    ],
)
def test_what_is_valid_is_kept(given: dict[str, Any], kept: tuple[object, ...]) -> None:
    made = Plain(**given)
    assert tuple(made.parameters().values())[:5] == kept
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301
    assert type(made.depth) is int


def test_other_classes_are_taken_as_they_are() -> None:
    values = np.arange(3)
    assert Plain(values=values).values is values


def test_a_subclass_checks_its_own_and_those_it_inherits() -> None:
    assert Deeper(depth=4, width=2).parameters()["depth"] == 4
    assert dataclasses.replace(Deeper(width=2), width=3).width == 3
    for given, said in (
        ({"width": 0}, "width: must be more than 0, not 0"),
        ({"depth": None}, "depth: must be a whole number, not None"),
        ({"width": 4}, "width 4 must be at most depth 3"),
    ):
        with pytest.raises(ParameterError, match=f"^method 'deeper': {said}$"):
            Deeper(**given)


def test_a_method_with_its_own_constructor_checks_for_itself() -> None:
    made = OwnConstructor("anything")
    assert made.depth == "anything"
    assert made.parameters() == {}


def test_an_annotation_that_cannot_be_looked_up_is_named() -> None:
    with pytest.raises(
        TypeError, match=r"define `ArrayLike`.*: import it .*outside of 'if TYPE_CHECKING:'"
    ):
        Unresolved()
