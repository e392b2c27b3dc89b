"""Dask workers and their driver are killed at random while runs go on: nothing is lost.

    python tests/cluster/worker_kills.py [--kills 30] [--drivers 5] [--seed 0]

Each kill is a SIGKILL, to a Dask worker that is drawn, or to the driver, which is then started
again. Between two of them at least one record has come. At the end the store must hold the records
of a store that nothing disturbed, but for seconds, memory, host and date.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from table1_everywhere import differing, lasting

METHOD = '''
import time

from xbench import Explainer, Selection


class Dawdling(Explainer):
    """Random features, after a while."""

    name = "dawdling"

    def explain(self, problem):
        time.sleep(1)
        chosen = problem.generator().choice(problem.n_features, problem.subset_size, replace=False)
        return Selection(chosen)
'''
# Enough for a record between any two kills. A unit may be hit more often than a lab would allow.
CLUSTER = "kind: local\njobs: 2\nretries: 12\n"
TASK = ["run", "ci", "-L", "5"]
PATIENCE = 600.0


def children(process: int) -> list[int]:
    """Return the Dask workers that a driver has: its children that multiprocessing has spawned."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                words = (folder / "cmdline").read_bytes()
            except (OSError, IndexError):
                continue
            if parent == process and b"spawn_main" in words:
                found.append(int(folder.name))
    return sorted(found)


class Disturbed:
    """A start of runs that is killed and started again."""

    def __init__(self, words: list[str], store: Path) -> None:
        self._words, self._store = words, store
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        log = (self._store.parent / "driver.log").open("ab")
        return subprocess.Popen(self._words, stdout=log, stderr=log, start_new_session=True)

    def records(self) -> int:
        """Count the lines of the store."""
        journal = self._store / "runs.jsonl"
        return journal.read_bytes().count(b"\n") if journal.exists() else 0

    def await_record(self, after: int) -> bool:
        """Wait for a record more than so many; False where the driver has ended."""
        end = time.monotonic() + PATIENCE
        while self.records() <= after:
            if self.process.poll() is not None:
                return False
            if time.monotonic() > end:
                raise SystemExit(f"no record came in {PATIENCE:g} s")
            time.sleep(0.05)
        return True

    def kill_worker(self, draw: random.Random) -> bool:
        """Kill one of the workers; False where there is none at the moment."""
        workers = children(self.process.pid)
        if not workers:
            return False
        os.kill(draw.choice(workers), signal.SIGKILL)
        return True

    def kill_driver(self) -> None:
        """Kill the driver alone, and start it again."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = self._start()


def main() -> None:
    """Kill, count, compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--drivers", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    draw = random.Random(given.seed)
    blows = ["worker"] * given.kills + ["driver"] * given.drivers
    draw.shuffle(blows)
    # Five targets a repetition; two records may come before a blow is struck.
    repetitions = (2 * len(blows)) // 5 + 2
    with tempfile.TemporaryDirectory(prefix="xbench-kills-") as folder:
        here = Path(folder)
        (here / "dawdling.py").write_text(METHOD, encoding="utf-8")
        (here / "cluster.yml").write_text(CLUSTER, encoding="utf-8")
        words = [sys.executable, "-m", "xbench", *TASK, "--seeds", str(repetitions)]
        words += ["--method", str(here / "dawdling.py")]
        calm, store = here / "calm", here / "disturbed"
        subprocess.run(
            [*words, "--jobs", "2", "--store", str(calm)], check=True, capture_output=True
        )
        print(f"undisturbed: {len(lasting(calm))} records", flush=True)
        disturbed = Disturbed(
            [*words, "--cluster", str(here / "cluster.yml"), "--store", str(store)], store
        )
        struck = {"worker": 0, "driver": 0}
        began = time.monotonic()
        for number, blow in enumerate(blows, start=1):
            if not disturbed.await_record(disturbed.records()):
                raise SystemExit((here / "driver.log").read_text())
            time.sleep(draw.uniform(0, 1))
            if blow == "driver":
                disturbed.kill_driver()
            else:
                while not disturbed.kill_worker(draw):
                    time.sleep(0.05)
            struck[blow] += 1
            print(
                f"{time.monotonic() - began:5.0f} s: blow {number} of {len(blows)}, a {blow}; "
                f"{disturbed.records()} records",
                flush=True,
            )
        code = disturbed.process.wait(timeout=PATIENCE)
        ours, theirs = lasting(calm), lasting(store)
        lines = disturbed.records()
        unequal = differing(ours, theirs)
        print(
            f"{struck['worker']} workers and {struck['driver']} drivers killed; exit code {code}; "
            f"{len(theirs)} records in {lines} lines; {len(unequal)} differ from the "
            "undisturbed store"
        )
        if unequal or code:
            print((here / "driver.log").read_text()[-3000:])
            raise SystemExit(1)


if __name__ == "__main__":
    main()
