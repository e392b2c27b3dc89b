"""A comparison as JSON, for programs."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from xbench.regression.compare import Comparison
from xbench.regression.gate import Gate

FORMAT = "xbench-comparison"
VERSION = 1


def to_json(comparison: Comparison, failing: list[Gate]) -> str:
    """Return a comparison as JSON: every gate with all its fields, keys sorted.

    Examples
    --------
    >>> from xbench.regression.snapshot import Header
    >>> header = Header(task="t", task_version=1, dataset="d", dataset_digest="0",
    ...                 surrogate="s", surrogate_digest="1")
    >>> content = json.loads(to_json(Comparison("ci", header, header, (), ()), []))
    >>> content["failed"], content["counts"]["regression"]
    (False, 0)
    """
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "name": comparison.name,
        "failed": bool(failing),
        "counts": comparison.counts,
        "baseline": asdict(comparison.baseline),
        "fresh": asdict(comparison.fresh),
        "gates": [_plain({**asdict(gate), "fails": gate in failing}) for gate in comparison.gates],
        "notes": list(comparison.notes),
    }
    return json.dumps(content, sort_keys=True, indent=1, allow_nan=False) + "\n"


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    # JSON has no infinity: the share of evaluations more than none.
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in fields.items()
    }
