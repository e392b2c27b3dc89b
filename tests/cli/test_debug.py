"""``--debug`` shows the traceback of an error, and ends with the line of the error itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..benchmark.workbench import explaining, write_method, write_task
from ..slow_rest import rest_slow

Command = Callable[..., Any]

# One of each place that refuses: the command line's parser, names, numbers, files of each kind.
COMMANDS: dict[str, Callable[[Path], tuple[object, ...]]] = {
    "command": lambda folder: ("rum",),
    "argument": lambda folder: ("run",),
    "option": lambda folder: ("run", "quick", "--nope"),
    "number of an option": lambda folder: ("run", "quick", "--seeds", "many"),
    "kind": lambda folder: ("list", "method"),
    "method": lambda folder: ("run", "quick", "--methods", "gridz"),
    "target": lambda folder: ("run", "quick", "--target", "9:3"),
    "size": lambda folder: ("run", "quick", "-L", "785"),
    "setting": lambda folder: ("train", "mnist-binary", "--set", "steps=0"),
    "task file": lambda folder: ("run", write_task(folder, repetitons=2)),
    "method file": lambda folder: (
        "run", "quick", "--method", write_method(folder, "torn", explaining("return ("))
    ),
    "data file": lambda folder: ("run", write_task(folder), "--data", "absent.h5mu"),
    "surrogate": lambda folder: ("run", "quick", "--checkpoint", folder / "absent"),
    "data set": lambda folder: ("data", "fetch", "snare-cortex"),
    "store": lambda folder: ("leaderboard", "--store", "absent"),
    "result": lambda folder: ("reproduce", "table4"),
    "trace": lambda folder: ("verify", "absent"),
    "baseline": lambda folder: ("compare", "ci", "--store", "absent"),
}  # fmt: skip


# Of the parser, names, files and folders; the others are refused by the same few lines.
SHOWN = ("command", "method", "task file", "method file", "surrogate", "store")


@pytest.mark.parametrize("what", rest_slow(COMMANDS, SHOWN))
def test_the_traceback_comes_before_the_same_line(
    what: str, refused: Callable[..., str], xbench_command: Command, tmp_path: Path
) -> None:
    command = COMMANDS[what](tmp_path)
    line = refused(*command)
    code, out, said = xbench_command(*command, "--debug")
    assert (code, out) == (2, "")
    assert "Traceback (most recent call last)" in said
    assert said.endswith(f"xbench: {line}\n")
