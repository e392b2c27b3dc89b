"""Relaxed masking: both operators, autograd of the whole module, and hard masks, all agree."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.data.dataset import Target
from xbench.mask import MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.surrogates.surrogate import Surrogate

from ..toys import LinearToy, dense_twin, messy_csr, random_cross_modality, random_inputs
from .small_models import CLASS, NARROW, SIZES, D, classifier

N = 9
GENE = Target("all", "gene", 3)


CASES: dict[str, tuple[Callable[[], Surrogate], Target, str]] = {
    "classifier": (classifier, CLASS, "cross-entropy"),
    "cross-modality": (lambda: random_cross_modality(SIZES, seed=1, **NARROW), GENE, "expression"),
    "folded": (lambda: random_cross_modality(SIZES, seed=1, **NARROW).frozen(), GENE, "expression"),
}
PERTURBATIONS = [0.0, 1.0, np.random.default_rng(4).normal(size=D).astype(np.float32)]


def loss_spelt_out(
    model: nn.Module, target: Target, x: np.ndarray, p: object, mask: Tensor
) -> Tensor:
    """Each cell's loss by one pass of the module over dense inputs."""
    inputs = torch.from_numpy(x)
    replaced = torch.as_tensor(np.broadcast_to(np.asarray(p, np.float32), x.shape).copy())
    out = model(inputs + mask * (replaced - inputs))
    if target.contrast is None:
        return out[:, target.output]
    return -torch.log_softmax(out, dim=1)[:, target.contrast]


def pulled(losses: Tensor, mask: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Losses, and the gradient of a sum that weighs the cells unequally."""
    weights = torch.arange(1, len(losses) + 1, dtype=torch.float32)
    return losses.detach().numpy(), torch.autograd.grad((weights * losses).sum(), mask)[0].numpy()


def close(ours: np.ndarray, theirs: np.ndarray) -> None:
    scale = max(1e-3, float(np.abs(theirs).max()))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-5 * scale)


def posed(
    name: str, p: object, binary: bool
) -> tuple[np.ndarray, MaskedPopulation, MaskedPopulation, Callable[[Tensor], Tensor]]:
    make, target, objective = CASES[name]
    model, x = make(), random_inputs(N, D, binary=binary)
    rows = np.array([7, 0, 1, 7, 3])
    ours = masked_population(model, messy_csr(x), target, OBJECTIVES[objective], p)
    theirs = dense_twin(model, x, target, objective, p, chunk_cells=2)
    return (
        x[rows],
        ours.batch(rows),
        theirs.batch(rows),
        lambda mask: loss_spelt_out(model, target, x[rows], p, mask),
    )


@pytest.mark.parametrize("p", PERTURBATIONS, ids=["0", "1", "arbitrary"])
@pytest.mark.parametrize("binary", [True, False], ids=["binary", "continuous"])
@pytest.mark.parametrize("name", CASES)
def test_losses_and_gradients_are_those_of_the_whole_module(
    name: str, binary: bool, p: object
) -> None:
    x, ours, theirs, spelt_out = posed(name, p, binary)
    generator = torch.Generator().manual_seed(2)
    mask = torch.rand(D, generator=generator).requires_grad_()
    wanted = pulled(spelt_out(mask), mask)
    for population in (ours, theirs):
        for got, right in zip(pulled(population.relaxed_losses(mask), mask), wanted, strict=True):
            close(got, right)

    pairs = ours.changing_pairs()
    np.testing.assert_array_equal(pairs.toarray(), theirs.changing_pairs().toarray())
    change = np.broadcast_to(np.asarray(p, np.float32), x.shape) - x
    np.testing.assert_array_equal(pairs.toarray(), change)
    assert pairs.nnz == np.count_nonzero(change)
    each = torch.rand(pairs.nnz, generator=generator).requires_grad_()
    cells, features = map(torch.from_numpy, np.nonzero(change))
    spread = torch.zeros(x.shape).index_put((cells, features), each)
    wanted = pulled(spelt_out(spread), each)
    for population in (ours, theirs):
        got = pulled(population.relaxed_pair_losses(each), each)
        close(got[0], wanted[0])
        close(got[1], wanted[1])


@pytest.mark.parametrize("p", PERTURBATIONS, ids=["0", "1", "arbitrary"])
def test_a_mask_of_ones_and_zeros_is_masking(p: object) -> None:
    _, ours, theirs, _ = posed("folded", p, False)
    subset = [3, 9, 20]
    mask = torch.zeros(D)
    mask[subset] = 1
    pairs = ours.changing_pairs()
    each = torch.from_numpy(np.isin(pairs.indices, subset)).float()
    for population in (ours, theirs):
        close(population.relaxed_losses(mask).numpy(), ours.values(subset))
        close(population.relaxed_pair_losses(each).numpy(), ours.values(subset))


def test_half_a_mask_moves_a_linear_output_half_way() -> None:
    model = LinearToy(np.array([[4.0], [-2.0]]), [1, 1], np.zeros(1))
    x = np.array([[1.0, 3.0], [0.0, 1.0]], np.float32)
    population = masked_population(model, x, Target("all", "y", 0), OBJECTIVES["expression"])
    mask = torch.tensor([0.5, 0.25])
    # 4 x (1 - 1/2) - 2 x 3 x (1 - 1/4) and -2 x (1 - 1/4).
    assert population.relaxed_losses(mask).tolist() == [2 - 4.5, -1.5]
    # The open pairs are (0, 0), (0, 1) and (1, 1).
    each = torch.tensor([1.0, 0.0, 0.5])
    assert population.relaxed_pair_losses(each).tolist() == [-6.0, -1.0]


@pytest.mark.parametrize("operator", [0, 1], ids=["additive", "dense"])
def test_what_is_asked_is_charged(operator: int) -> None:
    _, *both, _ = posed("folded", 0.0, True)
    population = both[operator]
    counts = population.counts
    n = population.n_cells

    def spent() -> tuple[int, int, int]:
        return counts.forward, counts.gradient, counts.computed

    population.relaxed_losses(torch.zeros(D))
    assert spent() == (n, 0, n)
    mask = torch.zeros(D, requires_grad=True)
    losses = population.relaxed_losses(mask)
    assert spent() == (2 * n, 0, 2 * n)
    losses.sum().backward()
    assert spent() == (2 * n, n, 2 * n)
    each = torch.zeros(population.changing_pairs().nnz, requires_grad=True)
    population.relaxed_pair_losses(each).mean().backward()
    assert spent() == (3 * n, 2 * n, 3 * n)


@pytest.mark.parametrize("operator", [0, 1], ids=["additive", "dense"])
def test_a_mask_of_another_length_is_refused(operator: int) -> None:
    _, *both, _ = posed("folded", 0.0, True)
    with pytest.raises(ValueError, match=rf"\({D + 1},\) but must have \({D},\).* feature"):
        both[operator].relaxed_losses(torch.zeros(D + 1))
    pairs = both[operator].changing_pairs().nnz
    with pytest.raises(ValueError, match=rf"must have \({pairs},\).* changing pair"):
        both[operator].relaxed_pair_losses(torch.zeros(pairs + 1))


def test_inputs_that_are_only_to_be_read_are_asked_without_a_word(
    recwarn: pytest.WarningsRecorder,
) -> None:
    inputs = sp.csr_matrix(random_inputs(N, D, seed=2))
    for part in (inputs.data, inputs.indices, inputs.indptr):
        part.flags.writeable = False
    model = random_cross_modality(SIZES, seed=1, **NARROW).frozen()
    population = masked_population(model, inputs, GENE, OBJECTIVES["expression"])
    # Else torch says it once a process, and another test may have heard it.
    torch.set_warn_always(True)
    try:
        population.relaxed_losses(torch.zeros(D))
        population.relaxed_pair_losses(torch.zeros(population.changing_pairs().nnz))
    finally:
        torch.set_warn_always(False)
    assert not [str(one.message) for one in recwarn if "writable" in str(one.message)]
