"""A simulation on disk, made once: data, truth, chromatin contacts and loops.

The data are read as any multiome file.
"""

import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.io import read_elem

from xbench.data.dataset import Dataset
from xbench.data.multiome import read_multiome
from xbench.data.multiome.mudata import holds_truth
from xbench.data.open_files import opened_hdf5
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchError
from xbench.simulation import CITATION, LICENCE
from xbench.simulation.gene_positions import Genes
from xbench.simulation.known_regulation import KEY, Truth, truth_table
from xbench.simulation.parameters import (
    CHROMOSOMES,
    OBSERVED,
    Parameters,
    set_folder,
    simulated_file,
)
from xbench.simulation.response import HIDDEN
from xbench.simulation.simulate import Simulation, simulate
from xbench.simulation.simulated_cell_types import CELL_TYPES
from xbench.simulation.simulated_contacts import write_contacts, write_maps_by_type
from xbench.utils.files import cannot_write, write_text
from xbench.utils.locks import locked
from xbench.utils.progress import SILENT, Progress


def ensure_simulated(parameters: Parameters) -> Path:
    """Return the file of a simulation, making it where it is not there yet.

    Raises
    ------
    XbenchError
        Parameters that cannot be met, or a folder that cannot be written.
    """
    path = simulated_file(parameters)
    if not path.is_file():
        write_simulation(path, simulate(parameters))
    return path


def write_simulation(path: Path, simulation: Simulation) -> None:
    """Write an .h5mu file, whole or not at all: modalities atac (with the truth in uns) and rna.

    Raises
    ------
    XbenchError
        Where the folder cannot be written or the disk is full.
    """
    import mudata

    obs = pd.DataFrame(
        {"cell_type": simulation.cell_types, **simulation.cell_columns},
        index=[f"cell-{number:06d}" for number in range(len(simulation.cell_types))],
    )
    peaks, genes = _peak_frame(simulation), _gene_frame(simulation.genes)
    with warnings.catch_warnings():
        # mudata warns of defaults that will change; none touches what is written here.
        warnings.simplefilter("ignore")
        atac = AnnData(simulation.open_peaks, obs=obs, var=peaks)
        atac.uns[KEY] = simulation.truth.arrays()
        if simulation.hidden is not None:
            atac.layers[HIDDEN] = simulation.hidden
        rna = AnnData(simulation.counts, obs=obs, var=genes)
        both = mudata.MuData({"atac": atac, "rna": rna})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".simulation-", dir=path.parent) as parts:
                unfinished = Path(parts) / path.name
                both.write_h5mu(unfinished)
                unfinished.replace(path)
        except OSError as error:
            raise cannot_write(path, error) from error


def read_simulation(path: Path, name: str = OBSERVED.name, split_seed: int = 0) -> Dataset:
    """Read a simulation's file, its truth too.

    Raises
    ------
    XbenchError
        Where it is no such file.
    """
    dataset = read_multiome(
        path,
        name=name,
        reading=ReadOptions(split_seed=split_seed),
        genome="hg38",
        citation=CITATION,
        licence=LICENCE,
    )
    _add_truth(dataset, path)
    return dataset


def simulated_dataset(
    parameters: Parameters, name: str = "", path: Path | None = None, split_seed: int = 0
) -> Dataset:
    """Return a simulation as a dataset, from `path` or the cache, making it where it is absent.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     os.environ["XBENCH_CACHE"] = folder
    ...     small = simulated_dataset(Parameters(n_cells=160, n_peaks=2000, n_genes=60))
    ...     del os.environ["XBENCH_CACHE"]
    >>> small
    Dataset('simulated-multiome', 160 cells x 2000 features, 60 outputs)
    """
    chosen = path or ensure_simulated(parameters)
    return read_simulation(chosen, name or parameters.design.name, split_seed)


def _add_truth(dataset: Dataset, path: Path) -> None:
    """Add what only a simulation's file holds: the truth, a hidden state, donors and batches."""
    with opened_hdf5(path) as file:
        if not holds_truth(file):
            raise XbenchError(f"{path}: holds no truth; it is no file of simulated-multiome")
        atac = file["mod/atac"]
        dataset.inputs.uns[KEY] = Truth.from_arrays(read_elem(atac[f"uns/{KEY}"])).arrays()
        if f"layers/{HIDDEN}" in atac:
            dataset.inputs.layers[HIDDEN] = read_elem(atac[f"layers/{HIDDEN}"])
        known = read_elem(atac["obs"])
        for name in known.columns.difference(dataset.inputs.obs.columns):
            dataset.inputs.obs[name] = known[name].to_numpy(dtype=str)


def _peak_frame(simulation: Simulation) -> pd.DataFrame:
    peaks = simulation.peaks
    chrom = np.array(CHROMOSOMES)[peaks.chrom]
    places = {"chrom": chrom, "start": peaks.start, "end": peaks.end}
    return pd.DataFrame(places, index=peaks.names())


def _gene_frame(genes: Genes) -> pd.DataFrame:
    chrom = np.array(CHROMOSOMES)[genes.chrom]
    return pd.DataFrame({"chrom": chrom, "start": genes.start, "end": genes.end}, index=genes.names)


def ensure_whole_set(parameters: Parameters, progress: Progress = SILENT) -> tuple[Path, ...]:
    """Return the files of a simulation, making those that are not there yet.

    They are the ``.h5mu`` file and, in a folder of its name beside it, ``truth.tsv`` (a row a CRE:
    see `xbench.simulation.known_regulation.truth_table`), ``loops.bedpe`` and ``contacts.cool``;
    the last only where cooler is installed.

    Parameters
    ----------
    parameters
        What is simulated.
    progress
        Told what is being made.

    Raises
    ------
    XbenchError
        Parameters that cannot be met, or a folder that cannot be written.
    """
    path, folder = simulated_file(parameters), set_folder(parameters)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / ".lock", lambda: progress.said("another process makes it; waiting")):
            if not path.is_file():
                progress.said("simulating cells, peaks and genes")
            ensure_simulated(parameters)
            return (path, *_beside(path, folder, progress))
    except OSError as error:
        raise cannot_write(path, error) from error


def ensure_maps_by_type(parameters: Parameters) -> dict[str, Path]:
    """Return a contact map of each cell type, made if need be; none where cooler is missing.

    They are in the folder ``maps`` beside ``contacts.cool``.

    Parameters
    ----------
    parameters
        What is simulated.

    Raises
    ------
    XbenchError
        Parameters that cannot be met, or a folder that cannot be written.
    """
    path, *_ = ensure_whole_set(parameters)
    folder = set_folder(parameters) / "maps"
    if find_spec("cooler") is None:
        return {}
    try:
        folder.mkdir(exist_ok=True)
        with locked(folder / ".lock"):
            found = {file.stem: file for file in sorted(folder.glob("*.cool"))}
            if set(found) >= set(CELL_TYPES):
                return found
            return write_maps_by_type(read_simulation(path), folder)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _beside(path: Path, folder: Path, progress: Progress) -> list[Path]:
    names = ["truth.tsv", "loops.bedpe", "contacts.cool"]
    if find_spec("cooler") is None:
        without = names.pop()
        progress.said(f"no {without}: cooler is missing; pip install 'xbench-explain[hic]'")
    files = [folder / name for name in names]
    if not all(file.is_file() for file in files):
        progress.said(f"writing {', '.join(names)}")
        dataset = read_simulation(path)
        write_text(files[0], truth_table(dataset).to_csv(sep="\t", index=False))
        write_contacts(dataset, folder)
    return files
