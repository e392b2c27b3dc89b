"""A simulation on disk: made once, read as any multiome file."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.io import read_elem

from xbench.data.dataset import Dataset
from xbench.data.multiome import read_multiome
from xbench.data.options import Reading
from xbench.errors import XbenchError
from xbench.simulation import CITATION, LICENCE
from xbench.simulation.genes import Genes
from xbench.simulation.parameters import CHROMOSOMES, Parameters
from xbench.simulation.place import NAME, simulated_file
from xbench.simulation.simulate import Simulation, simulate
from xbench.simulation.truth import KEY, Truth
from xbench.utils.files import cannot_write

_TRUTH = f"mod/atac/uns/{KEY}"


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
        {"cell_type": simulation.cell_types},
        index=[f"cell-{number:06d}" for number in range(len(simulation.cell_types))],
    )
    peaks, genes = _peak_frame(simulation), _gene_frame(simulation.genes)
    with warnings.catch_warnings():
        # mudata warns of defaults that will change; none touches what is written here.
        warnings.simplefilter("ignore")
        atac = AnnData(simulation.open_peaks, obs=obs, var=peaks)
        atac.uns[KEY] = simulation.truth.arrays()
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


def read_simulation(path: Path, name: str = NAME, split_seed: int = 0) -> Dataset:
    """Read a simulation's file, its truth too.

    Raises
    ------
    XbenchError
        Where it is no such file.
    """
    dataset = read_multiome(
        path,
        name=name,
        reading=Reading(split_seed=split_seed),
        genome="hg38",
        citation=CITATION,
        licence=LICENCE,
    )
    dataset.inputs.uns[KEY] = _read_truth(path).arrays()
    return dataset


def simulated_dataset(
    parameters: Parameters, name: str = NAME, path: Path | None = None, split_seed: int = 0
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
    return read_simulation(path or ensure_simulated(parameters), name, split_seed)


def _read_truth(path: Path) -> Truth:
    try:
        with h5py.File(path, "r") as file:
            if _TRUTH not in file:
                raise XbenchError(f"{path}: holds no truth; it is no file of simulated-multiome")
            return Truth.from_arrays(read_elem(file[_TRUTH]))
    except OSError as error:
        raise XbenchError(f"{path}: cannot be read ({error}); simulate it again") from error


def _peak_frame(simulation: Simulation) -> pd.DataFrame:
    peaks = simulation.peaks
    chrom = np.array(CHROMOSOMES)[peaks.chrom]
    places = {"chrom": chrom, "start": peaks.start, "end": peaks.end}
    return pd.DataFrame(places, index=peaks.names())


def _gene_frame(genes: Genes) -> pd.DataFrame:
    chrom = np.array(CHROMOSOMES)[genes.chrom]
    return pd.DataFrame({"chrom": chrom, "start": genes.start, "end": genes.end}, index=genes.names)
