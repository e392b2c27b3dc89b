"""The surrogates trained on pairs learn the truth, repeat themselves and stay additive."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.mask import masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.simulation.parameters import Parameters
from xbench.simulation.simulate import simulate
from xbench.simulation.simulation_files import (
    read_simulation,
    simulated_dataset,
    write_simulation,
)
from xbench.simulation.target_truth import target_truth
from xbench.surrogates.checkpoint import open_surrogate
from xbench.surrogates.cis import Cis
from xbench.surrogates.end_to_end import EndToEnd
from xbench.surrogates.ensemble import Ensemble, EnsembleTraining, train_ensemble
from xbench.surrogates.evaluation.fit import expression_fit, predict, worse_than_type_means
from xbench.surrogates.obtain import place_of, train_surrogate
from xbench.surrogates.rate_network import first_sums
from xbench.surrogates.surrogate import Surrogate
from xbench.surrogates.training import gene_by_gene
from xbench.surrogates.training.cis_settings import CisTraining
from xbench.surrogates.training.paired import PairedTraining

from ...slow_rest import rest_slow
from .states import QUICK, same

train_cis, train_end_to_end = Cis.recipe().train, EndToEnd.recipe().train
SHORT = {"rounds": 3, "network": "fixed", "form": "modules"}
TRAININGS = {
    "end-to-end": (PairedTraining(steps=20, batch_size=32), train_end_to_end),
    "cis": (
        CisTraining(steps=20, batch_size=32, network="fixed", form="shrunken"),
        train_cis,
    ),
    "ensemble": (
        EnsembleTraining(members=2, member={"steps": 20, "batch_size": 32, **SHORT}),
        train_ensemble,
    ),
}


def trained(dataset: Dataset, name: str, seed: int = 0, **changes: Any) -> Surrogate:
    settings, train = TRAININGS[name]
    model: Surrogate = train(dataset, replace(settings, **changes), seed=seed)[0]  # type: ignore[operator]
    return model


@pytest.fixture(scope="session")
def trained_once(tiny: Dataset) -> Callable[[str], Surrogate]:
    """Give a copy of the surrogate of a name, which is trained when it is first asked for."""
    kept: dict[str, Surrogate] = {}

    def copy_of(name: str) -> Surrogate:
        if name not in kept:
            kept[name] = trained(tiny, name)
        return deepcopy(kept[name])

    return copy_of


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("simulation") / "small.h5mu"
    write_simulation(path, simulate(Parameters(n_cells=800, n_peaks=6000, n_genes=60)))
    return read_simulation(path)


@pytest.fixture(autouse=True)
def few_asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it does not count what was learned, a few genes choose how strong the prior is."""
    if "tiny" in request.fixturenames:
        monkeypatch.setattr(gene_by_gene, "SAMPLED", 8)


@pytest.fixture(scope="session")
def learned(simulated: Dataset) -> tuple[Surrogate, dict[str, float]]:
    model, _ = train_cis(simulated, QUICK, seed=0)
    return model.frozen(), expression_fit(model, simulated)


def chosen_one_by_one(model: Surrogate, dataset: Dataset, cell_type: str, gene: str) -> Any:
    """Choose greedily among the 60 peaks of the steepest gradient.

    A gradient alone, at a point where redundant peaks are all open, does not tell which of them
    have to go together.
    """
    target = dataset.target(cell_type, gene)
    inputs = dataset.X[dataset.rows(cell_type, "train")]
    population = masked_population(model, inputs, target, OBJECTIVES["expression"])
    steepest = np.argsort(population.descent(), kind="stable")[:60]
    chosen = np.zeros(0, dtype=np.int64)
    while len(chosen) < 10:
        rest = np.setdiff1d(steepest, chosen)
        chosen = np.append(chosen, rest[np.argmin(population.added_losses(chosen, rest))])
    truth = target_truth(dataset, target, dataset.rows(cell_type, "test"))
    assert truth is not None
    return chosen, truth


@pytest.mark.parametrize(("cell_type", "gene"), [("Astro", "GJA1"), ("Oligo", "MOG")])
def test_what_cis_learned_is_the_regulation(
    simulated: Dataset,
    learned: tuple[Surrogate, dict[str, float]],
    cell_type: str,
    gene: str,
) -> None:
    indices, truth = chosen_one_by_one(learned[0], simulated, cell_type, gene)
    optimality = truth.optimality(indices)
    assert optimality is not None
    assert optimality > 0.8
    # By chance it is 1 in 400.
    assert np.isin(indices, np.concatenate(truth.modules)).mean() > 0.8


# That cis learns the regulation is shown above, on the simulation of which more is seen.
@pytest.mark.slow
def test_where_an_assay_sees_little_effects_drawn_to_all_genes_find_the_regulation() -> None:
    """On the sparse simulation most of what shrunken effects rank first are CREs."""
    parameters = Parameters(n_cells=1500, n_peaks=6000, n_genes=120, sparse=True)
    dataset = simulated_dataset(parameters)
    model: Any = train_cis(dataset, replace(QUICK, form="shrunken"), seed=0)[0]
    precisions = []
    for cell_type, gene in (("Astro", "GJA1"), ("Oligo", "MOG"), ("Oligo", "MOBP")):
        target = dataset.target(cell_type, gene)
        inputs = dataset.X[dataset.rows(cell_type, "train")]
        narrowed = model.frozen().for_outputs([target.output])
        population = masked_population(narrowed, inputs, target, OBJECTIVES["expression"])
        truth = target_truth(dataset, target, dataset.rows(cell_type, "test"))
        assert truth is not None
        first = np.argsort(population.descent(), kind="stable")[:10]
        precisions.append(truth.precision(first))
    # By chance it is 1 in 500.
    assert np.mean(precisions) > 0.5


# An ensemble is the mean of members that are trained as those of the tests above.
@pytest.mark.parametrize("name", rest_slow(["end-to-end", "ensemble"], 1))
def test_what_the_others_learned_is_more_than_chance(simulated: Dataset, name: str) -> None:
    settings = {"steps": 100, "batch_size": 64}
    if name == "ensemble":
        settings = {"members": 2, "member": {"steps": 60, "batch_size": 64, **SHORT, "rounds": 6}}
    model = trained(simulated, name, **settings).frozen()  # type: ignore[arg-type]
    indices, truth = chosen_one_by_one(model, simulated, "Oligo", "MOG")
    generator = np.random.default_rng(0)
    drawn = [generator.choice(simulated.n_features, 10, replace=False) for _ in range(200)]
    assert truth.optimality(indices) > max(truth.optimality(one) for one in drawn)


@pytest.mark.parametrize("label", ["cell_type_weight", "donor_weight"])
def test_a_second_output_teaches_the_network_what_tells_labels_apart(
    simulated: Dataset, label: str
) -> None:
    """Donors are told apart as types are: here each type is of a donor of its own."""
    labelled = replace(simulated, donors=simulated.cell_types)

    def apart(weight: float) -> float:
        """Distance of test cells, in hidden units, to their nearest other type over that to own."""
        changes = {"cell_type_weight": 0.0, label: weight, "peaks_dropped": 0.0}
        changes |= {"steps": 40, "batch_size": 64, "learning_rate": 3e-3}
        model = trained(labelled, "end-to-end", **changes).frozen()
        units = {}
        for part in ("train", "test"):
            rows = getattr(simulated.split, part)
            sums = first_sums(model.weight, sparse.csr_matrix(simulated.X[rows]))  # type: ignore[arg-type]
            units[part] = simulated.cell_types[rows], model.hidden_units(sums).numpy()  # type: ignore[operator]
        types, known = units["train"]
        names = np.unique(types)
        means = np.stack([known[types == name].mean(axis=0) for name in names])
        asked, found = units["test"]
        distance = ((found[:, None] - means) ** 2).sum(axis=2)
        own = asked[:, None] == names
        others = np.where(own, np.inf, distance).min(axis=1)
        return float(others.mean() / distance[own].mean())

    assert apart(3.0) > 1.2 * apart(0.0)


def test_cis_predicts_cells_better_than_their_types_means(
    learned: tuple[Surrogate, dict[str, float]],
) -> None:
    assert learned[1]["test_error"] < learned[1]["type_means_error"]
    assert not worse_than_type_means(learned[1])


def test_the_level_is_that_of_the_training_cells(
    simulated: Dataset, learned: tuple[Surrogate, dict[str, float]]
) -> None:
    rows = simulated.split.train
    observed = np.asarray(simulated.Y[rows].mean(axis=0)).ravel()
    found = predict(learned[0], simulated.X[rows]).mean(axis=0)
    np.testing.assert_allclose(found[observed > 0.05], observed[observed > 0.05], rtol=1e-3)


@pytest.mark.parametrize("name", list(TRAININGS))
def test_the_additive_path_is_the_dense_forward(
    tiny: Dataset, trained_once: Callable[[str], Surrogate], name: str
) -> None:
    model = trained_once(name).frozen()
    inputs = tiny.X[:12].astype(np.float32)
    with torch.no_grad():
        dense = model(torch.tensor(inputs.toarray()))
        for genes in ([7], [3, 41, 5]):
            narrowed = model.for_outputs(genes)
            sums = narrowed.additive_layer().sparse_sums(inputs)
            found = narrowed.tail(sums, torch.tensor(genes))
            torch.testing.assert_close(found, dense[:, genes], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(model.of_sparse(inputs), dense, atol=1e-5, rtol=1e-5)


# An ensemble is four trainings of what is tested beside it.
@pytest.mark.parametrize("name", rest_slow(TRAININGS, ("end-to-end", "cis")))
def test_the_same_at_any_number_of_threads(
    tiny: Dataset, trained_once: Callable[[str], Surrogate], name: str
) -> None:
    one = trained_once(name)
    before = torch.get_num_threads()
    assert before == 1
    try:
        torch.set_num_threads(2)
        two = trained(tiny, name)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert same(one, two)
    assert not same(one, trained(tiny, name, seed=4))


@pytest.mark.parametrize("loss", ["negative-binomial", "poisson", "mse"])
def test_every_loss_learns(multiome: Dataset, loss: str) -> None:
    settings = PairedTraining(loss=loss, steps=60, batch_size=64, evaluate_every=20)
    _, (history,) = train_end_to_end(multiome, settings, seed=1)
    assert history.best_validation < history.curve[0][1]


def test_saved_and_opened_it_is_the_same(
    tiny: Dataset, trained_once: Callable[[str], Surrogate], tmp_path: Path
) -> None:
    for name, (settings, _) in TRAININGS.items():
        folder = train_surrogate(tiny, name, settings=settings, folder=tmp_path / name)
        opened = open_surrogate(folder, tiny)
        assert opened.name == name
        inputs = tiny.X[:5].astype(np.float32)
        expected = trained_once(name).frozen()
        assert torch.equal(opened.model.of_sparse(inputs), expected.of_sparse(inputs))


def test_what_an_earlier_version_left_in_the_cache_is_not_taken(
    tiny: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("cis", "ensemble", "end-to-end")
    now = {name: place_of(tiny, name) for name in names}
    later = replace(Cis.recipe(), version=Cis.recipe().version + 1)
    monkeypatch.setattr(Cis, "recipe", classmethod(lambda cls: later))
    # An ensemble is of `cis`.
    assert {name: place_of(tiny, name) == now[name] for name in names} == {
        "cis": False,
        "ensemble": False,
        "end-to-end": True,
    }


def test_what_an_earlier_version_left_in_a_folder_is_not_taken(
    tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = PairedTraining(steps=2, batch_size=32)

    def train() -> Path:
        return train_surrogate(tiny, "end-to-end", settings=settings, folder=tmp_path / "mine")

    assert train() == train()
    later = replace(EndToEnd.recipe(), version=EndToEnd.recipe().version + 1)
    monkeypatch.setattr(EndToEnd, "recipe", classmethod(lambda cls: later))
    with pytest.raises(XbenchError, match=r"a surrogate of another version; .* with --again"):
        train()


def test_an_ensemble_is_the_mean_of_its_members(
    tiny: Dataset, trained_once: Callable[[str], Surrogate], monkeypatch: pytest.MonkeyPatch
) -> None:
    ensemble = trained_once("ensemble")
    assert isinstance(ensemble, Ensemble)
    inputs = tiny.X[:5].astype(np.float32)
    each = [member.of_sparse(inputs) for member in ensemble._each()]
    assert not torch.equal(each[0], each[1])
    torch.testing.assert_close(ensemble.of_sparse(inputs), (each[0] + each[1]) / 2)
    # What cells look like to the members, they look like to it.
    cells = tiny.split.test[:2]
    monkeypatch.setattr(Cis, "inputs_of", lambda self, dataset, rows: 1 - dataset.X[rows].toarray())
    assert (ensemble.inputs_of(tiny, cells) == 1 - tiny.X[cells].toarray()).all()


def test_genes_without_a_place_get_the_network_alone(tiny: Dataset) -> None:
    outputs = tiny.outputs.copy()
    gene = tiny.output_features.index_of("GJA1")
    outputs.var.loc[outputs.var.index[gene], ["start", "end"]] = -1
    outputs.var["chrom"] = outputs.var["chrom"].astype(str)
    outputs.var.loc[outputs.var.index[gene], "chrom"] = ""
    model: Any = trained(replace(tiny, outputs=outputs), "cis")
    assert not (model.pair_gene == gene).any()
    assert (model.pair_gene == gene + 1).any()


def test_wrong_uses_are_refused(
    multiome: Dataset,
    images: Dataset,
    tiny: Dataset,
    trained_once: Callable[[str], Surrogate],
) -> None:
    with pytest.raises(XbenchError, match="unknown loss 'l1'"):
        train_end_to_end(multiome, PairedTraining(loss="l1"))
    with pytest.raises(XbenchError, match="unknown loss 'mse'"):
        train_cis(tiny, CisTraining(loss="mse"))
    for train, settings in ((train_cis, CisTraining), (train_end_to_end, PairedTraining)):
        with pytest.raises(XbenchError, match="name no donors; give their column by --donor-key"):
            train(tiny, settings(donor_weight=0.1))
    with pytest.raises(XbenchError, match="unknown form 'sum'"):
        train_cis(tiny, CisTraining(form="sum"))
    with pytest.raises(XbenchError, match="unknown network 'deep'"):
        train_cis(tiny, CisTraining(network="deep"))
    with pytest.raises(XbenchError, match="where peaks and genes lie; use end-to-end"):
        train_cis(multiome, CisTraining())
    with pytest.raises(XbenchError, match="has no expression to learn; use mlp-classifier"):
        train_end_to_end(images, PairedTraining())
    with pytest.raises(XbenchError, match="members is 0 but must be at least 1"):
        train_ensemble(multiome, EnsembleTraining(members=0))
    with pytest.raises(XbenchError, match="members cannot be 'ensemble'"):
        train_ensemble(multiome, EnsembleTraining(of="ensemble"))
    with pytest.raises(XbenchError, match="members cannot be 'oracle'"):
        train_ensemble(multiome, EnsembleTraining(of="oracle"))
    with pytest.raises(XbenchError, match=r"unknown setting 'steeps'. Nearest: steps"):
        train_ensemble(multiome, EnsembleTraining(member={"steeps": 1}))
    narrowed = trained_once("cis").for_outputs([3])
    sums = narrowed.additive_layer().sparse_sums(tiny.X[:2].astype(np.float32))
    with pytest.raises(XbenchError, match=r"not for output 4; use its for_outputs\(\[4\]\)"):
        narrowed.tail(sums, torch.tensor([4]))


def test_only_the_rows_given_are_trained_on(tiny: Dataset) -> None:
    rows = tiny.split.train[::2]
    spoilt = tiny.outputs.copy()
    values = sparse.lil_matrix(spoilt.X)
    values[np.setdiff1d(tiny.split.train, rows)[:20]] = 7.0
    spoilt.X = sparse.csr_matrix(values, dtype=np.float32)
    other = replace(tiny, outputs=spoilt)
    settings, _ = TRAININGS["cis"]
    models = [train_cis(one, settings, train_rows=rows)[0] for one in (tiny, other)]  # type: ignore[arg-type]
    assert same(*models)


def test_a_judge_is_trained_on_the_other_half(tiny: Dataset, tmp_path: Path) -> None:
    settings = PairedTraining(steps=20, batch_size=32)
    for half in ("half-a", "half-b"):
        folder = train_surrogate(
            tiny, "end-to-end", split=half, settings=settings, folder=tmp_path / half
        )
        rows = tiny.split.training_rows(half, tiny.cell_types)
        expected = train_end_to_end(tiny, settings, train_rows=rows)[0].frozen()
        assert same(open_surrogate(folder, tiny).model, expected)  # type: ignore[arg-type]
