"""`xbench data`: what there is, getting it, checking a file."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from xbench.datasets.brain3k_multiome import Brain3kMultiome
from xbench.datasets.simulated_multiome import SimulatedSmall
from xbench.registry.find import entries
from xbench.simulation.known_regulation import truth_table
from xbench.simulation.parameters import Parameters
from xbench.simulation.simulation_files import read_simulation

from ..data.download.file_server import FileServer, registered, serving
from .conftest import Command

Refused = Callable[..., str]
CONTENT = random.Random(1).randbytes(2_000_000)
TINY = Parameters(n_cells=160, n_peaks=2000, n_genes=60)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read from or written to the user's folders, nor kept for other tests."""
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """Where brain3k-multiome comes from in these tests."""
    with serving(CONTENT) as running:
        monkeypatch.setattr(Brain3kMultiome, "matrix", registered(running, CONTENT))
        yield running


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes simulated-multiome-small smaller still."""
    monkeypatch.setattr(SimulatedSmall, "parameters", lambda self: TINY)


def listed(xbench_command: Command) -> dict[str, dict[str, object]]:
    ended = xbench_command("data", "list", "--json")
    assert ended.code == 0, ended
    return {row["name"]: row for row in json.loads(ended.out)}


def test_list_says_what_is_here(xbench_command: Command, tmp_path: Path) -> None:
    rows = listed(xbench_command)
    assert sorted(rows) == [entry.name for entry in entries("dataset")]
    states = {name: (row["state"], row["origin"]) for name, row in rows.items()}
    assert states == {
        "brain3k-multiome": ("absent", "download"),
        "dlpfc-multiome": ("absent", "download"),
        "breast-cancer": ("here", "built in"),
        "diabetes": ("here", "built in"),
        "digits": ("here", "built in"),
        "mnist-binary": ("here", "built in"),
        "pbmc3k-multiome": ("absent", "download"),
        "pfc-multiome": ("absent", "by hand"),
        "simulated-multiome": ("absent", "simulation"),
        "simulated-multiome-small": ("absent", "simulation"),
        "simulated-multiome-sparse": ("absent", "simulation"),
        "simulated-multiome-sparse-7": ("absent", "simulation"),
        "simulated-multiome-sparse-small": ("absent", "simulation"),
        "snare-cortex": ("absent", "by hand"),
    }
    assert all(row["licence"] for row in rows.values())
    assert rows["dlpfc-multiome"]["bytes"] == 1_369_492_123 + 8_820_297
    assert rows["snare-cortex"]["bytes"] is None
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "snare_cortex.h5mu").write_bytes(bytes(1234))
    (tmp_path / "data" / "human_brain_3k_filtered_feature_bc_matrix.h5.part").write_bytes(
        bytes(6_883_010)
    )
    rows = listed(xbench_command)
    assert (rows["snare-cortex"]["state"], rows["snare-cortex"]["bytes"]) == ("here", 1234)
    assert rows["snare-cortex"]["paths"] == [str(tmp_path / "data" / "snare_cortex.h5mu")]
    out = xbench_command("data", "list").out
    assert "brain3k-multiome                 10% here, the rest to download, 68.8 MB\n" in out
    assert "snare-cortex                     here, 1.23 kB\n" in out
    assert "dlpfc-multiome                   not here (to download), 1.38 GB\n" in out
    assert "simulated-multiome               not here (simulated when first used), 353 MB\n" in out
    assert "CC BY 4.0 (10x Genomics)" in out
    assert f"data folder: {tmp_path / 'data'}" in out


def test_info_says_whom_to_credit_and_how_to_get_it(xbench_command: Command) -> None:
    out = xbench_command("data", "info", "dlpfc-multiome").out
    for words in (
        "Cell Genomics 3, 100263 (2023). GEO GSE214979.",
        "licence:  GEO GSE214979 is open access",
        "genome:   hg38",
        "size:     1,378,312,420 bytes",
        "/GSE214979/suppl/GSE214979_filtered_feature_bc_matrix.h5\n",
        "1,369,492,123 bytes\n",
        "sha256:8f4315b59c252c8e907dbc7cd9a46b3acfe4878b7fff7e65309027d281581bb2\n",
        "to get:   xbench data fetch dlpfc-multiome\n",
    ):
        assert words in out
    assert (
        "NIMH Repository and Genomics Resource"
        in xbench_command("data", "info", "pfc-multiome").out
    )
    out = xbench_command("data", "info", "mnist-binary").out
    assert "here:     here" in out
    assert "genome:   none" in out
    assert "mnist_binary.npz" in out


def test_fetch_downloads_once(xbench_command: Command, server: FileServer, tmp_path: Path) -> None:
    ended = xbench_command("data", "fetch", "brain3k-multiome")
    path = tmp_path / "data" / "matrix.h5"
    assert ended.code == 0
    assert ended.out.startswith("brain3k-multiome is here, 2 MB, after ")
    assert ended.out.endswith(f" s:\n  {path}\n")
    assert path.read_bytes() == CONTENT
    # No terminal here: a line every tenth instead of a bar.
    lines = ended.err.splitlines()
    assert lines[0] == "matrix.h5: 2 MB to get"
    assert lines[1:] == [f"matrix.h5: {tenth}0%" for tenth in range(1, 11)]
    again = xbench_command("data", "fetch", "brain3k-multiome")
    assert (again.code, again.err) == (0, "")
    assert again.out.endswith(f"  {path}\n")
    assert server.behaviour.asked == [None]
    assert listed(xbench_command)["brain3k-multiome"]["state"] == "here"


def test_fetch_goes_on_after_a_failure(xbench_command: Command, server: FileServer) -> None:
    server.behaviour.cuts = [200_000, 0]
    ended = xbench_command("data", "fetch", "brain3k-multiome")
    assert (ended.code, ended.out) == (2, "")
    last = ended.err.splitlines()[-1]
    assert last.startswith("xbench: matrix.h5: the connection to 127.0.0.1:")
    assert "it goes on from the 197 kB kept in matrix.h5.part" in last
    ended = xbench_command("data", "fetch", "brain3k-multiome")
    assert ended.code == 0
    assert ended.err.startswith("matrix.h5: 2 MB to get, 197 kB of it are here\n")


def test_fetch_of_what_no_program_may_get(refused: Refused) -> None:
    assert "get GEO GSE126074" in refused("data", "fetch", "snare-cortex")
    assert "controlled access" in refused("data", "fetch", "pfc-multiome")


def test_fetch_of_what_is_built_in(xbench_command: Command) -> None:
    ended = xbench_command("data", "fetch", "mnist-binary")
    assert ended.code == 0
    assert ended.out.splitlines()[1].endswith("mnist_binary.npz")


# The next test fetches all but the contact map; tests/simulation/test_files.py writes that.
@pytest.mark.slow
@pytest.mark.usefixtures("tiny")
def test_fetch_simulates_the_whole_set_once(xbench_command: Command, tmp_path: Path) -> None:
    cooler = pytest.importorskip("cooler")
    ended = xbench_command("data", "fetch", "simulated-multiome-small")
    assert ended.code == 0, ended
    paths = [Path(line.strip()) for line in ended.out.splitlines()[1:]]
    assert [path.name for path in paths[1:]] == ["truth.tsv", "loops.bedpe", "contacts.cool"]
    data, truth, loops, contacts = paths
    assert data.parent == tmp_path / "cache" / "simulations"
    dataset = read_simulation(data)
    assert dataset.n_cells == TINY.n_cells
    table = truth_table(dataset)
    read = pd.read_csv(truth, sep="\t", keep_default_na=False)
    pd.testing.assert_frame_equal(read, table.reset_index(drop=True), check_dtype=False)
    links = pd.read_csv(loops, sep="\t", header=None)
    assert set(links[6]) <= set(table["gene"])
    assert cooler.Cooler(str(contacts)).info["genome-assembly"] == "hg38"
    written = [path.stat().st_mtime_ns for path in paths]
    again = xbench_command("data", "fetch", "simulated-multiome-small")
    assert again.out.splitlines()[1:] == ended.out.splitlines()[1:]
    assert again.err == ""
    assert [path.stat().st_mtime_ns for path in paths] == written
    loops.unlink()
    assert xbench_command("data", "fetch", "simulated-multiome-small").code == 0
    assert pd.read_csv(loops, sep="\t", header=None).equals(links)


@pytest.mark.usefixtures("tiny")
def test_without_cooler_the_set_lacks_the_contacts_and_says_so(
    xbench_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What Python takes as a module that cannot be imported.
    monkeypatch.setitem(sys.modules, "cooler", None)
    ended = xbench_command("data", "fetch", "simulated-multiome-small")
    assert ended.code == 0, ended
    assert "no contacts.cool: cooler is missing; pip install 'xbench-explain[hic]'" in ended.err
    names = [Path(line.strip()).name for line in ended.out.splitlines()[2:]]
    assert names == ["truth.tsv", "loops.bedpe"]


def test_names_and_arguments_that_are_wrong(refused: Refused) -> None:
    for command in ("info", "fetch"):
        line = refused("data", command, "dlpfc-multiom")
        assert line.startswith("unknown dataset 'dlpfc-multiom'. Nearest: dlpfc-multiome")
        assert "Missing argument" in refused("data", command)
    assert "No such command 'get'" in refused("data", "get")
    assert "xbench data list --help" in refused("data", "list", "--bogus")


def test_help_stands_alone(xbench_command: Command) -> None:
    ended = xbench_command("data")
    assert ended.code == 0
    assert ended.out == xbench_command("data", "--help").out
    for command in ("list", "info", "fetch", "validate"):
        assert f"  {command} " in ended.out
        assert "Example: xbench data " in xbench_command("data", command, "--help").out


def test_looking_imports_nothing_heavy() -> None:
    heavy = "('anndata', 'pandas', 'requests', 'scipy', 'torch', 'h5py')"
    code = "import sys\nfrom xbench.cli import main\n"
    for arguments in ("['--help']", "['data', 'info', 'dlpfc-multiome']", "['data', 'list']"):
        code += (
            f"try:\n    main({arguments})\nexcept SystemExit as ended:\n    assert not ended.code\n"
            f"found = [name for name in {heavy} if name in sys.modules]\n"
            f"assert not found, ({arguments}, found)\n"
        )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
