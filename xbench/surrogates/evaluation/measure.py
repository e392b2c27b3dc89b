"""All that is measured of a surrogate for its report."""

import contextlib
from dataclasses import dataclass

import numpy as np

from xbench.data.dataset import Dataset
from xbench.data.markers import MARKER_GENES, present_markers, types_of_marker
from xbench.errors import XbenchError
from xbench.surrogates.evaluation.agreement import (
    Agreement,
    HeldOut,
    TypeMeans,
    agreements,
    held_out,
    means_by_type,
)
from xbench.surrogates.evaluation.cell_map import CellMap, cell_map
from xbench.surrogates.evaluation.interpretations import Interpretation, interpretations
from xbench.surrogates.evaluation.report_subject import ReportSubject
from xbench.surrogates.surrogate import Surrogate
from xbench.utils.process import one_thread

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
    """Measure a surrogate on the test cells, on one thread: the same on every machine.

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
