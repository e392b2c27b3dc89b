"""Two ways to one answer, timed in turn, so that whatever else the machine does slows both.

Processor time, not wall time: a process that waits for its turn is not charged for waiting. What is
left of a busy machine (shared caches, two threads on a core) comes and goes in seconds, so each
round takes one side directly after the other and yields a ratio, and the median of these is kept.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, median
from time import process_time
from typing import Any

from xbench.utils.process import PeakMemory

# One pass of a side; returns the seconds of processor time that it took.
Side = Callable[[], float]


def timed(function: Callable[[], object], repeat: int = 1, quickest: bool = False) -> Side:
    """Return a side that calls a function several times; seconds are of one call.

    Seconds are the mean, or, where every call does the same work, those of the `quickest`: when
    others have had the processor in the middle of a call, it goes on with cold caches.
    """

    def call() -> float:
        started = process_time()
        function()
        return process_time() - started

    def side() -> float:
        seconds = [call() for _ in range(repeat)]
        return min(seconds) if quickest else fmean(seconds)

    return side


class Child:
    """A side that is a process of its own."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = command

    def __call__(self) -> float:
        child = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0, self.command
        return usage.ru_utime + usage.ru_stime


def side_by_side(
    benchmark: Any, ours: Side, other: Side, *, against: str, size: str, rounds: int
) -> float:
    """Time both sides in turn and return how many times as long the other one takes.

    Parameters
    ----------
    benchmark
        Of pytest-benchmark, which gets its rounds, and as extra information what `xbench bench`
        shows: seconds of processor time, the ratio, what it was against, how large, the memory.
    ours, other
        The sides. Each is run once before, for what is only done once.
    against
        What the other side is, in words.
    size
        Of the question, in words.
    rounds
        How often each side is timed.

    Returns
    -------
    float
        Median over rounds of the other side's seconds by ours.
    """
    other()
    memory = _most_memory(ours)
    seconds: list[float] = []
    others: list[float] = []
    benchmark.pedantic(
        lambda: seconds.append(ours()), setup=lambda: others.append(other()), rounds=rounds
    )
    ratios = [slow / fast for slow, fast in zip(others, seconds, strict=True)]
    benchmark.extra_info |= {
        "seconds": median(seconds),
        "other_seconds": median(others),
        "ratio": median(ratios),
        "against": against,
        "size": size,
        "memory_bytes": memory,
    }
    print(
        f"\n{size}: {1e3 * median(seconds):.3g} ms; {against} {1e3 * median(others):.3g} ms, "
        f"ratio {median(ratios):.3g} ({min(ratios):.3g} to {max(ratios):.3g} in {rounds} rounds)"
    )
    return median(ratios)


def _most_memory(side: Side) -> int | None:
    """Run a side and return the bytes by which it raised the memory of this process at most.

    None for a process of its own: the system counts what this one had when it was started.
    """
    with contextlib.suppress(OSError, AttributeError):
        # What was freed before is given back, or using it again would go unseen (glibc alone).
        ctypes.CDLL(None).malloc_trim(0)
    before = _resident()
    with PeakMemory() as memory:
        side()
    if isinstance(side, Child) or before is None or memory.peak is None:
        return None
    return max(0, memory.peak - before)


def _resident() -> int | None:
    """Bytes of memory that this process has now; None where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
