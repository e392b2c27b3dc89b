"""Filling in the record of a run."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

from xbench.dataset import Dataset
from xbench.expand import RunKey
from xbench.provenance import git_commit, machine, versions
from xbench.record import Record
from xbench.registry import load
from xbench.scan import Entry
from xbench.surrogates.open import OpenedSurrogate
from xbench.unit import Unit


def run_record(
    dataset: Dataset,
    surrogate: OpenedSurrogate,
    unit: Unit,
    key: RunKey,
    run_id: str,
    outcome: dict[str, Any],
) -> Record:
    """Return the record of one run.

    Parameters
    ----------
    dataset, surrogate, unit, key, run_id
        What was asked, of what.
    outcome
        The fields of `Record` that say what came out, the status among them.
    """
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
