"""A small dataset with places and truth, and runs on it, one of which fails; no test lives here."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.data.splits import Split
from xbench.leaderboard.site import DataHere
from xbench.results.record import Record
from xbench.simulation.known_regulation import KEY, Truth

HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m</script>"
TRACEBACK = 'Traceback (most recent call last):\n  File "m.py", line 3\nValueError: <b>no</b> \x07'
# Peaks by hand: name, chromosome, start, end. The gene lies at chr2:1000000-1040000, strand +.
PEAKS = [
    ("chr1:500-900", "chr1", 500, 900),
    ("chr2:400000-400500", "chr2", 400_000, 400_500),
    ("chr2:990000-990500", "chr2", 990_000, 990_500),
    ("chr2:1000100-1000600", "chr2", 1_000_100, 1_000_600),
    ("chr2:1200000-1200500", "chr2", 1_200_000, 1_200_500),
    ("chr2:9000000-9000500", "chr2", 9_000_000, 9_000_500),
    (HOSTILE, "", -1, -1),
]
# Of 20 VIP cells, in how many each peak is open.
OPEN = [2, 4, 10, 20, 5, 1, 0]


def small_genome(strand: str = "+") -> Dataset:
    """20 VIP cells and 20 others; two modules of GAD1: peaks 2 and 3 activate, peak 5 represses."""
    names, chrom, start, end = zip(*PEAKS, strict=True)
    cells = np.zeros((40, len(PEAKS)), dtype=np.float32)
    for peak, count in enumerate(OPEN):
        cells[:count, peak] = 1
    peaks = pd.DataFrame({"chrom": chrom, "start": start, "end": end}, index=list(names))
    genes = pd.DataFrame(
        {
            "chrom": ["chr2", "chr2"],
            "start": [1_000_000, 1_300_000],
            "end": [1_040_000, 1_310_000],
            "strand": [strand, ""],
        },
        index=["GAD1", "NEAR"],
    )
    obs = pd.DataFrame(index=[f"cell{number}" for number in range(40)])
    inputs = anndata.AnnData(sparse.csr_matrix(cells), obs, peaks)
    inputs.uns[KEY] = Truth(
        base=np.zeros(2),
        module_gene=np.array([0, 0]),
        module_effect=np.array([2.0, -1.0]),
        cre_feature=np.array([2, 3, 5]),
        cre_module=np.array([0, 0, 1]),
        cre_weight=np.array([0.5, 0.25, 1.0]),
        pair_first=np.zeros(0, dtype=int),
        pair_second=np.zeros(0, dtype=int),
        pair_effect=np.zeros(0),
        trans_gene=np.zeros(0, dtype=int),
        trans_factor=np.zeros(0, dtype=int),
        trans_effect=np.zeros(0),
    ).arrays()
    return Dataset(
        name="cortex",
        inputs=inputs,
        outputs=anndata.AnnData(sparse.csr_matrix(np.ones((40, 2), np.float32)), obs, genes),
        cell_types=np.array(["VIP"] * 20 + ["Oligo"] * 20),
        split=Split(np.arange(0, 40, 2), np.arange(1, 40, 4), np.arange(3, 40, 4)),
        genome="hg38",
        cell_type_aliases={},
        default_surrogate="cross-modality",
        citation="made up",
        licence="none",
    )


def door(dataset: Dataset) -> Callable[[str], DataHere]:
    """Open the small dataset, by its name alone."""

    def open_data(name: str) -> DataHere:
        return DataHere(dataset) if name == dataset.name else DataHere(None, "it is not here")

    return open_data


def runs_of_target(make_record: Callable[..., Record], dataset: Dataset) -> list[Record]:
    """Return runs of two repetitions of two methods, and one that failed, all of an older xbench.

    ``grids`` chose peaks 3 and 2, then 3 and 1; ``random`` 0 and 6, then 5 and 4.
    """
    of: dict[str, Any] = {"L": 2, "dataset_digest": dataset.digest, "n_features": len(PEAKS)}
    chosen = {"grids": ([3, 2], [3, 1]), "random": ([0, 6], [5, 4])}
    runs = [
        make_record("VIP/GAD1", method, repetition=repetition, indices=indices, **of)
        for method, both in chosen.items()
        for repetition, indices in enumerate(both)
    ]
    trace = [{"step": 0, "loss": 3.5}, {"step": 1, "loss": 1.25}]
    details = {"scores": [0.75, 0.5], "told": HOSTILE}
    runs[0] = Record.from_json(
        json.dumps(json.loads(runs[0].to_json()) | {"trace": trace, "details": details})
    )
    failed = make_record(
        "VIP/GAD1",
        HOSTILE,
        status="failed",
        reason=f"ValueError: {HOSTILE}",
        traceback=TRACEBACK,
        **of,
    )
    return [*runs, failed]
