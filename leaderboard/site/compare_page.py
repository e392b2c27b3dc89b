"""Two sides compared, target by target: two methods, two stores, or a store and a baseline."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any, Protocol

from xbench.metrics import METRICS
from xbench.results.current import current

from ..quantities import finite
from ..statistics import MethodValues, TargetKey, effect, pairs
from ..tidy import TaskLike, declared_first
from .addresses import slugs
from .contents import Site
from .writer import SiteWriter

Place = tuple[str, str, str]
"""Names of task, dataset and surrogate."""


class RunLike(Protocol):
    """What a comparison reads of a run: a record, or what a baseline keeps of one."""

    @property
    def method(self) -> str:
        """Label of the method."""

    @property
    def L(self) -> int:
        """Size of the subset."""

    @property
    def cell_type(self) -> str:
        """Population explained."""

    @property
    def target(self) -> str:
        """Output explained."""

    @property
    def repetition(self) -> int:
        """Number of the repetition."""

    @property
    def status(self) -> str:
        """``"ok"`` where there is a result."""

    @property
    def metrics(self) -> Mapping[str, float | None]:
        """Value of each metric."""


@dataclass(frozen=True)
class KeptRuns:
    """Runs that a baseline keeps.

    Parameters
    ----------
    name
        Of the baseline, as readers see it.
    place
        Task, dataset and surrogate.
    runs
        Its runs, one for each method, L, target and repetition.
    digests
        Of dataset and surrogate.
    """

    name: str
    place: Place
    runs: Sequence[RunLike]
    digests: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class _Runs:
    """Runs of one source at one place."""

    source: str
    runs: Sequence[RunLike]
    digests: tuple[str, str] = ("", "")
    targets: Mapping[TargetKey, str] = field(default_factory=dict)

    @cached_property
    def by_method(self) -> dict[str, list[RunLike]]:
        """Its runs by the label of their method."""
        found: dict[str, list[RunLike]] = {}
        for run in self.runs:
            found.setdefault(run.method, []).append(run)
        return found


def write_compare(
    site: Site,
    writer: SiteWriter,
    tasks: Mapping[str, TaskLike],
    baselines: Iterable[KeptRuns] = (),
) -> None:
    """Write ``compare.html``, and a file of data for each study that can be compared in.

    Parameters
    ----------
    site
        What is shown.
    writer
        Takes the files.
    tasks
        Tasks by name.
    baselines
        What baselines keep.
    """
    together = _by_place(site, baselines)
    names = slugs({place: place for place in together})
    listed = []
    for place, found in together.items():
        data = compare_data(found, tasks.get(place[0]))
        if len(data["sides"]) > 1:
            writer.data(f"compare/{names[place]}", {"place": place, **data})
            listed.append((names[place], " · ".join(place), len(data["targets"])))
    sources = list(dict.fromkeys(one.source for found in together.values() for one in found))
    # Of a single target there is little to see: another study is opened first.
    first = next((slug for slug, _, targets in listed if targets > 1), "")
    writer.page("compare.html", "compare.html", studies=listed, first=first, sources=sources)


def _by_place(site: Site, baselines: Iterable[KeptRuns]) -> dict[Place, list[_Runs]]:
    """Return the sides of each place: each source by itself, then baselines."""
    found: dict[Place, list[_Runs]] = {}
    addresses = {
        entry.runs.study.place: {key: entry.target_address(key) for key in entry.runs.study.targets}
        for entry in site.studies
    }
    for source in site.sources:
        split: dict[Place, list] = {}
        # Of two stores each is shown as it is: which versions count is decided in each alone.
        records = site.records if len(site.sources) == 1 else current(source.records).records
        for record in records:
            split.setdefault(record.study, []).append(record)
        for place, runs in split.items():
            digests = (runs[-1].dataset_digest, runs[-1].surrogate_digest)
            side = _Runs(source.name, runs, digests, addresses.get(place, {}))
            found.setdefault(place, []).append(side)
    for kept in baselines:
        found.setdefault(kept.place, []).append(_Runs(kept.name, kept.runs, kept.digests))
    return {place: found[place] for place in sorted(found)}


def compare_data(sources: Sequence[_Runs], task: TaskLike | None) -> dict[str, Any]:
    """Return what the comparison of any two sides of a place shows.

    Parameters
    ----------
    sources
        Runs of one place, by where they come from.
    task
        The task; None where this version of xbench does not know it.

    Returns
    -------
    dict
        ``sides`` as [source, method, digests]; ``targets`` as [cell type, name, address or ""];
        ``metrics`` as [name, label, direction]; ``sizes``. ``values``: by metric and L, for each
        side a list of [target, values by repetition], null where a repetition has none.
        ``effects``: by metric and L, [one, other, mean, low, high] for each two sides: the mean
        paired difference, one minus other, with its 95% interval.
    """
    sides: list[tuple[_Runs, str]] = []
    for source in sources:
        declared = task.method_labels if task else ()
        methods = declared_first(declared, source.by_method.keys())
        sides += [(source, method) for method in methods]
    runs = [run for source in sources for run in source.runs]
    targets = sorted({(run.cell_type, run.target) for run in runs})
    sizes = sorted({run.L for run in runs})
    metrics = _metrics(runs, task)
    values: dict[str, dict[str, Any]] = {}
    effects: dict[str, dict[str, Any]] = {}
    for metric in metrics:
        for size in sizes:
            found = _values(sides, size, metric)
            values.setdefault(metric, {})[str(size)] = [
                _listed(found.get(str(place), {}), targets) for place in range(len(sides))
            ]
            effects.setdefault(metric, {})[str(size)] = _effects(found)
    addresses = {key: url for source in sources for key, url in source.targets.items()}
    return {
        "sides": [[source.source, method, *source.digests] for source, method in sides],
        "targets": [[*target, addresses.get(target, "")] for target in targets],
        "metrics": [[name, METRICS[name].label, METRICS[name].direction] for name in metrics],
        "sizes": sizes,
        "values": values,
        "effects": effects,
    }


def _metrics(runs: Iterable[RunLike], task: TaskLike | None) -> list[str]:
    found = {name for run in runs for name in run.metrics}
    declared = [task.primary_metric, *task.metrics] if task else []
    return [
        name
        for name in declared_first(declared, found)
        if name in METRICS and METRICS[name].direction != "none"
    ]


def _values(sides: Sequence[tuple[_Runs, str]], size: int, metric: str) -> MethodValues:
    """Return values by the number of a side, which stands for its method, and target."""
    found: dict[str, dict[TargetKey, dict[int, float]]] = {}
    for place, (source, method) in enumerate(sides):
        for run in source.by_method.get(method, ()):
            value = finite(run.metrics.get(metric)) if run.status == "ok" else None
            if size == run.L and value is not None:
                of_side = found.setdefault(str(place), {})
                of_side.setdefault((run.cell_type, run.target), {})[run.repetition] = value
    return found


def _listed(of_side: Mapping[TargetKey, Any], targets: Sequence[TargetKey]) -> list[list[Any]]:
    """Return [target, values by repetition] of one side."""
    return [
        [place, [of_side[target].get(number) for number in range(max(of_side[target]) + 1)]]
        for place, target in enumerate(targets)
        if target in of_side
    ]


def _effects(values: MethodValues) -> list[list[Any]]:
    found = []
    for one, other in combinations(values, 2):
        difference = effect(pairs(values, one, other))
        if difference.mean is not None:
            ends = (difference.mean, difference.low, difference.high)
            found.append([int(one), int(other), *ends])
    return found
