"""Some cells a gene or a peak at a time, and what is found out of a gene's own peaks."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import torch

from xbench.surrogates.rate_network import RateNetwork
from xbench.surrogates.training import noisy_or_fit
from xbench.surrogates.training.paired_cells import CHUNK, Part


class OwnPart(NamedTuple):
    """What a gene's own peaks add to its log rate, in the parameters of `OwnPeakNetwork`.

    Parameters
    ----------
    peaks
        Positions, shape (pairs,).
    member
        Of the modules' weights w, before softplus, shape (pairs, modules).
    additive
        What each peak adds by itself, shape (pairs,).
    effect
        Of the modules' effects a, before softplus, shape (modules,).
    network
        Intercept, and by how much the network's part is multiplied, shape (2,).
    size
        Of the negative binomial.
    level
        Mean log rate that the network says in the training cells.
    """

    peaks: np.ndarray
    member: np.ndarray
    additive: np.ndarray
    effect: np.ndarray
    network: np.ndarray
    size: float
    level: float


@dataclass(frozen=True)
class GeneColumns:
    """Some cells, a gene or a peak at a time.

    Parameters
    ----------
    opened
        Peaks, shape (n, d).
    counts
        Shape (n, genes).
    exposure
        Of each cell, see `Counts`.
    network
        Log rates by the network, shape (genes, n); none of any gene before it is asked.
    """

    opened: sp.csc_matrix
    counts: sp.csc_matrix
    exposure: np.ndarray
    network: np.ndarray

    @classmethod
    def of(cls, part: Part) -> "GeneColumns":
        """Turn some cells; the network is not asked yet."""
        counts, nothing = part.counts, np.zeros((0, part.opened.shape[0]), dtype=np.float32)
        return cls(part.opened.tocsc(), counts.counts.tocsc(), counts.exposure, nothing)

    def with_rates(self, part: Part, model: RateNetwork) -> "GeneColumns":
        """Return the same with what the network says of all genes of these cells."""
        n_cells = part.opened.shape[0]
        network = np.empty((model.n_outputs, n_cells), dtype=np.float32)
        with torch.no_grad():
            sums = part.sums(model.weight)
            for start in range(0, n_cells, CHUNK):
                some = slice(start, start + CHUNK)
                network[:, some] = model.log_rate(sums[some]).T.numpy()
        return replace(self, network=network)

    def level(self, gene: int) -> float:
        """Return the network's mean log rate of a gene."""
        return float(self.network[gene].mean(dtype=np.float64))

    def observed(self, gene: int) -> np.ndarray:
        """Return the counts of one gene, shape (n,)."""
        found = np.zeros(self.counts.shape[0], dtype=np.float32)
        some = slice(*self.counts.indptr[gene : gene + 2])
        found[self.counts.indices[some]] = self.counts.data[some]
        return found

    def beside(
        self, gene: int, level: float, peaks: np.ndarray, additive: np.ndarray
    ) -> noisy_or_fit.GeneCells:
        """Return the cells of a fit of the network's share beside peaks that are settled.

        Parameters
        ----------
        gene, level
            A gene, and the network's mean log rate of it in training.
        peaks, additive
            Positions, and what each peak adds to the log rate.
        """
        none = sp.csr_matrix((self.counts.shape[0], 0), dtype=np.float32)
        observed, network = self.observed(gene), self.network[gene] - level
        # Without any, the rates stay what they are: of single precision.
        settled = self.opened[:, peaks].astype(np.float64) @ additive if len(peaks) else 0.0
        return noisy_or_fit.GeneCells(none, none, observed, self.exposure, network, settled)
