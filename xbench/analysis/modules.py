"""A selection's synergies against the truth of a simulation: its modules of regulating peaks."""

from dataclasses import dataclass

import numpy as np

from xbench.errors import XbenchError, require_shape
from xbench.mask.population import Subset, chosen_features
from xbench.simulation.known_regulation import Truth


@dataclass(frozen=True)
class PairKind:
    """Number of pairs of selected peaks of one kind, and their mean synergy; None without any."""

    n_pairs: int
    mean_synergy: float | None


@dataclass(frozen=True)
class ModuleAgreement:
    """A selection against the target gene's true CREs (cis-regulatory elements) and modules.

    Parameters
    ----------
    within_module
        Pairs of CREs of one module of the target gene: true backups of one another.
    between_modules
        Pairs of CREs of two modules of the target gene.
    other
        Pairs with a peak that is no CRE of the target gene, or one that represses it.
    cre_share
        Of the selected peaks, those that are CREs of the target gene, repressing ones too, 0 to 1.
    n_cres, n_cres_selected
        CREs of the target gene, repressing ones too: all, and those selected.
    n_modules, n_covered, n_touched
        Modules of the target gene that do not repress it: all, those with all CREs selected, those
        with any.
    """

    within_module: PairKind
    between_modules: PairKind
    other: PairKind
    cre_share: float
    n_cres: int
    n_cres_selected: int
    n_modules: int
    n_covered: int
    n_touched: int


def module_agreement(
    truth: Truth, gene: int, indices: Subset, synergies: np.ndarray, n_features: int
) -> ModuleAgreement:
    """Compare the synergies of selected peaks with the modules that they are truly in.

    Where a model has learned the regulation, pairs within a module have positive synergy (either
    peak keeps the module active), and other pairs have less. CREs of the factors that regulate
    the gene in trans count as other peaks.

    Parameters
    ----------
    truth
        Of the simulation.
    gene
        Index of the target's output.
    indices
        Selected peaks, shape (L,).
    synergies
        Of all pairs of them, shape (L, L): `xbench.analysis.redundancy.pair_synergies`.
    n_features
        d.

    Raises
    ------
    XbenchError
        A gene that there is not, indices that make no sense, or synergies of another shape.

    Examples
    --------
    >>> from xbench.simulation.parameters import Parameters
    >>> from xbench.simulation.simulate import simulate
    >>> truth = simulate(Parameters(n_cells=160, n_peaks=2000, n_genes=60)).truth
    >>> largest = int(np.bincount(truth.cre_module).argmax())
    >>> gene, peaks = int(truth.module_gene[largest]), truth.features_of(largest)
    >>> ones = np.ones((len(peaks), len(peaks)))
    >>> agreement = module_agreement(truth, gene, peaks, ones, 2000)
    >>> agreement.within_module.mean_synergy, agreement.n_covered, agreement.cre_share
    (1.0, 1, 1.0)
    """
    chosen = chosen_features(indices, n_features)
    if not 0 <= gene < truth.n_genes:
        raise XbenchError(f"truth: no gene {gene}; give an output from 0 to {truth.n_genes - 1}")
    require_shape("synergies", synergies.shape, (len(chosen), len(chosen)))
    module = _own_modules(truth, gene, chosen)
    first, second = np.triu_indices(len(chosen), k=1)
    values = synergies[first, second]
    modules = truth.enhancers_of(gene)
    activates = np.isin(module, modules)
    own = activates[first] & activates[second]
    same = own & (module[first] == module[second])
    selected = [np.isin(truth.features_of(number), chosen) for number in modules]
    return ModuleAgreement(
        within_module=_kind(values[same]),
        between_modules=_kind(values[own & ~same]),
        other=_kind(values[~own]),
        cre_share=float((module >= 0).mean()),
        n_cres=int((truth.module_gene[truth.cre_module] == gene).sum()),
        n_cres_selected=int((module >= 0).sum()),
        n_modules=len(modules),
        n_covered=sum(bool(some.all()) for some in selected),
        n_touched=sum(bool(some.any()) for some in selected),
    )


def _own_modules(truth: Truth, gene: int, chosen: np.ndarray) -> np.ndarray:
    """Module of each selected peak; -1 where it is no CRE of the gene, shape (L,)."""
    own = truth.module_gene[truth.cre_module] == gene
    module_of = dict(
        zip(truth.cre_feature[own].tolist(), truth.cre_module[own].tolist(), strict=True)
    )
    return np.array([module_of.get(feature, -1) for feature in chosen.tolist()])


def _kind(values: np.ndarray) -> PairKind:
    return PairKind(len(values), float(values.mean()) if len(values) else None)
