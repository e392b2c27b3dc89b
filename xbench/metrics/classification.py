"""Which class inputs are predicted as, before and after masking (protocol, MNIST)."""

import numpy as np

from xbench.metrics.metric import Metric, Outcome


def own_class_share(log_odds: np.ndarray) -> float:
    """Share of inputs predicted as their own class, in %.

    Parameters
    ----------
    log_odds
        logit(own class) - logit(target class), shape (n,).

    Examples
    --------
    >>> own_class_share(np.array([1.0, -1.0, 2.0, 3.0]))
    75.0
    """
    return float(100 * np.mean(log_odds > 0))


def log_odds_drop(before: np.ndarray, after: np.ndarray) -> float:
    """Mean fall of the log-odds, in nats.

    Examples
    --------
    >>> log_odds_drop(np.array([2.0, 1.0]), np.array([1.0, -1.0]))
    1.5
    """
    return float(np.mean(np.asarray(before, np.float64) - np.asarray(after, np.float64)))


class OwnClassShareBefore(Metric):
    """Inputs predicted as their own class before masking."""

    name = "own-class-share-before"
    label = "own class before(%)"
    unit = "%"
    direction = "none"
    low, high = 0.0, 100.0
    explains = "classes"
    description = "Share of test inputs predicted as their own class before masking."

    def compute(self, outcome: Outcome) -> float:
        """Return the share in %."""
        return own_class_share(outcome.before)


class OwnClassShareAfter(Metric):
    """Inputs predicted as their own class after masking."""

    name = "own-class-share-after"
    label = "own class after(%)"
    unit = "%"
    direction = "lower"
    low, high = 0.0, 100.0
    explains = "classes"
    description = "Share of test inputs predicted as their own class after masking."

    def compute(self, outcome: Outcome) -> float:
        """Return the share in %."""
        return own_class_share(outcome.after)


class TargetClassShareBefore(Metric):
    """Inputs predicted as the target class before masking."""

    name = "target-class-share-before"
    label = "target class before(%)"
    unit = "%"
    direction = "none"
    low, high = 0.0, 100.0
    explains = "classes"
    description = "Share of test inputs predicted as the target class before masking."

    def compute(self, outcome: Outcome) -> float:
        """Return the share in %."""
        return own_class_share(-outcome.before)


class TargetClassShareAfter(Metric):
    """Inputs predicted as the target class after masking."""

    name = "target-class-share-after"
    label = "target class after(%)"
    unit = "%"
    direction = "higher"
    low, high = 0.0, 100.0
    explains = "classes"
    description = "Share of test inputs predicted as the target class after masking."

    def compute(self, outcome: Outcome) -> float:
        """Return the share in %."""
        return own_class_share(-outcome.after)


class LogOddsDrop(Metric):
    """How far masking moves inputs from their own class towards the target class."""

    name = "log-odds-drop"
    label = "log-odds drop"
    unit = "nats"
    direction = "higher"
    explains = "classes"
    description = "Mean fall of log p(own class) - log p(target class) on test inputs."

    def compute(self, outcome: Outcome) -> float:
        """Return the mean fall in nats."""
        return log_odds_drop(outcome.before, outcome.after)
