"""What is looked at before anything is written, trained or run.

What can only be a mistake is refused; finished runs whose method's code was changed since, although
its version was not, are named in one warning.
"""

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

from xbench.benchmark.old_store import old_method_digest
from xbench.benchmark.plan import FoundMethod, RunKey
from xbench.benchmark.task import MethodSpec, Task
from xbench.data.dataset import Dataset
from xbench.errors import XbenchError, XbenchWarning
from xbench.explainers.checked_parameters import ParameterError
from xbench.explainers.explainer import Explainer
from xbench.metrics import METRICS
from xbench.registry.find import load, source_files
from xbench.registry.scan import Entry
from xbench.registry.sources import digest_of_files
from xbench.results.record import Record
from xbench.utils.apart import run_apart


def check_machine(device: str, jobs: int | None) -> None:
    """Refuse a device that is not there, and a number of processes that cannot be.

    Raises
    ------
    XbenchError
        Saying which devices there are.

    Examples
    --------
    >>> check_machine("cpu", 2)
    """
    if jobs is not None and jobs < 1:
        raise XbenchError(f"jobs {jobs}: give at least 1")
    if device == "cpu":
        return
    import torch

    if device != "cuda":
        raise XbenchError(f"device {device!r}: must be one of: cpu, cuda")
    if not torch.cuda.is_available():
        raise XbenchError("device 'cuda': no CUDA device is available here; use --device cpu")


def check_fit(task: Task, dataset: Dataset) -> None:
    """Refuse a task whose objective or metrics mean nothing on the data.

    Raises
    ------
    XbenchError
        Naming what does not fit.

    Examples
    --------
    >>> import xbench
    >>> from xbench.benchmark.task import load_task
    >>> check_fit(load_task("quick"), xbench.load_dataset("mnist-binary"))
    """
    data = "classes" if dataset.is_classification else "expression"
    kind = "expression" if dataset.is_classification else "classes"
    what = ", ".join(name for name in task.metrics if METRICS[name].explains == kind)
    if task.objective == "cross-entropy" and not dataset.is_classification:
        what = "objective cross-entropy"
    if task.window is not None and not dataset.features.has_coordinates:
        raise XbenchError(
            f"task {task.name}: a window needs coordinates, which {dataset.name} lacks"
        )
    if what:
        raise XbenchError(
            f"task {task.name}: made for {kind} ({what}), but {dataset.name} has {data}; "
            "choose another task or other data"
        )


def check_parameters(task: Task, specs: Sequence[MethodSpec], entries: Mapping[str, Entry]) -> None:
    """Refuse parameters that a method does not have or does not take, before anything is trained.

    Only where the task gives some: a method that cannot be imported at all is a failed run.

    Raises
    ------
    XbenchError
        Naming the method, the parameter, what was given and what is valid.
    """
    for spec in specs:
        if not spec.parameters:
            continue
        entry = entries[spec.name]
        # Code of strangers is never run in the process that plans.
        end = run_apart(partial(_wrong_parameters, entry, dict(spec.parameters)))
        if end.answer:
            label = "" if spec.label == spec.name else f"{spec.label!r}: "
            raise XbenchError(f"task {task.name}: {label}{end.answer.decode()}")


def _wrong_parameters(entry: Entry, parameters: dict[str, Any], begun: object) -> bytes:
    """Say what is wrong with a method's parameters; nothing where the method cannot be made."""
    try:
        method = load(entry)
    except BaseException:
        return b""
    try:
        made_with(method, parameters)
    except ParameterError as error:
        return str(error).encode()
    except BaseException:
        return b""
    return b""


def made_with(method: type[Explainer], parameters: dict[str, Any]) -> Explainer:
    """Return a method with parameters of the user's.

    Raises
    ------
    ParameterError
        Where it does not take them, a constructor of its own included.
    """
    try:
        return method(**parameters)
    except ParameterError:
        raise
    except (TypeError, ValueError) as error:
        declared = fields(method)  # type: ignore[arg-type]  # Made one when it was defined.
        valid = ", ".join(field.name for field in declared) or "none"
        what = " ".join(str(error).split())
        raise ParameterError(f"method {method.name!r}: {what}; its parameters: {valid}") from error


def check_keys(dataset: Dataset, keys: Sequence[RunKey], *, explicit: bool) -> None:
    """Refuse runs that the data cannot answer.

    A target of a task that the data lack is a skipped run, as long as there is another; a target
    that was asked for by name is a mistake.

    Parameters
    ----------
    dataset
        What is asked.
    keys
        The runs.
    explicit
        Whether the targets were asked for by name.

    Raises
    ------
    XbenchError
        For an L above the number of features, and for the first target that is not there.
    """
    largest = max(key.L for key in keys)
    if largest > dataset.n_features:
        raise XbenchError(
            f"{dataset.name}: L = {largest} is more than its {dataset.n_features} features; "
            "choose a smaller -L"
        )
    problems = []
    targets = list(dict.fromkeys((key.cell_type, key.target) for key in keys))
    for cell_type, output in targets:
        try:
            dataset.target(cell_type, output)
        except XbenchError as error:
            problems.append(error)
    if problems and explicit:
        raise problems[0]
    if len(problems) == len(targets):
        raise XbenchError(f"{problems[0]}; give targets of these data: --target CELL_TYPE:OUTPUT")


def warn_of_changed_code(
    finished: Iterable[tuple[RunKey, Record]], methods: Mapping[str, FoundMethod]
) -> None:
    """Warn once for each method whose code is another than that of finished runs.

    Whether a change of the code changes results only its author knows: the runs count as finished
    until the method's version is raised, or they are run again.

    Parameters
    ----------
    finished
        Runs that are asked for and not run again, with their records.
    methods
        By registered name, as they are now.
    """
    changed = Counter(
        key.method_name
        for key, record in finished
        if not _is_same(key, record, methods[key.method_name])
    )
    for name in sorted(changed):
        warnings.warn(
            f"method {name}: its code changed since {changed[name]} of these runs; "
            "raise its version or use --again",
            XbenchWarning,
            stacklevel=2,
        )


def _is_same(key: RunKey, record: Record, method: FoundMethod) -> bool:
    if record.method_digest == method.digest:
        return True
    # A record of an older xbench names the method's own file and its parameters.
    own_file = digest_of_files(source_files(method.entry)[:1])
    return record.method_digest == old_method_digest(own_file, key.parameters)
