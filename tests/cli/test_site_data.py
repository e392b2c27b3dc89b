"""Which datasets the site opens: those on this machine; none is got or simulated for it."""

import re
from pathlib import Path

import pytest

from xbench.cli.site_data import data_door
from xbench.errors import XbenchError


@pytest.fixture
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XBENCH_DATA", "XBENCH_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path


def test_what_is_built_in_is_opened(nothing_here: Path) -> None:
    here = data_door()("mnist-binary")
    assert here.dataset.n_features == 784
    assert (here.why, list(here.links), list(here.loops)) == ("", [], [])


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("snare-cortex", "no file .*snare_cortex.h5mu"),
        ("simulated-multiome", "leave out the path: it is simulated"),
        ("somebodys", "a user's own"),
    ],
)
def test_what_is_not_here_is_said_and_not_made(nothing_here: Path, name: str, why: str) -> None:
    here = data_door()(name)
    assert here.dataset is None
    assert re.search(why, here.why)
    assert not list(nothing_here.rglob("*.h5mu"))


def test_a_file_that_cannot_be_read_ends_no_build(
    nothing_here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = nothing_here / "XBENCH_DATA"
    folder.mkdir()
    (folder / "snare_cortex.h5mu").write_bytes(b"not HDF5")
    here = data_door()("snare-cortex")
    assert here.dataset is None
    assert "cannot be opened" in here.why
    assert "snare-cortex: cannot be opened" in capsys.readouterr().err


def test_links_of_no_known_layout_are_refused_before_anything_is_opened(tmp_path: Path) -> None:
    (tmp_path / "links.tsv").write_text("nothing\n")
    with pytest.raises(XbenchError, match=r"links\.tsv"):
        data_door([tmp_path / "links.tsv"])
