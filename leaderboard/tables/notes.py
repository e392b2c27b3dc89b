"""Footnotes: what stands behind the means of a table, and what is missing from them."""

from __future__ import annotations

from ..study import MARK, OVERALL, Study


def coverage_notes(study: Study, metric: str) -> tuple[str, ...]:
    """Return a note for each L and each way in which methods lack targets or runs.

    Parameters
    ----------
    study
        Rows of one (task, dataset, surrogate).
    metric
        The metric whose overall means are described.
    """
    sizes_of: dict[tuple[str, bool, tuple[str, ...]], list[int]] = {}
    for size in study.sizes:
        incomplete = study.incomplete(size, metric)
        methods_of: dict[tuple[str, bool], list[str]] = {}
        for method in study.methods:
            status = study.status(OVERALL, method, size, metric)
            methods_of.setdefault((status, method in incomplete), []).append(method)
        for (status, marked), methods in methods_of.items():
            sizes_of.setdefault((status, marked, tuple(methods)), []).append(size)
    return tuple(
        _note(study, sizes, *group) for group, sizes in sizes_of.items() if group[0] != "ok"
    )


def task_note(study: Study) -> tuple[str, ...]:
    """Return what to say of a task that this version of xbench does not know."""
    if study.task:
        return ()
    return (
        f"The task {study.place[0]} is not known to this version of xbench: its metrics stand in "
        f"the order of their names, and the first one ({study.metrics[0]}) ranks.",
    )


def _note(
    study: Study, sizes: list[int], status: str, marked: bool, methods: tuple[str, ...]
) -> str:
    names = "all methods" if list(methods) == study.methods else ", ".join(methods)
    where = f"L = {', '.join(map(str, sizes))}: {names}"
    if marked:
        return (
            f"{MARK} {where}: {status}. A mean over fewer targets than other methods have is "
            "neither ranked nor compared."
        )
    if status.startswith("ok ("):
        return f"{where}: {status[4:-1]} runs gave a value."
    return f"{where}: {status.removesuffix('.')}."
