"""Eq. 11 against its formula, spelt out; and that it keeps GRIDS off other genes' features."""

from __future__ import annotations

import dataclasses
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from xbench.benchmark.explain import build_problem, score
from xbench.benchmark.plan import expand, run_id
from xbench.benchmark.task import Task, load_task
from xbench.data.dataset import Target
from xbench.errors import XbenchError
from xbench.mask import EvaluationCounts, MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES, Objective
from xbench.mask.on_target import FLOOR, on_target
from xbench.registry.find import explainer_class
from xbench.surrogates.checkpoint import OpenedSurrogate
from xbench.surrogates.mlp_classifier import MLPClassifier
from xbench.surrogates.mlp_regressor import MLPRegressor

from ..benchmark.workbench import make_multiome, write_multiome, write_task
from ..toys import (
    LinearToy,
    make_problem,
    masked_by_hand,
    messy_csr,
    random_cross_modality,
    random_inputs,
)

SIZES = [5, 0, 7, 1, 9]
D, GENES = sum(SIZES), 7
GENE = Target("all", "gene", 3)


def objective(beta: float = 2.0, off_targets: int | None = None) -> Objective:
    return dataclasses.replace(
        OBJECTIVES["expression-on-target"], beta=beta, off_targets=off_targets
    )


def loss_of_eq_11(now: Tensor, unmasked: Tensor, beta: float) -> Tensor:
    """Losses of cells from all their outputs, a cell and a gene at a time."""
    losses = []
    for cell, before in zip(now, unmasked, strict=True):
        scale = [max(float(value), FLOOR) for value in before]
        off = [
            ((cell[j] - before[j]) / scale[j]) ** 2 for j in range(len(before)) if j != GENE.output
        ]
        on = (cell[GENE.output] / scale[GENE.output]) ** 2
        losses.append(on + beta * sum(off) / (len(before) - 1))
    return torch.stack(losses)


def by_hand(
    model: torch.nn.Module, x: np.ndarray, subset: Any, p: Any, beta: float
) -> tuple[float, np.ndarray]:
    """Mean loss, and Eq. 14's descent, by autograd through the plain module."""
    leaf = torch.from_numpy(masked_by_hand(x, subset, p)).requires_grad_()
    with torch.no_grad():
        unmasked = model(torch.from_numpy(x))
    loss = loss_of_eq_11(model(leaf), unmasked, beta).mean()
    (gradient,) = torch.autograd.grad(loss, leaf)
    return loss.item(), (gradient.numpy() * (np.asarray(p, np.float32) - x)).sum(axis=0)


def case(p: Any = 0.0, beta: float = 2.0) -> tuple[torch.nn.Module, np.ndarray, MaskedPopulation]:
    model = random_cross_modality(SIZES, GENES, seed=1, decoder_sizes=(12, 14), n_gate=8)
    with torch.no_grad():  # some outputs are 0 in some cells, which nothing can be divided by
        model.decoder[-1].bias -= 2.5
    x = random_inputs(9, D, binary=False)
    return model, x, masked_population(model.frozen(), messy_csr(x), GENE, objective(beta), p)


@pytest.mark.parametrize("beta", [0.0, 2.0])
@pytest.mark.parametrize("p", [0.0, 0.6])
def test_every_question_is_answered_for_the_loss_of_eq_11(p: float, beta: float) -> None:
    model, x, population = case(p, beta)
    with torch.no_grad():
        assert (model(torch.from_numpy(x)) < FLOOR).any()
    for subset in ([], [2], [0, 6, 12, 20]):
        loss, descent = by_hand(model, x, subset, p, beta)
        assert population.losses([subset])[0] == pytest.approx(loss, rel=1e-4)
        assert population.values(subset).mean() == pytest.approx(loss, rel=1e-4)
        np.testing.assert_allclose(
            population.descent(subset), descent, rtol=1e-3, atol=1e-4 * abs(descent).max()
        )
    tried = [6, 1, 13, 21]
    swapped = [by_hand(model, x, [0, other], p, beta)[0] for other in tried]
    np.testing.assert_allclose(population.swap_losses([0, 6], 1, tried), swapped, rtol=1e-4)
    rows = np.array([4, 0, 7])
    batch = by_hand(model, x[rows], [2, 9], p, beta)[0]
    assert population.batch(rows).losses([[2, 9]])[0] == pytest.approx(batch, rel=1e-4)


def test_without_masking_only_the_target_counts() -> None:
    model, x, population = case(beta=1e6)
    with torch.no_grad():
        own = model(torch.from_numpy(x))[:, GENE.output]
    wanted = (own / own.clamp_min(FLOOR)) ** 2
    np.testing.assert_allclose(population.values(), wanted, rtol=1e-4, atol=1e-6)


def test_a_cell_is_charged_once_for_its_unmasked_outputs() -> None:
    counts, x = EvaluationCounts(), random_inputs(9, D)
    model = random_cross_modality(SIZES, GENES).frozen()
    population = masked_population(model, x, GENE, objective(), counts=counts)
    assert (counts.forward, counts.gradient, counts.computed) == (9, 0, 9)
    population.losses([[1], [2]])
    assert counts.forward == 9 + 18


def test_many_cells_remember_what_few_do(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = case()[2].losses([[1, 5]])[0]
    monkeypatch.setattr("xbench.mask.on_target.CHUNK", 2)
    assert case()[2].losses([[1, 5]])[0] == pytest.approx(whole, rel=1e-6)


def test_off_target_outputs_are_a_sample_of_the_others() -> None:
    model = random_cross_modality(SIZES, 40).frozen()

    def outputs(output: int, count: int | None) -> list[int]:
        target = Target("all", "gene", output)
        return on_target(model, target, objective(off_targets=count))._outputs.tolist()

    assert outputs(3, None) == [3, *(gene for gene in range(40) if gene != 3)]
    assert outputs(3, 99) == outputs(3, None)
    few = outputs(3, 10)
    assert few[0] == 3
    assert len(set(few)) == 11
    assert few == outputs(3, 10)  # every method is judged by the same genes
    assert few[1:] != outputs(4, 10)[1:]
    assert len({outputs(gene, 1)[1] for gene in range(40)}) > 15


class TwoGenes(LinearToy):
    """Features 0 and 1 hold up gene 0; feature 0, a little stronger, holds up gene 1 too."""

    def __init__(self) -> None:
        weight = np.zeros((6, 2))
        weight[:2, 0], weight[0, 1] = (1.1, 1.0), 2.0
        super().__init__(weight, [4, 2], np.array([1.0, 1.0]))

    def configuration(self) -> dict[str, object]:
        return {"n_outputs": 2}


def test_beta_pushes_away_from_features_of_other_genes() -> None:
    x = np.ones((3, 6), np.float32)

    def chosen(beta: float) -> int:
        problem = make_problem(TwoGenes(), x, 1)
        population = masked_population(TwoGenes(), x, Target("all", "gene", 0), objective(beta))
        problem = dataclasses.replace(problem, population=population, validation=population)
        (found,) = explainer_class("grids")(batch_size=0).explain(problem).indices
        return int(found)

    assert chosen(0.0) == 0
    assert chosen(1.0) == 1
    # By hand: 2 of 3.1 and of 3 units are left, and gene 1 falls from 3 to 1.
    population = masked_population(TwoGenes(), x, Target("all", "gene", 0), objective(1.0))
    wanted = [(2 / 3.1) ** 2 + (2 / 3) ** 2, (2.1 / 3.1) ** 2]
    np.testing.assert_allclose(population.losses([[0], [1]]), wanted, rtol=1e-5)


def test_the_best_subset_of_a_small_problem_is_found() -> None:
    model, x, population = case(beta=5.0)
    problem = make_problem(model.frozen(), x, 2, target=GENE)
    problem = dataclasses.replace(problem, population=population, validation=population)
    found = explainer_class("grids")(batch_size=0, candidates=D, restarts=4).explain(problem)
    best = population.losses(list(combinations(range(D), 2))).min()
    reached = by_hand(model, x, found.indices, 0.0, 5.0)[0]
    assert reached == pytest.approx(best, rel=1e-4)


def test_it_refuses_classes_and_modules_without_sums() -> None:
    x = np.zeros((2, 4), np.float32)
    classes = MLPClassifier(4, 3, 2).frozen()
    for model, target in (
        (classes, Target("8", "3", 1, contrast=0)),
        (torch.nn.Linear(4, 2), Target("all", "gene", 0)),
    ):
        with pytest.raises(XbenchError, match="use another objective"):
            masked_population(model, x, target, objective())


def test_a_table_of_numbers_is_asked_as_expression_is() -> None:
    """Its model counts its outputs under another name."""
    torch.manual_seed(0)
    model, x = MLPRegressor(5, 8, 4).frozen(), np.random.default_rng(0).random((6, 5), np.float32)
    population = masked_population(model, x, GENE, objective(beta=1.0))
    wanted, _ = by_hand(model, x, [2, 4], 0.0, 1.0)
    assert population.losses([[2, 4]])[0] == pytest.approx(wanted, abs=1e-6)


# From a task to a run


def parsed(folder: Path, **changes: Any) -> Task:
    return load_task(write_task(folder, **changes))


def test_a_task_gives_beta_with_this_objective_and_with_no_other(tmp_path: Path) -> None:
    plain = parsed(tmp_path)
    zero, one = (parsed(tmp_path, objective="expression-on-target", beta=beta) for beta in (0, 1))
    assert len({plain.digest, zero.digest, one.digest}) == 3
    keys = [expand(task)[0] for task in (plain, zero, one)]
    assert [key.beta for key in keys] == [None, 0, 1]
    assert len({run_id(key, "data", "model", 1) for key in keys}) == 3
    for wrong in ({"objective": "expression-on-target"}, {"beta": 1.0}):
        with pytest.raises(XbenchError, match="beta: give it with objective"):
            parsed(tmp_path, **wrong)


def test_methods_see_the_loss_and_scores_the_expression(tmp_path: Path) -> None:
    from xbench import load_dataset

    dataset = load_dataset(data=write_multiome(tmp_path / "small.h5mu", make_multiome()))
    sizes = np.diff(dataset.features.blocks()[1]).tolist()
    model = random_cross_modality(sizes, 3).frozen()
    opened = OpenedSurrogate(model, None, "")  # type: ignore[arg-type]
    key = expand(parsed(tmp_path, objective="expression-on-target", beta=1))[0]
    target = dataset.target(key.cell_type, key.target)
    problem = build_problem(dataset, opened, "cpu", key, target)
    np.testing.assert_allclose(problem.population.values(), 1, atol=1e-5)
    outcome = score(dataset, opened, "cpu", key, np.array([1, 2]))
    rows = dataset.rows(key.cell_type, "test")
    with torch.no_grad():
        plain = model(torch.from_numpy(dataset.X[rows].toarray()))[:, target.output]
    np.testing.assert_allclose(outcome.before, plain, rtol=1e-4)
