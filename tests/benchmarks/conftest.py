from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def measured_alone() -> None:
    """Beside another test pytest-benchmark would time one round only, and that one by chance."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        pytest.skip("measured alone, by the second command of make test")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As the runner computes: one thread a run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
