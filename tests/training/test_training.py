"""Both recipes on small data: they learn, they repeat themselves, and they stay sparse."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from xbench.dataset import Dataset
from xbench.surrogates.base import Surrogate
from xbench.training.balanced import Entries, balanced_squared_error
from xbench.training.classifier import ClassifierTraining, train_classifier
from xbench.training.cross_modality import CrossModalityTraining, train_cross_modality
from xbench.training.fit import predict
from xbench.training.networks import AtacDecoder

from ..small_datasets import small_multiome

SHORT = CrossModalityTraining(
    atac_steps=40, rna_steps=60, mapping_steps=60, batch_size=32, evaluate_every=10
)
CLASSIFIER = ClassifierTraining(steps=60, learning_rate=1e-2, batch_size=16, evaluate_every=20)


def same(one: Surrogate, other: Surrogate) -> bool:
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@contextmanager
def untouched_random_states() -> Iterator[None]:
    before = torch.random.get_rng_state(), random.getstate(), np.random.get_state()  # noqa: NPY002
    yield
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    np.testing.assert_array_equal(np.random.get_state()[1], before[2][1])  # noqa: NPY002


class TestClassifier:
    def test_it_learns_and_repeats_itself(self, images: Dataset) -> None:
        torch.manual_seed(1)
        with untouched_random_states():
            first, (history,), fit = train_classifier(images, CLASSIFIER, seed=3)
        torch.manual_seed(2)
        again, _, _ = train_classifier(images, CLASSIFIER, seed=3)
        other, _, _ = train_classifier(images, CLASSIFIER, seed=4)
        assert same(first, again)
        assert not same(first, other)
        assert history.best_validation < 0.5 * history.curve[0][1]
        assert fit["test_accuracy"] > 0.9

    def test_its_accuracy_is_that_on_test_images(self, images: Dataset) -> None:
        model, _, fit = train_classifier(images, CLASSIFIER)
        rows = images.split.test
        names = np.array(images.output_features.names)
        with torch.no_grad():
            predicted = names[model(torch.tensor(images.X[rows])).argmax(dim=1)]
        assert fit["test_accuracy"] == np.mean(predicted == images.cell_types[rows])

    def test_fewer_images_than_a_batch(self, images: Dataset) -> None:
        rows = images.split.train[:10]
        model, _, _ = train_classifier(images, ClassifierTraining(steps=3), train_rows=rows)
        assert not model.training

    def test_only_the_rows_given_are_trained_on(self, images: Dataset) -> None:
        rows = images.split.train[:40]
        inputs = images.X.copy()
        spoilt = inputs.copy()
        outside = np.setdiff1d(np.arange(len(inputs)), [*rows, *images.split.validation])
        spoilt[outside] = 99
        models = []
        for values in (inputs, spoilt):
            copy = images.inputs.copy()
            copy.X = values
            changed = type(images)(**{**vars_of(images), "inputs": copy})
            models.append(train_classifier(changed, CLASSIFIER, train_rows=rows)[0])
        assert same(*models)


def vars_of(dataset: Dataset) -> dict[str, Any]:
    return {name: getattr(dataset, name) for name in Dataset.__dataclass_fields__}


@pytest.fixture(scope="module")
def trained(multiome: Dataset) -> tuple[Any, Any, Any]:
    torch.manual_seed(1)
    with untouched_random_states():
        return train_cross_modality(multiome, SHORT, seed=3)


class TestCrossModality:
    def test_every_stage_improves_on_validation(self, trained: tuple[Any, Any, Any]) -> None:
        _, histories, _ = trained
        names = [history.name for history in histories]
        assert names == ["ATAC autoencoder", "RNA autoencoder", "mapping"]
        for history in histories:
            assert history.curve[0][0] == 0
            assert history.best_validation < 0.98 * history.curve[0][1], history.name
            assert history.best_validation == min(value for _, value in history.curve)

    def test_it_repeats_itself(self, multiome: Dataset, trained: tuple[Any, Any, Any]) -> None:
        torch.manual_seed(2)
        again, histories, fit = train_cross_modality(multiome, SHORT, seed=3)
        assert same(trained[0], again)
        assert histories == trained[1]
        assert fit == trained[2]

    def test_another_seed_gives_another(
        self, multiome: Dataset, trained: tuple[Any, Any, Any]
    ) -> None:
        short = CrossModalityTraining(atac_steps=1, rna_steps=1, mapping_steps=1)
        other, _, _ = train_cross_modality(multiome, short, seed=4)
        assert not same(trained[0], other)

    def test_it_predicts_expression_of_cells_it_has_not_seen(
        self, multiome: Dataset, trained: tuple[Any, Any, Any]
    ) -> None:
        rows = multiome.split.test
        predicted = predict(trained[0].frozen(), multiome.X[rows])
        observed = multiome.Y[rows].toarray()
        # How cells differ, not how genes do.
        ours, theirs = predicted - predicted.mean(axis=0), observed - observed.mean(axis=0)
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.3
        assert trained[2]["test_type_mean_r2"] > 0.5

    def test_its_fit_is_the_squared_correlation_of_type_means(
        self, multiome: Dataset, trained: tuple[Any, Any, Any]
    ) -> None:
        rows = multiome.split.test
        types = multiome.cell_types[rows]
        assert min(np.unique(types, return_counts=True)[1]) >= 10
        predicted = predict(trained[0].frozen(), multiome.X[rows])
        observed = multiome.Y[rows].toarray()
        squared = []
        for gene in range(multiome.n_outputs):
            ours = [predicted[types == name, gene].mean() for name in np.unique(types)]
            theirs = [observed[types == name, gene].mean() for name in np.unique(types)]
            if np.std(ours) > 0 and np.std(theirs) > 0:
                squared.append(np.corrcoef(ours, theirs)[0, 1] ** 2)
        assert trained[2]["test_type_mean_r2_genes"] == len(squared)
        assert trained[2]["test_type_mean_r2"] == pytest.approx(np.median(squared), rel=1e-3)

    def test_too_few_test_cells_of_a_type_have_no_fit(self) -> None:
        short = CrossModalityTraining(atac_steps=1, rna_steps=1, mapping_steps=1)
        _, _, fit = train_cross_modality(small_multiome(n_cells=36), short)
        assert np.isnan(fit["test_type_mean_r2"])

    def test_cells_without_pairs_train_too(self, multiome: Dataset) -> None:
        settings = CrossModalityTraining(
            atac_steps=5, rna_steps=5, mapping_steps=6, batch_size=32, paired=False
        )
        _, histories, _ = train_cross_modality(multiome, settings)
        assert all(np.isfinite(value) for _, value in histories[2].curve)


class Largest(TorchDispatchMode):
    """Remember the largest tensor that any operation makes or takes."""

    numbers = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        for leaf in tree_leaves((args, kwargs, result)):
            # Bytes are storages under copy, whose length counts no numbers.
            if isinstance(leaf, torch.Tensor) and leaf.dtype != torch.uint8:
                self.numbers = max(self.numbers, leaf.numel())
        return result


def test_no_stage_makes_a_number_for_every_cell_peak_and_channel() -> None:
    # Wide and sparse, so that n x d x 16 would stand out: 5% of 12,000 peaks open.
    sizes = (7000, 5000)
    dataset = small_multiome(n_cells=60, sizes=sizes, n_genes=5)
    keep = np.random.default_rng(0).random(dataset.X.shape) < 0.1
    dataset.inputs.X = csr_matrix(dataset.X.toarray() * keep)
    batch, d = 40, sum(sizes)
    settings = CrossModalityTraining(
        atac_steps=2, rna_steps=2, mapping_steps=2, batch_size=batch, evaluate_every=1
    )
    with Largest() as largest:
        train_cross_modality(dataset, settings)
    entries = 2 * 16 * int(np.sort(np.diff(dataset.X.indptr))[-batch:].sum())
    # The dense alternative would be batch x d x 16; ours is the larger of weights and open entries.
    assert d * 16 <= largest.numbers <= max(d * 16, entries)
    assert largest.numbers < batch * d * 16 / 8


def test_gradients_do_not_depend_on_the_order_of_threads() -> None:
    """Large enough for torch to split the work; indexing by [rows, columns] would fail here."""
    generator = torch.Generator().manual_seed(0)
    count, n_cells, sizes = 200_000, 8, [30, 20]
    rows = torch.randint(0, n_cells, (count,), generator=generator)
    columns = torch.randint(0, sum(sizes), (count,), generator=generator)
    entries = Entries(rows, columns, torch.rand(count, generator=generator))
    embedding = torch.randn(n_cells, 20, generator=generator)
    predicted = torch.randn(n_cells, sum(sizes), generator=generator)
    decoder = AtacDecoder(sizes)

    def gradients() -> list[torch.Tensor]:
        leaf = predicted.clone().requires_grad_()
        balanced_squared_error(leaf, entries).backward()
        decoder.zero_grad(set_to_none=True)
        decoder(embedding, rows, columns).square().mean().backward()
        return [leaf.grad, *(parameter.grad for parameter in decoder.parameters())]  # type: ignore[list-item]

    torch.set_num_threads(2)
    try:
        first = gradients()
        for _ in range(5):
            assert all(torch.equal(*pair) for pair in zip(first, gradients(), strict=True))
    finally:
        torch.set_num_threads(1)
