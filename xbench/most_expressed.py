"""The most expressed genes of a cell type: targets that are known once there are data."""

from __future__ import annotations

import numpy as np

from xbench.benchmark.task import TargetGroup, Task
from xbench.data.dataset import Dataset
from xbench.errors import XbenchError


def most_expressed(dataset: Dataset, cell_type: str, count: int) -> list[str]:
    """Return the genes of highest mean measured expression in a type's training cells.

    Test cells have no say: they judge what is found for these genes.

    Parameters
    ----------
    dataset
        With expression in log1p units.
    cell_type
        A cell type or an alias of one.
    count
        How many; all where there are fewer.

    Returns
    -------
    list of str
        Highest first; of equal means the one that comes first in the data.

    Raises
    ------
    XbenchError
        For a dataset of classes.

    Examples
    --------
    >>> import xbench
    >>> cells = xbench.load_dataset("simulated-multiome-small")
    >>> len(most_expressed(cells, "VIP", 3))
    3
    """
    if dataset.Y is None:
        raise XbenchError(f"{dataset.name}: has classes, no expression; name the outputs instead")
    rows = dataset.rows(cell_type, "train")
    means = np.asarray(dataset.Y[rows].mean(axis=0)).ravel()
    highest = np.argsort(-means, kind="stable")[:count]
    return [str(dataset.output_features.names[index]) for index in highest]


def with_named_outputs(task: Task, dataset: Dataset) -> Task:
    """Return the task with every group's outputs named, `most_expressed` ones looked up.

    Raises
    ------
    XbenchError
        For a group of a type that the data do not have.
    """
    groups = [
        group
        if group.most_expressed is None
        else TargetGroup(
            cell_type=group.cell_type,
            outputs=most_expressed(dataset, group.cell_type, group.most_expressed),
        )
        for group in task.targets
    ]
    return task.model_copy(update={"targets": groups})
