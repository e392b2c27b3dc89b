from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ..cli.conftest import xbench_command

__all__ = ["xbench_command"]

FAST = """
def test_fast(benchmark):
    benchmark(lambda: None)
    told = {"seconds": 0.25, "ratio": RATIO, "against": "dense", "size": "4 cells"}
    benchmark.extra_info |= told | {"memory_bytes": 3 * 2**20}
    assert RATIO > 10


def test_without_a_benchmark():
    pass
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Make xbench believe that it runs from a checkout with one small file of benchmarks."""
    root = tmp_path / "checkout"

    def make(ratio: str = "12.5") -> Path:
        from xbench.testing import performance

        (root / "tests" / "benchmarks").mkdir(parents=True, exist_ok=True)
        (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\nmarkers = ["slow"]\n')
        text = FAST.replace("RATIO", ratio)
        (root / "tests" / "benchmarks" / "test_walk.py").write_text(text, encoding="utf-8")
        file = root / "xbench" / "testing" / "performance.py"
        # Of the worker that this test runs in; pytest-benchmark measures nothing in one.
        monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
        monkeypatch.setattr(performance, "__file__", str(file))
        return root

    return make
