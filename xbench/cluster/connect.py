"""A Dask client of the cluster that is asked for, for as long as it is needed.

The one file that starts anything of Dask. What was started here (workers, Slurm jobs) ends with
the ``with`` block, whatever ends that; jobs of a driver that was killed end by themselves when
their workers have not heard of it for a minute.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from distributed import Client, LocalCluster
from distributed.security import Security

from xbench.cluster.cluster_choice import ClusterChoice
from xbench.errors import XbenchError
from xbench.utils.progress import SILENT, Progress

_LOG = logging.getLogger(__name__)
_DEATH_TIMEOUT = "60"
_CONNECT_SECONDS = 20
GPU = "GPU"


@dataclass(frozen=True)
class Connection:
    """A cluster in use.

    Parameters
    ----------
    client
        Of Dask.
    choice
        What was asked for.
    cluster
        What was started here; None of a scheduler that was there.
    """

    client: Client
    choice: ClusterChoice
    cluster: Any = None

    def workers(self) -> dict[str, dict[str, Any]]:
        """Return what the scheduler knows of each worker, by address."""
        found: dict[str, dict[str, Any]] = self.client.scheduler_info(n_workers=-1)["workers"]
        return found

    def slots(self, device: str) -> int:
        """Return how many units can be carried out at once on a device."""
        if device == "cpu":
            return sum(one["nthreads"] for one in self.workers().values())
        return sum(
            min(one["nthreads"], int(one.get("resources", {}).get(GPU, 0)))
            for one in self.workers().values()
        )

    def ask_for_jobs(self) -> None:
        """Ask for the jobs that are missing, such as those whose walltime is over."""
        if self.choice.kind == "slurm":
            self.cluster.scale(jobs=self.choice.jobs or 1)


@contextmanager
def connected(
    choice: ClusterChoice, *, jobs: int | None = None, progress: Progress = SILENT
) -> Iterator[Connection]:
    """Connect to a cluster, starting it where it is ours to start.

    Parameters
    ----------
    choice
        Which.
    jobs
        How many jobs or local workers, instead of what the choice says.
    progress
        Told what is waited for.

    Raises
    ------
    XbenchError
        Where the scheduler cannot be reached, or jobs cannot be submitted.
    """
    if jobs is not None:
        choice = choice.model_copy(update={"jobs": jobs})
    security = _security(choice)
    progress.said(f"connecting to {choice}")
    cluster = _started(choice, security)
    try:
        client = _client(choice, cluster, security)
        try:
            connection = Connection(client, choice, cluster)
            connection.ask_for_jobs()
            yield connection
        finally:
            client.close()
    finally:
        if cluster is not None:
            _LOG.info("the workers that were started are told to end")
            cluster.close()


def _security(choice: ClusterChoice) -> Any:
    if choice.tls is None:
        return None
    ca, certificate, key = map(str, (choice.tls.ca, choice.tls.certificate, choice.tls.key))
    roles = {
        f"tls_{role}_{what}": value
        for role in ("scheduler", "worker", "client")
        for what, value in (("cert", certificate), ("key", key))
    }
    return Security(tls_ca_file=ca, require_encryption=True, **roles)


def _started(choice: ClusterChoice, security: Any) -> Any:
    if choice.kind == "address":
        return None
    # A worker that ends costs a try at once: whether it is tried again is decided by the driver,
    # which knows what had begun.
    scheduler = {"allowed_failures": 0}
    if choice.kind == "local":
        return LocalCluster(
            n_workers=choice.jobs or os.cpu_count() or 1,
            threads_per_worker=1,
            resources={GPU: 1} if choice.gpus else None,
            # What a run needs is in processes of its own, which Dask does not see.
            memory_limit=None,
            # Any port: of two clusters of one machine the second would warn of the first one's.
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs=scheduler,
            security=security,
            silence_logs=logging.CRITICAL,
            local_directory=None if choice.folder is None else str(choice.folder),
        )
    from dask_jobqueue import SLURMCluster

    try:
        return SLURMCluster(
            **slurm_options(choice),
            scheduler_options={"dashboard_address": ":0", **scheduler},
            security=security,
            protocol="tcp://" if security is None else "tls://",
            silence_logs=logging.CRITICAL,
        )
    except (ValueError, TypeError) as error:
        what = " ".join(str(error).split())
        raise XbenchError(
            f"--cluster slurm: {what}; give cores and memory in a .yml file, or in the "
            "configuration of dask-jobqueue"
        ) from error


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


def _client(choice: ClusterChoice, cluster: Any, security: Any) -> Client:
    try:
        client = Client(
            choice.address if cluster is None else cluster,
            security=security,
            timeout=_CONNECT_SECONDS,
            set_as_default=False,
        )
    except (OSError, ValueError, TypeError) as error:
        what = " ".join(str(error).split())
        raise XbenchError(
            f"--cluster {choice.address or choice.kind}: cannot be reached ({what}); is the "
            "scheduler running, and the address right?"
        ) from error
    return client
