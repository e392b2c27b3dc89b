from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from xbench.benchmark.task import MethodSpec, Task, load_task
from xbench.errors import XbenchError

VALID = """
name = "mine"
title = "Mine"
version = 1
dataset = "mnist-binary"
subset_sizes = [2, 4]
objective = "cross-entropy"
methods = ["random", {name = "grids", label = "grids-100", parameters = {steps = 100}}]
metrics = ["own-class-share-before", "own-class-share-after"]
primary_metric = "own-class-share-after"

[[targets]]
cell_type = "8"
outputs = ["3"]
"""


@pytest.fixture
def changed(tmp_path: Path) -> Any:
    """Write VALID with one text replaced, and load it."""

    def load(old: str = "", new: str = "") -> Task:
        assert old in VALID
        path = tmp_path / "mine.toml"
        path.write_text(VALID.replace(old, new, 1), encoding="utf-8")
        return load_task(path)

    return load


def test_a_valid_file_is_read(changed: Any) -> None:
    task = changed()
    assert task.method_labels == ["random", "grids-100"]
    assert task.methods[1] == MethodSpec(name="grids", label="grids-100", parameters={"steps": 100})
    assert (task.perturbation, task.split, task.layout) == (0.0, "strict", "ranked")
    assert (task.surrogate, task.timeout_seconds, task.repetitions) == (None, None, 1)


@pytest.mark.parametrize(("given", "value"), [("1", 1.0), ("-0.5", -0.5), ('"mean"', "mean")])
def test_perturbation_is_a_number_or_the_mean(changed: Any, given: str, value: object) -> None:
    perturbation = changed("version = 1", f"version = 1\nperturbation = {given}").perturbation
    assert perturbation == value
    assert type(perturbation) is type(value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "Mine"\n', "", "title: is missing; add it"),
        ("subset_sizes", "subset_size", "unknown field 'subset_size'. Nearest: subset_sizes"),
        ('label = "gr', 'lable = "gr', "methods[1]: unknown field 'lable'. Nearest: label. Valid"),
        ("outputs", "output", "targets[0]: unknown field 'output'. Nearest: outputs. Valid fiel"),
        ("version = 1", 'version = "1"', "version: must be a whole number, not '1'"),
        ("version = 1", "version = true", "version: must be a whole number, not True"),
        ("version = 1", "version = 0", "version: must be more than 0, not 0"),
        ("[2, 4]", "[2, 0]", "subset_sizes[1]: must be more than 0, not 0"),
        ("[2, 4]", "[2, 2]", "subset_sizes: 2 given twice; keep one"),
        ("[2, 4]", "[]", "subset_sizes: must be a list with at least one entry, not []"),
        ("[2, 4]", "2", "subset_sizes: must be a list, not 2"),
        ('"random", ', "3, ", "methods[0]: must be a table, not 3"),
        ('"random", ', '"", ', "methods[0].name: must be a text that is not empty"),
        ('"random"', '"grids-100"', "methods: label 'grids-100' given twice; keep one"),
        ("steps = 100", "day = 2020-01-01", "methods[1].parameters.day: must be a number, a te"),
        (
            '"cross-entropy"',
            '"entropy"',
            "objective: must be 'expression', 'cross-entropy' or 'expression-on-target', not",
        ),
        ('title = "Mine"', 'title = "M"\nlayout = "table2"', "layout: must be 'table1', 'pipeli"),
        ('title = "Mine"', 'title = "M"\nsplit = "none"', "split: must be 'strict', 'refer"),
        ('title = "Mine"', 'title = ""', "title: must be a text that is not empty, not ''"),
        ('name = "mine"', 'name = "My task"', "name: must be lower-case words joined by hyph"),
        ("version = 1", "version = 1\nperturbation = 'men'", "perturbation: must be a finite num"),
        ("version = 1", "version = 1\nperturbation = true", "perturbation: must be a finite n"),
        ("version = 1", "version = 1\nperturbation = nan", "perturbation: must be a finite nu"),
        ("version = 1", "version = 1\ntimeout_seconds = 0", "timeout_seconds: must be more th"),
        ("version = 1", "version = 1\ntimeout_seconds = inf", "timeout_seconds: must be a fin"),
        ('["3"]', "[3]", "targets[0].outputs[0]: must be text in quotes, not 3"),
        ('["3"]', '["3", "3"]', "targets[0].outputs: '3' given twice; keep one"),
        (
            'outputs = ["3"]',
            'outputs = ["3"]\n[[targets]]\ncell_type = "8"\noutputs = ["3"]',
            "targets: ('8', '3') given twice; keep one",
        ),
        ('-before", "own', '-befor", "own', "metrics[0]: unknown metric 'own-class-share-befor'"),
        (
            'primary_metric = "own-class-share-after"',
            'primary_metric = "log-odds-drop"',
            "primary_metric: 'log-odds-drop' is not among metrics; choose one of: own-class-shar",
        ),
        (
            'primary_metric = "own-class-share-after"',
            'primary_metric = "own-class-share-before"',
            "primary_metric: 'own-class-share-before' has no direction, so it cannot rank; choose",
        ),
    ],
)
def test_a_wrong_field_is_named_with_what_is_valid(
    changed: Any, tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(XbenchError) as caught:
        changed(old, new)
    assert str(caught.value).startswith(f"{tmp_path / 'mine.toml'}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_problem_is_named_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = VALID.replace("version = 1", "version = -1").replace("[2, 4]", '["a"]')
    path.write_text(text.replace("dataset", "data_set"))
    with pytest.raises(XbenchError) as caught:
        load_task(path)
    message = str(caught.value)
    assert message.count("version: must be more than 0, not -1; ") == 1
    assert message.count("subset_sizes[0]: must be a whole number, not 'a'; ") == 1
    assert message.count("dataset: is missing; add it") == 1
    assert message.count("unknown field 'data_set'. Nearest: dataset") == 1


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [("version = 1", "version = ", 4), ('"3"]', '"3"', 15), ("[2, 4]", "[2, 4", 7)],
)
def test_wrong_toml_is_named_with_its_line(
    changed: Any, tmp_path: Path, old: str, new: str, line: int
) -> None:
    with pytest.raises(XbenchError, match=r"is not valid TOML \(") as caught:
        changed(old, new)
    assert str(caught.value).startswith(f"{tmp_path / 'mine.toml'}:{line}: ")
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(XbenchError, match=r"none.toml: cannot be read \(No such file"):
        load_task(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(VALID.replace("Mine", "Caf\xe9").encode("latin-1"))
    with pytest.raises(XbenchError, match="is not UTF-8 text; save it as UTF-8"):
        load_task(tmp_path / "latin.toml")


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(XbenchError, match=r"unknown task 'mnist'. Nearest: mnist-binary"):
        load_task("mnist")


def test_the_digest_changes_with_all_but_the_words() -> None:
    declared = tomllib.loads(VALID)
    digest = Task.model_validate(declared).digest
    assert len(digest) == 16
    for words in ({"title": "Other"}, {"description": "Other"}):
        assert Task.model_validate({**declared, **words}).digest == digest
    changes: list[dict[str, Any]] = [
        {"version": 2},
        {"subset_sizes": [2]},
        {"perturbation": 1},
        {"objective": "expression"},
        {"methods": ["random", "grids"]},
        {"split": "reference"},
        {"timeout_seconds": 5},
    ]
    digests = {Task.model_validate({**declared, **change}).digest for change in changes}
    assert len(digests | {digest}) == len(changes) + 1
