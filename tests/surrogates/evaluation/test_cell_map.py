"""Where cells are drawn: principal components, UMAP, and which cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbench.data.features import Features
from xbench.errors import XbenchError
from xbench.surrogates.evaluation import cell_map as module
from xbench.surrogates.evaluation.agreement import HeldOut
from xbench.surrogates.evaluation.cell_map import cell_map, check_projection, principal_components


def cells(count: int, embedding: bool = True) -> HeldOut:
    """Two clouds of cells that lie apart."""
    generator = np.random.default_rng(0)
    side = np.arange(count) % 2
    points = generator.normal(size=(count, 6)) + 12 * side[:, None]
    return HeldOut(
        genes=Features([f"gene{column}" for column in range(6)]),
        observed=points.astype(np.float32),
        predicted=-points,
        cell_types=np.array(["a", "b"])[side],
        embedding=2 * points if embedding else None,
        type_names=np.array(["a", "b"]),
        training_means=np.zeros((2, 6)),
        training_mean=np.zeros(6),
    )


@pytest.mark.parametrize("shape", [(30, 3), (3, 30), (60, 40), (40, 60)])
def test_components_are_eigenvectors_of_the_covariance(shape: tuple[int, int]) -> None:
    points = np.random.default_rng(0).normal(size=shape) * np.linspace(1, 4, shape[1]) + 7
    scores = principal_components(points, 2)
    values, vectors = np.linalg.eigh(np.cov(points.T))
    for component in range(2):
        wanted = (points - points.mean(axis=0)) @ vectors[:, -1 - component]
        wanted *= np.sign(wanted[np.abs(wanted).argmax()])
        np.testing.assert_allclose(scores[:, component], wanted, atol=1e-6)
        variance = scores[:, component].var(ddof=1)
        assert variance == pytest.approx(values[-1 - component])


def test_components_that_do_not_exist_are_zero() -> None:
    scores = principal_components(np.array([[1.0], [2.0], [6.0]]), 2)
    np.testing.assert_allclose(scores, [[-2, 0], [-1, 0], [3, 0]], atol=1e-9)
    np.testing.assert_array_equal(principal_components(np.full((4, 6), 0.5), 3), np.zeros((4, 3)))


def test_pca_of_each_space() -> None:
    both = cells(40)
    embedded = cell_map(both, projection="pca")
    np.testing.assert_allclose(
        embedded.coordinates, principal_components(both.embedding, 2), atol=1e-6
    )
    assert embedded.space == "the surrogate's 6-dimensional embedding of peaks"
    seen = cell_map(both, projection="pca", space="expression")
    np.testing.assert_allclose(seen.coordinates, embedded.coordinates / 2, atol=1e-4)
    assert seen.space == "6 principal components of observed expression"
    without = cell_map(cells(40, embedding=False), projection="pca")
    assert without.space == "6 principal components of predicted expression"
    # Predictions are the mirrored points, so distances are the same.
    np.testing.assert_allclose(
        _distances(without.coordinates), _distances(seen.coordinates), atol=1e-3
    )


def _distances(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points[None], axis=2)


@given(st.integers(0, 5))
def test_at_most_so_many_cells_are_drawn(seed: int) -> None:
    many = cells(60)
    drawn = cell_map(many, projection="pca", seed=seed, most_cells=25)
    assert len(drawn.rows) == len(drawn.coordinates) == 25
    assert (np.diff(drawn.rows) > 0).all()
    again = cell_map(many, projection="pca", seed=seed, most_cells=25)
    np.testing.assert_array_equal(drawn.rows, again.rows)
    other = cell_map(many, projection="pca", seed=seed + 1, most_cells=25)
    assert (drawn.rows != other.rows).any()
    np.testing.assert_allclose(
        drawn.coordinates, principal_components(many.embedding[drawn.rows], 2), atol=1e-6
    )


def test_auto_says_why_it_is_not_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    few = cell_map(cells(10))
    assert few.projection == "PCA"
    assert few.note
    # Whatever is installed here.
    monkeypatch.setattr(module, "_has_umap", lambda: False)
    without = cell_map(cells(40))
    assert (without.projection, without.rows.size) == ("PCA", 40)
    assert "xbench-explain[figures]" in without.note
    with pytest.raises(XbenchError, match=r"pip install 'xbench-explain\[figures\]'"):
        check_projection("umap", "embedding")
    check_projection("auto", "embedding")


@pytest.mark.parametrize(
    ("projection", "space", "valid"),
    [("tsne", "embedding", "auto, pca, umap"), ("pca", "peaks", "embedding, expression")],
)
def test_unknown_names_are_refused(projection: str, space: str, valid: str) -> None:
    with pytest.raises(XbenchError, match=valid):
        cell_map(cells(4), projection=projection, space=space)


@pytest.mark.slow
def test_umap_repeats_itself_and_keeps_clouds_apart() -> None:
    pytest.importorskip("umap")
    clouds = cells(80)
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1]  # noqa: NPY002
    first, again = (cell_map(clouds, projection="umap") for _ in range(2))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.testing.assert_array_equal(first.coordinates, again.coordinates)
    other = cell_map(clouds, projection="umap", seed=1)
    assert (first.coordinates != other.coordinates).any()
    distances = _distances(first.coordinates)
    side = clouds.cell_types == "a"
    assert distances[side][:, side].max() < distances[side][:, ~side].min()
