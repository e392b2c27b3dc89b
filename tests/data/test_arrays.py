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


MISSING = [None, np.nan, pd.NA, "", "NA", "nan", "None", " null "]


@pytest.mark.parametrize("nothing", MISSING, ids=repr)
@pytest.mark.parametrize("kind", ["array", "list", "category", "obs"])
def test_a_row_without_a_class_is_refused(nothing: Any, kind: str) -> None:
    labels = [nothing, *CLASSES[1:-1].tolist(), nothing]
    x: Any = X
    y: Any = np.array(labels, dtype=object)
    if kind == "list":
        y = labels
    elif kind == "category":
        y = pd.Series(labels, dtype=object).astype("category")
    elif kind == "obs":
        rows = pd.Index(map(str, range(40)))
        frame = pd.DataFrame({"kind": pd.Categorical(labels)}, index=rows)
        x, y = AnnData(X, obs=frame), "kind"
    word = nothing.strip() if isinstance(nothing, str) else ""
    written = rf" \(written '{word}'\)" if word else ""
    said = f"y has no class in 2 of 40 rows{written}; leave these rows out, or name their class"
    with pytest.raises(XbenchError, match=said):
        dataset_of(x, y)


def test_a_number_that_is_missing_among_classes_is_refused() -> None:
    numbers: list[Any] = [0, 1] * 19
    for missing in ([None, 1], [pd.NA, 1]):
        with pytest.raises(XbenchError, match="y has no class in 1 of 40 rows;"):
            dataset_of(X, numbers + missing)
    with pytest.raises(XbenchError, match="y has no class in 1 of 40 rows;"):
        dataset_of(X, np.array([*numbers, np.nan, 1]), kind="classes")


@pytest.mark.parametrize("end", ["csv", "tsv"])
def test_a_blank_class_of_a_table_is_refused(tmp_path: Path, end: str) -> None:
    labels = ["", "NA", *CLASSES[2:]]
    frame = pd.DataFrame(X, columns=NAMES).assign(label=labels)
    frame.to_csv(tmp_path / f"x.{end}", index=False, sep="\t" if end == "tsv" else ",")
    with pytest.raises(XbenchError, match="y has no class in 2 of 40 rows; leave these rows out"):
        xbench.load_dataset(data=tmp_path / f"x.{end}")


ROWS = pd.Index([f"cell {number}" for number in range(40)])
SHUFFLED = np.random.default_rng(1).permutation(40)


@pytest.mark.parametrize("index", [ROWS, pd.RangeIndex(40), pd.Index([0.5 + n for n in range(40)])])
@pytest.mark.parametrize("kind", ["frame", "AnnData", "dictionary"])
def test_rows_are_matched_by_the_index_that_both_have(index: pd.Index, kind: str) -> None:
    frame = pd.DataFrame(X, columns=NAMES, index=index)
    x: Any = frame
    if kind == "AnnData":
        x = AnnData(X, obs=pd.DataFrame(index=index.map(str)))
    elif kind == "dictionary":
        x = {"one": frame[NAMES[:3]], "two": frame[NAMES[3:]].iloc[SHUFFLED]}
    numbers = pd.Series(X[:, 0], index=index)
    classes = pd.Series(CLASSES, index=index)
    table = pd.DataFrame({"a": X[:, 0], "b": X[:, 1]}, index=index)
    for y in (numbers, numbers.iloc[SHUFFLED], table.iloc[SHUFFLED]):
        found = dataset_of(x, y)
        assert found.Y is not None
        assert np.array_equal(found.Y.toarray()[:, 0], X[:, 0])
        assert np.array_equal(found.X, X)
    assert dataset_of(x, classes.iloc[SHUFFLED]).cell_types.tolist() == CLASSES.tolist()
    # What has no index is taken as it comes.
    assert dataset_of(x, CLASSES).cell_types.tolist() == CLASSES.tolist()
    assert dataset_of(X, classes.iloc[::-1]).cell_types.tolist() == CLASSES[::-1].tolist()


def test_rows_that_cannot_be_matched_are_refused() -> None:
    frame = pd.DataFrame(X, columns=NAMES, index=ROWS)
    with pytest.raises(XbenchError, match=r"y: row '0' of its index is not in that of X; give "):
        dataset_of(frame, pd.Series(CLASSES))
    twice = ["same", "same", *ROWS[2:]]
    doubled = frame.set_axis(twice)
    assert dataset_of(doubled, pd.Series(CLASSES, index=twice)).n_cells == 40
    with pytest.raises(XbenchError, match="y: its index differs from that of X, and label 'same'"):
        dataset_of(doubled, pd.Series(CLASSES, index=twice[::-1]))
    with pytest.raises(XbenchError, match=r"own-data: b: row '0' of its index"):
        dataset_of({"a": frame, "b": pd.DataFrame(X)})


def test_two_columns_of_one_name_are_told() -> None:
    frame = pd.DataFrame(X, columns=["a", "a", *NAMES[2:]])
    with pytest.raises(XbenchError, match="feature 'a' occurs 2 times"):
        dataset_of(frame, CLASSES)
    with pytest.raises(XbenchError, match="feature 'y' occurs 2 times"):
        dataset_of(X, pd.DataFrame(X[:, :2], columns=["y", "y"]))


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
