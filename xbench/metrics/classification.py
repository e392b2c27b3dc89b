"""Which class inputs are predicted as, before and after masking (protocol, MNIST)."""

from __future__ import annotations

import numpy as np


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
