"""What pydantic finds wrong, in words: where, what was given, what is valid there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from xbench.errors import in_words, shortened, unknown_name


class Part(BaseModel, extra="forbid", strict=True):
    size: Annotated[int, Field(ge=1, lt=9)] = 1
    kind: Literal["round", "square"] = "round"


class Whole(BaseModel, extra="forbid", strict=True):
    parts: list[Part]
    share: Annotated[float, Field(gt=0, le=1)] = 0.5


@dataclass
class Stored:
    names: list[str]
    share: float = 0.5

    def __post_init__(self) -> None:
        if self.share > 1:
            raise ValueError("share is\nabove 1")


def problems(checked: type, content: Any, **asked: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(checked).validate_python(content)
    return in_words(caught.value, **asked)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "parts: is missing; add it"),
        ({"parts": [{}, {"sice": 3}]}, "parts[1]: unknown field 'sice'. Nearest: size. Valid"),
        ({"parts": [{"size": 0}]}, "parts[0].size: must be at least 1, not 0"),
        ({"parts": [{"size": 9}]}, "parts[0].size: must be less than 9, not 9"),
        ({"parts": [{"size": 2.0}]}, "parts[0].size: must be a whole number, not 2.0"),
        ({"parts": [{"kind": "flat"}]}, "parts[0].kind: must be 'round' or 'square', not 'flat'"),
        ({"parts": [], "share": 0}, "share: must be more than 0, not 0"),
        ({"parts": [], "share": 1.5}, "share: must be at most 1, not 1.5"),
        ({"parts": "many"}, "parts: must be a list, not 'many'"),
    ],
)
def test_each_problem_says_where_what_and_what_is_valid(content: Any, said: str) -> None:
    assert problems(Whole, content, model=Whole).startswith(said)


def test_all_are_told_or_as_many_as_there_is_room_for() -> None:
    content = {"parts": [{"size": 0}, {"size": 10}], "share": 2}
    first = "parts[0].size: must be at least 1, not 0"
    second = "parts[1].size: must be less than 9, not 10"
    third = "share: must be at most 1, not 2"
    assert problems(Whole, content, model=Whole) == f"{first}; {second}; {third}"
    assert problems(Whole, content, model=Whole, limit=1) == f"{first}; and 2 more"


def test_a_stored_file_is_not_one_to_be_completed_by_hand() -> None:
    assert problems(Stored, {}) == "names: is missing"
    found = problems(Whole, {"parts": [], "new": 1}, at=["entries", 3])
    assert found == "entries[3]: unknown field 'new', perhaps of a newer xbench"


def test_what_a_class_finds_itself_is_told_on_one_line() -> None:
    assert problems(Stored, {"names": [], "share": 2.0}) == "share is above 1"


def test_a_long_value_is_cut() -> None:
    found = problems(Whole, {"parts": "x" * 1000}, model=Whole)
    assert found.startswith("parts: must be a list, not 'xxx")
    assert found.endswith("…")
    assert len(found) < 100


@pytest.mark.parametrize(
    ("kind", "several"),
    [
        ("status", "statuses"),
        ("analysis", "analyses"),
        ("quantity", "quantities"),
        ("loss", "losses"),
        ("cell type", "cell types"),
        ("gate", "gates"),
    ],
)
def test_more_than_one_of_a_kind(kind: str, several: str) -> None:
    assert str(unknown_name(kind, "x", ["ok"])).endswith(f"Valid {several}: ok")
    assert f"There are 30 {several}, such as" in str(unknown_name(kind, "x", map(str, range(30))))


def test_a_numpy_number_is_shown_as_people_write_it() -> None:
    assert [shortened(one) for one in (np.float64(2.5), np.int64(2), np.bool_(True))] == [
        "2.5",
        "2",
        "True",
    ]
    found = problems(Whole, {"parts": [], "share": np.float64(2.5)})
    assert found == "share: must be at most 1, not 2.5"
