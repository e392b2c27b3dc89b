"""Table 1 (GRIDS and the controls, on the oracle) with --jobs 2, a LocalCluster and Slurm.

Each of the three has a store and, so that data have to be sent, workers with a cache of their own
where Slurm is. The records must be equal but for seconds, memory, host and date.

    python tests/cluster/table1_everywhere.py [--slurm lab.yml] [--full] [--seeds 1] \\
        [--cluster-jobs 2]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from xbench.results.store import ResultStore

# What two machines, or two starts, may differ in.
VOLATILE = {"seconds", "peak_memory_bytes", "created", "git_commit", "machine", "versions"}
METHODS = "grids,gradient-change,random"
# The small simulation has 28 to 80 training cells of a type, and 6,000 peaks: a minute's work. It
# has all 16 genes but those of cell types that it lacks.
SMALL = ["--dataset", "simulated-multiome-small"]


def lasting(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what must be equal, by run."""
    records, problems = ResultStore(folder).read()
    assert not problems, problems
    return {
        one.run_id: {
            name: value for name, value in json.loads(one.to_json()).items() if name not in VOLATILE
        }
        for one in records
    }


def differing(ours: dict[str, dict[str, Any]], theirs: dict[str, dict[str, Any]]) -> list[str]:
    """Return the runs that only one side has, or that are not equal."""
    return sorted(one for one in ours.keys() | theirs.keys() if ours.get(one) != theirs.get(one))


def run(store: Path, more: list[str], options: list[str]) -> dict[str, dict[str, Any]]:
    """Run Table 1 as a user does, and say how long it took."""
    words = ["run", "table1", "--surrogate", "oracle", "--methods", METHODS, *options, *more]
    print(f"\n$ xbench {' '.join(words)}", flush=True)
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "xbench", *words, "--store", str(store)], check=True)
    print(f"{time.monotonic() - started:.0f} s", flush=True)
    return lasting(store)


def main() -> None:
    """Compare all that are asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--slurm", type=Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seeds", help="1 where not --full, else what the task says")
    parser.add_argument("--cluster-jobs", default="2")
    given = parser.parse_args()
    options = [] if given.full else SMALL
    if seeds := given.seeds or (None if given.full else "1"):
        options = [*options, "--seeds", seeds]
    places = {
        "--jobs 2": ["--jobs", "2"],
        "LocalCluster": ["--cluster", "local", "--jobs", given.cluster_jobs],
    }
    if given.slurm is not None:
        places["Slurm"] = ["--cluster", str(given.slurm)]
    with tempfile.TemporaryDirectory() as folder:
        found = {
            name: run(Path(folder, str(number)), more, options)
            for number, (name, more) in enumerate(places.items())
        }
    first, *others = found
    print()
    for name in others:
        unequal = differing(found[first], found[name])
        print(f"{first} and {name}: {len(found[first])} records, {len(unequal)} differ")
        if unequal:
            one = unequal[0]
            print(found[first].get(one), found[name].get(one), sep="\n")
            sys.exit(1)
    statuses = sorted({one["status"] for one in found[first].values()})
    print(f"statuses: {', '.join(statuses)}")


if __name__ == "__main__":
    main()
