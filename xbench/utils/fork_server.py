"""A process that forks others when it is asked to, and tells how they ended.

What it has imported and read is there in each of them at once. It never computes anything itself,
so that its forks begin as a new program would: no threads, no settings changed, no device opened.
"""

import contextlib
import json
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from xbench.utils.apart import end_with, keep_shared

_LOOK_EVERY = 0.1
_LENGTH = 4
_MOST_FILES = 8


class ProcessEnded(NamedTuple):
    """The last message of a process: its exit code, or minus the signal that ended it."""

    status: int


class ForkServer:
    """The handle of a server: `fork` gives a connection to a new process.

    Parameters
    ----------
    control
        This end of the server's socket; the server ends when it is closed.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._asking = threading.Lock()

    def fork(self, work: Callable[..., None], *given: Any, files: Sequence[int] = ()) -> Connection:
        """Let the server fork a process that calls ``work(connection, *server's, *given)``.

        Parameters
        ----------
        work
            A function of a module.
        given
            What can be pickled.
        files
            Open files that the process gets as its own; their numbers there are the last argument.

        Raises
        ------
        OSError
            Where the server has ended.
        """
        ours, theirs = socket.socketpair()
        content = pickle.dumps((work, given))
        # Two threads that ask at once would send parts of both questions as one.
        with theirs, self._asking:
            head = len(content).to_bytes(_LENGTH, "big")
            socket.send_fds(self._control, [head], [theirs.fileno(), *files])
            self._control.sendall(content)
        return Connection(ours.detach())

    def close(self) -> None:
        """Let the server end."""
        self._control.close()


def started_server(program: str) -> ForkServer:
    """Start a server as a new Python program.

    Parameters
    ----------
    program
        Python text that imports what is to be there and then calls `serve_program`. It finds what
        this process finds.
    """
    ours, theirs = socket.socketpair()
    here = str(Path.cwd())
    paths = [path or here for path in sys.path]
    begin = f"import sys; sys.path[:] = {json.dumps(paths)}\n"
    with theirs:
        subprocess.Popen(
            [
                sys.executable,
                *_flags(),
                "-c",
                begin + program,
                str(theirs.fileno()),
                str(os.getpid()),
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=2,
        )
    return ForkServer(ours)


def forked_process(work: Callable[..., None], *given: Any) -> tuple[Connection, int]:
    """Fork a process from this one, which must be one that has computed nothing yet.

    It calls ``work(connection, *given)``; the other end of the connection and the number of the
    process are returned.
    """
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _become(theirs, work, given, [ours], parent)
    theirs.close()
    return Connection(ours.detach()), child


def _flags() -> list[str]:
    """The options that this Python was started with."""
    return subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]


def serve_program() -> None:
    """Be a server that `started_server` has started."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    os.setsid()
    if os.getppid() == parent:
        serve(socket.socket(fileno=descriptor))


def serve(control: socket.socket, *given: Any) -> None:
    """Fork whenever asked, until whoever asks is gone.

    Parameters
    ----------
    control
        This end of the socket.
    given
        What every process gets, after its connection.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    held: dict[int, socket.socket] = {}
    parent = os.getppid()
    while os.getppid() == parent:
        ready = select.select([control], [], [], _LOOK_EVERY if held else 5 * _LOOK_EVERY)[0]
        _tell_of_ended(held)
        if not ready:
            continue
        head, files, *_ = socket.recv_fds(control, _LENGTH, _MOST_FILES)
        content = _received(control, int.from_bytes(head, "big"))
        if not head or content is None:
            return
        channel = socket.socket(fileno=files[0])
        here = os.getpid()
        child = os.fork()
        if child == 0:
            work, more = pickle.loads(content)  # noqa: S301 - from the one that started this
            more = (*given, *more, *([files[1:]] if files[1:] else []))
            _become(channel, work, more, [control, *held.values()], here)
        for descriptor in files[1:]:
            os.close(descriptor)
        held[child] = channel


def _become(
    channel: socket.socket,
    work: Callable[..., None],
    given: Sequence[Any],
    others: Sequence[socket.socket],
    parent: int,
) -> None:
    """Be the process that was asked for; never returns."""
    code = 1
    try:
        end_with(parent)
        keep_shared()
        for other in others:
            other.close()
        work(Connection(channel.detach()), *given)
        code = 0
    except (EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        # Whoever asked is gone, or has been told by the same Ctrl-C: there is nobody to be told.
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _received(control: socket.socket, size: int) -> bytes | None:
    """Return that many bytes; None where the other end is gone before."""
    content = b""
    while len(content) < size:
        part = control.recv(size - len(content))
        if not part:
            return None
        content += part
    return content


def _tell_of_ended(held: dict[int, socket.socket]) -> None:
    """Say through the connection of each process that has ended how it did."""
    while held:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if child == 0:
            return
        if (channel := held.pop(child, None)) is not None:
            connection = Connection(channel.detach())
            with contextlib.suppress(OSError):
                connection.send(ProcessEnded(os.waitstatus_to_exitcode(status)))
            connection.close()
