"""Registered downloads as datasets: what is asked of the reader, and what is said without them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from xbench.data.cell_types import MARKERS
from xbench.data.download.downloaded_source import DownloadedSource
from xbench.data.multiome import read_multiome
from xbench.data.read_options import ReadOptions
from xbench.datasets.brain3k_multiome import Brain3kMultiome
from xbench.datasets.dlpfc_multiome import DlpfcMultiome
from xbench.datasets.pbmc3k_multiome import Pbmc3kMultiome
from xbench.datasets.pfc_multiome import PfcMultiome
from xbench.errors import XbenchError
from xbench.utils.text import size_text

from .file_server import FileServer, registered, serving
from .small_download import PEAKS, labels_of, tenx_bytes

SOURCES = [Brain3kMultiome, DlpfcMultiome, Pbmc3kMultiome]
DIGITS = {"md5": 32, "sha256": 64}


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XBENCH_DATA", str(tmp_path / "data"))


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    return tenx_bytes(tmp_path)


@pytest.fixture
def server(content: bytes) -> Iterator[FileServer]:
    with serving(content) as running:
        yield running


@pytest.fixture
def source(server: FileServer, content: bytes) -> DownloadedSource:
    """The cerebellum's source, but for the file."""

    class Small(Brain3kMultiome):
        """A small download."""

        name = "small-download"
        matrix = registered(server, content)

    return Small()


def labels_file(folder: Path) -> Path:
    path = folder / "types.csv"
    path.write_text(labels_of("cell_type"), encoding="utf-8")
    return path


@pytest.mark.parametrize("of", SOURCES)
def test_what_is_registered_is_well_formed(of: type[DownloadedSource]) -> None:
    for file in of().files:
        assert file.url.startswith("https://")
        assert file.url.endswith(f"/{file.name}")
        algorithm, _, digits = file.checksum.partition(":")
        assert re.fullmatch(f"[0-9a-f]{{{DIGITS[algorithm]}}}", digits)
        assert file.size > 1_000_000
    for text in (of.__doc__, of.name, of.citation, of.licence, of.page, of.genome):
        assert text
    assert set(of.cell_type_aliases) <= {*MARKERS, "Exc"}


def test_the_paper_size_of_the_cortex_download() -> None:
    matrix, labels = DlpfcMultiome().files
    assert (matrix.size, labels.size) == (1_369_492_123, 8_820_297)


@pytest.mark.parametrize("of", SOURCES)
def test_what_is_not_here_says_how_to_get_it(of: type[DownloadedSource], tmp_path: Path) -> None:
    size = {"brain3k": "68.8 MB", "dlpfc": "1.38 GB", "pbmc3k": "38.8 MB"}
    said = (
        f"{of.name}: not in {tmp_path / 'data'} yet; 'xbench data fetch {of.name}' gets it "
        f"({size[of.name.partition('-')[0]]} to download)"
    )
    assert of().available() == said
    with pytest.raises(XbenchError) as caught:
        of().load()
    assert str(caught.value) == said
    holding = of().holding()
    assert (holding.state, holding.paths, holding.received) == ("absent", (), 0)


def test_without_labels_it_says_how_to_make_them(source: DownloadedSource) -> None:
    source.fetch()
    assert source.available() is None
    with pytest.raises(XbenchError) as caught:
        source.load()
    assert str(caught.value).startswith("small-download: its file holds no cell types; give --lab")
    assert "columns barcode (such as AAACAGCCAAATATCC-1) and cell_type" in str(caught.value)


def test_it_is_read_with_the_papers_choices(source: DownloadedSource, tmp_path: Path) -> None:
    labels = labels_file(tmp_path)
    (path,) = source.fetch()
    loaded = source.load(ReadOptions(labels=labels))
    by_hand = read_multiome(
        path,
        name="by-hand",
        reading=ReadOptions(
            labels=labels, binarize=True, variable_genes=3000, minimum_open_share=0.01
        ),
        genome="hg38",
    )
    assert loaded.digest == by_hand.digest
    # The peak that is never open is gone; the one that is open in a single cell of 40 is not.
    assert loaded.features.names.size == PEAKS - 1
    assert (loaded.name, loaded.genome, loaded.licence) == (
        "small-download",
        "hg38",
        "CC BY 4.0 (10x Genomics)",
    )


def test_its_choices_can_be_overridden(source: DownloadedSource, tmp_path: Path) -> None:
    source.fetch()
    labels = labels_file(tmp_path)
    all_peaks = source.load(ReadOptions(labels=labels, minimum_open_share=0.0))
    assert all_peaks.features.names.size == PEAKS
    few_genes = source.load(ReadOptions(labels=labels, variable_genes=1))
    assert few_genes.outputs is not None
    assert "MOG" in few_genes.outputs.var_names
    assert few_genes.outputs.n_vars <= 2
    half = source.load(ReadOptions(labels=labels, minimum_open_share=0.5))
    assert 0 < half.features.names.size < PEAKS - 1


def test_a_place_of_its_own_is_read_as_it_is(
    source: DownloadedSource, content: bytes, tmp_path: Path
) -> None:
    labels, copy = labels_file(tmp_path), tmp_path / "copy.h5"
    copy.write_bytes(content)
    loaded = source.load(ReadOptions(path=copy, labels=labels))
    source.fetch()
    assert loaded.digest == source.load(ReadOptions(labels=labels)).digest
    with pytest.raises(XbenchError, match=r"no file .*absent.h5; leave --data out"):
        source.load(ReadOptions(path=tmp_path / "absent.h5", labels=labels))


def test_a_changed_download_is_not_read(source: DownloadedSource, tmp_path: Path) -> None:
    (path,) = source.fetch()
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    with pytest.raises(XbenchError, match=r"has the sha256 .* not the registered one; move it"):
        source.load(ReadOptions(labels=labels_file(tmp_path)))


def test_labels_that_come_with_it(content: bytes, tmp_path: Path) -> None:
    table = gzip.compress(labels_of("predicted.id").encode())
    with serving(content) as of_matrix, serving(table) as of_labels:

        class Small(DlpfcMultiome):
            """A small download with labels."""

            name = "small-with-labels"
            matrix = registered(of_matrix, content)
            labels_file = registered(of_labels, table, "metadata.csv.gz")

        source = Small()
        assert [path.name for path in source.fetch()] == ["matrix.h5", "metadata.csv.gz"]
    assert source.holding().size == len(content) + len(table)
    loaded = source.load()
    assert sorted(set(loaded.cell_types)) == ["Astrocytes", "Microglia"]
    assert loaded.resolve_cell_type("Micro") == "Microglia"
    own = source.load(ReadOptions(labels=labels_file(tmp_path)))
    assert own.digest == loaded.digest
    with pytest.raises(XbenchError, match=r"metadata.csv.gz: no column 'subs' with the cell type"):
        source.load(ReadOptions(cell_type_key="subs"))
    (tmp_path / "data" / "metadata.csv.gz").unlink()
    assert source.holding().state == "partly"
    with pytest.raises(XbenchError, match="'xbench data fetch small-with-labels' gets it"):
        source.load()


def test_what_is_half_here(source: DownloadedSource, server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "matrix.h5.part").write_bytes(bytes(5000))
    holding = source.holding()
    assert (holding.state, holding.received, holding.size) == ("partly", 5000, source.matrix.size)
    left = f"gets it ({size_text(source.matrix.size - 5000)} to download)"
    assert left in str(source.available())


def test_the_papers_own_data_say_how_to_apply(tmp_path: Path) -> None:
    reason = PfcMultiome().available()
    assert reason is not None
    for words in (
        f"neither {tmp_path / 'data' / 'pfc_multiome'} (a folder of the reference layout",
        f"nor {tmp_path / 'data' / 'pfc_multiome.h5mu'}; ",
        "synapse.org",
        "nimhgenetics.org/resources/psychencode",
        "use simulated-multiome, snare-cortex or dlpfc-multiome",
    ):
        assert words in reason
    with pytest.raises(XbenchError) as caught:
        PfcMultiome().fetch()
    assert str(caught.value) == reason
    with pytest.raises(XbenchError, match=r"no .*elsewhere; its data are behind controlled access"):
        PfcMultiome().load(ReadOptions(path=tmp_path / "elsewhere"))


def test_the_papers_own_data_are_read_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "pfc_multiome.h5mu"
    file.touch()
    assert PfcMultiome().find() == file
    folder = tmp_path / "data" / "pfc_multiome"
    folder.mkdir()
    assert PfcMultiome().fetch() == (folder,)
    assert PfcMultiome().holding().state == "here"
    assert PfcMultiome().find(file) == file
