"""What a request means, resolved once: its task, methods, data, runs and surrogate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xbench.benchmark.checks import check_fit, check_keys, check_machine, check_parameters
from xbench.benchmark.known import check_known
from xbench.benchmark.plan import RunKey, choose_methods, expand, with_named_outputs
from xbench.benchmark.request import Request
from xbench.benchmark.task import MethodSpec, TargetGroup, Task, check_name, load_task
from xbench.data.dataset import Dataset
from xbench.data.known_links import KnownFile
from xbench.data.load import DataChoice
from xbench.data.splits import HALVES
from xbench.errors import XbenchError
from xbench.registry.find import entries, find, methods_from_file
from xbench.registry.plugins import in_use
from xbench.registry.scan import Entry
from xbench.results.store import ResultStore
from xbench.surrogates.checkpoint import OpenedSurrogate
from xbench.surrogates.obtain import check_seed, obtain, opened_or_obtained
from xbench.surrogates.own_model import ModelChoice


@dataclass(frozen=True)
class Asked:
    """A request whose names are resolved; no data have been read yet.

    Parameters
    ----------
    request
        As it was made.
    task
        With what is asked for in the place of what the task says.
    specs
        The methods that run; the task's where None.
    entries
        Where each method is found, by its registered name.
    data
        Which data, and how they are read.
    known
        Files of known links, with the digests of their content.
    declaration
        The task as TOML, where it was made for these data.
    """

    request: Request
    task: Task
    specs: list[MethodSpec] | None
    entries: dict[str, Entry]
    data: DataChoice
    known: tuple[KnownFile, ...] = ()
    declaration: str = ""

    def keys(self, task: Task) -> list[RunKey]:
        """List the runs of a task in which every output has its name."""
        request = self.request
        keys = expand(
            task,
            methods=self.specs,
            subset_sizes=request.subset_sizes,
            repetitions=request.repetitions,
        )
        return [replace(key, known=self.known) for key in keys] if self.known else keys


@dataclass(frozen=True)
class Plan:
    """All that a start of runs needs: what is asked, the data, the runs, the surrogate.

    Parameters
    ----------
    asked
        The request.
    dataset
        As read.
    keys
        Every run, those finished before included.
    surrogate, checkpoint
        The surrogate that is explained, and where it was opened from.
    judge
        Where the surrogate that judges the selections is opened from; None where none does.
    """

    asked: Asked
    dataset: Dataset
    keys: list[RunKey]
    surrogate: OpenedSurrogate
    checkpoint: Path | ModelChoice
    judge: Path | None = None


def ask(request: Request, task: Task | None = None) -> Asked:
    """Resolve the names of a request, and refuse what can only be a mistake.

    Parameters
    ----------
    request
        What is asked for.
    task
        Instead of the one that the request names.

    Raises
    ------
    XbenchError
        An unknown task, method, parameter or device, or anything given twice.

    Examples
    --------
    >>> asked = ask(Request("quick", methods=["grids"]))
    >>> asked.data.name, list(asked.entries)
    ('mnist-binary', ['grids'])
    """
    if task is None:
        task = load_task(request.task)
        check_name(request.task, task.name)
    if request.model is not None and (request.checkpoint or request.surrogate):
        raise XbenchError("a model of your own is explained as it is: leave out the surrogate")
    if request.checkpoint is not None and (request.surrogate or request.surrogate_seed):
        raise XbenchError(
            f"{request.checkpoint}: is a surrogate that is trained; leave out the name and the "
            "seed of another one"
        )
    specs, entries = _methods(task, request)
    task = _as_asked(task, request)
    # Absolute, since a method may change the current folder.
    data = request.data.or_of(task.dataset).absolute()
    known = tuple(KnownFile.of(path) for path in task.known)
    asked = Asked(request, task, specs, entries, data, known)
    asked.keys(task)  # What is asked in vain is better known before the data are read.
    if request.elsewhere is None:
        check_machine(request.device, request.jobs)
    else:
        request.elsewhere.check_request(request.device, request.jobs)
    check_seed(request.surrogate_seed)
    check_parameters(task, specs if specs is not None else task.methods, entries)
    return asked


def checked_keys(asked: Asked, dataset: Dataset, *, explicit: bool) -> list[RunKey]:
    """List the runs that are asked for; refuse what the data cannot answer, before any training.

    Parameters
    ----------
    asked, dataset
        What is asked for, of which data.
    explicit
        Whether the user named the targets: then one that is not there is an error.

    Raises
    ------
    XbenchError
        Where data, task and known links do not fit together.
    """
    check_fit(asked.task, dataset)
    task = _split_as_data_have_it(asked.task, dataset) if explicit else asked.task
    keys = asked.keys(with_named_outputs(task, dataset))
    check_keys(dataset, keys, explicit=explicit)
    for line in check_known(dataset, keys):
        asked.request.progress.said(line)
    return keys


def make_plan(
    asked: Asked, store: ResultStore, read: Callable[[DataChoice], Dataset] = DataChoice.load
) -> Plan:
    """Read the data, list the runs, and obtain the surrogate, which may have to be trained.

    Parameters
    ----------
    asked
        What is asked for.
    store
        Made before a training, which takes long, but after a checkpoint is found to be one.
    read
        Reads data; whoever plans several tasks gives a function that remembers them.

    Raises
    ------
    XbenchError
        Where the data, the task and the surrogate do not fit together.
    """
    request, task = asked.request, asked.task
    dataset = read(asked.data)
    keys = checked_keys(asked, dataset, explicit=bool(request.targets))
    if request.checkpoint is None and request.model is None:
        store.prepare()
    train_elsewhere(request, dataset, task.surrogate, task.split, request.surrogate_seed)
    surrogate, checkpoint = opened_or_obtained(
        dataset,
        request.model,
        task.surrogate,
        checkpoint=request.checkpoint,
        split=task.split,
        seed=request.surrogate_seed,
        progress=request.progress,
    )
    judge = None
    if task.judge:
        # Another seed, other cells: what both surrogates answer is not one network's own word.
        seed = request.surrogate_seed + 1
        train_elsewhere(request, dataset, surrogate.name, HALVES[1], seed)
        other, judge = obtain(
            dataset, surrogate.name, split=HALVES[1], seed=seed, progress=request.progress
        )
        if other.digest == surrogate.digest:
            what = "would judge itself: its training depends on no seed and no cells"
            raise XbenchError(f"surrogate {surrogate.name}: {what}; leave out the judge")
    store.prepare()
    return Plan(asked, dataset, keys, surrogate, checkpoint, judge)


def train_elsewhere(
    request: Request, dataset: Dataset, name: str | None, split: str, seed: int
) -> None:
    """Let a surrogate be trained where runs are carried out, if that is elsewhere."""
    trained = request.checkpoint is None and request.model is None
    if request.elsewhere is not None and trained:
        request.elsewhere.train(dataset, name, split=split, seed=seed, progress=request.progress)


def _methods(task: Task, request: Request) -> tuple[list[MethodSpec] | None, dict[str, Entry]]:
    """Which methods run, and where each is found by its registered name."""
    found = [entry for path in request.method_files for entry in methods_from_file(path)]
    found = list(dict.fromkeys((*found, *in_use("method"))))
    files = {entry.name: entry for entry in found}
    if len(files) < len(found):
        raise XbenchError(f"two of the methods in {', '.join(request.method_files)} share a name")
    declared = {spec.name for spec in task.methods}
    specs: list[MethodSpec] | None = None
    if request.methods is not None:
        # Methods of the files run anyway, so that naming one of them too is no mistake.
        names = [name for name in request.methods if name not in files]
        specs = choose_methods(task, names) if names or not files else []
        chosen = {spec.name for spec in specs}
        specs += _as_declared(task, [name for name in files if name not in chosen])
    elif files:
        # A task that names a method of them is about them, and runs as it is declared.
        specs = list(task.methods) if declared & files.keys() else []
        specs += [MethodSpec(name=name) for name in files if name not in declared]
    wanted = {spec.name for spec in (specs if specs is not None else task.methods)}
    clash = sorted(name for name in files if _is_registered(files[name]))
    if clash:
        raise XbenchError(
            f"{files[clash[0]].location}: method {clash[0]!r} has the name of a registered one; "
            "rename it"
        )
    return specs, {name: files.get(name) or find("method", name) for name in sorted(wanted)}


def _as_declared(task: Task, names: Sequence[str]) -> list[MethodSpec]:
    """Return methods with the labels and parameters that a task gives them, if it does."""
    return [
        spec
        for name in names
        for spec in [one for one in task.methods if one.name == name] or [MethodSpec(name=name)]
    ]


def _as_asked(task: Task, request: Request) -> Task:
    """Put what is asked for in the place of what the task says."""
    asked: dict[str, object] = {
        "targets": _target_groups(request.targets) if request.targets else None,
        "budget_seconds": request.budget_seconds,
        "budget_evaluations": request.budget_evaluations,
        "surrogate": request.surrogate,
        "window": request.window,
        "known": list(request.known) or None,
    }
    if isinstance(request.budget_seconds, int):
        # 600 and 600.0 are one budget, and name one run.
        asked["budget_seconds"] = float(request.budget_seconds)
    for name in ("budget_seconds", "budget_evaluations"):
        limit = asked[name]
        # NaN is above nothing: a budget of it would never be spent.
        if isinstance(limit, int | float) and not limit > 0:
            raise XbenchError(f"{name} {getattr(request, name)}: must be above 0")
    if request.judge or task.judge:
        if request.checkpoint is not None or request.model is not None:
            raise XbenchError(
                "a judge shares no training cell with the surrogate, which cannot be known of a "
                "checkpoint or a model of your own; leave out that or the judge"
            )
        asked |= {"judge": True, "split": HALVES[0]}
    return task.model_copy(update={name: one for name, one in asked.items() if one is not None})


def _is_registered(entry: Entry) -> bool:
    """Whether another method has the name of one that the user points to."""
    return any(one.name == entry.name and one != entry for one in entries("method"))


def _split_as_data_have_it(task: Task, dataset: Dataset) -> Task:
    """Return the task with ``Micro:HLA:A`` split where a cell type ends: genes may have colons."""
    names = set(map(str, dataset.output_features.names))
    groups: dict[str, list[str]] = {}
    for group in task.targets:
        for output in group.outputs:
            parts = [*group.cell_type.split(":"), *output.split(":")]
            splits = [(":".join(parts[:at]), ":".join(parts[at:])) for at in range(1, len(parts))]
            known = [pair for pair in splits if pair[1] in names and _is_type(dataset, pair[0])]
            if not known:
                _refuse_several_in_one(f"{group.cell_type}:{output}")
            cell_type, name = known[0] if known else (group.cell_type, output)
            groups.setdefault(cell_type, []).append(name)
    split = [TargetGroup(cell_type=one, outputs=outputs) for one, outputs in groups.items()]
    return task.model_copy(update={"targets": split})


def _refuse_several_in_one(target: str) -> None:
    """Say that targets are not listed by comma, as methods are: names of genes may have commas."""
    several = target.split(",")
    if len(several) > 1 and all(":" in one for one in several):
        raise XbenchError(
            f"target {target!r}: several in one; give each by itself, --target once for each"
        )


def _is_type(dataset: Dataset, name: str) -> bool:
    try:
        dataset.resolve_cell_type(name)
    except XbenchError:
        return False
    return True


def _target_groups(targets: Sequence[str]) -> list[TargetGroup]:
    """Turn ``CELL_TYPE:OUTPUT`` texts into the form of a task."""
    groups: dict[str, list[str]] = {}
    for text in targets:
        cell_type, separator, output = text.rpartition(":")
        if not (separator and cell_type and output):
            raise XbenchError(f"target {text!r}: must be CELL_TYPE:OUTPUT, such as VIP:GAD1")
        outputs = groups.setdefault(cell_type, [])
        if output in outputs:
            raise XbenchError(f"target {text!r} is given twice; keep one")
        outputs.append(output)
    return [TargetGroup(cell_type=name, outputs=outputs) for name, outputs in groups.items()]
