from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from xbench.utils.process import one_thread


@pytest.fixture(autouse=True)
def measured_alone() -> None:
    """Beside another test pytest-benchmark would time one round only, and that one by chance."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        pytest.skip("measured alone, by the second command of make test")


@pytest.fixture(autouse=True)
def on_one_thread() -> Iterator[None]:
    """As the runner computes: a second thread that waits for a core is charged for its waiting."""
    with one_thread():
        yield
