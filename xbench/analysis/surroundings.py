"""What data know of the features round a target: where they lie, how often open, which are true."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from xbench.analysis.loops import Loops
from xbench.data.dataset import Dataset, Target
from xbench.data.features import Interval
from xbench.data.known_links import KnownLinks
from xbench.results.record import Place, Record
from xbench.simulation.known_regulation import truth_of

# "pixel 3,5" and "3,5", as datasets of images name their features.
_PIXEL = re.compile(r"(?:pixel )?(\d{1,4}),(\d{1,4})")


@dataclass(frozen=True)
class TrueRegulator:
    """A feature that regulates the target in a simulation.

    Parameters
    ----------
    feature
        Its position in the dataset.
    module
        Number of the gene's module that it belongs to, from 1.
    effect
        Of the module: below 0 where it represses.
    weight
        w of the feature in its module, from 0 to 1.
    """

    feature: int
    module: int
    effect: float
    weight: float


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What data know about one target, by feature.

    Parameters
    ----------
    dataset, target
        The data, and the target in them.
    n_cells
        Cells of the target's type, those of all parts of the split.
    level
        Shape (d,): share of these cells in which the feature is not 0 (is open); for data without
        coordinates the mean of the feature, such as the shade of a pixel.
    truth
        The features that regulate the target; None where that is not known.
    links
        Places that a file says are linked to the target, or not: chromosome, start, end, whether
        linked, and the file's name.
    loops
        Loops with one end at a start of the gene: start and end of both ends.
    """

    dataset: Dataset
    target: Target
    n_cells: int
    level: np.ndarray
    truth: tuple[TrueRegulator, ...] | None
    links: tuple[tuple[str, int, int, bool, str], ...] = ()
    loops: tuple[tuple[int, int, int, int], ...] = ()

    @property
    def gene(self) -> Interval | None:
        """Where the target lies; None where that is not known."""
        return self.target.interval

    @property
    def image(self) -> tuple[int, int] | None:
        """Rows and columns, where the features are all pixels of an image; else None."""
        features = self.dataset.features
        return None if features.has_coordinates else image_shape(features.names)


def surroundings(
    dataset: Dataset,
    cell_type: str,
    name: str,
    *,
    links: Sequence[KnownLinks] = (),
    loops: Sequence[Loops] = (),
    levels: dict[str, np.ndarray] | None = None,
) -> Surroundings:
    """Gather what the data know about a target.

    Parameters
    ----------
    dataset
        The data.
    cell_type, name
        The target, as in a record.
    links, loops
        Known links and called loops, of the build of the data.
    levels
        Kept from target to target of one dataset: `Surroundings.level` by cell type.

    Raises
    ------
    XbenchError
        The data have no such target.

    Examples
    --------
    >>> from xbench.data.load import load_dataset
    >>> eights = surroundings(load_dataset("mnist-binary"), "8", "3")
    >>> eights.image, eights.truth, eights.n_cells
    ((28, 28), None, 974)
    """
    target = dataset.target(cell_type, name)
    own = dataset.resolve_cell_type(cell_type)
    rows = dataset.rows(own, "all")
    known = levels if levels is not None else {}
    if own not in known:
        known[own] = _level(dataset, rows)
    aliases = {alias for alias, of in dataset.cell_type_aliases.items() if of == own}
    names = {name, *dataset.names_of_output(target.output)}
    types = {cell_type, own, *aliases}
    return Surroundings(
        dataset=dataset,
        target=target,
        n_cells=len(rows),
        level=known[own],
        truth=_truth(dataset, target),
        links=tuple(
            (str(chrom), int(start), int(end), bool(regulated), one.name)
            for one in links
            for chrom, start, end, regulated in one.of_gene(names, target.interval, types)[
                ["chrom", "start", "end", "regulated"]
            ].to_numpy(dtype=object)
        ),
        loops=tuple(loop for one in loops for loop in _of_gene(one, target.interval)),
    )


def named(record: Record, dataset: Dataset, gene: Interval | None) -> Record:
    """Return a record of an older xbench with the names and places of what it selected.

    Parameters
    ----------
    record
        A run; one that has names, or nothing selected, is returned with its target's place alone.
    dataset
        Its data: of the digest that the record keeps.
    gene
        Where its target lies; None where that is not known.

    Examples
    --------
    >>> from xbench.data.load import load_dataset
    >>> data = load_dataset("mnist-binary")
    >>> old = Record(
    ...     run_id="0", task="t", task_version=1, dataset="mnist-binary", surrogate="s",
    ...     dataset_digest=data.digest, surrogate_digest="", cell_type="8", target="3", L=1,
    ...     method="m", method_digest="", repetition=0, seed=0, status="ok", indices=[30],
    ...     seconds=1.0, created="",
    ... )
    >>> named(old, data, None).features
    ['pixel 1,2']
    """
    if record.status != "ok":
        return record
    features = dataset.features
    fields: dict[str, object] = {}
    if record.indices and not record.features:
        chosen = np.asarray(record.indices, dtype=np.int64)
        if chosen.min() < 0 or chosen.max() >= len(features):
            return record
        fields["features"] = [str(one) for one in features.names[chosen]]
        if features.has_coordinates:
            fields["places"] = [place_of(features.interval(int(one))) for one in chosen]
    if record.target_place is None and gene is not None:
        fields |= {"target_place": place_of(gene), "target_strand": gene.strand}
    return replace(record, **fields) if fields else record  # type: ignore[arg-type]


def place_of(interval: Interval | None) -> Place | None:
    """Return an interval as records keep it.

    Examples
    --------
    >>> place_of(Interval("chr1", 2, 9)), place_of(None)
    (('chr1', 2, 9), None)
    """
    return None if interval is None else (interval.chrom, interval.start, interval.end)


def image_shape(names: Sequence[str] | np.ndarray) -> tuple[int, int] | None:
    """Return rows and columns, where names are those of all pixels of an image in reading order.

    Examples
    --------
    >>> image_shape(["0,0", "0,1", "1,0", "1,1"]), image_shape(["0,0", "1,1"]), image_shape(["a"])
    ((2, 2), None, None)
    """
    found = [_PIXEL.fullmatch(str(one)) for one in names]
    pixels = [(int(one[1]), int(one[2])) for one in found if one is not None]
    if not pixels or len(pixels) != len(found):
        return None
    rows, columns = (1 + max(axis) for axis in zip(*pixels, strict=True))
    whole = [(row, column) for row in range(rows) for column in range(columns)]
    return (rows, columns) if pixels == whole else None


def _level(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    values = dataset.X[rows]
    if dataset.features.has_coordinates:
        matrix = sparse.csr_matrix(values)
        present = matrix.indices[matrix.data != 0]
        return np.bincount(present, minlength=dataset.n_features) / max(1, len(rows))
    return np.asarray(values.mean(axis=0), dtype=np.float64).ravel()


def _truth(dataset: Dataset, target: Target) -> tuple[TrueRegulator, ...] | None:
    truth = truth_of(dataset)
    if truth is None:
        return None
    return tuple(
        TrueRegulator(
            int(truth.cre_feature[cre]),
            number,
            float(truth.module_effect[module]),
            float(truth.cre_weight[cre]),
        )
        for number, module in enumerate(truth.modules_of(target.output), start=1)
        for cre in np.flatnonzero(truth.cre_module == module)
    )


def _of_gene(loops: Loops, gene: Interval | None) -> list[tuple[int, int, int, int]]:
    if gene is None:
        return []
    here = loops.chrom == loops.chromosome(gene.chrom)
    at = np.zeros(len(here), dtype=bool)
    for start in gene.starts:
        for ends in (loops.first, loops.second):
            at |= here & (ends[:, 0] < start.end) & (ends[:, 1] > start.start)
    both = np.concatenate([loops.first, loops.second], axis=1)[at]
    return [(int(a), int(b), int(c), int(d)) for a, b, c, d in both.tolist()]
