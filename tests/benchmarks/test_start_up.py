"""What a user waits for before anything is computed, against importing pandas.

pytest tests/benchmarks/test_start_up.py -s
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from .side_by_side import Child, side_by_side

# Measured: 4 and 1.5; where pandas or anything heavier came along it would be 0.8 and 0.6.
RATIOS = {"--help": 1.6, "list": 0.8}


@pytest.mark.parametrize("command", RATIOS)
def test_help_and_list_import_nothing_like_pandas(benchmark: Any, command: str) -> None:
    ratio = side_by_side(
        benchmark,
        Child([sys.executable, "-m", "xbench", command]),
        Child([sys.executable, "-c", "import pandas"]),
        against="python -c 'import pandas'",
        size="one process",
        rounds=3,
    )
    assert ratio >= RATIOS[command]
