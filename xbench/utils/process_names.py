"""What tells one process from every other, on any machine: its number alone does not."""

import os
from pathlib import Path

_NUMBERS = Path("/proc/self/ns/pid")
_HIDDEN = "hidden"


def name_of_this() -> str:
    """Name this process as no other is named, on any machine, ever; empty where that is unknown.

    It is the start of the system, the space that process numbers are of (a container has its own),
    the number, and when the process began (numbers are used again). Only Linux says all of it.

    Examples
    --------
    >>> is_gone(name_of_this())
    False
    """
    here = process_space()
    return here and f"{here} {os.getpid()} {_began(os.getpid())}"


def is_gone(name: str) -> bool:
    """Whether a process has certainly ended: False where it cannot be looked up from here.

    Examples
    --------
    >>> is_gone("another-machine 1 12")
    False
    """
    here, _, process = name.rpartition(" ")[0].rpartition(" ")
    if not here or here != process_space() or not process.isdecimal():
        return False
    return _began(int(process)) not in (name.rpartition(" ")[2], _HIDDEN)


def process_space() -> str:
    """Name the space that process numbers are of; empty where the system does not say it."""
    try:
        start = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{start} {_NUMBERS.readlink()}"
    except OSError:
        return ""


def _began(process: int) -> str:
    """Return when a process began; empty where there is none, or only its corpse."""
    try:
        # The name of the program may hold anything, also brackets.
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return _HIDDEN if _is_there(process) else ""
    return "" if fields[0] in "ZX" else fields[19]


def _is_there(process: int) -> bool:
    """Whether a number is used; a system can hide what is known of other users' processes."""
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
