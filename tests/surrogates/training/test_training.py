"""Both recipes on small data: they learn, they repeat themselves, and they stay sparse."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from xbench.data.dataset import Dataset
from xbench.data.splits import Split
from xbench.surrogates.cross_modality import CrossModality
from xbench.surrogates.evaluation.fit import classification_fit, expression_fit, predict
from xbench.surrogates.mlp_classifier import ClassifierTraining, train_classifier
from xbench.surrogates.training.adversarial import UNPAIRED, CrossModalityTraining

from ...small_datasets import small_multiome
from .states import same

SHORT = CrossModalityTraining(
    atac_steps=40, rna_steps=60, mapping_steps=60, batch_size=32, evaluate_every=10
)
train_cross_modality = CrossModality.recipe().train
CLASSIFIER = ClassifierTraining(steps=60, learning_rate=1e-2, batch_size=16, evaluate_every=20)


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
            first, (history,) = train_classifier(images, CLASSIFIER, seed=3)
        torch.manual_seed(2)
        again, _ = train_classifier(images, CLASSIFIER, seed=3)
        other, _ = train_classifier(images, CLASSIFIER, seed=4)
        assert same(first, again)
        assert not same(first, other)
        assert history.best_validation < 0.5 * history.curve[0][1]
        assert classification_fit(first, images)["test_accuracy"] > 0.9

    def test_its_accuracy_is_that_on_test_images(self, images: Dataset) -> None:
        model, _ = train_classifier(images, CLASSIFIER)
        rows = images.split.test
        names = np.array(images.output_features.names)
        with torch.no_grad():
            predicted = names[model(torch.tensor(images.X[rows])).argmax(dim=1)]
        assert classification_fit(model, images)["test_accuracy"] == np.mean(
            predicted == images.cell_types[rows]
        )

    def test_fewer_images_than_a_batch(self, images: Dataset) -> None:
        rows = images.split.train[:10]
        model, _ = train_classifier(images, ClassifierTraining(steps=3), train_rows=rows)
        assert not model.training

    def test_the_training_cells_stop_it_where_none_are_for_validation(
        self, images: Dataset
    ) -> None:
        rows = images.split.train
        wanted, histories = train_classifier(stopped_by(images, rows), CLASSIFIER, train_rows=rows)
        found, again = train_classifier(stopped_by(images, NO_ROWS), CLASSIFIER, train_rows=rows)
        assert same(wanted, found)
        assert histories == again

    def test_sparse_inputs_are_those_of_a_table(self, images: Dataset) -> None:
        table = with_inputs(images, np.where(images.X > 0.5, images.X, 0))
        sparse = with_inputs(images, csr_matrix(table.X))
        (wanted, _), (found, _) = (train_classifier(one, CLASSIFIER) for one in (table, sparse))
        assert same(wanted, found)
        assert classification_fit(found, sparse) == classification_fit(wanted, table)

    def test_only_the_rows_given_are_trained_on(self, images: Dataset) -> None:
        rows = images.split.train[:40]
        inputs = images.X.copy()
        spoilt = inputs.copy()
        outside = np.setdiff1d(np.arange(len(inputs)), [*rows, *images.split.validation])
        spoilt[outside] = 99
        models = []
        for values in (inputs, spoilt):
            changed = with_inputs(images, values)
            models.append(train_classifier(changed, CLASSIFIER, train_rows=rows)[0])
        assert same(*models)


def with_inputs(dataset: Dataset, values: Any) -> Dataset:
    inputs = dataset.inputs.copy()
    inputs.X = values
    return replace(dataset, inputs=inputs)


NO_ROWS = np.array([], dtype=np.int64)


def stopped_by(dataset: Dataset, rows: np.ndarray) -> Dataset:
    """The same data with other validation cells; which are for training is then to be said."""
    return replace(dataset, split=Split(NO_ROWS, rows, dataset.split.test))


@pytest.fixture(scope="module")
def trained(multiome: Dataset) -> tuple[Any, Any, Any]:
    torch.manual_seed(1)
    with untouched_random_states():
        model, histories = train_cross_modality(multiome, SHORT, seed=3)
    return model, histories, expression_fit(model, multiome)


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
        again, histories = train_cross_modality(multiome, SHORT, seed=3)
        assert same(trained[0], again)
        assert histories == trained[1]
        assert expression_fit(again, multiome) == trained[2]

    def test_another_seed_gives_another(
        self, multiome: Dataset, trained: tuple[Any, Any, Any]
    ) -> None:
        short = CrossModalityTraining(atac_steps=1, rna_steps=1, mapping_steps=1)
        other, _ = train_cross_modality(multiome, short, seed=4)
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

    def test_the_training_cells_stop_it_where_none_are_for_validation(
        self, multiome: Dataset
    ) -> None:
        short = CrossModalityTraining(atac_steps=3, rna_steps=3, mapping_steps=3, evaluate_every=1)
        rows = multiome.split.train
        wanted, histories = train_cross_modality(stopped_by(multiome, rows), short, train_rows=rows)
        found, again = train_cross_modality(stopped_by(multiome, NO_ROWS), short, train_rows=rows)
        assert same(wanted, found)
        assert histories == again

    def test_too_few_test_cells_of_a_type_have_no_fit(self) -> None:
        short = CrossModalityTraining(atac_steps=1, rna_steps=1, mapping_steps=1)
        few = small_multiome(n_cells=36)
        fit = expression_fit(train_cross_modality(few, short)[0], few)
        assert np.isnan(fit["test_type_mean_r2"])

    @pytest.mark.slow
    def test_cells_without_pairs_find_their_types(self, multiome: Dataset) -> None:
        broken = with_shuffled_expression(multiome)
        settings = replace(
            UNPAIRED,
            atac_steps=150,
            rna_steps=200,
            mapping_steps=500,
            batch_size=64,
            evaluate_every=50,
            patience=20,
        )
        model, (_, _, mapping) = train_cross_modality(broken, settings, seed=3)
        assert mapping.best_validation < 0.6 * mapping.curve[0][1]
        rows = multiome.split.test
        predicted = predict(model.frozen(), multiome.X[rows])
        observed = multiome.Y[rows].toarray()
        names, types = np.unique(multiome.cell_types), multiome.cell_types[rows]
        ours = np.stack([predicted[types == name].mean(axis=0) for name in names])
        theirs = np.stack([observed[types == name].mean(axis=0) for name in names])
        distances = ((ours[:, None] - theirs) ** 2).sum(axis=2)
        assert distances.argmin(axis=1).tolist() == [0, 1, 2]
        assert (
            np.corrcoef((ours - ours.mean(0)).ravel(), (theirs - theirs.mean(0)).ravel())[0, 1]
            > 0.8
        )


def with_shuffled_expression(dataset: Dataset) -> Dataset:
    """Give each cell the expression of another one of its type: nothing but types is shared."""
    generator = np.random.default_rng(5)
    order = np.arange(dataset.n_cells)
    for part in (dataset.split.train, dataset.split.validation, dataset.split.test):
        for name in np.unique(dataset.cell_types):
            rows = part[dataset.cell_types[part] == name]
            order[rows] = generator.permutation(rows)
    outputs = dataset.outputs[order].copy()
    outputs.obs_names = dataset.inputs.obs_names
    return replace(dataset, outputs=outputs)


class Largest(TorchDispatchMode):
    """Remember the largest dense tensor that any operation makes or takes."""

    numbers = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        for leaf in tree_leaves((args, kwargs, result)):
            # Bytes are storages under copy, whose length counts no numbers; a sparse tensor's
            # own numbers are seen as its values.
            if not isinstance(leaf, torch.Tensor) or leaf.layout != torch.strided:
                continue
            if leaf.dtype != torch.uint8:
                self.numbers = max(self.numbers, leaf.numel())
        return result


def test_no_stage_makes_a_number_for_every_cell_and_peak() -> None:
    # Wide and sparse, so that n x d would stand out: 5% of 12,000 peaks open.
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
    # 16 weights and a bias a peak, or the largest layer of genes. Logits would be 480,000.
    assert largest.numbers == max(d * 17, 320 * 640)
    assert largest.numbers < batch * d / 2
