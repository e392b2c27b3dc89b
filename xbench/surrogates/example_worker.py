"""A model in another environment: copy this file there, put your model in, and name the command.

    xbench run --model "command: /envs/theirs/bin/python example_worker.py" --data x.npz

It needs Python and NumPy alone. `xbench.surrogates.piped_model` describes the protocol.
"""

import sys

import numpy as np


def predict(x: np.ndarray) -> np.ndarray:
    """Put your model here: from inputs, shape (n, ...), to outputs, shape (n, outputs)."""
    flat = x.reshape(len(x), -1)
    return np.stack([flat.mean(axis=1), flat.max(axis=1)], axis=1)


class _Stream:
    """Reads and writes, and no more, so that NumPy does not take a pipe for a file."""

    def __init__(self) -> None:
        self._answers = sys.stdout.buffer

    def read(self, size: int = -1, /) -> bytes:
        """Return that many bytes; fewer where the input has ended."""
        return sys.stdin.buffer.read(size)

    def write(self, part: bytes, /) -> None:
        """Give a part of an answer."""
        self._answers.write(part)

    def flush(self) -> None:
        """Let go of an answer that is complete."""
        self._answers.flush()


def serve() -> None:
    """Answer each question until the input ends."""
    stream = _Stream()
    # What a library prints would be taken for an answer.
    sys.stdout = sys.stderr
    while True:
        try:
            x = np.lib.format.read_array(stream, allow_pickle=False)
        except ValueError:
            return
        np.lib.format.write_array(stream, np.ascontiguousarray(predict(x)), allow_pickle=False)
        stream.flush()


if __name__ == "__main__":
    serve()
