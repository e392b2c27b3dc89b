"""How well a selection does by the truth: what metrics ask of a simulation."""

from dataclasses import dataclass

import numpy as np

from xbench.data.dataset import Dataset, Target
from xbench.simulation.best_subset import best_subset
from xbench.simulation.known_regulation import truth_of
from xbench.simulation.response import Response, response_of
from xbench.simulation.state import state_of


@dataclass(frozen=True, eq=False)
class TargetTruth:
    """The true regulation of one gene, and its response to masking in some cells.

    Parameters
    ----------
    response
        Of the gene in the cells.
    modules
        All peaks of each of the gene's own modules that do not repress it.
    repressing
        The same of those that do.
    """

    response: Response
    modules: tuple[np.ndarray, ...]
    repressing: tuple[np.ndarray, ...] = ()

    @property
    def cres(self) -> np.ndarray:
        """The peaks that are CREs of the gene itself, shape (CREs,)."""
        return np.concatenate([*self.modules, *self.repressing])

    def optimality(self, indices: np.ndarray) -> float | None:
        """Return the drop of the true mean F, relative to the best that as many peaks reach.

        Below 0 where it rises: repressing peaks were masked. None where no peaks lower it:
        nothing of the gene's is open.
        """
        best = best_subset(self.response, len(indices)).drop
        if best <= 0:
            return None
        return min(1.0, self.response.drop(indices) / best)

    def module_recall(self, indices: np.ndarray) -> float:
        """Return the share of the gene's own modules whose peaks are all among `indices`."""
        return float(np.mean([np.isin(peaks, indices).all() for peaks in self.modules]))

    def precision(self, indices: np.ndarray) -> float:
        """Return the share of `indices` that are CREs of the gene itself, repressing ones too."""
        return float(np.isin(indices, self.cres).mean())


def target_truth(dataset: Dataset, target: Target, rows: np.ndarray) -> TargetTruth | None:
    """Return the truth about a target in some cells; None where nobody knows it.

    Masking means here that a peak is closed (perturbation 0), in the hidden state if there is one.

    Parameters
    ----------
    dataset
        Holds the truth, if anything does.
    target
        A gene.
    rows
        The cells over which F is averaged.
    """
    truth = truth_of(dataset)
    if truth is None:
        return None
    gene = target.output
    enhancers = truth.enhancers_of(gene)
    repressors = np.setdiff1d(truth.modules_of(gene), enhancers)
    return TargetTruth(
        response=response_of(truth, state_of(dataset, rows), gene),
        modules=tuple(truth.features_of(module) for module in enhancers),
        repressing=tuple(truth.features_of(module) for module in repressors),
    )
