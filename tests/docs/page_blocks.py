"""The code on the pages: which blocks there are, and how they are run.

A fenced block of Python or of commands is run as a reader would, page by page, top to bottom, in
an empty folder. A comment between the block before and this one says what else is the case:

``<!-- not run: REASON -->``
    Too heavy, or needs data or a network that a test must not need.
``<!-- run by: tests/... -->``
    A test of its own runs it, with the files that it needs.
``<!-- slow -->``
    Run under the mark `slow` alone, with all blocks before it on its page.

A block of Python after a line that ends with ``NAME.py`:`` is a file, and is written, not run. A
block of ``text`` after a block of Python is what that prints.
"""

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xbench.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
LANGUAGES = ("python", "console")
# test_guides.py runs these pages, and looks at what came out.
LOOKED_INTO = ("docs/guides/add_an_explainer.md", "docs/guides/command_line.md")
_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_MARK = re.compile(r"<!-- (not run|run by|slow)(?:: (.+?))? -->")
_FILE = re.compile(r"`([\w-]+\.py)`:\s*\Z")


@dataclass(frozen=True)
class PageBlock:
    """A block of code on a page.

    Parameters
    ----------
    page, line
        Where it stands: path below the repository, and the line of its fence.
    language
        ``"python"`` or ``"console"``.
    text
        What stands in it.
    mark, why
        ``"not run"``, ``"run by"``, ``"slow"`` or ``""``, and what the mark says.
    file
        What a block that is a file is called; else empty.
    printed
        What a block of Python prints, where the page says it.
    """

    page: str
    line: int
    language: str
    text: str
    mark: str = ""
    why: str = ""
    file: str = ""
    printed: str | None = None

    @property
    def place(self) -> str:
        """Page and line, for messages."""
        return f"{self.page}:{self.line}"

    def commands(self) -> list[str]:
        """The commands of a block of them, without comments."""
        joined = self.text.replace("\\\n", " ")
        lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines())
        return [one.strip() for line in lines if line for one in line.split("; ")]


def blocks_of(page: Path) -> list[PageBlock]:
    """Return the blocks of Python and of commands on a page, in order."""
    text = page.read_text(encoding="utf-8")
    name = str(page.relative_to(ROOT)) if page.is_relative_to(ROOT) else page.name
    found: list[PageBlock] = []
    end = 0
    for fence in _FENCE.finditer(text):
        language, body = fence.groups()
        between, end = text[end : fence.start()], fence.end()
        if language == "text" and found and not between.strip("\n"):
            found[-1] = PageBlock(**{**vars(found[-1]), "printed": body})
        if language not in LANGUAGES:
            continue
        marks = _MARK.findall(between)
        mark, why = marks[-1] if marks else ("", "")
        file = _FILE.search(between.rstrip())
        line = text.count("\n", 0, fence.start()) + 1
        found.append(PageBlock(name, line, language, body, mark, why, file[1] if file else ""))
    return found


def all_blocks() -> list[PageBlock]:
    """Return the blocks of all pages."""
    return [block for page in PAGES for block in blocks_of(page)]


def run_page(
    blocks: list[PageBlock], folder: Path, names: dict[str, Any] | None = None
) -> Iterator[tuple[PageBlock, str]]:
    """Run the blocks of one page in a folder, which is the current one, and yield what each prints.

    Parameters
    ----------
    blocks
        In order; all blocks of Python share their names.
    folder
        Empty.
    names
        Where what the blocks of Python define goes.

    Raises
    ------
    AssertionError
        A command ends with another exit code than 0, or a program prints something else.
    """
    names = {} if names is None else names
    names["__name__"] = "__main__"
    for block in blocks:
        if block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            if block.language == "python":
                exec(compile(block.text, block.place, "exec"), names)
            else:
                for command in block.commands():
                    _run_command(command, block)
        if block.printed is not None:
            assert printed.getvalue() == block.printed, block.place
        yield block, printed.getvalue()


def _run_command(command: str, block: PageBlock) -> None:
    program, *words = shlex.split(command)
    assert program == "xbench", f"{block.place}: {command} needs a mark that says who runs it"
    code: object = 0
    try:
        main(words)
    except SystemExit as ended:
        code = ended.code
    assert not code, f"{block.place}: {command} ended with exit code {code}"
