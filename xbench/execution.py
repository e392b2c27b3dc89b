"""Carrying out runs: one explanation, scored on test cells, whatever happens."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from xbench.dataset import Dataset
from xbench.errors import XbenchError
from xbench.expand import RunKey
from xbench.explainer import Explainer
from xbench.limits import RunTimeoutError, time_limit
from xbench.mask import EvaluationCounts, MaskedPopulation, masked_population
from xbench.mask.model import ExplainedModel
from xbench.mask.population import perturbation_vector
from xbench.memory import PeakMemory
from xbench.metrics.compute import Outcome, compute_metrics
from xbench.objective import OBJECTIVES
from xbench.problem import Problem
from xbench.provenance import git_commit, machine, versions
from xbench.record import Record
from xbench.registry import load
from xbench.scan import Entry
from xbench.selection import Selection
from xbench.setting import Setting, loaded
from xbench.surrogates.open import OpenedSurrogate
from xbench.target import Target


@dataclass(frozen=True)
class Unit:
    """Runs that differ only in L, so that one nested explanation can serve them all.

    Parameters
    ----------
    keys
        The runs, largest L first.
    run_ids
        Of the runs, in the same order.
    method
        Where the method's class is found.
    method_digest
        Of the file that defines it.
    timeout_seconds
        Limit of one explanation; None for none.
    """

    keys: tuple[RunKey, ...]
    run_ids: tuple[str, ...]
    method: Entry
    method_digest: str
    timeout_seconds: float | None = None


@dataclass
class Explained:
    """One explanation and what it cost."""

    selection: Selection
    counts: EvaluationCounts
    seconds: float
    peak_memory_bytes: int | None


def execute(setting: Setting, unit: Unit) -> list[Record]:
    """Carry out a unit; an error of a method is a record, never an exception."""
    dataset, surrogate = loaded(setting)
    earlier: Explained | None = None
    records = []
    for key, run_id in zip(unit.keys, unit.run_ids, strict=True):
        started = time.perf_counter()
        reuse = earlier if earlier is not None and earlier.selection.nested else None
        try:
            # Imported here, so that a file that cannot be imported is a failed run too.
            method = load(unit.method)(**key.parameters)
            with one_thread():
                outcome, earlier = _run(
                    dataset, surrogate, setting.device, key, method, unit, reuse
                )
            record = _kept(_record(dataset, surrogate, unit, key, run_id, outcome))
        except (Exception, SystemExit, RunTimeoutError) as error:
            outcome = _failure(error) | {"seconds": time.perf_counter() - started}
            record = _record(dataset, surrogate, unit, key, run_id, outcome)
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
            "numbers and texts"
        ) from error


def killed_records(setting: Setting, unit: Unit, detail: str) -> list[Record]:
    """Record a unit whose process was killed, by the system or by itself."""
    dataset, surrogate = loaded(setting)
    reason = "the process was killed, most likely for using too much memory"
    outcome = {"status": "oom", "reason": reason, "traceback": detail, "seconds": 0.0}
    return [
        _record(dataset, surrogate, unit, key, run_id, outcome)
        for key, run_id in zip(unit.keys, unit.run_ids, strict=True)
    ]


def _run(
    dataset: Dataset,
    surrogate: OpenedSurrogate,
    device: str,
    key: RunKey,
    method: Explainer,
    unit: Unit,
    reuse: Explained | None,
) -> tuple[dict[str, Any], Explained | None]:
    try:
        target = dataset.target(key.cell_type, key.target)
    except XbenchError as error:
        return {"status": "skipped", "reason": str(error), "seconds": 0.0}, None
    problem = _problem(dataset, surrogate, device, key, target)
    reason = method.skip(problem)
    if reason is not None:
        return {"status": "skipped", "reason": reason, "seconds": 0.0}, None
    if reuse is not None:
        explained = dataclasses.replace(reuse, selection=reuse.selection.first(key.L))
    else:
        explained = _explain(method, problem, unit.timeout_seconds)
    indices = explained.selection.indices
    outcome = _score(dataset, surrogate, device, key, problem, indices)
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
    }, explained


def _problem(
    dataset: Dataset, surrogate: OpenedSurrogate, device: str, key: RunKey, target: Target
) -> Problem:
    counts = EvaluationCounts()
    inputs = dataset.X[dataset.rows(key.cell_type, "train")]
    perturbation = _perturbation(key.perturbation, inputs)
    objective = OBJECTIVES[key.objective]

    def population(rows: Any) -> MaskedPopulation:
        return masked_population(
            surrogate.model, rows, target, objective, perturbation, counts=counts, device=device
        )

    return Problem(
        population=population(inputs),
        validation=population(dataset.X[dataset.rows(key.cell_type, "validation")]),
        model=ExplainedModel(surrogate.model, target, counts),
        inputs=inputs,
        features=dataset.features,
        target=target,
        subset_size=key.L,
        perturbation=perturbation,
        seed=key.seed,
        device=device,
    )


def _perturbation(declared: float | str, inputs: sp.csr_matrix | np.ndarray) -> np.ndarray:
    if declared == "mean":
        return perturbation_vector(np.asarray(inputs.mean(axis=0)).ravel(), inputs.shape[1])
    return perturbation_vector(float(declared), inputs.shape[1])


def _explain(method: Explainer, problem: Problem, timeout: float | None) -> Explained:
    started = time.perf_counter()
    with PeakMemory() as memory, time_limit(timeout):
        selection = method.explain(problem)
    seconds = time.perf_counter() - started
    _check(selection, problem)
    return Explained(selection, problem.counts, seconds, memory.peak)


def _check(selection: Selection, problem: Problem) -> None:
    """Hold a method to its contract: L distinct features in range."""
    if not isinstance(selection, Selection):
        raise TypeError(f"explain() returned {type(selection).__name__}, not a Selection")
    indices = selection.indices
    if len(indices) != problem.subset_size:
        raise ValueError(f"returned {len(indices)} features but L = {problem.subset_size}")
    if len(indices) and (indices.min() < 0 or indices.max() >= problem.n_features):
        raise ValueError(f"returned a feature outside 0..{problem.n_features - 1}")


def _score(
    dataset: Dataset,
    surrogate: OpenedSurrogate,
    device: str,
    key: RunKey,
    problem: Problem,
    indices: np.ndarray,
) -> Outcome:
    """Mask the selection on test cells, which the method has not seen, at no cost to it."""
    test = masked_population(
        surrogate.model,
        dataset.X[dataset.rows(key.cell_type, "test")],
        problem.target,
        OBJECTIVES[key.objective],
        problem.perturbation,
        device=device,
    )
    return Outcome(test.values(), test.values(indices), indices, dataset.features, problem.target)


def _failure(error: BaseException) -> dict[str, Any]:
    status = "failed"
    if isinstance(error, RunTimeoutError):
        status = "timeout"
    elif isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        status = "oom"
    reason = f"{type(error).__name__}: {error}".strip().splitlines()[0]
    trace = "".join(traceback.format_exception(error))
    return {"status": status, "reason": reason, "traceback": trace}


def _record(
    dataset: Dataset,
    surrogate: OpenedSurrogate,
    unit: Unit,
    key: RunKey,
    run_id: str,
    outcome: dict[str, Any],
) -> Record:
    return Record(
        run_id=run_id,
        task=key.task,
        task_version=key.task_version,
        dataset=dataset.name,
        dataset_digest=dataset.digest,
        surrogate=surrogate.name,
        surrogate_digest=surrogate.digest,
        cell_type=key.cell_type,
        target=key.target,
        method=key.method,
        parameters=_all_parameters(unit.method, key),
        method_digest=_digest_with(unit.method_digest, key.parameters),
        L=key.L,
        repetition=key.repetition,
        seed=key.seed,
        **_environment(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        **outcome,
    )


@cache
def _environment() -> dict[str, Any]:
    """Return what does not change while a process lives; git is asked only once."""
    return {"versions": versions(), "git_commit": git_commit(), "machine": machine()}


def _digest_with(method_digest: str, parameters: dict[str, Any]) -> str:
    """Name the method as it was run: its file and its parameters."""
    text = json.dumps([method_digest, parameters], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def _all_parameters(entry: Entry, key: RunKey) -> dict[str, Any]:
    """Parameters with the method's defaults filled in, where it can be made at all."""
    try:
        return dict(json.loads(json.dumps(load(entry)(**key.parameters).parameters())))
    except Exception:
        return dict(key.parameters)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: results then do not depend on how many runs go on beside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def units(
    keys: Sequence[RunKey],
    run_ids: Sequence[str],
    methods: dict[str, tuple[Entry, str]],
    timeout_seconds: float | None = None,
) -> list[Unit]:
    """Group runs that differ only in L, in the order of their first run.

    Parameters
    ----------
    keys, run_ids
        The runs.
    methods
        Entry and digest of each method, by its registered name.
    """
    groups: dict[tuple[str, str, str, int], list[tuple[RunKey, str]]] = {}
    for key, run_id in zip(keys, run_ids, strict=True):
        group = (key.cell_type, key.target, key.method, key.repetition)
        groups.setdefault(group, []).append((key, run_id))
    result = []
    for members in groups.values():
        members.sort(key=lambda member: -member[0].L)
        ordered, ids = zip(*members, strict=True)
        entry, digest = methods[ordered[0].method_name]
        result.append(Unit(ordered, ids, entry, digest, timeout_seconds))
    return result
