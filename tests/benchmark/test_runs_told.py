"""What is told while runs go on."""

from __future__ import annotations

from typing import Any

from xbench.benchmark.plan import WorkUnit, expand
from xbench.benchmark.request import RunsTold
from xbench.benchmark.task import load_task
from xbench.registry.find import find
from xbench.results.record import Record
from xbench.utils.progress import Progress


class Heard(Progress):
    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def started(self, work: str, total: int, done: int = 0, unit: str = "") -> None:
        self.told.append((work, total, done, unit))

    def advanced(self, work: str, done: int, note: str = "") -> None:
        self.told.append((done, note))

    def said(self, line: str) -> None:
        self.told.append((line,))


class Ended:
    """Of a record, what is told of it."""

    def __init__(self, status: str, reason: str = "") -> None:
        self.status, self.reason, self.L = status, reason, 16


def unit(repetition: int) -> WorkUnit:
    keys = expand(load_task("quick"), repetitions=2)
    keys = [key for key in keys if key.method == "random"]
    return WorkUnit((keys[repetition],), ("id",), find("method", "random"), 1, "digest")


def records(*ended: Ended) -> list[Record]:
    return list(ended)  # type: ignore[arg-type]


def test_runs_are_counted_and_failures_are_said() -> None:
    heard = Heard()
    told = RunsTold(heard, 3, 4)
    told.started(unit(0))
    told.started(unit(1))
    # Handed out a second time: it is still one that goes on.
    told.started(unit(1))
    told.ended(unit(0), records(Ended("ok"), Ended("failed", "no luck")))
    told.ended(unit(1), records(Ended("skipped")))
    assert heard.told == [
        ("3 runs to do, 4 finished before",),
        ("runs", 3, 0, "runs"),
        (0, "random 8:3 #0"),
        (0, "random 8:3 #0, random 8:3 #1"),
        (0, "random 8:3 #0, random 8:3 #1"),
        ("failed: random 8:3 #0 L=16: no luck",),
        (2, "random 8:3 #1 (1 failed)"),
        (3, "(1 failed)"),
    ]
