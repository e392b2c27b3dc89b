from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits

from xbench.utils.process import one_thread


@pytest.fixture(autouse=True)
def measured_alone() -> None:
    """Beside another test pytest-benchmark would time one round only, and that one by chance."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        pytest.skip("measured alone, by the second command of make test")


@pytest.fixture(autouse=True)
def on_one_thread() -> Iterator[None]:
    """As the runner computes: one thread a run.

    SciPy's and NumPy's too: a second thread that waits for a core that others have is charged for
    its waiting, since it waits awake.
    """
    with one_thread(), threadpool_limits(1):
        yield
