"""What is written to disk: the cache, the gene table, contacts and loops."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from xbench.data.dataset import Dataset
from xbench.data.load import load_dataset
from xbench.data.read_options import ReadOptions
from xbench.datasets.simulated_multiome import SimulatedMultiome, SimulatedSmall
from xbench.errors import XbenchError, XbenchWarning
from xbench.simulation.gene_positions import gene_table
from xbench.simulation.known_regulation import Truth, truth_of, truth_table
from xbench.simulation.parameters import Parameters, simulated_file
from xbench.simulation.response import HIDDEN
from xbench.simulation.simulate import Simulation
from xbench.simulation.simulated_cell_types import CELL_TYPES
from xbench.simulation.simulated_contacts import write_contacts, write_maps_by_type
from xbench.simulation.simulation_files import (
    ensure_simulated,
    read_simulation,
    simulated_dataset,
    write_simulation,
)

TINY = Parameters(n_cells=160, n_peaks=2000, n_genes=60)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path))
    return tmp_path


def test_real_coordinates() -> None:
    genes = gene_table()
    place = {
        str(genes.names[row]): (int(genes.chrom[row]) + 1, int(genes.start[row]))
        for row in range(len(genes))
    }
    # From Ensembl's hg38 (1-based there).
    assert place["GAD1"] == (2, 170_813_213 - 1)
    assert place["MOG"][0] == 6
    assert place["OLIG2"][0] == place["OLIG1"][0] == 21
    assert genes.chromosome_lengths.sum() == 3_088_269_832
    assert (genes.end <= genes.chromosome_lengths[genes.chrom]).all()


def test_read_as_ones_own_it_says_how_to_be_scored_by_the_truth(cache: Path) -> None:
    path = ensure_simulated(TINY)
    with pytest.warns(XbenchWarning, match="holds the truth .* add --dataset simulated-multiome"):
        assert truth_of(load_dataset(data=path)) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error", XbenchWarning)
        assert truth_of(load_dataset("simulated-multiome", data=path)) is not None


def test_it_is_made_once_and_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ensure_simulated(TINY)
    assert path == simulated_file(TINY)
    assert path.parent == cache / "simulations"
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    monkeypatch.setattr("xbench.simulation.simulation_files.simulate", None)
    first, second = simulated_dataset(TINY), simulated_dataset(TINY)
    assert first.digest == second.digest
    assert simulated_file(Parameters(160, 2000, 60, seed=2)) != path


def test_a_failed_write_leaves_nothing(
    small: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mudata.MuData.write_h5mu", full)
    with pytest.raises(XbenchError, match="No space left"):
        write_simulation(tmp_path / "new" / "small.h5mu", small)
    assert list((tmp_path / "new").iterdir()) == []


def test_reading_gives_what_was_simulated(
    small: Simulation, dataset: Dataset, truth: Truth
) -> None:
    assert (small.open_peaks != dataset.X).nnz == 0
    assert dataset.outputs is not None
    assert dataset.output_features.names.tolist() == small.genes.names.tolist()
    assert dataset.cell_types.tolist() == small.cell_types.tolist()
    assert dataset.genome == "hg38"
    for name, array in small.truth.arrays().items():
        assert np.array_equal(truth.arrays()[name], array), name
        assert truth.arrays()[name].dtype == array.dtype


def test_another_file_is_no_simulation(dataset: Dataset, tmp_path: Path) -> None:
    import mudata
    from anndata import AnnData

    path = tmp_path / "other.h5mu"
    assert dataset.outputs is not None
    rna = AnnData(np.ones(dataset.outputs.shape), dataset.outputs.obs, dataset.outputs.var)
    atac = AnnData(dataset.X, dataset.inputs.obs, dataset.inputs.var)
    mudata.MuData({"atac": atac, "rna": rna}).write_h5mu(path)
    with pytest.raises(XbenchError, match="holds no truth"):
        read_simulation(path)


def test_a_hidden_state_that_is_damaged_is_refused_by_its_file(cache: Path) -> None:
    path = ensure_simulated(replace(TINY, sparse=True))
    with h5py.File(path, "r+") as file:
        del file[f"mod/atac/layers/{HIDDEN}/indices"]
    with pytest.raises(XbenchError, match=f"{path.name} cannot be read .*; get or write"):
        read_simulation(path)


# Other tests read simulations by name; this one makes one that is three times as large as they
# need.
@pytest.mark.slow
def test_as_a_dataset_by_name(cache: Path) -> None:
    source = SimulatedSmall()
    assert source.available() is None
    assert source.fetch()[0].parent == cache / "simulations"
    loaded = source.load()
    assert repr(loaded) == (
        "Dataset('simulated-multiome-small', 800 cells x 6000 features, 200 outputs)"
    )
    assert truth_of(loaded) is not None
    assert source.load(ReadOptions(path=source.fetch()[0])).digest == loaded.digest
    with pytest.raises(XbenchError, match="leave out the path"):
        source.load(ReadOptions(path=cache / "absent.h5mu"))
    assert SimulatedMultiome().parameters() == Parameters()


def test_contacts_and_loops(dataset: Dataset, tmp_path: Path) -> None:
    cooler = pytest.importorskip("cooler")
    files = write_contacts(dataset, tmp_path / "hic")
    again = write_contacts(dataset, tmp_path / "again")
    assert files.loops.read_bytes() == again.loops.read_bytes()
    contacts = cooler.Cooler(str(files.contacts))
    pixels = contacts.pixels()[:]
    assert pixels.equals(cooler.Cooler(str(again.contacts)).pixels()[:])
    chrom = contacts.bins()[:]["chrom"].to_numpy()
    assert (chrom[pixels["bin1_id"]] == chrom[pixels["bin2_id"]]).all()
    step = pixels["bin2_id"] - pixels["bin1_id"]
    by_step = pixels.groupby(step)["count"].sum()
    assert by_step[1] > 5 * by_step[10] > 25 * by_step[90]
    assert pixels_of_links(dataset, contacts).mean() > 5


# A map of each cell type; that CREs touch their promoters is shown above, in one of all.
@pytest.mark.slow
def test_a_cre_touches_its_promoter_in_the_types_in_which_it_is_open(
    dataset: Dataset, tmp_path: Path
) -> None:
    cooler = pytest.importorskip("cooler")
    maps = write_maps_by_type(dataset, tmp_path)
    assert set(maps) == set(CELL_TYPES)
    far = far_links(dataset)
    cells = dataset.X[:, far["feature"].to_numpy()]
    share = {
        one: np.asarray(cells[dataset.cell_types == one].mean(axis=0)).ravel() for one in CELL_TYPES
    }
    largest = np.max(list(share.values()), axis=0)
    active, silent = [], []
    for cell_type in CELL_TYPES:
        reads = pixels_of_links(dataset, cooler.Cooler(str(maps[cell_type])))
        active += reads[share[cell_type] > 0.8 * largest].tolist()
        silent += reads[share[cell_type] < 0.2 * largest].tolist()
    assert min(len(active), len(silent)) > 5
    assert np.mean(active) > 4 * np.mean(silent)


def far_links(dataset: Dataset) -> pd.DataFrame:
    """CREs so far from their genes that distance alone expects less than 2 reads."""
    table = truth_table(dataset)
    assert dataset.outputs is not None
    tss = dataset.outputs.var["start"].loc[table["gene"]].to_numpy()
    return table[np.abs(table["start"] - tss) > 1_500_000]


def pixels_of_links(dataset: Dataset, contacts: object) -> np.ndarray:
    """Reads between far CREs and their promoters."""
    far = far_links(dataset)
    assert dataset.outputs is not None
    tss = dataset.outputs.var["start"].loc[far["gene"]].to_numpy()
    reads = [
        contacts.matrix(balance=False).fetch(  # type: ignore[attr-defined]
            f"{chrom}:{peak}-{peak + 1}", f"{chrom}:{start}-{start + 1}"
        )[0, 0]
        for chrom, peak, start in zip(far["chrom"], far["start"], tss, strict=True)
    ]
    assert len(reads) > 5
    return np.array(reads)


def test_most_loops_are_true_and_some_are_not(dataset: Dataset, tmp_path: Path) -> None:
    pytest.importorskip("cooler")
    columns = ["chrom1", "start1", "end1", "chrom2", "start2", "end2", "gene", "score"]
    loops = pd.read_csv(
        write_contacts(dataset, tmp_path).loops, sep="\t", header=None, names=columns
    )
    table = truth_table(dataset)
    true = set(zip(table["gene"], table["start"], strict=True))
    is_true = np.array([link in true for link in zip(loops["gene"], loops["start1"], strict=True)])
    assert 0.7 < is_true.sum() / len(table) < 0.9
    # Fewer wrong ones than at full size, where a CRE's neighbours are rarely the gene's own.
    assert 0.8 < is_true.mean() < 0.97
