"""A model in another environment: asked over a pipe, and not trusted."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

import xbench.surrogates.example_worker as example
from xbench.errors import XbenchError
from xbench.surrogates.piped_model import PipedModel

X = np.random.default_rng(0).random((5, 2, 3)).astype(np.float32)


def worker(folder: Path, answer: str, seconds: float = 20) -> PipedModel:
    """A worker that reads a question and then does what is given."""
    text = f"""
    import os, sys, time
    import numpy as np

    class Stream:
        read = sys.stdin.buffer.read
        write = sys.stdout.buffer.write

    def give(array, **more):
        np.lib.format.write_array(Stream(), np.asarray(array), **more)
        sys.stdout.buffer.flush()

    while True:
        x = np.lib.format.read_array(Stream())
        {answer}
    """
    file = folder / "worker.py"
    file.write_text(dedent(text))
    return PipedModel([sys.executable, str(file)], seconds)


def test_the_shipped_example_answers_as_it_would_here(monkeypatch: pytest.MonkeyPatch) -> None:
    # NumPy writes into an output without a buffer, which a user does not have, in another way.
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    model = PipedModel([sys.executable, str(example.__file__)])
    for x in (X, X[:1], np.zeros((300, 4000), np.float32)):
        assert np.array_equal(model(x), example.predict(x))
    model.close()


def test_a_copy_and_a_fork_start_their_own(tmp_path: Path) -> None:
    model = worker(tmp_path, "give(x[:, 0, 0] * 0 + os.getpid())")
    here = model(X)[0, 0]
    copied = pickle.loads(pickle.dumps(model))  # noqa: S301 - its own bytes
    assert copied(X)[0, 0] != here == model(X)[0, 0]
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.write(writing, str(model(X)[0, 0]).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert float(os.read(reading, 100)) != here
    assert model(X)[0, 0] == here


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("sys.exit(3)", "ended with exit code 3 before it gave an answer"),
        ("os.kill(os.getpid(), 9)", r"was killed by signal 9 \(SIGKILL\)"),
        (
            "print('hello, I am a library', flush=True)\n        time.sleep(60)",
            "no array in .npy format",
        ),
        ("give(x[:2])", r"an array of shape|an array of float32, shape \(2, 2, 3\)"),
        ("give(np.zeros(2))", r"an array of shape \(2,\) for 5 inputs"),
        ("give(np.array(['a'] * len(x)))", "an array of <U1"),
        ("give(np.array([{}] * len(x), object), allow_pickle=True)", "an array of object"),
        ("give(np.zeros((len(x), 0)))", "for 5 inputs"),
        (
            "sys.stdout.buffer.write(b'\\x93NUMPY\\x01\\x00' + b'\\xff' * 80)\n        sys.exit()",
            "model",
        ),
    ],
)
def test_whatever_a_worker_does_is_a_clear_error(tmp_path: Path, answer: str, said: str) -> None:
    model = worker(tmp_path, answer)
    with pytest.raises(XbenchError, match=said):
        model(X)


def test_a_header_that_promises_too_much_is_not_believed(tmp_path: Path) -> None:
    promised = {"descr": "<f8", "fortran_order": False, "shape": (5, 10**12)}
    line = f"np.lib.format.write_array_header_1_0(sys.stdout.buffer, {promised}); "
    with pytest.raises(XbenchError, match="for 5 inputs"):
        worker(tmp_path, line + "sys.stdout.buffer.flush()")(X)


def test_a_slow_worker_is_given_up_and_the_next_question_has_its_own_answer(tmp_path: Path) -> None:
    model = worker(tmp_path, "time.sleep(60 if x[0, 0, 0] > 5 else 0); give(x[:, 0, 0])", seconds=3)
    with pytest.raises(XbenchError, match="no answer after 3 s"):
        model(X + 10)
    assert np.array_equal(model(X)[:, 0], X[:, 0, 0])


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(XbenchError, match="cannot be started"):
        PipedModel(["/no/such/program"])(X)
    for text, said in (("", "names no program"), ("'", "cannot be read")):
        with pytest.raises(XbenchError, match=said):
            PipedModel.of_text(text)


def test_answers_in_columns_and_doubles_are_read(tmp_path: Path) -> None:
    model = worker(tmp_path, "give(np.asfortranarray(x.reshape(len(x), -1).astype(float)))")
    assert np.array_equal(model(X), X.reshape(5, -1))
