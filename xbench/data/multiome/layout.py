"""Which layout a path has, by what it is and what is in it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from xbench.data.multiome.cellranger import read_tenx_h5
from xbench.data.multiome.mtx import MATRIX, read_mtx_folder
from xbench.data.multiome.mudata import read_h5ad_pair, read_h5mu, read_joint_h5ad
from xbench.data.multiome.raw import RawMultiome, without_genome_in_symbols
from xbench.data.multiome.reference import MATRICES, read_reference_files
from xbench.data.multiome.zarr_stores import read_zarr, read_zarr_pair
from xbench.data.open_files import require_regular
from xbench.data.open_zarr import is_zarr
from xbench.errors import XbenchError


class Layout(NamedTuple):
    """A way to store peaks and genes of the same cells; `stays`: matrices may stay in the file."""

    name: str
    pattern: re.Pattern[str]
    read: Callable[..., RawMultiome]
    stays: bool = False


# Files by their own name, folders by the name of a file in them.
FILES = (
    Layout("a MuData file (.h5mu)", re.compile(r".*\.h5mu"), read_h5mu, True),
    Layout(
        "a feature-barcode matrix of CellRanger ARC (.h5)",
        re.compile(r".*\.h5"),
        read_tenx_h5,
        True,
    ),
    Layout(
        "an AnnData file with peaks and genes (.h5ad)",
        re.compile(r".*\.h5ad"),
        read_joint_h5ad,
        True,
    ),
)
STORE = Layout("a zarr store of MuData or AnnData", re.compile(r".*\.zarr"), read_zarr, True)
FOLDERS = (
    Layout("a folder with atac.h5ad and rna.h5ad", re.compile(r".*\.h5ad"), read_h5ad_pair, True),
    Layout("a folder with atac.zarr and rna.zarr", re.compile(r".*\.zarr"), read_zarr_pair, True),
    Layout("a folder with matrix.mtx, features.tsv and barcodes.tsv", MATRIX, read_mtx_folder),
    Layout(
        "a folder with train_atac.npz, train_rna.npz and their tables",
        re.compile("|".join(map(re.escape, MATRICES.values()))),
        read_reference_files,
    ),
)


def find_layout(path: Path) -> Layout:
    """Return the layout of a file or folder.

    Raises
    ------
    XbenchError
        There is nothing at the path, or it has none of the layouts, or two at once.

    Examples
    --------
    >>> find_layout(Path("absent.h5mu"))
    Traceback (most recent call last):
    xbench.errors.XbenchError: absent.h5mu: no such file or folder; give the path of your data
    """
    try:
        if path.is_dir():
            return _of_folder(path)
        if not path.exists():
            raise XbenchError(f"{path}: no such file or folder; give the path of your data")
        require_regular(path)
    except PermissionError as error:
        raise XbenchError(f"{path}: may not be read; give yourself leave to read it") from error
    for layout in FILES:
        if layout.pattern.fullmatch(path.name):
            return layout
    # A zarr store is a folder: a file of that name is none of several.
    several = path.suffix != ".zarr"
    if several and any(layout.pattern.fullmatch(path.name) for layout in FOLDERS):
        raise XbenchError(f"{path}: is one file of several; give the folder that holds all of them")
    raise _no_layout(path)


def read_raw(path: Path, *, stays: bool = False) -> RawMultiome:
    """Read a file or folder of any layout, as it is.

    Parameters
    ----------
    path
        The file or folder.
    stays
        Whether its matrices stay in it (`xbench.data.stored_matrix`), where the layout allows.

    Raises
    ------
    XbenchError
        It has no layout, or a file is damaged or lacks a part.
    """
    layout = find_layout(path)
    return without_genome_in_symbols(
        layout.read(path, stays=True) if stays and layout.stays else layout.read(path)
    )


def _of_folder(folder: Path) -> Layout:
    if is_zarr(folder):
        return STORE
    # Hidden files, such as a Mac's ._ files, are passed over.
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    found = [layout for layout in FOLDERS if any(layout.pattern.fullmatch(name) for name in names)]
    if len(found) > 1:
        raise XbenchError(
            f"{folder}: could be {' or '.join(layout.name for layout in found)}; give a folder "
            "with the files of one"
        )
    if found:
        return found[0]
    files = [name for name in names if any(layout.pattern.fullmatch(name) for layout in FILES)]
    hint = f"; did you mean {folder / files[0]}?" if files else ""
    raise _no_layout(folder, hint)


def _no_layout(path: Path, hint: str = "") -> XbenchError:
    readable = "; ".join(layout.name for layout in (*FILES, STORE, *FOLDERS))
    return XbenchError(f"{path}: none of the layouts that are read: {readable}{hint}")
