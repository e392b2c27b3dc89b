"""Work in a process of its own: what it does stays there, and how it ended is told truly."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from xbench.utils.apart import GRACE, run_apart

from ..slow_rest import rest_slow

Work = Callable[[Callable[[], None]], Any]


def _ignoring(begun: Callable[[], None]) -> bytes:
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 1000)
    return str(sum(range(10**12))).encode()


def _swallowing(begun: Callable[[], None]) -> bytes:
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(0.01)


def _sleeping(begun: Callable[[], None]) -> None:
    time.sleep(100)


@pytest.mark.parametrize(
    ("work", "begins"),
    rest_slow(
        product((_ignoring, _swallowing, _sleeping), (True, False)),
        {(_ignoring, True), (_swallowing, False)},
    ),
)
def test_a_time_limit_holds_whatever_the_work_does(work: Work, begins: bool) -> None:
    def begin(begun: Callable[[], None]) -> bytes:
        if begins:
            begun()
        answer: bytes = work(begun)
        return answer

    start = time.monotonic()
    end = run_apart(begin, seconds=0.2)
    assert end.timed_out
    assert 0.2 + GRACE <= time.monotonic() - start < 20


ENDS: dict[str, tuple[Work, str]] = {
    "crash": (lambda begun: ctypes.string_at(0), "killed by signal 11 (SIGSEGV)"),
    "abort": (lambda begun: os.abort(), "killed by signal 6 (SIGABRT)"),
    "killed": (lambda begun: os.kill(os.getpid(), signal.SIGKILL), "killed by signal 9 (SIGKILL)"),
    "terminated": (lambda begun: os.kill(os.getpid(), 15), "killed by signal 15 (SIGTERM)"),
    "exit 0": (lambda begun: os._exit(0), "ended by itself (exit code 0) before it gave a result"),
    "exit 3": (lambda begun: os._exit(3), "ended by itself (exit code 3)"),
    "closes and answers": (
        lambda begun: os.closerange(0, 200) or b"",
        "closed files that are not its own",
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_how_a_process_ended_is_told_truly(name: str) -> None:
    work, said = ENDS[name]
    end = run_apart(work)
    assert end.answer is None
    assert not end.timed_out
    assert said in end.reason
    assert not end.out_of_memory


def test_large_answers_come_whole() -> None:
    assert run_apart(lambda begun: b"x" * 5_000_000).answer == b"x" * 5_000_000


def test_what_the_work_does_stays_there(tmp_path: Path) -> None:
    before = (os.getcwd(), dict(os.environ), sys.getrecursionlimit(), sys.path.copy())  # noqa: PTH109

    def spoil(begun: Callable[[], None]) -> bytes:
        assert list(Path.cwd().iterdir()) == []
        Path("made").touch()
        here = str(Path.cwd())
        os.chdir(tmp_path)
        os.environ["SPOILED"] = "1"
        sys.setrecursionlimit(120)
        sys.path.clear()
        sys.stdout.close()
        os.close(1)
        return here.encode()

    end = run_apart(spoil)
    assert end.answer is not None
    assert not Path(end.answer.decode()).exists()
    assert (os.getcwd(), dict(os.environ), sys.getrecursionlimit(), sys.path) == before  # noqa: PTH109


def test_input_is_empty_and_output_is_no_tables(capfd: pytest.CaptureFixture[str]) -> None:
    def noisy(begun: Callable[[], None]) -> bytes:
        print("printed")
        os.write(1, b"written\n")
        return sys.stdin.read().encode()

    assert run_apart(noisy).answer == b""
    out, errors = capfd.readouterr()
    assert out == ""
    assert "printed" in errors
    assert "written" in errors


def _daemon(tmp_path: Path) -> None:
    """Start a process in a session of its own, as a daemon does."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            (tmp_path / f"pid-{os.getpid()}").touch()
            time.sleep(100)
        os._exit(0)
    while not list(tmp_path.glob("pid-*")):
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot adopt orphans")
@pytest.mark.parametrize("dies", [True, False])
def test_nothing_that_the_work_started_goes_on(tmp_path: Path, dies: bool) -> None:
    def start(begun: Callable[[], None]) -> bytes:
        _daemon(tmp_path)
        if dies:
            os._exit(1)
        return b"done"

    def worker(begun: Callable[[], None]) -> bytes:
        # A worker has no other children: this process of tests may have some.
        run_apart(start, alone=True)
        return b"done"

    assert run_apart(worker).answer == b"done"
    (left,) = tmp_path.glob("pid-*")
    with pytest.raises(ProcessLookupError):
        os.kill(int(left.name[4:]), 0)


def test_work_that_nobody_waits_for_is_ended() -> None:
    watched, other = os.pipe()
    os.close(other)
    start = time.monotonic()
    assert run_apart(lambda begun: time.sleep(100), watched=watched).abandoned
    assert time.monotonic() - start < 20
    os.close(watched)


def test_work_does_not_wait_for_threads_that_were_here() -> None:
    """A parallel sum before the fork has started threads, which the fork does not have."""
    code = """
import torch
from xbench.utils.apart import run_apart
torch.set_num_threads(2)
x = torch.ones(4_000_000)
x.exp().sum()
print(run_apart(lambda begun: str(float(x.exp().sum() > 0)).encode(), seconds=30).answer)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert ended.stdout.strip() == "b'1.0'"
