"""Every example and every command on the pages runs, or says why it is not run here."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from xbench.cli.app import app

from .page_blocks import LOOKED_INTO, PAGES, ROOT, PageBlock, all_blocks, blocks_of, run_page

BLOCKS = all_blocks()
# Blocks that no test runs. May only become smaller.
NOT_RUN = 11


def pages_with(mark: str) -> list[str]:
    """Pages that have a block of this mark."""
    return list(dict.fromkeys(block.page for block in BLOCKS if block.mark == mark))


def test_pages_that_another_test_looks_into_are_among_them() -> None:
    assert set(LOOKED_INTO) <= set(pages_with(""))


def run(page: str, folder: Path, *, slow: bool) -> list[tuple[PageBlock, str]]:
    marks = ("", "slow") if slow else ("",)
    chosen = [one for one in BLOCKS if one.page == page and one.mark in marks]
    return list(run_page(chosen, folder))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize("page", [page for page in pages_with("") if page not in LOOKED_INTO])
def test_what_a_page_shows_runs(page: str, here: Path) -> None:
    assert run(page, here, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", pages_with("slow"))
def test_what_takes_long_runs_too(page: str, here: Path) -> None:
    assert any(block.mark == "slow" for block, _ in run(page, here, slow=True))


def test_what_is_not_run_says_why_and_becomes_less() -> None:
    left_out = [block for block in BLOCKS if block.mark == "not run"]
    assert [block.place for block in left_out if len(block.why.split()) < 5] == []
    assert len(left_out) <= NOT_RUN, [block.place for block in left_out]
    assert len(left_out) == NOT_RUN, "one fewer: write the new number here, it may not grow again"


def test_what_another_test_runs_is_named_there() -> None:
    named = [block for block in BLOCKS if block.mark == "run by"]
    assert named
    for block in named:
        test = ROOT / block.why
        assert test.is_file(), block.place
        text = test.read_text(encoding="utf-8")
        # By its page, or by what its commands start: `make test`, `-m tests.faults.kills`.
        started = {re.split(r"[ .]", one.partition(" --")[0])[-1] for one in block.commands()}
        assert Path(block.page).name in text or any(one in text for one in started), block.place


def command_words() -> list[tuple[str, list[str]]]:
    """Every ``xbench ...`` in a block of commands and in running text, with its place."""
    found = [
        (block.place, shlex.split(command)[1:])
        for block in BLOCKS
        if block.language == "console"
        for command in block.commands()
        if command.startswith("xbench ")
    ]
    for page in PAGES:
        prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        for text in re.findall(r"`(xbench [a-z][^`]*)`", prose):
            found.append((page.name, shlex.split(text.replace("...", ""))[1:]))
    return found


def test_every_command_on_the_pages_exists_with_its_options() -> None:
    root: Any = typer.main.get_command(app)
    words = command_words()
    assert len(words) > 60
    for place, given in words:
        command, rest = root, list(given)
        while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
            name = rest.pop(0)
            # "xbench runs" alone, or a placeholder such as COMMAND.
            if name.isupper():
                break
            assert name in command.commands, f"{place}: xbench {' '.join(given)}"
            command = command.commands[name]
        options = {text for one in command.params for text in (*one.opts, *one.secondary_opts)}
        asked = {one.partition("=")[0] for one in rest if re.match(r"--?[A-Za-z]", one)}
        if not hasattr(command, "commands"):
            assert asked <= options | {"--help", "--plugin", "--debug", "--verbose"}, (place, given)


def test_marks_files_and_output_are_read(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`own.py`:\n\n```python\nx = 1\n```\n\n```python\nprint(2)\n```\n\n```text\n2\n```\n\n"
        "<!-- not run: it takes a whole day -->\n```console\nxbench a  # so\n"
        "xbench b; xbench c\n```\n",
        encoding="utf-8",
    )
    file, printing, heavy = blocks_of(page)
    assert (file.file, printing.printed, printing.file) == ("own.py", "2\n", "")
    assert (heavy.mark, heavy.why) == ("not run", "it takes a whole day")
    assert heavy.commands() == ["xbench a", "xbench b", "xbench c"]
    assert heavy.line == 16


def test_a_page_that_prints_something_else_is_noticed(tmp_path: Path) -> None:
    wrong = PageBlock("page.md", 1, "python", "print(3)", printed="2\n")
    with pytest.raises(AssertionError, match=r"page.md:1"):
        list(run_page([wrong], tmp_path))


def test_a_command_that_fails_is_noticed(tmp_path: Path) -> None:
    wrong = PageBlock("page.md", 4, "console", "xbench run no-such-task\n")
    with pytest.raises(AssertionError, match=r"page\.md:4: xbench run no-such-task ended with"):
        list(run_page([wrong], tmp_path))
