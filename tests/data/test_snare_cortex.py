"""Facts of the real file, counted by h5py and SciPy from what its README says."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.data.read_options import ReadOptions
from xbench.datasets.snare_cortex import SnareCortex

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("XBENCH_SHARED", REPOSITORY.parent / "shared"))
FILE = SHARED / "data" / "snare_cortex.h5mu"
GENES = [
    "Gad1",
    "Gad2",
    "Nxph1",
    "Olig1",
    "Flt1",
    "Aldh1a1",
    "Mobp",
    "Mog",
    "Cx3cr1",
    "Apbb1ip",
    "Gja1",
]

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason=f"{FILE} is not here; set XBENCH_SHARED")


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return SnareCortex().load(ReadOptions(path=FILE))


def test_it_is_found_in_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XBENCH_DATA", str(FILE.parent))
    assert SnareCortex().available() is None
    assert SnareCortex().find() == FILE


def test_size(dataset: Dataset) -> None:
    assert dataset.X.shape == (10_309, 25_734)
    assert dataset.Y is not None
    assert dataset.Y.shape == (10_309, 1_677)
    assert len(set(dataset.cell_types)) == 15
    assert isinstance(dataset.X, sparse.csr_matrix)
    assert dataset.X.nnz / 10_309 == pytest.approx(98.8, abs=0.05)
    assert set(dataset.X.data) == {1}
    assert dataset.genome == "mm10"


def test_expression_is_that_of_the_file(dataset: Dataset) -> None:
    with h5py.File(FILE) as file:
        stored = file["mod/rna/X"]
        parts = (stored[part][:] for part in ("data", "indices", "indptr"))
        counts = sparse.csr_matrix(tuple(parts), shape=(10_309, 1_677)).astype(np.float64)
    shares = sparse.diags(1e5 / counts.sum(axis=1).A1) @ counts
    assert dataset.Y is not None
    assert abs(dataset.Y - shares.log1p()).max() < 1e-5


def test_marker_genes(dataset: Dataset) -> None:
    for gene in GENES:
        target = dataset.target("Astro", gene.upper())
        assert dataset.output_features.names[target.output] == gene
        assert target.interval is not None
        assert np.isfinite(dataset.features.distance_to(target)).any()


def test_the_paper_s_cell_types(dataset: Dataset) -> None:
    counts = {
        name: len(dataset.rows(name, "all"))
        for name in ("VIP", "SST", "OPC", "Endo", "Astro", "Oligo", "Micro")
    }
    assert counts == {
        "VIP": 129,
        "SST": 206,
        "OPC": 98,
        "Endo": 22,
        "Astro": 444,
        "Oligo": 300,
        "Micro": 63,
    }


def test_chromosomes(dataset: Dataset) -> None:
    expected = [*(f"chr{number}" for number in range(1, 20)), "chrX"]
    assert dataset.features.blocks()[0] == expected
    # The file calls the genes' X chromosome chr20: an X-linked gene must reach X-linked peaks.
    assert dataset.output_features.chrom is not None
    assert set(dataset.output_features.chrom) == {*expected, ""}
    distance = dataset.features.distance_to(dataset.target("Oligo", "Plp1"))
    assert np.isfinite(distance).sum() == 522
