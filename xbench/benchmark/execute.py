"""Carrying out runs: one explanation, scored on test cells and recorded, whatever happens."""

import json
import math
import signal
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import numpy as np

from xbench.benchmark.answer import answer, failure
from xbench.benchmark.explain import score
from xbench.benchmark.phases import ENCODE, EXPLAIN, READ, SCORE, STORE, Phases
from xbench.benchmark.plan import RunKey, WorkUnit
from xbench.benchmark.request import RunContext, Study, StudyNames
from xbench.data.features import Interval
from xbench.errors import XbenchError
from xbench.metrics import Outcome, compute_metrics
from xbench.results.findings import append_findings
from xbench.results.record import Record
from xbench.results.store import ResultStore
from xbench.utils.apart import run_apart
from xbench.utils.process import one_thread
from xbench.utils.provenance import git_commit, machine, versions


def execute(study: Study, unit: WorkUnit, asks: int | None = None) -> list[Record]:
    """Carry out a unit; an error of a method is a record, never an exception.

    The method runs in a process of its own (`xbench.benchmark.answer`); what it gave is scored
    here, where no method has ever run. Each record is stored as soon as there is one.

    Parameters
    ----------
    study
        Data, surrogate and store.
    unit
        The runs.
    asks
        A connection to whoever asks for them.

    Raises
    ------
    EOFError
        Where that is closed: nobody waits for the runs any more.
    """
    store = ResultStore(study.context.store)
    earlier: dict[str, Any] | None = None
    records = []
    for key, run_id in zip(unit.keys, unit.run_ids, strict=True):
        reuse = earlier if earlier is not None and earlier["nested"] else None
        started = time.perf_counter()
        phases = Phases({READ: study.read_seconds})
        outcome = _answered(study, unit, key, reuse, asks)
        phases.add(ENCODE, outcome.pop(ENCODE, 0.0))
        parameters = outcome.pop("parameters", key.parameters)
        asked = Asked(study.context.device, unit, key, run_id, parameters)
        if outcome["status"] == "ok":
            earlier = outcome
            # What was computed for a larger L took this run nothing.
            phases.add(EXPLAIN, 0.0 if reuse else outcome["seconds"])
            with phases.timed(SCORE):
                outcome = _scored(study, key, outcome)
        if outcome["status"] != "ok":
            outcome = {"seconds": time.perf_counter() - started} | outcome
        try:
            record = _kept(run_record(study.context.names, asked, outcome))
        except Exception as error:
            failed = failure(error) | {"seconds": time.perf_counter() - started}
            record = run_record(study.context.names, asked, failed)
        with phases.timed(STORE):
            store.append(record)
        if study.context.profile:
            append_findings(store.folder, [phases.finding(run_id)])
        records.append(record)
    return records


def _answered(
    study: Study, unit: WorkUnit, key: RunKey, reuse: dict[str, Any] | None, asks: int | None
) -> dict[str, Any]:
    """Return what the method gave, or why it gave nothing, as fields of a record."""
    limit = unit.timeout_seconds
    end = run_apart(
        partial(answer, study, unit.method, key, limit, reuse is None),
        seconds=limit,
        watched=asks,
        closed=() if asks is None else (asks,),
        alone=asks is not None,
    )
    if end.abandoned:
        raise EOFError
    if end.timed_out:
        return {"status": "timeout", "reason": f"no result after {limit:g} s"}
    if end.answer is None:
        if end.out_of_memory and end.status == -signal.SIGKILL:
            reason = f"{end.reason}: the system ended it for want of memory"
            return {"status": "oom", "reason": reason}
        return {"status": "failed", "reason": end.reason}
    outcome: dict[str, Any] = json.loads(end.answer)
    if outcome["status"] == "ok" and reuse is not None:
        first = {"indices": reuse["indices"][: key.L], "parameters": outcome["parameters"]}
        return reuse | first
    return outcome


def _scored(study: Study, key: RunKey, outcome: dict[str, Any]) -> dict[str, Any]:
    """Add the metrics of a selection; a failure where they cannot be computed."""
    # Of no use to a record, which is no place for a number a feature.
    outcome = dict(outcome)
    ranks = outcome.pop("score_ranks")
    indices = np.array(outcome["indices"], dtype=np.int64)
    given = None if ranks is None else np.array(ranks)
    scoring = partial(_metrics, study, key, indices, given, outcome["ordered"])
    if study.context.device == "cpu":
        with one_thread():
            found = scoring()
    else:
        # A process that has opened a device cannot be forked any more.
        end = run_apart(lambda begun: json.dumps(scoring()).encode())
        found = json.loads(end.answer or json.dumps({"status": "failed", "reason": end.reason}))
    return found if "status" in found else outcome | found


def _metrics(
    study: Study, key: RunKey, indices: np.ndarray, ranks: np.ndarray | None, ordered: bool
) -> dict[str, Any]:
    device = study.context.device
    try:
        surrogate = study.surrogate._replace(model=study.surrogate.model.to(device))
        judge = study.judge and study.judge._replace(model=study.judge.model.to(device))
        outcome = score(
            study.dataset, surrogate, device, key, indices, judge, ranks, ordered=ordered
        )
        metrics = compute_metrics(key.metrics, outcome)
        odd = [name for name, one in metrics.items() if one is not None and not math.isfinite(one)]
        if odd:
            raise ValueError(f"{', '.join(odd)}: NaN or infinite, which is no score")
    except Exception as error:
        return failure(error)
    return {"metrics": metrics, **_named(outcome)}


def _named(outcome: Outcome) -> dict[str, Any]:
    """Return what is selected by name and place, which positions in a dataset do not tell."""
    features, gene = outcome.features, outcome.target.interval
    named: dict[str, Any] = {"features": [str(name) for name in features.names[outcome.indices]]}
    if features.has_coordinates:
        named["places"] = [_place(features.interval(int(one))) for one in outcome.indices]
    if gene is None:
        return named
    return named | {"target_place": _place(gene), "target_strand": gene.strand}


def _place(interval: Interval | None) -> tuple[str, int, int] | None:
    return None if interval is None else (interval.chrom, interval.start, interval.end)


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


def lost_records(
    context: RunContext, unit: WorkUnit, reason: str, status: str = "failed"
) -> list[Record]:
    """Record a unit whose worker has ended, but for those of its runs that had finished."""
    store = ResultStore(context.store)
    finished = store.finished(context.since)
    outcome = {"status": status, "reason": reason, "seconds": 0.0}
    records = []
    for key, run_id in zip(unit.keys, unit.run_ids, strict=True):
        if run_id not in finished:
            asked = Asked(context.device, unit, key, run_id, key.parameters)
            records.append(run_record(context.names, asked, outcome))
            store.append(records[-1])
    return records


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


def run_record(names: StudyNames, asked: Asked, outcome: dict[str, Any]) -> Record:
    """Return the record of one run.

    Parameters
    ----------
    names, asked
        What was asked, of what.
    outcome
        The fields of `Record` that say what came out, the status among them.
    """
    key = asked.key
    return Record(
        run_id=asked.run_id,
        task=key.task,
        task_version=key.task_version,
        **asdict(names),
        cell_type=key.cell_type,
        target=key.target,
        method=key.method,
        parameters=asked.parameters,
        method_version=asked.unit.method_version,
        method_digest=asked.unit.method_digest,
        L=key.L,
        repetition=key.repetition,
        seed=key.seed,
        asked=_asked_beyond(key),
        budget=_budget(key),
        device=asked.device,
        **environment(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        **outcome,
    )


def _asked_beyond(key: RunKey) -> dict[str, Any]:
    """Return what was asked beyond the point of the task's grid, see `Record.asked`."""
    given = {
        "window": key.window,
        "known": sorted(file.digest for file in key.known) or None,
        # Of a task's file its version tells; two studies of one's own may have one name.
        "perturbation": key.perturbation or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _budget(key: RunKey) -> str:
    """Return in words what the method might spend, see `Record.budget`."""
    limits = ((key.budget_seconds, "s"), (key.budget_evaluations, "evaluations"))
    given = [f"{limit:.12g} {unit}" for limit, unit in limits if limit is not None]
    return ", ".join(given) or "none"


@cache
def environment() -> dict[str, Any]:
    """Return what does not change while a process lives; git is asked only once."""
    return {"versions": versions(), "git_commit": git_commit(), "machine": machine()}
