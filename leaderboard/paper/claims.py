"""The paper's claims, judged by our results."""

from __future__ import annotations

from .differences import no_better_than_random, saliency_as_smoothgrad, significantly_better
from .evidence import Evidence, Judgement
from .firsts import (
    fimap_ahead_on_opc,
    first_in_table1_at_10,
    first_in_table1_at_128,
    first_in_table2,
    highest_hit_ratios,
)
from .on_the_diagonal import largest_on_the_diagonal

FAILED = ("lime", "cxplain", "sage")
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
        *(no_better_than_random(evidence, method) for method in FAILED),
        first_in_table2(evidence),
        largest_on_the_diagonal(evidence),
        highest_hit_ratios(evidence),
    )
