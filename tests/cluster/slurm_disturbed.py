"""Ctrl-C, cancelled jobs and a queue that does not exist, on a real Slurm; see slurm.sh.

    python tests/cluster/slurm_disturbed.py lab.yml

Ctrl-C goes to every process of the command, as from a terminal: its exit code must be 130, no job
and no process be left, and the next start go on. The jobs of that one, of two workers each, are
cancelled under way, and must be asked for again. At the end the store must hold the records of a
store that nothing disturbed, but for seconds, memory, host and date.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from programs import Programs, lines_of, programs_in
from table1_everywhere import differing, lasting
from worker_kills import METHOD, TASK


def jobs() -> list[str]:
    """Return the jobs that wait, run or are being ended."""
    words = ["squeue", "--noheader", "--format=%A %T"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()


def ids() -> set[str]:
    """Return their numbers."""
    return {one.split()[0] for one in jobs()}


def demand(what: bool, problem: object) -> None:
    """End with exit code 1 where something is not so."""
    if not what:
        raise SystemExit(f"FAILED: {problem}")


def await_none_left(programs: Programs) -> float:
    """Wait until no job and no process is left, and return how many seconds it took."""
    began = time.monotonic()
    while left := [*jobs(), *programs.left()]:
        demand(time.monotonic() - began < 60, f"still there after a minute: {left}")
        time.sleep(0.2)
    return time.monotonic() - began


def lab_like(lab: Path, folder: Path, name: str, **changes: object) -> Path:
    """Write a lab's file with some lines changed."""
    path = folder / f"{name}.yml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(lab.read_text()), **changes}))
    return path


def main() -> None:
    """Disturb, and compare."""
    lab = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="xbench-disturbed-") as text:
        folder = Path(text)
        (folder / "dawdling.py").write_text(METHOD, encoding="utf-8")
        words = ["xbench", *TASK, "--seeds", "8", "--method", str(folder / "dawdling.py")]
        with programs_in(folder) as programs:
            calm = programs.start("calm", *words, "--jobs", "2", "--store", "calm")
            demand(calm.code() == 0, calm.said())
            refused_queue(programs, words, lab_like(lab, folder, "nowhere", queue="nowhere"))
            two = lab_like(lab, folder, "two", cores=2, jobs=1)
            interrupted(programs, [*words, "--cluster", str(lab), "--store", "disturbed"])
            cancelled(programs, [*words, "--cluster", str(two), "--store", "disturbed"])
        ours, theirs = lasting(folder / "calm"), lasting(folder / "disturbed")
        unequal = differing(ours, theirs)
        lines = lines_of(folder / "disturbed")
        print(f"{len(theirs)} records in {lines} lines; {len(unequal)} differ from --jobs 2")
        demand(not unequal, unequal)


def refused_queue(programs: Programs, words: list[str], lab: Path) -> None:
    """Ask for a queue that does not exist."""
    driver = programs.start("refused", *words, "--cluster", str(lab), "--store", "refused")
    code, last = driver.code(), driver.said().splitlines()[-1]
    print(f"a queue that does not exist: exit code {code}: {last}", flush=True)
    demand(code == 2 and "jobs cannot be submitted" in last, driver.said())
    demand(not jobs(), jobs())


def interrupted(programs: Programs, words: list[str]) -> None:
    """Interrupt a driver by Ctrl-C."""
    store = programs.folder / "disturbed"
    driver = programs.start("interrupted", *words)
    driver.until(lambda: lines_of(store) >= 3)
    os.killpg(driver.process.pid, signal.SIGINT)
    began = time.monotonic()
    code, last = driver.code(), driver.said().splitlines()[-1]
    took = time.monotonic() - began
    print(f"Ctrl-C: exit code {code} after {took:.1f} s: {last}", flush=True)
    demand(code == 130 and "Traceback" not in driver.said(), driver.said())
    took = await_none_left(programs)
    print(f"{lines_of(store)} records; no job, no process {took:.1f} s later", flush=True)


def cancelled(programs: Programs, words: list[str]) -> None:
    """Start again, and cancel its job, which has two workers, once there are new records."""
    store = programs.folder / "disturbed"
    before = lines_of(store)
    driver = programs.start("cancelled", *words)
    driver.until(lambda: lines_of(store) >= before + 3)
    first = ids()
    subprocess.run(["scancel", *first], check=True)
    began, there = time.monotonic(), lines_of(store)
    driver.until(lambda: bool(ids() - first))
    print(f"scancel: another job was asked for after {time.monotonic() - began:.0f} s", flush=True)
    code = driver.code()
    print(f"exit code {code}; {lines_of(store) - there} records came afterwards", flush=True)
    demand(code == 0 and "finished before" in driver.said(), driver.said())
    await_none_left(programs)


if __name__ == "__main__":
    main()
