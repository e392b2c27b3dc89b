"""One study with the runs behind it, and what analyses found about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from xbench.results.current import Record
from xbench.results.findings import Finding

from .figures.masked_pixels import DATASET, SIDE
from .quantities import metric_quantity
from .statistics import Target, Values, by_method_and_target
from .study import Study

Value = TypeVar("Value")


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

    def values(self, size: int, metric: str) -> Values:
        """Return one metric's values at one L by method, target and repetition.

        Parameters
        ----------
        size
            L.
        metric
            Name of a metric.
        """
        return self._gathered(size, metric_quantity(metric).read)

    def selections(self, size: int) -> dict[str, dict[Target, list[list[int]]]]:
        """Return the indices of each repetition at one L, by method and target."""
        found = self._gathered(size, lambda record: record.get("indices") or None)
        return {
            name: {target: list(subsets.values()) for target, subsets in targets.items()}
            for name, targets in found.items()
        }

    def _gathered(
        self, size: int, read: Callable[[Mapping[str, Any]], Value | None]
    ) -> dict[str, dict[Target, dict[int, Value]]]:
        """Gather what runs at one L say, methods in the order of the task."""
        found = by_method_and_target(self._successful, size, read)
        return {name: found[name] for name in self.study.methods if name in found}

    def found(self, analysis: str) -> Iterator[tuple[Record, Finding]]:
        """Yield each run of which an analysis found something, with what it found."""
        runs = {record["run_id"]: record for record in self._successful}
        for finding in self.findings:
            if finding.analysis == analysis and finding.run_id in runs:
                yield runs[finding.run_id], finding

    @cached_property
    def n_features(self) -> int | None:
        """How many features there are, d; None where no analysis says it, and no image shows it."""
        if self.study.place[1] == DATASET:
            return SIDE**2
        counts = {
            finding.values["n_features"]
            for finding in self.findings
            if isinstance(finding.values.get("n_features"), int)
        }
        return counts.pop() if len(counts) == 1 else None

    @cached_property
    def _successful(self) -> list[Record]:
        return [record for record in self.records if record["status"] == "ok"]


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
    by_place: Mapping[tuple[str, ...], list[Record]] = defaultdict(list)
    place_of: dict[str, tuple[str, ...]] = {}
    for record in records:
        place = record["task"], record["dataset"], record["surrogate"]
        by_place[place].append(record)
        place_of[record["run_id"]] = place
    found: Mapping[Any, list[Finding]] = defaultdict(list)
    for finding in findings:
        found[place_of.get(finding.run_id)].append(finding)
    return [
        StudyRuns(study, tuple(by_place[study.place]), tuple(found[study.place])) for study in split
    ]
