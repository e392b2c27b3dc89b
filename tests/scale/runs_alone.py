"""Measure one run alone, in processor seconds, against open peaks, peaks, L and targets.

    python tests/scale/runs_alone.py

The population is synthetic (`make_atlas.py`), the network of the paper's architecture with random
weights: what a run costs does not depend on what the weights are. Each run has a process of its
own, on one thread, as in `xbench run`; it builds the population, explains and scores on as many
cells more. What `make_atlas.py` draws is no part of it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from make_atlas import Sizes, drawn_peaks, places, tables_of_peaks

USUAL = {"cells": 1_000, "peaks": 127_219, "L": 10, "targets": 1}
AXES: dict[str, list[int]] = {
    "cells": [250, 1_000, 4_000],
    "peaks": [25_000, 127_219, 500_000],
    "L": [10, 128, 1_000],
    "targets": [1, 2, 4],
}
METHODS = ("grids", "gradient-change")
OPEN = 4_900


def dataset_of(cells: int, peaks: int) -> Any:
    """Return a population and as many cells to score on, one type, half of them for training."""
    import anndata
    import pandas as pd
    from scipy import sparse

    from xbench.data.dataset import Dataset
    from xbench.data.splits import Split

    generator = np.random.default_rng(0)
    tables = tables_of_peaks(Sizes(2 * cells, peaks, 1, 1, OPEN, 1), generator)
    kinds = generator.integers(0, len(tables), 2 * cells)
    parts = [
        drawn_peaks(tables, kinds[first : first + 1_000], OPEN, generator)
        for first in range(0, 2 * cells, 1_000)
    ]
    counts, indices = (np.concatenate(part) for part in zip(*parts, strict=True))
    pointers = np.concatenate([[0], np.cumsum(counts)])
    matrix = sparse.csr_matrix(
        (np.ones(len(indices), dtype=np.int8), indices, pointers), shape=(2 * cells, peaks)
    )
    obs = pd.DataFrame(index=[f"c{number}" for number in range(2 * cells)])
    genes = sparse.random(2 * cells, 200, 0.2, format="csr", dtype=np.float32, random_state=0)
    rows = np.arange(2 * cells)
    return Dataset(
        name="alone",
        inputs=anndata.AnnData(matrix, obs, places(peaks, 500, "peak")),
        outputs=anndata.AnnData(genes, obs, places(200, 20_000, "gene")),
        cell_types=np.full(2 * cells, "one"),
        split=Split(rows[::2], rows[1::2][:50], rows[1::2][50:]),
        genome=None,
        cell_type_aliases={},
        default_surrogate="cross-modality",
        citation="",
        licence="",
    )


def measured(point: dict[str, int]) -> dict[str, Any]:
    """Measure both methods at a point, in this process."""
    import torch

    from xbench.benchmark.explain import assembled_problem, explain
    from xbench.mask import masked_population
    from xbench.mask.objective import OBJECTIVES
    from xbench.registry.find import find, load
    from xbench.surrogates.checkpoint import OpenedSurrogate
    from xbench.surrogates.cross_modality import CrossModality
    from xbench.utils.process import PeakMemory

    torch.set_num_threads(1)
    dataset = dataset_of(point["cells"], point["peaks"])
    torch.manual_seed(0)
    sizes = np.diff(dataset.features.blocks()[1]).tolist()
    model = CrossModality(sizes, dataset.n_outputs).frozen()
    surrogate = OpenedSurrogate(model, "cross-modality", "")
    rows = dataset.split.train
    found: dict[str, Any] = dict(point)
    found["open"] = int(np.diff(dataset.X.indptr)[rows].sum())
    for name in METHODS:
        method = load(find("method", name))()
        began = time.process_time()
        with PeakMemory() as memory:
            for number in range(point["targets"]):
                target = dataset.target("one", f"gene{number}")
                problem = assembled_problem(
                    dataset,
                    surrogate,
                    target,
                    rows,
                    dataset.split.validation,
                    subset_size=point["L"],
                    objective="expression",
                )
                chosen = explain(method, problem, None).selection.indices
                others = model.inputs_of(dataset, dataset.split.test)
                objective = OBJECTIVES["expression"]
                masked_population(model, others, target, objective).values(chosen)
        found[name] = time.process_time() - began
        # That of `explain` is measured inside and resets the peak: this is an upper bound of it.
        found[f"{name} memory"] = memory.peak
    return found


def in_a_process(point: dict[str, int]) -> dict[str, Any]:
    """Measure a point where nothing was computed before."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measured, (point,))


def slope(at: list[float], values: list[float]) -> float:
    """Return by which power of what changes a value grows, over all points."""
    return float(np.polyfit(np.log(at), np.log(values), 1)[0])


def table(axis: str, points: list[dict[str, Any]]) -> str:
    """Return the points of an axis as Markdown."""
    lines = [
        f"| {axis} | open peaks, million | GRIDS, s | one gradient a cell, s | peak memory, GB |",
        "| --: | --: | --: | --: | --: |",
    ]
    for one in points:
        memory = max(one[f"{name} memory"] for name in METHODS) / 1e9
        times = " | ".join(f"{one[name]:.3g}" for name in METHODS)
        lines.append(f"| {one[axis]:,} | {one['open'] / 1e6:.2f} | {times} | {memory:.2f} |")
    at = [one[axis] for one in points]
    slopes = " | ".join(f"{slope(at, [one[name] for one in points]):+.2f}" for name in METHODS)
    lines.append(f"| slope | | {slopes} | |")
    return "\n".join(lines)


def main() -> None:
    """Measure all axes, or one point that is given, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--axes", default=",".join(AXES))
    given = parser.parse_args()
    known: dict[str, dict[str, Any]] = {}
    for axis in given.axes.split(","):
        points = []
        for at in AXES[axis]:
            point = USUAL | {axis: at}
            key = json.dumps(point)
            known[key] = known.get(key) or in_a_process(point)
            points.append(known[key])
            print(json.dumps(known[key]), file=sys.stderr, flush=True)
        print(table(axis, points), "", sep="\n", flush=True)


if __name__ == "__main__":
    main()
