from __future__ import annotations

import pytest

from xbench.data.dataset import Dataset

from ...small_datasets import small_images, small_multiome
from ...toys import one_thread

__all__ = ["one_thread"]


@pytest.fixture(scope="session")
def multiome() -> Dataset:
    return small_multiome()


@pytest.fixture(scope="session")
def images() -> Dataset:
    return small_images()
