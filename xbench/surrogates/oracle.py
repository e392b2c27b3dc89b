"""The true F of a simulation as a surrogate: with it an explainer's error stands alone."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.simulation.known_regulation import Truth, truth_of
from xbench.simulation.response import state_of
from xbench.simulation.simulated_cell_types import MARKERS
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Recipe, Surrogate
from xbench.surrogates.training.loop import StageHistory
from xbench.utils.progress import SILENT, Progress

# Bytes of first-layer weight up to which an oracle answers for all genes, not the markers alone.
WIDEST = 2**28


class Oracle(Surrogate):
    """F of a simulation; hidden sums are log(1 - w) x summed by module, in one block.

    With ``S_s`` the sum of a module, ``m_s = 1 - exp(S_s)``: the simulation's own F. Where a
    simulation hides the state that F is a function of, the oracle sees it (`inputs_of`): its
    population are the hidden states of the cells, not what the assay saw of them.

    Parameters
    ----------
    n_features, n_outputs, n_modules, n_cres, n_pairs, n_trans
        Lengths of the tables; see `xbench.simulation.known_regulation.Truth`.
    outputs
        The genes that `additive_layer` and `tail` answer for; all where None. A layer for all
        genes of the paper's size would take 3 GB, for the markers it is 25 MB.

    Examples
    --------
    >>> from xbench.simulation.parameters import Parameters
    >>> from xbench.simulation.simulate import simulate
    >>> small = simulate(Parameters(n_cells=160, n_peaks=2000, n_genes=60))
    >>> oracle = Oracle.from_truth(small.truth, 2000)
    >>> oracle(torch.zeros(3, 2000)).shape
    torch.Size([3, 60])
    """

    name = "oracle"
    base: Tensor
    module_gene: Tensor
    cre_feature: Tensor
    cre_module: Tensor
    cre_weight: Tensor
    pair_first: Tensor
    trans_gene: Tensor

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        n_modules: int,
        n_cres: int,
        n_pairs: int,
        n_trans: int,
        outputs: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.n_features = n_features
        self.outputs = None if outputs is None else tuple(outputs)
        lengths = {
            "base": n_outputs,
            **dict.fromkeys(("module_gene", "module_effect"), n_modules),
            **dict.fromkeys(("cre_feature", "cre_module", "cre_weight"), n_cres),
            **dict.fromkeys(("pair_first", "pair_second", "pair_effect"), n_pairs),
            **dict.fromkeys(("trans_gene", "trans_factor", "trans_effect"), n_trans),
        }
        for table, length in lengths.items():
            real = table == "base" or table.endswith(("effect", "weight"))
            kind = torch.float64 if real else torch.int64
            self.register_buffer(table, torch.zeros(length, dtype=kind))
        self._tables: dict[tuple[int, ...], TailTables] = {}

    def inputs_of(self, dataset: Dataset, rows: np.ndarray) -> sparse.csr_matrix:
        """Return what F is a function of: the hidden state where the dataset keeps one."""
        return state_of(dataset, rows)

    @classmethod
    def from_truth(
        cls, truth: Truth, n_features: int, outputs: Sequence[int] | None = None
    ) -> "Oracle":
        """Build it from a simulation's truth."""
        oracle = cls(
            n_features,
            truth.n_genes,
            truth.n_modules,
            len(truth.cre_feature),
            len(truth.pair_first),
            len(truth.trans_gene),
            outputs,
        )
        arrays = truth.arrays()
        # Not the strengths: they are part of the state that F is a function of.
        oracle.load_state_dict(
            {name: torch.from_numpy(arrays[name]) for name in oracle.state_dict()}
        )
        return oracle

    def for_outputs(self, outputs: Sequence[int]) -> "Oracle":
        """Return the same F with a layer for these outputs only: a few hidden sums a gene."""
        oracle = Oracle.from_truth(self._truth, self.n_features, outputs)
        return oracle.to(self.base.device)

    def additive_layer(self) -> AdditiveLayer:
        """Return log(1 - w) of each CRE in its module's column, for the modules of `outputs`."""
        modules = self._columns
        truth, device = self._truth, self.base.device
        kept = np.flatnonzero(np.isin(truth.cre_module, modules))
        weight = torch.zeros(self.n_features, len(modules))
        place = (truth.cre_feature[kept], np.searchsorted(modules, truth.cre_module[kept]))
        weight[place] = torch.from_numpy(np.log1p(-truth.cre_weight[kept])).float()
        offset = torch.zeros(1, len(modules), device=device)
        return AdditiveLayer(weight.to(device), offset, np.array([0, self.n_features]))

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        """F of the wanted outputs from the modules' sums, shape (n, wanted outputs)."""
        wanted = self._answered if outputs is None else tuple(outputs.tolist())
        if wanted not in self._tables:
            self._tables[wanted] = self._tail_tables(wanted)
        tables = self._tables[wanted]
        if tables.base.device != sums.device:
            tables = self._tables[wanted] = tables.to(sums.device)
        return tables.expression(sums[:, 0])

    def forward(self, x: Tensor) -> Tensor:
        """F of dense inputs for all genes, shape (n, n_outputs)."""
        logs = x[:, self.cre_feature] * torch.log1p(-self.cre_weight).to(x.dtype)
        n_modules = len(self.module_gene)
        sums = x.new_zeros(len(x), n_modules).index_add(1, self.cre_module, logs)
        every = np.arange(len(self.base))
        tables = TailTables.of(self._truth, np.arange(n_modules), every)
        return tables.to(x.device).expression(sums)

    @classmethod
    def recipe(cls) -> Recipe:
        """Not trained: read from the truth of a simulation, which is not fitted either."""
        return Recipe(OracleSettings(), build_oracle, classifies=False, fitted=False)

    def configuration(self) -> dict[str, object]:
        """Lengths of the tables, and the outputs answered for."""
        return {
            "n_features": self.n_features,
            "n_outputs": len(self.base),
            "n_modules": len(self.module_gene),
            "n_cres": len(self.cre_feature),
            "n_pairs": len(self.pair_first),
            "n_trans": len(self.trans_gene),
            "outputs": None if self.outputs is None else list(self.outputs),
        }

    def _load_from_state_dict(self, *arguments: Any, **named: Any) -> None:
        super()._load_from_state_dict(*arguments, **named)
        # Both were made from the tables that have just been replaced.
        self.__dict__.pop("_truth", None)
        self.__dict__.pop("_columns", None)
        self._tables.clear()

    @cached_property
    def _truth(self) -> Truth:
        return Truth.from_arrays({name: part.cpu().numpy() for name, part in self.named_buffers()})

    @cached_property
    def _columns(self) -> np.ndarray:
        return modules_of(self._truth, np.array(self._answered, dtype=np.int64))

    @property
    def _answered(self) -> tuple[int, ...]:
        return tuple(range(len(self.base))) if self.outputs is None else self.outputs

    def _tail_tables(self, wanted: tuple[int, ...]) -> "TailTables":
        others = sorted(set(wanted) - set(self._answered))
        if others:
            raise XbenchError(
                f"oracle: its first layer is not for output {others[0]}, only for "
                f"{', '.join(map(str, self._answered))}; use its for_outputs([{others[0]}])"
            )
        return TailTables.of(self._truth, self._columns, np.array(wanted, dtype=np.int64))


@dataclass(frozen=True)
class OracleSettings:
    """Nothing can be set: an oracle is not trained."""


def build_oracle(
    dataset: Dataset,
    settings: OracleSettings,
    *,
    seed: int,
    train_rows: np.ndarray,
    progress: Progress = SILENT,
) -> tuple[Surrogate, list[StageHistory]]:
    """Return the truth of a simulation where other surrogates are trained; it looks at no cell.

    Raises
    ------
    XbenchError
        Where the dataset is no simulation.
    """
    truth = truth_of(dataset)
    if truth is None:
        raise XbenchError(
            f"{dataset.name}: nobody knows its true F; use the oracle with simulated-multiome"
        )
    outputs = None
    if 4 * dataset.n_features * truth.n_modules > WIDEST:
        names = dataset.output_features.names
        outputs = np.flatnonzero(np.isin(names, list(MARKERS))).tolist()
    return Oracle.from_truth(truth, dataset.n_features, outputs), []


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
    def of(cls, truth: Truth, columns: np.ndarray, wanted: np.ndarray) -> "TailTables":
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

    def to(self, device: torch.device) -> "TailTables":
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
