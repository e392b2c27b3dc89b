"""The few numbers that an oracle's tail needs for some genes."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from xbench.simulation.truth import Truth


@dataclass(frozen=True)
class TailTables:
    """Tables of the genes wanted, and of their factors, renumbered from 0.

    Parameters
    ----------
    column, gene, effect
        Where a module's sum stands, its gene (renumbered), and a; shape (modules here,).
    first, second, pair_gene, pair_effect
        Pairs of modules (renumbered), their gene and c.
    own, base
        Gene (renumbered) and b of each wanted output.
    trans_row, trans_factor, trans_effect
        Wanted output that a trans link leads to, its factor (renumbered), strength over top.
    """

    column: Tensor
    gene: Tensor
    effect: Tensor
    first: Tensor
    second: Tensor
    pair_gene: Tensor
    pair_effect: Tensor
    own: Tensor
    base: Tensor
    trans_row: Tensor
    trans_factor: Tensor
    trans_effect: Tensor

    @classmethod
    def of(cls, truth: Truth, columns: np.ndarray, wanted: np.ndarray) -> TailTables:
        """Choose and renumber.

        Parameters
        ----------
        truth
            All tables.
        columns
            Modules whose sums are given, ascending.
        wanted
            Output indices.
        """
        genes = with_factors(truth, wanted)
        modules = modules_of(truth, wanted)
        pairs = np.flatnonzero(np.isin(truth.pair_first, modules))
        row, link = np.nonzero(wanted[:, None] == truth.trans_gene[None])
        factor = truth.trans_factor[link]
        first = truth.pair_first[pairs]
        arrays = (
            np.searchsorted(columns, modules),
            np.searchsorted(genes, truth.module_gene[modules]),
            truth.module_effect[modules],
            np.searchsorted(modules, first),
            np.searchsorted(modules, truth.pair_second[pairs]),
            np.searchsorted(genes, truth.module_gene[first]),
            truth.pair_effect[pairs],
            np.searchsorted(genes, wanted),
            truth.base[wanted],
            row,
            np.searchsorted(genes, factor),
            truth.trans_effect[link] / truth.top[factor],
        )
        return cls(*(torch.from_numpy(array) for array in arrays))

    def to(self, device: torch.device) -> TailTables:
        """Return them on a device."""
        return TailTables(*(getattr(self, field.name).to(device) for field in fields(self)))

    def expression(self, sums: Tensor) -> Tensor:
        """Return F of the wanted outputs from sums by module, shape (n, columns).

        In double: m is a difference of nearly equal numbers where a weight is small.
        """
        active = -torch.expm1(sums[:, self.column].double())
        cis = active.new_zeros(len(active), int(self.gene.max()) + 1)
        cis = cis.index_add(1, self.gene, active * self.effect)
        both = active[:, self.first] * active[:, self.second] * self.pair_effect
        cis = cis.index_add(1, self.pair_gene, both)
        through = cis[:, self.trans_factor] * self.trans_effect
        eta = (self.base + cis[:, self.own]).index_add(1, self.trans_row, through)
        return torch.nn.functional.softplus(eta, threshold=50).to(sums.dtype)


def with_factors(truth: Truth, genes: np.ndarray) -> np.ndarray:
    """Return genes and the factors that they are regulated through, ascending."""
    factors = truth.trans_factor[np.isin(truth.trans_gene, genes)]
    return np.unique(np.concatenate([genes, factors]))


def modules_of(truth: Truth, genes: np.ndarray) -> np.ndarray:
    """Return the modules of some genes and of their factors, ascending."""
    return np.flatnonzero(np.isin(truth.module_gene, with_factors(truth, genes)))
