"""What is no selection is refused by name; whole numbers of any kind are taken."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench import Selection
from xbench.benchmark.explain import check_selection
from xbench.testing.toys import N_PEAKS, peaks_problem, random_surrogate

D = 30
RISING = np.arange(D, dtype=float)

REFUSED_SCORES: dict[str, tuple[Callable[[], Any], str]] = {
    "masked": (lambda: np.ma.masked_array(RISING, mask=RISING > 20), "9 masked"),
    "masked integers": (lambda: np.ma.masked_array(np.arange(D), mask=RISING > 28), "1 masked"),
    "nan": (lambda: np.where(RISING > 3, np.nan, RISING), "26 scores are NaN"),
    "infinite": (lambda: np.full(D, np.inf), "30 scores are infinite"),
    "one infinite": (lambda: np.where(RISING > 28, np.inf, RISING), "1 scores are infinite"),
    "mostly excluded": (lambda: np.where(RISING > 1, -np.inf, RISING), "only 2 scores are above"),
    "complex": (lambda: RISING + 1j, "complex128"),
    "texts": (lambda: RISING.astype(str), "type <U"),
    "bytes": (lambda: RISING.astype("S"), "type |S"),
    "objects": (lambda: [Fraction(one) for one in range(D)], "type object"),
    "flags": (lambda: RISING > 3, "type bool"),
    "dates": (lambda: np.arange(D).astype("datetime64[s]"), "datetime64"),
    "square": (lambda: RISING.reshape(5, 6), r"shape \(5, 6\)"),
    "nothing": (lambda: None, "are a NoneType"),
    "one": (lambda: 3.0, "are a float"),
    "gradients": (lambda: torch.rand(D, requires_grad=True), "Tensor that NumPy cannot read"),
    "elsewhere": (lambda: torch.rand(D, device="meta"), "Tensor that NumPy cannot read"),
    "ragged": (lambda: [[1.0], [2.0, 3.0]], "list that NumPy cannot read"),
    "sparse": (lambda: sp.csr_matrix(RISING), "sparse"),
    "sorted series": (lambda: pd.Series(RISING).sort_values(ascending=False), "another order"),
    "named series": (lambda: pd.Series(RISING, index=[f"p{n}" for n in range(D)]), "another order"),
    "too few": (lambda: RISING[:3], "at least 4"),
}


@pytest.mark.parametrize("name", REFUSED_SCORES)
def test_odd_scores_are_refused_by_name(name: str) -> None:
    make, said = REFUSED_SCORES[name]
    with pytest.raises(ValueError, match=said.replace("|", r"\|")):
        Selection.from_scores(make(), 4)


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "g", "i1", "u1", "i8", "u8"])
def test_scores_of_any_real_kind_are_taken(kind: str) -> None:
    assert Selection.from_scores(RISING.astype(kind), 3).indices.tolist() == [29, 28, 27]


def test_ties_and_minus_zero_go_to_the_lower_index_and_minus_infinity_is_never_chosen() -> None:
    assert Selection.from_scores([0.0, -0.0, 0.0, -0.0], 3).indices.tolist() == [0, 1, 2]
    assert Selection.from_scores([-np.inf, 1, -np.inf, 0], 2).indices.tolist() == [1, 3]
    assert Selection.from_scores(pd.Series([1.0, 2.0]), 1).indices.tolist() == [1]


TAKEN: dict[str, Callable[[list[int]], Any]] = {
    "list": list,
    "tuple": tuple,
    "int8": lambda chosen: np.array(chosen, dtype="i1"),
    "uint64": lambda chosen: np.array(chosen, dtype="u8"),
    "objects": lambda chosen: np.array(chosen).astype(object),
    "scalars": lambda chosen: [np.int16(one) for one in chosen],
    "tensor": torch.tensor,
    "series": lambda chosen: pd.Series(chosen, index=chosen[::-1]),
    "unmasked": np.ma.masked_array,
    "range": lambda chosen: range(min(chosen), min(chosen) + len(chosen)),
}


@pytest.mark.parametrize("kind", TAKEN)
@settings(max_examples=20)
@given(chosen=st.lists(st.integers(0, 100), min_size=1, unique=True))
def test_whole_numbers_of_any_kind_are_taken(kind: str, chosen: list[int]) -> None:
    taken = TAKEN[kind](chosen)
    indices = Selection(taken).indices
    assert indices.dtype == np.int64
    assert indices.tolist() == [int(one) for one in taken]


@pytest.mark.parametrize(
    ("indices", "said"),
    [
        (np.ma.masked_array([0, 1, 2, 3], mask=[0, 0, 0, 1]), "1 masked"),
        ([0.0, 1.0], "float64"),
        ([True, False], "bool"),
        ([0, 1j], "complex"),
        ({0, 1}, "are a set"),
        ((one for one in range(4)), "are a generator"),
        ({0: 1, 1: 2}, "are a dict"),
        ("0123", "are a str"),
        ([0, None], "object"),
        (None, "are a NoneType"),
        ([[0, 1]], r"shape \(1, 2\)"),
        (sp.csr_matrix([[0, 1]]), "sparse"),
        (np.array([2**64 - 1, 0], dtype=np.uint64), "beyond any feature"),
        ([2**80, 0], "object|beyond"),
        ([1, 1], "distinct, but 1 is there 2 times"),
        ([7, 5, 9, 5, 5], "distinct, but 5 is there 3 times"),
    ],
)
def test_what_are_no_indices_is_refused_by_name(indices: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Selection(indices)


@pytest.mark.parametrize("details", [3, None, [("a", 1)]])
def test_details_that_are_no_dictionary_are_refused_by_name(details: Any) -> None:
    with pytest.raises(ValueError, match=r"details are of type (int|NoneType|list) but must be a"):
        Selection(range(4), details=details)


@pytest.mark.parametrize("count", [N_PEAKS - 5, N_PEAKS + 1])
def test_one_score_a_feature_is_needed(count: int) -> None:
    problem = peaks_problem(random_surrogate(), 4)
    with pytest.raises(ValueError, match=f"returned {count} scores but d = {N_PEAKS}"):
        check_selection(Selection(range(4), scores=np.arange(count)), problem)


@pytest.mark.parametrize(
    ("indices", "said"),
    [
        ([0, 1, 2, N_PEAKS + 4], f"1 .*, the first of them {N_PEAKS + 4}"),
        ([-1, 0, -3, 2], "2 .* -1"),
    ],
)
def test_features_beyond_the_problem_are_named(indices: list[int], said: str) -> None:
    problem = peaks_problem(random_surrogate(), 4)
    with pytest.raises(ValueError, match=f"returned {said}"):
        check_selection(Selection(indices), problem)


def test_a_selection_that_was_changed_afterwards_is_checked_again() -> None:
    problem = peaks_problem(random_surrogate(), 4)
    selection = Selection(range(4))
    selection.indices[:] = 0
    with pytest.raises(ValueError, match="distinct"):
        check_selection(selection, problem)
