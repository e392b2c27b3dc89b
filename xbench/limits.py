"""Stopping a run that takes too long."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class RunTimeoutError(BaseException):
    """A run went past its time limit.

    No `Exception`, as `KeyboardInterrupt` is none: a method that catches and goes on stops too.
    """


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise `RunTimeoutError` inside the block after some seconds.

    By an alarm signal, so only in a process' main thread and where the system has alarms; elsewhere
    there is no limit. Worker processes run in their main thread.

    Parameters
    ----------
    seconds
        No limit where None.

    Examples
    --------
    >>> with time_limit(60):
    ...     pass
    """
    in_main = threading.current_thread() is threading.main_thread()
    if seconds is None or not in_main or not hasattr(signal, "setitimer"):
        yield
        return

    def expire(number: int, frame: FrameType | None) -> None:
        raise RunTimeoutError(f"no result after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
