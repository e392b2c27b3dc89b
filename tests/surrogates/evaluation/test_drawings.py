"""What the panels hold, read back from matplotlib."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from xbench.surrogates.evaluation.agreement import PREDICTORS
from xbench.surrogates.evaluation.measure import SurrogateReport
from xbench.surrogates.evaluation.plots import (
    BINS,
    LIMITS,
    draw_genes,
    draw_map,
    draw_markers,
    draw_training,
    markers_height,
)
from xbench.utils.plotting import PALETTE, drawn_alike, type_styles

from .small_report import GENES, SILENT


def drawn(draw, report: SurrogateReport, height: float = 4.0) -> tuple[Figure, list[Axes]]:  # type: ignore[no-untyped-def]
    with drawn_alike():
        figure = Figure(figsize=(11, height))
        draw(figure, report)
        figure.canvas.draw()
    return figure, [axes for axes in figure.axes if axes.get_visible()]


def named(panels: list[Axes], title: str) -> Axes:
    found = [
        axes
        for axes in panels
        if any(axes.get_title(loc=place).startswith(title) for place in ("left", "center"))
    ]
    assert len(found) == 1
    return found[0]


def test_a_panel_a_marker_with_a_point_a_type(report: SurrogateReport) -> None:
    _, panels = drawn(draw_markers, report, markers_height(4))
    assert len(panels) == 5
    means = report.means
    styles = type_styles(means.names, means.counts)
    for marker in report.markers:
        axes = named(panels, GENES[marker.column])
        squared = report.agreements["surrogate"].type_squared_pearson[marker.column]
        assert axes.get_title().endswith(f"r² {squared:.2f}")
        points = [line for line in axes.lines if line.get_linestyle() == "None"]
        rings = [line for line in points if line.get_markerfacecolor() == "none"]
        points = [line for line in points if line not in rings]
        assert len(points) == len(means.names) == 4
        for row, (name, line) in enumerate(zip(means.names, points, strict=True)):
            wanted = (
                means.observed[row, marker.column],
                means.predicted["surrogate"][row, marker.column],
            )
            assert line.get_xydata()[0] == pytest.approx(wanted)
            hollow = line.get_markerfacecolor() == "white"
            assert hollow == (name == "Few")
            colour = line.get_markeredgecolor() if hollow else line.get_markerfacecolor()
            assert (colour, line.get_marker()) == (styles[name].colour, styles[name].shape)
        own = [list(means.names).index(name) for name in marker.own_types]
        assert [tuple(ring.get_xydata()[0]) for ring in rings] == [
            tuple(points[row].get_xydata()[0]) for row in own
        ]
        # Every point is inside, and both axes are alike.
        assert axes.get_xlim() == axes.get_ylim()
        assert axes.get_xlim()[1] > max(
            means.observed[:, marker.column].max(),
            means.predicted["surrogate"][:, marker.column].max(),
        )


def test_each_marker_s_r2_beside_that_of_its_type_s_mean(report: SurrogateReport) -> None:
    _, panels = drawn(draw_markers, report, markers_height(4))
    lines = {line.get_label(): line for line in panels[-1].lines}
    for label, name in (("surrogate", "surrogate"), ("type's training mean", "type-training-mean")):
        squared = report.agreements[name].type_squared_pearson[:4]
        np.testing.assert_allclose(lines[label].get_ydata(), squared)
    (paper,) = [line for label, line in lines.items() if "0.914" in str(label)]
    assert set(paper.get_ydata()) == {0.914}
    ticks = [text.get_text() for text in panels[-1].get_xticklabels()]
    assert ticks == list(GENES[:4])


def test_histograms_hold_every_defined_gene(report: SurrogateReport) -> None:
    _, panels = drawn(draw_genes, report)
    for axes, (field, limits) in zip(panels, LIMITS.items(), strict=True):
        texts = {text.get_text().split(":")[0]: text for text in axes.get_legend().get_texts()}
        for patch, name in zip(axes.patches, ("type-training-mean", "surrogate"), strict=True):
            values = getattr(report.agreements[name], field)
            defined = values[np.isfinite(values)]
            counts = np.histogram(np.clip(defined, *limits), BINS, limits)[0]
            assert counts.sum() == len(GENES) - 1
            assert set(patch.get_xy()[:, 1]) == {0, *counts}
            words = texts[PREDICTORS[name]].get_text()
            median = f"{np.median(defined):.3f}".replace("-", "−")
            assert words.endswith(f": median {median}, undefined: 1")
    explained = report.agreements["surrogate"].type_determination
    below = int((explained < -1).sum())
    assert below > 0
    assert f"the surrogate's {below} genes below −1.00" in panels[1].get_xlabel()


def test_the_map_shows_types_and_expression_of_the_same_cells(report: SurrogateReport) -> None:
    _, panels = drawn(draw_map, report, 4.2)
    types = named(panels, "cell type")
    styles = type_styles(report.means.names, report.means.counts)
    at = report.map.coordinates
    for drawn_type, (name, style) in zip(types.collections, styles.items(), strict=True):
        members = report.cells.cell_types[report.map.rows] == name
        np.testing.assert_allclose(drawn_type.get_offsets(), at[members])
        assert to_hex(drawn_type.get_facecolor()[0]).upper() == style.colour.upper()
    for gene in report.map_genes:
        upper = named(panels, str(report.cells.genes.names[gene]))
        (lower,) = [
            axes
            for axes in panels
            if axes is not upper
            and axes.collections
            and axes.get_position().x0 == upper.get_position().x0
            and axes.get_position().width == upper.get_position().width
        ]
        pair = (report.cells.observed, report.cells.predicted)
        scales = set()
        for axes, values in zip((upper, lower), pair, strict=True):
            (points,) = axes.collections
            order = np.argsort(values[:, gene], kind="stable")
            np.testing.assert_allclose(points.get_offsets(), at[order])
            np.testing.assert_allclose(points.get_array(), values[order, gene])
            scales.add(points.get_clim())
        assert len(scales) == 1


def test_curves_of_training_and_their_best_steps(report: SurrogateReport) -> None:
    _, panels = drawn(draw_training, report, 2.2)
    assert [axes.get_title(loc="left").split(":")[0] for axes in panels] == ["one", "two<b>"]
    curve, best = panels[0].lines
    assert curve.get_xydata().tolist() == [[0, 3], [10, 2], [20, 2.5]]
    assert best.get_xydata().tolist() == [[10, 2]]


def test_a_cell_type_has_one_look_and_no_two_share_it() -> None:
    names = [f"type{number}" for number in range(40)]
    styles = type_styles(names, range(40))
    assert len({(style.colour, style.shape) for style in styles.values()}) == 40
    # The largest types have the plainest shape.
    assert list(styles)[:2] == ["type39", "type38"]
    assert {styles[name].shape for name in names[-len(PALETTE) :]} == {"o"}
    assert type_styles(names[::-1], range(39, -1, -1)) == styles


def test_a_gene_that_nobody_expresses_can_be_drawn(report: SurrogateReport) -> None:
    from dataclasses import replace

    silent = replace(report, map_genes=[SILENT])
    _, panels = drawn(draw_map, silent, 4.2)
    assert named(panels, "Silent").get_title().endswith("r² –")
