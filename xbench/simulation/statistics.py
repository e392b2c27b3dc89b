"""Statistics by which a simulation is set beside measured data: of the data alone, no truth.

    python -m xbench.simulation.statistics simulated-multiome-sparse snare-cortex=FILE

prints them as a Markdown table, a column a dataset. The constants of `simulated-multiome-sparse`
were fixed from such a table before anything was learned or explained on it
(docs/explanation/simulation.md).
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.data.features import Features
from xbench.errors import XbenchError

# Base pairs between a peak's middle and a gene's body, and between the middles of two peaks.
GENE_DISTANCES = (0, 2_000, 10_000, 100_000, 1_000_000)
PEAK_DISTANCES = (1, 2_000, 10_000, 100_000, 1_000_000)
# Pairs looked at for each distance, at most: their mean has an error below 0.0005 then.
PAIRS = 50_000
CHUNK = 5_000
# Columns open or expressed in fewer cells than this say nothing about correlation.
LEAST_CELLS = 20


@dataclass(frozen=True, eq=False)
class Moments:
    """A matrix by columns, and what correlations of its columns need.

    Parameters
    ----------
    columns
        CSC, shape (n, d).
    by_type
        Mean of each column in each type, shape (types, d).
    square
        Mean square of each column, shape (d,).
    shares
        Share of the cells that are of each type, shape (types,).
    """

    columns: sparse.csc_matrix
    by_type: np.ndarray
    square: np.ndarray
    shares: np.ndarray

    @classmethod
    def of(cls, matrix: sparse.csr_matrix, cell_types: np.ndarray) -> "Moments":
        """Collect them."""
        columns = sparse.csc_matrix(matrix, dtype=np.float32)
        _, number, counts = np.unique(cell_types, return_inverse=True, return_counts=True)
        places = (number, np.arange(len(number)))
        averages = sparse.csr_matrix((1 / counts[number], places))
        return cls(
            columns=columns,
            by_type=np.asarray((averages @ columns).todense()),
            square=_column_means(columns.multiply(columns)),
            shares=counts / counts.sum(),
        )

    def between_types(self) -> np.ndarray:
        """Share of each column's variance that lies between types, shape (d,); NaN if constant."""
        mean = self.shares @ self.by_type
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.shares @ self.by_type**2 - mean**2) / (self.square - mean**2)


def correlations(one: Moments, other: Moments, pairs: np.ndarray, *, within: bool) -> np.ndarray:
    """Pearson's correlation of pairs of columns, over all cells or after removing types' means.

    Parameters
    ----------
    one, other
        Of the same cells.
    pairs
        Column of `one` and column of `other`, shape (pairs, 2).
    within
        Whether the mean of each type is taken from its cells first.

    Returns
    -------
    float64, shape (pairs,); NaN where a column is constant.

    Examples
    --------
    >>> cells = sparse.csr_matrix([[1.0, 2.0], [0.0, 0.0], [1.0, 2.0], [1.0, 1.0]])
    >>> both = Moments.of(cells, np.array(["a", "a", "b", "b"]))
    >>> correlations(both, both, np.array([[0, 1]]), within=True).round(3).tolist()
    [0.894]
    """
    # Weights of the means that are subtracted: of each type, or of all cells together.
    shares = one.shares
    means = [one.by_type, other.by_type]
    if not within:
        means = [(shares @ mean)[None] for mean in means]
        shares = np.ones(1)
    first, second = pairs.T
    variances = [
        part.square - shares @ mean**2 for part, mean in zip((one, other), means, strict=True)
    ]
    excess = np.empty(len(pairs))
    for rows in _chunks(len(pairs)):
        products = one.columns[:, first[rows]].multiply(other.columns[:, second[rows]])
        expected = shares @ (means[0][:, first[rows]] * means[1][:, second[rows]])
        excess[rows] = _column_means(products) - expected
    with np.errstate(divide="ignore", invalid="ignore"):
        return excess / np.sqrt(variances[0][first] * variances[1][second])


def statistics(dataset: Dataset, seed: int = 0) -> dict[str, str]:
    """Return what is compared, by its description, as text with its unit.

    Parameters
    ----------
    dataset
        Peaks and genes with coordinates.
    seed
        Of the choice of pairs.

    Raises
    ------
    XbenchError
        Where it holds no genes, or no coordinates.
    """
    if dataset.Y is None or not dataset.features.has_coordinates:
        raise XbenchError(f"{dataset.name}: these statistics need peaks and genes with coordinates")
    generator = np.random.default_rng(seed)
    peaks = Moments.of(sparse.csr_matrix(dataset.X), dataset.cell_types)
    genes = Moments.of(dataset.Y, dataset.cell_types)
    return {
        **_of_peaks(peaks),
        **_of_genes(genes),
        **_peak_and_gene(dataset, peaks, genes, generator),
        **_peak_and_peak(dataset.features, peaks, generator),
    }


def _of_peaks(peaks: Moments) -> dict[str, str]:
    n, d = peaks.columns.shape
    cells = np.bincount(peaks.columns.indices, minlength=n)
    share = 100 * np.diff(peaks.columns.indptr) / n
    large = peaks.shares >= 100 / n
    highest = 100 * peaks.by_type[large].max(axis=0)
    return {
        "open peaks a cell: mean": f"{cells.mean():.1f}",
        "the same, of all peaks": f"{100 * cells.mean() / d:.3f}%",
        "the same, deviation / mean": f"{cells.std() / cells.mean():.2f}",
        "cells in which a peak is open: median": f"{np.median(share):.2f}%",
        "the same, 99th percentile": f"{np.percentile(share, 99):.2f}%",
        "the same in the type of the most (of 100 cells or more), median": (
            f"{np.median(highest):.2f}%"
        ),
        "the same, 99th percentile of the peaks": f"{np.percentile(highest, 99):.2f}%",
        "a peak's variance between types: median": _percent(np.nanmedian(peaks.between_types())),
    }


def _of_genes(genes: Moments) -> dict[str, str]:
    n = genes.columns.shape[0]
    expressed = np.diff(genes.columns.indptr) / n
    zeros = 100 * (1 - expressed)
    low, middle, high = np.percentile(zeros, [25, 50, 75])
    per_cell = np.bincount(genes.columns.indices, minlength=n)
    between = genes.between_types()
    return {
        "zeros of a gene: mean": f"{zeros.mean():.1f}%",
        "the same, quartiles": f"{low:.1f}, {middle:.1f}, {high:.1f}%",
        "genes seen in a cell: mean": f"{per_cell.mean():.0f} of {len(expressed)}",
        "the same, deviation / mean": f"{per_cell.std() / per_cell.mean():.2f}",
        "a gene's variance between types: median": _percent(np.nanmedian(between)),
        "the same, 90th percentile": _percent(np.nanpercentile(between, 90)),
    }


def _peak_and_gene(
    dataset: Dataset, peaks: Moments, genes: Moments, generator: np.random.Generator
) -> dict[str, str]:
    places, bodies = dataset.features, dataset.output_features
    often = _often(peaks)
    by_distance: dict[int, list[np.ndarray]] = {}
    others = []
    for gene in np.flatnonzero(_often(genes)):
        interval = bodies.interval(int(gene))
        if interval is None:
            continue
        distance = np.where(often, places.distance_to(interval), np.nan)
        for number, (low, high) in enumerate(pairwise((-1, *GENE_DISTANCES))):
            near = np.flatnonzero((distance > low) & (distance <= high))
            pairs = np.stack([near, np.full(len(near), gene)], axis=1)
            by_distance.setdefault(number, []).append(pairs)
        elsewhere = np.flatnonzero(np.isinf(distance))
        chosen = generator.choice(elsewhere, size=min(50, len(elsewhere)), replace=False)
        others.append(np.stack([chosen, np.full(len(chosen), gene)], axis=1))
    kinds = ["in the gene", *map(_distance, pairwise(GENE_DISTANCES)), "another chromosome"]
    groups = [np.concatenate(pairs) for pairs in (*by_distance.values(), others)]
    labelled = zip(kinds, groups, strict=True)
    return _described("peak and gene", labelled, peaks, genes, generator)


def _peak_and_peak(
    places: Features, peaks: Moments, generator: np.random.Generator
) -> dict[str, str]:
    kept = np.flatnonzero(_often(peaks))
    assert places.start is not None
    assert places.end is not None
    assert places.chrom is not None
    middle = (places.start[kept] + places.end[kept]) // 2
    chrom = np.unique(places.chrom[kept], return_inverse=True)[1]
    # One line for all chromosomes, far enough apart.
    line = chrom * 10**10 + middle
    kept, line = kept[np.argsort(line)], np.sort(line)
    groups = []
    for low, high in pairwise(PEAK_DISTANCES):
        first, last = np.searchsorted(line, line + low), np.searchsorted(line, line + high)
        count = last - first
        drawn = generator.choice(count.sum(), size=min(PAIRS, count.sum()), replace=False)
        one = np.searchsorted(np.cumsum(count), drawn, side="right")
        other = first[one] + drawn - (np.cumsum(count) - count)[one]
        groups.append(np.stack([kept[one], kept[other]], axis=1))
    far = generator.choice(len(kept), size=(PAIRS, 2))
    far = far[line[far[:, 0]] // 10**10 != line[far[:, 1]] // 10**10]
    kinds = [*map(_distance, pairwise(PEAK_DISTANCES)), "another chromosome"]
    labelled = zip(kinds, [*groups, kept[far]], strict=True)
    return _described("two peaks", labelled, peaks, peaks, generator)


def _described(
    what: str,
    groups: "Iterator[tuple[str, np.ndarray]] | zip[tuple[str, np.ndarray]]",
    one: Moments,
    other: Moments,
    generator: np.random.Generator,
) -> dict[str, str]:
    rows = {}
    for kind, pairs in groups:
        pairs = pairs[generator.permutation(len(pairs))[:PAIRS]]
        for within, where in ((False, "all cells"), (True, "within types")):
            found = correlations(one, other, pairs, within=within)
            found = found[np.isfinite(found)]
            text = (
                f"{found.mean():.4f}, {np.percentile(found, 99):.3f}" if len(found) else "no pair"
            )
            rows[f"r of {what}, {kind}, {where}: mean, 99th percentile"] = text
    return rows


def _column_means(matrix: sparse.csc_matrix) -> np.ndarray:
    """Return the means in 64 bits, of a matrix in 32."""
    n = matrix.shape[0]
    return np.full(n, 1 / n) @ matrix


def _often(part: Moments) -> np.ndarray:
    return np.diff(part.columns.indptr) >= LEAST_CELLS


def _distance(ends: tuple[int, int]) -> str:
    low, high = (f"{end / 1000:g}" for end in ends)
    return f"{low} to {high} kb"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def _chunks(count: int) -> Iterator[slice]:
    return (slice(start, start + CHUNK) for start in range(0, count, CHUNK))


def lines(datasets: list[Dataset]) -> Iterator[str]:
    """Describe datasets side by side, as rows of a Markdown table."""
    columns = [statistics(dataset) for dataset in datasets]
    yield f"| statistic | {' | '.join(dataset.name for dataset in datasets)} |"
    yield f"| --- |{' --: |' * len(datasets)}"
    for name in columns[0]:
        yield f"| {name} | {' | '.join(column[name] for column in columns)} |"


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    from xbench.data.load import load_dataset

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("datasets", nargs="+", metavar="NAME[=FILE]")
    given = parser.parse_args(arguments).datasets
    named = [text.partition("=") for text in given]
    for line in lines([load_dataset(name, file or None) for name, _, file in named]):
        print(line)


if __name__ == "__main__":
    main()
