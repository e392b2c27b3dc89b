"""Runs whose site is looked at in a browser: two surrogates, failures, a hostile name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from zlib import crc32

from xbench.results.findings import Finding
from xbench.results.record import Record

HOSTILE = "<img src=x onerror=alert(1)>"
TRACEBACK = "Traceback (most recent call last):\n  ...\nValueError: </pre><script>alert(2)</script>"
GENES = ("VIP/GAD1", "VIP/GAD2", "VIP/VIP", "Oligo/MOG", "Oligo/MBP", "SST/SST")
# Of six genes; the last two methods differ by noise alone.
DROPS = {
    "random": (0.1, -0.1, 0.0, 0.2, 0.0, -0.2),
    "saliency": (-3.0, -2.0, -2.5, -4.0, -3.5, -2.2),
    "grids": (-9.0, -7.2, -8.1, -6.0, -9.5, -8.8),
    "fimap": (-8.8, -7.4, -8.0, -6.2, -9.4, -8.9),
}
SECONDS = {"random": 0.05, "saliency": 0.8, "grids": 20.0, "fimap": 90.0, HOSTILE: 5.0}


def shown_results(make: Callable[..., Record]) -> tuple[list[Record], list[Finding]]:
    """Return runs and findings of two surrogates."""
    records = []
    for surrogate, factor in (("cross-modality", 1.0), ("oracle", 6.0)):
        for size in (10, 20):
            for method, drops in DROPS.items():
                for place, gene in enumerate(GENES):
                    for repetition in range(2):
                        value = factor * size / 10 * drops[place] + 0.05 * repetition
                        records.append(
                            make(
                                gene, method, value, L=size, repetition=repetition,
                                surrogate=surrogate, seconds=SECONDS[method] * size / 10,
                            )
                        )  # fmt: skip
        records.append(make(GENES[0], HOSTILE, -1.0, surrogate=surrogate, seconds=5.0))
        failed = {"status": "failed", "reason": "ValueError: of a stranger"}
        for gene in GENES[1:]:
            records.append(make(gene, HOSTILE, surrogate=surrogate, traceback=TRACEBACK, **failed))
    numbered = [replace(record, run_id=_run_id(record)) for record in records]
    return numbered, [_redundancy(one) for one in numbered if one.method in ("grids", "random")]


def _run_id(record: Record) -> str:
    slot = (*record.study, *record.explained, record.method, record.L, record.repetition)
    return f"{crc32(repr(slot).encode()):08x}{crc32(repr(slot[::-1]).encode()):08x}"


def _redundancy(record: Record) -> Finding:
    drops = [step**0.5 for step in range(1, record.L + 1)]
    values = {
        "mean_loss": 20.0,
        "prefixes": drops,
        "left_out": [{"lost": drop / 10} for drop in drops],
        "n_features": 1000,
    }
    return Finding(analysis="redundancy", run_id=record.run_id, values=values)
