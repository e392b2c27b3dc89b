"""What is known of each target besides its runs, from the data where they are on this machine.

Each dataset is read once, and let go before the next one; what stays is small.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from xbench.analysis.loops import Loops
from xbench.analysis.surroundings import Surroundings, named, place_of, surroundings
from xbench.data.dataset import Dataset
from xbench.data.features import Features, Interval
from xbench.data.known_links import KnownLinks
from xbench.errors import XbenchError
from xbench.results.record import Place, Record

_LOG = logging.getLogger(__name__)
# How far from the gene's body every feature is shown; further away only those that matter.
WINDOW = 2_000_000


@dataclass(frozen=True)
class DataHere:
    """A dataset, where it is on this machine, and what is known beside it.

    Parameters
    ----------
    dataset
        The data; None where they are not here.
    why
        Why they are not, in a sentence without a full stop.
    links, loops
        Known links and called loops, of the build of the data.
    """

    dataset: Dataset | None
    why: str = ""
    links: Sequence[KnownLinks] = ()
    loops: Sequence[Loops] = ()


# Opens a dataset by the name that records have for it.
DataDoor = Callable[[str], DataHere]
TargetName = tuple[str, str, str]


def no_data(name: str) -> DataHere:
    """Open nothing: pages show what records know.

    Examples
    --------
    >>> no_data("snare-cortex").dataset is None
    True
    """
    return DataHere(None, "the site was built without looking at the data")


@dataclass(frozen=True)
class TrueFeature:
    """A feature that regulates the target; see `xbench.analysis.surroundings.TrueRegulator`."""

    name: str
    module: int
    effect: float
    weight: float


@dataclass(frozen=True)
class TargetView:
    """What is known of one target.

    Parameters
    ----------
    note
        What is not known, and why, in a sentence without a full stop; empty where all is.
    genome
        The build of the coordinates; None where it is not known.
    gene, strand
        Where the target's gene lies; None and "" where that is not known.
    n_cells
        Cells of the target's type; None where the data are not here.
    places, levels
        Of features that pages show: near the gene, selected by a run, or true. The level is the
        share of these cells in which a feature is open.
    truth
        The features that regulate the target; None where that is not known.
    genes
        Others near the target's: name, place, strand.
    links, loops
        As in `xbench.analysis.surroundings.Surroundings`.
    image, shades
        Rows and columns where the features are pixels, and the mean of each, in reading order.
    """

    note: str = ""
    genome: str | None = None
    gene: Place | None = None
    strand: str = ""
    n_cells: int | None = None
    places: Mapping[str, Place] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    truth: tuple[TrueFeature, ...] | None = None
    genes: tuple[tuple[str, Place, str], ...] = ()
    links: tuple[tuple[str, int, int, bool, str], ...] = ()
    loops: tuple[tuple[int, int, int, int], ...] = ()
    image: tuple[int, int] | None = None
    shades: tuple[float, ...] = ()

    @property
    def true_names(self) -> frozenset[str]:
        """Names of the features that regulate the target; none where that is not known."""
        return frozenset(one.name for one in self.truth or ())


@dataclass(frozen=True)
class Views:
    """What the data add to the runs.

    Parameters
    ----------
    named
        Records by run id, with the names and places of what they selected where these are known.
    of_target
        By (dataset, cell type, target).
    """

    named: Mapping[str, Record]
    of_target: Mapping[TargetName, TargetView]

    def view(self, record: Record) -> TargetView:
        """Return what is known of a run's target."""
        return self.of_target[(record.dataset, *record.explained)]


def read_views(records: Iterable[Record], open_data: DataDoor = no_data) -> Views:
    """Gather what is known of the targets of records, a dataset at a time.

    Parameters
    ----------
    records
        Of runs.
    open_data
        Opens a dataset. One that has another content than runs were made with is not used.

    Examples
    --------
    >>> read_views([]).of_target
    {}
    """
    by_dataset: dict[str, list[Record]] = {}
    for record in records:
        by_dataset.setdefault(record.dataset, []).append(record)
    all_named: dict[str, Record] = {}
    of_target: dict[TargetName, TargetView] = {}
    for name, members in by_dataset.items():
        started = time.perf_counter()
        here = _fitting(open_data(name), members)
        by_target: dict[TargetName, list[Record]] = {}
        levels: dict[str, np.ndarray] = {}
        genes = _genes({record.explained for record in members}, here.dataset)
        for record in members:
            known = record
            if here.dataset is not None and record.dataset_digest == here.dataset.digest:
                known = named(record, here.dataset, genes.get(record.explained))
            all_named[record.run_id] = known
            by_target.setdefault((name, *record.explained), []).append(known)
        for key, runs in by_target.items():
            of_target[key] = _view(key, runs, here, levels)
        _LOG.info("%s: looked at in %.1f s", name, time.perf_counter() - started)
    return Views(all_named, of_target)


def _fitting(here: DataHere, members: Sequence[Record]) -> DataHere:
    """Refuse data of another content than that of every run."""
    if here.dataset is None:
        return here
    digests = {record.dataset_digest for record in members}
    if here.dataset.digest in digests:
        return here
    return DataHere(None, "the data on this machine have another content than those of the runs")


def _genes(
    targets: Iterable[tuple[str, str]], dataset: Dataset | None
) -> dict[tuple[str, str], Interval | None]:
    """Return where the targets that a dataset has lie; asked once each, not once a run."""
    found: dict[tuple[str, str], Interval | None] = {}
    for target in targets:
        if dataset is not None:
            with contextlib.suppress(XbenchError):
                found[target] = dataset.target(*target).interval
    return found


def _view(
    key: TargetName, runs: Sequence[Record], here: DataHere, levels: dict[str, np.ndarray]
) -> TargetView:
    # A place is told by any record that has it.
    places = {
        feature: place
        for run in runs
        for feature, place in zip(run.features, run.places, strict=False)
        if place is not None
    }
    gene = next((run.target_place for run in runs if run.target_place), None)
    strand = next((run.target_strand for run in runs if run.target_strand), "")
    if here.dataset is None:
        return TargetView(note=here.why, gene=gene, strand=strand, places=places)
    try:
        known = surroundings(
            here.dataset, *key[1:], links=here.links, loops=here.loops, levels=levels
        )
    except XbenchError as error:
        return TargetView(note=str(error), gene=gene, strand=strand, places=places)
    return _of_data(known, {feature for run in runs for feature in run.features})


def _of_data(known: Surroundings, selected: set[str]) -> TargetView:
    features, gene = known.dataset.features, known.gene
    shown = set(_near(features, known).tolist())
    shown |= {at for name in selected if (at := features.position(name)) is not None}
    shown |= {one.feature for one in known.truth or ()}
    places = {
        str(features.names[at]): place
        for at in sorted(shown)
        if (place := place_of(features.interval(at))) is not None
    }
    truth = tuple(
        TrueFeature(str(features.names[one.feature]), one.module, one.effect, one.weight)
        for one in known.truth or ()
    )
    image = known.image
    return TargetView(
        genome=known.dataset.genome,
        gene=place_of(gene),
        strand="" if gene is None else gene.strand,
        n_cells=known.n_cells,
        places=places,
        levels={str(features.names[at]): float(known.level[at]) for at in sorted(shown)},
        truth=None if known.truth is None else truth,
        genes=tuple(_genes_near(known)),
        links=known.links,
        loops=known.loops,
        image=image,
        shades=() if image is None else tuple(float(one) for one in known.level),
    )


def _near(features: Features, known: Surroundings) -> np.ndarray:
    if known.gene is None or not features.has_coordinates:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(features.distance_to(known.gene) <= WINDOW)


def _genes_near(known: Surroundings) -> Iterable[tuple[str, Place, str]]:
    genes = known.dataset.output_features
    if known.gene is None or not genes.has_coordinates:
        return
    for at in np.flatnonzero(genes.distance_to(known.gene) <= WINDOW):
        place = genes.interval(int(at))
        if place is not None and at != known.target.output:
            yield str(genes.names[at]), (place.chrom, place.start, place.end), place.strand
