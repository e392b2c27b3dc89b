"""kill -9 at random moments, many times: nothing that was finished may be lost.

A start of runs, one of its processes, or a writer of a file or a folder is killed after a random
time. Then everything that was there before is there still, every reader finds whole records, files
and folders, no process goes on, and the next start goes on where it was. At full count, from the
repository:

    python -m tests.faults.kills --count 212 --seed 0 --write

which writes its counts into docs/explanation/robustness.md.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from xbench.benchmark.request import Request
from xbench.benchmark.runner import run_request
from xbench.benchmark.workers import import_own_methods
from xbench.results.record import Record
from xbench.results.store import ResultStore
from xbench.utils.files import replace_folder, write_bytes
from xbench.utils.process import one_thread
from xbench.utils.temporaries import sweep, temporary_beside

from .report import asked, write_counts

REPETITIONS = 12
FULL = 212
KILLED = {
    "start": "a start of runs",
    "descendant": "a process below a start",
    "file": "a writer of a file",
    "folder": "a writer of a folder",
}
# What differs between two runs of one thing.
VOLATILE = {"seconds", "peak_memory_bytes", "created", "git_commit", "machine", "versions"}


def start_runs(store: Path) -> None:
    """Be a start of runs: methods that take milliseconds, on two workers."""
    request = Request(
        "quick",
        methods=["random", "gradient-change"],
        repetitions=REPETITIONS,
        jobs=2,
        fresh_process=True,
    )
    run_request(request, ResultStore(store))


def write_files(folder: Path) -> None:
    """Be a writer of one file, without an end."""
    for number in range(10**9):
        write_bytes(folder / "file", str(number % 10).encode() * 200_000)


def write_folders(folder: Path) -> None:
    """Be a writer of one folder of two files, as of a surrogate that is trained again."""
    for number in range(10**9):
        sweep(folder, ".folder.")
        new = temporary_beside(folder / "folder")
        new.mkdir()
        for name in ("weights", "description"):
            (new / name).write_bytes(str(number % 10).encode() * 50_000)
        replace_folder(new, folder / "folder")


def forked(work: Callable[[Path], None], folder: Path) -> int:
    """Do work in a process that leads a group of its own; return its number."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setpgid(0, 0)
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            work(folder)
            code = 0
        finally:
            os._exit(code)
    return child


def below(process: int) -> list[int]:
    """All processes that a process has started, and those that they have."""
    found = []
    with contextlib.suppress(OSError):
        listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        for child in map(int, listed):
            found += [child, *below(child)]
    return found


def lives(process: int) -> bool:
    """Whether a process is there and no corpse that waits to be collected."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Kills:
    """Kills, one after the other, and what was wrong after each.

    Parameters
    ----------
    folder
        To work in.
    seed
        Of the moments and the victims.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.random = folder, random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.stores = 0
        self.new_store()
        (folder / "files").mkdir()

    def new_store(self) -> None:
        """Begin another store: in the one before there is nothing left to do."""
        self.stores += 1
        self.store = self.folder / f"store-{self.stores}"

    def check(self, holds: bool, what: str) -> None:
        """Count something that must hold, and remember it where it does not."""
        if not holds:
            self.wrong.append(what)

    def kill_once(self) -> None:
        """Kill something, and look at what is left."""
        kind = self.random.choice(list(KILLED))
        self.counts[KILLED[kind]] += 1
        if kind == "file":
            self.kill_writer(write_files, self.look_at_file)
        elif kind == "folder":
            self.kill_writer(write_folders, self.look_at_folder)
        else:
            self.kill_start(kind)

    def kill_writer(self, work: Callable[[Path], None], look: Callable[[], None]) -> None:
        """Kill a writer after a moment."""
        child = forked(work, self.folder / "files")
        time.sleep(self.random.uniform(0.01, 0.1))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        look()

    def look_at_file(self) -> None:
        """A whole version is there, if any was."""
        path = self.folder / "files" / "file"
        if path.exists():
            content = path.read_bytes()
            whole = len(content) == 200_000 and len(set(content)) == 1
            self.check(whole, "a file is half of two versions")
        write_bytes(path, b"0" * 200_000)
        left = [one.name for one in path.parent.iterdir() if one.name.startswith(".file.")]
        self.check(not left, f"the next writer left {left}")

    def look_at_folder(self) -> None:
        """One whole version is there, if any was."""
        path = self.folder / "files" / "folder"
        if (self.folder / "files" / "seen").exists() or path.exists():
            (self.folder / "files" / "seen").touch()
            self.check(path.is_dir(), "a folder is gone")
            parts = [one.read_bytes() for one in sorted(path.iterdir())]
            whole = len(parts) == 2 and parts[0] == parts[1] and len(parts[0]) == 50_000
            self.check(whole, "a folder is half of two versions")

    def kill_start(self, kind: str) -> None:
        """Kill a start of runs, or one of its processes, and look at the store."""
        before = self.lines()
        child = forked(start_runs, self.store)
        time.sleep(self.random.uniform(0.0, 0.9))
        family = below(child)
        victim = self.random.choice(family) if kind == "descendant" and family else child
        # Whatever it started meanwhile is to end too.
        family = [*family, *below(child)]
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        self.check(self.ended(child, 60), f"a start goes on for a minute after kill of a {kind}")
        late = [one for one in family if not self.gone(one, 5)]
        self.check(not late, f"processes of a killed start go on: {late}")
        after = self.lines()
        self.check(after[: len(before)] == before, "records that were there are gone or changed")
        records, problems = ResultStore(self.store).read() if self.store.exists() else ([], [])
        self.check(not problems, f"lines that are no records: {problems[:1]}")
        # A killed descendant may have been a method's process: a failed run, now and later.
        new = [Record.from_json(line) for line in after[len(before) :]]
        bad = [one.reason for one in new if one.status != "ok" and victim == child]
        self.check(not bad, f"a killed start has left failed records: {bad[:1]}")
        if sum(one.status == "ok" for one in records) == 2 * REPETITIONS:
            self.new_store()

    def lines(self) -> list[bytes]:
        """The whole lines of the store."""
        path = self.store / "runs.jsonl"
        return path.read_bytes().split(b"\n")[:-1] if path.exists() else []

    def ended(self, child: int, seconds: float) -> bool:
        """Wait for a child; end it where it takes too long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if os.waitpid(child, os.WNOHANG)[0]:
                return True
            time.sleep(0.01)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False

    def gone(self, process: int, seconds: float) -> bool:
        """Wait until a process is gone."""
        end = time.monotonic() + seconds
        while lives(process):
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def finish(self) -> None:
        """Let the last store be finished, and compare it with one that nothing was killed in."""
        calm = self.folder / "calm"
        for store in (self.store, calm):
            self.ended(forked(start_runs, store), 300)
        last, undisturbed = (lasting(ResultStore(store).records()) for store in (self.store, calm))
        self.check(len(undisturbed) == 2 * REPETITIONS, "an undisturbed start is not complete")
        self.check(last == undisturbed, "a start after kills gives other records")


def lasting(records: list[Record]) -> dict[str, dict[str, object]]:
    """What two runs of one thing agree on, by run."""
    return {
        one.run_id: {
            name: value for name, value in json.loads(one.to_json()).items() if name not in VOLATILE
        }
        for one in records
    }


def kill(count: int, seed: int, folder: Path) -> Kills:
    """Kill that often."""
    kills = Kills(folder, seed)
    # As any start finds them once they are in memory: kills then hit work, not imports.
    import_own_methods()
    with one_thread():
        for _ in range(count):
            kills.kill_once()
        kills.finish()
    return kills


def main() -> None:
    """Kill as often as is asked for, and print the counts."""
    given = asked(__doc__, FULL)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        kills = kill(given.count, given.seed, Path(folder))
    took = f"{given.count} kills, seed {given.seed}, {time.monotonic() - began:.0f} s, "
    took += f"{kills.stores} stores:"
    rows = [f"| {what} | {number} |" for what, number in sorted(kills.counts.items())]
    wrong = f"| things wrong after any of them | {len(kills.wrong)} |"
    lines = [took, "", "| killed | times |", "| --- | --- |", *rows, wrong]
    print("\n".join(lines))
    for what, number in Counter(kills.wrong).most_common():
        print(f"  {number} x {what}")
    if given.write:
        write_counts("kills", lines)
    sys.exit(bool(kills.wrong))


if __name__ == "__main__":
    main()
