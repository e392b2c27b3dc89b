"""The task of data that come without one: what is explained, by which methods, scored by what."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xbench.benchmark.task import MethodSpec, TargetGroup, Task
from xbench.data.arrays import ALL_CELLS, MOST_CLASSES
from xbench.data.dataset import MINIMUM_CELLS, Dataset
from xbench.errors import XbenchError
from xbench.metrics import METRICS
from xbench.surrogates.black_box import outputs_of
from xbench.surrogates.checkpoint import OpenedSurrogate

METHODS = ("random", "leave-one-out", "gradient-change", "grids")
OF_CLASSES = ("log-odds-drop", "own-class-share-after", "target-class-share-after")
OF_NUMBERS = ("value-drop",)
# Targets that are explained where none is named; cells that are asked which class is likely.
MOST_TARGETS = 10
_ASKED = 256


def own_task(
    dataset: Dataset,
    surrogate: OpenedSurrogate,
    *,
    methods: Sequence[MethodSpec] = (),
    metrics: Sequence[str] = (),
    subset_sizes: Sequence[int] = (),
    targets: Sequence[str] = (),
    repetitions: int = 1,
    perturbation: float | str = 0.0,
) -> Task:
    """Return a task for data that have none.

    Parameters
    ----------
    dataset, surrogate
        What is explained.
    methods, metrics, subset_sizes
        `METHODS`; `OF_CLASSES` or `OF_NUMBERS`; and a quarter of the features, at most 10, where
        none are given. The first metric with a direction ranks.
    targets
        Of classes ``"CLASS:OTHER"``, away from one and towards another, or ``"CLASS"``, towards the
        one that the model thinks second most likely; of numbers the name of an output. Every class
        or output, at most 10, where none are given.
    repetitions, perturbation
        See `xbench.benchmark.task.Task`.

    Raises
    ------
    XbenchError
        Where something named does not exist.
    """
    pairs = [pair for one in targets for pair in [resolved(dataset, surrogate, one)]]
    groups: dict[str, list[str]] = {}
    for cell_type, output in pairs or _every(dataset, surrogate):
        groups.setdefault(cell_type, []).append(output)
    return task_about(
        dataset,
        groups,
        methods=methods,
        metrics=metrics,
        subset_sizes=subset_sizes,
        repetitions=repetitions,
        perturbation=perturbation,
    )


def task_about(
    dataset: Dataset,
    groups: Mapping[str, Sequence[str]],
    *,
    methods: Sequence[MethodSpec] = (),
    metrics: Sequence[str] = (),
    subset_sizes: Sequence[int] = (),
    repetitions: int = 1,
    perturbation: float | str = 0.0,
) -> Task:
    """Return a task about targets that are known: the outputs of each cell type.

    Parameters
    ----------
    dataset
        What is explained.
    groups
        Names of outputs, by cell type or class.
    methods, metrics, subset_sizes, repetitions, perturbation
        See `own_task`.

    Raises
    ------
    XbenchError
        Where something named does not exist.
    """
    chosen = list(metrics) or list(OF_CLASSES if dataset.is_classification else OF_NUMBERS)
    slug = re.sub(r"[^a-z0-9]+", "-", dataset.name.lower()).strip("-") or "data"
    ranking = [name for name in chosen if name in METRICS and METRICS[name].direction != "none"]
    declared = {
        "name": f"own-{slug}",
        "title": f"{dataset.name} explained",
        "version": 1,
        "dataset": dataset.name,
        "objective": "cross-entropy" if dataset.is_classification else "expression",
        "methods": list(methods) or [MethodSpec(name=name) for name in METHODS],
        "metrics": chosen,
        "primary_metric": (ranking or chosen)[0],
        "subset_sizes": list(subset_sizes) or [max(1, min(10, dataset.n_features // 4))],
        "repetitions": repetitions,
        "perturbation": perturbation,
        "targets": [TargetGroup(cell_type=one, outputs=list(of)) for one, of in groups.items()],
    }
    return Task.checked(declared, f"data {dataset.name}")


def resolved(
    dataset: Dataset, surrogate: OpenedSurrogate, target: str | int | None
) -> tuple[str, str]:
    """Return cell type and output that a target means; see `own_task`.

    Raises
    ------
    XbenchError
        Where it names nothing, or there are several and none is named.
    """
    names = [str(name) for name in dataset.output_features.names]
    if target is None:
        if len(names) == 1:
            return str(dataset.cell_types[0]), names[0]
        raise XbenchError(
            f"{dataset.name}: has {len(names)} outputs; say which is to be explained, target=: "
            f"{', '.join(names[:20])}"
        )
    if isinstance(target, int) and not dataset.is_classification and 0 <= target < len(names):
        target = names[target]
    text = str(target)
    cell_type, colon, output = text.rpartition(":")
    if colon and (dataset.is_classification or text not in names):
        _refuse_classes_of_numbers(dataset, cell_type, text, names)
        found = dataset.target(cell_type, output)
        return found.cell_type, found.name
    if dataset.is_classification:
        own = dataset.resolve_cell_type(text)
        return own, _second(dataset, surrogate, own)
    types = sorted(set(dataset.cell_types.tolist()))
    if len(types) > 1:
        raise XbenchError(f"{dataset.name}: target {text!r}: must be CELL_TYPE:OUTPUT")
    found = dataset.target(types[0], text)
    return found.cell_type, names[found.output]


def _refuse_classes_of_numbers(
    dataset: Dataset, cell_type: str, target: str, names: list[str]
) -> None:
    """Refuse a target of classes where there are none, and say why there are none."""
    if dataset.is_classification or cell_type == ALL_CELLS:
        return
    if set(dataset.cell_types.tolist()) != {ALL_CELLS}:
        return
    why = "there is no y"
    if dataset.Y is not None:
        why = (
            "y was taken for numbers (classes are texts, truth values, or whole numbers of at most "
            f"{MOST_CLASSES} values, shape (n,))"
        )
    some = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    raise XbenchError(
        f"{dataset.name}: target {target!r} is of classes, but {why}; give classes, or name one "
        f"output: {some}"
    )


def _every(dataset: Dataset, surrogate: OpenedSurrogate) -> list[tuple[str, str]]:
    names = [str(name) for name in dataset.output_features.names]
    types = sorted(set(dataset.cell_types.tolist()))
    if dataset.is_classification:
        enough = [one for one in names if len(dataset.rows(one, "all")) >= MINIMUM_CELLS]
        return [(one, _second(dataset, surrogate, one)) for one in enough[:MOST_TARGETS]]
    if len(names) * len(types) > MOST_TARGETS:
        raise XbenchError(
            f"{dataset.name}: has {len(names)} outputs and {len(types)} cell types; say what is to "
            f"be explained: --target CELL_TYPE:OUTPUT, such as {types[0]}:{names[0]}"
        )
    return [(one, name) for one in types for name in names]


def _second(dataset: Dataset, surrogate: OpenedSurrogate, own: str) -> str:
    """Return the class that the model thinks likeliest for training cells of another one."""
    names = [str(name) for name in dataset.output_features.names]
    if len(names) < 2:
        raise XbenchError(f"{dataset.name}: has one class only; there is nothing to lead towards")
    rows = dataset.rows(own, "train")[:_ASKED]
    means = outputs_of(surrogate.model, dataset, rows).mean(axis=0)
    means[names.index(own)] = -np.inf
    return names[int(np.argmax(means))]


def toml_text(task: Task) -> str:
    r"""Return a task as TOML, which `xbench.benchmark.task.load_task` reads.

    Examples
    --------
    >>> from xbench.benchmark.task import load_task
    >>> toml_text(load_task("quick")).splitlines()[0]
    'name = "quick"'
    """
    declared = task.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return "".join(f"{key} = {_toml(value)}\n" for key, value in declared.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
