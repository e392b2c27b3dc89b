"""One (task, dataset, surrogate): its tidy rows, the runs behind them, and what analyses found."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from xbench.metrics import METRICS
from xbench.results.current import ALL
from xbench.results.findings import Finding
from xbench.results.record import Record

from .quantities import COSTS, NOT_METRICS, metric_quantity, word
from .statistics import MethodValues, TargetKey
from .tidy import TaskLike, TidyRow, asks_its_own, declared_first

OVERALL: TargetKey = (ALL, ALL)
MARK = "†"
_PIXELS = {"mnist-binary": 28 * 28}


@dataclass(frozen=True)
class Study:
    """Rows of one (task, dataset, surrogate) and what the task says about their order.

    Parameters
    ----------
    place
        Names of task, dataset and surrogate.
    rows
        Its rows, by (cell type, target), method, L and metric.
    task
        The task; None where this version of xbench does not know it.
    """

    place: tuple[str, str, str]
    rows: dict[tuple[TargetKey, str, int, str], TidyRow]
    task: TaskLike | None

    @property
    def title(self) -> str:
        """Heading: the task's title, or its name."""
        return self.task.title if self.task else self.place[0]

    @property
    def where(self) -> str:
        """Dataset and surrogate, as captions name them."""
        return ", ".join(self.place[1:])

    @cached_property
    def sizes(self) -> list[int]:
        """Every L recorded, ascending."""
        return sorted({size for _, _, size, _ in self.rows})

    @cached_property
    def methods(self) -> list[str]:
        """Methods recorded, in the order of the task."""
        declared = self.task.method_labels if self.task else ()
        return declared_first(declared, {method for _, method, _, _ in self.rows})

    @cached_property
    def metrics(self) -> list[str]:
        """Metrics recorded, the primary one first, then in the order of the task.

        Where no run has any, the count of successful runs stands in for them.
        """
        declared = [self.task.primary_metric, *self.task.metrics] if self.task else []
        found = {metric for *_, metric in self.rows} - NOT_METRICS
        if not self.task:
            # A chance level or a share before masking ranks nothing.
            declared = sorted(name for name in found if self.direction(name) != "none")
        return declared_first(declared, found) or ["runs-ok"]

    @cached_property
    def asks_its_own(self) -> bool:
        """Whether the runs are about the targets that the task declares."""
        return self.task is None or asks_its_own(self.task, self.targets)

    @cached_property
    def cell_types(self) -> list[str]:
        """Cell types declared, then others recorded."""
        task = self.task if self.asks_its_own else None
        declared = [entry.cell_type for entry in task.targets] if task else []
        found = {cell_type for (cell_type, _), *_ in self.rows} - {ALL}
        return declared_first(declared, found | set(declared))

    def row(self, target: TargetKey, method: str, size: int, metric: str) -> TidyRow | None:
        """Return a row; None if it was never run."""
        return self.rows.get((target, method, size, metric))

    def status(self, target: TargetKey, method: str, size: int, metric: str) -> str:
        """Return a row's status, ``"not run"`` if there is none."""
        row = self.row(target, method, size, metric)
        return row.status if row else "not run"

    def value(self, target: TargetKey, method: str, size: int, metric: str) -> float | None:
        """Return a row's mean; None if it has none."""
        row = self.row(target, method, size, metric)
        return None if row is None or math.isnan(row.mean) else row.mean

    def cost(self, method: str, size: int, cost: str) -> float | None:
        """Return a method's mean cost over everything; None if it has none.

        Parameters
        ----------
        cost
            ``"seconds"``, or ``"evaluations"``: forward and gradient ones together.
        """
        if cost == "seconds":
            return self.value(OVERALL, method, size, cost)
        forward, gradient = (
            self.value(OVERALL, method, size, f"{kind}-evaluations")
            for kind in ("forward", "gradient")
        )
        return None if forward is None or gradient is None else forward + gradient

    def instead(self, target: TargetKey, method: str, size: int, metric: str) -> str:
        """Return the word that a table shows where there is no value."""
        return word(self.status(target, method, size, metric))

    @cached_property
    def targets(self) -> list[TargetKey]:
        """Every (cell type, target) recorded, means left out."""
        return sorted({target for target, *_ in self.rows if ALL not in target})

    @cached_property
    def _kinds(self) -> dict[str, set[tuple[str, str]]]:
        """Unit and direction of each metric, cost and count, as its rows say."""
        kinds: dict[str, set[tuple[str, str]]] = {}
        for row in self.rows.values():
            kinds.setdefault(row.metric, set()).add((row.unit, row.direction))
        return kinds

    def kind(self, metric: str) -> tuple[str, str]:
        """Return unit and direction of a metric, ``("?", "none")`` where rows contradict."""
        kinds = self._kinds.get(metric, set())
        return next(iter(kinds)) if len(kinds) == 1 else ("?", "none")

    def direction(self, metric: str) -> str:
        """Return which values of a metric are better: ``"lower"``, ``"higher"``, ``"none"``."""
        return self.kind(metric)[1]

    def label(self, metric: str) -> str:
        """Return the heading of a metric or cost."""
        labels = {cost.name: cost.label for cost in COSTS}
        return METRICS[metric].label if metric in METRICS else labels.get(metric, metric)

    def label_with_unit(self, metric: str) -> str:
        """Return the heading, with the unit behind it where it does not say it."""
        label, unit = self.label(metric), self.kind(metric)[0]
        shown = unit in label or unit in ("1", "cells", "s")
        return label if shown else f"{label} ({unit})"

    def covered(self, method: str, size: int, metric: str, within: str = ALL) -> set[TargetKey]:
        """Return the targets (of a cell type) for which a method has a value."""
        return {
            target
            for target in self.targets
            if within in (ALL, target[0]) and self.value(target, method, size, metric) is not None
        }

    def incomplete(self, size: int, metric: str, within: str = ALL) -> set[str]:
        """Return the methods with a value for some targets, but not all that others have.

        Their mean is over fewer targets, perhaps easier ones: it is not comparable.
        """
        covered = {name: self.covered(name, size, metric, within) for name in self.methods}
        everything: set[TargetKey] = set().union(*covered.values())
        return {name for name, targets in covered.items() if targets and targets != everything}


def studies(rows: Iterable[TidyRow], tasks: Mapping[str, TaskLike]) -> list[Study]:
    """Split tidy rows by task, dataset and surrogate, in that order.

    Parameters
    ----------
    rows
        As `tidy` returns them.
    tasks
        Tasks by name.

    Examples
    --------
    >>> studies([], {})
    []
    """
    split: dict[tuple[str, str, str], dict[tuple[TargetKey, str, int, str], TidyRow]] = {}
    for row in rows:
        key = (row.cell_type, row.target), row.method, row.L, row.metric
        split.setdefault((row.task, row.dataset, row.surrogate), {})[key] = row
    return [Study(place, split[place], tasks.get(place[0])) for place in sorted(split)]


def best(texts: Sequence[str | None], values: Sequence[float | None], direction: str) -> set[int]:
    """Return the positions of the best values, those that look equal to it included.

    None without a direction, and none where fewer than two values could be compared.

    Examples
    --------
    >>> sorted(best(["-2.0", "-2.0", "+1.0", None], [-2.01, -2.04, 1.0, None], "lower"))
    [0, 1]
    """
    present = [(value, index) for index, value in enumerate(values) if value is not None]
    if direction not in ("lower", "higher") or len(present) < 2:
        return set()
    _, first = min(present) if direction == "lower" else max(present)
    return {index for _, index in present if texts[index] == texts[first]}


_Read = TypeVar("_Read")


@dataclass(frozen=True)
class StudyRuns:
    """Rows, records and findings of one (task, dataset, surrogate).

    Parameters
    ----------
    study
        Its tidy rows.
    records
        Its runs that count, failed ones included.
    findings
        What analyses found about these runs.
    """

    study: Study
    records: tuple[Record, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def where(self) -> str:
        """Dataset and surrogate, as captions name them."""
        return self.study.where

    @property
    def fit(self) -> Mapping[str, float]:
        """How well the surrogate predicts test cells; empty where the records do not say it."""
        return self._said("surrogate_fit")

    @property
    def judge_fit(self) -> Mapping[str, float]:
        """The same of the judge; empty where there is none."""
        return self._said("judge_fit")

    def _said(self, which: str) -> Mapping[str, float]:
        return next((fit for one in self.records if (fit := getattr(one, which))), {})

    def values(self, size: int, metric: str) -> MethodValues:
        """Return one metric's values at one L by method, target and repetition.

        Parameters
        ----------
        size
            L.
        metric
            Name of a metric.
        """
        return self._gathered(size, metric_quantity(metric).read)

    def selections(self, size: int) -> dict[str, dict[TargetKey, list[list[int]]]]:
        """Return the indices of each repetition at one L, by method and target."""
        found = self._gathered(size, lambda record: record.indices or None)
        return {
            name: {target: list(subsets.values()) for target, subsets in targets.items()}
            for name, targets in found.items()
        }

    def _gathered(
        self, size: int, read: Callable[[Record], _Read | None]
    ) -> dict[str, dict[TargetKey, dict[int, _Read]]]:
        """Gather what successful runs at one L say, methods in the order of the task."""
        found: dict[str, dict[TargetKey, dict[int, _Read]]] = {}
        for record in self._successful:
            if size == record.L and (value := read(record)) is not None:
                repetitions = found.setdefault(record.method, {}).setdefault(record.explained, {})
                repetitions[record.repetition] = value
        return {name: found[name] for name in self.study.methods if name in found}

    def found(self, analysis: str, against: str = "") -> Iterator[tuple[Record, Finding]]:
        """Yield each run of which an analysis found something, with what it found.

        Parameters
        ----------
        analysis
            Name of the analysis.
        against
            What else went into the findings that count, such as the name of a contact map; all
            count where it is empty.
        """
        runs = {record.run_id: record for record in self._successful}
        for finding in self.findings:
            named = finding.analysis == analysis and against in ("", finding.against)
            if named and finding.run_id in runs:
                yield runs[finding.run_id], finding

    def found_at_largest(
        self, analysis: str, method: str | None = None
    ) -> list[tuple[Record, Finding]]:
        """Return the runs at the largest L that an analysis has findings of, one for each run.

        Parameters
        ----------
        analysis
            Name of the analysis.
        method
            Label of the only method wanted; every method where None.

        Returns
        -------
        list
            By method, cell type, target and repetition; empty where nothing was found.
        """
        by_run = {
            record.run_id: (record, finding)
            for record, finding in self.found(analysis)
            if method in (None, record.method)
        }
        largest = max((record.L for record, _ in by_run.values()), default=0)
        return sorted(
            (pair for pair in by_run.values() if largest == pair[0].L),
            key=lambda pair: (pair[0].method, *pair[0].explained, pair[0].repetition),
        )

    @cached_property
    def n_features(self) -> int | None:
        """How many features there are, d; None where no analysis says it, and no image shows it."""
        if self.study.place[1] in _PIXELS:
            return _PIXELS[self.study.place[1]]
        said = (finding.values.get("n_features") for finding in self.findings)
        counts = {count for count in said if isinstance(count, int)}
        return counts.pop() if len(counts) == 1 else None

    @cached_property
    def _successful(self) -> list[Record]:
        return [record for record in self.records if record.status == "ok"]


def with_runs(
    split: Iterable[Study], records: Iterable[Record], findings: Iterable[Finding]
) -> list[StudyRuns]:
    """Give each study its records and findings.

    Parameters
    ----------
    split
        Studies.
    records
        Runs that count, of all of them.
    findings
        Of these runs and others.

    Examples
    --------
    >>> with_runs([], [], [])
    []
    """
    of_study: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    study_of: dict[str, tuple[str, str, str]] = {}
    for record in records:
        of_study[record.study].append(record)
        study_of[record.run_id] = record.study
    found: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.run_id in study_of:
            found[study_of[finding.run_id]].append(finding)
    return [
        StudyRuns(study, tuple(of_study[study.place]), tuple(found[study.place])) for study in split
    ]
