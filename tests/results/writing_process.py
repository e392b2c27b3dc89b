"""Run as a process of its own: append records to a store, saying each one's run_id when it is in.

It says "ready" and starts when it is sent a line.

python writing_process.py FOLDER PREFIX COUNT SIZE [LIMIT [PIECE]]
SIZE: bytes that each record is padded by. LIMIT: largest file size in bytes (0: any).
PIECE: bytes that a slow disk takes at a time, once a millisecond.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from typing import Any

from xbench.errors import XbenchError
from xbench.results.record import Record
from xbench.results.store import ResultStore


def make_record(run_id: str = "00000000000000aa", **changes: Any) -> Record:
    """A record that is ok, but for the changes."""
    fields: dict[str, Any] = {
        "run_id": run_id,
        "task": "quick",
        "task_version": 1,
        "dataset": "mnist-binary",
        "dataset_digest": "d0",
        "surrogate": "mlp-classifier",
        "surrogate_digest": "50",
        "cell_type": "8",
        "target": "3",
        "method": "grids",
        "method_digest": "3e",
        "L": 2,
        "repetition": 0,
        "seed": 7,
        "status": "ok",
        "seconds": 0.5,
        "created": "2025-01-31T12:00:00+00:00",
    }
    if changes.get("status", "ok") == "ok":
        fields |= {"indices": [3, 1], "metrics": {"log-odds-drop": 1.5}}
    else:
        fields["reason"] = "because"
    return Record(**{**fields, **changes})


def slow_down(piece: int) -> None:
    """Let every write take a few bytes only, as the system may, and some time."""
    write = os.write

    def write_piece(descriptor: int, content: bytes) -> int:
        time.sleep(0.001)
        return write(descriptor, content[:piece])

    os.write = write_piece  # type: ignore[assignment]


def main(
    folder: str, prefix: str, count: str, size: str, limit: str = "0", piece: str = ""
) -> None:
    store = ResultStore(folder)
    padding = {"padding": "x" * int(size)}
    if int(limit):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    if piece:
        slow_down(int(piece))
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(count)):
        run_id = f"{prefix}{number}"
        store.append(make_record(run_id, parameters=padding))
        print(run_id, flush=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except XbenchError as error:
        sys.exit(str(error))
