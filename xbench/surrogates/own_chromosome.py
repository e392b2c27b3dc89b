"""A network's word on a gene without the peaks of the gene's own chromosome.

Where effects of single peaks near a gene are estimated beside a network of all peaks, the network
has a word on the same peaks, as part of a cell's state: an effect is then split between the two by
chance. Genome-wide association studies know this as proximal contamination and leave one chromosome
out of what describes the sample's background (Listgarten et al. 2012; Yang et al. 2014). So here: a
cell's state as a gene is predicted from comes from all other chromosomes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from xbench.data.features import Features
from xbench.surrogates.rate_network import RateNetwork, first_sums

# No peak lies on the chromosome of a gene whose place is not known.
GENE_NOWHERE, PEAK_NOWHERE = -1, -2


class Chromosomes(NamedTuple):
    """Numbers of the chromosomes that peaks, shape (d,), and genes, shape (genes,), lie on."""

    of_peaks: Tensor
    of_genes: Tensor

    @classmethod
    def of(cls, peaks: Features, genes: Features) -> Chromosomes:
        """Number the chromosomes by name.

        Examples
        --------
        >>> peaks = Features(["a", "b"], ["chr2", ""], [5, -1], [6, -1])
        >>> genes = Features(["g", "h"], ["chr2", ""], [1, -1], [3, -1])
        >>> [one.tolist() for one in Chromosomes.of(peaks, genes)]
        [[0, -2], [0, -1]]
        """
        names = [np.asarray(one.chrom, dtype=str) for one in (peaks, genes)]
        known = np.unique(np.concatenate(names))
        known = known[known != ""]
        numbered = [np.searchsorted(known, one) for one in names]
        return cls(
            *(
                torch.from_numpy(np.where(one == "", nowhere, number)).to(torch.int32)
                for one, number, nowhere in zip(
                    names, numbered, (PEAK_NOWHERE, GENE_NOWHERE), strict=True
                )
            )
        )


def elsewhere_sums(
    total: Tensor, weight: Tensor, opened: sp.csc_matrix, of_peaks: Tensor
) -> Callable[[int], Tensor]:
    """Return what gives the sums of cells without the peaks of a chromosome.

    Parameters
    ----------
    total
        Sums of all peaks, see `first_sums`, shape (n, n_latent + 1).
    weight
        Of the network's first layer, shape (d, n_latent).
    opened
        Shape (n, d), float32 or numbers that become so.
    of_peaks
        See `Chromosomes`.
    """
    numbers = of_peaks.cpu().numpy()

    def without(chromosome: int) -> Tensor:
        there = np.flatnonzero(numbers == chromosome)
        if not len(there):
            return total
        chosen = weight[torch.from_numpy(there).to(weight.device)]
        return total - first_sums(chosen, opened[:, there]).to(total.device)

    return without


def rates_elsewhere(
    network: RateNetwork,
    sums_without: Callable[[int], Tensor],
    of_genes: Tensor,
    outputs: Tensor,
) -> Tensor:
    """Log rates of some genes, each without its own chromosome, shape (n, outputs).

    Parameters
    ----------
    network
        Asked once a chromosome, for the genes that lie on it.
    sums_without
        Gives the sums of all cells without the peaks of a chromosome.
    of_genes
        See `Chromosomes`.
    outputs
        Positions of the wanted genes.
    """
    on = of_genes[outputs]
    places, rates = [], []
    for chromosome in torch.unique(on).tolist():
        place = torch.nonzero(on == chromosome)[:, 0]
        places.append(place)
        rates.append(network.log_rate(sums_without(chromosome), outputs[place]))
    return torch.cat(rates, dim=1)[:, torch.argsort(torch.cat(places))]
