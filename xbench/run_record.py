"""Filling in the record of a run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from xbench.benchmark.plan import RunKey
from xbench.data.dataset import Dataset
from xbench.results.record import Record
from xbench.surrogates.open import OpenedSurrogate
from xbench.unit import Unit
from xbench.utils.provenance import git_commit, machine, versions


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
    unit: Unit
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
        method_digest=_digest_with(asked.unit.method_digest, key.parameters),
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


def _digest_with(method_digest: str, parameters: dict[str, Any]) -> str:
    """Name the method as it was run: its file and its parameters."""
    text = json.dumps([method_digest, parameters], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
