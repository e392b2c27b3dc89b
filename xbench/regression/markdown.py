"""A comparison as Markdown, fit for a comment on a pull request."""

from __future__ import annotations

import importlib

from xbench.regression.compare import Comparison
from xbench.regression.gate import Gate
from xbench.regression.report import HEADINGS, cells, origin, summary

# A comment on GitHub holds 65,536 characters.
MOST_ROWS = 100


def to_markdown(comparison: Comparison, failing: list[Gate]) -> str:
    """Return a comparison as Markdown: the verdict, what changed, and notes.

    Names come from strangers' files: no markup, link or mention (``@name``) in them takes effect.

    Parameters
    ----------
    comparison
        What is shown; gates that are the same are only counted.
    failing
        The regressions that count (`xbench.regression.fail_on`).

    Examples
    --------
    >>> from xbench.regression.snapshot import Header
    >>> header = Header(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...                 surrogate="s", surrogate_digest="1")
    >>> print(to_markdown(Comparison("ci", header, header, (), ("@all",)), []))
    ### xbench: no regression
    <BLANKLINE>
    baseline ci: 0 worse, 0 better, 0 within what is allowed, 0 the same
    <BLANKLINE>
    - task t version 1 on d with s
    - &#64;all
    <BLANKLINE>
    """
    count = f"{len(failing)} regression{'s' if len(failing) != 1 else ''}"
    parts = [f"### xbench: {count if failing else 'no regression'}", escaped(summary(comparison))]
    changed = [gate for gate in comparison.gates if gate.verdict in ("regression", "better")]
    within = [gate for gate in comparison.gates if gate.verdict == "within"]
    if changed:
        parts.append(_table(changed))
    if within:
        table = _table(within)
        parts.append(f"<details><summary>Within what is allowed</summary>\n\n{table}\n\n</details>")
    notes = (origin(comparison), *comparison.notes)
    parts.append("\n".join(f"- {escaped(note)}" for note in notes))
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    r"""Return text so that GitHub shows it as it is.

    Examples
    --------
    >>> escaped("<b> @you |x_1|")
    '&lt;b&gt; &#64;you \\|x\\_1\\|'
    """
    # Through its name, as every leaf: this room does not know that one.
    escape = importlib.import_module("xbench.leaderboard.formats.markdown").escape
    # GitHub makes links of mentions and of bare addresses.
    shown: str = escape(text).replace("@", "&#64;").replace("://", "&#58;//")
    return shown.replace("www.", "www&#46;")


def _table(gates: list[Gate]) -> str:
    rows = [HEADINGS, tuple(":--" for _ in HEADINGS)]
    rows += [tuple(escaped(text) for text in cells(gate)) for gate in gates[:MOST_ROWS]]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if len(gates) > MOST_ROWS:
        lines.append(f"\n… and {len(gates) - MOST_ROWS} more")
    return "\n".join(lines)
