"""Whatever computes is on one thread: torch, and the linear algebra of NumPy and SciPy."""

from __future__ import annotations

import pytest
import scipy.linalg  # noqa: F401  (SciPy has a library of linear algebra of its own.)
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from xbench.utils.process import one_thread


def threads() -> list[int]:
    return [torch.get_num_threads(), *(library["num_threads"] for library in threadpool_info())]


def test_one_thread_for_all_and_then_as_many_as_before() -> None:
    with threadpool_limits(2):
        before = threads()
        with one_thread(), one_thread():
            within = threads()
        after = threads()
        with pytest.raises(ZeroDivisionError), one_thread():
            1 / 0  # noqa: B018
        assert threads() == before
    assert set(within) == {1}
    assert after == before
    assert 2 in before
