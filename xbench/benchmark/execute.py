"""Carrying out runs: one explanation, scored on test cells, whatever happens.

Filling in the record of a run.
"""

from __future__ import annotations

import dataclasses
import json
import time
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import torch

from xbench.benchmark.context import RunContext, loaded
from xbench.benchmark.explain import Explained, build_problem, explain, score
from xbench.benchmark.plan import RunKey, WorkUnit
from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.explainers.explainer import Explainer, require_explainer
from xbench.metrics import compute_metrics
from xbench.registry.find import load
from xbench.results.record import Record
from xbench.results.store import ResultStore
from xbench.surrogates.checkpoint import OpenedSurrogate
from xbench.utils.process import RunTimeoutError, one_thread
from xbench.utils.provenance import git_commit, machine, versions


def execute(setting: RunContext, unit: WorkUnit) -> list[Record]:
    """Carry out a unit; an error of a method is a record, never an exception.

    Each record is stored as soon as there is one, by the process that made it.
    """
    dataset, surrogate = loaded(setting)
    store = ResultStore(setting.store)
    earlier: Explained | None = None
    records = []
    for key, run_id in zip(unit.keys, unit.run_ids, strict=True):
        started = time.perf_counter()
        asked = Asked(setting.device, unit, key, run_id, key.parameters)
        reuse = earlier if earlier is not None and earlier.selection.nested else None
        try:
            # Imported here, so that a file that cannot be imported is a failed run too.
            method = require_explainer(load(unit.method))(**key.parameters)
            # What JSON cannot hold is an error of the method, here and not when it is written.
            parameters = json.loads(json.dumps(method.parameters()))
            asked = dataclasses.replace(asked, parameters=parameters)
            with one_thread():
                outcome, earlier = _run(
                    dataset, surrogate, setting.device, key, method, unit, reuse
                )
            record = _kept(run_record(dataset, surrogate, asked, outcome))
        except (Exception, SystemExit, RunTimeoutError) as error:
            outcome = _failure(error) | {"seconds": time.perf_counter() - started}
            record = run_record(dataset, surrogate, asked, outcome)
        store.append(record)
        records.append(record)
    return records


def _kept(record: Record) -> Record:
    """Return the record as the store would give it back; what it cannot hold is an error.

    A trace is the method's own: without this check one that is no JSON would end all runs.
    """
    try:
        return Record.from_json(record.to_json())
    except (TypeError, ValueError, XbenchError) as error:
        what = " ".join(str(error).split())
        raise ValueError(
            f"returned what a record cannot hold ({what}); a trace is a list of dictionaries of "
            "numbers and texts, details are one"
        ) from error


def killed_records(setting: RunContext, unit: WorkUnit, detail: str) -> list[Record]:
    """Record a unit whose process was killed, but for those of its runs that had finished."""
    dataset, surrogate = loaded(setting)
    store = ResultStore(setting.store)
    finished = store.finished(setting.since)
    reason = "the process was killed, most likely for using too much memory"
    outcome = {"status": "oom", "reason": reason, "traceback": detail, "seconds": 0.0}
    records = []
    for key, run_id in zip(unit.keys, unit.run_ids, strict=True):
        if run_id not in finished:
            asked = Asked(setting.device, unit, key, run_id, key.parameters)
            records.append(run_record(dataset, surrogate, asked, outcome))
            store.append(records[-1])
    return records


def _run(
    dataset: Dataset,
    surrogate: OpenedSurrogate,
    device: str,
    key: RunKey,
    method: Explainer,
    unit: WorkUnit,
    reuse: Explained | None,
) -> tuple[dict[str, Any], Explained | None]:
    try:
        target = dataset.target(key.cell_type, key.target)
    except XbenchError as error:
        return {"status": "skipped", "reason": str(error), "seconds": 0.0}, None
    problem = build_problem(dataset, surrogate, device, key, target)
    reason = method.skip(problem)
    if reason is not None:
        return {"status": "skipped", "reason": reason, "seconds": 0.0}, None
    if reuse is not None:
        explained = dataclasses.replace(reuse, selection=reuse.selection.first(key.L))
    else:
        explained = explain(method, problem, unit.timeout_seconds)
    indices = explained.selection.indices
    outcome = score(dataset, surrogate, device, key, problem, indices)
    return {
        "status": "ok",
        "indices": indices.tolist(),
        "ordered": explained.selection.ordered,
        "nested": explained.selection.nested,
        "metrics": compute_metrics(key.metrics, outcome),
        "seconds": explained.seconds,
        "forward_evaluations": explained.counts.forward,
        "gradient_evaluations": explained.counts.gradient,
        "computed_evaluations": explained.counts.computed,
        "peak_memory_bytes": explained.peak_memory_bytes,
        "trace": list(explained.selection.trace),
        "stopped": explained.stopped,
        "details": dict(explained.selection.details),
    }, explained


def _failure(error: BaseException) -> dict[str, Any]:
    status = "failed"
    if isinstance(error, RunTimeoutError):
        status = "timeout"
    elif isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        status = "oom"
    reason = f"{type(error).__name__}: {error}".strip().splitlines()[0]
    trace = "".join(traceback.format_exception(error))
    return {"status": status, "reason": reason, "traceback": trace}


@dataclass(frozen=True)
class Asked:
    """What a run was asked, and how.

    Parameters
    ----------
    device
        Where it was computed.
    unit, key, run_id
        The run, and the unit it belongs to.
    parameters
        Of the method, defaults filled in where it could be made at all.
    """

    device: str
    unit: WorkUnit
    key: RunKey
    run_id: str
    parameters: dict[str, Any]


def run_record(
    dataset: Dataset, surrogate: OpenedSurrogate, asked: Asked, outcome: dict[str, Any]
) -> Record:
    """Return the record of one run.

    Parameters
    ----------
    dataset, surrogate, asked
        What was asked, of what.
    outcome
        The fields of `Record` that say what came out, the status among them.
    """
    key = asked.key
    return Record(
        run_id=asked.run_id,
        task=key.task,
        task_version=key.task_version,
        dataset=dataset.name,
        dataset_digest=dataset.digest,
        surrogate=surrogate.name,
        surrogate_digest=surrogate.digest,
        cell_type=key.cell_type,
        target=key.target,
        method=key.method,
        parameters=asked.parameters,
        method_version=asked.unit.method_version,
        method_digest=asked.unit.method_digest,
        n_features=dataset.n_features,
        L=key.L,
        repetition=key.repetition,
        seed=key.seed,
        device=asked.device,
        **_environment(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        **outcome,
    )


@cache
def _environment() -> dict[str, Any]:
    """Return what does not change while a process lives; git is asked only once."""
    return {"versions": versions(), "git_commit": git_commit(), "machine": machine()}
