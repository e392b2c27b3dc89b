"""A task: what is compared on what. Declared in TOML, checked here, run elsewhere.

Declarations that are a user's files are kept beside their results, so that these can be rendered
later, and elsewhere, with the title, metrics and layout they were made for.
"""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)

from xbench.benchmark.task_file import read_toml
from xbench.benchmark.thresholds import Thresholds
from xbench.data.candidates import window_of
from xbench.errors import XbenchError, XbenchWarning, in_words, shortened, unknown_name
from xbench.metrics import METRICS
from xbench.registry.find import entries, find
from xbench.registry.scan import task_text
from xbench.results.store import TASKS, ResultStore
from xbench.utils.files import write_text
from xbench.utils.json import json_digest

_Value = TypeVar("_Value")
# Models compute with float32: a larger number would be infinite to them.
_LARGEST = 3.4028234663852886e38


def _check_distinct(what: str, values: Sequence[object]) -> None:
    twice = sorted({repr(value) for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"{what} {', '.join(twice)} given twice; keep one".lstrip())


def _distinct(values: list[_Value]) -> list[_Value]:
    _check_distinct("", values)
    return values


def _known_metric(name: str) -> str:
    if name not in METRICS:
        raise ValueError(str(unknown_name("metric", name, METRICS)))
    return name


def number_or_mean(value: Any) -> Any:
    """Return what masked features become; a `ValueError` says what it may be.

    >>> number_or_mean(0.5), number_or_mean("mean")
    (0.5, 'mean')
    """
    # Checked before pydantic tries both types, which would make two problems of one.
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if (isinstance(value, str) and value == "mean") or (number and abs(value) <= _LARGEST):
        return value
    raise ValueError(f"must be a finite number or 'mean', not {shortened(value)}")


def _window(value: Any) -> Any:
    try:
        return None if value is None else window_of(value)
    except XbenchError as error:
        raise ValueError(str(error)) from error


Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Count = Annotated[int, Field(gt=0)]
MetricName = Annotated[str, AfterValidator(_known_metric)]


class _Declared(BaseModel):
    """Unknown fields are mistakes, and a text is no number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class MethodSpec(_Declared):
    """A method of a task: its name, its label in tables, its parameters.

    In TOML just the name, or a table:
    ``{name = "grids", label = "grids-100", parameters = {steps = 100}}``.

    Examples
    --------
    >>> MethodSpec(name="grids").label
    'grids'
    """

    name: Text
    label: Text = ""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"name": value}
        if isinstance(value, dict) and "name" in value:
            return {"label": value["name"], **value}
        return value


class TargetGroup(_Declared):
    """A cell type (or class) and the outputs explained on its cells.

    Parameters
    ----------
    cell_type
        Cell type or class.
    outputs
        Genes or classes by name.
    most_expressed
        Instead of names: so many genes of highest mean expression in the type's training cells
        (the paper's Table 2), which are known once there are data (`xbench.benchmark.plan`).

    Examples
    --------
    >>> TargetGroup(cell_type="VIP", outputs=["GAD1", "GAD2"]).outputs
    ['GAD1', 'GAD2']
    >>> TargetGroup(cell_type="VIP", most_expressed=100).outputs
    []
    """

    cell_type: Text
    outputs: Annotated[list[Text], AfterValidator(_distinct)] = Field(default_factory=list)
    most_expressed: Count | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "TargetGroup":
        if bool(self.outputs) == (self.most_expressed is not None):
            raise ValueError("give outputs, or most_expressed, and not both")
        return self


class Task(_Declared):
    """A checked task declaration.

    Parameters
    ----------
    name, title, version, description
        ``version`` grows whenever results of before and after must not be compared.
    dataset, surrogate
        Names; the dataset's default surrogate where None.
    split
        ``"strict"``: the surrogate never sees a test cell; ``"reference"``: as the reference does;
        ``"half-a"``, ``"half-b"``: one half of the training cells (`xbench.data.splits.Split`).
    judge
        Whether the surrogate is trained on half-a alone, and a second one of another seed, trained
        on half-b, judges every selection.
    targets
        One `TargetGroup` a cell type.
    methods
        `MethodSpec` each; labels are distinct.
    subset_sizes, repetitions
        Every L; how often each run is repeated, with a seed of its own.
    repeats
        What a repetition draws anew: ``"method"``, its seed alone; ``"split"``, also which of the
        cells that are not for the test are training and which validation cells.
    window
        Base pairs round the start of the target's gene, such as ``"1Mb"``: features outside are
        not to be chosen. None for all.
    known
        Files of known links to compare with, or ``"truth"`` for that of simulated data.
    perturbation
        What masked features become: a number, or ``"mean"`` for each feature's mean.
    objective, beta
        What masking should lower (`xbench.mask.objective`); beta for
        ``"expression-on-target"`` only.
    metrics, primary_metric
        What is reported; the one that ranks, which must have a direction.
    layout
        Of the leaderboard: ``"table1"`` of the paper; ``"pipelines"``, where all surrogates stand
        side by side first; or only ``"ranked"``.
    timeout_seconds
        A run's limit, after which it is ended without a result; no limit where None.
    budget_seconds, budget_evaluations
        After these a method is asked to stop and to give its best so far
        (`xbench.explainers.explainer`); evaluations count forward and gradient ones
        together, in cells. No limit where None.
    thresholds
        What ``xbench compare`` tolerates (`xbench.benchmark.thresholds`); no result depends on it.

    Examples
    --------
    >>> task = load_task("mnist-binary")
    >>> task.targets[0].cell_type, task.targets[0].outputs, task.subset_sizes
    ('8', ['3'], [64])
    """

    name: Name
    title: Text
    version: Count
    description: str = ""
    dataset: Text
    surrogate: Text | None = None
    split: Literal["strict", "reference", "half-a", "half-b"] = "strict"
    judge: bool = False
    targets: Annotated[list[TargetGroup], Field(min_length=1)]
    methods: Annotated[list[MethodSpec], Field(min_length=1)]
    subset_sizes: Annotated[list[Count], Field(min_length=1), AfterValidator(_distinct)]
    repetitions: Count = 1
    repeats: Literal["method", "split"] = "method"
    window: Annotated[int | None, BeforeValidator(_window)] = None
    known: Annotated[list[Text], AfterValidator(_distinct)] = Field(default_factory=list)
    perturbation: Annotated[float | Literal["mean"], BeforeValidator(number_or_mean)] = 0.0
    objective: Literal["expression", "cross-entropy", "expression-on-target"]
    beta: Annotated[float, Field(ge=0)] | None = None
    metrics: Annotated[list[MetricName], Field(min_length=1), AfterValidator(_distinct)]
    primary_metric: MetricName
    layout: Literal["table1", "pipelines", "ranked"] = "ranked"
    timeout_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    budget_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    budget_evaluations: Count | None = None
    thresholds: Thresholds = Field(default_factory=Thresholds)

    @classmethod
    def checked(cls, declared: dict[str, Any], where: str) -> "Task":
        """Return the task of a declaration.

        Raises
        ------
        XbenchError
            Naming where it stands, and every wrong field with what is valid there.
        """
        try:
            return cls.model_validate(declared)
        except ValidationError as error:
            raise XbenchError(f"{where}: {in_words(error, cls)}") from error

    @property
    def method_labels(self) -> list[str]:
        """Labels of the methods, in the order of the declaration."""
        return [method.label for method in self.methods]

    @property
    def digest(self) -> str:
        """16 hex digits of what is declared, but the words and what no result depends on."""
        declared = self.model_dump(mode="json", exclude={"title", "description", "thresholds"})
        # Left out where there are none, so that tasks of before these keep their digest.
        for name in ("beta", "budget_seconds", "budget_evaluations", "window"):
            if declared[name] is None:
                del declared[name]
        if self.repeats == "method":
            del declared["repeats"]
        for name in ("judge", "known"):
            if not declared[name]:
                del declared[name]
        for group in declared["targets"]:
            if group["most_expressed"] is None:
                del group["most_expressed"]
        return json_digest(declared)

    @model_validator(mode="after")
    def _check_together(self) -> "Task":
        pairs = [(group.cell_type, output) for group in self.targets for output in group.outputs]
        _check_distinct("methods: label", self.method_labels)
        _check_distinct("targets:", pairs)
        self._check_primary()
        self._check_thresholds()
        if (self.objective == "expression-on-target") != (self.beta is not None):
            raise ValueError("beta: give it with objective 'expression-on-target', and only then")
        return self

    def _check_primary(self) -> None:
        ranking = [name for name in self.metrics if METRICS[name].direction != "none"]
        if self.primary_metric not in ranking:
            what = "is not among metrics"
            if self.primary_metric in self.metrics:
                what = "has no direction, so it cannot rank"
            choices = f"choose one of: {', '.join(ranking)}" if ranking else "add one that ranks"
            raise ValueError(f"primary_metric: {self.primary_metric!r} {what}; {choices}")

    def _check_thresholds(self) -> None:
        told = self.thresholds
        reference = [told.reference_method] if told.reference_method is not None else []
        for label in (*reference, *told.methods):
            if label not in self.method_labels:
                raise ValueError(f"thresholds: {unknown_name('method', label, self.method_labels)}")


def load_task(name_or_path: str | os.PathLike[str]) -> Task:
    """Load a task by its name or from a TOML file.

    Parameters
    ----------
    name_or_path
        A name of ``xbench list tasks``, or a path, told by its ending ``.toml``.

    Raises
    ------
    XbenchError
        In one line: an unknown name, a file that cannot be read, a mistake in the TOML with its
        line, or every wrong field with what is valid there.

    Examples
    --------
    >>> load_task("quick").method_labels
    ['random', 'saliency', 'gradient-change', 'grids']
    """
    path, text = declaration(name_or_path)
    return Task.checked(read_toml(path, text), str(path))


def declaration(name_or_path: str | os.PathLike[str]) -> tuple[Path, str]:
    """Return the file of a task and its TOML, which may be a text in a Python file.

    Raises
    ------
    XbenchError
        An unknown name, or a file that cannot be read.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        entry = find("task", str(name_or_path))
        path = Path(entry.location)
        if entry.class_name:
            return path, task_text(entry)
    try:
        return path, path.read_text(encoding="utf-8")
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise XbenchError(f"{path}: {what}; give the name of a task or its file") from error
    except UnicodeDecodeError as error:
        raise XbenchError(f"{path}: is not UTF-8 text; save it as UTF-8") from error


def check_name(task: str, name: str) -> None:
    """Refuse a file whose task has the name of a shipped one: their results would be mixed.

    Raises
    ------
    XbenchError
        Naming the file.
    """
    shipped = {entry.name for entry in entries("task") if entry.source == "built-in"}
    if _is_file(task) and name in shipped:
        raise XbenchError(f"{task}: name {name!r} is that of a shipped task; choose another")


def keep_declaration(task: str, name: str, store: ResultStore) -> None:
    """Copy the declaration of a user's task into the store; a shipped task needs no copy.

    Raises
    ------
    XbenchError
        Where the store cannot be written.
    """
    if _is_file(task) or find("task", task).source != "built-in":
        keep_text(declaration(task)[1], name, store)


def keep_text(text: str, name: str, store: ResultStore) -> None:
    """Keep a task's TOML in the store.

    Raises
    ------
    XbenchError
        Where the store cannot be written.
    """
    folder = store.folder / TASKS
    folder.mkdir(exist_ok=True)
    write_text(folder / f"{name}.toml", text)


def _is_file(task: str) -> bool:
    return Path(task).suffix == ".toml"


def known_tasks(store: ResultStore | None) -> dict[str, Task]:
    """Return the registered tasks and those kept in a store, if there is one, by name.

    One that is kept and cannot be read, since it names a metric of a plug-in that is not in use,
    is warned of and left out.
    """
    registered = {entry.name: load_task(entry.name) for entry in entries("task")}
    kept: dict[str, Task] = {}
    for path in sorted((store.folder / TASKS).glob("*.toml")) if store else ():
        if path.stem in registered:
            continue
        try:
            kept[path.stem] = load_task(path)
        except XbenchError as error:
            what = f"{error}; its runs are shown without it (is a --plugin missing?)"
            warnings.warn(what, XbenchWarning, stacklevel=2)
    return {**kept, **registered}
