"""Data of one's own: arrays, frames, AnnData and files become one dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from anndata import AnnData
from scipy import sparse

import xbench
from xbench.data.arrays import dataset_of, place_names
from xbench.errors import XbenchError

X = np.random.default_rng(0).random((40, 6)).astype(np.float32)
NAMES = [f"f{number}" for number in range(6)]
CLASSES = np.array(["b", "a"] * 20)


@pytest.mark.parametrize(
    "given",
    [
        X,
        X.tolist(),
        torch.from_numpy(X),
        sparse.csr_matrix(X),
        sparse.coo_matrix(X),
        pd.DataFrame(X, columns=NAMES),
        AnnData(X, var=pd.DataFrame(index=NAMES)),
    ],
    ids=lambda given: type(given).__name__,
)
def test_inputs_of_any_kind_are_the_same(given: Any) -> None:
    dataset = dataset_of(given, CLASSES)
    values = dataset.X.toarray() if sparse.issparse(dataset.X) else dataset.X
    assert np.array_equal(values, X)
    named = isinstance(given, pd.DataFrame | AnnData)
    assert dataset.features.names.tolist() == (NAMES if named else [str(one) for one in range(6)])
    assert dataset.output_features.names.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (CLASSES, True),
        (np.arange(40) % 3, True),
        (np.arange(40) % 2 == 0, True),
        (np.arange(40), False),
        (np.linspace(0, 1, 40), False),
        (pd.DataFrame({"one": np.arange(40.0), "two": np.zeros(40)}), False),
        (None, False),
    ],
)
def test_classes_and_numbers_are_told_apart(y: Any, classes: bool) -> None:
    dataset = dataset_of(X, y)
    assert dataset.is_classification is classes
    if not classes:
        assert set(dataset.cell_types) == {"all"}
        measured = None if y is None else np.asarray(y, dtype=np.float32).reshape(40, -1)
        assert (dataset.Y is None) == (y is None)
        if measured is not None and dataset.Y is not None:
            assert np.array_equal(dataset.Y.toarray(), measured)


def test_whole_numbers_are_what_they_are_said_to_be() -> None:
    assert not dataset_of(X, np.arange(40) % 3, kind="numbers").is_classification
    assert dataset_of(X, np.arange(40.0) % 3, kind="classes").is_classification


def test_images_are_flattened_in_order_and_named_by_place() -> None:
    images = X.reshape(40, 1, 2, 3)
    dataset = dataset_of(images)
    assert np.array_equal(dataset.X, X)
    for name, column in zip(dataset.features.names, X.T, strict=True):
        place = tuple(map(int, name.split(",")))
        assert np.array_equal(images[(slice(None), *place)], column)
    assert place_names((3,)) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (X[:, 0], None, "numbers of shape"),
        (np.array([["a"]] * 40), None, "numbers of shape"),
        (np.where(X > 0.5, np.nan, X), None, "NaN or infinite"),
        (X, CLASSES[:5], r"y has shape \(5,\) but must have shape \(40,\)"),
        (X, np.full(40, np.nan), "y has NaN"),
        (pd.DataFrame({"a": ["x"] * 40}), None, "column 'a' is no number"),
        ({"a": X, "b": X[:5]}, None, "different numbers of rows"),
        ({}, None, "X is empty"),
        (AnnData(X), "absent", "has no column 'absent'"),
    ],
)
def test_what_does_not_fit_is_refused(x: Any, y: Any, said: str) -> None:
    with pytest.raises(XbenchError, match=said):
        dataset_of(x, y)


def test_files_of_every_kind_hold_the_same_data(tmp_path: Path) -> None:
    frame = pd.DataFrame(X, columns=NAMES).assign(label=CLASSES)
    np.savez(tmp_path / "same.npz", X=X, y=CLASSES, features=np.array(NAMES))
    frame.to_csv(tmp_path / "same.csv", index=False)
    frame.to_csv(tmp_path / "same.tsv", index=False, sep="\t")
    found = {
        xbench.load_dataset(data=tmp_path / f"same.{end}").digest for end in ("npz", "csv", "tsv")
    }
    assert found == {dataset_of(X, CLASSES, features=NAMES).digest}
    frame.rename(columns={"label": "kind"}).to_csv(tmp_path / "other.csv", index=False)
    other = xbench.load_dataset(data=tmp_path / "other.csv", cell_type_key="kind")
    assert {other.digest} == found


def test_parquet_is_read_or_says_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(XbenchError, match=r"needs pyarrow|cannot be read as a table"):
        xbench.load_dataset(data=tmp_path / "x.parquet")


@pytest.mark.parametrize("name", ["x.npz", "x.csv"])
def test_a_damaged_or_pickled_file_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    with pytest.raises(XbenchError, match="no such file"):
        xbench.load_dataset(data=file)
    file.write_bytes(b"\x00\xff\x00")
    with pytest.raises(XbenchError, match="cannot be read"):
        xbench.load_dataset(data=file)
    with pytest.raises(XbenchError, match="leave out --binarize"):
        xbench.load_dataset(data=file, binarize=True)
    np.savez(tmp_path / "objects.npz", X=np.array([{}] * 20, dtype=object))
    with pytest.raises(XbenchError, match="without objects"):
        xbench.load_dataset(data=tmp_path / "objects.npz")
    np.savez(tmp_path / "none.npz", Z=X)
    with pytest.raises(XbenchError, match="has no array 'X'; it holds: Z"):
        xbench.load_dataset(data=tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("name", "shape", "outputs"),
    [("breast-cancer", (569, 30), 2), ("diabetes", (442, 10), 1), ("digits", (1797, 64), 10)],
)
def test_the_tables_of_scikit_learn(name: str, shape: tuple[int, int], outputs: int) -> None:
    pytest.importorskip("sklearn")
    dataset = xbench.load_dataset(name)
    assert (dataset.n_cells, dataset.n_features) == shape
    assert dataset.n_outputs == outputs
    assert dataset.is_classification == (name != "diabetes")
    assert dataset.citation
    assert "BSD" in dataset.licence
    if name != "digits":
        assert np.allclose(dataset.X.mean(axis=0), 0, atol=1e-5)
    with pytest.raises(XbenchError, match="leave out --binarize"):
        xbench.load_dataset(name, binarize=True)
