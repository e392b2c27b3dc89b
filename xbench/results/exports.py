"""Selected features as genome browsers and spreadsheets read them: BED, BEDPE and a table."""

import colorsys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from xbench.errors import XbenchError
from xbench.results.record import Place, Record
from xbench.utils.text import shown


@dataclass(frozen=True)
class Chosen:
    """One feature that a method chose for a target at one L, over its repetitions.

    Parameters
    ----------
    dataset, surrogate, cell_type, target, method, size
        What was asked; size is L.
    feature, place
        Its name in the user's file, and where it lies; None where that is not known.
    gene
        Where the target lies; None where that is not known.
    share
        Of the method's repetitions that chose it, above 0 and at most 1.
    methods
        All that chose it for this target at this L.
    rank
        Mean position in the order of the subset, from 1, where the method orders its subsets;
        None otherwise.
    """

    dataset: str
    surrogate: str
    cell_type: str
    target: str
    method: str
    size: int
    feature: str
    place: Place | None
    gene: Place | None
    share: float
    methods: tuple[str, ...]
    rank: float | None

    @property
    def distance(self) -> int | None:
        """Base pairs to the gene, 0 where they overlap, below 0 where the feature lies before it.

        Before means at smaller coordinates. None on another chromosome, or where either place is
        not known.

        Examples
        --------
        >>> at = dict(dataset="d", surrogate="s", cell_type="VIP", target="GAD1", method="grids")
        >>> peak = Chosen(**at, size=2, feature="p", place=("chr2", 100, 200),
        ...               gene=("chr2", 500, 900), share=1.0, methods=("grids",), rank=1.0)
        >>> peak.distance
        -301
        """
        if self.place is None or self.gene is None or self.place[0] != self.gene[0]:
            return None
        (_, start, end), (_, first, last) = self.place, self.gene
        if end <= first:
            return -(first - end + 1)
        return start - last + 1 if start >= last else 0


def chosen_features(records: Iterable[Record]) -> list[Chosen]:
    """Return what each method chose, most often chosen first.

    Parameters
    ----------
    records
        Of runs; those that gave no result have no part in it.

    Raises
    ------
    XbenchError
        Where records are of an older xbench, which kept positions only.
    """
    groups: dict[tuple[str, str, str, str, int, str], list[Record]] = {}
    for record in records:
        if record.status != "ok":
            continue
        if record.indices and not record.features:
            raise XbenchError(
                f"run {record.run_id}: was made by an older xbench, which kept no names of "
                "features; run it again with --again"
            )
        asked = (record.dataset, record.surrogate, *record.explained, record.L, record.method)
        groups.setdefault(asked, []).append(record)
    choosers: dict[tuple[object, ...], set[str]] = {}
    for asked, members in groups.items():
        for name in {name for record in members for name in record.features}:
            choosers.setdefault((*asked[:-1], name), set()).add(asked[-1])
    return [
        one for asked, members in groups.items() for one in _of_method(asked, members, choosers)
    ]


def _of_method(
    asked: tuple[str, str, str, str, int, str],
    members: Sequence[Record],
    choosers: dict[tuple[object, ...], set[str]],
) -> Iterator[Chosen]:
    dataset, surrogate, cell_type, target, size, method = asked
    places: dict[str, Place | None] = {}
    ranks: dict[str, list[int]] = {}
    for record in members:
        known = record.places or [None] * len(record.features)
        for rank, (name, place) in enumerate(zip(record.features, known, strict=True), start=1):
            places[name] = place
            ranks.setdefault(name, []).append(rank)
    ordered = all(record.ordered for record in members)

    def mean_rank(name: str) -> float:
        return sum(ranks[name]) / len(ranks[name])

    for name in sorted(ranks, key=lambda one: (-len(ranks[one]), mean_rank(one), one)):
        yield Chosen(
            dataset=dataset,
            surrogate=surrogate,
            cell_type=cell_type,
            target=target,
            method=method,
            size=size,
            feature=name,
            place=places[name],
            gene=members[-1].target_place,
            share=len(ranks[name]) / len(members),
            methods=tuple(sorted(choosers[(*asked[:-1], name)])),
            rank=mean_rank(name) if ordered else None,
        )


_HEADINGS = (
    "dataset",
    "surrogate",
    "cell_type",
    "target",
    "method",
    "L",
    "feature",
    "chrom",
    "start",
    "end",
    "distance",
    "share",
    "rank",
    "methods",
)


def table_text(chosen: Sequence[Chosen]) -> str:
    r"""Return a tab-separated table, one row a feature and method.

    Examples
    --------
    >>> table_text([]).split("\t")[:3]
    ['dataset', 'surrogate', 'cell_type']
    """
    rows = [list(_HEADINGS)]
    for one in chosen:
        place = [""] * 3 if one.place is None else [str(part) for part in one.place]
        rank = "" if one.rank is None else f"{one.rank:g}"
        distance = "" if one.distance is None else str(one.distance)
        names = [one.dataset, one.surrogate, one.cell_type, one.target, one.method, str(one.size)]
        numbers = [distance, f"{one.share:g}", rank, ",".join(one.methods)]
        rows.append([shown(cell) for cell in (*names, one.feature, *place, *numbers)])
    return "".join("\t".join(row) + "\n" for row in rows)


def bed_text(chosen: Sequence[Chosen]) -> str:
    """Return BED 9 for a genome browser: the score is the share of repetitions, in thousandths.

    The name is ``target|method|feature``, the colour tells methods apart, and the strand is not
    known. Features without a place are left out.
    """
    colours = _colours(sorted({one.method for one in chosen}))
    lines = ['track name="xbench" description="features chosen by xbench" itemRgb="On"\n']
    for one in _placed(chosen):
        chrom, start, end = one.place or ("", 0, 0)
        name = _word(f"{one.target}|{one.method}|{one.feature}")
        score, colour = round(1000 * one.share), colours[one.method]
        cells = (_word(chrom), start, end, name, score, ".", start, end, colour)
        lines.append("\t".join(map(str, cells)) + "\n")
    return "".join(lines)


def links_text(chosen: Sequence[Chosen]) -> str:
    """Return BEDPE: each feature and the gene it was chosen for, where both places are known."""
    lines = []
    for one in _placed(chosen):
        if one.gene is None or one.place is None:
            continue
        name = _word(f"{one.target}|{one.method}|{one.feature}")
        cells = (*one.place, *one.gene, name, round(1000 * one.share), ".", ".")
        lines.append("\t".join(_word(str(cell)) for cell in cells) + "\n")
    return "".join(lines)


def _placed(chosen: Iterable[Chosen]) -> list[Chosen]:
    return sorted(
        (one for one in chosen if one.place is not None),
        key=lambda one: (one.place or ("", 0, 0), one.target, one.method, one.size),
    )


def _word(text: str) -> str:
    """Return text without blanks, which separate columns to a genome browser."""
    return "_".join(shown(text).split()) or "."


def _colours(methods: Sequence[str]) -> dict[str, str]:
    colours = {}
    for number, method in enumerate(methods):
        rgb = colorsys.hls_to_rgb(number / len(methods), 0.4, 0.7)
        colours[method] = ",".join(str(round(255 * part)) for part in rgb)
    return colours
