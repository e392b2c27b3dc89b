"""Figures as files: which there are, always the same bytes, strangers' names escaped."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import matplotlib.image
import pytest

from xbench import load_dataset
from xbench.leaderboard import StudyRuns, studies, tidy, with_runs
from xbench.leaderboard.figures import figure_files
from xbench.results.findings import Finding

EVIL = "<script>alert(1)</script> & $x$"
EVERY = ("overview", "figure3", "redundancy")


@pytest.fixture
def data(make_record: Any, make_figure3: Any, make_redundancy: Any) -> tuple[list[Any], list[Any]]:
    records = [
        make_record(target, method, L=2)
        for target in ("VIP/GAD1", "Oligo/MOG")
        for method in ("grids", EVIL)
    ]
    findings: list[Finding] = []
    for record in records:
        findings.append(make_figure3(record, VIP_GAD1=-5.0, Oligo_MOG=-3.0))
        findings.append(make_redundancy(record, 1.0, [0.1, 0.2], [0.1, 0.05]))
    return records, findings


def whole(records: list[Any], findings: list[Finding]) -> StudyRuns:
    (runs,) = with_runs(studies(tidy(records, {}), {}), records, findings)
    return runs


def test_every_figure_that_there_are_data_for(data: Any, make_runs: Any) -> None:
    records, findings = data
    files = figure_files(whole(records, findings), "toy")
    assert list(files) == [f"toy--{name}.{end}" for name in EVERY for end in ("png", "svg")]
    assert figure_files(make_runs(records), "toy") == {}
    for name, content in files.items():
        if name.endswith(".png"):
            assert matplotlib.image.imread(io.BytesIO(content)).shape[1] > 600
            assert chunks(content) <= {b"IHDR", b"IDAT", b"IEND", b"pHYs"}
        else:
            root = ElementTree.fromstring(content)
            tags = {element.tag.split("}")[-1] for element in root.iter()}
            assert {"title", "text"} <= tags
            assert "script" not in tags
            assert b"<script" not in content
    for name in ("overview", "redundancy"):
        root = ElementTree.fromstring(files[f"toy--{name}.svg"])
        texts = [element.text for element in root.iter()]
        assert any((text or "").startswith(EVIL[:25]) for text in texts)
    # Neither the order of the data nor another drawing before changes a byte.
    assert figure_files(whole(records[::-1], findings[::-1]), "toy") == files


def chunks(png: bytes) -> set[bytes]:
    found, at = set(), 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        found.add(kind)
        at += 12 + length
    return found


def test_pixels_only_over_the_digits_that_were_explained(make_record: Any, make_runs: Any) -> None:
    digest = load_dataset("mnist-binary").digest
    place = {"dataset": "mnist-binary", "dataset_digest": digest, "L": 2}
    record = make_record("8/3", **place)
    assert list(figure_files(make_runs([record]), "m")) == [
        "m--masked-pixels.png",
        "m--masked-pixels.svg",
    ]
    other = make_runs([replace(record, dataset_digest="of other images")])
    assert figure_files(other, "m") == {}


# A process that imports pandas and torch; make test-lowest renders without matplotlib.
@pytest.mark.slow
def test_the_room_is_imported_without_matplotlib_and_draws_nothing() -> None:
    code = """
import sys
sys.modules["matplotlib"] = None
from xbench.leaderboard.figures import figure_files
from xbench.leaderboard.figures.redundancy_curves import draw_redundancy_curves
from xbench.leaderboard import Study, StudyRuns
from xbench.results.findings import Finding
from xbench.results.record import Record
record = Record(
    run_id="1", task="t", task_version=1, dataset="d", dataset_digest="d1", surrogate="s",
    surrogate_digest="s1", cell_type="VIP", target="GAD1", method="grids", method_digest="m1",
    L=1, repetition=0, seed=7, status="ok", seconds=0.5, created="2026-01-31T12:00:00+00:00",
)
found = Finding(analysis="figure3", run_id="1", values={"rel_delta": {"VIP:GAD1": -1.0}})
print(figure_files(StudyRuns(Study(record.study, {}, None), (record,), (found,)), "toy"))
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("{}", 0), done.stderr
