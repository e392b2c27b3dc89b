"""Claims about differences between methods over targets: significant, about none, none at all."""

from statistics import fmean

from xbench.errors import unknown_name

from ..formats import format_metric
from ..statistics import Effect, MethodComparison, Pairs, compare, effect, pairs
from .evidence import Evidence, Judgement, all_of
from .published import METHODS, N_TARGETS, SIZES

LEVEL = 0.01
"""The paper's level of significance."""

MARGIN = 0.10
"""Two effects are about equal within this share of the larger one. Saliency and SmoothGrad differ
by 6.3% (L = 10) and 7.2% (L = 128) in Rel. Δ in the paper's rows "Avg."."""

_SECTION = "Section 5.3.1"
_OTHERS = METHODS[:-1]
_LABELS = {"avg-delta": "Avg. Δ", "rel-delta": "Rel. Δ"}


def significantly_better(evidence: Evidence, metric: str) -> Judgement:
    """Judge whether GRIDS is better than each method, one-sided t-tests over targets, p < 0.01.

    The tests are paired; what they give unpaired is told, since the paper does not say which. As
    in the paper, the verdict is on p-values before Holm's correction.

    Parameters
    ----------
    evidence
        Our results.
    metric
        ``"avg-delta"`` or ``"rel-delta"``.

    Raises
    ------
    XbenchError
        If the metric is another.

    Examples
    --------
    >>> significantly_better(Evidence("cortex", "mlp", {}), "rel-delta").figures
    'Nothing of it was run.'
    """
    if metric not in _LABELS:
        raise unknown_name("metric", metric, _LABELS)
    claim = f"At L = 10 GRIDS' {_LABELS[metric]} is lower than each other method's, p < {LEVEL}."
    values = evidence.of_table1(10, metric)
    run = [name for name in _OTHERS if {name, evidence.grids} <= values.keys()]
    if not run:
        return Judgement(claim, _SECTION, "not testable here", "Nothing of it was run.")
    paired = compare(values, evidence.grids, "lower", run)
    welch = compare(values, evidence.grids, "lower", run, paired=False)
    better = {one.other: _is_better(one) for one in paired}
    verdict = all_of(better.get(name) for name in _OTHERS)
    shown = [_tested(one, other) for one, other in zip(paired, welch, strict=True)]
    absent = [f"no values of {name}" for name in _OTHERS if name not in run]
    return Judgement(claim, _SECTION, verdict, f"Paired t-tests: {'; '.join([*shown, *absent])}.")


def _is_better(one: MethodComparison) -> bool | None:
    """Whether the test says so; on fewer targets than the paper has only the sign can refute it."""
    mean, p_value = one.effect.mean, one.t_test.p_value
    if one.targets > 1 and mean is not None and mean >= 0:
        return False
    return None if p_value is None or one.targets < N_TARGETS else p_value < LEVEL


def no_better_than_random(evidence: Evidence, method: str) -> Judgement:
    """Judge whether a method fails: at no L is it surely better than random features.

    It fails at an L where the 95% interval of its paired difference to ``random`` in Rel. Δ, over
    two targets or more, includes zero or lies on the worse side.

    Parameters
    ----------
    evidence
        Our results.
    method
        ``"lime"``, ``"cxplain"`` or ``"sage"``.

    Examples
    --------
    >>> no_better_than_random(Evidence("cortex", "mlp", {}), "sage").figures
    'sage was not run beside random.'
    """
    claim = f"{method} fails at this size: it lowers expression no more than random features do."
    found_at, parts = _shared(evidence, method, "random")
    shown = []
    for size, shared in found_at:
        found = effect(shared)
        enough = found.targets > 1 and found.side != "unknown"
        parts.append(_of_all_targets(found.side != "below", shared) if enough else None)
        shown.append(f"at L = {size} its Rel. Δ differs from random's by {_shown(found)}")
    return Judgement(
        claim, _SECTION, all_of(parts), _sentence(shown, f"{method} was not run beside random.")
    )


def saliency_as_smoothgrad(evidence: Evidence) -> Judgement:
    """Judge whether Saliency and SmoothGrad lower expression by about as much.

    At an L they do where their mean Rel. Δ differs by `MARGIN` of the larger one at most. They do
    not where it differs by more and the 95% interval of the paired difference excludes zero.
    Where it includes zero, the data cannot tell.

    Parameters
    ----------
    evidence
        Our results.

    Examples
    --------
    >>> saliency_as_smoothgrad(Evidence("cortex", "mlp", {})).figures
    'They were not both run.'
    """
    claim = f"Saliency and SmoothGrad are about equal: Rel. Δ differs by {MARGIN:.0%} at most."
    found_at, parts = _shared(evidence, "smoothgrad", "saliency")
    shown = []
    for size, shared in found_at:
        found = effect(shared)
        smooth, plain = fmean(shared.first_means), fmean(shared.second_means)
        larger = max(abs(smooth), abs(plain))
        near = abs(smooth - plain) <= MARGIN * larger
        apart = found.targets > 1 and found.side in ("below", "above")
        parts.append(_of_all_targets(True, shared) if near else False if apart else None)
        share = abs(smooth - plain) / larger if larger else 0.0
        shown.append(
            f"at L = {size} it is {format_metric('rel-delta', plain)} and "
            f"{format_metric('rel-delta', smooth)}, {share:.0%} apart, difference {_shown(found)}"
        )
    return Judgement(claim, "Table 1", all_of(parts), _sentence(shown, "They were not both run."))


def _of_all_targets(holds: bool, shared: Pairs) -> bool | None:
    """Whether a part of a claim holds: some of the paper's targets can only refute it."""
    return None if holds and len(shared.targets) < N_TARGETS else holds


def _shared(
    evidence: Evidence, method: str, other: str
) -> tuple[list[tuple[int, Pairs]], list[bool | None]]:
    """Return two methods' Rel. Δ on the targets of both, for each of the paper's L that has any.

    And None for each of the others: a claim is about all L, and what is not known of one of them
    confirms nothing.
    """
    found = []
    for size in SIZES:
        values = evidence.of_table1(size, "rel-delta")
        if {method, other} <= values.keys():
            found.append((size, pairs(values, method, other)))
    known = [(size, shared) for size, shared in found if shared.targets]
    return known, [None] * (len(SIZES) - len(known))


def _shown(found: Effect) -> str:
    """Return a difference in Rel. Δ with what stands behind it."""
    mean, low, high = (
        "none" if value is None else format_metric("rel-delta", value)
        for value in (found.mean, found.low, found.high)
    )
    interval = "no interval" if found.low is None else f"95% interval {low} to {high}"
    return f"{mean} ({interval}, {_targets(found.targets)})"


def _sentence(shown: list[str], nothing: str) -> str:
    text = "; ".join(shown)
    return f"{text[0].upper()}{text[1:]}." if text else nothing


def _tested(paired: MethodComparison, welch: MethodComparison) -> str:
    found, targets = paired.t_test, _targets(paired.targets)
    if found.p_value is None:
        return f"no p-value against {paired.other} ({found.reason})"
    return (
        f"{_p(found.p_value)} against {paired.other} ({_p(found.adjusted)} after Holm's "
        f"correction, {_p(welch.t_test.p_value)} not paired; {targets})"
    )


def _targets(count: int) -> str:
    return "1 target" if count == 1 else f"{count} targets"


def _p(value: float | None) -> str:
    if value is None:
        return "no p-value"
    return "p < 0.0001" if value < 0.0001 else f"p = {value:.3g}"
