"""Rows near the ones before them, against the dense network on the same rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from xbench.surrogates.cross_modality_network import IN_ORDER, CrossModalityNetwork
from xbench.surrogates.rows_in_order import OrderedHead

from ..toys import random_cross_modality

SIZE = 20


def network(seed: int = 0, **options: object) -> CrossModalityNetwork:
    return random_cross_modality([3, 4], seed=seed, **options).frozen()


def rows(kind: str, count: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randn(count, SIZE, generator=generator)
    if kind == "walk":
        return (0.05 * steps).cumsum(dim=0)
    if kind == "near":
        return torch.randn(SIZE, generator=generator) + 1e-2 * steps
    if kind == "groups":
        return torch.randn(8, SIZE, generator=generator).repeat_interleave(count // 8, 0) + (
            0.02 * steps[: count // 8 * 8]
        )
    return 3 * steps


@pytest.mark.parametrize("kind", ["walk", "near", "groups", "anywhere"])
@pytest.mark.parametrize("seed", [0, 1])
def test_numbers_are_those_of_the_dense_network(kind: str, seed: int) -> None:
    model, total = network(seed), rows(kind, 1200, seed)
    output = torch.tensor([seed + 2])
    dense = model.head(total, output)
    quick = model.head_in_order(total, output)
    assert dense.std() > 1e-4
    # Of its own, not what `head` returns: sums are added up in another order.
    assert not torch.equal(quick, dense)
    torch.testing.assert_close(quick, dense, rtol=2e-5, atol=2e-5)


def test_outputs_do_not_depend_on_the_order() -> None:
    model, total = network(), rows("walk", IN_ORDER, 3)
    shuffled = torch.randperm(len(total), generator=torch.Generator().manual_seed(0))
    output = torch.tensor([1])
    forward, other = (model.head_in_order(of, output) for of in (total, total[shuffled]))
    torch.testing.assert_close(forward[shuffled], other, rtol=2e-5, atol=2e-5)


def test_nothing_is_below_zero() -> None:
    model = network()
    total = rows("groups", IN_ORDER, 0)
    with torch.no_grad():
        model.decoder[-1].bias -= model.head(total, torch.tensor([0])).median()
    dense = model.head(total, torch.tensor([0]))
    assert (dense == 0).any()
    assert (dense > 0).any()
    torch.testing.assert_close(
        model.head_in_order(total, torch.tensor([0])), dense, rtol=2e-5, atol=2e-5
    )


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_a_row_that_is_no_number_gives_none(odd: float) -> None:
    model, total = network(), rows("near", IN_ORDER, 0)
    total[7, 3] = odd
    found = model.head_in_order(total, torch.tensor([0]))[:, 0]
    assert torch.isnan(found[7])
    others = torch.arange(len(total)) != 7
    torch.testing.assert_close(
        found[others], model.head(total[others], torch.tensor([0]))[:, 0], rtol=2e-5, atol=2e-5
    )


def test_other_networks_and_questions_are_answered_as_before() -> None:
    total = rows("near", IN_ORDER, 0)
    for model in (network(decoder_sizes=(12,)), network(decoder_sizes=(12, 9, 7))):
        assert OrderedHead.of(model.mapping, model.decoder, 0) is None
        one = torch.tensor([0])
        assert torch.equal(model.head_in_order(total, one), model.head(total, one))
    model = network()
    assert torch.equal(model.head_in_order(total), model.head(total))
    several = torch.tensor([0, 2])
    assert torch.equal(model.head_in_order(total, several), model.head(total, several))
