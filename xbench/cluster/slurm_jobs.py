"""Jobs of Slurm that are workers: what they ask for, whether Slurm takes them, which are gone.

dask-jobqueue submits and cancels them. What it does not tell is why Slurm refuses one, and it asks
again for a job that has ended only where the job was a single worker.
"""

import getpass
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from distributed.core import Status

from xbench.cluster.cluster_choice import GPU, ClusterChoice
from xbench.errors import XbenchError

_DEATH_TIMEOUT = "60"
_SUBMIT_SECONDS, _ANSWER_SECONDS, _LOOK_SECONDS = 60.0, 30.0, 0.1
# So many jobs in the place of each that end before a worker comes are no accident.
_UNSEEN = 3
_LOG = logging.getLogger(__name__)


def slurm_options(choice: ClusterChoice) -> dict[str, Any]:
    """Return arguments of `SLURMCluster`; what is not given is its configuration's."""
    gpu = ["--resources", f"{GPU}=1"] if choice.gpus else []
    directives = [*choice.directives, *([f"--gres=gpu:{choice.gpus}"] if choice.gpus else [])]
    given = {
        "queue": choice.queue,
        "account": choice.account,
        "cores": choice.cores,
        # A worker a core: a run computes on one thread. With GPUs, a worker a GPU.
        "processes": choice.gpus or choice.cores,
        "memory": choice.memory,
        "walltime": choice.walltime,
        "job_script_prologue": list(choice.environment) or None,
        "python": choice.python or sys.executable,
        "job_extra_directives": directives or None,
        "interface": choice.interface,
        "local_directory": None if choice.folder is None else str(choice.folder),
        "log_directory": None if choice.logs is None else str(choice.logs),
        "worker_extra_args": [*gpu, "--no-dashboard"],
        "death_timeout": _DEATH_TIMEOUT,
    }
    return {name: value for name, value in given.items() if value is not None}


class SlurmJobs:
    """The jobs of one cluster.

    Parameters
    ----------
    cluster
        A `SLURMCluster`.
    jobs
        How many there are to be.
    """

    def __init__(self, cluster: Any, jobs: int) -> None:
        self._cluster, self._jobs = cluster, jobs
        self._unseen = 0

    def ask(self) -> None:
        """Submit them, and see that Slurm takes at least one.

        Raises
        ------
        XbenchError
            Where it takes none, with what it says.
        """
        self._cluster.scale(jobs=self._jobs)
        end = time.monotonic() + _SUBMIT_SECONDS
        while len(self._cluster.workers) < self._jobs and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
        submitted = dict(self._cluster.workers)
        refused = [name for name, one in submitted.items() if one.job_id is None]
        self._cluster.loop.add_callback(self._forget, refused)
        if submitted and len(refused) == len(submitted):
            raise XbenchError(
                f"--cluster slurm: jobs cannot be submitted ({self._why_refused()}); see 'queue:', "
                "'account:', 'memory:' and 'walltime:' of the .yml file"
            )

    def ask_again(self, workers: int) -> None:
        """Submit others in the place of those that have left the queue.

        Parameters
        ----------
        workers
            How many are at work at the moment.

        Raises
        ------
        XbenchError
            Where jobs end again and again before a worker comes from any.
        """
        if workers >= len(self._cluster.plan):
            self._unseen = 0
            return
        asked = {name: one.job_id for name, one in list(self._cluster.workers.items())}
        queue = _queue()
        if queue is None:
            return
        gone = [name for name, job in asked.items() if job not in queue]
        _LOG.info("%d of %d jobs are not in the queue any more", len(gone), len(asked))
        # Of those that Slurm had not taken, for want of room, there is nothing to be learnt.
        ended = sum(asked[name] is not None for name in gone)
        self._unseen = 0 if workers else self._unseen + ended
        if self._unseen >= _UNSEEN * self._jobs:
            raise XbenchError(
                f"--cluster slurm: {self._unseen} jobs ended before a worker came from any; what "
                "they said is in the folder of 'logs:'; see 'environment:', 'python:' and "
                "'interface:'"
            )
        # In the loop's own thread, which else has the table; what `scale` asks for comes after.
        self._cluster.loop.add_callback(self._forget, gone)
        self._cluster.scale(jobs=self._jobs)

    def _forget(self, names: Sequence[Any]) -> None:
        for name in names:
            job = self._cluster.workers.pop(name, None)
            if job is not None:
                # Else the end of the cluster waits for one that never was, and complains.
                job.status = Status.closed

    def _why_refused(self) -> str:
        """Let Slurm say what it has against a job, without submitting it."""
        with tempfile.NamedTemporaryFile("w", suffix=".sh") as script:
            script.write(self._cluster.job_script())
            script.flush()
            said = _said(["sbatch", "--test-only", script.name])
        if isinstance(said, str):
            return said
        return " ".join(said.stderr.split()) or "sbatch failed"


def _queue() -> set[str] | None:
    """Return the ids of this user's jobs that wait or run; None where Slurm does not say."""
    said = _said(["squeue", "--noheader", "--format=%A", f"--user={getpass.getuser()}"])
    if isinstance(said, str) or said.returncode:
        _LOG.info("squeue says nothing: %s", said)
        return None
    return set(said.stdout.split())


def _said(words: Sequence[str]) -> subprocess.CompletedProcess[str] | str:
    """Return what a command of Slurm's says, or why it cannot be asked."""
    try:
        return subprocess.run(
            words, capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False
        )
    except FileNotFoundError:
        return f"{words[0]} is not installed on this machine"
    except (OSError, subprocess.TimeoutExpired) as error:
        return " ".join(str(error).split())
