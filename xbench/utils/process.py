"""The most memory a process had while a block ran."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType

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

    def __enter__(self) -> PeakMemory:
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
