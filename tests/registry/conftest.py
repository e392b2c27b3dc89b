from __future__ import annotations

from pathlib import Path

import pytest

MINE = '''
"""Mine."""
from __future__ import annotations
from xbench.explainers.explainer import Explainer

raise_here = None

class Mine(Explainer):
    """My method.

    More words.
    """

    name = "mine"
    depth: int = 3

    def explain(self, problem): ...
'''


@pytest.fixture(scope="session")
def mine() -> str:
    """The text of a file that defines a method outside of xbench."""
    return MINE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "_helper.py").write_text('class Helper:\n    name = "helper"')
    (tmp_path / "notes.txt").write_text('class Notes:\n    name = "notes"')
    return tmp_path
