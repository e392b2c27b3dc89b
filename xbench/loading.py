"""One door to all data: by name, or from a user's own file."""

from __future__ import annotations

from pathlib import Path

from xbench.dataset import Dataset
from xbench.errors import XbenchError
from xbench.multiome import read_multiome


def load_dataset(
    name: str | None = None,
    data: str | Path | None = None,
    *,
    binarize: bool = False,
    cell_type_key: str = "cell_type",
    split_seed: int = 0,
) -> Dataset:
    """Load a dataset by its name, from an .h5mu file, or a named one from another place.

    Parameters
    ----------
    name
        A dataset that `xbench list datasets` shows.
    data
        An .h5mu file (see `xbench.multiome.read_multiome`), called after its file name; together
        with `name`, the place of that dataset's file.
    binarize
        Take every ATAC value above 0 as open.
    cell_type_key
        The obs column with the cell type.
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
    path = None if data is None else Path(data)
    if name is not None:
        # Imported here: the registry knows the datasets, which know this package.
        from xbench.registry import dataset_source

        return dataset_source(name).load(
            path=path, binarize=binarize, cell_type_key=cell_type_key, split_seed=split_seed
        )
    if path is None:
        raise XbenchError("no dataset: give a name (see xbench list datasets) or --data FILE.h5mu")
    return read_multiome(
        path,
        name=path.stem,
        binarize=binarize,
        cell_type_key=cell_type_key,
        split_seed=split_seed,
    )
