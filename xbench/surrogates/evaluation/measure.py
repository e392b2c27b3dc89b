"""All that is measured of a surrogate for its report, and what the report is about.

What the paper's "mean R2" of marker genes is it does not say: each reading is measured.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xbench.data.cell_types import MARKER_GENES, present_markers, types_of_marker
from xbench.data.dataset import Dataset
from xbench.data.splits import PROTOCOLS
from xbench.errors import XbenchError
from xbench.surrogates.checkpoint import OpenedSurrogate, read_description
from xbench.surrogates.evaluation.agreement import (
    Agreement,
    HeldOut,
    TypeMeans,
    agreements,
    held_out,
    means_by_type,
    spread,
)
from xbench.surrogates.evaluation.cell_map import CellMap, cell_map
from xbench.surrogates.evaluation.fit import determination, pearson
from xbench.surrogates.surrogate import Surrogate
from xbench.utils.process import one_thread
from xbench.utils.provenance import git_commit, machine, versions

# Section 5.2 of the paper, on its own data and, in the reference, on cells trained on.
PAPER_MEAN_R2 = 0.914


@dataclass(frozen=True)
class Interpretation:
    """One way to make one number of the means of marker genes by cell type.

    Parameters
    ----------
    key
        Name for programs.
    text
        What is computed.
    value
        NaN where nothing is defined.
    defined, total
        How many of the values averaged are defined.
    """

    key: str
    text: str
    value: float
    defined: int
    total: int


def interpretations(
    all_observed: np.ndarray, all_predicted: np.ndarray, counted: np.ndarray
) -> list[Interpretation]:
    """Compute each of them, over cell types with enough test cells but where it says otherwise.

    Parameters
    ----------
    all_observed, all_predicted
        Mean expression, shape (cell types, marker genes).
    counted
        Whether a cell type has enough test cells, shape (cell types,).

    Examples
    --------
    >>> means = np.array([[1.0, 4], [2, 2], [3, 0]])
    >>> [round(one.value, 6) for one in interpretations(means, means, np.array([True, True, True]))]
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    observed, predicted = all_observed[counted], all_predicted[counted]
    by_gene = pearson(observed, predicted) ** 2
    by_gene_all = pearson(all_observed, all_predicted) ** 2
    explained = determination(observed, predicted)
    by_type = pearson(observed.T, predicted.T) ** 2
    pairs = pearson(observed.reshape(-1, 1), predicted.reshape(-1, 1)) ** 2
    genes = "squared Pearson correlation over cell types"
    return [
        _mean("marker_type_mean_r2", f"mean over markers of the {genes}", by_gene),
        _mean(
            "marker_type_mean_r2_all_types",
            "the same over all cell types, however few their test cells",
            by_gene_all,
        ),
        _mean(
            "marker_type_mean_determination",
            "mean over markers of the coefficient of determination",
            explained,
        ),
        Interpretation(
            "marker_type_median_determination",
            "median over markers of the coefficient of determination",
            spread(explained).median,
            spread(explained).defined,
            len(explained),
        ),
        _mean(
            "type_marker_mean_r2",
            "mean over cell types of the squared Pearson correlation over markers",
            by_type,
        ),
        _mean("pooled_r2", "squared Pearson correlation over all (marker, cell type) pairs", pairs),
    ]


def _mean(key: str, text: str, values: np.ndarray) -> Interpretation:
    found = spread(values)
    return Interpretation(key, text, found.mean, found.defined, len(values))


UNKNOWN = "unknown"


@dataclass(frozen=True)
class ReportSubject:
    """A surrogate with all that is known of its making.

    Parameters
    ----------
    surrogate, surrogate_digest
        Name, and SHA-256 of the weights.
    dataset, dataset_digest
        Name, and SHA-256 of the content.
    citation, licence
        Whom to credit for the data.
    n_features, n_outputs
        Peaks and genes.
    cells
        Part of the split -> number of cells.
    split, seed
        What it was trained on, see `xbench.surrogates.obtain.train_surrogate`, and with which
        seed; ``"unknown"`` and None for a checkpoint that does not say.
    settings, fit
        As the checkpoint has them.
    training_machine
        What it was trained on; "" where the checkpoint does not say.
    stages
        Stage -> name, best_step, best_validation, and curve: (step, validation loss) pairs.
    versions, machine, git_commit
        What the report was made with.
    """

    surrogate: str
    surrogate_digest: str
    dataset: str
    dataset_digest: str
    citation: str
    licence: str
    n_features: int
    n_outputs: int
    cells: dict[str, int]
    split: str
    seed: int | None
    settings: dict[str, Any]
    fit: dict[str, float]
    training_machine: str
    stages: dict[str, Any]
    versions: dict[str, str]
    machine: str
    git_commit: str | None

    @property
    def saw_test_cells(self) -> bool | None:
        """Whether the surrogate was trained on test cells; None where that is not known."""
        return self.split == "reference" if self.split in PROTOCOLS else None

    def training_rows(self, dataset: Dataset) -> np.ndarray:
        """Rows of the cells the surrogate was trained on; the training part where not known."""
        split = self.split if self.split in PROTOCOLS else "strict"
        return dataset.training_rows(split)


def require_expression(dataset: Dataset) -> None:
    """Refuse data with classes: a report is about expression.

    Raises
    ------
    XbenchError
        Naming data that would do.
    """
    if dataset.is_classification:
        raise XbenchError(
            f"{dataset.name}: has classes, not expression; report a surrogate of data with genes, "
            "such as snare-cortex"
        )


def subject_of(dataset: Dataset, opened: OpenedSurrogate, path: Path) -> ReportSubject:
    """Describe a surrogate that was opened from a folder or a checkpoint.

    Raises
    ------
    XbenchError
        Where the dataset has classes.
    """
    require_expression(dataset)
    # A file is a checkpoint of the reference, which does not say how it was trained.
    description = read_description(path) if path.is_dir() else None
    training = description.training if description else {}
    parts = ("train", "validation", "test")
    return ReportSubject(
        surrogate=opened.name,
        surrogate_digest=opened.digest,
        dataset=dataset.name,
        dataset_digest=dataset.digest,
        citation=dataset.citation,
        licence=dataset.licence,
        n_features=dataset.n_features,
        n_outputs=dataset.n_outputs,
        cells={part: len(getattr(dataset.split, part)) for part in parts},
        split=training.get("split", UNKNOWN),
        seed=training.get("seed"),
        settings=training.get("settings", {}),
        fit=description.fit if description else {},
        training_machine=training.get("machine", ""),
        stages=training.get("stages", {}),
        versions=versions(),
        machine=machine(),
        git_commit=git_commit(),
    )


# The genes of the paper's Figure 2B.
PAPER_MAP_GENES = ("SATB2", "GAD2", "FLT1", "MOG")
PAPER_MAP_R2 = dict(zip(PAPER_MAP_GENES, (0.633, 0.603, 0.460, 0.684), strict=True))


@dataclass(frozen=True)
class Marker:
    """A marker gene among what the surrogate predicts.

    Parameters
    ----------
    gene, column
        The paper's symbol, and where the surrogate predicts it.
    own_types
        The data's names of the cell types it marks.
    """

    gene: str
    column: int
    own_types: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class SurrogateReport:
    """What the page shows and the JSON holds.

    Parameters
    ----------
    subject
        What was measured.
    cells
        Test cells, observed and predicted.
    means
        The same by cell type.
    agreements
        Predictor -> agreement of every gene.
    markers
        The marker genes that the surrogate predicts; those it does not are in `absent`.
    interpretations
        Predictor -> what "mean R2" may be; empty without markers.
    map, map_genes
        Where test cells are drawn, and columns of the genes drawn there.
    """

    subject: ReportSubject
    cells: HeldOut
    means: TypeMeans
    agreements: dict[str, Agreement]
    markers: list[Marker]
    absent: list[str]
    interpretations: dict[str, list[Interpretation]]
    map: CellMap
    map_genes: list[int]


def measure(
    dataset: Dataset,
    surrogate: Surrogate,
    subject: ReportSubject,
    *,
    space: str = "embedding",
    projection: str = "auto",
    seed: int = 0,
) -> SurrogateReport:
    """Measure a surrogate on the test cells, on one thread.

    How many cores a machine has, and what else runs on them, thus changes nothing. Another kind of
    processor, or other versions of the libraries, may round otherwise.

    Parameters
    ----------
    dataset
        With expression.
    surrogate, subject
        The frozen surrogate and what it is, see `trained_or_opened`.
    space, projection, seed
        Of the map, see `cell_map`.

    Raises
    ------
    XbenchError
        See `held_out` and `cell_map`.
    """
    with one_thread():
        cells = held_out(dataset, surrogate, subject.training_rows(dataset))
        placed = cell_map(cells, space=space, projection=projection, seed=seed)
    means = means_by_type(cells)
    markers = _markers(dataset, cells)
    columns = [marker.column for marker in markers]
    return SurrogateReport(
        subject=subject,
        cells=cells,
        means=means,
        agreements=agreements(cells, means),
        markers=markers,
        absent=[gene for gene in MARKER_GENES if gene not in {one.gene for one in markers}],
        interpretations={
            name: interpretations(means.observed[:, columns], predicted[:, columns], means.counted)
            for name, predicted in means.predicted.items()
        }
        if markers
        else {},
        map=placed,
        map_genes=genes_to_draw(cells, markers),
    )


def genes_to_draw(cells: HeldOut, markers: list[Marker], count: int = 4) -> list[int]:
    """Choose genes for the map: the paper's, other markers of other types, the most variable ones.

    Returns
    -------
    list of int
        At most `count` columns.
    """
    paper = present_markers(cells.genes, PAPER_MAP_GENES)
    chosen = list(paper.values())
    drawn_types = {cell_type for gene in paper for cell_type in types_of_marker(gene)}
    for marker in markers:
        types = set(types_of_marker(marker.gene))
        if marker.column not in chosen and not types & drawn_types:
            chosen.append(marker.column)
            drawn_types |= types
    between_types = np.nan_to_num(cells.training_means.var(axis=0))
    chosen += [int(column) for column in np.argsort(-between_types) if column not in chosen]
    return chosen[:count]


def _markers(dataset: Dataset, cells: HeldOut) -> list[Marker]:
    found = []
    for gene, column in present_markers(cells.genes).items():
        own = []
        for name in types_of_marker(gene):
            # A type that the data do not have has no point to outline.
            with contextlib.suppress(XbenchError):
                own.append(dataset.resolve_cell_type(name))
        found.append(Marker(gene, column, tuple(own)))
    return found
