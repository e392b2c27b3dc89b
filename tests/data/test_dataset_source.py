from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from xbench.data.load import load_dataset
from xbench.data.read_options import ReadOptions
from xbench.data.source import DatasetSource, data_folder
from xbench.datasets.mnist_binary import MnistBinary
from xbench.datasets.snare_cortex import SnareCortex
from xbench.errors import XbenchError

SOURCES = [MnistBinary, SnareCortex]


def test_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XBENCH_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.setenv("XBENCH_DATA", "~/data")
    assert data_folder() == Path.home() / "data"
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("XBENCH_DATA")
        else:
            monkeypatch.setenv("XBENCH_DATA", unset)
        assert data_folder() == Path(platformdirs.user_cache_dir("xbench")) / "data"


def test_absent_snare_cortex(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XBENCH_DATA", str(tmp_path))
    reason = SnareCortex().available()
    assert reason is not None
    assert "\n" not in reason
    for words in (
        f"snare-cortex: no file {tmp_path / 'snare_cortex.h5mu'}",
        "GEO GSE126074 (AdBrainCortex)",
        "modality atac",
        "modality rna",
        "cell_type",
        "put it there, or set XBENCH_DATA",
    ):
        assert words in reason
    with pytest.raises(XbenchError) as caught:
        SnareCortex().load()
    assert str(caught.value) == reason


def test_a_path_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.h5mu"
    with pytest.raises(XbenchError, match=r"no file .*elsewhere.h5mu; get GEO GSE126074"):
        SnareCortex().load(ReadOptions(path=path))
    path.touch()
    assert SnareCortex().find(path) == path


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XBENCH_DATA", str(tmp_path / "closed"))
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(XbenchError, match=r"snare-cortex: .* (may not be read|no file)"):
        SnareCortex().find()


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_says_what_it_is(source: type[DatasetSource]) -> None:
    assert source.__doc__
    for text in (source.name, source.citation, source.licence, source.how_to_get):
        assert text
        assert text.isascii()


@pytest.mark.parametrize("source", SOURCES)
def test_asking_a_source_imports_nothing_heavy(source: type[DatasetSource]) -> None:
    code = (
        f"import sys, {source.__module__} as module\n"
        f"module.{source.__name__}().available()\n"
        "print([name for name in ('anndata', 'pandas', 'scipy', 'torch') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_load_dataset_needs_a_name_or_a_file() -> None:
    with pytest.raises(XbenchError, match=r"no dataset: give a name .* or --data FILE"):
        load_dataset()


def test_load_dataset_by_name() -> None:
    pytest.importorskip("xbench.registry.find", reason="the registry is not there yet")
    dataset = load_dataset("mnist-binary", split_seed=1)
    assert dataset.digest == MnistBinary().load(ReadOptions(split_seed=1)).digest
    with pytest.raises(XbenchError, match=r"unknown dataset 'mnist-binry'.*mnist-binary"):
        load_dataset("mnist-binry")
