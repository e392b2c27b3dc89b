"""Every metric of this folder, by name, and computing those that a task asks for."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from xbench.metrics.metric import Metric, Outcome


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


METRICS: dict[str, Metric] = {metric.name: metric for metric in _declared()}
OF_TRUTH = tuple(name for name, metric in METRICS.items() if metric.of_truth)
OF_JUDGE = tuple(name for name, metric in METRICS.items() if metric.of_judge)


def compute_metrics(names: Iterable[str], outcome: Outcome) -> dict[str, float | None]:
    """Compute metrics by name, and all that ask the truth or a judge where there is one.

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
    known = () if outcome.truth is None else OF_TRUTH
    known += () if outcome.judged is None else OF_JUDGE
    return {name: METRICS[name].compute(outcome) for name in dict.fromkeys((*names, *known))}
