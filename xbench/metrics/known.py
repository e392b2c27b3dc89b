"""How a selection does by what is known from outside: measured pairs, loops, eQTLs, a truth.

What is compared within is stated with each: where a source says which places were tested without
an effect, only tested features count; where it does not, enrichment is among all candidates, and
precision and AUPRC are not defined.
"""

from typing import ClassVar

import numpy as np

from xbench.metrics.metric import Direction, Metric, Outcome


class _OfKnown(Metric):
    """What every run has that is compared with known links, whatever the task declares."""

    direction: ClassVar[Direction] = "higher"
    unit = "1"
    low, high = 0.0, 1.0
    pooled = "targets"
    of_known = True


class _Count(_OfKnown):
    """A number that says what the others rest on."""

    direction: ClassVar[Direction] = "none"
    high = float("inf")


class KnownPairsMeasured(_Count):
    """Pairs of the gene that there are."""

    name = "known-pairs"
    label = "known pairs"
    description = "Places that the known links hold for the gene, be there a feature or not."

    def compute(self, outcome: Outcome) -> float | None:
        """Return the number; None without known links."""
        return None if outcome.known is None else float(outcome.known.n_pairs)


class KnownTested(_Count):
    """Features that a test says anything about."""

    name = "known-tested"
    label = "tested"
    description = (
        "Candidates that overlap a place tested for the gene: what precision and AUPRC rest on; "
        "not defined for sources of links alone."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the number; None where no source says what is not linked."""
        if outcome.known is None or outcome.known.tested is None:
            return None
        return float(outcome.among_candidates(outcome.known.tested).sum())


class KnownLinked(_Count):
    """Features that are linked to the gene."""

    name = "known-linked"
    label = "linked"
    description = "Candidates that overlap a place linked to the gene: what recall rests on."

    def compute(self, outcome: Outcome) -> float | None:
        """Return the number; None without known links."""
        if outcome.known is None:
            return None
        return float(outcome.among_candidates(outcome.known.linked).sum())


class KnownPrecision(_OfKnown):
    """How many of the chosen features that were tested are linked."""

    name = "known-precision"
    label = "known precision"
    description = (
        "Share of the chosen features that overlap a tested place which overlap a linked one; not "
        "defined for sources of links alone, or where no chosen feature was tested."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the share; None where it is not defined."""
        if outcome.known is None or outcome.known.tested is None:
            return None
        tested = outcome.known.tested[outcome.indices]
        return float(outcome.known.linked[outcome.indices][tested].mean()) if tested.any() else None


class KnownPrecisionChance(_OfKnown):
    """What random tested features reach."""

    name = "known-precision-chance"
    label = "known precision, chance"
    direction: ClassVar[Direction] = "none"
    description = (
        "Share of all tested candidates that are linked: what chance reaches, in AUPRC too."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the share; None where it is not defined."""
        if outcome.known is None or outcome.known.tested is None:
            return None
        known = (outcome.known.linked, outcome.known.tested)
        linked, tested = map(outcome.among_candidates, known)
        return float(linked[tested].mean()) if tested.any() else None


class KnownRecall(_OfKnown):
    """How many of the linked features are chosen."""

    name = "known-recall"
    label = "known recall"
    description = "Share of the linked candidates that are chosen; not defined where none is."

    def compute(self, outcome: Outcome) -> float | None:
        """Return the share; None where no candidate is linked."""
        if outcome.known is None:
            return None
        linked = int(outcome.among_candidates(outcome.known.linked).sum())
        return float(outcome.known.linked[outcome.indices].sum()) / linked if linked else None


class KnownEnrichment(_OfKnown):
    """How many times more linked features are chosen than by chance."""

    name = "known-enrichment"
    label = "known enrichment"
    unit = "fold"
    high = float("inf")
    description = (
        "Linked features among the chosen ones over those expected by chance: among tested "
        "candidates or, for sources of links alone, among all candidates."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the ratio; None where nothing is expected."""
        drawn = _drawn(outcome)
        if drawn is None:
            return None
        found, total, linked, chosen = drawn
        return found * total / (linked * chosen) if linked and chosen else None


class KnownEnrichmentP(_OfKnown):
    """How often chance alone finds as many."""

    name = "known-enrichment-p"
    label = "known enrichment, p"
    direction: ClassVar[Direction] = "lower"
    description = (
        "Exact probability that as many features, drawn among those that known-enrichment "
        "compares with, hold at least as many linked ones (hypergeometric)."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the probability; None where enrichment is not defined."""
        drawn = _drawn(outcome)
        if drawn is None or not drawn[2] or not drawn[3]:
            return None
        # Imported here: to list the metrics takes half a second less without it.
        from scipy.stats import hypergeom

        found, total, linked, chosen = drawn
        return float(hypergeom.sf(found - 1, total, linked, chosen))


class KnownAuprc(_OfKnown):
    """How well a method's scores rank linked before unlinked features."""

    name = "known-auprc"
    label = "known AUPRC"
    description = (
        "Average precision of the method's scores over tested candidates; not defined for methods "
        "without scores and for sources of links alone."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the average precision; None where it is not defined."""
        known, ranks = outcome.known, outcome.score_ranks
        if known is None or known.tested is None or ranks is None:
            return None
        linked, tested = map(outcome.among_candidates, (known.linked, known.tested))
        return average_precision(linked[tested], outcome.among_candidates(ranks)[tested])


def _drawn(outcome: Outcome) -> tuple[int, int, int, int] | None:
    """Return linked among the chosen, all that could be drawn, linked among these, and chosen."""
    if outcome.known is None:
        return None
    linked, tested = outcome.known.linked, outcome.known.tested
    among = np.ones(len(linked), dtype=bool) if tested is None else tested
    could, are_linked = map(outcome.among_candidates, (among, linked & among))
    chosen = outcome.indices[among[outcome.indices]]
    return int(linked[chosen].sum()), int(could.sum()), int(are_linked.sum()), len(chosen)


def average_precision(is_positive: np.ndarray, scores: np.ndarray) -> float | None:
    """Return the mean precision at each positive, the higher scores first; ties count together.

    Parameters
    ----------
    is_positive
        Shape (n,), bool.
    scores
        Shape (n,).

    Returns
    -------
    float or None
        In 0..1; None where nothing, or everything, is positive.

    Examples
    --------
    >>> average_precision(np.array([True, False, True]), np.array([3, 2, 1]))
    0.8333333333333333
    >>> average_precision(np.array([True, False]), np.array([1, 1]))
    0.5
    """
    positives = int(is_positive.sum())
    if not 0 < positives < len(is_positive):
        return None
    order = np.argsort(-scores, kind="stable")
    # The last of each group of equal scores.
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    found = np.cumsum(is_positive[order])[ends]
    recall = np.diff(found, prepend=0) / positives
    return float(recall @ (found / (ends + 1)))
