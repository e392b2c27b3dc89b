"""How the drop of each method's subset grows feature by feature, and what one feature is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from ..quantities import finite
from .matched import Matched, at_largest

if TYPE_CHECKING:
    from xbench.results.findings import Finding

ANALYSIS = "redundancy"


@dataclass(frozen=True)
class RedundancyCurve:
    """The curves of one method, means over its targets, in % of the unmasked mean loss.

    Parameters
    ----------
    method
        Its label.
    drops
        Drop of the mean loss with the first l features masked, for l = 0 to L; shape (L + 1,).
    left_out
        What is lost of the drop where one feature is not masked, most first; shape (L,).
    n_targets
        Number of targets behind it.
    ordered
        Whether its selections come best first.
    """

    method: str
    drops: np.ndarray
    left_out: np.ndarray
    n_targets: int
    ordered: bool


@dataclass(frozen=True)
class RedundancyCurves:
    """The curves of every method at the largest L.

    Parameters
    ----------
    size
        L.
    n_targets
        Number of targets that any method has a curve of; those with fewer do not compare.
    curves
        The largest drop first.
    """

    size: int
    n_targets: int
    curves: tuple[RedundancyCurve, ...]


def redundancy_curves(
    records: Iterable[Mapping[str, Any]], findings: Iterable[Finding]
) -> RedundancyCurves | None:
    """Average the redundancy of selections over targets, method by method.

    Parameters
    ----------
    records
        Records of runs of one (task, dataset, surrogate).
    findings
        What was found about them; those named ``"redundancy"`` count. One whose unmasked mean
        loss is not positive is passed over: nothing is relative to it.

    Returns
    -------
    RedundancyCurves
        Each target weighs the same, and in it each repetition; None where nothing was found.

    Examples
    --------
    >>> from xbench.results.findings import Finding
    >>> run = {"run_id": "1", "cell_type": "VIP", "target": "GAD1", "method": "grids", "L": 2,
    ...        "repetition": 0, "status": "ok", "ordered": True}
    >>> left_out = [{"feature": 7, "lost": 0.3}, {"feature": 4, "lost": 0.1}]
    >>> values = {"mean_loss": 2.0, "prefixes": [0.5, 0.8], "left_out": left_out}
    >>> found = Finding(analysis="redundancy", run_id="1", values=values)
    >>> redundancy_curves([run], [found]).curves[0].drops.tolist()
    [0.0, 25.0, 40.0]
    """
    # Of each method and target: drops and left-out losses of each repetition.
    runs: dict[str, dict[tuple[str, str], list[tuple[np.ndarray, np.ndarray]]]] = {}
    unordered: set[str] = set()
    size = 0
    for one in at_largest(records, findings, ANALYSIS):
        record, curves = one.record, _curves(one)
        if curves is not None:
            size = record["L"]
            target = record["cell_type"], record["target"]
            runs.setdefault(record["method"], {}).setdefault(target, []).append(curves)
            if not record["ordered"]:
                unordered.add(record["method"])
    if not runs:
        return None
    means = [
        RedundancyCurve(
            method,
            drops=_mean_of_means([[drops for drops, _ in pairs] for pairs in targets.values()]),
            left_out=_mean_of_means([[lost for _, lost in pairs] for pairs in targets.values()]),
            n_targets=len(targets),
            ordered=method not in unordered,
        )
        for method, targets in runs.items()
    ]
    means.sort(key=lambda curve: (-curve.drops[-1], curve.method))
    everything = {target for targets in runs.values() for target in targets}
    return RedundancyCurves(size, len(everything), tuple(means))


def _curves(one: Matched) -> tuple[np.ndarray, np.ndarray] | None:
    """Return drops and sorted left-out losses in %; None where they cannot be had."""
    whole = finite(one.values.get("mean_loss"))
    prefixes = [finite(value) for value in one.values.get("prefixes") or ()]
    lost = [finite(entry.get("lost")) for entry in one.values.get("left_out") or ()]
    size = one.record["L"]
    if whole is None or whole <= 0 or None in prefixes + lost:
        return None
    if len(prefixes) != size or len(lost) != size:
        return None
    drops = np.array([0.0, *prefixes], dtype=float)
    return 100 * drops / whole, 100 * np.sort(np.array(lost, dtype=float))[::-1] / whole


def _mean_of_means(groups: list[list[np.ndarray]]) -> np.ndarray:
    return np.array(
        [fmean(column) for column in zip(*(np.mean(one, axis=0) for one in groups), strict=True)]
    )
