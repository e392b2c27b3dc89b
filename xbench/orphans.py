"""Worker processes that end when the process that started them is gone."""

from __future__ import annotations

import os
import threading
import time
from functools import cache

_LOOK_EVERY = 0.5


@cache
def end_with_parent() -> None:
    """Let this process end as soon as its parent has; asked again, do nothing.

    A start of runs that is killed cannot tell its workers. Without this they would carry on with
    the run they are in, for hours perhaps, beside whatever the user starts next, and then keep
    their memory until they have been idle for minutes.

    Examples
    --------
    In a process of its own: this one would else end with whatever started it.

    >>> import subprocess, sys
    >>> program = "from xbench.orphans import end_with_parent; end_with_parent()"
    >>> subprocess.run([sys.executable, "-c", program]).returncode
    0
    """
    watcher = threading.Thread(target=_watch, args=(os.getppid(),), daemon=True)
    watcher.start()


def _watch(parent: int) -> None:
    """Look whether the parent is still the same; the system gives an orphan another one."""
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
    # Nobody is left to be told, and what was being written is dropped by the next start.
    os._exit(1)
