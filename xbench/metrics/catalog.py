"""Every metric by name, those of this folder and plug-ins, and computing what a task asks for."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from xbench.errors import XbenchError
from xbench.metrics.metric import Metric, Outcome
from xbench.registry.find import load, plugged_in
from xbench.registry.scan import Entry


def _declared() -> Iterator[Metric]:
    """Make one of each metric that a file of this folder defines.

    The rule is that of `xbench.registry`, which lists the same classes without importing them: a
    public class with a name of its own.
    """
    # A file that is added here is found; no list has to name it as well.
    for file in pkgutil.iter_modules([str(Path(__file__).parent)], f"{__package__}."):
        for name, found in vars(importlib.import_module(file.name)).items():
            if not isinstance(found, type) or not issubclass(found, Metric) or name[0] == "_":
                continue
            if found.__module__ == file.name and "name" in vars(found):
                yield found()


class _Catalog(Mapping[str, Metric]):
    """Metrics by name; a plug-in's is imported when it is first asked for."""

    def __init__(self) -> None:
        self.own = {metric.name: metric for metric in _declared()}

    def __getitem__(self, name: str) -> Metric:
        if name in self.own:
            return self.own[name]
        for entry in plugged_in("metric"):
            if entry.name == name:
                return _made(entry)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from (entry.name for entry in plugged_in("metric") if entry.name not in self.own)

    def __len__(self) -> int:
        return sum(1 for _ in self)


# An edited file is another entry: it has another digest.
@cache
def _made(entry: Entry) -> Metric:
    found = load(entry)
    if not issubclass(found, Metric):
        name = found.__name__
        raise XbenchError(f"{entry.location}: {name} is no Metric; write class {name}(Metric)")
    made: Metric = found()
    return made


_CATALOG = _Catalog()
METRICS: Mapping[str, Metric] = _CATALOG
OF_TRUTH = tuple(name for name, metric in _CATALOG.own.items() if metric.of_truth)
OF_KNOWN = tuple(name for name, metric in _CATALOG.own.items() if metric.of_known)


def compute_metrics(names: Iterable[str], outcome: Outcome) -> dict[str, float | None]:
    """Compute metrics by name, and all of the truth, known links or a judge where there is one.

    Parameters
    ----------
    names
        Of the metrics that a task declares.
    outcome
        What they are computed from.

    Returns
    -------
    dict
        Value of each metric; None where it is undefined here (no coordinates, nothing expressed).
    """
    known = [
        name
        for name, metric in METRICS.items()
        if (metric.of_truth and outcome.truth is not None)
        or (metric.of_known and outcome.known is not None)
        or (metric.of_judge and outcome.judged is not None)
    ]
    return {name: METRICS[name].compute(outcome) for name in dict.fromkeys((*names, *known))}
