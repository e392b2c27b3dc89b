"""The list of faults names every test of this folder, and no other."""

from __future__ import annotations

import re
from pathlib import Path


def test_the_list_of_faults_is_complete() -> None:
    here = Path(__file__).parent
    listed = (here / "conftest.py").read_text(encoding="utf-8").split("Proved elsewhere")[0]
    tests = [
        name
        for path in here.glob("test_*.py")
        if path.name != Path(__file__).name
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert set(re.findall(r"test_\w+(?= \|)", listed)) == set(tests)
