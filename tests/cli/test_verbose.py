"""What ``--verbose`` shows, where it may stand, and that nothing is shown without it."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from xbench.cli.progress_bars import shown_logs, without_flags

Command = Callable[..., tuple[int, str, str]]


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A process of its own, as workers are forked only from there."""
    words = [sys.executable, "-m", "xbench", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=True)


def told(errors: str, module: str) -> list[str]:
    """The messages of a module."""
    return [line.split(f" {module}: ")[1] for line in errors.splitlines() if f" {module}: " in line]


# A training and a process. That the option stands anywhere and what levels show is below.
@pytest.mark.slow
def test_a_run_tells_what_it_reads_trains_starts_and_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, xbench_command: Command
) -> None:
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))
    run = ("run", "quick", "--methods", "random", "--store", tmp_path / "store")
    first = command("-v", *run).stderr
    # Once: what the workers read again is the same.
    (data,) = told(first, "xbench.data.load")
    assert data.startswith("read mnist-binary: 1984 cells, 784 features, 2 outputs, in ")
    begun, ended = told(first, "xbench.surrogates.obtain")
    assert begun == "training surrogate mlp-classifier (seed 0) on 1269 cells"
    assert ended.startswith("surrogate mlp-classifier trained and measured in ")
    opened = f"store {tmp_path / 'store'} opened: "
    (store,) = told(first, "xbench.benchmark.runner")
    assert store.startswith(f"{opened}0 of ")
    ready, started, *_, end = told(first, "xbench.benchmark.workers")
    assert ready == "workers are ready to be started: data and surrogate are read"
    assert started == "worker started, number 1 at work"
    assert end == "1 workers are told to end"
    folder = ended.rpartition(": ")[2]
    # All runs are finished, so that no worker is needed: in this process.
    second = xbench_command(*run, "--verbose")[2]
    (surrogate,) = told(second, "xbench.surrogates.obtain")
    assert surrogate == f"surrogate mlp-classifier was trained before: taken from {folder}"
    total = store.removeprefix(opened).split()[2]
    assert told(second, "xbench.benchmark.runner") == [
        f"{opened}{total} of {total} runs are finished in it"
    ]
    assert told(second, "xbench.benchmark.workers") == []
    leaderboard = ("leaderboard", "--store", tmp_path / "store", "--out", tmp_path / "published")
    written = xbench_command(*leaderboard, "-v")[2]
    lines = {line.split("wrote ")[1] for line in written.splitlines() if " wrote " in line}
    published = tmp_path / "published"
    there = {str(path) for path in published.iterdir() if path.name[0] != "."}
    assert lines == there
    assert str(published / "results.csv") in lines
    assert " wrote " not in xbench_command(*leaderboard)[2]


@pytest.mark.parametrize(
    ("arguments", "rest", "verbosity"),
    [
        (["list"], ["list"], 0),
        (["-v", "list"], ["list"], 1),
        (["list", "--verbose", "--json"], ["list", "--json"], 1),
        (["list", "-vv"], ["list"], 2),
        (["-v", "list", "--verbose"], ["list"], 2),
        (["list", "-vvv"], ["list", "-vvv"], 0),
    ],
)
def test_the_option_may_stand_anywhere(
    arguments: list[str], rest: list[str], verbosity: int, xbench_command: Command
) -> None:
    assert without_flags(arguments) == (rest, verbosity)
    code = xbench_command(*arguments)[0]
    assert code == (2 if "-vvv" in arguments else 0)


def test_levels_and_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("xbench.some.module")
    for verbosity, expected in ((0, "w"), (1, "wi"), (2, "wid"), (9, "wid")):
        with shown_logs(verbosity):
            logger.warning("w %s", "\x1b[31m[red]" + "long " * 60)
            logger.info("i")
            logger.debug("d")
        lines = capsys.readouterr().err.splitlines()
        assert [line.split("module: ")[1][0] for line in lines] == list(expected)
        assert "\x1b" not in lines[0]
        assert "[31m[red]long" in lines[0]
        assert lines[0].count("long") == 60
    logger.info("nobody asked for it")
    assert capsys.readouterr().err == ""


def test_who_does_not_ask_does_not_wait_for_it() -> None:
    code = (
        "import sys\nfrom xbench.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('xbench.cli.progress_bars', 'logging') if name in sys.modules])\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "[]"
