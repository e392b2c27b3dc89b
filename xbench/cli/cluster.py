"""``--cluster`` of commands that work on Dask, and ``xbench cluster check``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from xbench.benchmark.request import Request
from xbench.utils.progress import Progress


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
