"""What a run may spend before its explainer is asked to stop."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from xbench.mask.counts import EvaluationCounts


@dataclass
class Budget:
    """Wall time and evaluations that an explainer may spend.

    It is asked, not forced: an explainer that works in steps calls `Problem.exhausted` after each
    and then returns its best selection so far. `stopped` remembers that it was told to stop.

    Parameters
    ----------
    seconds
        Wall time since `start`; no limit where None.
    evaluations
        Forward and gradient evaluations together, in cells; no limit where None.

    Examples
    --------
    >>> budget, counts = Budget(evaluations=100), EvaluationCounts()
    >>> budget.spent(counts)
    False
    >>> counts.add(forward=64, gradient=64)
    >>> budget.spent(counts), budget.stopped
    (True, 'its budget of 100 evaluations was spent')
    """

    seconds: float | None = None
    evaluations: int | None = None
    stopped: str = ""
    _started: float = field(default_factory=time.perf_counter, repr=False)

    def start(self) -> None:
        """Start the clock."""
        self._started, self.stopped = time.perf_counter(), ""

    def spent(self, counts: EvaluationCounts) -> bool:
        """Whether to stop now."""
        used = counts.forward + counts.gradient
        if self.evaluations is not None and used >= self.evaluations:
            self.stopped = f"its budget of {self.evaluations:,} evaluations was spent"
        elif self.seconds is not None and time.perf_counter() - self._started >= self.seconds:
            self.stopped = f"its budget of {self.seconds:g} s was spent"
        return bool(self.stopped)
