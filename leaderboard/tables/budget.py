"""The leaderboard at equal budget: what the best method is that costs no more."""

from ..formats import Block, Cell, Table, format_cost, format_metric, six_digits
from ..statistics import ascending
from ..study import OVERALL, Study

BUDGETS = (0, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)


def budget_table(study: Study) -> Table | None:
    """Lay out the best method within each budget of evaluations.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate).

    Returns
    -------
    Table or None
        A block for each L; a row for each budget that lets another method be the best. None where
        the primary metric has no direction, or fewer than two methods have values.
    """
    metric = study.metrics[0]
    direction = study.direction(metric)
    if direction == "none" or len(study.methods) < 2:
        return None
    sign = ascending(direction)
    blocks = []
    for size in study.sizes:
        rows: list[tuple[Cell, ...]] = []
        last = ""
        for budget in (*BUDGETS, None):
            best = _best(study, size, metric, sign, budget)
            if best is None or best[0] == last:
                continue
            last, value, cost = best
            shown = "any" if budget is None else format_cost(budget)
            texts = (shown, last, format_metric(metric, value), format_cost(cost))
            rows.append(tuple(map(Cell, texts)))
        if rows:
            blocks.append(Block(str(size), tuple(rows)))
    if not blocks:
        return None
    header = ("Up to", "Best method", study.label_with_unit(metric), "Its evaluations")
    return Table(
        f"At equal budget ({study.where}): the best method among those whose "
        "runs take no more evaluations than the first column says (forward and gradient ones "
        "together, in cells, means over cell types of means over targets; what was asked, the same "
        "on every machine). Rows that name the same method as the one above are left out.",
        (tuple(map(Cell, header)),),
        "rlrr",
        tuple(blocks),
    )


def _best(
    study: Study, size: int, metric: str, sign: float, budget: int | None
) -> tuple[str, float, float] | None:
    """Return the best method within a budget, its value and its evaluations."""
    incomplete = study.incomplete(size, metric)
    found = []
    for method in study.methods:
        value = study.value(OVERALL, method, size, metric)
        cost = study.cost(method, size, "evaluations")
        if value is None or cost is None or method in incomplete:
            continue
        if budget is None or cost <= budget:
            # Of equal ones, but for rounding, the cheaper.
            found.append((six_digits(sign * value), cost, method, value))
    if not found:
        return None
    _, cost, method, value = min(found)
    return method, value, cost
