"""Layout: a folder with two AnnData files, ``*atac.h5ad`` (peaks) and ``*rna.h5ad`` (genes)."""

from __future__ import annotations

import re
from pathlib import Path

from xbench.data.multiome.files import opened_hdf5
from xbench.data.multiome.mudata import read_modality
from xbench.data.multiome.raw import Modality, RawMultiome
from xbench.errors import XbenchError


def read_h5ad_pair(folder: Path) -> RawMultiome:
    """Read the two files of a folder; other .h5ad files in it are left alone.

    Raises
    ------
    XbenchError
        Not exactly one file of each modality, or one of them is damaged or lacks a part.
    """
    return RawMultiome(_modality(folder, "atac"), _modality(folder, "rna"))


def _modality(folder: Path, name: str) -> Modality:
    path = _file_of(folder, name)
    with opened_hdf5(path) as file:
        return read_modality(file, str(path))


def _file_of(folder: Path, modality: str) -> Path:
    """Return the one file called ``atac.h5ad``, or ending in that after a separator."""
    named = re.compile(rf"(.*[._-])?{modality}\.h5ad", re.IGNORECASE)
    present = sorted(path.name for path in folder.glob("*.h5ad"))
    found = [name for name in present if named.fullmatch(name)]
    if len(found) == 1:
        return folder / found[0]
    if found:
        raise XbenchError(
            f"{folder}: {len(found)} files of {modality}: {', '.join(found)}; give a folder with "
            "one file of peaks and one of genes"
        )
    raise XbenchError(
        f"{folder}: no file {modality}.h5ad, nor one ending in _{modality}.h5ad; there are: "
        f"{', '.join(present)}; name peaks atac.h5ad and genes rna.h5ad"
    )
