"""Writing counts into docs/explanation/robustness.md: by the scripts that count, never by hand."""

from __future__ import annotations

import argparse
import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "robustness.md"


def asked(doc: str | None, count: int) -> argparse.Namespace:
    """Read what a script of this folder is asked for.

    Parameters
    ----------
    doc
        What the script does.
    count
        How often, where nothing is said.
    """
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write docs/explanation/robustness.md")
    return parser.parse_args()


def write_counts(name: str, lines: Sequence[str], page: Path = PAGE) -> None:
    """Put lines of Markdown between the two marks of a name.

    Parameters
    ----------
    name
        Of the marks: ``<!-- NAME -->`` and ``<!-- end of NAME -->``.
    lines
        What is to stand there; the day and the machine are added.
    page
        To write into.

    Raises
    ------
    ValueError
        Where the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    day = datetime.now(UTC).date().isoformat()
    where = f"{day}, Python {platform.python_version()}, {platform.system()}, "
    where += f"{os.cpu_count()} cores, load {os.getloadavg()[1]:.1f}"
    content = "\n".join([*lines, "", f"({where}.)", ""])
    new, times = block.subn(lambda found: found[1] + content + found[2], text)
    if times != 1:
        raise ValueError(f"{page}: has no marks '<!-- {name} -->' and '<!-- end of {name} -->'")
    page.write_text(new, encoding="utf-8")
