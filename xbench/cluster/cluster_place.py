"""A cluster as a place where runs are carried out, connected to when there is something to do."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from xbench.benchmark.plan import WorkUnit
from xbench.benchmark.request import RunContext, RunsTold
from xbench.cluster.cluster_choice import ClusterChoice
from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.results.leases import Claims
from xbench.results.record import Record
from xbench.results.store import ResultStore
from xbench.surrogates.obtain import place_of
from xbench.surrogates.own_model import ModelChoice
from xbench.utils.progress import SILENT, Progress

if TYPE_CHECKING:
    from xbench.cluster.dask_executor import DaskExecutor


class ClusterPlace:
    """What ``--cluster`` gives a request: see `xbench.benchmark.request.Elsewhere`.

    A typing mistake is found before any job is submitted, and a store that has all runs already
    starts none. Leaving the ``with`` block ends what was started.

    Parameters
    ----------
    choice
        Which cluster, or the text of ``--cluster``.
    jobs
        How many jobs or local workers, instead of what the choice says.
    progress
        Told what is waited for.

    Raises
    ------
    XbenchError
        Where the text means nothing, certificates are wrong, or Dask is missing.

    Examples
    --------
    >>> with ClusterPlace("local", jobs=2) as place:
    ...     place.check_request("cpu", 2)
    """

    def __init__(
        self,
        choice: ClusterChoice | str,
        *,
        jobs: int | None = None,
        progress: Progress = SILENT,
    ) -> None:
        self.choice = ClusterChoice.of(choice) if isinstance(choice, str) else choice
        self._jobs, self._progress = jobs, progress
        self._stack = ExitStack()
        self._made: DaskExecutor | None = None
        if self.choice.tls is not None:
            self.choice.tls.check()
        needed = ["distributed", *(["dask_jobqueue"] if self.choice.kind == "slurm" else [])]
        for name in needed:
            if find_spec(name) is None:
                raise XbenchError(
                    f"--cluster: {name} is missing; pip install 'xbench-explain[cluster]'"
                )

    def __enter__(self) -> "ClusterPlace":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def executor(self) -> "DaskExecutor":
        """Return what carries out work there, connecting to the cluster the first time."""
        if self._made is None:
            # Imported here: Dask takes a second, and whoever has nothing to do does not wait.
            from xbench.cluster.connect import connected
            from xbench.cluster.dask_executor import DaskExecutor

            reached = connected(self.choice, jobs=self._jobs, progress=self._progress)
            self._made = DaskExecutor(self._stack.enter_context(reached))
        return self._made

    def check_request(self, device: str, jobs: int | None) -> None:
        """Refuse a device that no worker can have, and a number of jobs that cannot be.

        Raises
        ------
        XbenchError
            See above.
        """
        if jobs is not None and jobs < 1:
            raise XbenchError(f"jobs {jobs}: give at least 1")
        if device not in ("cpu", "cuda"):
            raise XbenchError(f"device {device!r}: must be one of: cpu, cuda")
        if device == "cuda" and self.choice.kind != "address" and not self.choice.gpus:
            raise XbenchError("device 'cuda': the cluster has none; give 'gpus:' in its .yml file")

    def train(self, dataset: Dataset, name: str | None, **options: Any) -> None:
        """Train a surrogate on a worker, where it is not in this machine's cache."""
        names = ("split", "seed", "settings")
        asked = {one: options[one] for one in names if one in options}
        folder = options.get("folder")
        folder = folder or place_of(dataset, name or dataset.default_surrogate, **asked)
        if options.get("again") or not folder.exists():
            self.executor().train(dataset, name, **options)

    def analyse(
        self,
        store: ResultStore,
        names: Sequence[str],
        dataset: Dataset,
        models: tuple[Path | ModelChoice, Path | ModelChoice | None],
        records: Sequence[Record],
    ) -> None:
        """Analyse runs there, each analysis as one task; keep what is found in the store."""
        if names and records:
            self.executor().analyse(store, names, dataset, models, records)

    def carry_out(
        self,
        context: RunContext,
        dataset: Dataset,
        units: Sequence[WorkUnit],
        told: RunsTold,
        claims: Claims,
    ) -> Iterator[tuple[WorkUnit, list[Record]]]:
        """Yield each unit with its records, stored here, as they come."""
        return self.executor().carry_out(context, dataset, units, told, claims)
