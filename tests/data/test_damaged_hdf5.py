"""HDF5 files at which the HDF5 library itself crashes or never ends are refused in one line."""

from __future__ import annotations

import faulthandler
import os
import re
import signal
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from xbench.analysis.contact_map import open_contact_map
from xbench.data import open_files
from xbench.data.open_files import opened_hdf5
from xbench.errors import XbenchError
from xbench.utils.apart import WorkEnd

from ..slow_rest import rest_slow


def endless(path: Path) -> Path:
    """Write a file with a text of length 0 in its heap, behind which the library looks for ever."""
    with h5py.File(path, "w") as file:
        file.create_group("obs").attrs["encoding-type"] = "dataframe"
    content = bytearray(path.read_bytes())
    # A heap's head has 16 bytes; a text's length follows its number, its uses and 4 spare bytes.
    length = content.index(b"GCOL") + 16 + 8
    assert int.from_bytes(content[length : length + 8], "little") == len("dataframe")
    content[length : length + 8] = bytes(8)
    path.write_bytes(content)
    return path


def sound(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(3)
        file.attrs["what"] = "numbers"
    return path


def opened(path: Path) -> None:
    """Open a file, and do nothing with it."""
    with opened_hdf5(path):
        pass


@pytest.mark.parametrize("name", rest_slow(["data.h5ad", "map.cool"], 1))
def test_a_file_that_the_library_reads_for_ever_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of the processor's time, twice: instead of two.
    monkeypatch.setattr(open_files, "_HEADERS_SECONDS", 1)
    path, began = endless(tmp_path / name), time.monotonic()
    said = f"{name}: is so damaged that the HDF5 library cannot read it .*signal 24 .SIGXCPU"
    with pytest.raises(XbenchError, match=said) as refused:
        open_contact_map(path) if name == "map.cool" else opened(path)
    assert "\n" not in str(refused.value)
    # Other tests may share the processor.
    assert time.monotonic() - began < 30


def test_a_crash_of_the_library_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sound(tmp_path / "file.h5")

    def crash(file: h5py.File) -> None:
        faulthandler.disable()
        os.kill(os.getpid(), signal.SIGSEGV)

    monkeypatch.setattr(open_files, "_read_headers", crash)
    with pytest.raises(XbenchError, match=r"file\.h5: is so damaged .*signal 11 .SIGSEGV"):
        opened(path)


def test_a_sound_file_is_read_from_wherever_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with opened_hdf5(sound(Path("file.h5"))) as content:
        assert content["x"][:].tolist() == [0, 1, 2]


def test_what_is_no_hdf5_is_still_called_that(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    path.write_text("no HDF5")
    with pytest.raises(XbenchError, match=re.escape(f"{path}: not an HDF5 file, or cut short")):
        opened(path)


def test_a_file_is_looked_at_once_and_again_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sound(tmp_path / "file.h5")
    opened(path)
    looked = []

    def look(work: object) -> WorkEnd:
        looked.append(work)
        return WorkEnd(b"sound")

    monkeypatch.setattr(open_files, "run_apart", look)
    opened(path)
    assert looked == []
    with h5py.File(path, "r+") as file:
        file["y"] = np.arange(3)
    opened(path)
    opened(path)
    assert len(looked) == 1
