"""Runs and findings made by hand, for the tests of the figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from xbench.results.findings import Finding
from xbench.results.record import Record

FindingMaker = Callable[..., Finding]


def build_figure3(record: Record, **changes: float | None) -> Finding:
    """A finding of Figure 3; keys are ``CELLTYPE_GENE``, for a colon cannot be in a keyword."""
    named = {name.replace("_", ":"): change for name, change in changes.items()}
    values = {"rel_delta": named}
    return through_a_file(Finding(analysis="figure3", run_id=record.run_id, values=values))


def build_redundancy(
    record: Record, mean_loss: float, prefixes: Sequence[float], lost: Sequence[float]
) -> Finding:
    left_out = [{"feature": place, "lost": value} for place, value in enumerate(lost)]
    values = {"mean_loss": mean_loss, "prefixes": list(prefixes), "left_out": left_out}
    return through_a_file(Finding(analysis="redundancy", run_id=record.run_id, values=values))


def through_a_file(finding: Finding) -> Finding:
    """As it comes back from a store."""
    return Finding.from_json(finding.to_json())


@pytest.fixture
def make_figure3() -> FindingMaker:
    return build_figure3


@pytest.fixture
def make_redundancy() -> FindingMaker:
    return build_redundancy
