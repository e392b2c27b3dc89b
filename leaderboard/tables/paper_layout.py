"""The layouts of the paper: methods across, cell types down (Table 1), and its hit ratios (3)."""

from collections.abc import Sequence

from xbench.metrics import arrow
from xbench.results.current import ALL

from ..formats import NOTHING, Block, Cell, Table, format_metric, with_range
from ..statistics import TargetKey
from ..study import MARK, OVERALL, Study, best
from ..tidy import AGREEMENT, OF_JUDGE, REL_DELTA
from .ranked import coverage_notes, task_note

# The paper's two, and what a judge says where a task has one.
COLUMNS = ("avg-delta", REL_DELTA, OF_JUDGE, AGREEMENT)


def table1(study: Study, metrics: Sequence[str] = COLUMNS) -> Table:
    """Lay out tidy rows as the paper's Table 1.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate), from `studies`.
    metrics
        Sub-columns of each method. Those that were not recorded are left out; if none was, the
        task's primary metric stands alone.

    Returns
    -------
    Table
        A row for each cell type and ``"Avg."``, the mean of the rows. The best value of a row is
        bold; where there is none a word says why.
    """
    shown = [name for name in metrics if name in study.metrics] or study.metrics[:1]
    blocks = tuple(Block(str(size), tuple(_rows(study, size, shown))) for size in study.sizes)
    names = tuple(Cell(method, span=len(shown)) for method in study.methods)
    labels = tuple(
        Cell(study.label(metric) + arrow(study.direction(metric)))
        for _ in study.methods
        for metric in shown
    )
    return Table(
        caption=_caption(study, shown),
        header=((Cell("Cell type"), *names), (Cell(""), *labels)),
        alignment="l" + "r" * len(labels),
        blocks=blocks,
        notes=(*coverage_notes(study, shown[0]), *task_note(study)),
    )


def _caption(study: Study, metrics: list[str]) -> str:
    _, dataset, surrogate = study.place
    *first, last = (study.label_with_unit(metric) for metric in metrics)
    labels = f"{', '.join(first)} and {last}" if first else last
    judged = " Agreement is the judge's mean over the own." if AGREEMENT in metrics else ""
    return (
        f"{study.title} ({dataset}, {surrogate}). {labels} after masking L features. A row is the "
        "mean over the cell type's targets, Avg. the mean of the rows; the best of a row is bold."
        f"{judged}"
    )


def _rows(study: Study, size: int, metrics: list[str]) -> list[tuple[Cell, ...]]:
    places = [((cell_type, ALL), cell_type) for cell_type in study.cell_types]
    return [
        (Cell(label), *_cells(study, size, metrics, place))
        for place, label in [*places, (OVERALL, "Avg.")]
    ]


def _cells(study: Study, size: int, metrics: list[str], place: TargetKey) -> list[Cell]:
    columns = [
        _agreements(study, size, place)
        if metric == AGREEMENT
        else method_cells(study, size, metric, place)
        for metric in metrics
    ]
    return [cell for method in zip(*columns, strict=True) for cell in method]


def _agreements(study: Study, size: int, place: TargetKey) -> list[Cell]:
    values = [study.value(place, method, size, AGREEMENT) for method in study.methods]
    return [Cell(agreement_text(value)) for value in values]


def agreement_text(value: float | None) -> str:
    """Return the share of a drop that a judge follows as tables have it.

    Examples
    --------
    >>> agreement_text(0.754), agreement_text(None)
    ('0.75', '–')
    """
    return NOTHING if value is None else f"{value:.2f}"


def method_cells(
    study: Study,
    size: int,
    metric: str,
    place: TargetKey,
    *,
    methods: Sequence[str] | None = None,
    interval: bool = False,
) -> list[Cell]:
    """Return one metric's cell for each method, the best in bold.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate).
    size
        L.
    metric
        Name of the metric.
    place
        A target, the mean over a cell type's targets, or the mean over all.
    methods
        Which, in their order; the study's where None.
    interval
        Whether the 95% interval stands behind a value.
    """
    incomplete = study.incomplete(size, metric, within=place[0])
    values = {
        method: study.value(place, method, size, metric)
        for method in (study.methods if methods is None else methods)
    }
    texts = {
        method: study.instead(place, method, size, metric)
        if value is None
        else format_metric(metric, value)
        for method, value in values.items()
    }
    compared = [None if method in incomplete else value for method, value in values.items()]
    bold = best(list(texts.values()), compared, study.direction(metric))
    cells = []
    for number, (method, text) in enumerate(texts.items()):
        row = study.row(place, method, size, metric)
        if row and interval:
            text = with_range(text, metric, row.low, row.high)
        marked = method in incomplete and values[method] is not None
        cells.append(Cell(text + MARK * marked, bold=number in bold))
    return cells


HIT_RATIOS = ("hit-ratio", "soft-hit-ratio")
CHANCE = ("hit-ratio-chance", "soft-hit-ratio-chance")


def table3(study: Study) -> Table | None:
    """Lay out tidy rows as the paper's Table 3, with the chance of random peaks as a last row.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate).

    Returns
    -------
    Table or None
        None where hit ratios were not recorded.
    """
    if not set(HIT_RATIOS) <= set(study.metrics):
        return None
    pairs = [(size, metric) for size in study.sizes for metric in HIT_RATIOS]
    columns = [method_cells(study, size, metric, OVERALL) for size, metric in pairs]
    rows = [(Cell(method), *cells) for method, *cells in zip(study.methods, *columns, strict=True)]
    rows.append((Cell("chance"), *(_chance(study, size, metric) for size, metric in pairs)))
    labels = [Cell(study.label(metric) + arrow(study.direction(metric))) for _, metric in pairs]
    sizes = [Cell(f"L = {size}", span=2) for size in study.sizes]
    return Table(
        f"{study.title} ({study.where}). Share of targets whose closest "
        "selected peak overlaps the gene body (HR) or lies within 10 Mb of it (SHR); chance is "
        "the exact probability for L random peaks. Laid out as the paper's Table 3.",
        ((Cell("Method"), *sizes), (Cell(""), *labels)),
        "l" + "r" * len(pairs),
        (Block("", tuple(rows)),),
        notes=coverage_notes(study, HIT_RATIOS[0]),
    )


def _chance(study: Study, size: int, metric: str) -> Cell:
    name = CHANCE[HIT_RATIOS.index(metric)]
    values = [study.value(OVERALL, method, size, name) for method in study.methods]
    known = [value for value in values if value is not None]
    return Cell(format_metric(name, known[0]) if known else NOTHING)
