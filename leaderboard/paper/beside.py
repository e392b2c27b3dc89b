"""The paper's tables with our results beside each number, and footnotes on what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from xbench.metrics import METRICS, arrow
from xbench.results.current import ALL

from ..formats import NOTHING, Block, Cell, Table, format_metric, format_range
from ..statistics import TargetKey, hierarchical_interval
from ..study import OVERALL, Study
from .published import N_TARGETS, TABLE2_GENES, TARGETS, PaperTable, published, published_value

_AVERAGE = "Avg."
_MEAN_OF_ROWS = "Mean of rows"


@dataclass(frozen=True)
class _Number:
    """A number of the paper and ours, as the table shows them."""

    paper: str
    ours: str
    interval: str


def beside(study: Study, table: PaperTable) -> Table:
    """Lay out one of the paper's tables with our value and its interval beside each number.

    Table 1 has two rows for its "Avg.": at L = 128 the paper's is the mean over its 16 targets,
    not over its rows, and at L = 10 it is neither. So our mean over targets stands beside
    the printed number, and the mean of our rows beside the mean of the printed rows.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate): of the paper's 16 targets for Tables 1 and 3, of
        the most expressed genes of VIP and Micro for Table 2.
    table
        Number of the paper's table: 1, 2 or 3.

    Returns
    -------
    Table
        A row for each cell type and method of the paper, a block for each of its L. Where there
        is no value of ours a word says why; the last column says how many targets it has.

    Examples
    --------
    >>> nothing = Study(("table1", "cortex", "mlp"), {}, None)
    >>> [cell.text for cell in beside(nothing, 3).blocks[0].rows[-1]]
    ['grids', '18.75', 'not run', '–', '25.00', 'not run', '–', '0 of 16']
    """
    values = published(table)
    metrics = list(dict.fromkeys(one.metric for one in values))
    methods = list(dict.fromkeys(one.method for one in values))
    sizes = list(dict.fromkeys(one.L for one in values))
    places = list(dict.fromkeys(one.cell_type for one in values))
    if table == 1:
        places.append(_MEAN_OF_ROWS)
    first = [] if table == 3 else [Cell("Cell type")]
    wide = [Cell(METRICS[name].label + arrow(METRICS[name].direction), span=3) for name in metrics]
    below = ["", *("" for _ in first), *(["paper", "ours", "95% interval"] * len(metrics)), ""]
    return Table(
        caption=_caption(study, table),
        header=((*first, Cell("Method"), *wide, Cell("Targets")), tuple(map(Cell, below))),
        alignment="l" * (1 + len(first)) + "r" * (3 * len(metrics) + 1),
        blocks=tuple(
            Block(
                str(size),
                tuple(
                    _row(study, table, place, method, size, metrics)
                    for place in places
                    for method in methods
                ),
            )
            for size in sizes
        ),
        notes=notes(study, table, methods, sizes, metrics),
    )


def _caption(study: Study, table: PaperTable) -> str:
    _, dataset, surrogate = study.place
    what = {
        1: "marker genes of each cell type",
        2: "the most expressed genes of two cell types",
        3: "how often the closest selected peak overlaps the gene (HR) or lies within 10 Mb (SHR)",
    }[table]
    return (
        f"The paper's Table {table} beside ours ({dataset}, {surrogate}): {what}. The paper's "
        "numbers are of its own data and surrogate; intervals are ours, by bootstrap over targets "
        "and repetitions."
    )


def _row(
    study: Study, table: PaperTable, place: str, method: str, size: int, metrics: Sequence[str]
) -> tuple[Cell, ...]:
    shown = _AVERAGE if place == ALL else place
    texts = [method] if table == 3 else [shown, method]
    for metric in metrics:
        number = _number(study, table, place, method, size, metric)
        texts += [number.paper, number.ours, number.interval]
    covered = [
        study.covered(method, size, metric, place if place in TARGETS else ALL)
        for metric in metrics
    ]
    counted = _count(table, place, set.intersection(*covered))
    return tuple(map(Cell, [*texts, counted]))


def _count(table: PaperTable, place: str, covered: set[TargetKey]) -> str:
    """Return how many of the paper's targets a row has, and how many others."""
    if table == 2:
        return f"{len(covered)} of {TABLE2_GENES}"
    papers = {
        (cell_type, gene)
        for cell_type in ([place] if place in TARGETS else TARGETS)
        for gene in TARGETS[cell_type]
    }
    others = len(covered - papers)
    text = f"{len(covered & papers)} of {len(papers)}"
    return f"{text} and {others} more" if others else text


def _number(
    study: Study, table: PaperTable, place: str, method: str, size: int, metric: str
) -> _Number:
    if place == _MEAN_OF_ROWS:
        return _Number(
            _mean_of_rows(method, size, metric), *_ours(study, OVERALL, method, size, metric)
        )
    found = published_value(table, place, size, method, metric)
    printed = found.printed if found else NOTHING
    if (table, place) == (1, ALL):
        return _Number(printed, *_over_targets(study, method, size, metric))
    return _Number(printed, *_ours(study, (place, ALL), method, size, metric))


def _mean_of_rows(method: str, size: int, metric: str) -> str:
    """Return the mean of the numbers that the paper prints for the cell types."""
    rows = (published_value(1, cell_type, size, method, metric) for cell_type in TARGETS)
    return format_metric(metric, fmean(row.value for row in rows if row))


def _ours(
    study: Study, place: tuple[str, str], method: str, size: int, metric: str
) -> tuple[str, str]:
    """Return our value and its interval, or the word for why there is none."""
    row = study.row(place, method, size, metric)
    value = study.value(place, method, size, metric)
    if row is None or value is None:
        return study.instead(place, method, size, metric), NOTHING
    return format_metric(metric, value), format_range(metric, row.low, row.high) or NOTHING


def _over_targets(study: Study, method: str, size: int, metric: str) -> tuple[str, str]:
    """Return the mean over all targets, each with the same weight, and its interval."""
    covered = sorted(study.covered(method, size, metric))
    means = [study.value(target, method, size, metric) for target in covered]
    if not means:
        return study.instead(OVERALL, method, size, metric), NOTHING
    mean, low, high = hierarchical_interval([[value] for value in means if value is not None])
    return format_metric(metric, mean), format_range(metric, low, high) or NOTHING


_AVERAGES = (
    'At L = 128 the paper\'s "Avg." is the mean over its 16 targets, not the mean of its rows; at '
    'L = 10 it is neither. Ours in "Avg." is the mean over targets, its interval over targets '
    'alone; "Mean of rows" has the mean of the rows on both sides, the paper\'s computed from them.'
)


def notes(
    study: Study,
    table: PaperTable,
    methods: Sequence[str],
    sizes: Sequence[int],
    metrics: Sequence[str],
) -> tuple[str, ...]:
    """Return the footnotes of one of the paper's tables beside ours.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate).
    table
        Number of the paper's table.
    methods, sizes, metrics
        What it shows.

    Examples
    --------
    >>> nothing = Study(("table1", "cortex", "mlp"), {}, None)
    >>> notes(nothing, 2, ["grids"], [10], ["avg-delta"])
    ('No values of grids.',)
    """
    absent = [
        method
        for method in methods
        if not any(study.covered(method, size, name) for size in sizes for name in metrics)
    ]
    found = [f"No values of {', '.join(absent)}."] if absent else []
    if table == 1:
        found.append(_AVERAGES)
    if table != 2 and len(absent) < len(methods):
        found += _missing_targets(study, methods, sizes, metrics)
    if table == 3:
        found += [note for size in sizes if (note := _chance(study, methods, size))]
    return tuple(found)


def _missing_targets(
    study: Study, methods: Sequence[str], sizes: Sequence[int], metrics: Sequence[str]
) -> list[str]:
    covered = {
        target
        for method in methods
        for size in sizes
        for name in metrics
        for target in study.covered(method, size, name)
    }
    papers = [(cell_type, gene) for cell_type, genes in TARGETS.items() for gene in genes]
    missing = [":".join(target) for target in papers if target not in covered]
    others = [":".join(target) for target in sorted(covered - set(papers))]
    found = []
    if missing:
        names = ", ".join(missing)
        found.append(f"{len(missing)} of the paper's {N_TARGETS} targets have no values: {names}.")
    if others:
        found.append(f"Ours hold targets that the paper does not have: {', '.join(others)}.")
    return found


def _chance(study: Study, methods: Sequence[str], size: int) -> str:
    """Return how often as many random peaks hit; the same for every method."""
    texts = []
    for metric, label in (("hit-ratio", "HR"), ("soft-hit-ratio", "SHR")):
        chances = [study.value(OVERALL, name, size, f"{metric}-chance") for name in methods]
        known = [chance for chance in chances if chance is not None]
        if known:
            texts.append(f"{label} {format_metric(metric, known[-1])}")
    return f"By chance, {size} random peaks: {', '.join(texts)}." if texts else ""
