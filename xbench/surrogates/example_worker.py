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
    """Has a `read` alone, so that NumPy does not take a pipe for a file."""

    def read(self, size: int = -1, /) -> bytes:
        """Return that many bytes; fewer where the input has ended."""
        return sys.stdin.buffer.read(size)


def serve() -> None:
    """Answer each question until the input ends."""
    answers = sys.stdout.buffer
    # What a library prints would be taken for an answer.
    sys.stdout = sys.stderr
    while True:
        try:
            x = np.lib.format.read_array(_Stream(), allow_pickle=False)
        except ValueError:
            return
        np.lib.format.write_array(answers, np.ascontiguousarray(predict(x)), allow_pickle=False)
        answers.flush()


if __name__ == "__main__":
    serve()
