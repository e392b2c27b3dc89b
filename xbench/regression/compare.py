"""A baseline against a fresh run, number by number; what cannot be compared is refused."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from xbench.benchmark.thresholds import Thresholds
from xbench.errors import XbenchError
from xbench.regression import judge
from xbench.regression.gate import VERDICTS, Gate
from xbench.regression.noise import LEVEL, judge_speed
from xbench.regression.snapshot import BaselineHeader, Group, Snapshot, groups


@dataclass(frozen=True)
class BaselineComparison:
    """Every gate of a comparison, the worst first.

    Parameters
    ----------
    name
        Of the baseline.
    baseline, fresh
        What the runs of each share.
    gates
        What was judged.
    notes
        What was not, and why.
    """

    name: str
    baseline: BaselineHeader
    fresh: BaselineHeader
    gates: tuple[Gate, ...]
    notes: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Number of gates of each verdict."""
        found = Counter(gate.verdict for gate in self.gates)
        return {verdict: found[verdict] for verdict in VERDICTS}


def compare(
    name: str,
    baseline: Snapshot,
    fresh: Snapshot,
    thresholds: Thresholds | None = None,
    repetitions: Sequence[int] | None = None,
) -> BaselineComparison:
    """Compare a fresh run with a baseline.

    Parameters
    ----------
    name
        Of the baseline.
    baseline, fresh
        Snapshots of the same task; the fresh one taken with the baseline's reference method.
    thresholds
        Of the task.
    repetitions
        Which fresh repetitions stand for the baseline's, as many as it has; its own where None.

    Raises
    ------
    XbenchError
        Where they cannot be compared.

    Examples
    --------
    >>> from xbench.regression.snapshot import KeptRun
    >>> header = BaselineHeader(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...                 surrogate="s", surrogate_digest="1", metrics=["optimality"])
    >>> runs = [KeptRun(cell_type="VIP", target="GAD1", method="grids", L=1, repetition=n, seed=n,
    ...                 status="ok", indices=[n], metrics={"optimality": 0.5}) for n in range(2)]
    >>> taken = Snapshot(header=header, runs=runs)
    >>> compare("ci", taken, taken).counts
    {'regression': 0, 'better': 0, 'within': 0, 'same': 5}
    """
    check_comparable(baseline.header, fresh.header, name)
    asked = _repetitions(name, baseline, repetitions)
    tolerated = thresholds or Thresholds()
    matched = groups(baseline, fresh, asked)
    found = [one for group in matched for one in _gates(group, baseline.header.metrics, tolerated)]
    gates = [one for one in found if isinstance(one, Gate)]
    gates += judge.gates_of([one for one in found if isinstance(one, judge.Judged)], LEVEL)
    reference = baseline.header.reference_method
    if reference is not None:
        gates += judge_speed(baseline.speeds, fresh.speeds, reference, tolerated)
    order = {verdict: number for number, verdict in enumerate(VERDICTS)}
    gates.sort(key=lambda gate: (order[gate.verdict], gate.method, gate.L))
    return BaselineComparison(
        name=name,
        baseline=baseline.header,
        fresh=fresh.header,
        gates=tuple(gates),
        notes=tuple(_notes(baseline, fresh, asked)),
    )


def _gates(
    group: Group, metrics: Sequence[str], thresholds: Thresholds
) -> list[Gate | judge.Judged]:
    found: list[Gate | judge.Judged | None] = [judge.judge_runs(group)]
    for metric in metrics:
        found.append(judge.metric_judged(group, metric, thresholds.of(group.method, metric)))
    for count in judge.COUNTS:
        found.append(judge.judge_evaluations(group, count, thresholds.of(group.method, count)))
    return [one for one in found if one is not None]


def _repetitions(name: str, baseline: Snapshot, asked: Sequence[int] | None) -> list[int]:
    own = baseline.repetitions
    if asked is None:
        return own
    if len(asked) != len(own):
        raise XbenchError(
            f"repetitions {asked[0]}-{asked[-1]} are {len(asked)}, but baseline {name!r} has "
            f"{len(own)}; give as many"
        )
    if list(asked) != own and len(own) == 1:
        raise XbenchError(
            f"baseline {name!r} has one repetition, which says nothing about noise; compare the "
            "same repetition, or save one with at least 2"
        )
    return list(asked)


def _notes(baseline: Snapshot, fresh: Snapshot, asked: Sequence[int]) -> list[str]:
    notes = []
    if list(asked) != baseline.repetitions:
        notes.append(
            f"repetitions {asked[0]}-{asked[-1]} stand for {baseline.repetitions[0]}-"
            f"{baseline.repetitions[-1]}: other seeds, so that bands decide"
        )
    new = sorted({run.method for run in fresh.runs} - {run.method for run in baseline.runs})
    if new:
        notes.append(f"not in the baseline, so not compared: {', '.join(new)}")
    if baseline.header.reference_method is None:
        notes.append("seconds are not compared: the task named no reference_method")
    elif baseline.speeds and not fresh.speeds:
        notes.append(
            f"seconds are not compared: no run of {baseline.header.reference_method} gave a result"
        )
    return notes


_MUST_AGREE = (
    ("task", "task"),
    ("task_version", "task version"),
    ("dataset", "dataset"),
    ("dataset_digest", "dataset digest"),
    ("surrogate", "surrogate"),
    ("surrogate_digest", "surrogate digest"),
    ("device", "device"),
)


def check_comparable(baseline: BaselineHeader, fresh: BaselineHeader, name: str) -> None:
    """Refuse to compare results of different tasks, data, surrogates or metrics.

    Parameters
    ----------
    baseline, fresh
        What the runs of each share.
    name
        Of the baseline, for the error.

    Raises
    ------
    XbenchError
        Naming everything that differs, with both values.

    Examples
    --------
    >>> old = BaselineHeader(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...              surrogate="s", surrogate_digest="1")
    >>> new = BaselineHeader(task="t", task_version=2, dataset="d", dataset_digest="0",
    ...              surrogate="s", surrogate_digest="1")
    >>> check_comparable(old, new, "ci")
    Traceback (most recent call last):
    xbench.errors.XbenchError: baseline 'ci' cannot be compared with these runs: task version is 1 \
in the baseline and 2 now; run what the baseline was saved from, or save it again
    """
    found = [
        f"{label} is {_short(getattr(baseline, field))} in the baseline and "
        f"{_short(getattr(fresh, field))} now"
        for field, label in _MUST_AGREE
        if getattr(baseline, field) != getattr(fresh, field)
    ]
    # Where no run was ok there are no metrics: then the runs themselves are the regression.
    if baseline.metrics and fresh.metrics and baseline.metrics != fresh.metrics:
        found.append(_metrics(set(baseline.metrics), set(fresh.metrics)))
    if found:
        raise XbenchError(
            f"baseline {name!r} cannot be compared with these runs: {'; '.join(found)}; "
            "run what the baseline was saved from, or save it again"
        )


def _metrics(before: set[str], after: set[str]) -> str:
    parts = []
    if gone := sorted(before - after):
        parts.append(f"only the baseline has {', '.join(gone)}")
    if new := sorted(after - before):
        parts.append(f"only the runs have {', '.join(new)}")
    return f"metrics differ ({'; '.join(parts)})"


def _short(value: object) -> str:
    text = str(value)
    # A digest: its beginning tells two apart.
    return text[:12] + "…" if len(text) > 40 else text
