"""Measure what runs cost against cells, peaks, L and targets; see docs/explanation/atlas.md.

    python tests/scale/measure.py /scratch/atlas --axes cells,peaks,L,targets
    python tests/scale/measure.py /scratch/atlas --full

Each point is a synthetic atlas (`make_atlas.py`), prepared in a cache of its own, a network of the
paper's architecture with random weights, and `xbench run` of it with two workers. A run's cost
does not depend on what the weights are. Points that were measured before are kept in points.jsonl.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from make_atlas import MARKERS, Sizes, write_atlas
from watched_command import Watched, watched

AXES: dict[str, list[dict[str, int]]] = {
    "cells": [{"cells": n} for n in (10_000, 40_000, 160_000, 250_000)],
    "peaks": [{"peaks": n} for n in (25_000, 127_219, 500_000)],
    "L": [{"L": n} for n in (10, 128, 1_000)],
    "targets": [{"targets": n} for n in (1, 4, 8)],
}
# The point that all axes go through.
USUAL = {"cells": 40_000, "peaks": 127_219, "L": 10, "targets": 1}
FULL = USUAL | {"cells": 250_000}
TYPE = "type10"
METHODS = "grids,gradient-change"
READ = (
    "import sys; from xbench.data.load import load_dataset; print(load_dataset(data=sys.argv[1]))"
)


def surrogate_of(data: Path, folder: Path) -> None:
    """Write a network of random weights for prepared data."""
    import torch

    from xbench.data.load import load_dataset
    from xbench.surrogates.checkpoint import Description, save_surrogate
    from xbench.surrogates.cross_modality import CrossModality

    dataset = load_dataset(data=data)
    sizes = np.diff(dataset.features.blocks()[1]).tolist()
    torch.manual_seed(0)
    model = CrossModality(sizes, dataset.n_outputs)
    about = ("cross-modality", model.configuration(), dataset.name, dataset.digest)
    save_surrogate(folder, model, Description(*about))


def population_of(data: Path) -> dict[str, int]:
    """Return how many cells are explained, and how many peaks are open in them."""
    from xbench.data.load import load_dataset

    dataset = load_dataset(data=data)
    rows = dataset.rows(TYPE, "train")
    lengths = np.diff(dataset.X.indptr)
    return {"explained": len(rows), "open": int(lengths[rows].sum()), "all": int(lengths.sum())}


def measured(place: Path, point: dict[str, int], jobs: int) -> dict[str, Any]:
    """Measure one point, making its atlas where it is not there."""
    name = f"cells{point['cells']}-peaks{point['peaks']}"
    data, checkpoint = place / f"{name}.h5mu", place / f"{name}-surrogate"
    python = [sys.executable, "-c", READ, str(data)]
    found: dict[str, Any] = {"point": point}
    if not data.exists():
        write_atlas(data, Sizes(point["cells"], point["peaks"], 20, 2_000, 4_920, 1_000))
    found["file"] = data.stat().st_size
    if not checkpoint.exists():
        found["first"] = _told(watched(python))
        surrogate_of(data, checkpoint)
    found["again"] = _told(watched(python))
    store = place / f"{name}-L{point['L']}-targets{point['targets']}-{os.getpid()}"
    command = [sys.executable, "-m", "xbench", "run", "table1", "--data", str(data), "--verbose"]
    for gene in MARKERS[: point["targets"]]:
        command += ["--target", f"{TYPE}:{gene}"]
    command += ["--checkpoint", str(checkpoint), "--store", str(store), "--methods", METHODS]
    command += ["-L", str(point["L"]), "--seeds", "2", "--jobs", str(jobs)]
    took = watched(command, "worker started")
    if took.status:
        raise SystemExit("\n".join(took.output))
    found["run"] = _told(took)
    lines = (store / "runs.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert all(record["status"] == "ok" for record in records), records
    for method in METHODS.split(","):
        of_method = [one["seconds"] for one in records if one["method"] == method]
        found[method] = float(np.median(of_method))
    found["population"] = population_of(data)
    found["load"] = os.getloadavg()[0]
    return found


def _told(took: Watched) -> dict[str, Any]:
    return {
        "seconds": round(took.seconds, 2),
        "processor": round(took.processor, 2),
        "started_after": took.started_after and round(took.started_after, 2),
        "started_processor": took.started_processor and round(took.started_processor, 2),
        "rss": took.resident,
        "pss": took.proportional,
        "own": took.own,
    }


def slope(points: list[dict[str, Any]], axis: str, value: list[float]) -> str:
    """Return by which power of the axis a value grows, between its smallest and largest point."""
    at = [point["point"][axis] for point in points]
    if len(at) < 2 or not min(value) > 0:
        return "-"
    return f"{np.log(value[-1] / value[0]) / np.log(at[-1] / at[0]):+.2f}"


def table(points: list[dict[str, Any]], axis: str) -> str:
    """Return the points of an axis as Markdown, with slopes."""
    columns = {
        "open peaks explained, million": lambda p: p["population"]["open"] / 1e6,
        "start, s": lambda p: p["run"]["started_after"],
        "GRIDS, s a run": lambda p: p["grids"],
        "one gradient, s a run": lambda p: p["gradient-change"],
        "whole command, s": lambda p: p["run"]["seconds"],
        "its processor s": lambda p: p["run"].get("processor", np.nan),
        "peak RSS, GB": lambda p: p["run"]["rss"] / 1e9,
        "peak PSS, GB": lambda p: p["run"]["pss"] / 1e9,
    }
    values = {name: [float(of(point)) for point in points] for name, of in columns.items()}
    lines = [f"| {axis} | {' | '.join(columns)} |", f"| --: |{' --: |' * len(columns)}"]
    for number, point in enumerate(points):
        cells = [f"{values[name][number]:.3g}" for name in columns]
        lines.append(f"| {point['point'][axis]:,} | {' | '.join(cells)} |")
    slopes = [slope(points, axis, values[name]) for name in columns]
    lines.append(f"| slope | {' | '.join(slopes)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure what the command line asks for, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", type=Path, help="A folder on a disk with 25 GB free.")
    parser.add_argument("--axes", default="cells,peaks,L,targets")
    parser.add_argument("--full", action="store_true", help="Only 250,000 cells, once more.")
    parser.add_argument("--show", action="store_true", help="Only print what is there.")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    given.place.mkdir(parents=True, exist_ok=True)
    os.environ["XBENCH_CACHE"] = str(given.place / "cache")
    # Small points, too, are measured the way of large ones.
    os.environ["XBENCH_LARGE"] = "0"
    kept = given.place / "points.jsonl"
    lines = kept.read_text().splitlines() if kept.exists() else []
    points = [json.loads(line) for line in lines]
    axes = [] if given.full else given.axes.split(",")
    wanted = [FULL] if given.full else [USUAL | one for axis in axes for one in AXES[axis]]
    for point in [] if given.show else wanted:
        if given.full or all(one["point"] != point for one in points):
            points.append(measured(given.place, point, given.jobs))
            with kept.open("a") as file:
                file.write(json.dumps(points[-1]) + "\n")
            print(json.dumps(points[-1]), flush=True)
    for axis in axes:
        of_axis = {
            one["point"][axis]: one
            for one in points
            if all(one["point"][name] == USUAL[name] for name in USUAL if name != axis)
        }
        print(table([of_axis[at] for at in sorted(of_axis)], axis), "\n", sep="\n")


if __name__ == "__main__":
    main()
