"""Tables of how surely methods differ, and how alike their subsets are from seed to seed."""

from statistics import fmean

from xbench.analysis.overlap import seed_overlap

from ..formats import NOTHING, Block, Cell, Table, format_metric, with_range
from ..statistics import Effect, MethodComparison, Significance, compare, rank_in_tiers
from ..study import StudyRuns

GRIDS = "grids"


def tiers_table(runs: StudyRuns) -> Table | None:
    """Lay out ranks as tiers; None where there is nothing to rank.

    Parameters
    ----------
    runs
        Of one study.
    """
    metric = runs.study.metrics[0]
    direction = runs.study.direction(metric)
    if direction == "none":
        return None
    blocks = []
    for size in runs.study.sizes:
        found = rank_in_tiers(runs.values(size, metric), direction)
        rows = [
            (
                str(tier.rank),
                method,
                format_metric(metric, mean),
                NOTHING if method == tier.methods[0] else _difference(metric, behind),
            )
            for tier in found.tiers
            for method, mean, behind in zip(tier.methods, tier.means, tier.behind, strict=True)
        ]
        rows += [(NOTHING, name, f"only {why}", NOTHING) for name, why in found.unranked.items()]
        if rows:
            blocks.append(Block(str(size), tuple(tuple(map(Cell, row)) for row in rows)))
    label = runs.study.label_with_unit(metric)
    header = ("Tier", "Method", f"{label}, mean over targets", "Difference to the tier's first")
    return _table(
        f"Tiers ({runs.where}): ranks by {label}. A method joins the tier of the one before it "
        "unless the 95% interval of its paired difference to the tier's first excludes zero. All "
        "targets weigh the same, so that means may differ from those over cell types.",
        header,
        "rlrr",
        blocks,
    )


def significance_table(runs: StudyRuns) -> Table | None:
    """Lay out the tests of GRIDS against each other method; None where it was not run.

    Parameters
    ----------
    runs
        Of one study.
    """
    metric = runs.study.metrics[0]
    direction = runs.study.direction(metric)
    blocks = []
    for size in runs.study.sizes:
        values = runs.values(size, metric)
        if direction != "none" and GRIDS in values and len(values[GRIDS]) > 1:
            rows = tuple(_compared(metric, one) for one in compare(values, GRIDS, direction))
            blocks.append(Block(str(size), rows))
    label = runs.study.label_with_unit(metric)
    header = (
        "GRIDS against", "Targets", f"Difference of {label}", "t-test p", "Holm", "Wilcoxon p",
        "Holm",
    )  # fmt: skip
    return _table(
        f"Is GRIDS better? ({runs.where}): mean paired difference, with its 95% bootstrap "
        "interval over targets and repetitions; one-sided p-values over targets of the paper's "
        "t-test (paired) and of Wilcoxon's signed-rank test, and corrected by Holm over the "
        "methods of this table. Targets are taken as independent: nothing is said of other cell "
        "types.",
        header,
        "lrrrrrr",
        blocks,
    )


def _compared(metric: str, one: MethodComparison) -> tuple[Cell, ...]:
    texts = [
        one.other,
        str(one.targets),
        _difference(metric, one.effect),
        *_p_values(one.t_test),
        *_p_values(one.signed_rank),
    ]
    return tuple(map(Cell, texts))


def _p_values(test: Significance) -> tuple[str, str]:
    return _p(test.p_value), _p(test.adjusted)


def _p(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:.2g}" if value >= 1e-4 else "< 0.0001"


def _difference(metric: str, effect: Effect) -> str:
    if effect.mean is None:
        return NOTHING
    return with_range(format_metric(metric, effect.mean), metric, effect.low, effect.high)


def overlap_table(runs: StudyRuns) -> Table | None:
    """Lay out the Jaccard overlap of a method's subsets from seed to seed, against chance.

    Parameters
    ----------
    runs
        Of one study.
    """
    count = runs.n_features
    blocks = []
    for size in runs.study.sizes:
        rows = []
        for method, targets in runs.selections(size).items():
            several = [subsets for subsets in targets.values() if len(subsets) > 1]
            # Where d is not known the overlap is, and chance is not.
            largest = 1 + max(max(one) for subsets in targets.values() for one in subsets)
            found = [seed_overlap(subsets, count or largest) for subsets in several]
            means = [one.mean for one in found if one.mean is not None]
            if means:
                chance = found[0].chance
                shown = f"{chance:.4f}" if count and chance is not None else NOTHING
                spread = f"{min(means):.3f} to {max(means):.3f}"
                rows.append((method, f"{fmean(means):.3f}", spread, shown, str(len(means))))
        if rows:
            blocks.append(Block(str(size), tuple(tuple(map(Cell, row)) for row in rows)))
    return _table(
        f"Stability ({runs.where}): Jaccard overlap of the subsets that a method finds for the "
        "same target in different repetitions, mean over pairs and targets; its range over "
        "targets; and what subsets drawn at random would have.",
        ("Method", "Overlap", "Range over targets", "Chance", "Targets"),
        "lrrrr",
        blocks,
    )


def _table(
    caption: str, header: tuple[str, ...], alignment: str, blocks: list[Block]
) -> Table | None:
    if not blocks:
        return None
    return Table(caption, (tuple(map(Cell, header)),), alignment, tuple(blocks))
