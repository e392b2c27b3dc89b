"""Quality against cost: where each method stands, and which of them no other beats in both."""

from typing import TYPE_CHECKING

from ..figures.canvas import GREY, short
from ..statistics import Offer, ascending, pareto_front
from ..study import MARK, OVERALL, Study
from .study_of_runs import metric_of, size_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COST_LABELS = {"seconds": "seconds a run", "evaluations": "evaluations a run (cells)"}


def draw_pareto(
    study: Study, metric: str | None, cost: str, size: int | None, axes: "Axes | None"
) -> "Axes":
    """Draw a dot a method, its interval, and a line through those that no other beats.

    Means over fewer targets than others have are hollow and in no front; methods without a value
    are named below the axis with what became of them.

    Parameters
    ----------
    study
        Whose rows are drawn.
    metric, size
        Quality and L; the primary metric and the largest L where None.
    cost
        ``"seconds"`` or ``"evaluations"``.
    axes
        To draw on; new ones where None.
    """
    from xbench.utils.plotting import PALETTE, drawn_alike

    name, chosen = metric_of(study, metric), size_of(study, size)
    direction, incomplete = study.direction(name), study.incomplete(chosen, name)
    points: dict[str, tuple[float, float]] = {}
    without = []
    with drawn_alike():
        axes = axes or new_axes(5.2, 3.4)
        for method in study.methods:
            spent = study.cost(method, chosen, cost)
            row = study.row(OVERALL, method, chosen, name)
            if spent is None or row is None or row.mean != row.mean:
                without.append(f"{short(method)}: {study.instead(OVERALL, method, chosen, name)}")
                continue
            hollow = method in incomplete
            points[method] = spent, row.mean
            if row.low == row.low:
                axes.plot([spent] * 2, [row.low, row.high], color=GREY, lw=1.0, zorder=2)
            face = "white" if hollow else PALETTE[0]
            axes.plot(spent, row.mean, "o", ms=6, mfc=face, mec=PALETTE[0], zorder=3)
        if direction != "none":
            sign = ascending(direction)
            best = pareto_front(
                {m: Offer(x, sign * y) for m, (x, y) in points.items() if m not in incomplete}
            )
            across, up = [points[m][0] for m in best], [points[m][1] for m in best]
            axes.step(across, up, where="post", color=PALETTE[5], lw=1.2, zorder=1)
        axes.set_xscale("symlog" if any(x <= 0 for x, _ in points.values()) else "log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        axes.margins(x=0.15, y=0.12)
        _name_points(axes, points, incomplete)
        better = {"lower": " (lower is better)", "higher": " (higher is better)"}
        axes.set_ylabel(study.label_with_unit(name) + better.get(direction, ""))
        below = [COST_LABELS[cost]]
        below += ["\n".join(without)] if without else []
        if incomplete:
            below.append(f"{MARK} over fewer targets than others: does not compare")
        axes.set_xlabel("\n".join(below))
        axes.set_title(f"{study.title}, L = {chosen}", loc="left", fontweight="bold")
    return axes


def _name_points(
    axes: "Axes", points: dict[str, tuple[float, float]], incomplete: set[str]
) -> None:
    """Write the methods beside their dots, below each other where dots lie close together."""
    from xbench.utils.plotting import INK

    if not points:
        return
    # Where dots lie is known once the axes have their limits and the figure its layout.
    figure = axes.figure.get_figure(root=True)
    if figure is None:
        return
    figure.draw_without_rendering()
    places = axes.transData.transform(list(points.values()))
    taken: list[tuple[float, float]] = []
    line, reach = 11.0 * figure.dpi / 72, 90.0 * figure.dpi / 72
    for method, (across, up) in sorted(
        zip(points, places, strict=True), key=lambda one: -one[1][1]
    ):
        at = up + line / 3
        for x, y in taken:
            if abs(x - across) < reach and abs(y - at) < line:
                at = y - line
        taken.append((across, at))
        axes.annotate(
            short(method) + (MARK if method in incomplete else ""),
            points[method],
            xytext=(6, (at - up) * 72 / figure.dpi),
            textcoords="offset points",
            va="center",
            color=INK,
        )


def new_axes(width: float, height: float) -> "Axes":
    """Return axes on a figure of pyplot's, in inches, which a notebook shows."""
    from matplotlib import pyplot

    _, axes = pyplot.subplots(
        figsize=(width, height), facecolor="white", layout="constrained", squeeze=True
    )
    return axes
