"""An option that counts once is refused where it is given twice, in every command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from xbench.cli import main
from xbench.cli.app import app
from xbench.cli.options import StrictCommand


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(command, "commands"):
        yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


COMMANDS = list(commands(get_command(app)))


def options(command: Any, *, once: bool) -> list[str]:
    return [
        parameter.opts[0]
        for parameter in command.params
        if parameter.param_type_name == "option"
        and not parameter.is_flag
        and parameter.multiple != once
    ]


def said_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0), capsys.readouterr().err


def test_every_command_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(COMMANDS) > 15
    for path, command in COMMANDS:
        assert isinstance(command, StrictCommand), path
        for option in options(command, once=True)[:1]:
            code, said = said_of(capsys, *path, option, "1", option, "2")
            assert code == 2
            assert "is given 2 times but counts once" in said
            assert said.count("\n") == 1


def test_what_may_be_repeated_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    run = next(command for path, command in COMMANDS if path == ("run",))
    assert "--target" in options(run, once=False)
    _, said = said_of(capsys, "run", "quick", "--target", "a:b", "--target", "c:d", "--seeds", "0")
    assert "repetitions 0" in said


def test_what_takes_several_by_comma_may_be_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    for given in (("-L", "785,16"), ("-L", "16", "--subset-size=785")):
        _, said = said_of(capsys, "run", "quick", *given)
        assert "L = 785 is more than its 784 features" in said
