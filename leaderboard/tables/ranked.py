"""One ranked table for each L: who is best, how surely, at what cost, and what is missing."""

from itertools import groupby

from xbench.metrics import arrow

from ..formats import (
    NOTHING,
    Block,
    Cell,
    Table,
    format_cost,
    format_metric,
    six_digits,
    with_range,
)
from ..quantities import COSTS, COUNTS
from ..study import MARK, OVERALL, Study

UNRANKED = NOTHING
_SHOWN_COSTS = [cost.name for cost in COSTS if cost.name != "peak-memory"]


def ranked(study: Study) -> Table:
    """Lay out tidy rows as a ranking by the primary metric, a block for each L.

    Methods whose mean is over fewer targets than others' come after the ranked ones, and those
    without any value last; neither have a rank. Equal values share one.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate), from `studies`.

    Returns
    -------
    Table
        Rank, method, primary metric with interval, successful runs and targets behind it, the
        other metrics, costs, and how many runs were ok, failed and skipped.
    """
    primary, *others = study.metrics
    header = [
        "Rank",
        "Method",
        f"{_heading(study, primary)}, 95% interval",
        "n",
        "Targets",
        *(_heading(study, name) for name in (*others, *_SHOWN_COSTS)),
        *(name.removeprefix("runs-") for name in COUNTS),
    ]
    return Table(
        caption=_caption(study, primary),
        header=(tuple(map(Cell, header)),),
        alignment="rl" + "r" * (len(header) - 2),
        blocks=tuple(
            Block(str(size), tuple(_rows(study, size, primary, others))) for size in study.sizes
        ),
        notes=(*coverage_notes(study, primary), *task_note(study)),
    )


def _heading(study: Study, name: str) -> str:
    return study.label_with_unit(name) + arrow(study.direction(name))


def _caption(study: Study, primary: str) -> str:
    _, dataset, surrogate = study.place
    direction = study.direction(primary)
    label = study.label(primary)
    if direction == "none":
        order = f"Not ranked: {label} has no better direction"
    else:
        order = f"Ranked by {label},{arrow(direction)} {direction} is better"
    return (
        f"{study.title} ({dataset}, {surrogate}). {order}; means over cell types of means over "
        "targets of means over repetitions. n counts the runs behind the ranked value. Evaluations "
        "of the model (forward, gradient) are in cells."
    )


def _rows(study: Study, size: int, primary: str, others: list[str]) -> list[tuple[Cell, ...]]:
    return [
        tuple(map(Cell, [rank, method, *_cells(study, size, primary, others, method)]))
        for rank, method in _order(study, size, primary)
    ]


def _order(study: Study, size: int, primary: str) -> list[tuple[str, str]]:
    """Return (rank, method) for each method, as the table lists them."""
    sign = {"lower": 1.0, "higher": -1.0}.get(study.direction(primary))
    incomplete = study.incomplete(size, primary)
    values: dict[str, float] = {}
    missing = []
    for method in study.methods:
        value = study.value(OVERALL, method, size, primary)
        if value is None:
            missing.append(method)
        else:
            # To the digits of results.csv: what differs by rounding alone shares a rank.
            values[method] = six_digits(value * (sign or 0.0))
    compared = sorted((name for name in values if name not in incomplete), key=values.__getitem__)
    apart = sorted((name for name in values if name in incomplete), key=values.__getitem__)
    ranks: list[tuple[str, str]] = []
    for _, equal in groupby(compared, key=values.__getitem__):
        rank = UNRANKED if sign is None else str(len(ranks) + 1)
        ranks += [(rank, method) for method in equal]
    return ranks + [(UNRANKED, method) for method in [*apart, *missing]]


def _cells(study: Study, size: int, primary: str, others: list[str], method: str) -> list[str]:
    row = study.row(OVERALL, method, size, primary)
    first = _text(study, size, primary, method)
    if row:
        first = with_range(first, primary, row.low, row.high)
    if method in study.incomplete(size, primary):
        first += MARK
    return [
        first,
        str(row.n if row else 0),
        str(len(study.covered(method, size, primary))),
        *(_text(study, size, name, method) for name in (*others, *_SHOWN_COSTS)),
        *(f"{study.value(OVERALL, method, size, name) or 0:.0f}" for name in COUNTS),
    ]


def _text(study: Study, size: int, name: str, method: str) -> str:
    value = study.value(OVERALL, method, size, name)
    if value is None:
        return study.instead(OVERALL, method, size, name)
    return format_cost(value) if name in _SHOWN_COSTS else format_metric(name, value)


def coverage_notes(study: Study, metric: str) -> tuple[str, ...]:
    """Return a note for each L and each way in which methods lack targets or runs.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate).
    metric
        The metric whose overall means are described.
    """
    sizes_of: dict[tuple[str, bool, tuple[str, ...]], list[int]] = {}
    for size in study.sizes:
        incomplete = study.incomplete(size, metric)
        methods_of: dict[tuple[str, bool], list[str]] = {}
        for method in study.methods:
            status = study.status(OVERALL, method, size, metric)
            methods_of.setdefault((status, method in incomplete), []).append(method)
        for (status, marked), methods in methods_of.items():
            sizes_of.setdefault((status, marked, tuple(methods)), []).append(size)
    return tuple(
        _note(study, sizes, *group) for group, sizes in sizes_of.items() if group[0] != "ok"
    )


def task_note(study: Study) -> tuple[str, ...]:
    """Return what to say of a task that this version of xbench does not know."""
    if study.task:
        return ()
    return (
        f"The task {study.place[0]} is not known to this version of xbench: its metrics stand in "
        f"the order of their names, and the first one ({study.metrics[0]}) ranks.",
    )


def _note(
    study: Study, sizes: list[int], status: str, marked: bool, methods: tuple[str, ...]
) -> str:
    names = "all methods" if list(methods) == study.methods else ", ".join(methods)
    where = f"L = {', '.join(map(str, sizes))}: {names}"
    if marked:
        return (
            f"{MARK} {where}: {status}. A mean over fewer targets than other methods have is "
            "neither ranked nor compared."
        )
    if status.startswith("ok ("):
        return f"{where}: {status[4:-1]} runs gave a value."
    return f"{where}: {status.removesuffix('.')}."
