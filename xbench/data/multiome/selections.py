"""A copy of a user's MuData file that says which of its peaks were chosen for which target."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from anndata.io import write_elem

from xbench.data.multiome.mudata import read_part
from xbench.data.open_files import opened_hdf5
from xbench.errors import XbenchError
from xbench.utils.files import cannot_write, sweep, temporary_beside


def write_selections(
    source: Path, copy: Path, columns: Mapping[str, Mapping[str, float]], made_by: str
) -> None:
    """Copy a .h5mu file and add columns to the table of its peaks, all or nothing.

    Parameters
    ----------
    source
        A .h5mu file with a modality ``atac``.
    copy
        Where the copy goes; a file that is there is replaced. Never the source itself.
    columns
        Name of each new column of ``mod['atac'].var``, and its values by peak; 0 for all others.
    made_by
        How the columns came about, kept in ``mod['atac'].uns['xbench']``.

    Raises
    ------
    XbenchError
        Where the file is no such file, lacks one of the peaks, or the copy cannot be written.
    """
    if copy.suffix != ".h5mu" or source.suffix != ".h5mu":
        raise XbenchError(f"{copy}: only .h5mu files are copied; give a name that ends in .h5mu")
    if copy.exists() and copy.samefile(source):
        raise XbenchError(f"{copy}: is the data itself; give the copy another name")
    with opened_hdf5(source) as file:
        if "mod/atac/var" not in file:
            raise XbenchError(f"{source}: has no modality 'atac'; give a .h5mu file with one")
        peaks: pd.DataFrame = read_part(file["mod/atac"], "var", str(source))
    for name, values in columns.items():
        unknown = sorted(set(values) - set(peaks.index))
        if unknown:
            raise XbenchError(f"{source}: has no peak {unknown[0]!r} ({len(unknown)} of {name})")
        peaks[name] = np.array([values.get(peak, 0.0) for peak in peaks.index])
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        sweep(copy.parent, f".{copy.name}.")
        beside = temporary_beside(copy)
        try:
            shutil.copyfile(source, beside)
            with h5py.File(beside, "r+") as written:
                write_elem(written, "mod/atac/var", peaks)
                note = {"made_by": made_by, "columns": np.array(list(columns), dtype=str)}
                write_elem(written["mod/atac"].require_group("uns"), "xbench", note)
            beside.replace(copy)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(copy, error) from error
