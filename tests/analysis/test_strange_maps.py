"""Maps and loops as other programs write them: read as they mean it, or one line says why not."""

from __future__ import annotations

import gzip
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbench.analysis.contact_map import open_contact_map
from xbench.analysis.loops import read_loops
from xbench.data.features import Interval
from xbench.errors import XbenchError, XbenchWarning

from .small_maps import BIN, LENGTHS, READS, cooler, write_cool

PROMOTER = [Interval("chr1", 55_000, 55_001)]
STARTS = np.arange(12) * BIN + 100
WEIGHT = np.linspace(0.5, 1.9, 17)


def with_columns(path: Path, **columns: np.ndarray) -> Path:
    bins = cooler.binnify(pd.Series(LENGTHS), BIN).assign(**columns)
    rows = [(*pair, count) for pair, count in sorted(READS.items())]
    pixels = pd.DataFrame(rows, columns=["bin1_id", "bin2_id", "count"])
    cooler.create_cooler(str(path), bins, pixels, ordered=True)
    return path


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_cool(tmp_path_factory.mktemp("usual") / "map.cool", READS)


def contacts(path: Path | str) -> np.ndarray:
    return open_contact_map(path).contacts(PROMOTER, STARTS, STARTS + 10).contact


@pytest.fixture(scope="module")
def divisive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_columns(tmp_path_factory.mktemp("divisive") / "other.cool", KR=WEIGHT)


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return contacts(with_columns(tmp_path_factory.mktemp("own") / "own.cool", weight=1 / WEIGHT))


@pytest.mark.parametrize("column", ["KR", "SCALE", "VC", "VC_SQRT"])
def test_divisive_weights_are_used_and_told(
    column: str, divisive: Path, divided: np.ndarray, tmp_path: Path
) -> None:
    path = shutil.copy(divisive, tmp_path)
    with h5py.File(path, "r+") as file:
        file.move("bins/KR", f"bins/{column}")
    with pytest.warns(XbenchWarning, match=f"balanced by its column {column}; reads are divided"):
        np.testing.assert_allclose(contacts(path), divided, rtol=1e-12)
    if column != "SCALE":
        theirs = cooler.Cooler(str(path)).matrix(balance=column).fetch("chr1")[5]
        np.testing.assert_allclose(divided, theirs, rtol=1e-12)


@pytest.mark.parametrize("said", ["generated-by", "attribute"])
def test_what_says_that_they_are_multiplied(said: str, divisive: Path, tmp_path: Path) -> None:
    own = contacts(with_columns(tmp_path / "own.cool", weight=WEIGHT))
    path = shutil.copy(divisive, tmp_path)
    with h5py.File(path, "r+") as file:
        if said == "generated-by":
            file.attrs["generated-by"] = "hic2cool-0.4.2"
        else:
            file["bins/KR"].attrs["divisive_weights"] = False
    with pytest.warns(XbenchWarning, match="reads are multiplied by these weights"):
        np.testing.assert_allclose(contacts(path), own, rtol=1e-12)


def test_coolers_own_weights_come_first_where_there_are_any(tmp_path: Path) -> None:
    both = with_columns(tmp_path / "both.cool", weight=WEIGHT, KR=WEIGHT)
    with warnings.catch_warnings():
        warnings.simplefilter("error", XbenchWarning)
        found = open_contact_map(both)
    assert found.weights == ("weight", False)
    empty = with_columns(tmp_path / "empty.cool", weight=WEIGHT * np.nan, KR=WEIGHT)
    with pytest.warns(XbenchWarning, match="column KR"):
        assert open_contact_map(empty).weights == ("KR", True)


def test_missing_and_unknown_weights(tmp_path: Path) -> None:
    with pytest.raises(XbenchError, match=r"its weights \(weight\) are all missing; balance it"):
        open_contact_map(with_columns(tmp_path / "empty.cool", weight=WEIGHT * np.nan))
    path = with_columns(tmp_path / "unknown.cool", mine=WEIGHT)
    with pytest.warns(XbenchWarning, match=r"\(mine are not used\), so its contacts are reads"):
        assert not open_contact_map(path).balanced


def test_zoom_levels_by_number_are_named_by_their_bins(tmp_path: Path) -> None:
    path = tmp_path / "old.mcool"
    for level, size in enumerate((20_000, 10_000)):
        one = write_cool(tmp_path / f"{level}.cool", {(0, 1): 5}, bin_size=size)
        cooler.fileops.cp(one, f"{path}::/{level}")
    with pytest.raises(XbenchError, match=r"choose one of: 10000, 20000, as in .*old\.mcool::/0"):
        open_contact_map(path)
    assert open_contact_map(path, BIN).resolution == BIN


def external(file: h5py.File) -> None:
    del file["bins/start"]
    file["bins/start"] = h5py.ExternalLink("elsewhere.h5", "/start")


def soft(file: h5py.File) -> None:
    file["other"] = h5py.SoftLink("/bins")


def stored_elsewhere(file: h5py.File) -> None:
    file.create_dataset("extra", (9,), "u1", external=[("/etc/passwd", 0, 9)])


@pytest.mark.parametrize("spoil", [external, soft, stored_elsewhere])
def test_nothing_is_read_but_the_file(
    spoil: Callable[[h5py.File], None], usual: str, tmp_path: Path
) -> None:
    path = shutil.copy(usual, tmp_path)
    with h5py.File(path, "r+") as file:
        spoil(file)
    with pytest.raises(XbenchError, match=r"map\.cool: '.*; write a file that holds all of its"):
        open_contact_map(path)


def no_lengths(file: h5py.File) -> None:
    del file["chroms/length"]


def short_bins(file: h5py.File) -> None:
    file["chroms/length"][0] = 500_000


def text_resolution(file: h5py.File) -> None:
    file.attrs["bin-size"] = "ten"


def false_index(file: h5py.File) -> None:
    file["indexes/bin1_offset"][:] = file["indexes/bin1_offset"][:][::-1]


def pixels_of_other_bins(file: h5py.File) -> None:
    file["pixels/bin1_id"][:] = 16


@pytest.mark.parametrize(
    "spoil", [no_lengths, short_bins, text_resolution, false_index, pixels_of_other_bins]
)
def test_damaged_maps_are_one_line(
    spoil: Callable[[h5py.File], None], usual: str, tmp_path: Path
) -> None:
    path = shutil.copy(usual, tmp_path)
    with h5py.File(path, "r+") as file:
        spoil(file)
    with pytest.raises(XbenchError, match=r"map\.cool: cannot be read \(.*\); get it again"):
        contacts(path)


def test_a_pipe_is_no_map(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "map.cool")
    with pytest.raises(XbenchError, match="is a device or a pipe"):
        open_contact_map(tmp_path / "map.cool")


LOOPS = ["chr1\t100\t200\tchr1\t500\t600", "chr1\t100\t200\tchr1\t800\t900"]
NAMES = "chr1\tx1\tx2\tchr2\ty1\ty2"
FORMS = {
    "BOM": "\ufeff" + "\n".join(LOOPS),
    "BOM and names": "\ufeff#" + "\n".join([NAMES, *LOOPS]),
    "Windows": "\r\n".join(LOOPS),
    "old Mac": "\r".join(LOOPS),
    "names": "\n".join([NAMES, "# by juicer", *LOOPS]),
    "names again": "\n".join([NAMES, LOOPS[0], NAMES, LOOPS[1]]),
    "tracks": "\n".join(["track name=loops", "browser position chr1", *LOOPS]),
    "half a prefix": "\n".join([LOOPS[0].replace("chr1", "1", 1), LOOPS[1]]),
    "capitals": "\n".join(LOOPS).replace("chr1", "CHR1"),
    "accessions": "\n".join(LOOPS).replace("chr1", "NC_000001.11"),
    "a genome in front": "\n".join(LOOPS).replace("chr1", "hg38_chr1"),
    "scientific": "\n".join(LOOPS).replace("100", "1e+02"),
    "unknown ends": "\n".join(["chr1\t-1\t-1\tchr1\t500\t600", *LOOPS]),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_forms_of_loops(form: str, packed: bool, tmp_path: Path) -> None:
    content = FORMS[form].encode()
    path = tmp_path / "loops.bedpe"
    path.write_bytes(gzip.compress(content) if packed else content)
    loops = read_loops(path)
    assert loops.chrom.tolist() == ["chr1"] * 2
    assert loops.first.tolist() == [[100, 200]] * 2
    assert loops.second.tolist() == [[500, 600], [800, 900]]
    assert loops.n_unknown == (form == "unknown ends")


def test_a_chromosome_that_is_called_like_a_track_line(tmp_path: Path) -> None:
    path = tmp_path / "loops.bedpe"
    path.write_text("\n".join(LOOPS).replace("chr1", "track1"))
    assert read_loops(path).chrom.tolist() == ["track1"] * 2


@pytest.mark.parametrize(
    "line", ["chr1 100 200 chr1 500 600", LOOPS[0].replace("600", "9" * 20), NAMES, "\t" + LOOPS[0]]
)
def test_lines_that_are_refused_are_shown(line: str, tmp_path: Path) -> None:
    path = tmp_path / "loops.bedpe"
    path.write_text(f"{LOOPS[0]}\n{line}\n")
    with pytest.raises(XbenchError, match=r"loops\.bedpe: line 2 is no loop; .*: ") as caught:
        read_loops(path)
    assert caught.value.args[0].isprintable()


@given(st.permutations(range(5)), st.lists(st.sampled_from(["chr", "", "Chr"]), min_size=5))
def test_order_and_spelling_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], marks: list[str]
) -> None:
    lines = [f"{marks[n]}1\t{n}00\t{n}50\t{marks[-n]}1\t9{n}00\t9{n}50" for n in order]
    path = tmp_path_factory.mktemp("t") / "loops.bedpe"
    path.write_text("\n".join(lines))
    loops = read_loops(path)
    starts = np.array([9_000, 9_100, 9_200, 9_300, 9_400])
    for at in range(5):
        found = loops.contacts([Interval("chr1", at * 100 + 1, at * 100 + 2)], starts, starts + 10)
        assert found.contact.tolist() == [float(n == at) for n in range(5)]
