"""Doing one piece of work in a process of its own, so that nothing of it stays behind.

The process is a fork: it has a copy of everything that is loaded, which costs milliseconds, and
whatever the work does to memory, settings, signals, files that are open or the current folder ends
with it. The one that forks keeps the clock: it ends work that runs too long, whatever that work
does, and says truly how a process ended.
"""

import contextlib
import ctypes
import gc
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# What work gets after its own time limit, to end by itself and say where it was.
GRACE = 1.0
# How often a process is looked at that has said nothing.
_LOOK_EVERY = 0.1
_BEGUN, _ANSWER = b"B", b"A"
_SIZE = 8
_NO_WAY_TO_ANSWER = 71


@dataclass(frozen=True)
class WorkEnd:
    """How work in a process of its own ended.

    Parameters
    ----------
    answer
        What the work returned; None where its process ended without.
    timed_out
        Whether it was ended for taking too long.
    abandoned
        Whether it was ended because nobody waits for it any more.
    status
        The process' exit code, or minus the signal that ended it; None where it was ended here.
    out_of_memory
        Whether the system ended a process for memory meanwhile.
    """

    answer: bytes | None = None
    timed_out: bool = False
    abandoned: bool = False
    status: int | None = None
    out_of_memory: bool = False

    @property
    def reason(self) -> str:
        """Say in one line why there is no answer.

        Examples
        --------
        >>> WorkEnd(status=-11).reason
        'its process was killed by signal 11 (SIGSEGV)'
        >>> WorkEnd(status=0).reason
        'its process ended by itself (exit code 0) before it gave a result'
        """
        if self.status is not None and self.status < 0:
            return f"its process was killed by signal {-self.status}{_signal_name(-self.status)}"
        if self.status == _NO_WAY_TO_ANSWER:
            return "its process closed files that are not its own, and could give no result"
        return f"its process ended by itself (exit code {self.status}) before it gave a result"


def _signal_name(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""


def run_apart(
    work: Callable[[Callable[[], None]], bytes],
    *,
    seconds: float | None = None,
    watched: int | None = None,
    closed: Sequence[int] = (),
    alone: bool = False,
) -> WorkEnd:
    """Do work in a fork of this process, in an empty folder of its own.

    Parameters
    ----------
    work
        Returns its answer. It is given a function to call where what is to be timed begins, which
        sets the clock to 0 once.
    seconds
        After which it is ended, plus `GRACE`; no limit where None.
    watched
        A connection to whoever wants the answer: the work is ended as soon as that is closed.
    closed
        Files of this process that the fork is not to have.
    alone
        Whether this process has no other children: then those that the work has started and left
        in a session of their own are ended too (Linux).

    Returns
    -------
    WorkEnd
        The processes that the work has started and left behind have ended too.

    Examples
    --------
    >>> run_apart(lambda begun: b"42").answer
    b'42'
    >>> run_apart(lambda begun: os._exit(3)).status
    3
    """
    folder = tempfile.mkdtemp(prefix="xbench-run-")
    if alone:
        _adopt_orphans()
    ends = kills_for_memory()
    reading, writing = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _work_and_end(work, writing, folder, parent, (*closed, reading))
    os.close(writing)
    try:
        return _awaited(child, reading, seconds, watched, ends)
    finally:
        os.close(reading)
        end_group(child)
        if alone:
            _end_children()
        shutil.rmtree(folder, ignore_errors=True)


def _work_and_end(
    work: Callable[[Callable[[], None]], bytes],
    writing: int,
    folder: str,
    parent: int,
    closed: Sequence[int],
) -> None:
    """Be the fork; never returns, whatever happens."""
    code = 1
    try:
        end_with(parent)
        keep_shared()
        os.setsid()
        for descriptor in closed:
            os.close(descriptor)
        _own_surroundings(folder)
        content = work(lambda: _write(writing, _BEGUN))
        code = _NO_WAY_TO_ANSWER
        _write(writing, _ANSWER + len(content).to_bytes(_SIZE, "big") + content)
        code = 0
    finally:
        # Without the handlers and threads that the work may have left: they could hold it up.
        os._exit(code)


def keep_shared() -> None:
    """Let a fork's collections of garbage pass over what was there before it.

    They would look at every object that the process has loaded, half a million, and each look is a
    write: tenths of a second for the looking, and as much for copying the memory.
    """
    gc.freeze()


def _own_surroundings(folder: str) -> None:
    """Give the work its own folder, no input, and an output that is no table's."""
    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # A Dask worker's processes are born deaf to it.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # Threads that this process has had are lost in the fork, which would wait for them.
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)
    os.chdir(folder)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    plain_streams()


def plain_streams() -> None:
    """Let Python's standard streams be those of the process, whatever stood in their place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        # A stream that is closed stays as it is.
        with contextlib.suppress(OSError):
            stream = open(  # noqa: SIM115
                number,
                "w" if number else "r",
                buffering=1,
                encoding="utf-8",
                errors="backslashreplace",
                closefd=False,
            )
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _awaited(
    child: int, reading: int, seconds: float | None, watched: int | None, ends: int
) -> WorkEnd:
    """Wait for the answer, the end of the process, the end of its time, or of who asked."""
    look = select.poll()
    look.register(reading, select.POLLIN)
    if watched is not None:
        # Nothing is sent to a process while it works: whatever comes is the end.
        look.register(watched, select.POLLIN)
    deadline = None if seconds is None else time.monotonic() + seconds + GRACE
    received, begun, open_ = b"", False, True
    while True:
        ready = [descriptor for descriptor, _ in look.poll(1000 * _LOOK_EVERY)]
        if reading in ready:
            part = os.read(reading, 1 << 20)
            received += part
            if not part:
                look.unregister(reading)
                open_ = False
        if not begun and received.startswith(_BEGUN):
            begun, received = True, received[1:]
            deadline = None if seconds is None else time.monotonic() + seconds + GRACE
        if (answer := _answer_in(received)) is not None:
            return WorkEnd(answer)
        if watched is not None and watched in ready:
            return WorkEnd(abandoned=True)
        if (reading not in ready or not open_) and (status := _ended(child)) is not None:
            if reading in ready and open_:
                continue
            return WorkEnd(status=status, out_of_memory=kills_for_memory() > ends)
        if deadline is not None and time.monotonic() > deadline:
            return WorkEnd(timed_out=True)
        if not open_:
            time.sleep(0.01)


def _answer_in(received: bytes) -> bytes | None:
    """Return the answer once all of it has come."""
    start = 1 + _SIZE
    if not received.startswith(_ANSWER) or len(received) < start:
        return None
    size = int.from_bytes(received[1:start], "big")
    return received[start : start + size] if len(received) >= start + size else None


def _ended(child: int) -> int | None:
    """Return how a child ended; None while it lives."""
    found = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if found is None:
        return None
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


def end_group(child: int) -> None:
    """End a child and every process of its group, and forget it."""
    for end in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            end(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)


_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def _prctl(option: int, value: int) -> None:
    """Ask Linux for something; other systems do without."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def end_with(parent: int) -> None:
    """Let the system end this process when the one that forked it has ended (Linux).

    It needs no cooperation: a process inside a long computation in C, where no thread of Python
    gets a turn, ends too.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _adopt_orphans() -> None:
    """Become the parent of whatever the work starts and leaves behind (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _end_children() -> None:
    """End what work has left behind in a session of its own; no other child is there then."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    for _ in range(100):
        try:
            left = [int(one) for one in listed.read_text().split()]
        except OSError:
            return
        if not left:
            return
        for child in left:
            end_group(child)


def kills_for_memory() -> int:
    """Count the processes that the system has ended for want of memory; 0 where it does not say."""
    for path in ("/sys/fs/cgroup/memory.events", "/proc/vmstat"):
        try:
            lines = Path(path).read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
