"""Layout: one MuData file (.h5mu) with modalities `atac` and `rna`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from xbench.data.multiome.files import opened_hdf5
from xbench.data.multiome.mudata import read_modality, read_part
from xbench.data.multiome.raw import RawMultiome, require_unique
from xbench.errors import XbenchError

MODALITIES = ("atac", "rna")


def read_h5mu(path: Path) -> RawMultiome:
    """Read the modalities `atac` and `rna` of an .h5mu file; others are left alone.

    Raises
    ------
    XbenchError
        The file is not HDF5, cut short, damaged, or lacks a part.
    """
    with opened_hdf5(path) as file:
        if "mod" not in file:
            raise XbenchError(
                f"{path}: not a MuData file (no group 'mod'); write it with mudata's write_h5mu"
            )
        present = list(file["mod"])
        missing = [name for name in MODALITIES if name not in present]
        if missing:
            raise XbenchError(
                f"{path}: no modality {' and '.join(map(repr, missing))}; there are: "
                f"{', '.join(present) or 'none'}; name peaks 'atac' and genes 'rna'"
            )
        atac, rna = (read_modality(file["mod"][name], f"{path}: {name}") for name in MODALITIES)
        obs = read_part(file, "obs", str(path)) if "obs" in file else pd.DataFrame()
    require_unique(obs.index, "barcode", str(path))
    return RawMultiome(atac, rna, obs)
