"""Give the runs of stores and of published leaderboards of an older xbench the ids they have now.

python tests/benchmark/migrate.py PATH...
Each PATH is a store (a folder with store.json), a published leaderboard (a folder with
runs.jsonl.gz) or a baseline (a .json file). xbench does the same on the first use of each; records
are equal to the old ones but for run_id, method_version and n_features. A baseline names no run
ids: it is read, and stays as it is.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import warnings
from pathlib import Path

from xbench.benchmark.old_store import upgrade_store
from xbench.benchmark.task import known_tasks
from xbench.cli.leaderboard import upgrade_published
from xbench.errors import XbenchError
from xbench.regression.file import read_baseline
from xbench.results.store import ResultStore
from xbench.utils.files import write_text


def migrate(path: Path) -> str:
    """Migrate one thing, and say in one line what was done."""
    if path.suffix == ".json":
        return f"{path}: {len(read_baseline(path).runs)} runs, without ids; kept as it is"
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        if (path / "store.json").exists():
            upgrade_store(ResultStore(path))
        elif (path / "runs.jsonl.gz").exists():
            before = run_ids(path)
            upgrade_published(path, known_tasks(ResultStore(path / "none")))
            rename_in_table(path / "results.csv", dict(zip(before, run_ids(path), strict=True)))
        else:
            raise XbenchError(f"{path}: is no store, published leaderboard or baseline")
    return str(told[-1].message) if told else f"{path}: nothing to do"


def run_ids(published: Path) -> list[str]:
    """Return the ids of published runs, in their order."""
    lines = gzip.decompress((published / "runs.jsonl.gz").read_bytes()).splitlines()
    return [json.loads(line)["run_id"] for line in lines]


def rename_in_table(path: Path, new_ids: dict[str, str]) -> None:
    """Put new ids into a published table of all numbers, which names the runs of each."""
    if path.exists():
        text = path.read_text(encoding="utf-8")
        write_text(path, re.sub(r"\b[0-9a-f]{16}\b", lambda one: new_ids.get(one[0], one[0]), text))


def main(paths: list[str]) -> int:
    """Migrate every path; return the exit code."""
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        for path in paths:
            print(migrate(Path(path)))
    except XbenchError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
