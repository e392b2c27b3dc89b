"""Validation cells choose what `cis` leaves open: its network, and what a gene's own peaks are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.simulation.parameters import Parameters
from xbench.simulation.simulation_files import simulated_dataset
from xbench.surrogates.cis import Cis
from xbench.surrogates.training import gene_by_gene

from .states import QUICK, same

train_cis = Cis.recipe().train
# Networks of `cis`, in the order that they are tried in.
ALONE = ("fixed", "trained", "dropped")


def test_validation_cells_choose_the_network_and_the_form(
    tiny: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is chosen is one of those that were trained, and the likeliest one."""
    tiny = replace(tiny, outputs=tiny.outputs[:, :15].copy())
    # All genes are asked for the choice, and one prior is enough for it.
    monkeypatch.setattr(gene_by_gene, "SAMPLED", tiny.outputs.n_vars)
    monkeypatch.setattr(gene_by_gene, "SCALES", gene_by_gene.SCALES[:1])
    settings = replace(QUICK, steps=30, network="likelier", rounds=1)
    chosen, histories = train_cis(tiny, settings, seed=1)
    losses = {name: one.best_validation for name, one in zip(ALONE, histories, strict=False)}
    alone = min(losses, key=lambda name: losses[name])
    assert len(set(losses.values())) == len(ALONE)
    assert same(chosen, train_cis(tiny, replace(settings, network=alone), seed=1)[0])
    # Of many open peaks the directions are known: the dearer network is not tried.
    with monkeypatch.context() as few:
        few.setattr(gene_by_gene, "MANY_OPEN_PEAKS", 0)
        _, histories = train_cis(tiny, replace(settings, steps=10), seed=1)
    assert [history.name for history in histories] == [
        "pairs, first layer fixed",
        "own peaks: modules",
    ]
    settings = replace(settings, network="fixed", rounds=3)
    forms = {
        form: train_cis(tiny, replace(settings, form=form), seed=1)
        for form in ("likelier", "modules", "shrunken")
    }
    lost = {form: found[1][-1].best_validation for form, found in forms.items()}
    assert lost["modules"] != lost["shrunken"]
    likelier = min(("modules", "shrunken"), key=lambda form: lost[form])
    assert same(forms["likelier"][0], forms[likelier][0])


def test_genes_that_say_nothing_of_a_form_have_no_own_peaks(tiny: Dataset) -> None:
    few = tiny.outputs.copy()
    few.X = sparse.random_array(few.shape, density=0.01, rng=0, dtype=np.float32).tocsr()
    few.X.data[:] = 1.0
    counts = np.diff(few.X[tiny.split.train].tocsc().indptr)
    few.X = few.X @ sparse.diags_array((counts < gene_by_gene.FEW_COUNTS).astype(np.float32))
    model, histories = train_cis(
        replace(tiny, outputs=few), replace(QUICK, steps=4, form="likelier"), seed=0
    )
    assert histories[-1].name == "own peaks: none"
    assert not len(model.pair_gene)


def test_a_gene_that_modules_do_not_help_may_have_shrunken_effects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All else of it is what modules alone make of the data; of few cells they help fewer genes."""
    monkeypatch.setattr(gene_by_gene, "SAMPLED", 20)
    monkeypatch.setattr(gene_by_gene, "SCALES", gene_by_gene.SCALES[:1])
    dataset = simulated_dataset(Parameters(n_cells=400, n_peaks=6000, n_genes=60))
    found, lost = {}, {}
    for form in ("likelier", "modules", "shrunken"):
        settings = replace(QUICK, steps=20, form=form, rounds=3)
        model, histories = train_cis(dataset, settings, seed=0)
        found[form] = [_own_part(model, gene) for gene in range(dataset.n_outputs)]
        lost[form] = histories[-1].best_validation
    assert histories[-1].name.startswith("own peaks: shrunken")
    assert lost["likelier"] < lost["modules"] < lost["shrunken"]
    without = [gene for gene, own in enumerate(found["modules"]) if not own["peaks"]]
    instead = [gene for gene in without if found["likelier"][gene]["peaks"]]
    assert len(without) > len(instead) > 5
    for gene, own in enumerate(found["likelier"]):
        assert own == found["shrunken" if gene in instead else "modules"][gene]


def _own_part(model: Any, gene: int) -> dict[str, Any]:
    pairs = model.pair_gene == gene
    every = {
        "peaks": model.pair_peak[pairs],
        "member": model.member[pairs],
        "additive": model.additive[pairs],
        "effect": model.effect[gene],
        "size": model.size[gene],
        "network": model.output.weight[gene],
    }
    return {name: values.tolist() for name, values in every.items()}
