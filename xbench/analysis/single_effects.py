"""What masking one feature alone does to the prediction on test cells."""

from collections.abc import Iterable

import numpy as np

from xbench.data.dataset import Dataset, Target
from xbench.mask import masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.metrics.expression import rel_delta
from xbench.surrogates.black_box import BlackBox
from xbench.surrogates.surrogate import Surrogate


def single_effects(
    dataset: Dataset,
    model: Surrogate | BlackBox,
    target: Target,
    features: Iterable[int],
    perturbation: float | str = 0.0,
) -> dict[int, float]:
    """Return the mean relative change of a target's prediction for each feature masked alone, in %.

    Features that replace each other show nothing alone, although masking both matters: a small
    effect is no reason to drop a feature of a subset.

    Parameters
    ----------
    dataset, target
        What is explained: a gene.
    model
        A frozen surrogate.
    features
        Positions.
    perturbation
        What masked features become: a number, or ``"mean"`` over the training cells.
    """
    inputs = model.inputs_of(dataset, dataset.rows(target.cell_type, "test"))
    value: float | np.ndarray
    if perturbation == "mean":
        train = model.inputs_of(dataset, dataset.rows(target.cell_type, "train"))
        value = np.asarray(train.mean(axis=0), dtype=np.float32).ravel()
    else:
        value = float(perturbation)
    population = masked_population(model, inputs, target, OBJECTIVES["expression"], value)
    before = population.values()
    return {one: rel_delta(before, population.values([one])) for one in dict.fromkeys(features)}
