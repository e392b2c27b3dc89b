from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from xbench.benchmark.old_store import old_run_id
from xbench.benchmark.plan import FoundMethod, RunKey, expand, run_id, units
from xbench.benchmark.task import MethodSpec, Task, load_task
from xbench.data.known_links import KnownFile
from xbench.errors import XbenchError
from xbench.registry.scan import Entry
from xbench.utils.seeds import derive_seed


@pytest.fixture
def task() -> Task:
    return Task.model_validate(
        {
            "name": "toy",
            "title": "Toy",
            "version": 3,
            "dataset": "toy-data",
            "targets": [
                {"cell_type": "A", "outputs": ["g1", "g2"]},
                {"cell_type": "B", "outputs": ["g1"]},
            ],
            "methods": [
                "random",
                {"name": "grids", "label": "fast", "parameters": {"steps": 5}},
                {"name": "grids", "label": "slow", "parameters": {"steps": 50}},
            ],
            "subset_sizes": [10, 2],
            "repetitions": 2,
            "perturbation": "mean",
            "objective": "expression",
            "metrics": ["rel-delta", "avg-delta"],
            "primary_metric": "rel-delta",
        }
    )


def test_every_point_of_the_grid_once_in_the_order_of_the_task(task: Task) -> None:
    keys = expand(task)
    points = [(key.cell_type, key.target, key.method, key.L, key.repetition) for key in keys]
    assert points == [
        (cell_type, target, method, size, repetition)
        for cell_type, target in (("A", "g1"), ("A", "g2"), ("B", "g1"))
        for method in ("random", "fast", "slow")
        for size in (10, 2)
        for repetition in (0, 1)
    ]
    assert {(key.task, key.task_version, key.perturbation) for key in keys} == {("toy", 3, "mean")}
    assert {(key.method, key.method_name, key.parameters.get("steps")) for key in keys} == {
        ("random", "random", None),
        ("fast", "grids", 5),
        ("slow", "grids", 50),
    }


def test_all_of_a_repetition_is_done_before_any_of_the_next(task: Task) -> None:
    keys = expand(task)
    found = FoundMethod(Entry("method", "any", "", "any.py", "Any", "built-in"), 1, "digest")
    ids = [f"{number:016x}" for number in range(len(keys))]
    planned = units(keys, ids, {"random": found, "grids": found})
    points = [
        (unit.keys[0].repetition, unit.keys[0].target, unit.keys[0].method) for unit in planned
    ]
    whole = [
        (target, label) for target in ("g1", "g2", "g1") for label in ("random", "fast", "slow")
    ]
    assert points == [(repetition, *one) for repetition in (0, 1) for one in whole]
    # Every run is in one of them, by its own name, the largest L first.
    assert sorted(one for unit in planned for one in unit.run_ids) == ids
    assert {tuple(key.L for key in unit.keys) for unit in planned} == {(10, 2)}
    of = dict(zip(ids, keys, strict=True))
    assert all(tuple(of[one] for one in unit.run_ids) == unit.keys for unit in planned)


def test_seeds_differ_between_runs_but_not_between_sizes(task: Task) -> None:
    keys = expand(task)
    by_point: dict[tuple[object, ...], set[int]] = {}
    for key in keys:
        point = (key.cell_type, key.target, key.method, key.repetition)
        by_point.setdefault(point, set()).add(key.seed)
    assert all(len(seeds) == 1 for seeds in by_point.values())
    assert len(set.union(*by_point.values())) == len(by_point) == 18
    assert keys[0].seed == derive_seed("toy", "A", "g1", "random", 0)


def test_a_run_has_the_same_seed_alone_as_among_others(task: Task) -> None:
    (alone,) = (
        key
        for key in expand(task, methods=["slow"], subset_sizes=[2], repetitions=1)
        if key.target == "g2"
    )
    assert alone in expand(task)


def test_methods_are_chosen_by_label_name_or_as_given(task: Task) -> None:
    def labels(*methods: str | MethodSpec) -> list[str]:
        return list(dict.fromkeys(key.method for key in expand(task, methods=methods)))

    assert labels("fast") == ["fast"]
    assert labels("grids", "random") == ["fast", "slow", "random"]
    assert labels(MethodSpec(name="mine")) == ["mine"]


def test_a_registered_method_need_not_be_in_the_task(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xbench.benchmark import plan as module

    known = Entry("method", "lime", "", "lime.py", "Lime", "built-in")
    monkeypatch.setattr(module, "entries", lambda kind: [known])
    assert {key.method_name for key in expand(task, methods=["lime"])} == {"lime"}
    with pytest.raises(XbenchError, match=r"unknown method 'fats'. Nearest: fast") as caught:
        expand(task, methods=["fats"])
    assert str(caught.value).endswith("Valid methods: fast, lime, random, slow")


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"subset_sizes": [0]}, "subset sizes"),
        ({"subset_sizes": []}, "subset sizes"),
        ({"subset_sizes": [3, 3]}, "subset size L 3 is given twice"),
        ({"repetitions": 0}, "repetitions 0"),
        ({"methods": []}, "no method chosen"),
        ({"methods": ["fast", "grids"]}, "method fast is given twice"),
    ],
)
def test_wrong_choices_are_named(task: Task, choice: dict[str, Any], message: str) -> None:
    with pytest.raises(XbenchError, match=message):
        expand(task, **choice)


def test_the_run_id_changes_with_every_part(task: Task) -> None:
    key = expand(task)[4]
    others: dict[str, Any] = {
        "task": "other",
        "task_version": 4,
        "cell_type": "B",
        "target": "g9",
        "method": "other",
        "method_name": "other",
        "parameters": {"steps": 6},
        "L": 3,
        "repetition": 7,
        "seed": 1,
        "perturbation": 0.0,
        "objective": "cross-entropy",
        "split": "reference",
        "budget_seconds": 1.5,
        "budget_evaluations": 10,
        "beta": 0.5,
        "division": 3,
        "window": 1_000_000,
        "known": (KnownFile("links.tsv", "00c0ffee"),),
    }
    assert {*others, "metrics"} == {field.name for field in fields(RunKey)}
    ids = {run_id(key, "d", "s", 1)}
    ids |= {run_id(replace(key, **{name: value}), "d", "s", 1) for name, value in others.items()}
    ids |= {run_id(key, *of) for of in (("x", "s", 1), ("d", "x", 1), ("d", "s", 2))}
    assert len(ids) == 1 + len(others) + 3
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in ids)


def test_the_run_id_ignores_what_changes_nothing(task: Task) -> None:
    key = replace(expand(task)[0], parameters={"a": 1, "b": [2]})
    same = replace(key, parameters={"b": [2], "a": 1})
    assert run_id(key, "d", "s", 1) == run_id(same, "d", "s", 1)
    # A metric can be computed later, on the stored selection.
    other = replace(key, metrics=("rel-delta",))
    assert other.metrics != key.metrics
    assert run_id(key, "d", "s", 1) == run_id(other, "d", "s", 1)


def test_the_run_id_never_changes(task: Task) -> None:
    """Written down once: a change would silently orphan every stored result."""
    assert run_id(expand(task)[0], "d", "s", 1) == "9f7acb3c1687067f"


def test_a_repetition_may_draw_training_and_validation_cells_anew(task: Task) -> None:
    assert {key.division for key in expand(task)} == {None}
    repeating = task.model_copy(update={"repeats": "split"})
    assert all(key.division == key.repetition for key in expand(repeating))
    assert repeating.digest != task.digest


def test_ids_are_unique_within_a_task_and_keys_are_hashable(task: Task) -> None:
    keys = expand(task)
    assert len({run_id(key, "d", "s", 1) for key in keys}) == len(set(keys)) == len(keys) == 36


def test_a_run_without_a_budget_has_an_id_as_if_there_were_no_budgets(make_record: Any) -> None:
    # The first two written down at commit 1750941, the last one without budgets, of its task.
    task = load_task(Path(__file__).parent / "gene_focused_of_1750941.toml")
    assert task.digest == "1f5dd6d3a20fab42"
    record = make_record(dataset_digest="d", surrogate_digest="s")
    assert old_run_id(record, expand(task)[7], "m") == "efff55705120ec1d"
    assert run_id(expand(task)[7], "d", "s", 1) == "21e0b03a9a890dfd"
    limited = task.model_copy(update={"budget_evaluations": 10})
    assert limited.digest != task.digest
    assert expand(limited)[7].budget_evaluations == 10
