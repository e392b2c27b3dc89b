"""What is written for people and programs: complete, well-formed, and proof against names."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from xbench.errors import XbenchError
from xbench.regression.compare import BaselineComparison, compare
from xbench.regression.gate import KINDS, failing, parse_fail_on
from xbench.regression.report_formats import to_json, to_junit, to_markdown

from .recorded import records, taken

EVIL = '<script>|@everyone [x](https://e.org) \x00\x0b` ]]> & "q"'
ALL = frozenset(KINDS)


def changed(method: str = "grids") -> BaselineComparison:
    """One metric worse, one count more; the rest the same."""
    before = records(((0.9, 0.9), (0.5, 0.5)), noisy=False, method=method)
    after = records(((0.7, 0.7), (0.5, 0.5)), noisy=False, method=method, forward_evaluations=200)
    return compare("ci", taken(before), taken(after))


@pytest.mark.parametrize("method", ["grids", EVIL])
def test_junit_has_a_case_for_each_gate(method: str) -> None:
    comparison = changed(method)
    root = ElementTree.fromstring(to_junit(comparison, failing(comparison.gates, ALL)))
    (suite,) = root
    cases = suite.findall("testcase")
    assert len(cases) == len(comparison.gates) == int(suite.attrib["tests"])
    failed = [case.attrib["name"] for case in cases if case.find("failure") is not None]
    assert failed == ["L = 2: forward-evaluations", "L = 2: optimality"]
    assert suite.attrib["failures"] == root.attrib["failures"] == "2"
    messages = [case.find("failure").attrib["message"] for case in cases[:2]]  # type: ignore[union-attr]
    assert "baseline: 0.7, now: 0.6, change: -0.1" in messages[1]


def test_a_regression_that_does_not_count_is_skipped_in_junit() -> None:
    comparison = changed()
    root = ElementTree.fromstring(to_junit(comparison, []))
    assert root.attrib["failures"] == "0"
    assert root.attrib["skipped"] == "2"
    assert len(root.findall(".//skipped")) == 2


def test_json_has_every_number() -> None:
    comparison = changed()
    content = json.loads(to_json(comparison, failing(comparison.gates, ALL)))
    assert (content["format"], content["version"], content["failed"]) == (
        "xbench-comparison",
        1,
        True,
    )
    assert len(content["gates"]) == len(comparison.gates)
    (metric,) = [gate for gate in content["gates"] if gate["quantity"] == "optimality"]
    assert metric["before"] == pytest.approx(0.7)
    assert metric["worse"] == pytest.approx(0.1)
    assert (metric["verdict"], metric["fails"]) == ("regression", True)
    assert content["counts"]["regression"] == 2


def test_json_has_no_infinity() -> None:
    before, after = (records(forward_evaluations=count) for count in (0, 5))
    comparison = compare("ci", taken(before), taken(after))
    content = json.loads(to_json(comparison, []), parse_constant=pytest.fail)
    (found,) = [gate for gate in content["gates"] if gate["quantity"] == "forward-evaluations"]
    assert (found["worse"], found["verdict"]) == (None, "regression")


def test_markdown_says_what_changed_and_counts_the_rest() -> None:
    comparison = changed()
    text = to_markdown(comparison, failing(comparison.gates, ALL))
    assert text.startswith("### xbench: 2 regressions\n")
    assert "2 worse, 0 better, 0 within what is allowed, 3 the same" in text
    rows = [line for line in text.splitlines() if line.startswith("| worse")]
    assert len(rows) == 2
    assert "gradient" not in text
    assert to_markdown(comparison, []).startswith("### xbench: no regression\n")


def test_no_name_takes_effect_in_markdown() -> None:
    comparison = changed(EVIL)
    text = to_markdown(comparison, [])
    rows = [line for line in text.splitlines() if line.startswith("| worse")]
    columns = {line.replace(r"\|", "").count("|") for line in rows}
    assert columns == {11}
    for live in ("<script", "@everyone", "[x](", "://", "\x00"):
        assert live not in text


def test_a_long_table_is_cut_and_says_so() -> None:
    groups = [records(method=f"method-{number}") for number in range(80)]
    slower = [records(method=f"method-{number}", forward_evaluations=900,
                      gradient_evaluations=90) for number in range(80)]  # fmt: skip
    comparison = compare("ci", taken(*groups), taken(*slower))
    text = to_markdown(comparison, [])
    assert text.count("\n| worse") == 100
    assert "… and 60 more" in text
    assert len(text) < 65_536


@pytest.mark.parametrize(
    ("given", "wanted"),
    [(None, 2), ("metrics", 1), ("evaluations", 1), ("optimality", 1), ("forward-evaluations", 1),
     ("seconds,runs", 0), ("nothing", 0), ("rel-delta", 0), ("metrics, evaluations", 2)],
)  # fmt: skip
def test_fail_on_chooses_what_counts(given: str | None, wanted: int) -> None:
    assert len(failing(changed().gates, parse_fail_on(given))) == wanted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("optimalty", "unknown gate 'optimalty'. Nearest: optimality"),
        (" , ", "names nothing"),
        ("nothing,metrics", "stands alone"),
        ("hit-ratio-chance", "unknown gate"),
    ],
)
def test_fail_on_refuses_what_it_does_not_know(given: str, said: str) -> None:
    with pytest.raises(XbenchError) as caught:
        parse_fail_on(given)
    assert said in str(caught.value)
