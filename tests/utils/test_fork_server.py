"""A server of forks is asked by several threads at once."""

import os
import pickle
import socket
import threading
import time
from typing import Any

import pytest

from xbench.benchmark.workers import ReaderEndedError, _forked
from xbench.utils.fork_server import ForkServer, forked_process


def test_questions_of_threads_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    send = socket.send_fds

    def slowly(*given: Any) -> int:
        sent = send(*given)
        # Every other thread gets its turn between the two parts of a question.
        time.sleep(0.05)
        return sent

    monkeypatch.setattr(socket, "send_fds", slowly)
    ours, theirs = socket.socketpair()
    theirs.settimeout(10)
    server, channels = ForkServer(ours), []
    asked = [
        threading.Thread(target=lambda size=size: channels.append(server.fork(print, "x" * size)))
        for size in (1, 1000, 70)
    ]
    for one in asked:
        one.start()
    sizes = set()
    for _ in asked:
        head, files, *_ = socket.recv_fds(theirs, 4, 1)
        content = theirs.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
        work, (text,) = pickle.loads(content)  # noqa: S301 - its own
        assert work is print
        sizes.add(len(text))
        socket.socket(fileno=files[0]).close()
    for one in asked:
        one.join()
    assert sizes == {1, 1000, 70}
    for channel in channels:
        channel.close()
    server.close()
    theirs.close()


def _interrupted(channel: Any, *, files: Any = ()) -> None:
    raise KeyboardInterrupt


def test_ctrl_c_in_what_is_forked_is_not_told_twice(capfd: pytest.CaptureFixture[str]) -> None:
    channel, process = forked_process(_interrupted)
    channel.close()
    assert os.waitpid(process, 0)[0] == process
    assert capfd.readouterr().err == ""


def test_workers_that_cannot_be_forked_any_more_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with pytest.raises(ReaderEndedError, match="has ended, perhaps for want of memory"):
        _forked(ForkServer(ours))
