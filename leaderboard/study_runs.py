"""One study with the runs behind it, and what analyses found about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from xbench.analysis.finding import Finding

from .current import Record
from .quantities import metric_quantity
from .statistics import Values
from .study import Study


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

    def values(self, size: int, metric: str) -> Values:
        """Return one metric's values at one L by method and target, in the order of repetitions.

        Parameters
        ----------
        size
            L.
        metric
            Name of a metric.
        """
        read = metric_quantity(metric).read
        values: dict[str, dict[tuple[str, str], list[float]]] = {}
        for record in self._successful:
            if int(record["L"]) == size and (value := read(record)) is not None:
                targets = values.setdefault(record["method"], {})
                targets.setdefault((record["cell_type"], record["target"]), []).append(value)
        return {name: values[name] for name in self.study.methods if name in values}

    def selections(self, size: int) -> dict[str, dict[tuple[str, str], list[list[int]]]]:
        """Return the indices of each repetition at one L, by method and target."""
        found: dict[str, dict[tuple[str, str], list[list[int]]]] = {}
        for record in self._successful:
            if int(record["L"]) == size and record.get("indices"):
                targets = found.setdefault(record["method"], {})
                place = record["cell_type"], record["target"]
                targets.setdefault(place, []).append(record["indices"])
        return {name: found[name] for name in self.study.methods if name in found}

    def found(self, analysis: str) -> Iterator[tuple[Record, Finding]]:
        """Yield each run of which an analysis found something, with what it found."""
        runs = {record["run_id"]: record for record in self._successful}
        for finding in self.findings:
            if finding.analysis == analysis and finding.run_id in runs:
                yield runs[finding.run_id], finding

    @cached_property
    def n_features(self) -> int | None:
        """How many features there are, d; None where no analysis says it."""
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
