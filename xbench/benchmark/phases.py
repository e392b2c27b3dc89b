"""Where the seconds of a run go: a finding of each run, made where it is asked for.

Results and ids know nothing of it.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from xbench.results.findings import Finding
from xbench.results.record import Record

# Name of the finding.
PROFILE = "profile"
# Of a run, in order: data and surrogate are read once for all runs of a start.
READ, ENCODE, EXPLAIN, SCORE, STORE = PHASES = ("read", "encode", "explain", "score", "store")


@dataclass
class Phases:
    """Wall seconds of each phase so far.

    Examples
    --------
    >>> phases = Phases({READ: 2.0})
    >>> with phases.timed(SCORE):
    ...     pass
    >>> sorted(phases.seconds), phases.seconds[SCORE] < 1
    (['read', 'score'], True)
    """

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Add what a block takes to a phase."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(phase, time.perf_counter() - started)

    def add(self, phase: str, seconds: float) -> None:
        """Add seconds to a phase."""
        self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds

    def finding(self, run_id: str) -> Finding:
        """Return what is kept of them beside the run."""
        return Finding(analysis=PROFILE, run_id=run_id, values=dict(self.seconds))


def mean_phases(
    records: Sequence[Record], findings: Sequence[Finding]
) -> dict[tuple[int, str], Mapping[str, float]]:
    """Return mean seconds of each phase by L and method, of the runs that have a profile.

    A phase that a run did not come to took it no time.

    Examples
    --------
    >>> mean_phases([], [])
    {}
    """
    told = {one.run_id: one.values for one in findings if one.analysis == PROFILE}
    groups: dict[tuple[int, str], list[Mapping[str, float]]] = {}
    for record in records:
        if record.run_id in told:
            groups.setdefault((record.L, record.method), []).append(told[record.run_id])
    return {
        group: {phase: sum(one.get(phase, 0.0) for one in of) / len(of) for phase in PHASES}
        for group, of in sorted(groups.items())
    }
