"""``--cluster`` of commands that work on Dask, and ``xbench cluster check``."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from xbench.benchmark.request import Request
from xbench.cli.printing import say
from xbench.cli.progress_bars import ShownProgress
from xbench.data.load import DataChoice
from xbench.errors import XbenchError
from xbench.utils.progress import Progress
from xbench.utils.text import plain, size_text

if TYPE_CHECKING:
    from xbench.cluster.cluster_choice import ClusterChoice
    from xbench.cluster.connect import Connection
    from xbench.cluster.worker_check import Sight

_LOOK_SECONDS = 1.0


@contextmanager
def on_cluster(cluster: str | None, request: Request, progress: Progress) -> Iterator[Request]:
    """Give a request the cluster that is asked for, and end what was started for it.

    Parameters
    ----------
    cluster
        The text of ``--cluster``; the request stays as it is where None.
    """
    if cluster is None:
        yield request
        return
    # Imported here: who uses no cluster needs nothing of this.
    from xbench.cluster.cluster_place import ClusterPlace

    with ClusterPlace(cluster, jobs=request.jobs, progress=progress) as place:
        yield replace(request, elsewhere=place, progress=progress)


def check_and_show(cluster: str, data: DataChoice, *, jobs: int | None, wait: float) -> None:
    """Print what each worker sees; exit code 2 where one is not fit for runs.

    Parameters
    ----------
    cluster
        As ``--cluster`` has it.
    data
        Looked for in each worker's cache; nothing where none is named.
    jobs
        How many jobs or local workers.
    wait
        Seconds after which no further workers are waited for.

    Raises
    ------
    XbenchError
        Where there is no worker, or Dask is missing.
    """
    from xbench.cluster.cluster_place import ClusterPlace

    chosen = None if data == DataChoice() else data.load()
    with (
        ShownProgress(Console(stderr=True)) as progress,
        ClusterPlace(cluster, jobs=jobs, progress=progress) as place,
    ):
        executor = place.executor()
        # Imported here: they need Dask, which has to be there by now.
        from xbench.cluster.worker_check import look_at_workers, look_here, problems

        _await_workers(executor.connection, wait)
        parcels = [] if chosen is None else [executor.data(chosen)]
        sights = look_at_workers(executor.connection, parcels)
        driver = look_here(parcels)
        wrong = list(dict.fromkeys(line for one in sights for line in problems(driver, one)))
    if not sights:
        raise XbenchError(
            f"--cluster {cluster}: no worker came in {wait:g} s; {_what_to_do(place.choice)}, or "
            "wait longer: --wait"
        )
    _print_sights([driver, *(one for one in sights if not isinstance(one, str))])
    if wrong:
        raise XbenchError("; ".join(wrong))
    count = "1 worker is" if len(sights) == 1 else f"{len(sights)} workers are"
    say(f"{count} fit for runs")


def _what_to_do(choice: "ClusterChoice") -> str:
    if choice.kind == "address":
        certificates = " --tls-ca-file ..." if choice.tls is not None else ""
        return f"start one: 'dask worker {choice.address}{certificates}'"
    return "look at the queue (squeue)" if choice.kind == "slurm" else "is the machine busy?"


def _await_workers(connection: "Connection", wait: float) -> None:
    """Wait for the first worker, and then for as many as were asked for, as long as allowed."""
    end = time.monotonic() + wait
    asked = connection.choice.jobs or 1
    while len(connection.workers()) < asked and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)


def _print_sights(sights: "Sequence[Sight]") -> None:
    headings = ("", "machine", "xbench", "sources", "python", "torch", "numpy", "anndata")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in (*headings, "threads", "GPU", "cache", "free", "data"):
        table.add_column(heading, overflow="fold")
    for one in sights:
        role = one.address or "driver"
        versions = [one.versions[name] for name in ("python", "torch", "numpy", "anndata")]
        data = ["here" if there else "to be sent" for there in one.parcels.values()]
        cells = [role, one.machine, one.versions["xbench"], one.source[:8], *versions]
        cells += [str(one.threads), str(one.gpus or "–"), one.cache]
        cells += ["–" if one.free is None else size_text(one.free), data[0] if data else "–"]
        table.add_row(*(escape(plain(cell)) for cell in cells))
    Console(width=200).print(table)
