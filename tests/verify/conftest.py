from __future__ import annotations

from ..toys import one_thread

__all__ = ["one_thread"]
