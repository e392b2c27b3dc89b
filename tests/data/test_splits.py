from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.data.splits import PROTOCOLS, Split, split_cells
from xbench.errors import XbenchError

FRACTIONS = (0.7, 0.1, 0.2)
cell_types = st.lists(st.sampled_from(["Astro", "Oligo", "OPC"]), max_size=60)


def parts(split: Split) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return split.train, split.validation, split.test


@given(cell_types, st.integers(0, 5))
@settings(max_examples=50)
def test_every_row_is_in_exactly_one_part(types: list[str], seed: int) -> None:
    split = split_cells(types, FRACTIONS, seed)
    rows = np.concatenate(parts(split))
    assert sorted(rows.tolist()) == list(range(len(types)))
    for part in parts(split):
        assert part.dtype == np.int64
        assert np.all(np.diff(part) > 0)


@given(cell_types, st.integers(0, 5))
@settings(max_examples=50)
def test_every_type_has_its_share_of_every_part(types: list[str], seed: int) -> None:
    split = split_cells(types, FRACTIONS, seed)
    for cell_type in set(types):
        count = types.count(cell_type)
        for part, fraction in zip(parts(split), FRACTIONS, strict=True):
            held = sum(types[row] == cell_type for row in part)
            # One more than the rounding, where a cell was given to a part that had none.
            assert abs(held - count * fraction) < 1 + (count < 10)
            if count >= 3:
                assert held >= 1


@given(st.integers(1, 40), st.integers(0, 5))
@settings(max_examples=50)
def test_a_type_is_split_alike_whatever_types_are_beside_it(count: int, seed: int) -> None:
    alone = split_cells(["Oligo"] * count, FRACTIONS, seed)
    beside = split_cells(["Astro", *["Oligo"] * count, "OPC"], FRACTIONS, seed)
    for lone, part in zip(parts(alone), parts(beside), strict=True):
        assert [row - 1 for row in part if 1 <= row <= count] == lone.tolist()


def test_whole_shares_are_exact() -> None:
    split = split_cells(["8"] * 30, FRACTIONS)
    assert [len(part) for part in parts(split)] == [21, 3, 6]


@pytest.mark.parametrize(("count", "sizes"), [(1, [1, 0, 0]), (2, [1, 0, 1]), (3, [1, 1, 1])])
def test_few_cells(count: int, sizes: list[int]) -> None:
    split = split_cells(["rare"] * count)
    assert [len(part) for part in parts(split)] == sizes


def test_seeds_differ_and_types_of_one_seed_differ() -> None:
    one, other = split_cells(["a"] * 50, seed=0), split_cells(["a"] * 50, seed=1)
    assert one.test.tolist() != other.test.tolist()
    both = split_cells(["a"] * 50 + ["b"] * 50)
    of_b = [row - 50 for row in both.test if row >= 50]
    assert of_b != [row for row in both.test if row < 50]


def test_another_process_splits_alike() -> None:
    # Hash randomisation differs from process to process; the split must not.
    code = (
        "from xbench.data.splits import split_cells\n"
        "print(split_cells(['b', 'a'] * 20, seed=3).test.tolist())"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert answers == {str(split_cells(["b", "a"] * 20, seed=3).test.tolist())}


def test_this_split_never_changes() -> None:
    # Frozen on purpose: a change here changes every digest and makes old checkpoints unusable.
    assert split_cells(["a"] * 10 + ["b"] * 10).test.tolist() == [7, 9, 13, 18]


@pytest.mark.parametrize("fractions", [(0.7, 0.1, 0.1), (0.8, 0.0, 0.2), (1.2, -0.4, 0.2)])
def test_wrong_fractions(fractions: tuple[float, float, float]) -> None:
    with pytest.raises(XbenchError, match="three numbers above 0 that add up to 1"):
        split_cells(["a"], fractions)


def test_negative_seed() -> None:
    with pytest.raises(XbenchError, match="split seed -1: must not be negative"):
        split_cells(["a"], seed=-1)


def test_halves_share_each_type_and_no_cell() -> None:
    types = np.array(["Oligo"] * 41 + ["Astro"] * 20 + ["Endo"] * 9)
    split = split_cells(types)
    one, other = (split.training_rows(half, types) for half in ("half-a", "half-b"))
    assert sorted([*one, *other]) == split.train.tolist()
    assert list(one) == sorted(one)
    for cell_type in ("Oligo", "Astro", "Endo"):
        sizes = [int((types[half] == cell_type).sum()) for half in (one, other)]
        assert sizes[0] - sizes[1] in (0, 1)
    # At random, not every second cell.
    assert not np.array_equal(
        one[types[one] == "Oligo"], split.train[types[split.train] == "Oligo"][::2]
    )
    np.testing.assert_array_equal(one, split.training_rows("half-a", types))


def test_a_types_halves_do_not_depend_on_the_others() -> None:
    oligo = np.array(["Oligo"] * 30)
    alone = split_cells(oligo).training_rows("half-a", oligo)
    both = np.concatenate([oligo, ["Astro"] * 12])
    beside = split_cells(both).training_rows("half-a", both)
    assert alone.tolist() == beside[beside < 30].tolist()


def test_these_halves_never_change() -> None:
    split = Split(np.arange(10), np.array([10]), np.array([11]))
    types = ["Oligo"] * 12
    assert split.training_rows("half-a", types).tolist() == [0, 1, 4, 7, 9]


def test_wrong_protocols() -> None:
    split = Split(np.arange(4), np.array([4]), np.array([5]))
    with pytest.raises(
        XbenchError, match=f"unknown split 'half-c'.*{', '.join(sorted(PROTOCOLS))}"
    ):
        split.training_rows("half-c")
    with pytest.raises(XbenchError, match="divides cells by type; give cell_types"):
        split.training_rows("half-b")
