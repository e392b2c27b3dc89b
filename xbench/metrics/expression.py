"""Change of expression after masking (paper, Section 5.3.1)."""

import numpy as np

from xbench.metrics.metric import Metric, Outcome


class AvgDelta(Metric):
    """Mean change of exp(F), see `avg_delta`."""

    name = "avg-delta"
    label = "Avg. Δ"
    unit = "expression"
    direction = "lower"
    explains = "expression"
    description = (
        "Mean change of exp(F) of the target on test cells after masking "
        "(paper, Section 5.3.1); negative where masking lowers expression."
    )

    def compute(self, outcome: Outcome) -> float:
        """Return the mean change, in units of expression."""
        return avg_delta(outcome.before, outcome.after)


class RelDelta(Metric):
    """Mean relative change of exp(F), see `rel_delta`."""

    name = "rel-delta"
    label = "Rel. Δ(%)"
    unit = "%"
    direction = "lower"
    low = -100.0
    explains = "expression"
    description = (
        "Mean of (a - b) / b with a = exp(F(masked x)), b = exp(F(x)) on test cells "
        "(paper, Section 5.3.1)."
    )

    def compute(self, outcome: Outcome) -> float:
        """Return the mean change in %."""
        return rel_delta(outcome.before, outcome.after)


class RelDeltaExpm1(Metric):
    """Relative change of summed expression, see `rel_delta_expm1`."""

    name = "rel-delta-expm1"
    label = "Rel. Δ expm1(%)"
    unit = "%"
    direction = "lower"
    explains = "expression"
    description = (
        "Change of the summed expm1(F) over test cells, relative to its sum before: "
        "expression without the added 1 of exp(log1p)."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the change in %; None where nothing is expressed before."""
        return rel_delta_expm1(outcome.before, outcome.after)


class JudgeRelDelta(Metric):
    """What the same subset does in a second surrogate, see `rel_delta`."""

    name = "judge-rel-delta"
    label = "judge Rel. Δ(%)"
    unit = "%"
    direction = "lower"
    low = -100.0
    explains = "expression"
    of_judge = True
    description = (
        "rel-delta of the same subset in a judge: a surrogate of the same kind and another seed, "
        "trained on training cells that the explained one has not seen."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the mean change in %; None without a judge."""
        return None if outcome.judged is None else rel_delta(*outcome.judged)


# A Rel. Δ(%) that is above it is no drop of which a judge could follow a share.
LEAST_DROP = -0.5


def followed(own: float, judged: float) -> float | None:
    """Return a judge's Rel. Δ(%) over the explained surrogate's; None where that hardly falls.

    Of several runs it is asked with the means of both: a mean of such ratios would be ruled by the
    runs whose own drop is next to nothing.

    Examples
    --------
    >>> followed(-4.0, -3.0), followed(-0.1, -0.3)
    (0.75, None)
    """
    return judged / own if own < LEAST_DROP else None


class JudgeAgreement(Metric):
    """Which share of the drop a second surrogate follows."""

    name = "judge-agreement"
    label = "judge agreement"
    unit = "1"
    direction = "higher"
    explains = "expression"
    of_judge = True
    description = (
        "judge-rel-delta over rel-delta: 1 where the judge falls as much, near 0 where the drop is "
        "the explained surrogate's own; undefined where the latter falls by less than 0.5%. Of "
        "several runs it is the mean of the one over the mean of the other."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the ratio; None without a judge, or where the own prediction hardly falls."""
        if outcome.judged is None:
            return None
        return followed(rel_delta(outcome.before, outcome.after), rel_delta(*outcome.judged))


def avg_delta(before: np.ndarray, after: np.ndarray) -> float:
    """Mean of exp(after) - exp(before) over cells.

    Parameters
    ----------
    before, after
        Predicted log1p expression of the target, shape (n_cells,).

    Examples
    --------
    >>> round(avg_delta(np.log([2.0, 4.0]), np.log([1.0, 1.0])), 6)
    -2.0
    """
    return float(np.mean(_exp(after) - _exp(before)))


def rel_delta(before: np.ndarray, after: np.ndarray) -> float:
    """Mean over cells of (a - b) / b with a = exp(after), b = exp(before), in %.

    exp of a log1p value is 1 + expression, so this shrinks where expression is low; see
    `rel_delta_expm1`.

    Examples
    --------
    >>> round(rel_delta(np.log([2.0, 4.0]), np.log([1.0, 1.0])), 6)
    -62.5
    """
    # (a - b) / b = exp(after - before) - 1, without the overflow of either.
    return float(100 * np.mean(np.expm1(_double(after) - _double(before))))


def rel_delta_expm1(before: np.ndarray, after: np.ndarray) -> float | None:
    """Change of summed expression expm1(F) relative to its sum before, in %.

    The ratio of sums, not the mean of ratios: a cell with no predicted expression has no ratio.
    None where nothing is expressed before.

    Examples
    --------
    >>> round(rel_delta_expm1(np.log1p([1.0, 3.0]), np.log1p([0.0, 1.0])), 6)
    -75.0
    """
    was, is_now = np.expm1(_double(before)).sum(), np.expm1(_double(after)).sum()
    return None if was <= 0 else float(100 * (is_now - was) / was)


def _double(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)


def _exp(values: np.ndarray) -> np.ndarray:
    return np.exp(_double(values))
