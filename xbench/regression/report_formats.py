"""A comparison as text, Markdown, JUnit XML and JSON, in the same words and numbers.

Markdown is fit for a comment on a pull request; JUnit XML is what every CI system shows.
"""

import math
import re
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

from xbench.metrics import METRICS, arrow
from xbench.regression.compare import BaselineComparison
from xbench.regression.gate import Gate
from xbench.utils.json import json_page
from xbench.utils.text import escape

HEADINGS = ("", "method", "L", "what", "baseline", "now", "change", "allowed", "how sure", "where")
MARKS = {"regression": "worse", "better": "better", "within": "within", "same": "same"}


def cells(gate: Gate) -> tuple[str, ...]:
    """Return the texts of a gate's row, one for each of `HEADINGS`.

    Examples
    --------
    >>> cells(Gate(method="grids", L=10, kind="metrics", quantity="optimality", before=0.99,
    ...            after=0.9, worse=0.09, limit=0.02, rule="band", chance=1e-9, direction="higher",
    ...            verdict="regression", detail="most at VIP:GAD1, -0.5"))
    ... # doctest: +NORMALIZE_WHITESPACE
    ('worse', 'grids', '10', 'optimality ↑', '0.99', '0.9', '-0.09', '-0.02', 'p = 1e-09',
     'most at VIP:GAD1, -0.5')
    """
    return (
        MARKS[gate.verdict],
        gate.method,
        str(gate.L),
        _what(gate),
        number(gate.before),
        number(gate.after),
        *_change_and_limit(gate),
        _sure(gate),
        gate.detail,
    )


def number(value: float | None) -> str:
    """Return a number with five significant digits; large ones whole and by thousands.

    Examples
    --------
    >>> number(None), number(0.123456789), number(-95.1234), number(1234567.5), number(7.0)
    ('–', '0.12346', '-95.123', '1,234,568', '7')
    """
    if value is None:
        return "–"
    if abs(value) >= 1e5 and math.isfinite(value):
        return f"{value:,.0f}"
    return f"{value:.5g}"


def summary(comparison: BaselineComparison) -> str:
    """Say in one line what came out.

    Examples
    --------
    >>> from xbench.regression.snapshot import BaselineHeader
    >>> header = BaselineHeader(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...                 surrogate="s", surrogate_digest="1")
    >>> summary(BaselineComparison("ci", header, header, (), ()))
    'baseline ci: 0 worse, 0 better, 0 within what is allowed, 0 the same'
    """
    counts = comparison.counts
    return (
        f"baseline {comparison.name}: {counts['regression']} worse, {counts['better']} better, "
        f"{counts['within']} within what is allowed, {counts['same']} the same"
    )


def origin(comparison: BaselineComparison) -> str:
    """Say where the baseline and the fresh run come from.

    Examples
    --------
    >>> from xbench.regression.snapshot import BaselineHeader
    >>> header = BaselineHeader(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...                 surrogate="s", surrogate_digest="1", created="2025-01-31", machine="a CPU")
    >>> origin(BaselineComparison("ci", header, header, (), ()))
    'task t version 1 on d with s; baseline of 2025-01-31 on a CPU'
    """
    old = comparison.baseline
    made = f"; baseline of {old.created}" if old.created else ""
    where = f" on {old.machine}" if old.machine else ""
    place = f"task {old.task} version {old.task_version} on {old.dataset} with {old.surrogate}"
    return place + made + where


def _what(gate: Gate) -> str:
    if gate.kind == "metrics":
        metric = METRICS[gate.quantity]
        unit = "" if metric.unit == "1" or metric.unit in metric.name else f" ({metric.unit})"
        return gate.quantity + unit + arrow(gate.direction)
    unit = f" ({gate.unit})" if gate.kind == "seconds" else ""
    return gate.quantity + unit + arrow(gate.direction)


def _change_and_limit(gate: Gate) -> tuple[str, str]:
    if gate.kind == "seconds":
        return f"× {gate.worse:.3g}", f"× {gate.limit:.3g}"
    if gate.kind == "evaluations" and gate.rule != "band":
        return f"{100 * gate.worse:+.2f}%", f"{100 * gate.limit:+.3g}%" if gate.limit else "none"
    sign = -1.0 if gate.direction == "higher" else 1.0
    limit = f"{sign * gate.limit:+.3g}" if gate.limit else "none"
    if math.isnan(gate.worse):
        return "gone", limit
    # Added, so that nothing is +0 and never -0.
    return f"{sign * gate.worse + 0.0:+.3g}", limit


def _sure(gate: Gate) -> str:
    if gate.rule == "band" and gate.chance is not None:
        return f"p = {gate.chance:.1g}"
    return {"exact": "exact", "threshold": "threshold", "factor": "median"}.get(gate.rule, "")


# A comment on GitHub holds 65,536 characters.
MOST_ROWS = 100


def to_markdown(comparison: BaselineComparison, failing: list[Gate]) -> str:
    """Return a comparison as Markdown: the verdict, what changed, and notes.

    Names come from strangers' files: no markup, link or mention (``@name``) in them takes effect.

    Parameters
    ----------
    comparison
        What is shown; gates that are the same are only counted.
    failing
        The regressions that count (`xbench.regression.gate`).

    Examples
    --------
    >>> from xbench.regression.snapshot import BaselineHeader
    >>> header = BaselineHeader(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...                 surrogate="s", surrogate_digest="1")
    >>> print(to_markdown(BaselineComparison("ci", header, header, (), ("@all",)), []))
    ### xbench: no regression
    <BLANKLINE>
    baseline ci: 0 worse, 0 better, 0 within what is allowed, 0 the same
    <BLANKLINE>
    - task t version 1 on d with s
    - @&#8203;all
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
    r"""Return text so that a comment on GitHub shows it as it is, and calls nobody.

    Examples
    --------
    >>> escaped("<b> @you |x_1|")
    '&lt;b&gt; @&#8203;you \\|x\\_1\\|'
    """
    # Mentions are looked for in what is shown: an entity does not hide them, a space without
    # width does.
    return escape(text).replace("&#64;", "@&#8203;")


def _table(gates: list[Gate]) -> str:
    rows = [HEADINGS, tuple(":--" for _ in HEADINGS)]
    rows += [tuple(escaped(text) for text in cells(gate)) for gate in gates[:MOST_ROWS]]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if len(gates) > MOST_ROWS:
        lines.append(f"\n… and {len(gates) - MOST_ROWS} more")
    return "\n".join(lines)


# What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(comparison: BaselineComparison, failing: list[Gate]) -> str:
    """Return a comparison as JUnit XML: a test case for each gate.

    Parameters
    ----------
    comparison
        What is written.
    failing
        The gates that are failures; other regressions are shown as skipped.

    Examples
    --------
    >>> from xbench.regression.snapshot import BaselineHeader
    >>> header = BaselineHeader(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...                 surrogate="s", surrogate_digest="1")
    >>> ElementTree.fromstring(to_junit(BaselineComparison("ci", header, header, (), ()), [])).tag
    'testsuites'
    """
    ignored = sum(gate.verdict == "regression" for gate in comparison.gates) - len(failing)
    counts = {
        "tests": str(len(comparison.gates)),
        "failures": str(len(failing)),
        "errors": "0",
        "skipped": str(ignored),
    }
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": _text(_suite(comparison)), **counts})
    for gate in comparison.gates:
        _case(suite, comparison, gate, gate in failing)
    out = ElementTree.SubElement(suite, "system-out")
    out.text = _text("\n".join([summary(comparison), origin(comparison), *comparison.notes]))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _suite(comparison: BaselineComparison) -> str:
    return f"xbench compare {comparison.name}"


def _case(
    suite: ElementTree.Element, comparison: BaselineComparison, gate: Gate, is_failing: bool
) -> None:
    names = {
        "classname": _text(f"{comparison.baseline.task}.{gate.method}"),
        "name": _text(f"L = {gate.L}: {gate.quantity}"),
    }
    case = ElementTree.SubElement(suite, "testcase", names)
    if gate.verdict != "regression":
        return
    told = zip(HEADINGS[4:], cells(gate)[4:], strict=True)
    message = _text(", ".join(f"{heading}: {text}" for heading, text in told if text))
    if is_failing:
        failure = ElementTree.SubElement(case, "failure", {"message": message, "type": gate.kind})
        failure.text = _text(gate.name)
    else:
        ElementTree.SubElement(case, "skipped", {"message": "not in --fail-on: " + message})


def _text(text: str) -> str:
    return _NO_XML.sub("�", text)


FORMAT = "xbench-comparison"
VERSION = 1


def to_json(comparison: BaselineComparison, failing: list[Gate]) -> str:
    """Return a comparison as JSON: every gate with all its fields, keys sorted.

    Examples
    --------
    >>> import json
    >>> from xbench.regression.snapshot import BaselineHeader
    >>> header = BaselineHeader(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...                 surrogate="s", surrogate_digest="1")
    >>> content = json.loads(to_json(BaselineComparison("ci", header, header, (), ()), []))
    >>> content["failed"], content["counts"]["regression"]
    (False, 0)
    """
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "name": comparison.name,
        "failed": bool(failing),
        "counts": comparison.counts,
        "baseline": asdict(comparison.baseline),
        "fresh": asdict(comparison.fresh),
        "gates": [{**asdict(gate), "fails": gate in failing} for gate in comparison.gates],
        "notes": list(comparison.notes),
    }
    return json_page(content, sort_keys=True)
