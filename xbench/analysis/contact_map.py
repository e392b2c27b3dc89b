"""Hi-C contact maps in .cool and .mcool files: which peaks touch a promoter, and how often.

A map is read some bins against all of their chromosome at a time, with the mean by distance.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from scipy.signal import correlate

from xbench.analysis.contact_source import PeakContacts, require_lengths
from xbench.analysis.map_weights import MapWeights, find_weights
from xbench.data.digest import short_digest
from xbench.data.features import Interval
from xbench.data.genome import build_name, same_chromosome
from xbench.data.open_files import (
    require_regular,
    require_self_contained,
    require_sound_headers,
)
from xbench.errors import XbenchError
from xbench.utils.text import plain

if TYPE_CHECKING:
    from cooler import Cooler

# What a file says that does not say its build.
_NO_BUILD = ("", "unknown")


@dataclass(frozen=True)
class ContactMap:
    """A contact map in a file, at one resolution.

    Parameters
    ----------
    name
        What errors and results call it: its file.
    uri
        File, and the map in it, as cooler writes it: ``maps.mcool::/resolutions/10000``.
    resolution
        Base pairs a bin.
    assembly
        The genome build that the file says it is of; None where it does not say.
    lengths
        Base pairs of each chromosome.
    weights
        What balances it; None where nothing does.
    fingerprint
        Of what the file says about its content: bins, reads, and pairs of bins with any.
    """

    name: str
    uri: str
    resolution: int
    assembly: str | None
    lengths: dict[str, int]
    weights: MapWeights | None
    fingerprint: str = ""
    # Many selections are asked about one promoter, and each reading passes over its chromosome.
    _read: dict[tuple[str, tuple[int, ...]], tuple[np.ndarray, np.ndarray]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def balanced(self) -> bool:
        """Whether it has weights that balance it, which are then used."""
        return self.weights is not None

    def chromosome(self, chrom: str) -> str | None:
        """Return how the map spells a chromosome; None where it does not have it."""
        return same_chromosome(chrom, self.lengths, self.name)

    def require_build(self, genome: str | None) -> None:
        """Raise `XbenchError` where the map cannot be of a genome build."""
        if genome is None:
            return
        if self.assembly is not None and build_name(self.assembly) != build_name(genome):
            raise XbenchError(
                f"{self.name}: is of genome build {self.assembly}, but the peaks are of {genome}; "
                f"give a map of {genome}, or lift the peaks over"
            )
        require_lengths(self.lengths, genome, self.name)

    def contacts(
        self, promoter: Sequence[Interval], start: np.ndarray, end: np.ndarray
    ) -> PeakContacts:
        """Return contacts of the bins of m peaks with those of a promoter.

        A peak lies in the bin of its middle. Two bins without a common read have contact 0; where
        either bin is masked (no weight; in a map without weights: no read on its chromosome) the
        contact is missing. Of several places at which the gene may start, it is the mean.

        Parameters
        ----------
        promoter
            Bases at which the gene may start, all on one chromosome that the map has.
        start, end
            Peaks on that chromosome, shape (m,), base pairs, 0-based and half-open.

        Raises
        ------
        XbenchError
            A place past the end of the chromosome, or a file that cannot be read.
        """
        chrom = self.chromosome(promoter[0].chrom)
        if chrom is None:
            raise XbenchError(f"{self.name}: has no chromosome {promoter[0].chrom}")
        self._require_inside(chrom, [*end.tolist(), *(place.end for place in promoter)])
        at = np.array([place.start // self.resolution for place in promoter])
        bins = (start + end) // 2 // self.resolution
        rows, by_distance = self._rows(chrom, at)
        apart = np.abs(bins - at[:, None])
        contact = rows[:, bins]
        expected = np.where(np.isnan(contact), np.nan, by_distance[apart])
        unresolved = (apart == 0).any(axis=0)
        return PeakContacts(_known_mean(contact), _known_mean(expected), unresolved, bins)

    def _require_inside(self, chrom: str, ends: list[int]) -> None:
        if max(ends) > self.lengths[chrom]:
            raise XbenchError(
                f"{self.name}: {chrom}:{max(ends):,} is past the end of the chromosome "
                f"({self.lengths[chrom]:,}); the map is of another genome build than the peaks"
            )

    def _rows(self, chrom: str, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Contacts of some bins with all of their chromosome, and means by distance in bins."""
        import cooler

        asked = (chrom, tuple(at.tolist()))
        if asked not in self._read:
            with _readable(self.name):
                found = cooler.Cooler(self.uri)
                first, last = found.extent(chrom)
                if last - first != -(-self.lengths[chrom] // self.resolution):
                    raise ValueError(f"{chrom} does not have the bins that its length asks for")
                self._read[asked] = read_rows(found, chrom, at, self.weights)
        return self._read[asked]


def open_contact_map(path: str | Path, resolution: int | None = None) -> ContactMap:
    """Look into a .cool or .mcool file.

    Parameters
    ----------
    path
        The file; one map in it may be named as cooler does: ``maps.mcool::/resolutions/10000``.
    resolution
        Base pairs a bin: needed where the file has several.

    Raises
    ------
    XbenchError
        cooler is not installed; the file is none of cooler's or is damaged; there is no map of the
        resolution, several where none was named, or one whose bins are not of one size.

    Examples
    --------
    >>> open_contact_map("absent.cool")
    Traceback (most recent call last):
    xbench.errors.XbenchError: absent.cool: no such file
    """
    if find_spec("cooler") is None:
        raise XbenchError(f"{path}: cooler is missing; pip install 'xbench-explain[hic]'")
    import cooler

    uri = _uri(str(path), resolution)
    name = Path(uri.split("::")[0]).name
    with _readable(name):
        found = cooler.Cooler(uri)
        lengths = {str(chrom): int(length) for chrom, length in found.chromsizes.items()}
        size = None if found.binsize is None else int(found.binsize)
        build = str(found.info.get("genome-assembly") or "")
        content = [str(found.info.get(key)) for key in ("nbins", "nnz", "sum")]
        weights = find_weights(found, name)
    if size is None:
        raise XbenchError(f"{name}: its bins are not of one size; give a map with a resolution")
    if resolution is not None and resolution != size:
        raise XbenchError(f"{name}: no resolution {resolution:,}. Valid resolutions: {size}")
    assembly = None if build.lower() in _NO_BUILD else build
    # Of cooler's own weights as ever, so that findings on such a map are still known to be its.
    other = [] if weights is None or weights.column == "weight" else list(map(str, weights))
    fingerprint = short_digest([str(size), str(weights is not None), *content, *other])
    return ContactMap(name, uri, size, assembly, lengths, weights, fingerprint)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turn whatever a damaged map makes cooler raise into one line."""
    try:
        yield
    except XbenchError:
        raise
    except Exception as error:
        reason = plain(error, 200) or type(error).__name__
        raise XbenchError(f"{name}: cannot be read ({reason}); get it again") from error


def _uri(path: str, resolution: int | None) -> str:
    """Name the one map in the file that is meant."""
    from cooler import Cooler, fileops

    file, _, group = path.partition("::")
    require_regular(Path(file))
    if not Path(file).is_file():
        raise XbenchError(f"{file}: no such file")
    with _readable(file):
        try:
            require_sound_headers(Path(file))
            with h5py.File(file, "r") as opened:
                require_self_contained(opened, file)
            groups = fileops.list_coolers(file)
        except OSError as error:
            reason = plain(error, 200)
            raise XbenchError(f"{file}: is no .cool or .mcool file ({reason})") from error
    if group or groups == ["/"]:
        if group and f"/{group.strip('/')}" not in groups:
            raise XbenchError(f"{file}: no map {group}. Valid maps: {', '.join(groups) or 'none'}")
        return path
    if not groups:
        raise XbenchError(f"{file}: holds no contact map; give a .cool or .mcool file")
    # By what each map says: old files number their zoom levels instead, 0, 1, 2.
    with _readable(file):
        sizes = {name: Cooler(f"{file}::{name}").binsize for name in groups}
    valid = ", ".join(map(str, sorted({size for size in sizes.values() if size})))
    fitting = [name for name in groups if resolution is None or sizes[name] == resolution]
    if not fitting:
        raise XbenchError(f"{file}: no resolution {resolution}. Valid resolutions: {valid}")
    if len({sizes[name] for name in fitting}) > 1:
        raise XbenchError(
            f"{file}: has several resolutions; choose one of: {valid}, as in "
            f"{file}::{max(fitting, key=lambda name: sizes[name] or 0)}"
        )
    if len(fitting) > 1:
        raise XbenchError(
            f"{file}: has {len(fitting)} maps of {valid}; choose one, as in {file}::{fitting[0]}"
        )
    return f"{file}::{fitting[0]}"


def _known_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the rows of what is not missing; NaN where all is."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.divide(
        total, known.sum(axis=0), out=np.full(values.shape[1], np.nan), where=known.any(axis=0)
    )


# Pixels read at once: some 30 MB.
PIXEL_CHUNK = 2**20


def read_rows(
    found: "Cooler", chrom: str, at: np.ndarray, weights: MapWeights | None
) -> tuple[np.ndarray, np.ndarray]:
    """Read a chromosome's pixels once.

    Parameters
    ----------
    found
        The map.
    chrom
        As the map spells it.
    at
        Bins, counted from the chromosome's first, shape (k,).
    weights
        What balances it; None for reads as they are.

    Returns
    -------
    rows
        Contacts of each of these bins with all n of the chromosome, shape (k, n): 0 without a
        read, NaN where one of the two is masked: it has no weight or, in a map that is not
        balanced, no read on the chromosome.
    by_distance
        Mean contact of all pairs of bins that are not masked and 0, 1, 2, ... bins apart, shape
        (n,); 0 where there are none.

    Examples
    --------
    >>> import tempfile, cooler, pandas as pd
    >>> bins = cooler.binnify(pd.Series({"chr1": 30}), 10)
    >>> pixels = pd.DataFrame({"bin1_id": [0, 0], "bin2_id": [0, 2], "count": [5, 3]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cooler.create_cooler(f"{folder}/map.cool", bins, pixels)
    ...     read_rows(cooler.Cooler(f"{folder}/map.cool"), "chr1", np.array([0]), weights=None)
    (array([[ 5., nan,  3.]]), array([2.5, 0. , 3. ]))
    """
    first, last = found.extent(chrom)
    count = last - first
    rows, totals = np.zeros((len(at), count)), np.zeros(count)
    seen = np.zeros(count, dtype=bool)
    with found.open("r") as file:
        weight = np.ones(count) if weights is None else weights.of_bins(file, first, last)
        for one, other, reads in _pixels(file, first, last):
            seen[one] = seen[other] = True
            contact = reads * weight[one] * weight[other]
            known = np.isfinite(contact)
            totals += np.bincount((other - one)[known], contact[known], minlength=count)
            for row, place in zip(rows, at, strict=True):
                row[other[one == place]] = contact[one == place]
                row[one[other == place]] = contact[other == place]
    valid = seen if weights is None else np.isfinite(weight)
    rows[:, ~valid] = np.nan
    rows[~valid[at]] = np.nan
    # How many pairs of valid bins are 0, 1, 2, ... bins apart.
    pairs = np.rint(correlate(valid.astype(float), valid.astype(float), method="fft"))[count - 1 :]
    return rows, np.divide(totals, pairs, out=np.zeros(count), where=pairs > 0)


def _pixels(
    file: Any, first: int, last: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Pairs of bins of one chromosome, counted from its first, with their reads, in chunks."""
    start, stop = file["indexes/bin1_offset"][first], file["indexes/bin1_offset"][last]
    if not 0 <= start <= stop <= file["pixels/bin1_id"].shape[0]:
        raise ValueError("its index does not fit its pixels")
    for here in range(int(start), int(stop), PIXEL_CHUNK):
        piece = slice(here, min(here + PIXEL_CHUNK, int(stop)))
        one, other, reads = (
            np.asarray(file[f"pixels/{column}"][piece])
            for column in ("bin1_id", "bin2_id", "count")
        )
        if one.size and not first <= one.min() <= one.max() < last:
            raise ValueError("its pixels are not where its index says")
        # Other chromosomes' bins are later ones; a map of both triangles is read by its upper one.
        kept = (other < last) & (other >= one) & (reads > 0)
        yield one[kept] - first, other[kept] - first, reads[kept].astype(np.float64)
