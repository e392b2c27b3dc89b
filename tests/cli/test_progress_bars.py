"""Progress as a person sees it: lines where there is no terminal, a bar where there is one."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from xbench.cli.progress_bars import ShownProgress
from xbench.utils.progress import Progress


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=120)


def output_of(shown: Console) -> str:
    assert isinstance(shown.file, io.StringIO)
    return shown.file.getvalue()


def test_without_a_terminal_each_tenth_is_a_line() -> None:
    shown = console(terminal=False)
    with ShownProgress(shown) as progress:
        progress.started("matrix.h5", 1000, 250, "bytes")
        for done in (299, 300, 301, 650, 1000):
            progress.advanced("matrix.h5", done)
        progress.said("failed: [bold]a[/bold] <b>")
        progress.started("training, mapping", 40, unit="steps")
        progress.advanced("training, mapping", 0, "validation loss 3")
        progress.advanced("training, mapping", 20, "validation loss 0.25")
    assert output_of(shown).splitlines() == [
        "matrix.h5: 1 kB to get, 250 bytes of it are here",
        "matrix.h5: 30%",
        "matrix.h5: 60%",
        "matrix.h5: 100%",
        "failed: [bold]a[/bold] <b>",
        "training, mapping: 50%, validation loss 0.25",
    ]


@pytest.mark.parametrize(("unit", "amount"), [("bytes", "0.2/1.0 kB"), ("runs", "250/1000 runs")])
def test_on_a_terminal_there_is_one_bar_for_the_work_that_goes_on(unit: str, amount: str) -> None:
    shown = console(terminal=True)
    with ShownProgress(shown) as progress:
        progress.started("the first", 10)
        progress.started("[red]the next", 1000, unit=unit)
        progress.advanced("[red]the next", 250, "a note")
        progress.said("a line that stays")
    text = output_of(shown)
    assert "[red]the next: a note" in text
    assert amount in text
    assert "a line that stays" in text
    assert "%" not in text


def test_work_of_nothing_is_no_division_by_zero() -> None:
    shown = console(terminal=False)
    with ShownProgress(shown) as progress:
        progress.started("runs", 0, unit="runs")
        progress.advanced("runs", 0)
    assert output_of(shown) == ""


def test_the_protocol_itself_keeps_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    told = Progress()
    told.started("runs", 2)
    told.advanced("runs", 1)
    told.said("a line")
    assert capsys.readouterr() == ("", "")
