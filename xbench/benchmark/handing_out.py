"""Units that wait to be handed out, shared with other starts on the same store by claims."""

from collections import deque
from collections.abc import Iterator

from xbench.benchmark.plan import WorkUnit
from xbench.results.leases import Claims
from xbench.results.record import Record


def claimed(
    waiting: deque[WorkUnit], claims: Claims
) -> Iterator[tuple[WorkUnit, list[Record], WorkUnit | None]]:
    """Yield each unit that waits and can be claimed; ask for one only where it can be done.

    What another start is at work on goes to the end of those that wait.

    Parameters
    ----------
    waiting
        Units to do; what is yielded is taken out.
    claims
        On runs of the store.

    Yields
    ------
    unit : WorkUnit
        As it waited.
    records : list of Record
        Of its runs that were recorded meanwhile, by any start.
    rest : WorkUnit or None
        What is left to do; None where nothing is.
    """
    for _ in range(len(waiting)):
        unit = waiting.popleft()
        if not claims.take(unit.run_ids):
            waiting.append(unit)
            continue
        recorded = claims.recorded()
        done = [recorded[one] for one in unit.run_ids if one in recorded]
        if len(done) == len(unit.run_ids):
            claims.drop(unit.run_ids)
            yield unit, done, None
        else:
            yield unit, done, unit.without(recorded) if done else unit
