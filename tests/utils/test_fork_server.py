"""A server of forks is asked by several threads at once."""

import pickle
import socket
import threading
import time
from typing import Any

import pytest

from xbench.utils.fork_server import ForkServer


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
