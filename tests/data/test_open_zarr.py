"""Zarr stores from strangers: numbers and texts alone, from within the folder alone."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import mudata
import numpy as np
import pytest

from xbench.data.dataset import Dataset
from xbench.data.multiome import read_multiome
from xbench.data.open_zarr import is_zarr, opened_zarr
from xbench.errors import XbenchError

from .multiome.small_files import make_atac, make_rna

pytest.importorskip("zarr")
METADATA = ("zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both modalities, in version 2 of the format."""
    path = tmp_path_factory.mktemp("written") / "data.zarr"
    with warnings.catch_warnings(), anndata.settings.override(zarr_write_format=2):
        warnings.simplefilter("ignore")
        mudata.MuData({"atac": make_atac(), "rna": make_rna()}).write_zarr(path)
    return path


@pytest.fixture
def store(written: Path, tmp_path: Path) -> Path:
    """A test's own copy."""
    return Path(shutil.copytree(written, tmp_path / "data.zarr"))


def refused(path: Path) -> str:
    with pytest.raises(XbenchError) as error:
        read_multiome(path, name="user")
    assert "\n" not in str(error.value)
    return str(error.value)


def an_array(store: Path, part: str = "mod/atac/X/indices") -> Path:
    """Return where an array says what it is."""
    return next(path for path in (store / part).iterdir() if path.name in (".zarray", "zarr.json"))


def say(place: Path, **said: Any) -> None:
    """Change what an array says of itself, in version 2 of the format."""
    version_2 = {
        "zarr_format": 2,
        "shape": [10],
        "chunks": [10],
        "dtype": "<i4",
        "compressor": None,
        "fill_value": 0,
        "order": "C",
        "filters": None,
    }
    place.unlink()
    (place.parent / ".zarray").write_text(json.dumps(version_2 | said))


def test_a_sound_store_of_version_2_is_read(store: Path, small_dataset: Dataset) -> None:
    assert (store / ".zgroup").is_file()
    assert is_zarr(store)
    assert read_multiome(store, name="user").digest == small_dataset.digest


def test_a_pair_of_version_3_is_read(tmp_path: Path, small_dataset: Dataset) -> None:
    with warnings.catch_warnings(), anndata.settings.override(zarr_write_format=3):
        warnings.simplefilter("ignore")
        make_atac().write_zarr(tmp_path / "atac.zarr")
        make_rna().write_zarr(tmp_path / "rna.zarr")
    assert (tmp_path / "atac.zarr" / "zarr.json").is_file()
    assert read_multiome(tmp_path, name="user").digest == small_dataset.digest


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"dtype": "|O", "filters": [{"id": "pickle"}]}, "is packed by 'pickle'"),
        ({"dtype": "|O"}, "holds objects"),
        ({"compressor": {"id": "msgpack2"}}, "is packed by 'msgpack2'"),
        ({"shape": [10**12], "chunks": [10**12]}, "than this machine's memory"),
        ({"filters": [["pickle"]]}, "is packed by"),
    ],
)
def test_what_an_array_may_not_say(store: Path, said: dict[str, Any], words: str) -> None:
    say(an_array(store), **said)
    assert words in refused(store)


def test_objects_are_not_unpickled(store: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    numcodecs = pytest.importorskip("numcodecs")

    class Evil:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
            return os.mkdir, (str(mark),)

    packed = numcodecs.Pickle().encode(np.array([Evil()], dtype=object))
    place = an_array(store, "mod/rna/X/data")
    say(place, dtype="|O", filters=[{"id": "pickle", "protocol": 5}], shape=[1], chunks=[1])
    (place.parent / "0").write_bytes(bytes(packed))
    refused(store)
    assert not mark.exists()


def test_storage_elsewhere_and_nested_packings_are_looked_at(store: Path) -> None:
    place = store / "mod/rna/X/data/zarr.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    array: dict[str, Any] = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [4],
        "data_type": "int32",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4]}},
        "codecs": [{"name": "bytes"}],
    }
    place.write_text(json.dumps(array | {"storage_transformers": [{"type": "elsewhere"}]}))
    assert "keeps its numbers in another place" in refused(store)
    inner = {"codecs": [{"name": "numcodecs.pickle"}]}
    array["codecs"] = [{"name": "sharding_indexed", "configuration": inner}]
    place.write_text(json.dumps(array))
    assert "is packed by 'numcodecs.pickle'" in refused(store)


def test_links_and_pipes_are_refused(store: Path, tmp_path: Path) -> None:
    link = store / "mod/atac/outside"
    link.symlink_to(tmp_path)
    assert "is a link, which is not followed" in refused(store)
    link.unlink()
    os.mkfifo(store / "mod/atac/pipe")
    assert "is a device or a pipe" in refused(store)


@pytest.mark.parametrize("content", ["", "[1]", "{", "[" * 100_000])
def test_damaged_metadata_are_one_line(store: Path, content: str) -> None:
    an_array(store).write_text(content)
    refused(store)


def test_damaged_numbers_are_one_line(store: Path) -> None:
    files = [path for path in (store / "mod/atac/X").rglob("*") if path.is_file()]
    chunk = max(files, key=lambda path: (path.name not in METADATA, path.stat().st_size))
    chunk.write_bytes(chunk.read_bytes()[:-9])
    refused(store)


def test_what_is_no_store_is_called_that(tmp_path: Path) -> None:
    with pytest.raises(XbenchError, match="not a zarr store"), opened_zarr(tmp_path):
        pass
