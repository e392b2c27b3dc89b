"""Tables in each format, and names that try to be more than names."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest

from xbench.leaderboard import Block, Cell, Table
from xbench.leaderboard.formats import latex, markdown
from xbench.leaderboard.formats.latex import escape as escape_latex
from xbench.utils.files import file_part
from xbench.utils.text import escape as escape_markdown
from xbench.utils.text import plain

HOSTILE = [
    "<script>alert(1)</script>",
    "a|b",
    "\\|x",
    "![x](http://evil)",
    "[x](javascript:y)",
    "`code` **bold** _it_ ~~no~~",
    "$x^2$",
    "&lt;b&gt;",
    "two\nlines\r\n| a | b |",
    "\\input{/etc/passwd}",
    "}\\end{tabular}\\write18{ls}",
    "50% & more # ^ ~ {x}",
    "[6pt] * x",
    "\u202eevil\u2066",
    "see http://evil.example/x and HTTPS://evil.example",
    "WWW.evil.example or www.evil.example",
    "@everyone, mail a.b@evil.example",
    "中文 🧬 عصب ﬁ αβ T é",
]


@pytest.fixture
def table() -> Table:
    return Table(
        caption="Drops.",
        header=(
            (Cell("Cell type"), Cell("random", span=2), Cell("grids", span=2)),
            tuple(map(Cell, ("", "Avg. Δ ↓", "Rel. Δ(%) ↓", "Avg. Δ ↓", "Rel. Δ(%) ↓"))),
        ),
        alignment="lrrrr",
        blocks=(
            Block("10", (tuple(map(Cell, ("VIP", "+0.1", "-0.2"))) + best("-1.0", "-2.0"),)),
            Block("128", (tuple(map(Cell, ("VIP", "failed", "failed"))) + best("-3.0", "-4.0"),)),
        ),
        notes=("† L = 10: picky: 2 of 3 targets.",),
    )


def best(*texts: str) -> tuple[Cell, ...]:
    return tuple(Cell(text, bold=True) for text in texts)


def one_cell(text: str) -> Table:
    return Table(
        text, ((Cell(text),),), "l", (Block("10", ((Cell(text, bold=True),),)),), notes=(text,)
    )


def test_markdown(table: Table) -> None:
    assert markdown(table) == (
        "Drops.\n\n"
        "**L = 10**\n\n"
        "| Cell type |   random |             |    grids |             |\n"
        "| :-------- | -------: | ----------: | -------: | ----------: |\n"
        "|           | Avg. Δ ↓ | Rel. Δ(%) ↓ | Avg. Δ ↓ | Rel. Δ(%) ↓ |\n"
        "| VIP       |     +0.1 |        -0.2 | **-1.0** |    **-2.0** |\n\n"
        "**L = 128**\n\n"
        "| Cell type |   random |             |    grids |             |\n"
        "| :-------- | -------: | ----------: | -------: | ----------: |\n"
        "|           | Avg. Δ ↓ | Rel. Δ(%) ↓ | Avg. Δ ↓ | Rel. Δ(%) ↓ |\n"
        "| VIP       |   failed |      failed | **-3.0** |    **-4.0** |\n\n"
        "- † L = 10: picky: 2 of 3 targets.\n"
    )


def test_latex(table: Table) -> None:
    lines = latex(table).splitlines()
    start = lines.index(r"\toprule")
    assert lines[start - 1] == r"\begin{tabular}{lrrrr}"
    assert lines[start + 1 :] == [
        r"Cell type & \multicolumn{2}{c}{random} & \multicolumn{2}{c}{grids} \\",
        r"\cmidrule(lr){2-3}\cmidrule(lr){4-5}",
        r" & Avg. $\Delta$ $\downarrow$ & Rel. $\Delta$(\%) $\downarrow$"
        r" & Avg. $\Delta$ $\downarrow$ & Rel. $\Delta$(\%) $\downarrow$ \\",
        r"\midrule",
        r"\multicolumn{5}{l}{$L = 10$} \\",
        r"\midrule",
        r"VIP & $+$0.1 & $-$0.2 & \textbf{$-$1.0} & \textbf{$-$2.0} \\",
        r"\midrule",
        r"\multicolumn{5}{l}{$L = 128$} \\",
        r"\midrule",
        r"VIP & failed & failed & \textbf{$-$3.0} & \textbf{$-$4.0} \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\footnotesize \textdagger{} L = 10: picky: 2 of 3 targets.",
        r"\end{table}",
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_a_name_as_it_is(text: str) -> None:
    markdown_it = pytest.importorskip("markdown_it")
    reader = markdown_it.MarkdownIt("gfm-like", {"html": True, "linkify": False})
    tokens = reader.parse(markdown(one_cell(text)))
    assert not [token for token in tokens if token.type == "html_block"]
    shown = [token for token in tokens if token.type == "inline"]
    # Caption, "L = 10", heading, cell, note: one table with one column, whatever the name.
    texts = ["".join(child.content for child in token.children or []) for token in shown]
    assert texts == [plain(text), "L = 10", plain(text), plain(text), plain(text)]
    kinds = {child.type for token in shown for child in token.children or []}
    assert kinds <= {"text", "strong_open", "strong_close", "text_special"}


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_has_no_tag_and_no_open_bar(text: str) -> None:
    escaped = escape_markdown(text)
    assert not re.search(r"[<>\n\r]", escaped)
    assert not re.search(r"(?<!\\)(\\\\)*\|", escaped)


@pytest.mark.parametrize("text", HOSTILE)
def test_latex_runs_nothing_of_a_name(text: str) -> None:
    escaped = escape_latex(text)
    words = "backslash|asciicircum|asciitilde|less|greater|bar|dagger"
    known = rf"\\(text({words})\{{\}}|symbol\{{34\}}|[{{}}$&#%_])"
    rest = re.sub(known, "", escaped).replace("{[}", "").replace("{]}", "").replace("{*}", "")
    rest = re.sub(r"\$([+-]|\\(alpha|beta))\$", "", rest)
    assert not re.search(r"[\\{}$&#%_^~<>|\[\]*\n\r]", rest)


def test_latex_names_what_it_has_no_sign_for() -> None:
    assert escape_latex("中🧬 x") == "U+4E2DU+1F9EC x"
    assert escape_latex("Müller, Łukasz, naïve, Œ") == "Müller, Łukasz, naïve, Œ"
    # The same letter in two ways: as one, and with an accent of its own.
    assert escape_latex("u\u0308") == escape_latex("ü") == "ü"
    assert escape_latex("R² ≥ 0.5 ± 1 µm, αβ, Ω") == (
        r"R$^{2}$ $\geq$ 0.5 $\pm$ 1 $\mu$m, $\alpha$$\beta$, $\Omega$"
    )


def test_latex_writes_no_letter_that_stops_it() -> None:
    # What LaTeX declares for UTF-8 in its oldest font encoding (OT1), as letters with an accent.
    accents = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327"
    everything = "".join(map(chr, range(0xA0, 0x2500))) + "\U0001f9ec"
    for letter in escape_latex(" ".join([*HOSTILE, everything])):
        base, *rest = list(unicodedata.normalize("NFD", letter))
        assert base.isascii() or letter in "ßæÆøØœŒłŁı"
        assert set(rest) <= set(accents)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_bare_address_or_mention_is_a_link_in_markdown(text: str) -> None:
    # What GitHub's Markdown makes a link of without any brackets.
    assert not re.search(r"(?i)://|www\.|mailto:|xmpp:|@", escape_markdown(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_latex_table_keeps_its_shape(text: str) -> None:
    lines = latex(one_cell(text)).splitlines()
    assert [line for line in lines if line.startswith((r"\begin", r"\end"))] == [
        r"\begin{table}",
        r"\begin{tabular}{l}",
        r"\end{tabular}",
        r"\end{table}",
    ]
    assert all(escape_latex(text) in line for line in (lines[3], lines[6], lines[10]))


def test_minus_is_a_minus_and_a_hyphen_a_hyphen() -> None:
    assert escape_latex("-1.5 (-2.0 to +0.5)") == "$-$1.5 ($-$2.0 to $+$0.5)"
    assert escape_latex("grids-100") == "grids-100"


@pytest.mark.parametrize(
    "name",
    ["../../evil", "/etc/passwd", "..", ".", "", "a\\b", "C:\\x", "a\x00b", ".hidden", "x" * 500],
)
def test_file_part_cannot_leave_its_folder(name: str) -> None:
    part = file_part(name)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", part)
    assert len(part) < 80


def test_file_parts_stay_apart() -> None:
    names = [
        "a",
        "a/b",
        "a-b",
        "a--b",
        "a b",
        "A/b",
        "",
        "..",
        "é",
        "ü",
        "a.",
        "x" * 500,
        "x" * 501,
    ]
    parts = [file_part(name) for name in names]
    assert len(set(parts)) == len(names)
    # The parts of a name are joined by two dashes, so none may be inside one.
    assert not any("--" in part for part in parts)
    assert parts[0] == "a"
    assert parts[2] == "a-b"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex, with booktabs")
def test_latex_of_any_name_compiles(tmp_path: Path) -> None:
    """Of hostile names, Chinese, emoji, and every letter that is written as it is."""
    letters = [chr(code) for code in range(0x20, 0x20000) if not 0xD800 <= code < 0xE000]
    kept = [letter for letter in letters if not escape_latex(letter).startswith("U+")]
    assert len(kept) > 300
    rows = ["".join(kept[first : first + 12]) for first in range(0, len(kept), 12)]
    texts = (*HOSTILE, *rows)
    tables = [latex(one_cell(text)) for text in texts]
    rules = tuple(Block(text, ((Cell(text),), (Cell("*"),), (Cell("[x]"),))) for text in texts)
    tables += [latex(Table("names above rows", ((Cell("a"),),), "l", (rule,))) for rule in rules]
    begin = r"\documentclass{article}\usepackage{booktabs}\begin{document}"
    text = "\\clearpage\n".join([begin, *tables, r"\end{document}"])
    (tmp_path / "all.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "all"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
    assert "Missing character" not in (tmp_path / "all.log").read_text("utf-8", "replace")
