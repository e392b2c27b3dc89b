"""The networks of CXPlain: what they compute, and where."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from xbench.data.features import Features
from xbench.explainers.importance_model import Examples, ImageUNet, SparsePerceptron, in_span
from xbench.explainers.neighbours import window_of_features, windows

from ..toys import messy_csr, random_inputs


@pytest.fixture(autouse=True)
def seeded() -> object:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def test_the_sparse_perceptron_is_a_perceptron() -> None:
    x = random_inputs(6, 15, binary=False)
    network = SparsePerceptron(15, 4, scale=0.3)
    dense = network.rest(0.3 * torch.from_numpy(x) @ network.embed.weight)
    torch.testing.assert_close(network(messy_csr(x)), dense, rtol=1e-5, atol=1e-5)
    assert [layer.out_features for layer in network.rest[1::2]] == [64, 4]


def test_only_open_features_learn() -> None:
    network = SparsePerceptron(9, 3)
    network(sp.csr_matrix(np.array([[0, 2, 0, 1, 0, 0, 0, 0, 0.0]]))).sum().backward()
    gradient = network.embed.weight.grad
    assert gradient is not None
    assert gradient.any(dim=1).nonzero().ravel().tolist() == [1, 3]


@pytest.mark.parametrize(("side", "patch"), [(8, 2), (7, 2), (9, 4), (3, 1)])
def test_a_patchs_logit_is_the_mean_over_its_pixels(side: int, patch: int) -> None:
    network = ImageUNet(side, patch)
    seen: list[torch.Tensor] = []
    network.last.register_forward_hook(lambda module, inputs, output: seen.append(output))
    logits = network(messy_csr(random_inputs(3, side**2, binary=False))).detach().numpy()
    by_pixel = seen[0][:, 0, :side, :side].reshape(3, -1).detach().numpy()
    features = Features([f"pixel{j}" for j in range(side**2)])
    groups = windows(window_of_features(features, patch=patch))
    wanted = np.stack([by_pixel[:, group].mean(axis=1) for group in groups], axis=1)
    np.testing.assert_allclose(logits, wanted, rtol=1e-4, atol=1e-6)


def test_the_u_net_sees_far_and_near() -> None:
    network = ImageUNet(12, 2)
    x = torch.rand(1, 144, generator=torch.Generator().manual_seed(1)).numpy()

    def change(pixel: int) -> np.ndarray:
        moved = x.copy()
        moved[0, pixel] += 1
        difference = network(sp.csr_matrix(moved)) - network(sp.csr_matrix(x))
        return difference.detach().abs().numpy().reshape(6, 6)

    corner = change(0)
    assert corner.argmax() // 6 <= 1  # nearby most
    # Pixels 8 and 9: only the coarsest scale reaches so far, the others together reach pixel 6.
    assert corner[4, 4] > 0


@pytest.mark.parametrize("binary", [True, False])
def test_a_place_in_the_span_tells_a_first_layer_all_about_the_training_cells(binary: bool) -> None:
    own, others = (messy_csr(random_inputs(n, 40, binary=binary, seed=n)) for n in (9, 5))
    training, validation = (Examples(one, one, one) for one in (own, others))
    ours, theirs = in_span(training, validation)
    assert ours.inputs.shape[1] <= 9 < 40
    # Scalar products decide what any layer gives that begins in the span and learns from the cells.
    for seen, x in ((ours, own), (theirs, others)):
        found = seen.inputs.toarray() @ ours.inputs.toarray().T
        np.testing.assert_allclose(found, (x @ own.T).toarray(), rtol=1e-4, atol=1e-4)
    assert ours.changes is own
    # Fewer features than cells are seen as they are.
    narrow = messy_csr(random_inputs(50, 40, binary=binary))
    few = Examples(narrow, narrow, narrow)
    assert in_span(few, validation)[0] is few


def test_logits_where_a_pattern_has_entries_are_those_of_all() -> None:
    network = SparsePerceptron(15, 30, scale=0.3)
    x, pattern = messy_csr(random_inputs(6, 15)), sp.random(6, 30, 0.4, "csr", random_state=1)
    found = network.at_entries(x, pattern)
    wanted = network(x)[pattern.nonzero()]
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)
    weights = list(network.parameters())
    slopes = [torch.autograd.grad((of**2).sum(), weights) for of in (found, wanted)]
    for ours, theirs in zip(*slopes, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
