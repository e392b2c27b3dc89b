from __future__ import annotations

from pathlib import Path

import pytest

from xbench.benchmark.plan import expand
from xbench.benchmark.task import load_task
from xbench.registry.find import entries

NAMES = [entry.name for entry in entries("task")]

# Protocol, "Targets": the 16 pairs of the paper's Appendix C.2.
PAIRS = """
VIP GAD1 GAD2; SST GAD1 GAD2; OPC NXPH1 OLIG1 OLIG2; Endo FLT1 CLDN5;
Astro ALDH1A1 AQP4 GJA1; Oligo MOBP MOG; Micro CX3CR1 APBB1IP
"""


def test_the_tasks_of_the_first_release_are_there() -> None:
    assert {"quick", "mnist-binary", "table1"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_is_valid_and_named_as_its_file(name: str) -> None:
    task = load_task(name)
    (entry,) = (entry for entry in entries("task") if entry.name == name)
    assert Path(entry.location).stem == name == task.name
    assert entry.summary == task.title
    # What a task leaves to the data has no runs before there are data.
    assert expand(task) or all(group.most_expressed for group in task.targets)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_task_names_exists(name: str) -> None:
    task = load_task(name)
    assert {method.name for method in task.methods} <= {entry.name for entry in entries("method")}
    assert task.dataset in {entry.name for entry in entries("dataset")}
    assert task.surrogate in {None, *(entry.name for entry in entries("surrogate"))}


def test_table1_has_the_targets_and_sizes_of_table_1() -> None:
    wanted = {}
    for row in PAIRS.replace("\n", " ").split(";"):
        cell_type, *genes = row.split()
        wanted[cell_type] = genes
    task = load_task("table1")
    assert {group.cell_type: group.outputs for group in task.targets} == wanted
    assert sum(len(group.outputs) for group in task.targets) == 16
    assert (task.subset_sizes, task.layout, task.primary_metric) == (
        [10, 128],
        "table1",
        "rel-delta",
    )


def test_mnist_binary_explains_eights_towards_three() -> None:
    task = load_task("mnist-binary")
    assert [(group.cell_type, group.outputs) for group in task.targets] == [("8", ["3"])]
    assert (task.subset_sizes, task.repetitions) == ([64], 5)
