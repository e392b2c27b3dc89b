"""Figures of runs: what stands on the axes is what the tables say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest

import xbench
from xbench.errors import XbenchError
from xbench.results.record import Record
from xbench.results.store import ResultStore

from ..conftest import RecordMaker, build_record

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    from matplotlib import pyplot

    yield
    pyplot.close("all")


def frame_of(records: list[Record], folder: Path) -> pd.DataFrame:
    store = ResultStore(folder / "store")
    for record in records:
        store.append(record)
    return store.to_frame()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    made = []
    for target, base in (("VIP/GAD1", -10.0), ("Oligo/MOG", -20.0)):
        made += [build_record(target, "grids", base, repetition=r, seconds=8.0) for r in range(2)]
        made += [build_record(target, "random", -1.0, seconds=0.5)]
        made += [build_record(target, "dear", base + 4, seconds=50.0)]
    made.append(build_record("VIP/GAD1", "half", -30.0, seconds=2.0))
    made.append(build_record("Oligo/MOG", "half", status="failed", reason="it broke"))
    return frame_of(made, tmp_path_factory.mktemp("runs"))


def test_an_overview_has_the_means_of_the_table(runs: pd.DataFrame) -> None:
    (axes,) = xbench.plot.overview(runs, "rel-delta")
    texts = [text.get_text() for text in axes.texts]
    # Over VIP (-10) and Oligo (-20); the method with a failed run does not compare.
    assert "−15.000" in texts
    assert "−30.000†" in texts
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert shown == ["grids", "dear", "random", "half"]
    table = xbench.plot.table(runs)
    ranking = {row[1].text: row[2].text for row in table.blocks[0].rows}
    # Of a task that is not known, the first metric that has a direction ranks: ten times as much.
    assert ranking["grids"].startswith("-150.000")
    assert ranking["dear"].startswith("-110.000")


def test_a_front_has_what_no_other_beats_in_both(runs: pd.DataFrame) -> None:
    axes = xbench.plot.pareto(runs, "rel-delta")
    (line,) = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    # random is cheapest, grids better for more; "dear" is worse and dearer, "half" incomplete.
    assert list(line.get_xdata()) == [0.5, 8.0]
    assert list(line.get_ydata()) == [-1.0, -15.0]
    assert axes.get_xscale() == "log"
    assert "half†" in [text.get_text() for text in axes.texts]


def test_evaluations_are_forward_and_gradient_ones_together(runs: pd.DataFrame) -> None:
    axes = xbench.plot.pareto(runs, cost="evaluations")
    dots = {tuple(line.get_xdata()) for line in axes.lines if line.get_marker() == "o"}
    assert dots == {(1024.0 + 64.0,)}
    with pytest.raises(XbenchError, match="unknown cost 'money'; valid: seconds, evaluations"):
        xbench.plot.pareto(runs, cost="money")


def test_a_heat_map_has_a_number_or_a_word_in_each_field(runs: pd.DataFrame) -> None:
    axes = xbench.plot.heatmap(runs, "rel-delta")
    rows = [label.get_text() for label in axes.get_yticklabels()]
    columns = [label.get_text() for label in axes.get_xticklabels()]
    texts = {
        (rows[round(text.get_position()[1])], columns[round(text.get_position()[0])]): text
        for text in axes.texts
    }
    assert len(texts) == len(rows) * len(columns) == 8
    assert texts["VIP:GAD1", "grids"].get_text() == "−10.000"
    assert texts["Oligo:MOG", "half"].get_text() == "failed"


def test_axes_of_ones_own_are_drawn_on(runs: pd.DataFrame) -> None:
    from matplotlib.figure import Figure

    left, right = Figure().subplots(1, 2)
    assert xbench.plot.heatmap(runs, ax=left) is left
    assert xbench.plot.pareto(runs, ax=right) is right


def peak(chrom: str, start: int) -> tuple[str, int, int]:
    return chrom, start, start + 500


@pytest.fixture
def near_a_gene(make_record: RecordMaker, tmp_path: Path) -> pd.DataFrame:
    gene = {"target_place": ("chr2", 1_000_000, 1_010_000), "target_strand": "-"}
    always, once, far, other = (
        peak("chr2", 900_000), peak("chr2", 1_200_000), peak("chr2", 9_000_000), peak("chr3", 5),
    )  # fmt: skip
    repetitions = [(always, once), (always, far), (always, other)]
    made = [
        make_record(
            "VIP/GAD1", "grids", L=2, repetition=r, places=list(places), **gene,
            features=[f"{one[0]}:{one[1]}" for one in places],
        )
        for r, places in enumerate(repetitions)
    ]  # fmt: skip
    return frame_of(made, tmp_path)


def test_tracks_show_where_peaks_lie_and_count_the_rest(near_a_gene: pd.DataFrame) -> None:
    axes = xbench.plot.tracks(near_a_gene, around="500kb")
    assert axes.get_xlim() == (500_000, 1_510_000)
    assert "+2 elsewhere" in [text.get_text() for text in axes.texts]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["GAD1", "grids"]
    boxes = {
        round(path.get_extents().x0 + path.get_extents().width / 2): drawn.get_alpha()
        for drawn in axes.collections
        for path in drawn.get_paths()
    }
    # Chosen by all three repetitions, and by one of them.
    assert boxes[900_250] == pytest.approx(1.0)
    assert boxes[1_200_250] == pytest.approx(0.25 + 0.75 / 3)
    # Transcribed from its end, on the reverse strand.
    starts = [line for line in axes.lines if list(line.get_xdata()) == [1_010_000] * 2]
    assert len(starts) == 1


def test_tracks_want_a_target_with_a_place(near_a_gene: pd.DataFrame, runs: pd.DataFrame) -> None:
    with pytest.raises(XbenchError, match=r"target 'VIP:SST': name one .* \(VIP:GAD1\)"):
        xbench.plot.tracks(near_a_gene, "VIP:SST")
    with pytest.raises(XbenchError, match="target None: name one of those that were run"):
        xbench.plot.tracks(runs)
    with pytest.raises(XbenchError, match="VIP:GAD1: it is not known where the gene lies"):
        xbench.plot.tracks(runs, "VIP:GAD1")
    with pytest.raises(XbenchError, match="no runs with L = 7"):
        xbench.plot.tracks(near_a_gene, L=7)


def test_what_is_not_there_is_refused_by_name(
    runs: pd.DataFrame, make_record: RecordMaker, tmp_path: Path
) -> None:
    with pytest.raises(XbenchError, match="unknown metric 'rel-dleta'"):
        xbench.plot.heatmap(runs, "rel-dleta")
    with pytest.raises(XbenchError, match="no runs with L = 3; there are 10"):
        xbench.plot.heatmap(runs, L=3)
    with pytest.raises(XbenchError, match="there are no runs to draw"):
        xbench.plot.overview(runs[runs["method"] == "none"])
    both = frame_of([make_record(), make_record(dataset="other")], tmp_path / "both")
    with pytest.raises(XbenchError, match="runs of 2 studies"):
        xbench.plot.overview(both)


def test_importing_xbench_loads_no_matplotlib() -> None:
    import subprocess
    import sys

    code = "import sys, xbench; xbench.plot; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_settings_of_the_page_are_put_back_and_no_others(runs: pd.DataFrame) -> None:
    from xbench.utils.plotting import SETTINGS, drawn_alike

    before = {name: mpl.rcParams[name] for name in SETTINGS}
    was = mpl.rcParams["interactive"]
    try:
        with drawn_alike():
            assert mpl.rcParams["font.size"] == 8
            # As a notebook does when its first figure is drawn.
            mpl.rcParams["interactive"] = not was
        assert mpl.rcParams["interactive"] is not was
    finally:
        mpl.rcParams["interactive"] = was
    assert {name: mpl.rcParams[name] for name in SETTINGS} == before


def test_names_of_dots_that_lie_together_do_not_cover_each_other(
    make_record: RecordMaker, tmp_path: Path
) -> None:
    values = {"saliency": -95.0, "gradient-change": -94.9, "smoothgrad": -94.8, "random": 0.0}
    made = [make_record("VIP/GAD1", name, value) for name, value in values.items()]
    axes = xbench.plot.pareto(frame_of(made, tmp_path), "rel-delta")
    figure = axes.figure.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 4
    for place, one in enumerate(boxes):
        for other in boxes[:place]:
            assert not one.overlaps(other)


def test_open_shares_and_truth_are_those_of_the_dataset(
    make_record: RecordMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    from xbench.simulation.known_regulation import truth_of
    from xbench.simulation.parameters import Parameters
    from xbench.simulation.simulation_files import simulated_dataset

    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path))
    dataset = simulated_dataset(Parameters(n_cells=300, n_peaks=1500, n_genes=40, seed=3))
    target = dataset.target("VIP", "GAD1")
    gene = target.interval
    assert gene is not None
    record = make_record(
        "VIP/GAD1", L=1, features=["p"], places=[None],
        target_place=(gene.chrom, gene.start, gene.end),
    )  # fmt: skip
    axes = xbench.plot.tracks(frame_of([record], tmp_path), around="3Mb", dataset=dataset)
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "GAD1", "open share", "known", "grids",
    ]  # fmt: skip
    peaks, low, high = dataset.features, gene.start - 3_000_000, gene.end + 3_000_000
    assert peaks.chrom is not None
    assert peaks.start is not None
    assert peaks.end is not None
    near = (peaks.chrom == gene.chrom) & (peaks.start < high) & (peaks.end > low)
    open_share = dataset.X[dataset.rows("VIP", "all")].toarray().astype(bool).mean(axis=0)
    heights = sorted(bar.get_height() / 0.8 for bar in axes.patches)
    assert heights == pytest.approx(sorted(open_share[near & (open_share > 0)]))
    truth = truth_of(dataset)
    assert truth is not None
    own = np.concatenate([truth.features_of(m) for m in truth.modules_of(target.output)])
    boxes = [path for drawn in axes.collections for path in drawn.get_paths()]
    # The gene's body, and the peaks of its modules within.
    assert len(boxes) == 1 + int(near[own].sum())
    assert near[own].any()
