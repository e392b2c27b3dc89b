"""Whether workers are fit for runs, looked at before anything starts: ``xbench cluster check``."""

import os
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from xbench.cluster.cluster_choice import GPU
from xbench.cluster.connect import Connection
from xbench.cluster.parcel import Parcel, found
from xbench.cluster.portable import own_digest
from xbench.utils.files import cache_folder
from xbench.utils.provenance import versions

# Results, or whether anything can be read at all, depend on them; of the others it is told.
DECISIVE = ("numpy", "scipy", "torch", "anndata", "distributed", "cloudpickle")
TOLD = ("pandas", "h5py", "safetensors", "captum", "scikit-learn")


@dataclass(frozen=True)
class Sight:
    """What one machine sees.

    Parameters
    ----------
    machine, address
        Its name; the worker's address, empty for the driver.
    versions
        Of xbench, python and packages; "unknown" where one is missing.
    source
        Digest of xbench's own sources.
    cache, free
        The cache folder, and bytes free there; None where it cannot be written.
    parcels
        What is there of the parcels that were asked for, by name.
    threads, gpus
        Of the worker.
    """

    machine: str
    address: str
    versions: Mapping[str, str]
    source: str
    cache: str
    free: int | None
    parcels: Mapping[str, bool] = field(default_factory=dict)
    threads: int = 1
    gpus: int = 0


def look_here(parcels: Sequence[Parcel] = (), address: str = "") -> Sight:
    """Return what this machine sees; called on workers, and by the driver for itself."""
    folder = cache_folder()
    free: int | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError:
        pass
    return Sight(
        machine=platform.node(),
        address=address,
        versions={**{name: _version(name) for name in (*DECISIVE, *TOLD)}, **versions()},
        source=own_digest(),
        cache=str(folder),
        free=free,
        parcels={one.what: found(one) is not None for one in parcels},
        threads=os.cpu_count() or 1,
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def look_at_workers(connection: Connection, parcels: Sequence[Parcel] = ()) -> list[Sight | str]:
    """Return what each worker sees, or in words why it cannot say so."""
    info = connection.workers()
    answers = connection.client.run(look_here, list(parcels), on_error="return")
    sights: list[Sight | str] = []
    for address, said in sorted(answers.items()):
        if not isinstance(said, Sight):
            what = " ".join(f"{type(said).__name__}: {said}".split())
            sights.append(f"worker {address}: cannot import xbench or look around ({what})")
            continue
        of = info.get(address, {})
        more: dict[str, Any] = {
            "address": address,
            "threads": of.get("nthreads", 1),
            "gpus": int(of.get("resources", {}).get(GPU, 0)),
        }
        sights.append(Sight(**{**vars(said), **more}))
    return sights


def problems(driver: Sight, worker: Sight | str) -> list[str]:
    """Return what keeps a worker from runs, each with what to do; nothing where it is fit.

    Examples
    --------
    >>> here = look_here()
    >>> problems(here, here)
    []
    """
    if isinstance(worker, str):
        return [f"{worker}; install xbench there, as 'environment:' or 'python:' of the .yml say"]
    where, wrong = worker.machine or worker.address, []
    for name in ("xbench", "python", *DECISIVE):
        ours, theirs = driver.versions[name], worker.versions[name]
        if name == "python":
            ours, theirs = (text.rpartition(".")[0] for text in (ours, theirs))
        if theirs == "unknown":
            wrong.append(f"{where}: {name} is missing; install version {ours}")
        elif ours.partition("+")[0] != theirs.partition("+")[0]:
            wrong.append(
                f"{where}: has {name} {theirs}, the driver {ours}; install the same version on "
                "both, such as by -c constraints.txt"
            )
    if driver.source != worker.source:
        wrong.append(
            f"{where}: runs other xbench sources ({worker.source} and {driver.source} here); "
            "install the same commit on both"
        )
    if worker.free is None:
        wrong.append(
            f"{where}: the cache {worker.cache} cannot be written; set XBENCH_CACHE in "
            "'environment:' to a folder that can"
        )
    return wrong
