"""The running process: its peak memory, its threads, its time limit."""

import ctypes
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType

import torch
from threadpoolctl import threadpool_limits

_PROCESS = Path("/proc/self")


class PeakMemory:
    """Measure the peak resident memory of this process during a ``with`` block.

    It is the memory of the whole process, with its libraries and data, not only what the block
    added. On Linux the peak is reset when the block starts. Where that is not possible (another
    system, a container that forbids it) it is the peak since the process started: an upper bound.
    One block at a time: a block inside of another one resets the outer one's peak.

    Attributes
    ----------
    peak : int or None
        Bytes, once the block has ended; None where the system does not tell.

    Examples
    --------
    >>> with PeakMemory() as memory:
    ...     block = bytearray(50_000_000)
    >>> memory.peak is None or memory.peak > 50_000_000
    True
    """

    def __init__(self) -> None:
        self.peak: int | None = None

    def __enter__(self) -> "PeakMemory":
        self.peak = None
        # Without a reset the number below is the peak since the start: the documented bound.
        _reset_peak()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.peak = _read_peak()


def _reset_peak() -> bool:
    """Ask Linux to start the peak anew; tell whether it did."""
    try:
        (_PROCESS / "clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _read_peak() -> int | None:
    """Return the peak resident memory in bytes."""
    try:
        status = (_PROCESS / "status").read_text()
    except OSError:
        return _read_usage()
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return _read_usage()


def _read_usage() -> int | None:
    """Return the peak since the process started, for systems without ``/proc``."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Bytes on macOS, kibibytes elsewhere.
    return peak if sys.platform == "darwin" else peak * 1024


def return_freed_memory() -> None:
    """Give memory that was freed back to the system, where the C library can (glibc).

    Each thread's arena keeps what was freed there: what one thread has no use for any more is
    nothing that another one may take.

    Examples
    --------
    >>> return_freed_memory()
    """
    # Other C libraries have no such function; Windows has no library without a name.
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


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


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: results then do not depend on how many runs go on beside.

    Torch's, and those of NumPy's and SciPy's linear algebra, which torch knows nothing of. A
    library that is first loaded within the block has as many as it likes.

    Examples
    --------
    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
