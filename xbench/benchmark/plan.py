"""Expand a task into its runs, and give each run a name that changes with all it depends on.

Runs that one explanation can serve are one unit of work. Targets that are known only once there are
data (a cell type's most expressed genes) get their names here.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from xbench.benchmark.task import MethodSpec, TargetGroup, Task
from xbench.data.dataset import Dataset
from xbench.data.known_links import KnownFile
from xbench.errors import XbenchError, unknown_name
from xbench.registry.find import entries
from xbench.registry.scan import Entry
from xbench.utils.seeds import derive_seed

# Raised by hand with any change of xbench itself (mask operator, say) that changes results.
RESULTS_VERSION = 1
# Every run is planned and named before the first one begins.
MOST_RUNS = 1_000_000


@dataclass(frozen=True)
class RunKey:
    """What one run is asked; one run is one point of the task's grid.

    Parameters
    ----------
    task, task_version
        Of the task.
    cell_type, target
        The population and the output explained.
    method, method_name, parameters
        Label in tables; name in the registry; parameters of the method.
    L, repetition, seed
        Size of the subset; repetition, from 0; the seed, which does not depend on L.
    perturbation, objective, split, budget_seconds, budget_evaluations, beta
        As the task says: the result depends on them too.
    metrics
        What the selection is scored by. Another metric is no other run: it can be computed on a
        stored selection.
    division
        Seed of this repetition's division of the cells that are not for the test into training
        and validation ones (`xbench.data.splits.divided_anew`); None for the dataset's own.
    window
        Base pairs round the start of the target's gene that features are chosen in; None for all.
    known
        Known links the selection is compared with (`xbench.data.known_links.KnownFile`).

    Examples
    --------
    >>> from xbench.benchmark.task import load_task
    >>> key = expand(load_task("quick"))[0]
    >>> key.method, key.cell_type, key.target, key.L, key.repetition
    ('random', '8', '3', 16, 0)
    """

    task: str
    task_version: int
    cell_type: str
    target: str
    method: str
    method_name: str
    # Left out of the hash alone, since a dict has none; equality compares it.
    parameters: dict[str, Any] = field(hash=False)
    L: int
    repetition: int
    seed: int
    perturbation: float | str
    objective: str
    split: str
    metrics: tuple[str, ...]
    budget_seconds: float | None = None
    budget_evaluations: int | None = None
    beta: float | None = None
    division: int | None = None
    window: int | None = None
    known: tuple[KnownFile, ...] = ()


def expand(
    task: Task,
    *,
    methods: Sequence[str | MethodSpec] | None = None,
    subset_sizes: Sequence[int] | None = None,
    repetitions: int | None = None,
) -> list[RunKey]:
    """List the runs of a task: target by target, then method, L, repetition.

    Parameters
    ----------
    task
        The task.
    methods
        Instead of the task's methods: a label of the task; a name (every method of the task with
        that name, else the registered method with its defaults); or a `MethodSpec`.
    subset_sizes, repetitions
        Instead of the task's.

    Raises
    ------
    XbenchError
        For an unknown method, a subset size or a number of repetitions below 1, anything given
        twice.

    Examples
    --------
    >>> from xbench.benchmark.task import load_task
    >>> task = load_task("table1")
    >>> len(expand(task))  # 16 targets, 8 methods, 2 subset sizes, 5 repetitions
    1280
    >>> len(expand(task, methods=["saliency"], subset_sizes=[10], repetitions=1))
    16
    """
    specs = task.methods if methods is None else choose_methods(task, methods)
    sizes = task.subset_sizes if subset_sizes is None else list(subset_sizes)
    count = task.repetitions if repetitions is None else repetitions
    _check_once("method", [spec.label for spec in specs])
    _check_once("subset size L", sizes)
    if min(sizes, default=0) < 1:
        raise XbenchError(f"subset sizes {sizes}: give at least one, each at least 1")
    if count < 1:
        raise XbenchError(f"repetitions {count}: give at least 1")
    outputs = sum(len(group.outputs) or (group.most_expressed or 0) for group in task.targets)
    runs = outputs * len(specs) * len(sizes) * count
    if runs > MOST_RUNS:
        raise XbenchError(
            f"task {task.name}: {runs:,} runs are more than one start can plan ({MOST_RUNS:,}); "
            "ask for fewer repetitions, methods or targets"
        )
    return [
        run_key(task, group.cell_type, output, spec, size, repetition)
        for group in task.targets
        for output in group.outputs
        for spec in specs
        for size in sizes
        for repetition in range(count)
    ]


def run_id(
    key: RunKey,
    dataset_digest: str,
    surrogate_digest: str,
    method_version: int = 1,
    device: str = "cpu",
) -> str:
    """Return 16 hex digits that name a run: equal where everything it depends on is equal.

    Parameters
    ----------
    key
        What the run is asked; every field counts but the metrics.
    dataset_digest, surrogate_digest
        What it is asked of.
    method_version
        Version that the method declares. Its source code does not count: whoever changes the code
        says whether results change (`xbench.benchmark.checks` warns).
    device
        Where it is computed: sums in another order are other numbers.

    Examples
    --------
    >>> from xbench.benchmark.task import load_task
    >>> key = expand(load_task("quick"))[0]
    >>> run_id(key, "data", "model", 1) == run_id(key, "data", "model", 2)
    False
    """
    on = [dataset_digest, surrogate_digest, method_version, device, RESULTS_VERSION]
    asked = asdict(key) | {"known": sorted(file.digest for file in key.known) or None}
    del asked["metrics"]
    # So that a new one of these leaves the ids of runs without it as they are.
    for name in ("beta", "budget_seconds", "budget_evaluations", "division", "window", "known"):
        if asked[name] is None:
            del asked[name]
    text = json.dumps([asked, on], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def run_key(
    task: Task, cell_type: str, output: str, spec: MethodSpec, size: int, repetition: int
) -> RunKey:
    """Return what one run of a task is asked.

    Examples
    --------
    >>> from xbench.benchmark.task import MethodSpec, load_task
    >>> run_key(load_task("quick"), "8", "3", MethodSpec(name="random"), 16, 0).method_name
    'random'
    """
    return RunKey(
        task=task.name,
        task_version=task.version,
        cell_type=cell_type,
        target=output,
        method=spec.label,
        method_name=spec.name,
        parameters=dict(spec.parameters),
        L=size,
        repetition=repetition,
        seed=derive_seed(task.name, cell_type, output, spec.label, repetition),
        perturbation=task.perturbation,
        objective=task.objective,
        split=task.split,
        metrics=tuple(task.metrics),
        budget_seconds=task.budget_seconds,
        budget_evaluations=task.budget_evaluations,
        beta=task.beta,
        division=repetition if task.repeats == "split" else None,
        window=task.window,
    )


def choose_methods(task: Task, wanted: Sequence[str | MethodSpec]) -> list[MethodSpec]:
    """Turn labels and names into methods, as `expand` does.

    Raises
    ------
    XbenchError
        For an unknown name, or where nothing is wanted.

    Examples
    --------
    >>> from xbench.benchmark.task import load_task
    >>> [spec.label for spec in choose_methods(load_task("quick"), ["grids"])]
    ['grids']
    """
    chosen: list[MethodSpec] = []
    for one in wanted:
        chosen += [one] if isinstance(one, MethodSpec) else _named(task, one)
    if not chosen:
        raise XbenchError(f"task {task.name}: no method chosen; give at least one")
    return chosen


def _named(task: Task, name: str) -> list[MethodSpec]:
    """Return the methods that a text means: by label, by name, or from the registry."""
    found = [spec for spec in task.methods if spec.label == name]
    found = found or [spec for spec in task.methods if spec.name == name]
    if found:
        return found
    registered = [entry.name for entry in entries("method")]
    if name not in registered:
        raise unknown_name("method", name, [*task.method_labels, *registered])
    return [MethodSpec(name=name)]


def _check_once(what: str, values: Sequence[object]) -> None:
    twice = sorted({str(value) for value in values if list(values).count(value) > 1})
    if twice:
        raise XbenchError(f"{what} {', '.join(twice)} is given twice; keep one")


@dataclass(frozen=True)
class FoundMethod:
    """Where a method is found, and what its code is.

    Parameters
    ----------
    entry
        Where its class is found.
    version
        As it declares.
    digest
        Of its source files (`xbench.registry.find.source_files`).
    """

    entry: Entry
    version: int
    digest: str


@dataclass(frozen=True)
class WorkUnit:
    """Runs that differ only in L, so that one nested explanation can serve them all.

    Parameters
    ----------
    keys
        The runs, largest L first.
    run_ids
        Of the runs, in the same order.
    method
        Where the method's class is found.
    method_version, method_digest
        The version that it declares; of its source files.
    timeout_seconds
        Limit of one explanation; None for none.
    """

    keys: tuple[RunKey, ...]
    run_ids: tuple[str, ...]
    method: Entry
    method_version: int
    method_digest: str
    timeout_seconds: float | None = None

    def without(self, run_ids: Collection[str]) -> "WorkUnit":
        """Return the unit without some of its runs."""
        left = [
            pair for pair in zip(self.keys, self.run_ids, strict=True) if pair[1] not in run_ids
        ]
        keys, ids = zip(*left, strict=True)
        return replace(self, keys=keys, run_ids=ids)


def units(
    keys: Sequence[RunKey],
    run_ids: Sequence[str],
    methods: dict[str, FoundMethod],
    timeout_seconds: float | None = None,
) -> list[WorkUnit]:
    """Group runs that differ only in L, all of one repetition before any of the next.

    What is ended early has whole tables then. In a repetition the order is that of the first runs.

    Parameters
    ----------
    keys, run_ids
        The runs.
    methods
        By registered name.
    """
    groups: dict[tuple[str, str, str, int], list[tuple[RunKey, str]]] = {}
    for key, run_id in zip(keys, run_ids, strict=True):
        group = (key.cell_type, key.target, key.method, key.repetition)
        groups.setdefault(group, []).append((key, run_id))
    result = []
    for members in groups.values():
        members.sort(key=lambda member: -member[0].L)
        ordered, ids = zip(*members, strict=True)
        found = methods[ordered[0].method_name]
        code = (found.entry, found.version, found.digest)
        result.append(WorkUnit(ordered, ids, *code, timeout_seconds))
    return sorted(result, key=lambda unit: unit.keys[0].repetition)


def most_expressed(dataset: Dataset, cell_type: str, count: int) -> list[str]:
    """Return the genes of highest mean measured expression in a type's training cells.

    Test cells have no say: they judge what is found for these genes.

    Parameters
    ----------
    dataset
        With expression in log1p units.
    cell_type
        A cell type or an alias of one.
    count
        How many; all where there are fewer.

    Returns
    -------
    list of str
        Highest first; of equal means the one that comes first in the data.

    Raises
    ------
    XbenchError
        For a dataset of classes.

    Examples
    --------
    >>> import xbench
    >>> cells = xbench.load_dataset("simulated-multiome-small")
    >>> len(most_expressed(cells, "VIP", 3))
    3
    """
    if dataset.Y is None:
        raise XbenchError(f"{dataset.name}: has classes, no expression; name the outputs instead")
    rows = dataset.rows(cell_type, "train")
    means = np.asarray(dataset.Y[rows].mean(axis=0)).ravel()
    highest = np.argsort(-means, kind="stable")[:count]
    return [str(dataset.output_features.names[index]) for index in highest]


def with_named_outputs(task: Task, dataset: Dataset) -> Task:
    """Return the task with every group's outputs named, `most_expressed` ones looked up.

    Raises
    ------
    XbenchError
        For a group of a type that the data do not have.
    """
    groups = [
        group
        if group.most_expressed is None
        else TargetGroup(
            cell_type=group.cell_type,
            outputs=most_expressed(dataset, group.cell_type, group.most_expressed),
        )
        for group in task.targets
    ]
    return task.model_copy(update={"targets": groups})
