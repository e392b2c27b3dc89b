"""Which peaks regulate which genes, and how strongly: the truth of a simulation."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from xbench.errors import XbenchError
from xbench.simulation.simulated_cell_types import CELL_TYPES

if TYPE_CHECKING:
    import pandas as pd

    from xbench.data.dataset import Dataset

# Where a dataset keeps its truth, if it has one: `dataset.inputs.uns[KEY]`.
KEY = "truth"


@dataclass(frozen=True, eq=False)
class Truth:
    """The tables of F; see docs/explanation/simulation.md for the formulas.

    ``m_s = 1 - prod_j (1 - weight_j)^(x_j)`` over the CREs j of module s;
    ``cis_g = sum_s effect_s m_s + sum over pairs of pair_effect m_s m_s'``;
    ``eta_g = base_g + cis_g + sum over factors f of trans_effect cis_f / top_f``;
    ``F_g = log1p(exp(eta_g))``.

    x_j is 0 or 1, or the strength of the CRE in the cell's type where it is open
    (`xbench.simulation.response`).

    Parameters
    ----------
    base
        b of each gene, shape (genes,).
    module_gene, module_effect
        Gene (an output's index) and a of each module, shape (modules,); a is below 0 where the
        module represses.
    cre_feature, cre_module, cre_weight
        Peak, module and w of each CRE, shape (CREs,). A peak is a CRE of at most one module of a
        gene and the factor that it is regulated through.
    pair_first, pair_second, pair_effect
        Two modules of one gene, neither of which represses, and their synergy c, shape (pairs,).
    trans_gene, trans_factor, trans_effect
        A gene, the gene of the factor that it is regulated through, and how strongly, shape
        (trans links,). No factor is itself regulated in trans.
    cre_strength
        Strength of each CRE in each cell type, shape (CREs, types); None where all are 1.
    """

    base: np.ndarray
    module_gene: np.ndarray
    module_effect: np.ndarray
    cre_feature: np.ndarray
    cre_module: np.ndarray
    cre_weight: np.ndarray
    pair_first: np.ndarray
    pair_second: np.ndarray
    pair_effect: np.ndarray
    trans_gene: np.ndarray
    trans_factor: np.ndarray
    trans_effect: np.ndarray
    cre_strength: np.ndarray | None = None

    @property
    def n_genes(self) -> int:
        """Number of genes."""
        return len(self.base)

    @property
    def n_modules(self) -> int:
        """Number of modules of all genes."""
        return len(self.module_gene)

    @cached_property
    def top(self) -> np.ndarray:
        """The largest cis of each gene, every activating module fully active; shape (genes,)."""
        effect = np.maximum(self.module_effect, 0)
        top = np.bincount(self.module_gene, effect, minlength=self.n_genes)
        genes = self.module_gene[self.pair_first]
        return top + np.bincount(genes, self.pair_effect, minlength=self.n_genes)

    def modules_of(self, gene: int) -> np.ndarray:
        """Return the modules of a gene itself."""
        return np.flatnonzero(self.module_gene == gene)

    def enhancers_of(self, gene: int) -> np.ndarray:
        """Return the modules of a gene itself that do not repress it."""
        return np.flatnonzero((self.module_gene == gene) & (self.module_effect > 0))

    def features_of(self, module: int) -> np.ndarray:
        """Return the peaks that are the CREs of a module."""
        return self.cre_feature[self.cre_module == module]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the tables by name, as they are stored."""
        tables = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: table for name, table in tables.items() if table is not None}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Truth":
        """Build it from what `arrays` gave.

        Raises
        ------
        XbenchError
            Where a table is missing.
        """
        needed = [field.name for field in fields(cls) if field.default is MISSING]
        missing = [name for name in needed if name not in arrays]
        if missing:
            raise XbenchError(f"truth: no table {missing[0]!r}; simulate the data again")
        known = [field.name for field in fields(cls) if field.name in arrays]
        return cls(**{name: np.asarray(arrays[name]) for name in known})


def truth_of(dataset: "Dataset") -> Truth | None:
    """Return a dataset's truth; None where nobody knows it."""
    arrays = dataset.inputs.uns.get(KEY)
    return None if arrays is None else Truth.from_arrays(arrays)


def truth_table(dataset: "Dataset") -> "pd.DataFrame":
    """Return one row a CRE of a gene: gene, module, feature, name, chrom, start, end, w, a.

    Where CREs have strengths by type, also a column ``strength_TYPE`` for each.

    Raises
    ------
    XbenchError
        Where the dataset has no truth.
    """
    import pandas as pd

    truth = truth_of(dataset)
    if truth is None:
        raise XbenchError(f"{dataset.name}: nobody knows its truth; use simulated-multiome")
    genes = dataset.output_features.names
    peaks = dataset.inputs.var.iloc[truth.cre_feature]
    module = truth.cre_module
    table = pd.DataFrame(
        {
            "gene": genes[truth.module_gene[module]],
            "module": module,
            "feature": truth.cre_feature,
            "name": peaks.index.to_numpy(),
            "chrom": peaks["chrom"].to_numpy(),
            "start": peaks["start"].to_numpy(),
            "end": peaks["end"].to_numpy(),
            "w": truth.cre_weight,
            "a": truth.module_effect[module],
        }
    )
    if truth.cre_strength is not None:
        names = [f"strength_{name}" for name in CELL_TYPES]
        strength = pd.DataFrame(truth.cre_strength, columns=names, index=table.index)
        table = pd.concat([table, strength], axis=1)
    return table
