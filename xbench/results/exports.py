"""Selected features as genome browsers and spreadsheets read them: BED, BEDPE and a table."""

import colorsys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

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
    strand
        Of the gene: "+", "-", or "" where it is not known.
    method_share
        Of the methods that gave a result here, the share that chose it.
    effect, judge_effect
        Change of the prediction on test cells, in %, with this feature alone masked: of the
        surrogate, and of one that judges; None where it was not measured.
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
    strand: str = ""
    method_share: float | None = None
    effect: float | None = None
    judge_effect: float | None = None

    @property
    def start_of_gene(self) -> Place | None:
        """The base that the gene is transcribed from; its whole body where no strand is known."""
        if self.gene is None or not self.strand:
            return self.gene
        chrom, start, end = self.gene
        return (chrom, start, start + 1) if self.strand == "+" else (chrom, end - 1, end)

    @property
    def distance(self) -> int | None:
        """Base pairs to the gene's start (TSS), below 0 upstream of it, 0 where they overlap.

        Where the strand is not known: to the gene's body, below 0 at smaller coordinates. None on
        another chromosome, or where either place is not known.

        Examples
        --------
        >>> at = dict(dataset="d", surrogate="s", cell_type="VIP", target="GAD1", method="grids")
        >>> peak = Chosen(**at, size=2, feature="p", place=("chr2", 100, 200),
        ...               gene=("chr2", 500, 900), share=1.0, methods=("grids",), rank=1.0)
        >>> peak.distance, replace(peak, strand="-").distance, replace(peak, strand="-").side
        (-301, 700, 'downstream')
        """
        gene = self.start_of_gene
        if self.place is None or gene is None or self.place[0] != gene[0]:
            return None
        (_, start, end), (_, first, last) = self.place, gene
        distance = -(first - end + 1) if end <= first else max(0, start - last + 1)
        return -distance if self.strand == "-" else distance

    @property
    def side(self) -> str:
        """On which side of the gene's start: upstream or downstream, before or behind its body.

        Before is at smaller coordinates. "" where the feature overlaps it, or a place is unknown.
        """
        if not self.distance:
            return ""
        sides = ("upstream", "downstream") if self.strand else ("before", "behind")
        return sides[self.distance > 0]


def chosen_features(records: Iterable[Record]) -> list[Chosen]:
    """Return what each method chose, most often chosen first.

    Parameters
    ----------
    records
        Of runs; those that gave no result have no part in it.

    Raises
    ------
    XbenchError
        Where records are of an older xbench, which kept positions only, or of several tasks: their
        methods have other parameters under the same names.
    """
    groups: dict[tuple[str, str, str, str, int, str], list[Record]] = {}
    tasks: dict[tuple[str, str, str, str, int], set[str]] = {}
    for record in records:
        if record.status != "ok":
            continue
        if record.indices and not record.features:
            raise XbenchError(
                f"run {record.run_id}: was made by an older xbench, which kept no names of "
                "features; run it again with --again"
            )
        asked = (record.dataset, record.surrogate, *record.explained, record.L, record.method)
        tasks.setdefault(asked[:-1], set()).add(record.task)
        if len(tasks[asked[:-1]]) > 1:
            raise XbenchError(
                f"{record.target} of {record.dataset}: runs of the tasks "
                f"{', '.join(sorted(tasks[asked[:-1]]))}; choose one, by --task"
            )
        groups.setdefault(asked, []).append(record)
    choosers: dict[tuple[object, ...], set[str]] = {}
    answered = Counter(asked[:-1] for asked in groups)
    for asked, members in groups.items():
        for name in {name for record in members for name in record.features}:
            choosers.setdefault((*asked[:-1], name), set()).add(asked[-1])
    return [
        replace(one, method_share=len(one.methods) / answered[asked[:-1]])
        for asked, members in groups.items()
        for one in _of_method(asked, members, choosers)
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
            strand=members[-1].target_strand,
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
    "side",
    "share",
    "rank",
    "method_share",
    "methods",
    "effect",
    "judge_effect",
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
        distance = "" if one.distance is None else str(one.distance)
        names = [one.dataset, one.surrogate, one.cell_type, one.target, one.method, str(one.size)]
        numbers = [distance, one.side, f"{one.share:g}", _number(one.rank)]
        numbers += [_number(one.method_share), ",".join(one.methods)]
        numbers += [_number(one.effect), _number(one.judge_effect)]
        rows.append([shown(cell) for cell in (*names, one.feature, *place, *numbers)])
    return "".join("\t".join(row) + "\n" for row in rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def bed_text(chosen: Sequence[Chosen]) -> str:
    """Return BED 9 for a genome browser: the score is the share of repetitions, in thousandths.

    The name is ``target|method|feature``, the strand that of the gene where it is known, and the
    colour tells methods apart. Features without a place are left out.
    """
    colours = method_colours(sorted({one.method for one in chosen}))
    lines = ['track name="xbench" description="features chosen by xbench" itemRgb="On"\n']
    for one in _placed(chosen):
        chrom, start, end = one.place or ("", 0, 0)
        name = _word(f"{one.target}|{one.method}|{one.feature}")
        score, colour = round(1000 * one.share), colours[one.method]
        cells = (_word(chrom), start, end, name, score, one.strand or ".", start, end, colour)
        lines.append("\t".join(map(str, cells)) + "\n")
    return "".join(lines)


def links_text(chosen: Sequence[Chosen]) -> str:
    """Return BEDPE: each feature and the start of the gene it was chosen for, where both are known.

    Where the gene's strand is not known, its body stands for its start.
    """
    lines = []
    for one in _placed(chosen):
        gene = one.start_of_gene
        if gene is None or one.place is None:
            continue
        name = _word(f"{one.target}|{one.method}|{one.feature}")
        cells = (*one.place, *gene, name, round(1000 * one.share), ".", one.strand or ".")
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


def method_colours(methods: Sequence[str]) -> dict[str, str]:
    """Return a colour of each method, as BED writes it: red, green and blue from 0 to 255.

    Examples
    --------
    >>> method_colours(["grids", "random"])
    {'grids': '173,31,31', 'random': '31,173,173'}
    """
    colours = {}
    for number, method in enumerate(methods):
        rgb = colorsys.hls_to_rgb(number / len(methods), 0.4, 0.7)
        colours[method] = ",".join(str(round(255 * part)) for part in rgb)
    return colours
