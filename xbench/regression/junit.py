"""A comparison as JUnit XML, which every CI system shows."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from xbench.regression.compare import Comparison
from xbench.regression.gate import Gate
from xbench.regression.report import HEADINGS, cells, origin, summary

# What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(comparison: Comparison, failing: list[Gate]) -> str:
    """Return a comparison as JUnit XML: a test case for each gate.

    Parameters
    ----------
    comparison
        What is written.
    failing
        The gates that are failures; other regressions are shown as skipped.

    Examples
    --------
    >>> from xbench.regression.snapshot import Header
    >>> header = Header(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...                 surrogate="s", surrogate_digest="1")
    >>> ElementTree.fromstring(to_junit(Comparison("ci", header, header, (), ()), [])).tag
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


def _suite(comparison: Comparison) -> str:
    return f"xbench compare {comparison.name}"


def _case(suite: ElementTree.Element, comparison: Comparison, gate: Gate, is_failing: bool) -> None:
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
