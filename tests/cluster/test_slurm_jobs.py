"""Jobs that Slurm refuses, and that leave the queue; Slurm's commands are stood in for.

`slurm.sh` does the same with a real Slurm.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xbench.cluster.cluster_choice import ClusterChoice
from xbench.cluster.connect import connected
from xbench.errors import XbenchError

COMMANDS = {
    "sbatch": """
        [ -e refuse ] && { echo 'sbatch: error: invalid partition' >&2; exit 1; }
        number=$(date +%N)
        echo "$number" >> queue
        echo "Submitted batch job $number"
    """,
    "squeue": "cat queue",
    "scancel": 'grep -v -x "$1" queue > left; cp left queue',
}
CHOICE = ClusterChoice(kind="slurm", cores=2, memory="1GB", jobs=1, interface="lo")


@pytest.fixture(autouse=True)
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put commands first on the path that keep a queue in a file, which is returned."""
    (tmp_path / "bin").mkdir()
    for name, body in COMMANDS.items():
        command = tmp_path / "bin" / name
        command.write_text(f"#!/bin/sh\ncd {tmp_path}\n{body}\n")
        command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    (tmp_path / "queue").write_text("")
    return tmp_path / "queue"


def await_jobs(queue: Path, count: int) -> list[str]:
    end = time.monotonic() + 20
    while len(jobs := queue.read_text().split()) != count:
        assert time.monotonic() < end, jobs
        time.sleep(0.05)
    return jobs


def test_what_slurm_refuses_is_told_with_what_it_says(slurm: Path) -> None:
    (slurm.parent / "refuse").touch()
    with pytest.raises(XbenchError, match=r"cannot be submitted .sbatch: error: invalid partition"):
        connected(CHOICE).__enter__()


def test_a_job_of_two_workers_that_left_the_queue_is_asked_for_again(slurm: Path) -> None:
    with connected(CHOICE) as connection:
        (first,) = await_jobs(slurm, 1)
        connection.ask_for_jobs()
        assert await_jobs(slurm, 1) == [first]
        slurm.write_text("")
        connection.ask_for_jobs()
        (second,) = await_jobs(slurm, 1)
        assert second != first
    assert slurm.read_text() == ""


def test_jobs_that_end_again_and_again_end_the_command(slurm: Path) -> None:
    with connected(CHOICE) as connection:
        for _ in range(2):
            await_jobs(slurm, 1)
            slurm.write_text("")
            connection.ask_for_jobs()
        await_jobs(slurm, 1)
        slurm.write_text("")
        with pytest.raises(XbenchError, match="3 jobs ended before a worker came from any"):
            connection.ask_for_jobs()


def test_ctrl_c_stays_what_it_was(slurm: Path) -> None:
    # In a new program: dask-jobqueue takes it when it is imported.
    code = (
        "import signal\n"
        "from xbench.cluster.cluster_choice import ClusterChoice\n"
        "from xbench.cluster.connect import connected\n"
        f"with connected(ClusterChoice.model_validate({CHOICE.model_dump()!r})):\n"
        "    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )
    assert slurm.read_text() == ""


def test_where_slurm_says_nothing_nothing_is_concluded(slurm: Path) -> None:
    with connected(CHOICE) as connection:
        jobs = await_jobs(slurm, 1)
        (slurm.parent / "bin" / "squeue").write_text("#!/bin/sh\nexit 1\n")
        for _ in range(5):
            connection.ask_for_jobs()
        assert await_jobs(slurm, 1) == jobs
