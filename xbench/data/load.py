"""One door to all data: by name, or from a user's own files."""

import logging
import os
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from xbench.data.dataset import Dataset
from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.errors import XbenchError, XbenchWarning

_LOG = logging.getLogger(__name__)


def load_dataset(
    name: str | None = None,
    data: str | os.PathLike[str] | None = None,
    *,
    labels: str | os.PathLike[str] | None = None,
    cell_type_key: str = "cell_type",
    binarize: bool = False,
    variable_genes: int | None = None,
    minimum_open_share: float | None = None,
    genome: str | None = None,
    gtf: str | os.PathLike[str] | None = None,
    donor_key: str | None = None,
    split_seed: int = 0,
) -> Dataset:
    """Load a dataset by its name, from files of your own, or a named one from another place.

    Parameters
    ----------
    name
        A dataset that `xbench list datasets` shows.
    data
        A file or folder (see `xbench.data.multiome.read_multiome`), called after its name; together
        with `name`, the place of that dataset's files.
    labels, cell_type_key, binarize, variable_genes, minimum_open_share, genome, gtf, donor_key
        What is to be made of them; see `xbench.data.read_options.ReadOptions`.
    split_seed
        Seed of the split into training, validation and test.

    Raises
    ------
    XbenchError
        An unknown name, a file that is absent or wrong, or neither name nor file.

    Examples
    --------
    >>> import xbench
    >>> xbench.load_dataset("mnist-binary").split.train.size
    1269
    """
    reading = ReadOptions(
        path=None if data is None else Path(data),
        labels=None if labels is None else Path(labels),
        cell_type_key=cell_type_key,
        binarize=binarize,
        variable_genes=variable_genes,
        minimum_open_share=minimum_open_share,
        genome=genome,
        gtf=None if gtf is None else Path(gtf),
        donor_key=donor_key,
        split_seed=split_seed,
    )
    return load_reading(name, reading)


def load_reading(name: str | None, reading: ReadOptions) -> Dataset:
    """Load a registered dataset or, without a name, the user's own files.

    Parameters
    ----------
    name
        A dataset that `xbench list datasets` shows, or None.
    reading
        Where the data are, and what is to be made of them.

    Raises
    ------
    XbenchError
        See `load_dataset`.

    Examples
    --------
    >>> load_reading("mnist-binary", ReadOptions(split_seed=1)).n_cells
    1984
    """
    started = time.perf_counter()
    dataset = _loaded(name, reading)
    _LOG.info(
        "read %s%s: %d cells, %d features, %d outputs, in %.1f s",
        dataset.name,
        "" if reading.path is None else f" from {reading.path}",
        dataset.n_cells,
        dataset.n_features,
        dataset.n_outputs,
        time.perf_counter() - started,
    )
    return dataset


def _loaded(name: str | None, reading: ReadOptions) -> Dataset:
    if name is not None:
        # Imported here: the registry knows the datasets, which know this package.
        from xbench.registry.find import dataset_source

        return dataset_source(name).load(reading)
    if reading.path is None:
        raise XbenchError("no dataset: give a name (see xbench list datasets) or --data FILE")
    from xbench.data.multiome import read_multiome

    # A folder is called by its whole name: what follows a dot in it is no suffix.
    place = reading.path.resolve()
    name = place.name if place.is_dir() else place.stem
    from xbench.data.array_files import is_array_file, read_array_file

    if is_array_file(reading.path):
        return read_array_file(reading.path, name, reading)
    dataset = read_multiome(reading.path, name=name, reading=reading)
    _tell_of_truth(reading.path)
    return dataset


def _tell_of_truth(path: Path) -> None:
    """Warn where a simulation is read as one's own data, which nobody knows the truth of."""
    if path.suffix != ".h5mu":
        return
    from xbench.data.multiome.mudata import holds_truth
    from xbench.data.open_files import opened_hdf5

    with opened_hdf5(path) as file:
        simulated = holds_truth(file)
    if simulated:
        warnings.warn(
            f"{path}: holds the truth of a simulation, and is read without it, as one's own data "
            "are; add --dataset simulated-multiome, or --dataset simulated-multiome-sparse, to "
            "score by it",
            XbenchWarning,
            stacklevel=2,
        )


@dataclass(frozen=True)
class DataChoice:
    """Which dataset, and how its files are to be read.

    Parameters
    ----------
    name
        A registered dataset; None for a user's files, or, without a path, for the task's own.
    reading
        Where the files are, and what is to be made of them.
    held
        Data that are in memory, instead of both.
    """

    name: str | None = None
    reading: ReadOptions = AS_IT_IS
    held: Dataset | None = None

    def or_of(self, dataset: str) -> "DataChoice":
        """Return this choice, or that dataset where nothing is chosen."""
        chosen = self.held is not None or self.name is not None or self.reading.path is not None
        return self if chosen else replace(self, name=dataset)

    def absolute(self) -> "DataChoice":
        """Return the same choice, by paths that do not depend on the current folder."""
        reading = self.reading
        path, labels, gtf = (
            one and one.absolute() for one in (reading.path, reading.labels, reading.gtf)
        )
        genome = reading.genome
        if genome is not None and Path(genome).is_file():
            genome = str(Path(genome).absolute())
        chosen = replace(reading, path=path, labels=labels, gtf=gtf, genome=genome)
        return replace(self, reading=chosen)

    def load(self) -> Dataset:
        """Read the data."""
        return self.held if self.held is not None else load_reading(self.name, self.reading)
