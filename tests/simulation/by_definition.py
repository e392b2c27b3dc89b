"""F written out as docs/explanation/simulation.md defines it, one product and one sum at a time."""

from __future__ import annotations

import math

import numpy as np

from xbench.simulation.known_regulation import Truth


def expression(truth: Truth, x: np.ndarray, gene: int) -> float:
    """F of one gene in one cell."""
    eta = float(truth.base[gene]) + cis(truth, x, gene)
    for target, factor, strength in zip(
        truth.trans_gene, truth.trans_factor, truth.trans_effect, strict=True
    ):
        if target == gene:
            eta += strength * cis(truth, x, factor) / top(truth, factor)
    return math.log1p(math.exp(eta))


def cis(truth: Truth, x: np.ndarray, gene: int) -> float:
    total = 0.0
    for module, owner in enumerate(truth.module_gene):
        if owner == gene:
            total += truth.module_effect[module] * activity(truth, x, module)
    for first, second, effect in zip(
        truth.pair_first, truth.pair_second, truth.pair_effect, strict=True
    ):
        if truth.module_gene[first] == gene:
            total += effect * activity(truth, x, first) * activity(truth, x, second)
    return total


def activity(truth: Truth, x: np.ndarray, module: int) -> float:
    closed = 1.0
    for feature, owner, weight in zip(
        truth.cre_feature, truth.cre_module, truth.cre_weight, strict=True
    ):
        if owner == module:
            closed *= (1 - weight) ** x[feature]
    return 1 - closed


def top(truth: Truth, gene: int) -> float:
    effects = truth.module_effect[truth.module_gene == gene]
    total = effects[effects > 0].sum()
    return float(total + truth.pair_effect[truth.module_gene[truth.pair_first] == gene].sum())
