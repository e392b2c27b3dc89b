"""However the work of a walk is cut, its steps are the same."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from xbench.mask import masked_population
from xbench.mask.changed_pairs import changed_pairs
from xbench.mask.objective import OBJECTIVES
from xbench.mask.population import disjoint_groups
from xbench.mask.steps import steps_of_groups
from xbench.mask.walk import Path

from ..slow_rest import rest_slow
from ..toys import InteractingToy, dense_twin, random_inputs
from .small_models import SIZES, D
from .walks import GENE, MODELS, posed, shuffled


@pytest.mark.parametrize("size", rest_slow([1, 3, 20, 50], [1, 50]))
@pytest.mark.parametrize("name", ["walk.CHANGE_CHUNK", "walk.WALK_CHUNK", "walk.STEP_CHUNK"])
@pytest.mark.parametrize("model", MODELS)
def test_tiny_chunks_change_nothing(
    monkeypatch: pytest.MonkeyPatch, model: str, name: str, size: int
) -> None:
    made, target, objective, _ = posed(model)
    x, order = random_inputs(9, D), shuffled(9, D)
    ours = masked_population(made, x, target, OBJECTIVES[objective], 0.3)
    whole = ours.walk(order)
    monkeypatch.setattr(f"xbench.mask.{name}", size)
    cut = ours.walk(order)
    np.testing.assert_array_equal(cut.indices, whole.indices)
    np.testing.assert_allclose(cut.data, whole.data, rtol=0, atol=2e-6)


def test_work_is_cut_between_cells() -> None:
    x = random_inputs(20, D)
    layer, groups = InteractingToy(SIZES, 1).additive_layer(), disjoint_groups(None, D)
    inputs = sp.csr_matrix(x)
    (pairs,) = changed_pairs(inputs, np.zeros(D, np.float32), groups, 10**6)
    path = Path.of(layer, pairs, steps_of_groups(shuffled(20, D), 20, D))
    for together in (1, 10, 30, 10**6):
        pieces = list(path.pieces(together))
        assert np.concatenate([piece.feature for piece in pieces]).tolist() == path.feature.tolist()
        cells = [set(piece.cell.tolist()) for piece in pieces]
        assert sum(map(len, cells)) == len(set(path.cell.tolist()))
        # No more than one cell beyond what was asked for.
        assert all(len(piece.cell) < together + D for piece in pieces)
    assert len(list(path.pieces(30))) > 3


def test_the_tail_never_sees_more_steps_than_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Watched(InteractingToy):
        def tail(self, sums: torch.Tensor, outputs: torch.Tensor | None = None) -> torch.Tensor:
            seen.append(len(sums))
            return super().tail(sums, outputs)

    monkeypatch.setattr("xbench.mask.walk.STEP_CHUNK", 13)
    x = random_inputs(9, D)
    ours = masked_population(Watched(SIZES, 1), x, GENE, OBJECTIVES["expression"])
    ours.walk(shuffled(9, D))
    assert max(seen) == 13
    assert sum(seen) == 9 + np.count_nonzero(x)


def test_dense_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model, target, objective, _ = posed("classifier")
    theirs = dense_twin(model, random_inputs(4, D), target, objective, 0.3)
    whole = theirs.walk(shuffled(4, D))
    monkeypatch.setattr("xbench.mask.dense.CHUNK", 3 * D)
    np.testing.assert_allclose(theirs.walk(shuffled(4, D)).data, whole.data, atol=1e-6)
