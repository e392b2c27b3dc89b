"""A Dask client of the cluster that is asked for, for as long as it is needed.

The one file that starts anything of Dask. What was started here (workers, Slurm jobs) ends with
the ``with`` block, whatever ends that; jobs of a driver that was killed end by themselves when
their workers have not heard of it for a minute.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any

from distributed import Client, Future, LocalCluster
from distributed.comm import connect
from distributed.security import Security
from distributed.utils import LoopRunner

from xbench.cluster.cluster_choice import GPU, ClusterChoice
from xbench.cluster.slurm_jobs import SlurmJobs, slurm_options
from xbench.errors import XbenchError
from xbench.utils.progress import SILENT, Progress

_LOG = logging.getLogger(__name__)
_CONNECT_SECONDS = 20


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
    jobs
        Of Slurm, that workers are.
    """

    client: Client
    choice: ClusterChoice
    cluster: Any = None
    jobs: SlurmJobs | None = None

    def workers(self) -> dict[str, dict[str, Any]]:
        """Return what the scheduler knows of each worker, by address.

        Raises
        ------
        XbenchError
            Where the scheduler is gone.
        """
        self.check()
        known = self.client.scheduler_info(n_workers=-1)
        # It may have been given up while it was asked, and then nothing is known.
        self.check()
        found: dict[str, dict[str, Any]] = known["workers"]
        return found

    def slots(self, device: str) -> int:
        """Return how many units can be carried out at once on a device."""
        if device == "cpu":
            return sum(one["nthreads"] for one in self.workers().values())
        return sum(
            min(one["nthreads"], int(one.get("resources", {}).get(GPU, 0)))
            for one in self.workers().values()
        )

    def submit(self, what: Any, *given: Any, cuda: bool = False, key: str | None = None) -> Future:
        """Hand out one task: a function of a module, and what it is given.

        Parameters
        ----------
        cuda
            Whether it needs a GPU.
        key
            Its name; any where None.

        Raises
        ------
        XbenchError
            Where the scheduler is gone.
        """
        self.check()
        resources = {GPU: 1} if cuda else None
        future: Future = self.client.submit(
            what, *given, key=key, pure=False, retries=0, resources=resources
        )
        return future

    def check(self) -> None:
        """Find out whether the scheduler is still there.

        Raises
        ------
        XbenchError
            Where it was lost, and did not come back in time.
        """
        if self.client.status in ("closing", "closed"):
            raise XbenchError(
                f"{self.choice}: the connection to the scheduler was lost, and did not come back "
                f"in {_CONNECT_SECONDS} s; finished runs are kept: start again when it is there"
            )

    def ask_for_jobs(self) -> None:
        """Ask for the jobs that are missing, such as those whose walltime is over."""
        if self.jobs is not None:
            self.jobs.ask_again(len(self.workers()))


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
    cluster = None
    try:
        with _interrupts_kept_from_workers():
            cluster = _started(choice, security)
        client = _client(choice, cluster, security)
        try:
            jobs_of = None
            if choice.kind == "slurm":
                jobs_of = SlurmJobs(cluster, choice.jobs or 1)
                jobs_of.ask()
            yield Connection(client, choice, cluster, jobs_of)
        finally:
            client.close()
    finally:
        if cluster is not None:
            _LOG.info("the workers that were started are told to end")
            cluster.close()


@contextmanager
def _interrupts_kept_from_workers() -> Iterator[None]:
    """Let what is started meanwhile, and all that it starts later, hear no Ctrl-C.

    A terminal sends it to every process of a command. It is for this one, which tells workers to
    end, and lets none of its commands to Slurm be cut off.
    """
    # It would be started by the first worker, and let interrupts through again.
    resource_tracker.ensure_running()
    # What a thread blocks is blocked in its threads and processes, also where one is replaced.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
    interrupted = signal.getsignal(signal.SIGINT)
    from dask_jobqueue import SLURMCluster

    if interrupted is not None and signal.getsignal(signal.SIGINT) is not interrupted:
        # Its import lets Ctrl-C end this program without a word, with exit code 0.
        signal.signal(signal.SIGINT, interrupted)
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


def _client(choice: ClusterChoice, cluster: Any, security: Any) -> Client:
    try:
        if cluster is None:
            _greet(choice.address, security)
        client = Client(
            choice.address if cluster is None else cluster,
            security=security,
            timeout=_CONNECT_SECONDS,
            set_as_default=False,
        )
    except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
        words = str(error) or str(error.__cause__ or type(error).__name__)
        what = " ".join(words.split())
        raise XbenchError(
            f"--cluster {choice.address or choice.kind}: cannot be reached ({what}); "
            f"{_what_to_look_at(choice)}"
        ) from error
    return client


def _greet(address: str, security: Any) -> None:
    """Connect to a scheduler, and part again.

    A client that cannot connect leaves half of itself behind, which is heard of at the exit.
    """
    given = (security or Security()).get_connection_args("client")

    async def greet() -> None:
        # The greeting itself has no limit there.
        comm = await asyncio.wait_for(
            connect(address, timeout=_CONNECT_SECONDS, **given), 2 * _CONNECT_SECONDS
        )
        await comm.close()

    runner = LoopRunner()
    runner.start()
    try:
        runner.run_sync(greet)
    finally:
        runner.stop()


def _what_to_look_at(choice: ClusterChoice) -> str:
    """Say what most likely keeps a client out."""
    if choice.tls is not None:
        return "is the scheduler running, and has it certificates of the same authority as 'tls:'?"
    if choice.address.startswith("tls://"):
        return "it wants certificates: give 'kind: address' and 'tls:' in a .yml file"
    return "is the scheduler running, and the address right? With certificates it is at tls://"
