"""Every reason for which runs gave no result, and where."""

from __future__ import annotations

from collections import Counter

from xbench.results.current import ALL

from .study import Study
from .task_like import declared_first

_MOST_TARGETS = 4


def failures(study: Study) -> list[str]:
    """Return one line for each reason and set of targets, with the methods and L it struck.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate).
    """
    targets_of: dict[tuple[str, str, int], list[str]] = {}
    runs_of: Counter[tuple[str, str, int]] = Counter()
    for ((cell_type, target), method, size, metric), row in study.rows.items():
        counted = metric in ("runs-failed", "runs-skipped") and row.mean > 0
        if counted and ALL not in (cell_type, target):
            key = row.status, method, size
            targets_of.setdefault(key, []).append(f"{cell_type}/{target}")
            runs_of[key] += round(row.mean)
    # Two steps, so that a line is about all of its methods at all of its L.
    sizes_of: dict[tuple[str, str, tuple[str, ...]], list[int]] = {}
    for (status, method, size), targets in sorted(targets_of.items()):
        sizes_of.setdefault((status, method, tuple(sorted(targets))), []).append(size)
    methods_of: dict[tuple[str, tuple[str, ...], tuple[int, ...]], list[str]] = {}
    for (status, method, where), sizes in sizes_of.items():
        methods_of.setdefault((status, where, tuple(sizes)), []).append(method)
    lines = []
    for (status, where, at), names in sorted(methods_of.items()):
        runs = sum(runs_of[status, method, size] for method in names for size in at)
        lines.append(_line(status, where, at, declared_first(study.methods, names), runs))
    return lines


def _line(
    status: str, where: tuple[str, ...], sizes: tuple[int, ...], methods: list[str], runs: int
) -> str:
    targets = ", ".join(where[:_MOST_TARGETS])
    if len(where) > _MOST_TARGETS:
        targets += f" and {len(where) - _MOST_TARGETS} more"
    noun = "run" if runs == 1 else "runs"
    at = f"L = {', '.join(map(str, sizes))}"
    return f"{', '.join(methods)}; {at}; {targets} ({runs} {noun}): {status}"
