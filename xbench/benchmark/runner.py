"""`xbench.run`: from a task to its records."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import joblib

from xbench.benchmark.checks import check_fit, check_keys, check_machine, check_parameters
from xbench.benchmark.context import RunContext
from xbench.benchmark.plan import choose_methods, expand, run_id, units, with_named_outputs
from xbench.benchmark.request import Request
from xbench.benchmark.saved_tasks import check_name, keep_declaration
from xbench.benchmark.task import MethodSpec, TargetGroup, Task, load_task
from xbench.benchmark.workers import carry_out
from xbench.data.dataset import Dataset
from xbench.data.load import DataChoice
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchError
from xbench.registry.find import find, methods_from_file, source_digest
from xbench.registry.scan import Entry
from xbench.results.store import ResultStore
from xbench.surrogates.checkpoint import OpenedSurrogate, open_surrogate
from xbench.surrogates.training.trainer import train_surrogate

if TYPE_CHECKING:
    import pandas as pd


def run(
    task: str,
    *,
    dataset: str | None = None,
    data: str | os.PathLike[str] | None = None,
    labels: str | os.PathLike[str] | None = None,
    cell_type_key: str = "cell_type",
    binarize: bool = False,
    variable_genes: int | None = None,
    minimum_open_share: float | None = None,
    store: str | os.PathLike[str] | None = None,
    methods: Sequence[str] | None = None,
    method_files: Sequence[str] = (),
    targets: Sequence[str] | None = None,
    subset_sizes: Sequence[int] | None = None,
    repetitions: int | None = None,
    budget_seconds: float | None = None,
    budget_evaluations: int | None = None,
    surrogate: str | None = None,
    surrogate_seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    jobs: int | None = 1,
    device: str = "cpu",
) -> pd.DataFrame:
    """Run a task and return its records, one row a run.

    Parameters
    ----------
    task
        A name of ``xbench list tasks``, or a TOML file.
    dataset, data
        Other data than the task's: a registered name, or files of your own (see
        `xbench.load_dataset`).
    labels, cell_type_key, binarize, variable_genes, minimum_open_share
        What is to be made of them; see `xbench.data.read_options.ReadOptions`.
    store
        Folder of the results; finished runs in it are not run again. A temporary one where None.
    methods, method_files, targets, subset_sizes, repetitions
        Instead of the task's; a target is ``"CELL_TYPE:OUTPUT"``.
    budget_seconds, budget_evaluations, surrogate
        Instead of the task's; a method whose budget is spent is asked for its best so far.
    surrogate_seed
        Seed that the surrogate is trained from; another seed is another surrogate in records.
    checkpoint
        A trained surrogate's folder, or a ``.pt`` file of the reference.
    jobs
        Processes; None for one a core.
    device
        ``"cpu"`` or ``"cuda"``.

    Returns
    -------
    DataFrame
        See `ResultStore.to_frame`; failed runs are rows too.

    Raises
    ------
    XbenchError
        Where something asked for does not exist or does not fit.

    Examples
    --------
    >>> import xbench
    >>> runs = xbench.run("quick", methods=["random", "grids"])
    >>> list(runs["status"])
    ['ok', 'ok']
    """
    reading = ReadOptions(
        path=None if data is None else Path(data),
        labels=None if labels is None else Path(labels),
        cell_type_key=cell_type_key,
        binarize=binarize,
        variable_genes=variable_genes,
        minimum_open_share=minimum_open_share,
    )
    request = Request(
        task=task,
        data=DataChoice(dataset, reading),
        methods=methods,
        method_files=method_files,
        targets=targets,
        subset_sizes=subset_sizes,
        repetitions=repetitions,
        budget_seconds=budget_seconds,
        budget_evaluations=budget_evaluations,
        surrogate=surrogate,
        surrogate_seed=surrogate_seed,
        checkpoint=None if checkpoint is None else Path(checkpoint),
        jobs=jobs,
        device=device,
    )
    with tempfile.TemporaryDirectory() as temporary:
        results = ResultStore(store if store is not None else Path(temporary) / "results")
        asked = run_request(request, results)
        frame = results.to_frame()
    # In the order asked for: with several processes the store's order is that of their ends.
    return frame.set_index("run_id", drop=False).loc[asked].reset_index(drop=True)


def run_request(request: Request, store: ResultStore) -> list[str]:
    """Carry out a request and return the ids of all its runs, those finished before included.

    Every record is stored as soon as it exists. Runs that are ok or skipped in the store are not
    run again; failed ones are.
    """
    task = load_task(request.task)
    check_name(request.task, task.name)
    specs, entries = _methods(task, request)
    task = _as_asked(task, request)
    expanded = partial(
        expand,
        methods=specs,
        subset_sizes=request.subset_sizes,
        repetitions=request.repetitions,
    )
    expanded(task)  # What is asked in vain is better known before the data are read.
    methods = {name: (entry, source_digest(entry)) for name, entry in entries.items()}
    check_machine(request.device, request.jobs)
    check_parameters(task, specs if specs is not None else task.methods, entries)
    data = request.data.or_of(task.dataset)
    dataset = data.load()
    check_fit(task, dataset)
    keys = expanded(with_named_outputs(task, dataset))
    check_keys(dataset, keys, explicit=bool(request.targets))
    checkpoint, surrogate = _surrogate(task, request, dataset, store)
    keep_declaration(request.task, task.name, store)
    setting = RunContext(data, checkpoint, store.folder, request.device, secrets.token_hex(8))
    digests = (dataset.digest, surrogate.digest)
    ids = [run_id(key, *digests, methods[key.method_name][1], request.device) for key in keys]
    finished = store.finished()
    to_do = [pair for pair in zip(keys, ids, strict=True) if pair[1] not in finished]
    watcher = request.watcher
    watcher.planned(len(to_do), len(keys) - len(to_do))
    planned = units(
        [key for key, _ in to_do], [one for _, one in to_do], methods, task.timeout_seconds
    )
    jobs = request.jobs or joblib.cpu_count()
    for unit, records in carry_out(setting, planned, jobs, watcher.started):
        watcher.ended(unit, records)
    return ids


def _methods(task: Task, request: Request) -> tuple[list[MethodSpec] | None, dict[str, Entry]]:
    """Which methods run, and where each is found by its registered name."""
    found = [entry for path in request.method_files for entry in methods_from_file(path)]
    files = {entry.name: entry for entry in found}
    if len(files) < len(found):
        raise XbenchError(f"two of the methods in {', '.join(request.method_files)} share a name")
    from_files = [MethodSpec(name=name) for name in files]
    specs: list[MethodSpec] | None = None
    if request.methods is not None:
        # Methods of the files run anyway, so that naming one of them too is no mistake.
        names = [name for name in request.methods if name not in files]
        specs = choose_methods(task, names) if names or not files else []
        specs += from_files
    elif from_files:
        specs = from_files
    wanted = {spec.name for spec in (specs if specs is not None else task.methods)}
    clash = sorted(name for name in files if _is_registered(name))
    if clash:
        raise XbenchError(
            f"{files[clash[0]].location}: method {clash[0]!r} has the name of a registered one; "
            "rename it"
        )
    return specs, {name: files.get(name) or find("method", name) for name in sorted(wanted)}


def _as_asked(task: Task, request: Request) -> Task:
    """Put what is asked for in the place of what the task says."""
    asked: dict[str, object] = {
        "targets": _target_groups(request.targets) if request.targets else None,
        "budget_seconds": request.budget_seconds,
        "budget_evaluations": request.budget_evaluations,
        "surrogate": request.surrogate,
    }
    for name in ("budget_seconds", "budget_evaluations"):
        limit = asked[name]
        if isinstance(limit, int | float) and limit <= 0:
            raise XbenchError(f"{name} {limit}: must be above 0")
    return task.model_copy(update={name: one for name, one in asked.items() if one is not None})


def _is_registered(name: str) -> bool:
    try:
        find("method", name)
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


def _surrogate(
    task: Task, request: Request, dataset: Dataset, store: ResultStore
) -> tuple[Path, OpenedSurrogate]:
    """Open the surrogate asked for, or train one; make the store before anything takes long."""
    if request.checkpoint is not None:
        opened = open_surrogate(request.checkpoint, dataset)
        store.prepare()
        return request.checkpoint, opened
    store.prepare()
    trained = train_surrogate(
        dataset,
        task.surrogate,
        split=task.split,
        seed=request.surrogate_seed,
        progress=request.watcher.training,
    )
    return trained, open_surrogate(trained, dataset)
