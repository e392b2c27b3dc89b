"""Computing a metric on stored selections, without running a method again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from xbench.benchmark.explain import TestCells
from xbench.benchmark.model_checks import chosen_on_random_weights, retrained
from xbench.benchmark.plan import RunKey
from xbench.benchmark.task import Task
from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.metrics import METRICS
from xbench.results.findings import FILE, Finding, append_findings, read_findings
from xbench.results.record import Record
from xbench.results.scores import ANALYSIS, score_finding
from xbench.results.store import ResultStore
from xbench.surrogates.checkpoint import OpenedSurrogate
from xbench.surrogates.surrogate import Surrogate
from xbench.utils.process import one_thread
from xbench.utils.progress import SILENT, Progress


@dataclass
class Rescored:
    """What came of it.

    Parameters
    ----------
    values
        By metric and run; None where it is undefined.
    known
        How many values were there before.
    left_out
        Why runs could not be scored, and how many.
    """

    values: dict[tuple[str, str], float | None] = field(default_factory=dict)
    known: int = 0
    left_out: dict[str, int] = field(default_factory=dict)


def rescore(
    store: ResultStore,
    metrics: Sequence[str],
    records: Iterable[Record],
    dataset: Dataset,
    surrogate: OpenedSurrogate,
    tasks: Mapping[str, Task],
    *,
    again: bool = False,
    progress: Progress = SILENT,
) -> Rescored:
    """Compute metrics of runs on their data and surrogate, and keep them as findings.

    Parameters
    ----------
    store
        Where findings go.
    metrics
        By name.
    records
        Of runs; those without a result, and of other data or another surrogate, are left out.
    dataset, surrogate
        What the runs explained: told by their digests.
    tasks
        By name: what masked features become is written there.
    again
        Whether values that are there are computed again.
    progress
        Told how it goes.

    Raises
    ------
    XbenchError
        A metric that needs what a stored selection does not have, or a store that cannot be
        written.
    """
    for metric in metrics:
        if METRICS[metric].of_known:
            raise XbenchError(
                f"metric {metric}: compares with known links, which a store does not hold; run the "
                "methods with --known FILE"
            )
    done = Rescored()
    kept = {(one.analysis, one.run_id, one.version) for one in read_findings(store.folder / FILE)}
    wanted: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        if (why := _unfit(record, dataset, surrogate, tasks)) is not None:
            done.left_out[why] = done.left_out.get(why, 0) + 1
            continue
        task = tasks[record.task]
        division = record.repetition if task.repeats == "split" else None
        moved = division if task.perturbation == "mean" else None
        # What chance draws from depends on the window that features were chosen in.
        window = record.asked.get("window")
        wanted.setdefault((record.task, *record.explained, moved, window), []).append(record)
    total = sum(map(len, wanted.values()))
    progress.started(_RUNS, total, unit="runs")
    count = 0
    for members in wanted.values():
        name = members[0].task
        cells: TestCells | None = None
        found: list[Finding] = []
        try:
            for record in members:
                todo = [
                    one
                    for one in metrics
                    if again or (ANALYSIS + one, record.run_id, METRICS[one].version) not in kept
                ]
                done.known += len(metrics) - len(todo)
                with one_thread():
                    if todo and cells is None:
                        cells = TestCells.of(dataset, surrogate, "cpu", _key(tasks[name], record))
                    for one in todo:
                        assert cells is not None
                        value = _value(cells, one, record, surrogate, tasks[name])
                        done.values[one, record.run_id] = value
                        found.append(score_finding(record.run_id, one, value, METRICS[one].version))
                count += 1
                progress.advanced(_RUNS, count, "")
        finally:
            # What is computed is kept, whatever ends it.
            append_findings(store.folder, found)
    return done


_RUNS = "runs"


def _value(
    cells: TestCells, metric: str, record: Record, surrogate: OpenedSurrogate, task: Task
) -> float | None:
    indices = np.asarray(record.indices, dtype=np.int64)
    outcome = cells.outcome(indices, record.ordered)
    if METRICS[metric].dear:
        key = _key(task, record)
        data, target = cells.dataset, cells.target
        # A model of one's own comes trained: how, is not known here.
        trains = isinstance(surrogate.model, Surrogate)
        outcome = replace(
            outcome,
            retrained=partial(retrained, data, surrogate, target, indices, key) if trains else None,
            on_random_weights=partial(chosen_on_random_weights, data, surrogate, key),
        )
    try:
        value = METRICS[metric].compute(outcome)
    except XbenchError:
        raise
    except Exception as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise XbenchError(f"metric {metric}: failed on run {record.run_id} ({what})") from error
    if value is not None and not np.isfinite(value):
        raise XbenchError(f"metric {metric}: gave {value} for run {record.run_id}: no score")
    return value


def _unfit(
    record: Record, dataset: Dataset, surrogate: OpenedSurrogate, tasks: Mapping[str, Task]
) -> str | None:
    """Return why a run cannot be scored; None where it can."""
    if record.status != "ok":
        return f"{record.status}: no selection"
    if record.dataset_digest != dataset.digest:
        return f"of other data ({record.dataset})"
    if record.surrogate_digest != surrogate.digest:
        return f"of another surrogate ({record.surrogate})"
    task = tasks.get(record.task)
    if task is None or task.version != record.task_version:
        return f"of a task that is not known in version {record.task_version} ({record.task})"
    # Two studies of one's own may have one name, and the last one's task is what is kept.
    if record.asked.get("perturbation", task.perturbation) != task.perturbation:
        return f"masked to {record.asked['perturbation']}, and its task to {task.perturbation}"
    return None


def _key(task: Task, record: Record) -> RunKey:
    """Return what a stored run was asked, as far as scoring depends on it."""
    named = {one.label: one.name for one in task.methods}
    return RunKey(
        task=record.task,
        task_version=record.task_version,
        cell_type=record.cell_type,
        target=record.target,
        method=record.method,
        method_name=named.get(record.method, record.method),
        parameters=dict(record.parameters),
        L=record.L,
        repetition=record.repetition,
        seed=record.seed,
        perturbation=task.perturbation,
        objective=task.objective,
        split=task.split,
        metrics=(),
        division=record.repetition if task.repeats == "split" else None,
        window=record.asked.get("window"),
    )
