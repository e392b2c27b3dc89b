"""The genome round a gene: its body and start, and the peaks that each method chose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xbench.errors import XbenchError
from xbench.results.exports import Chosen, chosen_features
from xbench.results.record import Place, Record

from ..figures.canvas import GREY, short
from .cost_front import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class TrackView:
    """What is drawn of one target at one L.

    Parameters
    ----------
    target
        Cell type and gene.
    size
        L.
    gene, strand
        Where the gene lies; "+", "-" or "" where its strand is not known.
    start, end
        What of its chromosome is shown, base pairs.
    chosen
        By method, in the order of the runs: its peaks within, each with the share of repetitions.
    beyond
        By method: how many of its peaks lie elsewhere, on other chromosomes or further off.
    """

    target: tuple[str, str]
    size: int
    gene: Place
    strand: str
    start: int
    end: int
    chosen: dict[str, tuple[Chosen, ...]]
    beyond: dict[str, int]


def track_view(
    records: Iterable[Record], target: str | None, size: int | None, window: int
) -> TrackView:
    """Choose what is drawn.

    Parameters
    ----------
    records
        Of runs on single cells.
    target
        ``"CELL_TYPE:GENE"``; may be left out where there is one.
    size
        L; the largest where None.
    window
        How far to both sides of the gene, in base pairs.

    Raises
    ------
    XbenchError
        There are several targets, or none so called; or it is not known where the gene lies.
    """
    done = [record for record in records if record.status == "ok"]
    names = list(dict.fromkeys(":".join(record.explained) for record in done))
    if target is None and len(names) == 1:
        target = names[0]
    if target not in names:
        there = ", ".join(names) or "none with a result"
        raise XbenchError(f"target {target!r}: name one of those that were run ({there})")
    own = [record for record in done if ":".join(record.explained) == target]
    largest = max(record.L for record in own) if size is None else size
    own = [record for record in own if largest == record.L]
    if not own:
        raise XbenchError(f"{target}: no runs with L = {size}")
    gene, strand = own[-1].target_place, own[-1].target_strand
    if gene is None:
        what = "it is not known where the gene lies; give the data with coordinates, or --gtf"
        raise XbenchError(f"{target}: {what}")
    start, end = max(0, gene[1] - window), gene[2] + window
    found = chosen_features(own)
    by_method = {
        method: [one for one in found if one.method == method]
        for method in dict.fromkeys(record.method for record in own)
    }
    inside = {
        method: tuple(one for one in of if _within(one.place, gene[0], start, end))
        for method, of in by_method.items()
    }
    beyond = {method: len(of) - len(inside[method]) for method, of in by_method.items()}
    return TrackView(own[-1].explained, largest, gene, strand, start, end, inside, beyond)


def _within(place: Place | None, chrom: str, start: int, end: int) -> bool:
    return place is not None and place[0] == chrom and place[1] < end and place[2] > start


def draw_tracks(
    view: TrackView,
    *,
    known: Sequence[Place] = (),
    open_shares: Sequence[tuple[Place, float]] = (),
    axes: "Axes | None" = None,
) -> "Axes":
    """Draw the gene, then a line a method; darker is chosen by more of its repetitions.

    Parameters
    ----------
    view
        As `track_view` returns it.
    known
        Places that are known to regulate the gene, on a line of their own; none is drawn where
        nothing is known.
    open_shares
        Peaks and the share of the target's cells in which each is open, drawn as bars.
    axes
        To draw on; new ones where None.
    """
    from xbench.utils.plotting import INK, PALETTE, drawn_alike

    lines = ["gene", *(["open"] if open_shares else []), *(["known"] if known else [])]
    lines += list(view.chosen)
    chrom = view.gene[0]
    # A peak is hundreds of base pairs of millions: it is drawn as wide as can be seen.
    least = (view.end - view.start) / 250
    at = {line: len(lines) - 1 - place for place, line in enumerate(lines)}
    with drawn_alike():
        axes = axes or new_axes(7.0, 0.9 + 0.26 * len(lines))
        _draw_gene(axes, view, at["gene"])
        for place, share in open_shares:
            if _within(place, chrom, view.start, view.end):
                box = _box(place, least / 2)
                axes.bar(box[0], 0.8 * share, box[1], at["open"] - 0.4, align="edge", color=GREY)
        shown = [place for place in known if _within(place, chrom, view.start, view.end)]
        if known:
            boxes = [_box(place, least) for place in shown]
            axes.broken_barh(boxes, (at["known"] - 0.3, 0.6), color=PALETTE[2])
        for method, chosen in view.chosen.items():
            axes.axhline(at[method], color="#DDDDDD", lw=0.6, zorder=0)
            for one in chosen:
                if one.place is not None:
                    axes.broken_barh(
                        [_box(one.place, least)],
                        (at[method] - 0.3, 0.6),
                        color=PALETTE[0],
                        alpha=0.25 + 0.75 * one.share,
                    )
            if view.beyond[method]:
                axes.text(
                    1.01, at[method], f"+{view.beyond[method]} elsewhere", color=GREY,
                    transform=axes.get_yaxis_transform(), va="center", fontsize=7,
                )  # fmt: skip
        labels = {"gene": short(view.target[1]), "open": "open share", "known": "known"}
        axes.set_yticks(
            list(at.values()), [labels.get(line, short(line)) for line in at], color=INK
        )
        axes.set(xlim=(view.start, view.end), ylim=(-0.6, len(lines) - 0.4))
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1e6:.2f}")
        axes.set_xlabel(f"{chrom}, Mb")
        title = f"{':'.join(map(short, view.target))}, L = {view.size}"
        axes.set_title(title, loc="left", fontweight="bold")
    return axes


def _box(place: Place, least: float) -> tuple[float, float]:
    """Return left edge and width of a peak, at least so wide, round its middle."""
    _, start, end = place
    width = max(float(end - start), least)
    return (start + end - width) / 2, width


def _draw_gene(axes: "Axes", view: TrackView, line: int) -> None:
    from xbench.utils.plotting import INK

    _, start, end = view.gene
    axes.broken_barh([_box(view.gene, 0.0)], (line - 0.12, 0.24), color=INK)
    if view.strand:
        begins = start if view.strand == "+" else end
        reach = 0.025 * (view.end - view.start) * (1 if view.strand == "+" else -1)
        axes.annotate(
            "", xy=(begins + reach, line + 0.32), xytext=(begins, line + 0.32),
            arrowprops={"arrowstyle": "->", "color": INK, "lw": 1.0},
        )  # fmt: skip
        axes.plot([begins] * 2, [line, line + 0.32], color=INK, lw=1.0)
