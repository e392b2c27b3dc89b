"""Building the operator that fits a surrogate."""

import numpy as np
import scipy.sparse as sp
from torch import nn

from xbench.data.dataset import Target
from xbench.mask.additive import AdditivePopulation
from xbench.mask.dense import DensePopulation
from xbench.mask.encoded import EncodedPopulation
from xbench.mask.objective import Objective, wanted_outputs
from xbench.mask.on_target import RememberingPopulation, on_target
from xbench.mask.population import EvaluationCounts, MaskedPopulation, perturbation_vector
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Surrogate


def masked_population(
    model: nn.Module,
    inputs: sp.csr_matrix | np.ndarray,
    target: Target,
    objective: Objective,
    perturbation: float | np.ndarray = 0.0,
    *,
    counts: EvaluationCounts | None = None,
    device: str = "cpu",
) -> MaskedPopulation:
    """Encode a population under a surrogate.

    Parameters
    ----------
    model
        A frozen `Surrogate`, or any frozen `nn.Module` mapping (n, d) to (n, outputs).
    inputs
        The population, shape (n, d), sparse or dense.
    target
        Which output is explained.
    objective
        What masking should lower.
    perturbation
        p: a number, or shape (d,).
    counts
        Charged with every evaluation; new ones where None.
    device
        ``"cpu"`` or ``"cuda"``.

    Returns
    -------
    MaskedPopulation
        Updating changed sums for a `Surrogate`, dense for any other module.

    Raises
    ------
    ValueError
        Where the inputs and the model have different numbers of features.
    XbenchError
        Where the objective has an off-target term and the model no additive layer, or classes.
    """
    wanted = wanted_outputs(target)
    model = model.to(device)
    counts = counts if counts is not None else EvaluationCounts()
    if objective.beta is not None:
        return _on_target_population(model, inputs, target, objective, perturbation, counts)
    if not isinstance(model, Surrogate):
        return DensePopulation(
            model, inputs, objective, wanted, perturbation, counts=counts, device=device
        )
    model = model.for_outputs(wanted)
    layer = model.additive_layer()
    encoded = encode(layer, inputs, perturbation)
    return AdditivePopulation(model, encoded, objective, wanted, counts=counts)


def _on_target_population(
    model: nn.Module,
    inputs: sp.csr_matrix | np.ndarray,
    target: Target,
    objective: Objective,
    perturbation: float | np.ndarray,
    counts: EvaluationCounts,
) -> AdditivePopulation:
    """Encode a population under the loss of Eq. 11; its unmasked outputs are charged at once."""
    surrogate = on_target(model, target, objective)
    encoded = encode(surrogate.additive_layer(), inputs, perturbation)
    parts = (encoded.layer, encoded.inputs, encoded.perturbation)
    counts.add(forward=inputs.shape[0], computed=inputs.shape[0])
    return AdditivePopulation(
        surrogate, RememberingPopulation(*parts, surrogate), objective, [0], counts=counts
    )


def encode(
    layer: AdditiveLayer, inputs: sp.csr_matrix | np.ndarray, perturbation: float | np.ndarray
) -> EncodedPopulation:
    """Prepare inputs for the additive operator: CSR, float32, sorted, checked.

    Raises
    ------
    ValueError
        Where the inputs and the layer have different numbers of features.
    """
    if inputs.shape[1] != layer.n_features:
        raise ValueError(
            f"inputs have shape {inputs.shape} but must have {layer.n_features} features"
        )
    rows = sp.csr_matrix(inputs, dtype=np.float32)
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    return EncodedPopulation(layer, rows, perturbation_vector(perturbation, layer.n_features))
