"""The paper's claims with verdicts, as a table."""

from __future__ import annotations

from collections.abc import Mapping

from ..figures.figure3 import cross_effects
from ..formats.table import Block, Cell, Table
from ..paper import Evidence, judge
from ..paper.evidence import BySize
from ..study import StudyRuns


def claims_table(runs: StudyRuns, table2: StudyRuns | None) -> Table:
    """Judge the paper's claims by the runs of one dataset and surrogate.

    Parameters
    ----------
    runs
        Of the task ``table1``.
    table2
        Of the task ``table2``, on the same data and surrogate; None where it was not run.
    """
    _, dataset, surrogate = runs.study.place
    evidence = Evidence(
        dataset,
        surrogate,
        _by_size(runs),
        {} if table2 is None else _by_size(table2),
        cross_effects(runs.records, runs.findings),
    )
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


def of_task(every: list[StudyRuns], task: str, like: StudyRuns) -> StudyRuns | None:
    """Return the runs of another task on the same data and surrogate; None without any."""
    found: Mapping[tuple[str, str, str], StudyRuns] = {one.study.place: one for one in every}
    return found.get((task, *like.study.place[1:]))
