"""The same cells, peaks and genes are the same dataset, whatever files they came from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xbench.data.dataset import Dataset
from xbench.data.features import Interval
from xbench.data.load import load_dataset
from xbench.data.multiome import read_multiome
from xbench.data.multiome.layout import find_layout
from xbench.data.read_options import ReadOptions

from ...slow_rest import rest_slow
from .small_layouts import WRITERS, small_multiome, write_labels, write_mtx_folder

WITHOUT_TYPES = ("10x h5", "mtx")
CHOICE = {"variable_genes": 2, "minimum_open_share": 0.4}


def read(layout: str, folder: Path, **options: object) -> Dataset:
    data = small_multiome()
    labels = write_labels(data, folder) if layout in WITHOUT_TYPES else None
    reading = ReadOptions(labels=labels, binarize=True, **options)  # type: ignore[arg-type]
    return read_multiome(WRITERS[layout](data, folder), name=layout, reading=reading)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return read("h5mu", tmp_path_factory.mktemp("expected"))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("layout", WRITERS)
def test_content_digest_and_build(layout: str, tmp_path: Path, expected: Dataset) -> None:
    data, dataset = small_multiome(), read(layout, tmp_path)
    assert dataset.features.names.tolist() == data.peaks
    assert dataset.output_features.names.tolist() == data.symbols
    assert dataset.cell_types.tolist() == data.types
    assert dataset.inputs.obs_names.tolist() == data.barcodes
    assert np.array_equal(dataset.X.toarray(), data.atac > 0)  # type: ignore[union-attr]
    assert dataset.Y is not None
    shares = data.rna / data.rna.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(dataset.Y.toarray(), np.log1p(shares * 1e5), rtol=1e-6)
    places = [dataset.output_features.interval(gene) for gene in range(4)]
    assert data.places == [
        None if place is None else (place.chrom, place.start, place.end) for place in places
    ]
    assert dataset.digest == expected.digest
    # Only these files name the build.
    assert dataset.genome == ("hg38" if layout in ("10x h5", "reference") else None)


@pytest.fixture(scope="module")
def expected_choice(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return read("h5mu", tmp_path_factory.mktemp("choice"), **CHOICE)


@pytest.mark.parametrize("layout", rest_slow(WRITERS, ("10x h5", "mtx")))
def test_the_same_choice_of_features(layout: str, tmp_path: Path, expected_choice: Dataset) -> None:
    dataset = read(layout, tmp_path, **CHOICE)
    assert dataset.digest == expected_choice.digest
    # Both markers that are there, though others may vary more.
    assert dataset.output_features.names.tolist() == ["Mog", "GAD1"]
    assert dataset.target("Oligo", "GAD1").interval == Interval("chr2", 1000, 1300)
    assert 0 < dataset.n_features < 6


def test_a_prefix_as_geo_has_it(tmp_path: Path, expected: Dataset) -> None:
    data = small_multiome()
    folder = write_mtx_folder(data, tmp_path, prefix="GSE123_").rename(tmp_path / "cortex v1.2")
    labels = write_labels(data, tmp_path)
    dataset = load_dataset(data=folder, labels=labels, binarize=True)
    assert dataset.digest == expected.digest
    assert dataset.name == "cortex v1.2"


@pytest.mark.parametrize("layout", WRITERS)
def test_every_layout_is_told_apart(layout: str, tmp_path: Path) -> None:
    path = WRITERS[layout](small_multiome(), tmp_path)
    words = {
        "h5mu": "MuData",
        "h5ad pair": "atac.h5ad",
        "10x h5": "CellRanger ARC",
        "mtx": "matrix.mtx",
        "reference": "train_atac.npz",
    }
    assert words[layout] in find_layout(path).name
