from __future__ import annotations

from ..cli.conftest import xbench_command
from ..toys import one_thread

__all__ = ["one_thread", "xbench_command"]
