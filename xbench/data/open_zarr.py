"""Opening zarr stores nobody vouches for: folders of regular files, read as numbers and texts.

A store says in JSON how its numbers are packed. What could run code, reach outside of the folder or
fill the memory is refused before any number is read: links, objects, packings that are not known,
chunks and metadata larger than they need to be.
"""

import json
import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xbench.data.open_files import readable, require_memory
from xbench.errors import XbenchError

# What says of a group or array what it is, in versions 2 and 3 of the format.
_METADATA = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
_MARKS = ("zarr.json", ".zgroup")
_LARGEST_METADATA = 1 << 24
# Bytes that a chunk may have when it is unpacked: zarr reads whole chunks.
LARGEST_CHUNK = 1 << 31
# Packings that make numbers and texts of bytes and nothing else.
_PACKINGS = {
    *("bytes", "blosc", "zstd", "gzip", "zlib", "lz4", "bz2", "lzma", "crc32c", "shuffle"),
    *("bitshuffle", "delta", "transpose", "sharding_indexed", "vlen-utf8", "vlen-bytes", "endian"),
}
_NAMESPACE = "numcodecs."


def is_zarr(path: Path) -> bool:
    """Whether a folder is a zarr store, by the files at its top.

    Examples
    --------
    >>> is_zarr(Path("."))
    False
    """
    return path.is_dir() and any((path / mark).is_file() for mark in _MARKS)


@contextmanager
def opened_zarr(path: Path) -> Iterator[Any]:
    """Open a zarr store for reading and give its top group.

    Raises
    ------
    XbenchError
        It is none, holds something that is not read, or zarr is not installed; and for all that
        goes wrong in the block.
    """
    require_plain_store(path)
    try:
        import zarr
    except ImportError as error:
        raise XbenchError(
            f"{path}: needs zarr to be read; install it: pip install 'xbench-explain[zarr]'"
        ) from error
    with readable(str(path)):
        # A copy of all metadata at the top could say other things than what was looked at.
        yield zarr.open_group(str(path), mode="r", use_consolidated=False)


def require_plain_store(path: Path) -> None:
    """Raise `XbenchError` for a store that holds anything but files of numbers and texts.

    Raises
    ------
    XbenchError
        Naming what is refused, and why.
    """
    if not is_zarr(path):
        raise XbenchError(f"{path}: not a zarr store; give the folder that zarr wrote")
    with readable(str(path)):
        for folder, folders, files in os.walk(path, followlinks=False):
            for name in (*folders, *files):
                place = Path(folder) / name
                mode = place.lstat().st_mode
                if stat.S_ISLNK(mode):
                    raise _refused(path, place, "is a link, which is not followed")
                if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                    raise _refused(path, place, "is a device or a pipe")
            for name in files:
                if name in _METADATA:
                    _require_plain_metadata(path, Path(folder) / name)


def _refused(path: Path, place: Path, what: str) -> XbenchError:
    return XbenchError(
        f"{path}: {str(place.relative_to(path))!r} {what}; write the store again with zarr"
    )


def _require_plain_metadata(path: Path, place: Path) -> None:
    if place.stat().st_size > _LARGEST_METADATA:
        raise _refused(path, place, f"is larger than {_LARGEST_METADATA:,} bytes")
    said = json.loads(place.read_text(encoding="utf-8"))
    if not isinstance(said, dict):
        raise _refused(path, place, "is no description")
    if place.name == ".zattrs" or said.get("node_type") == "group" or place.name == ".zgroup":
        return
    if said.get("storage_transformers"):
        raise _refused(path, place, "keeps its numbers in another place")
    packings = list(_packings(said))
    unknown = sorted({name for name in packings if _bare(name) not in _PACKINGS})
    if unknown:
        raise _refused(path, place, f"is packed by {unknown[0]!r}, which is not unpacked here")
    kind = said.get("dtype", said.get("data_type"))
    text = any(_bare(name).startswith("vlen-") for name in packings)
    if isinstance(kind, str) and kind.lstrip("<>|") in ("O", "object") and not text:
        raise _refused(path, place, "holds objects, which are not read")
    chunk = _chunk_length(said)
    size = _LARGEST_ITEM if text else _item_size(kind)
    if chunk * size > LARGEST_CHUNK and chunk > _length(said):
        chunk = _length(said)
    require_memory(chunk * size, f"{path}: a chunk of {place.parent.relative_to(path)}")
    if chunk * size > LARGEST_CHUNK:
        what = f"has chunks of {chunk * size / 1e9:,.1f} GB; give it chunks of less than 2 GB"
        raise _refused(path, place, what)


_LARGEST_ITEM = 16


def _bare(name: str) -> str:
    return name.removeprefix(_NAMESPACE)


def _packings(said: dict[str, Any]) -> Iterator[str]:
    """Yield the name of every packing that an array's description asks for, however deep."""
    waiting = [*(said.get("codecs") or []), *(said.get("filters") or []), said.get("compressor")]
    while waiting:
        one = waiting.pop()
        if one is None:
            continue
        if not isinstance(one, dict):
            yield repr(one)
            continue
        yield str(one.get("name", one.get("id")))
        inner = one.get("configuration")
        if isinstance(inner, dict):
            waiting += [*(inner.get("codecs") or []), *(inner.get("index_codecs") or [])]


def _chunk_length(said: dict[str, Any]) -> int:
    chunks = said.get("chunks")
    if chunks is None:
        chunks = said["chunk_grid"]["configuration"]["chunk_shape"]
    return math.prod(int(length) for length in chunks)


def _length(said: dict[str, Any]) -> int:
    return math.prod(int(length) for length in said["shape"])


def _item_size(kind: Any) -> int:
    """Return an upper bound of the bytes of a number, as its type is called."""
    text = kind if isinstance(kind, str) else ""
    digits = "".join(letter for letter in text if letter.isdigit())
    if text.startswith(("int", "uint", "float", "complex")) and digits:
        return max(1, int(digits) // 8)
    # In version 2, such as <f4; texts of fixed length have four bytes a letter.
    return max(1, int(digits)) * (4 if "U" in text else 1) if digits else _LARGEST_ITEM
