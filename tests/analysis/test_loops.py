"""Loops from .bedpe files: what is read, what is refused, which peaks are joined."""

from __future__ import annotations

from pathlib import Path

import bioframe
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.analysis.loops import Loops, read_loops
from xbench.data.features import Interval
from xbench.errors import XbenchError

TSS = (Interval("chr1", 5_000, 5_001),)


def written(path: Path, text: str) -> Path:
    path.write_text(text.replace(" ", "\t"))
    return path


def test_peaks_that_a_loop_joins_in_either_direction(tmp_path: Path) -> None:
    text = (
        "chr1 4000 5001 chr1 20000 21000 name 5.0\n"
        "chr1 50000 51000 chr1 5000 6000\n"
        # Ends before the TSS, and joins others.
        "chr1 4000 5000 chr1 80000 81000\n"
        "chr2 4000 6000 chr2 90000 91000\n"
    )
    loops = read_loops(written(tmp_path / "loops.bedpe", text))
    starts = np.array([20_900, 21_000, 50_500, 80_500, 90_500, 4_900])
    found = loops.contacts(TSS, starts, starts + 100)
    assert found.contact.tolist() == [1, 0, 1, 0, 0, 0]
    assert found.unresolved.tolist() == [False] * 6
    found = loops.contacts(TSS, starts, starts + 101)
    assert found.unresolved.tolist() == [False] * 5 + [True]
    assert found.expected.tolist() == [1] * 6
    assert (loops.resolution, loops.balanced) == (None, None)


def test_with_two_ends_a_loop_to_either_counts(tmp_path: Path) -> None:
    text = "chr1 4000 5001 chr1 20000 21000\nchr1 9000 9100 chr1 50000 51000\n"
    loops = read_loops(written(tmp_path / "loops.bedpe", text))
    ends = (*TSS, Interval("chr1", 9_050, 9_051))
    starts = np.array([20_000, 50_000, 70_000])
    assert loops.contacts(ends, starts, starts + 500).contact.tolist() == [1, 1, 0]


def test_what_is_passed_over(tmp_path: Path) -> None:
    text = (
        "#chr1 x1 x2 chr2 y1 y2\n"
        "chrom1 start1 end1 chrom2 start2 end2 score\n"
        "\n"
        "chr1 1 2 1 3 4 with another spelling\n"
        "chr1 1 2 chr3 3 4\n"
        ". -1 -1 chr3 3 4\n"
    )
    loops = read_loops(written(tmp_path / "loops.bedpe", text))
    assert loops.chrom.tolist() == ["chr1"]
    assert (loops.first.tolist(), loops.second.tolist()) == ([[1, 2]], [[3, 4]])
    assert loops.n_trans == 1
    assert loops.n_unknown == 1
    assert loops.chromosome("1") == "chr1"
    assert loops.chromosome("chr3") is None


def test_an_empty_file_has_no_loops(tmp_path: Path) -> None:
    loops = read_loops(written(tmp_path / "loops.bedpe", ""))
    loops.require_build("hg38")
    assert loops.chromosome("chr1") is None


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("chr1 1 2 chr1 3", 2),
        ("chr1 1 2 chr1 3 x", 2),
        ("chr1 2 2 chr1 3 4", 2),
        ("chr1 -1 2 chr1 3 4", 2),
        ("chr1 1 2 chr1 4 3", 2),
        ("chr1 1.5 2 chr1 3 4", 2),
    ],
)
def test_lines_that_are_no_loops(tmp_path: Path, line: str, number: int) -> None:
    path = written(tmp_path / "loops.bedpe", f"chr1 1 2 chr1 3 4\n{line}\n")
    with pytest.raises(XbenchError, match=rf"loops\.bedpe: line {number} is no loop"):
        read_loops(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(XbenchError, match=r"absent\.bedpe: cannot be read as loops"):
        read_loops(tmp_path / "absent.bedpe")
    (tmp_path / "bytes.bedpe").write_bytes(b"\xff\xfe\x00chr1")
    with pytest.raises(XbenchError, match=r"bytes\.bedpe: cannot be read as loops"):
        read_loops(tmp_path / "bytes.bedpe")


def test_loops_of_another_build(tmp_path: Path) -> None:
    # chr1 of hg19 is 294,199 bases longer than that of hg38.
    path = written(tmp_path / "loops.bedpe", "1 10 20 1 249000000 249000500\n")
    loops = read_loops(path)
    loops.require_build("hg19")
    loops.require_build(None)
    loops.require_build("unheard-of")
    with pytest.raises(XbenchError, match=r"reaches to chr1:249,000,500, past the end in hg38"):
        loops.require_build("hg38")


places = st.tuples(st.integers(0, 300), st.integers(1, 40)).map(lambda it: (it[0], sum(it)))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    pairs=st.lists(st.tuples(places, places), max_size=8),
    peaks=st.lists(places, min_size=1, max_size=12),
    at=st.integers(0, 330),
)
def test_bioframe_joins_the_same_peaks(
    pairs: list[tuple[tuple[int, int], tuple[int, int]]], peaks: list[tuple[int, int]], at: int
) -> None:
    first, second = (np.array([pair[k] for pair in pairs]).reshape(-1, 2) for k in (0, 1))
    loops = Loops("loops", np.array(["chr1"] * len(pairs), dtype=str), first, second)
    start, end = np.array(peaks).T
    found = loops.contacts((Interval("chr1", at, at + 1),), start, end)

    def frame(of: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame({"chrom": "chr1", "start": of[:, 0], "end": of[:, 1]})

    tss = frame(np.array([[at, at + 1]]))
    joined = np.zeros(len(peaks), dtype=bool)
    for near, far in ((first, second), (second, first)):
        if len(near):
            touching = bioframe.count_overlaps(frame(near), tss)["count"].to_numpy() > 0
            if touching.any():
                ends = frame(far[touching])
                joined |= bioframe.count_overlaps(frame(np.array(peaks)), ends)["count"] > 0
    assert found.contact.tolist() == joined.astype(float).tolist()
    overlapping = bioframe.count_overlaps(frame(np.array(peaks)), tss)["count"] > 0
    assert found.unresolved.tolist() == overlapping.tolist()
