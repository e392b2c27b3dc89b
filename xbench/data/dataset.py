"""The data of a benchmark, whatever file it came from, and a target: what is explained in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from xbench.data.digest import content_digest
from xbench.data.features import Features, Interval
from xbench.data.splits import Split
from xbench.errors import XbenchError, require_shape, unknown_name
from xbench.utils.notebook import table_html

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class Target:
    """One output, explained for the cells of one type (or the images of one class).

    Parameters
    ----------
    cell_type
        The population explained, as it was asked for (an alias stays one).
    name
        The output's name, as it was asked for; for classification the class that masking should
        lead towards.
    output
        Index of the output explained; for classification that of the population's own class.
    interval
        Where the output's gene lies; None where that is not known.
    contrast
        For classification, the index of the class that masking should lead towards. The number
        explained is then the log-odds ``logit[output] - logit[contrast]``.

    Examples
    --------
    >>> Target("VIP", "GAD1", output=7).contrast is None
    True
    >>> Target("8", "3", output=1, contrast=0).contrast
    0
    """

    cell_type: str
    name: str
    output: int
    interval: Interval | None = None
    contrast: int | None = None


MINIMUM_CELLS = 10
# Below so many test cells of a type a number is mostly noise.
FEW_TEST_CELLS = 30
# Columns in which files keep other names of a gene than that of its row.
GENE_NAME_COLUMNS = (
    *("gene_symbol", "gene_symbols", "gene_name", "gene_names", "symbol", "feature_name"),
    *("gene_id", "gene_ids", "ensembl_id", "ensembl_ids", "ensembl"),
)
PARTS = ("train", "validation", "test", "all")
_TYPES_SHOWN = 20


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Inputs, what they predict, and which cells are for what. Read it, do not write to it.

    Parameters
    ----------
    name
        What leaderboards call it.
    inputs
        n cells x d features; `var` may hold chrom, start, end. `X` is a CSR matrix, or an array
        for images.
    outputs
        n cells x d_r genes, log1p of normalised expression, CSR; None for classification, where
        the cell types are the classes.
    cell_types
        Shape (n,), strings: the type (or class) of each cell.
    split
        Rows for training, validation and test.
    genome
        The assembly that coordinates refer to, such as "mm10"; None if there is none.
    cell_type_aliases
        Other names of cell types, such as the paper's.
    default_surrogate
        Name of the surrogate to use unless a task names another.
    citation, licence
        Whom to credit, and under which terms the data may be used.
    donors
        Shape (n,), strings: the donor of each cell, where the split holds donors out; else None.

    Raises
    ------
    XbenchError
        Shapes that do not fit together, or split rows outside the data or in two parts.

    Examples
    --------
    >>> from xbench.data.load import load_dataset
    >>> dataset = load_dataset("mnist-binary")
    >>> dataset
    Dataset('mnist-binary', 1984 cells x 784 features, 2 classes)
    >>> dataset.target("8", "3")
    Target(cell_type='8', name='3', output=1, interval=None, contrast=0)
    >>> len(dataset.rows("8", "test"))
    195
    """

    name: str
    inputs: "AnnData"
    outputs: "AnnData | None"
    cell_types: np.ndarray
    split: Split
    genome: str | None
    cell_type_aliases: Mapping[str, str]
    default_surrogate: str
    citation: str
    licence: str
    donors: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "cell_types", np.asarray(self.cell_types, dtype=str))
        require_shape(f"{self.name}: cell_types", self.cell_types.shape, (self.n_cells,))
        if self.outputs is not None:
            expected = (self.n_cells, self.outputs.n_vars)
            require_shape(f"{self.name}: outputs", self.outputs.shape, expected)
        rows = np.concatenate([self.split.train, self.split.validation, self.split.test])
        if rows.size and (rows.min() < 0 or rows.max() >= self.n_cells):
            raise XbenchError(f"{self.name}: the split names rows outside 0 to {self.n_cells - 1}")
        if np.bincount(rows.astype(np.int64), minlength=1).max() > 1:
            raise XbenchError(f"{self.name}: the split names a row twice; parts must be disjoint")

    def __repr__(self) -> str:
        kind = "classes" if self.is_classification else "outputs"
        shape = f"{self.n_cells} cells x {self.n_features} features"
        return f"Dataset({self.name!r}, {shape}, {self.n_outputs} {kind})"

    def _repr_html_(self) -> str:
        kind = "classes" if self.is_classification else "outputs"
        cells = "images or rows" if self.is_classification else "cells"
        parts = {part: getattr(self.split, part) for part in PARTS[:3]}
        types, counts = np.unique(self.cell_types, return_counts=True)
        order = sorted(range(len(types)), key=lambda at: (-counts[at], types[at]))
        rows = [
            [
                types[at],
                int(counts[at]),
                *(int((self.cell_types[rows] == types[at]).sum()) for rows in parts.values()),
            ]
            for at in order[:_TYPES_SHOWN]
        ]
        notes = [f"genome {self.genome}"] if self.genome else []
        if len(order) > _TYPES_SHOWN:
            notes.insert(0, f"and {len(order) - _TYPES_SHOWN:,} more")
        notes.append(f"explained by default: surrogate {self.default_surrogate}")
        heading = (
            f"Dataset {self.name}: {self.n_cells:,} {cells} x {self.n_features:,} features, "
            f"{self.n_outputs:,} {kind}"
        )
        what = "class" if self.is_classification else "cell type"
        return table_html(heading, [what, "all", *parts], rows, notes)

    @property
    def X(self) -> sparse.csr_matrix | np.ndarray:
        """The inputs, n x d: a CSR matrix, or an array for images."""
        return self.inputs.X

    @property
    def Y(self) -> sparse.csr_matrix | None:
        """The outputs, n x d_r, CSR; None for classification."""
        return None if self.outputs is None else self.outputs.X

    @property
    def is_classification(self) -> bool:
        """Whether the model predicts the cell type itself, not numbers."""
        return self.outputs is None

    @cached_property
    def features(self) -> Features:
        """What the d inputs are."""
        return Features.from_frame(self.inputs.var)

    @cached_property
    def output_features(self) -> Features:
        """What the outputs are: genes, or the classes in alphabetical order."""
        if self.outputs is None:
            return Features(np.unique(self.cell_types))
        return Features.from_frame(self.outputs.var)

    @property
    def n_cells(self) -> int:
        """How many cells (or images) there are."""
        return self.inputs.n_obs

    @property
    def n_features(self) -> int:
        """How many inputs a cell has, d."""
        return self.inputs.n_vars

    @property
    def n_outputs(self) -> int:
        """How many outputs (or classes) there are."""
        return len(self.output_features)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content, however it was stored (see `xbench.data.digest`)."""
        return content_digest(
            self.X, self.Y, self.cell_types, self.features, self.output_features, self.split
        )

    def resolve_cell_type(self, name: str) -> str:
        """Return the cell type that `name` means here: an alias, a type, or one in another case.

        Raises
        ------
        XbenchError
            There is no such cell type; the error names the nearest ones.
        """
        types = self._types
        # An alias leading nowhere is passed over: the file may hold a part of the cell types.
        aliases = {alias: of for alias, of in self.cell_type_aliases.items() if of in types}
        known = {**{cell_type: cell_type for cell_type in types}, **aliases}
        if name in known:
            return known[name]
        meant = {known[other] for other in known if other.lower() == name.lower()}
        if len(meant) == 1:
            return meant.pop()
        raise unknown_name(self._kind_of_type(), name, known, self.name)

    @cached_property
    def _types(self) -> frozenset[str]:
        return frozenset(self.cell_types.tolist())

    def rows(self, cell_type: str, part: str) -> np.ndarray:
        """Return the rows of the cells of one type in one part of the split.

        Parameters
        ----------
        cell_type
            A cell type or an alias of one.
        part
            "train", "validation", "test" or "all".

        Returns
        -------
        int64 row numbers, ascending.

        Raises
        ------
        XbenchError
            There is no such cell type or part.
        """
        if part not in PARTS:
            raise unknown_name("part", part, PARTS, self.name)
        of_type = self.cell_types == self.resolve_cell_type(cell_type)
        if part == "all":
            return np.flatnonzero(of_type).astype(np.int64)
        rows = getattr(self.split, part)
        return rows[of_type[rows]]

    def training_rows(self, protocol: str) -> np.ndarray:
        """Return the rows that a surrogate is trained on, see `Split.training_rows`."""
        return self.split.training_rows(protocol, self.cell_types, self.donors)

    def target(self, cell_type: str, output_name: str) -> Target:
        """Return what is explained: an output, for the cells of one type.

        For classification `cell_type` is the class of the population ("8") and `output_name` the
        class that masking should lead towards ("3").

        Raises
        ------
        XbenchError
            There is no such cell type or output, the two classes are one, or fewer than 10 cells
            are of this type.
        """
        own_type = self.resolve_cell_type(cell_type)
        count = len(self.rows(cell_type, "all"))
        if count < MINIMUM_CELLS:
            raise XbenchError(
                f"{self.name}: {self._kind_of_type()} {cell_type!r} has {count} cells, but at "
                f"least {MINIMUM_CELLS} are needed; choose another"
            )
        if self.donors is not None:
            empty = [part for part in PARTS[:3] if not len(self.rows(cell_type, part))]
            if empty:
                raise XbenchError(
                    f"{self.name}: {cell_type!r} has no {empty[0]} cells: no donor there has "
                    "any; choose another type, or leave --donor-key out"
                )
        outputs = self.output_features
        index = self._index_of_output(output_name)
        if not self.is_classification:
            return Target(cell_type, output_name, index, outputs.interval(index))
        own_class = outputs.index_of(own_type)
        if own_class == index:
            raise XbenchError(
                f"{self.name}: target {output_name!r} is the class {cell_type!r} itself; "
                "name the class that masking should lead towards"
            )
        return Target(cell_type, output_name, own_class, contrast=index)

    def names_of_output(self, index: int) -> list[str]:
        """Return what an output is called: its name, and those of columns such as gene_symbol."""
        name = str(self.output_features.names[index])
        return list(dict.fromkeys([name, *(of[index] for of in self._other_names.values())]))

    @cached_property
    def _other_names(self) -> dict[str, list[str]]:
        """Columns of names of the outputs, "" where there is none."""
        if self.outputs is None:
            return {}
        var = self.outputs.var
        columns = [one for one in GENE_NAME_COLUMNS if one in var.columns]
        return {one: var[one].astype(object).fillna("").astype(str).tolist() for one in columns}

    def _index_of_output(self, name: str) -> int:
        """Return which output a name means: that of its row or, failing that, another of it."""
        try:
            return self.output_features.index_of(name, self._kind_of_output(), self.name)
        except XbenchError as error:
            for column, names in self._other_names.items():
                # An Ensembl id may be given with its version, or without.
                bare = [one.casefold().partition(".")[0] for one in names]
                found = [at for at, one in enumerate(names) if one.casefold() == name.casefold()]
                found = found or [at for at, one in enumerate(bare) if one == name.casefold()]
                if len(found) > 1:
                    what = f"{len(found)} genes have {column} {name!r}: name one by its row"
                    raise XbenchError(f"{self.name}: {what}") from error
                if found:
                    return found[0]
            raise

    def _kind_of_type(self) -> str:
        return "class name" if self.is_classification else "cell type"

    def _kind_of_output(self) -> str:
        return "class name" if self.is_classification else "gene"
