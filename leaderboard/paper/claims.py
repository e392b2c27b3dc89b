"""The paper's claims, judged by our results: all of them, that of Figure 3, and their table."""

from ..formats import Block, Cell, Table, format_metric
from ..statistics import same
from ..study import StudyRuns
from .differences import no_better_than_random, saliency_as_smoothgrad, significantly_better
from .evidence import BySize, CrossEffects, Evidence, Judgement, all_of, every
from .firsts import (
    fimap_ahead_on_opc,
    first_in_table1_at_10,
    first_in_table1_at_128,
    first_in_table2,
    highest_hit_ratios,
)
from .published import TARGETS

FAILED_IN_PAPER = ("lime", "cxplain", "sage")
"""Methods that the paper says failed at its size (Section 5.3.1)."""


def judge(evidence: Evidence) -> tuple[Judgement, ...]:
    """Judge every claim of the paper.

    A claim about several methods, rows or sizes holds only where all of them were run and agree;
    one that disagrees is enough to refute it.

    Parameters
    ----------
    evidence
        Our results.

    Returns
    -------
    tuple of Judgement
        In the order of the paper.

    Examples
    --------
    >>> {one.verdict for one in judge(Evidence("cortex", "cross-modality", {}))}
    {'not testable here'}
    """
    return (
        first_in_table1_at_10(evidence),
        significantly_better(evidence, "rel-delta"),
        significantly_better(evidence, "avg-delta"),
        first_in_table1_at_128(evidence),
        fimap_ahead_on_opc(evidence),
        saliency_as_smoothgrad(evidence),
        *(no_better_than_random(evidence, method) for method in FAILED_IN_PAPER),
        first_in_table2(evidence),
        largest_on_the_diagonal(evidence),
        highest_hit_ratios(evidence),
    )


def largest_on_the_diagonal(evidence: Evidence) -> Judgement:
    """Judge whether the markers of each cell type drop most by the subsets found for it.

    Where those of another type lower them exactly as much, that is not held against it.

    Parameters
    ----------
    evidence
        Our results. A cell type of Table 1 that its Figure 3 lacks is not known to agree.

    Examples
    --------
    >>> from xbench.leaderboard.paper import CrossEffects
    >>> two = CrossEffects(("VIP", "SST"), ((-9.0, -7.0), (-8.0, -6.0)))
    >>> found = largest_on_the_diagonal(Evidence("cortex", "mlp", {}, figure3=two))
    >>> found.verdict, found.figures[:53]
    ('does not hold', 'The largest drop is on the diagonal for 1 of 2 cell t')
    """
    claim = "Each cell type's markers drop most when its own subsets are masked, not another's."
    source = "Figure 3"
    effects = evidence.figure3
    if effects is None:
        return Judgement(claim, source, "not testable here", "Nothing of it was run.")
    drops = {
        name: dict(zip(effects.cell_types, row, strict=True))
        for name, row in zip(effects.cell_types, effects.changes, strict=True)
    }
    parts = {name: _largest(name, drops.get(name, {})) for name in (*drops, *TARGETS)}
    known = [part for part in parts.values() if part is not None]
    text = f"The largest drop is on the diagonal for {sum(known)} of {len(known)} cell types"
    beaten = [_rival(name, drops[name]) for name, part in parts.items() if part is False]
    unknown = [name for name, part in parts.items() if part is None]
    text += f"; not for {', '.join(beaten)}" if beaten else ""
    text += f"; not known for {', '.join(unknown)}" if unknown else ""
    return Judgement(claim, source, all_of(parts.values()), f"{text}.")


def _largest(name: str, changes: dict[str, float | None]) -> bool | None:
    """Whether no other change is below a cell type's own; None where values are missing."""
    own = changes.get(name)
    others = [change for other, change in changes.items() if other != name]
    if own is None or not others:
        return None
    return every(
        [None if change is None else own < change or same(own, change) for change in others]
    )


def _rival(name: str, changes: dict[str, float | None]) -> str:
    known = {other: change for other, change in changes.items() if change is not None}
    rival = min((other for other in known if other != name), key=known.__getitem__)
    own, others = (format_metric("rel-delta", known[one]) for one in (name, rival))
    return f"{name} ({own}, by the subsets of {rival} {others})"


def claims_table(runs: StudyRuns, table2: StudyRuns | None, figure3: CrossEffects | None) -> Table:
    """Lay out the paper's claims with verdicts by the runs of one dataset and surrogate.

    Parameters
    ----------
    runs
        Of the task ``table1``.
    table2
        Of the task ``table2``, on the same data and surrogate; None where it was not run.
    figure3
        What the subsets of each cell type do to the markers of every other; None if not known.
    """
    _, dataset, surrogate = runs.study.place
    in_table2 = {} if table2 is None else _by_size(table2)
    evidence = Evidence(dataset, surrogate, _by_size(runs), in_table2, figure3)
    rows = tuple(
        tuple(map(Cell, (one.verdict, one.claim, one.figures, one.source)))
        for one in judge(evidence)
    )
    return Table(
        f"The paper's claims on other data ({dataset}, {surrogate}). A claim about several "
        "methods, rows or L holds only where all of them were run, on all of the paper's targets, "
        "and agree; one that disagrees refutes it. The paper's own data and surrogate are not "
        "public: what does not hold here may hold there.",
        (tuple(map(Cell, ("Verdict", "Claim", "Figures", "Source"))),),
        "llll",
        (Block("", rows),),
    )


def _by_size(runs: StudyRuns) -> BySize:
    return {
        (size, metric): runs.values(size, metric)
        for size in runs.study.sizes
        for metric in runs.study.metrics
    }
