from __future__ import annotations

from ..cli.conftest import refused, xbench_command

__all__ = ["refused", "xbench_command"]
