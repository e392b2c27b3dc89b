"""The record of one run: what was asked, what came out, what it cost."""

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError

from xbench.errors import XbenchError, in_words
from xbench.utils.json import json_line
from xbench.utils.notebook import table_html

Status = Literal["ok", "failed", "timeout", "oom", "skipped"]
STATUSES: tuple[str, ...] = get_args(Status)
# Chromosome, start, end.
Place = tuple[str, int, int]
# What is not run again; what gave no result although it should have.
FINISHED = ("ok", "skipped")
FAILED = ("failed", "timeout", "oom")


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run: a point of (task, dataset, surrogate, target, method, L, repetition).

    A run that gave no result is a record too: its status says so, its reason says why, and it
    has neither metrics nor indices, so that it can be counted but never scored.

    Parameters
    ----------
    run_id
        16 hexadecimal digits that name everything that the selection depends on, see
        `xbench.benchmark.plan.run_id`.
    task, task_version
        The task and the version of its declaration.
    dataset, dataset_digest, surrogate, surrogate_digest
        Names and content digests.
    cell_type, target
        The population and the output explained, as in the task: ``"VIP"`` and ``"GAD1"``.
    surrogate_fit, judge_fit
        How well the surrogate, and the judge where there is one, predict test cells
        (`xbench.surrogates.evaluation.fit`); empty where it was not measured.
    n_features
        Number of features d of the dataset; None in old records where it is not known.
    method, parameters, method_version
        The method's label, its parameters, and the version that it declares.
    method_digest
        Of the method's source files: its own and what it imports of its own package or folder.
    L, repetition, seed
        Size of the subset; repetition, from 0; the seed derived for this run.
    asked
        What was asked beyond that: the ``window`` that features were chosen in, in base pairs,
        digests of the ``known`` links that were compared with, and a ``perturbation`` value other
        than 0. Empty where there was none of them.
    budget
        What the method might spend before it was asked to stop: ``"600 s"``, ``"20000
        evaluations"``, both, or ``"none"``. Empty in old records where it is not known.
    status, reason, traceback
        ``"ok"``, or why there is no result; traceback where an exception was the reason.
    indices
        The L features chosen, as positions in the dataset; empty unless ok.
    features, places
        The same by name, as in the user's file, and where each lies on the genome: chromosome,
        start and end (0-based, half-open), None where not known. Empty in old records; places are
        empty where features have no coordinates.
    target_place, target_strand
        Where the target's gene lies, None where that is not known; its strand, "" where not known.
    ordered, nested
        Whether indices come best first; whether a smaller L gives a part of a larger one's.
    metrics
        Value of each metric; None where it is undefined. Empty unless ok.
    seconds
        Wall time of the explanation.
    forward_evaluations, gradient_evaluations, computed_evaluations
        Evaluations of the surrogate, in cells.
    peak_memory_bytes
        Peak resident memory of the process; None where the system does not tell.
    trace
        Learning curve, one dict a step.
    stopped
        Why the explainer was asked to stop and gave its best so far; empty where it was not.
    details
        What else the method told, such as the uncertainty of its scores.
    versions, git_commit
        Of xbench, python, torch and numpy; of the checkout, None outside of one.
    machine
        Processor and number of cores: seconds compare only where it is the same.
    device
        ``"cpu"`` or ``"cuda"``.
    created
        When the run ended: ISO 8601, UTC.

    Raises
    ------
    ValueError
        Where status, reason, metrics and indices contradict each other.

    Examples
    --------
    >>> record = Record(
    ...     run_id="00c0ffee00c0ffee", task="quick", task_version=1, dataset="mnist-binary",
    ...     dataset_digest="d0", surrogate="mlp-classifier", surrogate_digest="50", cell_type="8",
    ...     target="3", method="grids", method_digest="3e", L=2, repetition=0, seed=7,
    ...     status="ok", indices=[3, 1], metrics={"log-odds-drop": 1.5}, seconds=0.1,
    ...     created="2025-01-31T12:00:00+00:00",
    ... )
    >>> Record.from_json(record.to_json()) == record
    True
    """

    run_id: str
    task: str
    task_version: int
    dataset: str
    dataset_digest: str
    surrogate: str
    surrogate_digest: str
    surrogate_fit: dict[str, float] = field(default_factory=dict)
    judge_fit: dict[str, float] = field(default_factory=dict)
    n_features: int | None = None
    cell_type: str
    target: str
    method: str
    parameters: dict[str, Any] = field(default_factory=dict)
    method_version: int = 1
    method_digest: str
    L: int
    repetition: int
    seed: int
    asked: dict[str, Any] = field(default_factory=dict)
    budget: str = ""
    status: Status
    reason: str = ""
    traceback: str | None = None
    indices: list[int] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    places: list[Place | None] = field(default_factory=list)
    target_place: Place | None = None
    target_strand: str = ""
    ordered: bool = False
    nested: bool = False
    metrics: dict[str, float | None] = field(default_factory=dict)
    seconds: float
    forward_evaluations: int = 0
    gradient_evaluations: int = 0
    computed_evaluations: int = 0
    peak_memory_bytes: int | None = None
    trace: list[dict[str, Any]] = field(default_factory=list)
    stopped: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    machine: str = ""
    device: str = "cpu"
    created: str

    # Read by pydantic when a line comes back from a file: no other field, no other type.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"unknown status {self.status!r}; valid: {', '.join(STATUSES)}")
        for field_name in ("features", "places"):
            if len(getattr(self, field_name)) not in (0, len(self.indices)):
                raise ValueError(f"{field_name}: there must be one for each of the indices")
        if self.status == "ok":
            if self.reason or self.traceback:
                raise ValueError("a run that is ok has neither reason nor traceback")
            return
        if not self.reason:
            raise ValueError(f"a run that is {self.status} needs a reason")
        if self.metrics or self.indices:
            raise ValueError(f"a run that is {self.status} has neither metrics nor indices")

    @property
    def study(self) -> tuple[str, str, str]:
        """Names of task, dataset and surrogate: what is compared within."""
        return self.task, self.dataset, self.surrogate

    @property
    def explained(self) -> tuple[str, str]:
        """Names of the cell type and of the target, ``("VIP", "GAD1")``."""
        return self.cell_type, self.target

    def to_json(self) -> str:
        """Return the record as one line of JSON, keys sorted; NaN and infinities become null.

        numpy numbers and arrays are written as plain numbers and lists.

        Raises
        ------
        TypeError
            For a parameter or a trace that JSON cannot hold.
        """
        return json_line(asdict(self))

    def _repr_html_(self) -> str:
        heading = f"Run {self.run_id}: {self.method} on {':'.join(self.explained)}, L = {self.L}"
        facts: dict[str, object] = {
            "status": self.status,
            "reason": self.reason,
            "task": self.task,
            "dataset": self.dataset,
            "surrogate": self.surrogate,
            "repetition": self.repetition,
            **{name: value for name, value in self.metrics.items() if value is not None},
            "seconds": self.seconds,
            "evaluations (forward)": self.forward_evaluations,
            "evaluations (gradient)": self.gradient_evaluations,
            "features": ", ".join(self.features[:10]) + (", …" if len(self.features) > 10 else ""),
        }
        return table_html(heading, (), [item for item in facts.items() if item[1] != ""])

    @staticmethod
    def from_json(line: str | bytes) -> "Record":
        """Read one line written by `to_json`.

        Raises
        ------
        XbenchError
            Saying in one line why the text is no record: no JSON, a field that is missing,
            unknown or of a wrong type, or fields that contradict each other.
        """
        try:
            return _ADAPTER.validate_json(line)
        except ValidationError as error:
            raise XbenchError(in_words(error)) from error


_ADAPTER = TypeAdapter(Record)
