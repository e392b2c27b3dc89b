"""Figures as files: which there are, always the same bytes, strangers' names escaped."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import matplotlib.image
import pytest

from xbench import load_dataset
from xbench.leaderboard import studies, tidy
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


def test_every_figure_that_there_are_data_for(data: Any) -> None:
    records, findings = data
    files = figure_files(records, findings, "toy", studies(tidy(records, {}), {})[0])
    assert list(files) == [f"toy--{name}.{end}" for name in EVERY for end in ("png", "svg")]
    assert figure_files(records, [], "toy") == {}
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
    again = figure_files(records[::-1], findings[::-1], "toy")
    assert again == {name: files[name] for name in again}
    assert len(again) == 4


def chunks(png: bytes) -> set[bytes]:
    found, at = set(), 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        found.add(kind)
        at += 12 + length
    return found


def test_pixels_only_over_the_digits_that_were_explained(make_record: Any) -> None:
    digest = load_dataset("mnist-binary").digest
    place = {"dataset": "mnist-binary", "dataset_digest": digest, "L": 2}
    record = make_record("8/3", **place)
    assert list(figure_files([record], [], "m")) == [
        "m--masked-pixels.png",
        "m--masked-pixels.svg",
    ]
    assert figure_files([{**record, "dataset_digest": "of other images"}], [], "m") == {}


def test_the_room_is_imported_without_matplotlib_and_draws_nothing() -> None:
    code = """
import sys
sys.modules["matplotlib"] = None
from xbench.leaderboard.figures import figure_files
from xbench.leaderboard.figures import draw_figure3, draw_masked_pixels, draw_overview
from xbench.leaderboard.figures import draw_redundancy_curves
record = {"task": "t", "dataset": "d", "surrogate": "s", "cell_type": "VIP", "target": "GAD1",
          "method": "grids", "run_id": "1", "L": 1, "repetition": 0, "status": "ok", "metrics": {}}
from xbench.results.findings import Finding
found = Finding(analysis="figure3", run_id="1", values={"rel_delta": {"VIP:GAD1": -1.0}})
print(figure_files([record], [found], "toy"))
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("{}", 0), done.stderr
