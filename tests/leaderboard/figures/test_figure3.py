"""The numbers of Figure 3, against pandas and by hand, and the heat map of them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from xbench.leaderboard.figures.figure3 import cross_effects, draw_figure3, shares_of_largest_drop
from xbench.leaderboard.paper import CrossEffects
from xbench.results.findings import Finding

from .layout import assert_legible, written


def test_mean_over_markers_of_means_over_runs_by_hand(
    make_record: Any, make_runs: Any, make_figure3: Any
) -> None:
    first = make_record("VIP/GAD1", repetition=0)
    again = make_record("VIP/GAD1", repetition=1)
    other = make_record("Oligo/MOG")
    findings = [
        make_figure3(first, VIP_GAD1=-10.0, VIP_GAD2=-4.0, Oligo_MOG=-1.0),
        make_figure3(again, VIP_GAD1=-20.0, VIP_GAD2=-8.0, Oligo_MOG=-3.0),
        make_figure3(other, VIP_GAD1=-2.0, VIP_GAD2=2.0, Oligo_MOG=-30.0),
    ]
    effects = cross_effects(make_runs([first, again, other], findings))
    assert effects is not None
    assert effects.cell_types == ("Oligo", "VIP")
    assert effects.changes == [[-30.0, -2.0], [0.0, -10.5]]


def test_the_mean_agrees_with_pandas(make_record: Any, make_runs: Any) -> None:
    draws = np.random.default_rng(3)
    markers = {"VIP": ["GAD1", "GAD2"], "Astro": ["AQP4", "GJA1", "ALDH1A1"], "New": ["G"]}
    records, findings, rows = [], [], []
    for cell_type, genes in markers.items():
        for gene in genes:
            for repetition in range(int(draws.integers(1, 4))):
                record = make_record(f"{cell_type}/{gene}", repetition=repetition)
                changes = {
                    f"{name}:{marker}": float(draws.normal()) if draws.random() > 0.2 else None
                    for name, genes_of in markers.items()
                    for marker in genes_of
                }
                values = {"rel_delta": changes}
                records.append(record)
                findings.append(Finding(analysis="figure3", run_id=record.run_id, values=values))
                rows += [(*key.split(":"), cell_type, value) for key, value in changes.items()]
    frame = pd.DataFrame(rows, columns=["row", "gene", "column", "change"]).dropna()
    wanted = frame.groupby(["row", "gene", "column"]).mean().groupby(["row", "column"]).mean()
    random.Random(1).shuffle(records)
    random.Random(2).shuffle(findings)
    effects = cross_effects(make_runs(records, findings))
    assert effects is not None
    assert effects.cell_types == ("Astro", "VIP", "New")  # The paper's in its order, then others.
    for row, changes_of in zip(effects.cell_types, effects.changes, strict=True):
        for column, change in zip(effects.cell_types, changes_of, strict=True):
            assert change == pytest.approx(wanted.loc[(row, column), "change"])


def test_only_successful_runs_of_the_method_at_its_largest_l_count(
    make_record: Any, make_runs: Any, make_figure3: Any
) -> None:
    right = make_record("VIP/GAD1", L=128)
    wrong = [
        make_record("VIP/GAD1", L=10),
        make_record("VIP/GAD1", method="random", L=1000),
        make_record("VIP/GAD1", L=128, repetition=1, status="failed", reason="broken"),
    ]
    findings = [make_figure3(one, VIP_GAD1=-99.0) for one in wrong]
    findings.append(make_figure3(right, VIP_GAD1=-7.0))
    findings.append(Finding(analysis="figure3", run_id="of another store", values={}))
    findings.append(Finding(analysis="proximity", run_id=right.run_id, values={"nearest": 1.0}))
    runs = make_runs([*wrong, right], findings)
    assert cross_effects(runs) == CrossEffects(("VIP",), [[-7.0]])
    assert cross_effects(runs, "random") == CrossEffects(("VIP",), [[-99.0]])
    assert cross_effects(runs, "lime") is None
    assert cross_effects(make_runs([], [])) is None


def test_a_type_without_markers_keeps_its_column(
    make_record: Any, make_runs: Any, make_figure3: Any
) -> None:
    record = make_record("Endo/FLT1")
    finding = make_figure3(record, VIP_GAD1=-3.0, Endo_FLT1=None)
    effects = cross_effects(make_runs([record], [finding]))
    assert effects == CrossEffects(("Endo", "VIP"), [[None, None], [-3.0, None]])
    nothing = make_figure3(record, Endo_FLT1=None)
    assert cross_effects(make_runs([record], [nothing])) is None


changes = st.floats(-50, 50, allow_subnormal=False).map(lambda value: round(value, 3))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5).flatmap(lambda n: st.lists(
    st.lists(st.none() | changes, min_size=n, max_size=n), min_size=n, max_size=n)))  # fmt: skip
def test_the_largest_drop_of_each_row_is_one(rows: list[list[float | None]]) -> None:
    names = tuple(f"type {index}" for index in range(len(rows)))
    shares = shares_of_largest_drop(CrossEffects(names, rows))
    for row, share in zip(rows, shares, strict=True):
        known = [value for value in row if value is not None]
        if not known or min(known) >= 0:
            assert np.isnan(share).all()
            continue
        assert np.nanmax(share) == 1.0
        for value, one in zip(row, share, strict=True):
            assert np.isnan(one) if value is None else one == pytest.approx(value / min(known))


def drawn(effects: CrossEffects) -> Figure:
    figure = Figure()
    draw_figure3(figure, effects, "grids", 128)
    return figure


def test_cells_say_the_change_and_the_largest_drop_is_bold() -> None:
    rows = [[-8.04, -2.0, 1.0], [-9.0, -6.0, None], [2.0, 3.0, 4.0]]
    figure = drawn(CrossEffects(("Astro", "Endo", "Micro"), rows))
    cells = figure.axes[0].texts
    texts = [cell.get_text() for cell in cells]
    assert texts == ["−8.0", "−2.0", "+1.0", "−9.0", "−6.0", "–", "+2.0", "+3.0", "+4.0"]
    bold = [place for place, cell in enumerate(cells) if cell.get_fontweight() == "bold"]
    assert bold == [0, 3]
    frames = figure.axes[0].patches
    assert [patch.get_xy() for patch in frames] == [(0, 0), (1, 1), (2, 2)]
    below = " ".join(text.get_text() for text in figure.texts)
    assert "each row divided by its largest drop" in below
    assert "Brown: a rise" in below
    assert "Grey: no value" in below
    # The first row is at the top, and the colours are the shares.
    low, high = figure.axes[0].get_ylim()
    assert low > high
    tints = np.ma.filled(figure.axes[0].collections[0].get_array(), np.nan)
    wanted = shares_of_largest_drop(CrossEffects(("a", "b", "c"), rows))
    assert np.allclose(tints, wanted, equal_nan=True)


def test_the_colour_bar_has_rises_only_where_there_are() -> None:
    without = drawn(CrossEffects(("Astro", "Endo"), [[-8.0, -2.0], [-1.0, -4.0]]))
    assert without.axes[1].get_ylim() == (0, 1)
    assert not any("Brown" in text.get_text() for text in without.texts)
    with_rise = drawn(CrossEffects(("Astro", "Endo"), [[-8.0, -2.0], [1.0, -4.0]]))
    assert with_rise.axes[1].get_ylim() == (-1, 1)


@pytest.mark.parametrize(
    "names",
    [
        ("VIP",),
        ("Astro", "Endo", "Micro", "OPC", "Oligo", "SST", "VIP"),
        ("Excitatory neurons of layer five", "T cells", "<script>", "Endothelial cells"),
        tuple(f"cluster {index}" for index in range(12)),
    ],
)
def test_nothing_is_cut_and_nothing_overlaps(names: tuple[str, ...]) -> None:
    draws = np.random.default_rng(0)
    figure = drawn(CrossEffects(names, draws.normal(-20, 10, (len(names),) * 2).tolist()))
    assert_legible(figure)
    assert len(written(figure)) > len(names) ** 2
