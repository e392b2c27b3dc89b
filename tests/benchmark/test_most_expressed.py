"""Targets that a task leaves to the data."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

import xbench
from xbench.benchmark.plan import most_expressed, with_named_outputs
from xbench.benchmark.task import TargetGroup, load_task
from xbench.errors import XbenchError


@pytest.fixture(scope="module")
def cells() -> xbench.Dataset:
    return xbench.load_dataset("simulated-multiome-small")


def test_they_are_the_genes_of_highest_mean_in_the_types_training_cells(
    cells: xbench.Dataset,
) -> None:
    assert cells.Y is not None
    dense = cells.Y.toarray()[cells.rows("Micro", "train")].mean(axis=0)
    wanted = sorted(range(len(dense)), key=lambda gene: (-dense[gene], gene))[:7]
    assert most_expressed(cells, "Micro", 7) == [cells.output_features.names[i] for i in wanted]
    assert most_expressed(cells, "VIP", 7) != most_expressed(cells, "Micro", 7)


def test_table_2_gets_a_hundred_genes_a_type(cells: xbench.Dataset) -> None:
    task = with_named_outputs(load_task("table2"), cells)
    assert [(group.cell_type, len(group.outputs)) for group in task.targets] == [
        ("VIP", 100),
        ("Micro", 100),
    ]


def test_classes_have_no_expression() -> None:
    with pytest.raises(XbenchError, match="has classes, no expression"):
        most_expressed(xbench.load_dataset("mnist-binary"), "8", 3)


def test_a_group_names_its_outputs_or_leaves_them_to_the_data() -> None:
    with pytest.raises(ValidationError, match="give outputs, or most_expressed"):
        TargetGroup(cell_type="VIP", outputs=["GAD1"], most_expressed=3)
    with pytest.raises(ValidationError, match="give outputs, or most_expressed"):
        TargetGroup(cell_type="VIP")
    assert np.all([group.most_expressed is None for group in load_task("table1").targets])
