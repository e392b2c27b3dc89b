"""However the work is cut, the answers are the same."""

from __future__ import annotations

import numpy as np
import pytest

from xbench.data.dataset import Target
from xbench.mask import AdditivePopulation, masked_population
from xbench.mask.objective import OBJECTIVES

from ..slow_rest import rest_slow
from ..toys import dense_twin, random_cross_modality, random_inputs

SIZES = [6, 10, 8]
D = sum(SIZES)
TARGET = Target("all", "gene", 0)


def population() -> AdditivePopulation:
    model = random_cross_modality(SIZES, decoder_sizes=(8, 9))
    x = random_inputs(11, D, binary=False)
    made = masked_population(model, x, TARGET, OBJECTIVES["expression"], 0.3)
    assert isinstance(made, AdditivePopulation)
    return made


def answers(asked: AdditivePopulation) -> list[np.ndarray]:
    return [
        asked.values([1, 4]),
        asked.losses([[1], [2, 3], [], list(range(D)), [5]]),
        asked.descent([7, 2]),
        asked.swap_losses([7, 2], 1, [2, 3, 4, 5, 6, 8, 20]),
        np.concatenate(list(asked.gradients([3]))),
        asked.added_losses([7, 2], [3, 4, 5, 6, 8, 20]),
        asked.effects(subset=[4]).toarray(),
        asked.effects([[1, 8, 22], [2], [9, 10]]).toarray(),
    ]


@pytest.fixture(scope="module")
def whole() -> list[np.ndarray]:
    return answers(population())


@pytest.mark.parametrize("size", rest_slow([1, 2, 7, 12, 25], [1, 7, 25]))
@pytest.mark.parametrize(
    "name",
    [
        "additive.TAIL_CHUNK",
        "additive.PAIR_CHUNK",
        "additive.GRADIENT_CHUNK",
        "effects.CHANGE_CHUNK",
    ],
)
def test_tiny_chunks_change_nothing(
    monkeypatch: pytest.MonkeyPatch, whole: list[np.ndarray], name: str, size: int
) -> None:
    monkeypatch.setattr(f"xbench.mask.{name}", size * (D if "GRAD" in name else 1))
    asked = population()
    for ours, theirs in zip(answers(asked), whole, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    if name == "additive.GRADIENT_CHUNK":
        assert max(map(len, asked.gradients())) == min(size, 11)


def test_a_chunk_smaller_than_one_cell_still_takes_one() -> None:
    x = random_inputs(4, D)
    model = random_cross_modality(SIZES, decoder_sizes=(8, 9))
    one = dense_twin(model, x, TARGET, chunk_cells=1)
    all_at_once = dense_twin(model, x, TARGET, chunk_cells=99)
    np.testing.assert_allclose(one.descent([1]), all_at_once.descent([1]), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(one.losses([[1], []]), all_at_once.losses([[1], []]), rtol=1e-6)
    assert [len(part) for part in one.gradients()] == [1, 1, 1, 1]


def test_batches_of_the_dense_operator_keep_its_chunk() -> None:
    model = random_cross_modality(SIZES, decoder_sizes=(8, 9))
    whole = dense_twin(model, random_inputs(6, D), TARGET, chunk_cells=2)
    assert [len(part) for part in whole.batch(np.arange(5)).gradients()] == [2, 2, 1]
