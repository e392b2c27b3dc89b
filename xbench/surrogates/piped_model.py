r"""A model in another environment: a command that reads and writes arrays over a pipe.

The protocol. The command is started once by each process that asks, and reads questions from its
standard input: each is one array in NumPy's ``.npy`` format, float32, C order, shape (n, ...). To
each it writes one answer to its standard output: an array of numbers, shape (n,) or (n, outputs),
in the same format. Both formats say how long they are, so that nothing else is needed. It ends when
its input ends. Whatever it has to say to people goes to standard error. `example_worker.py` beside
this file is one, which needs NumPy alone.

An answer is not trusted: it may not hold objects, and has to have one row an input.
"""

import contextlib
import io
import os
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

import numpy as np

from xbench.errors import XbenchError

# Numbers that one row of an answer may hold, and seconds that an answer may take.
LONGEST_ROW = 10_000_000
SECONDS = 600.0


class PipedModel:
    """Asks a command, which is started when it is first asked.

    Parameters
    ----------
    command
        The program and its arguments.
    seconds
        After which a question is given up, the program's start included.

    Raises
    ------
    XbenchError
        When it is asked: the program cannot be started, has ended, is too slow, or answers
        something else than one row of numbers an input.
    """

    def __init__(self, command: Sequence[str], seconds: float = SECONDS) -> None:
        self.command, self.seconds = tuple(command), seconds
        self.name = os.path.basename(self.command[-1]) or self.command[0]  # noqa: PTH119
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    @classmethod
    def of_text(cls, text: str) -> "PipedModel":
        """Return the model of a command line, as a shell would split it.

        Examples
        --------
        >>> PipedModel.of_text("python worker.py --big").command
        ('python', 'worker.py', '--big')
        """
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise XbenchError(f"command {text!r}: cannot be read ({error})") from error
        if not words:
            raise XbenchError("command: names no program; give one, such as 'command: python w.py'")
        return cls(words)

    def __getstate__(self) -> dict[str, object]:
        """Leave the running program out: whoever gets a copy starts its own."""
        return {**self.__dict__, "_process": None, "_owner": 0}

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the program's answer, shape (n, outputs)."""
        until = time.monotonic() + self.seconds
        process = self._running()
        question = io.BytesIO()
        np.lib.format.write_array(question, np.ascontiguousarray(x, dtype=np.float32))
        try:
            self._send(process, question.getvalue(), until)
            return self._answer(process, len(x), until)
        except BaseException:
            # What it still has to say would be taken for the next answer.
            self.close()
            raise

    def close(self) -> None:
        """End the program, if this process has started one."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        process.kill()
        process.wait()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def _running(self) -> "subprocess.Popen[bytes]":
        # A fork has the pipes of the process it was forked from, and must not talk through them.
        if self._process is not None and self._owner == os.getpid():
            if self._process.poll() is None:
                return self._process
            self.close()
        try:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
        except OSError as error:
            raise XbenchError(
                f"model {self._shown}: cannot be started ({error.strerror}); check the command"
            ) from error
        self._owner = os.getpid()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
        return self._process

    @property
    def _shown(self) -> str:
        return shlex.join(self.command)

    def _send(self, process: "subprocess.Popen[bytes]", content: bytes, until: float) -> None:
        assert process.stdin is not None
        left = memoryview(content)
        while left:
            self._wait(process, [], [process.stdin.fileno()], until)
            try:
                left = left[os.write(process.stdin.fileno(), left) :]
            except BrokenPipeError:
                raise self._ended(process) from None

    def _answer(self, process: "subprocess.Popen[bytes]", rows: int, until: float) -> np.ndarray:
        reader = _Reader(lambda size: self._read(process, size, until))
        try:
            version = np.lib.format.read_magic(reader)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, by_column, kind = read(reader)
        except (ValueError, KeyError) as error:
            raise self._malformed(f"no array in .npy format ({error})") from error
        row = int(np.prod(shape[1:], dtype=np.float64))
        if kind.hasobject or kind.kind not in "biuf" or len(shape) not in (1, 2):
            raise self._malformed(
                f"an array of {kind}, shape {shape}; give numbers, one row an input"
            )
        if shape[0] != rows or not 0 < row <= LONGEST_ROW:
            raise self._malformed(f"an array of shape {shape} for {rows} inputs")
        content = self._read(process, rows * row * kind.itemsize, until)
        flat = np.frombuffer(content, dtype=kind)
        return flat.reshape((rows, row), order="F" if by_column else "C").astype(np.float32)

    def _read(self, process: "subprocess.Popen[bytes]", size: int, until: float) -> bytes:
        assert process.stdout is not None
        parts: list[bytes] = []
        while size > 0:
            self._wait(process, [process.stdout.fileno()], [], until)
            part = os.read(process.stdout.fileno(), min(size, 1 << 20))
            if not part:
                raise self._ended(process)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _wait(
        self, process: "subprocess.Popen[bytes]", read: list[int], write: list[int], until: float
    ) -> None:
        """Wait until something can be read or written; an answer may come before all is sent."""
        ready = select.select(read, write, [], max(0.0, until - time.monotonic()))
        if not any(ready):
            raise XbenchError(
                f"model {self._shown}: no answer after {self.seconds:g} s; make it quicker, or "
                "give it longer"
            )

    def _ended(self, process: "subprocess.Popen[bytes]") -> XbenchError:
        try:
            code = process.wait(1)
        except subprocess.TimeoutExpired:
            how = "closed its output"
        else:
            how = f"ended with exit code {code}"
            if code < 0:
                how = f"was killed by signal {-code} ({signal.Signals(-code).name})"
        return XbenchError(
            f"model {self._shown}: {how} before it gave an answer; its own messages say why"
        )

    def _malformed(self, what: str) -> XbenchError:
        return XbenchError(
            f"model {self._shown}: answered with {what}; standard output is for answers alone"
        )


class _Reader:
    """Has a `read` and nothing else, so that NumPy does not take it for a file."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read

    def read(self, size: int = -1, /) -> bytes:
        """Return that many bytes."""
        return self._read(size)
