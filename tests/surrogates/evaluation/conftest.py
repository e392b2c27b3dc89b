from __future__ import annotations

import pytest

from xbench.data.dataset import Dataset
from xbench.surrogates.evaluation.measure import SurrogateReport

from ...toys import one_thread
from .small_report import marked_multiome, report_of

__all__ = ["one_thread"]


@pytest.fixture(scope="session")
def marked() -> Dataset:
    return marked_multiome()


@pytest.fixture(scope="session")
def report(marked: Dataset) -> SurrogateReport:
    return report_of(marked)
