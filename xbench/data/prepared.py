"""Prepared data in the cache: what is too large for memory, made ready once a machine.

A dataset lies in a folder named by its digest: matrices as plain numbers that every process maps
(`xbench.data.mapped_matrix`), tables in one HDF5 file, and a description with the sizes of all. It
is written beside and takes its name when it is whole. What is there is checked before it is used;
a broken one is as good as absent.
"""

import contextlib
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.io import read_elem, write_elem

from xbench.data.dataset import Dataset
from xbench.data.mapped_matrix import MatrixFiles
from xbench.data.row_blocks import FolderRoom, rows_of_matrix
from xbench.data.splits import Split
from xbench.errors import XbenchError
from xbench.utils.files import (
    bring_back,
    cache_folder,
    cannot_write,
    file_digest,
    replace_folder,
    write_text,
)
from xbench.utils.json import json_page
from xbench.utils.temporaries import sweep, temporary_beside

FORMAT, VERSION = "xbench prepared data", 1
DESCRIPTION, TABLES = "prepared.json", "tables.h5"
_SPLIT = ("train", "validation", "test")
_TOLD = ("name", "genome", "default_surrogate", "citation", "licence")
_LOG = logging.getLogger(__name__)


def prepared_root() -> Path:
    """Return the folder of all prepared data."""
    return cache_folder() / "prepared"


def prepared_folder(digest: str) -> Path:
    """Return where the data of a digest are, or would be."""
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise XbenchError(f"{digest!r}: is no digest of data, which are 64 hexadecimal digits")
    return prepared_root() / digest


def open_prepared(digest: str) -> Dataset | None:
    """Return the data of a digest, mapped; None where this machine does not have them.

    Parameters
    ----------
    digest
        `Dataset.digest`.

    Examples
    --------
    >>> open_prepared(64 * "0") is None
    True
    """
    folder = prepared_folder(digest)
    bring_back(folder)
    if not folder.exists():
        return None
    try:
        return _opened(folder)
    except XbenchError as error:
        _LOG.warning("prepared data are broken and count as absent: %s", error)
        return None


def keep_prepared(dataset: Dataset) -> Path:
    """Write a dataset into the cache, unless it is there, and return its folder.

    Raises
    ------
    XbenchError
        Its inputs are no sparse matrix, or the folder cannot be written.
    """
    folder = prepared_folder(dataset.digest)
    if open_prepared(dataset.digest) is None:
        with draft() as room:
            publish(room, dataset)
    return folder


@contextmanager
def draft() -> Iterator[FolderRoom]:
    """Give a room for matrices that is removed at the end of the block, unless it was published.

    Raises
    ------
    XbenchError
        The cache cannot be written, or the disk is full.
    """
    root = prepared_root()
    folder = temporary_beside(root / "draft")
    try:
        try:
            root.mkdir(parents=True, exist_ok=True)
            sweep(root, ".draft.")
            folder.mkdir()
            yield FolderRoom(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise cannot_write(root / "prepared data", error) from error


def require_room(needed: int, where: str) -> None:
    """Raise `XbenchError` where the disk of the cache has not so many bytes left."""
    root = prepared_root()
    there = next(folder for folder in (root, *root.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise XbenchError(
            f"{where}: takes up to {needed / 1e9:,.1f} GB in {root}, where {free / 1e9:,.1f} GB "
            "are free; free some (xbench data prepared --clear), or set XBENCH_CACHE to a folder "
            "on another disk"
        )


def publish(room: FolderRoom, dataset: Dataset) -> Path:
    """Complete a draft and let it take its name.

    Parameters
    ----------
    room
        Of `draft`; its matrices ``inputs`` and ``outputs``, where there are some, are the
        dataset's own.
    dataset
        What it is.
    """
    described: dict[str, Any] = {
        part: _matrix_in(room, part, matrix)
        for part, matrix in (("inputs", dataset.X), ("outputs", dataset.Y))
        if matrix is not None
    }
    with h5py.File(room.folder / TABLES, "w") as file:
        tables = _write_tables(file, dataset)
    files = sorted(path for path in room.folder.iterdir())
    told = {name: getattr(dataset, name) for name in _TOLD}
    described |= {
        "aliases": dict(dataset.cell_type_aliases),
        "digest": dataset.digest,
        "frames": tables,
        "files": {path.name: _stamp(path) for path in files},
        "tables": file_digest(room.folder / TABLES),
    }
    page = {"format": FORMAT, "version": VERSION, **told, **described}
    write_text(room.folder / DESCRIPTION, json_page(page))
    folder = prepared_folder(dataset.digest)
    replace_folder(room.folder, folder)
    return folder


def _matrix_in(room: FolderRoom, part: str, matrix: Any) -> dict[str, Any]:
    if not hasattr(matrix, "indptr"):
        raise XbenchError(f"{part} are no sparse matrix, so they are not kept prepared")
    if not (room.folder / f"{part}.indptr").exists():
        rows = rows_of_matrix(matrix)
        room.matrix(part, rows, rows.width, matrix.dtype, rows.most)
    return room.files[part].described()


def _stamp(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _write_tables(file: h5py.File, dataset: Dataset) -> dict[str, dict[str, Any]]:
    """Write all but the matrices; return which columns of each table are texts, and of its index.

    Texts that occur many times, such as chromosomes, are read much faster as numbers of texts.
    """
    inputs, outputs = dataset.inputs, dataset.outputs
    frames = {"obs": inputs.obs, "var": inputs.var}
    if outputs is not None:
        frames["genes"] = outputs.var
    kept = {}
    for name, frame in frames.items():
        texts = [str(one) for one in frame.columns if _is_text(frame[one])]
        # Some readers leave a number as the name of an index, which AnnData does not write.
        kept[name] = {"texts": texts, "index": frame.index.name}
        packed = frame.astype(dict.fromkeys(texts, "category")).rename_axis(index=None)
        write_elem(file, name, packed)
    parts: dict[str, Any] = {"uns": dict(inputs.uns), "layers": dict(inputs.layers)}
    parts["cell_types"] = pd.Categorical(dataset.cell_types)
    if dataset.donors is not None:
        parts["donors"] = pd.Categorical(dataset.donors)
    parts |= {name: getattr(dataset.split, name) for name in _SPLIT}
    for name, content in parts.items():
        write_elem(file, name, content)
    return kept


def _is_text(column: pd.Series) -> bool:
    return column.dtype == object and all(isinstance(one, str) for one in column)


def _opened(folder: Path) -> Dataset:
    """Open a folder of prepared data.

    Raises
    ------
    XbenchError
        Anything in it is not as it was written.
    """
    said = read_prepared_description(folder)
    try:
        files = {part: MatrixFiles.of(folder / part, said[part]) for part in _parts(said)}
        matrices = {part: one.open() for part, one in files.items()}
        if file_digest(folder / TABLES) != said["tables"]:
            raise XbenchError(f"{folder / TABLES}: is not what was written")
        with h5py.File(folder / TABLES, "r") as file:
            parts = {name: read_elem(file[name]) for name in file}
        for name, kept in said["frames"].items():
            frame = parts[name].astype(dict.fromkeys(kept["texts"], object))
            parts[name] = frame.rename_axis(index=kept["index"])
        inputs = AnnData(
            matrices["inputs"],
            obs=parts["obs"],
            var=parts["var"],
            uns=parts["uns"],
            layers=parts["layers"],
        )
        outputs = None
        if "outputs" in matrices:
            outputs = AnnData(matrices["outputs"], obs=parts["obs"], var=parts["genes"])
        dataset = Dataset(
            inputs=inputs,
            outputs=outputs,
            cell_types=np.asarray(parts["cell_types"], dtype=str),
            split=Split(*(parts[name] for name in _SPLIT)),
            cell_type_aliases=said["aliases"],
            donors=np.asarray(parts["donors"], dtype=str) if "donors" in parts else None,
            **{name: said[name] for name in _TOLD},
        )
        touched = [name for name, stamp in said["files"].items() if _stamp(folder / name) != stamp]
    except XbenchError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise XbenchError(f"{folder}: is damaged ({reason})") from error
    if touched:
        if dataset.digest != said["digest"]:
            raise XbenchError(f"{folder}: {touched[0]} is not what was written")
        # Copied here, it seems: as it is whole, it is not read again the next time.
        with contextlib.suppress(XbenchError):
            said["files"] = {name: _stamp(folder / name) for name in said["files"]}
            write_text(folder / DESCRIPTION, json_page(said))
    return with_digest(dataset, said["digest"])


def with_digest(dataset: Dataset, digest: str) -> Dataset:
    """Return a dataset that knows its digest: it would else read all of its numbers for it."""
    vars(dataset)["digest"] = digest
    return dataset


def read_prepared_description(folder: Path) -> dict[str, Any]:
    """Return what a folder says of the data in it.

    Raises
    ------
    XbenchError
        It says nothing, or is of another version.
    """
    path = folder / DESCRIPTION
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise XbenchError(f"{path}: cannot be read") from error
    if not isinstance(said, dict) or (said.get("format"), said.get("version")) != (FORMAT, VERSION):
        raise XbenchError(f"{path}: is no description of prepared data of this version")
    if said.get("digest") != folder.name:
        raise XbenchError(f"{path}: is of other data than its folder says")
    return said


def _parts(said: dict[str, Any]) -> list[str]:
    return [part for part in ("inputs", "outputs") if part in said]


@dataclass(frozen=True)
class PreparedData:
    """Prepared data on this machine.

    Parameters
    ----------
    folder
        Where they lie; its name is their digest.
    name, cells, features
        What they are; empty and 0 where they are broken.
    size
        Bytes on the disk.
    problem
        What is wrong with them; empty where nothing is.
    """

    folder: Path
    name: str
    cells: int
    features: int
    size: int
    problem: str = ""


def all_prepared() -> list[PreparedData]:
    """Return what prepared data there are, by digest."""
    found = []
    root = prepared_root()
    folders = [one for one in root.iterdir() if len(one.name) == 64] if root.is_dir() else []
    for folder in sorted(folders):
        size = sum(path.stat().st_size for path in folder.iterdir())
        try:
            said = read_prepared_description(folder)
            for part in _parts(said):
                MatrixFiles.of(folder / part, said[part]).open()
            shape = said["inputs"]["shape"]
            found.append(PreparedData(folder, str(said["name"]), shape[0], shape[1], size))
        except (XbenchError, KeyError, TypeError, ValueError) as error:
            found.append(PreparedData(folder, "", 0, 0, size, str(error)))
    return found


def clear_prepared(beginning: str = "") -> list[PreparedData]:
    """Remove prepared data, and return what they were.

    Processes that have them mapped go on with them; the disk is free when these end.

    Parameters
    ----------
    beginning
        Of the digests of those that go; all where empty.

    Raises
    ------
    XbenchError
        There are none, or they cannot be removed.
    """
    gone = [one for one in all_prepared() if one.folder.name.startswith(beginning)]
    if beginning and not gone:
        raise XbenchError(f"no prepared data begin with {beginning!r}; see xbench data prepared")
    for one in gone:
        try:
            shutil.rmtree(one.folder)
        except OSError as error:
            raise cannot_write(one.folder, error) from error
    return gone
