"""What F is a function of, and how one gene's F answers to masking its CREs in some cells.

F is a function of the open peaks or, where they are hidden, of the state behind them. A response is
small enough to be searched.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.simulation.known_regulation import Truth, truth_of
from xbench.simulation.simulated_cell_types import CELL_TYPES


@dataclass(frozen=True, eq=False)
class Response:
    """F of one gene over cells in which equal patterns of open CREs are counted together.

    ``eta = base + sum_s effect_s m_s + sum over pairs of pair_effect m_s m_s'``, where s runs over
    the gene's own modules and those of its factors, whose effects are already scaled.

    Parameters
    ----------
    weight
        Share of the cells that have each pattern, shape (patterns,).
    base
        b of the gene.
    effect
        Shape (modules,).
    features
        Peaks of each module that are open in some cell: masking any other changes nothing.
    closing
        For each module the factor (1 - w)^x of each of these peaks, shape (peaks, patterns).
    pairs
        Two modules (numbered as in `effect`) and their synergy.
    """

    weight: np.ndarray
    base: float
    effect: np.ndarray
    features: tuple[np.ndarray, ...]
    closing: tuple[np.ndarray, ...]
    pairs: tuple[tuple[int, int, float], ...]

    @cached_property
    def sizes(self) -> tuple[np.ndarray, ...]:
        """How many peaks each masking of each module masks, shape (2^peaks,) each."""
        return tuple(
            np.array([bin(mask).count("1") for mask in range(2 ** len(features))])
            for features in self.features
        )

    @cached_property
    def activity(self) -> tuple[np.ndarray, ...]:
        """Each module's m under each masking (bits of its number), (2^peaks, patterns) each."""
        return tuple(_activities(closing, len(self.weight)) for closing in self.closing)

    def masking_of(self, indices: np.ndarray) -> list[int]:
        """Return the number of the masking of each module that masking some peaks amounts to."""
        return [
            int(np.isin(features, indices) @ (1 << np.arange(len(features))))
            for features in self.features
        ]

    def peaks_of(self, masking: list[int]) -> np.ndarray:
        """Return the peaks that maskings of each module mask, ascending."""
        chosen = [
            features[(mask >> np.arange(len(features))) & 1 == 1]
            for features, mask in zip(self.features, masking, strict=True)
        ]
        return np.sort(np.concatenate([*chosen, np.zeros(0, dtype=np.int64)]).astype(np.int64))

    def log_rates(self, active: list[np.ndarray]) -> np.ndarray:
        """Return eta from m of each module (shapes that broadcast)."""
        eta = np.asarray(self.base)
        for effect, values in zip(self.effect, active, strict=True):
            eta = eta + effect * values
        for first, second, effect in self.pairs:
            eta = eta + effect * active[first] * active[second]
        return eta

    def mean(self, masking: list[int]) -> float:
        """Return the mean of F over the cells under maskings of each module."""
        active = [values[mask] for values, mask in zip(self.activity, masking, strict=True)]
        return float(np.logaddexp(0.0, self.log_rates(active)) @ self.weight)

    def drop(self, indices: np.ndarray) -> float:
        """Return by how much masking some peaks lowers the mean of F."""
        return self.mean([0] * len(self.features)) - self.mean(self.masking_of(indices))


def response_of(truth: Truth, inputs: sparse.csr_matrix, gene: int) -> Response:
    """Collect what F of one gene depends on.

    Parameters
    ----------
    truth
        Tables of F.
    inputs
        What F is a function of (`xbench.simulation.response`), shape (n, peaks), in the cells over
        which it is averaged.
    gene
        Index of the output.

    Raises
    ------
    XbenchError
        Where a peak is in two of the modules: they could not be masked one by one.
    """
    modules, effect = _own_and_factors(truth, gene)
    place = {int(module): number for number, module in enumerate(modules)}
    scale = effect / truth.module_effect[modules]
    chosen = np.flatnonzero(np.isin(truth.pair_first, modules))
    pairs = tuple(
        (
            place[int(truth.pair_first[pair])],
            place[int(truth.pair_second[pair])],
            float(truth.pair_effect[pair] * scale[place[int(truth.pair_first[pair])]]),
        )
        for pair in chosen
    )
    cres = np.concatenate([np.flatnonzero(truth.cre_module == module) for module in modules])
    peaks = truth.cre_feature[cres]
    if len(np.unique(peaks)) < len(peaks):
        raise XbenchError(
            f"truth: a peak is in two modules of output {gene} or of its factor; simulate the data "
            "again"
        )
    state = inputs[:, peaks].toarray()
    patterns, counts = np.unique(state, axis=0, return_counts=True)
    features, closing = [], []
    for module in modules:
        here = (truth.cre_module[cres] == module) & patterns.any(axis=0)
        features.append(truth.cre_feature[cres[here]])
        closing.append((1 - truth.cre_weight[cres[here], None]) ** patterns[:, here].T)
    return Response(
        weight=counts / counts.sum(),
        base=float(truth.base[gene]),
        effect=effect,
        features=tuple(features),
        closing=tuple(closing),
        pairs=pairs,
    )


def _own_and_factors(truth: Truth, gene: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a gene's modules and those of its factors, and what each adds to eta."""
    own = truth.modules_of(gene)
    modules, effects = [own], [truth.module_effect[own]]
    for link in np.flatnonzero(truth.trans_gene == gene):
        factor = truth.trans_factor[link]
        theirs = truth.modules_of(int(factor))
        strength = truth.trans_effect[link] / truth.top[factor]
        modules.append(theirs)
        effects.append(truth.module_effect[theirs] * strength)
    return np.concatenate(modules), np.concatenate(effects)


def _activities(closing: np.ndarray, n_patterns: int) -> np.ndarray:
    """Return m under every masking: bit i of its number says that peak i is masked."""
    closed = np.ones((1, n_patterns))
    for factor in closing:
        closed = np.concatenate([closed * factor, closed])
    return 1 - closed


# Where a dataset keeps which sites are really open, if not all are seen:
# `dataset.inputs.layers[HIDDEN]`.
HIDDEN = "hidden"


def state_of(dataset: Dataset, rows: np.ndarray) -> sparse.csr_matrix:
    """Return what the true F of some cells is a function of.

    Parameters
    ----------
    dataset
        A simulation.
    rows
        The cells.

    Returns
    -------
    CSR, shape (rows, peaks): the inputs themselves or, where the dataset keeps a hidden state, for
    each site that is really open its strength in the cell's type (1 where it is no CRE).
    """
    hidden = dataset.inputs.layers.get(HIDDEN)
    truth = truth_of(dataset)
    if hidden is None or truth is None:
        return dataset.X[rows]
    names = {name: number for number, name in enumerate(CELL_TYPES)}
    types = np.array([names[name] for name in dataset.cell_types[rows]], dtype=np.int64)
    return strengthened(hidden[rows], types, truth)


def strengthened(hidden: sparse.csr_matrix, types: np.ndarray, truth: Truth) -> sparse.csr_matrix:
    """Give each open site its strength in the cell's type.

    Parameters
    ----------
    hidden
        Zeros and ones, shape (n, peaks).
    types
        Number of each cell's type, shape (n,).
    truth
        Knows the strengths.

    Returns
    -------
    float32 CSR, shape (n, peaks), of values above 0 to 1; `hidden` itself where all are 1.
    """
    if truth.cre_strength is None:
        return hidden
    strength = np.ones((truth.cre_strength.shape[1], hidden.shape[1]), dtype=np.float32)
    strength[:, truth.cre_feature] = truth.cre_strength.T
    values = np.empty(hidden.nnz, dtype=np.float32)
    for row, number in enumerate(types):
        here = slice(hidden.indptr[row], hidden.indptr[row + 1])
        values[here] = strength[number, hidden.indices[here]]
    return sparse.csr_matrix((values, hidden.indices, hidden.indptr), shape=hidden.shape)
