"""The runs of one method at one L, of the baseline and of now, matched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xbench.regression.kept_run import KeptRun
from xbench.regression.snapshot import Snapshot

Target = tuple[str, str]
Read = Callable[[KeptRun], float | None]


@dataclass(frozen=True)
class Group:
    """Runs of a method at one L.

    Parameters
    ----------
    method, L
        Which.
    before
        Of the baseline, those that gave a result and those that gave none.
    after
        The fresh runs that were asked for, by the slot of the baseline or None where missing.
    same_seeds
        Whether each fresh run has the seed of the run it is matched with.
    deterministic
        Whether the method chose the same features in all repetitions of the baseline, at every L
        and target.

    Examples
    --------
    >>> Group("grids", 10, [], [], same_seeds=True, deterministic=False).targets
    []
    """

    method: str
    L: int
    before: Sequence[KeptRun]
    after: Sequence[KeptRun | None]
    same_seeds: bool
    deterministic: bool

    @property
    def targets(self) -> list[Target]:
        """Targets that have a result on both sides, sorted."""
        return sorted(
            {_target(run) for run in self.before if run.status == "ok"}
            & {_target(run) for run in self.after if run is not None and run.status == "ok"}
        )

    @property
    def pairs(self) -> list[tuple[KeptRun, KeptRun]]:
        """Runs with a result on both sides, matched; only where the seeds are the same."""
        if not self.same_seeds:
            return []
        both = zip(self.before, self.after, strict=True)
        return [
            (old, new) for old, new in both if new is not None and old.status == new.status == "ok"
        ]

    def values(self, read: Read) -> tuple[dict[Target, list[float]], dict[Target, list[float]]]:
        """Return the values of both sides, by target, where both have one."""
        before = _by_target(self.before, read)
        after = _by_target([run for run in self.after if run is not None], read)
        shared = sorted(set(before) & set(after))
        return {key: before[key] for key in shared}, {key: after[key] for key in shared}


def groups(baseline: Snapshot, fresh: Snapshot, repetitions: Sequence[int]) -> list[Group]:
    """Match the runs of a baseline with fresh ones.

    Parameters
    ----------
    baseline, fresh
        What is compared.
    repetitions
        Numbers of the fresh repetitions, as many as the baseline's: its own, or others, whose
        seeds are other ones.
    """
    stand_for = dict(zip(baseline.repetitions, repetitions, strict=True))
    matched: dict[tuple[str, int], list[tuple[KeptRun, KeptRun | None]]] = {}
    for run in baseline.runs:
        slot = (*run.slot[:-1], stand_for[run.repetition])
        matched.setdefault((run.method, run.L), []).append((run, fresh.by_slot.get(slot)))
    return [
        Group(
            method,
            size,
            [old for old, _ in pairs],
            [new for _, new in pairs],
            same_seeds=all(new is None or old.seed == new.seed for old, new in pairs),
            deterministic=is_deterministic(baseline, method),
        )
        for (method, size), pairs in sorted(matched.items())
    ]


def is_deterministic(baseline: Snapshot, method: str) -> bool:
    """Whether a method chose the same features in every repetition, at every L and target.

    Not judged for each L or target alone: a method that depends on its seed may well give the
    same features five times over at one of them.
    """
    chosen: dict[tuple[int, Target], list[tuple[int, ...]]] = {}
    for run in baseline.runs:
        if run.method == method and run.status == "ok":
            chosen.setdefault((run.L, _target(run)), []).append(tuple(sorted(run.indices)))
    return bool(chosen) and all(len(all_) > 1 and len(set(all_)) == 1 for all_ in chosen.values())


def _target(run: KeptRun) -> Target:
    return (run.cell_type, run.target)


def _by_target(runs: Sequence[KeptRun], read: Read) -> dict[Target, list[float]]:
    found: dict[Target, list[float]] = {}
    for run in runs:
        if run.status == "ok" and (value := read(run)) is not None:
            found.setdefault(_target(run), []).append(value)
    return found
