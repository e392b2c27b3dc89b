"""What a dataset, a metric, a surrogate or a task must do, a function a clause."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from xbench.benchmark.task import load_task
from xbench.data.dataset import Dataset, Target
from xbench.data.features import Features
from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.data.source import DatasetSource
from xbench.errors import XbenchError
from xbench.metrics import METRICS, Metric, Outcome
from xbench.registry.find import find, load
from xbench.registry.scan import Entry
from xbench.surrogates.surrogate import Recipe, Surrogate
from xbench.testing.questions import BrokenClauseError, NotTestedError

KindClause = Callable[[Entry], None]


# A metric


def is_described(entry: Entry) -> None:
    """Says what it is: name, label, unit, direction and a sentence."""
    metric = _made(entry, Metric)
    if not str(metric.description).strip():
        raise BrokenClauseError("its description is empty")


def gives_numbers(entry: Entry) -> None:
    """Gives a finite number in its range, or None, whatever masking did."""
    metric = _made(entry, Metric)
    for outcome in _outcomes():
        value = metric.compute(outcome)
        if value is None:
            continue
        if not isinstance(value, int | float) or not np.isfinite(value):
            raise BrokenClauseError(f"gave {value!r}: return a finite float, or None if undefined")
        if not metric.low <= value <= metric.high:
            raise BrokenClauseError(f"gave {value}, outside of {metric.low} to {metric.high}")


def repeats_itself(entry: Entry) -> None:
    """Gives the same for the same, and changes nothing that it is given."""
    metric = _made(entry, Metric)
    for outcome in _outcomes():
        before = (outcome.before.copy(), outcome.after.copy(), outcome.indices.copy())
        first, second = metric.compute(outcome), metric.compute(outcome)
        if first != second:
            raise BrokenClauseError(f"gave {first}, then {second}")
        now = (outcome.before, outcome.after, outcome.indices)
        if not all(np.array_equal(was, one) for was, one in zip(before, now, strict=True)):
            raise BrokenClauseError("it changed what it was given")


def _outcomes() -> list[Outcome]:
    generator = np.random.default_rng(0)
    features = Features(np.array([f"feature{number}" for number in range(8)]))
    before = generator.normal(1.0, 1.0, 20)
    changes = (np.zeros(20), generator.normal(-0.5, 0.3, 20), generator.normal(0.5, 0.3, 20))

    def outcome(change: np.ndarray) -> Outcome:
        return Outcome(
            before,
            before + change,
            np.array([3, 0, 5]),
            features,
            Target("all", "target", 0),
            ordered=True,
            masked=partial(_partly, before, change),
        )

    return [outcome(change) for change in changes]


def _partly(before: np.ndarray, change: np.ndarray, subset: Sequence[int]) -> np.ndarray:
    return before + change * min(1.0, len(subset) / 3)


# A dataset


def is_read(entry: Entry) -> None:
    """Loads, with cells in each part of its split."""
    dataset = _dataset(entry)
    for part in ("train", "validation", "test"):
        if not len(getattr(dataset.split, part)):
            raise BrokenClauseError(f"its split has no {part} cell: use split_cells")


def is_the_same_again(entry: Entry) -> None:
    """Has the same digest when it is read again, and another split for another seed."""
    first, again = _dataset(entry), _dataset(entry)
    if first.digest != again.digest:
        raise BrokenClauseError("has another content when it is read again")
    other = _dataset(entry, ReadOptions(split_seed=1))
    if np.array_equal(first.split.test, other.split.test):
        raise BrokenClauseError("heeds no split seed: give split_cells reading.split_seed")


def refuses_options(entry: Entry) -> None:
    """Refuses an option that means nothing here, and names it."""
    try:
        dataset = _dataset(entry, ReadOptions(cell_type_key="no such column"))
    except XbenchError:
        return
    raise BrokenClauseError(f"took --cell-type-key 'no such column' for {dataset.name}")


def names_its_surrogate(entry: Entry) -> None:
    """Names a surrogate that there is, which fits its outputs."""
    dataset = _dataset(entry)
    recipe: Recipe = load(find("surrogate", dataset.default_surrogate)).recipe()  # type: ignore[attr-defined]
    if recipe.classifies != dataset.is_classification:
        raise BrokenClauseError(f"{dataset.default_surrogate} is not for outputs of this kind")


def _dataset(entry: Entry, reading: ReadOptions = AS_IT_IS) -> Dataset:
    source = _made(entry, DatasetSource)
    if (missing := source.available()) is not None:
        raise NotTestedError(missing)
    dataset = source.load(reading)
    if not isinstance(dataset, Dataset):
        raise BrokenClauseError(f"load() gave {type(dataset).__name__}, not a Dataset")
    return dataset


# A surrogate


def has_a_recipe(entry: Entry) -> None:
    """Says how it is trained: recipe() gives a Recipe with settings."""
    recipe = _class(entry, Surrogate).recipe()
    if not isinstance(recipe, Recipe):
        raise BrokenClauseError(f"recipe() gave {type(recipe).__name__}, not a Recipe")


def trains_and_splits(entry: Entry) -> None:
    """Trains on a toy; its additive layer and tail give what forward gives."""
    model, dataset = _trained(entry)
    x = torch.from_numpy(np.asarray(dataset.inputs.to_df(), dtype=np.float32)[:20])
    with torch.no_grad():
        whole, parts = model(x), model.tail(model.additive_layer().sums(x))
    if not torch.allclose(whole, parts, rtol=1e-4, atol=1e-5):
        raise BrokenClauseError("tail(additive_layer().sums(x)) is not forward(x)")
    if not torch.isfinite(whole).all() or whole.shape != (20, dataset.n_outputs):
        raise BrokenClauseError(f"gives outputs of shape {tuple(whole.shape)}, or not finite ones")


def is_built_again(entry: Entry) -> None:
    """Is the same when it is built again from configuration() and its weights."""
    model, dataset = _trained(entry)
    again = _class(entry, Surrogate)(**model.configuration())
    again.load_state_dict(model.state_dict())
    x = torch.from_numpy(np.asarray(dataset.inputs.to_df(), dtype=np.float32)[:20])
    with torch.no_grad():
        if not torch.equal(model(x), again.frozen()(x)):
            raise BrokenClauseError("gives other outputs when it is built again")


def _trained(entry: Entry) -> tuple[Surrogate, Dataset]:
    from xbench.data.arrays import dataset_of

    recipe = _class(entry, Surrogate).recipe()
    generator = np.random.default_rng(0)
    x = generator.random((120, 6)).astype(np.float32)
    y: Any = np.where(x[:, 0] > 0.5, "high", "low") if recipe.classifies else x[:, 0] + 1
    dataset = dataset_of(x, y, name="toy")
    model, _ = recipe.train(dataset, recipe.settings, seed=0, train_rows=dataset.split.train)
    return model.frozen(), dataset


# A task


def is_a_task(entry: Entry) -> None:
    """Is read, and every field is valid."""
    load_task(entry.name if entry.class_name else entry.location)


def names_what_there_is(entry: Entry) -> None:
    """Names a dataset, methods and metrics that there are."""
    task = load_task(entry.name if entry.class_name else entry.location)
    find("dataset", task.dataset)
    for spec in task.methods:
        find("method", spec.name)
    for name in task.metrics:
        if name not in METRICS:
            raise BrokenClauseError(f"there is no metric {name!r}")


CLAUSES_OF: Mapping[str, tuple[KindClause, ...]] = {
    "metric": (is_described, gives_numbers, repeats_itself),
    "dataset": (is_read, is_the_same_again, refuses_options, names_its_surrogate),
    "surrogate": (has_a_recipe, trains_and_splits, is_built_again),
    "task": (is_a_task, names_what_there_is),
}


def _class(entry: Entry, base: type) -> Any:
    found = load(entry)
    if not issubclass(found, base):
        raise BrokenClauseError(f"{found.__name__} is no {base.__name__}: derive it from that")
    if not (inspect.getdoc(found) or "").strip():
        raise BrokenClauseError("has no docstring")
    return found


def _made(entry: Entry, base: type) -> Any:
    return _class(entry, base)()
