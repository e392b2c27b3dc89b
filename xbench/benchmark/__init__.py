"""From a task to its records; `runner.py` is the main loop.

`request.py` (what a user asked) -> `resolve.py` and `plan.py` (which runs that means) ->
`workers.py` (processes) -> `execute.py`, `explain.py`, `answer.py` (one run) -> `xbench.results`.
"""

import sys
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    """A package that can be called: `xbench.benchmark(model, X)` is its `own_study.benchmark`."""

    def __call__(self, *given: Any, **named: Any) -> Any:
        from xbench.benchmark.own_study import benchmark

        return benchmark(*given, **named)


sys.modules[__name__].__class__ = _Room
