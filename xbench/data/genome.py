"""Genome builds: what they are called, how long their chromosomes are, and who lies past the end.

Lengths in base pairs are facts of the assemblies GRCh38, GRCh37 and GRCm38, as UCSC's
``chromInfo`` tables of hg38, hg19 and mm10 give them.

Where features lie: read from a table's columns or from names, and put in natural order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from xbench.data.features import COORDINATE_COLUMNS, Features
from xbench.errors import XbenchError

# One number a chromosome, in the order 1, 2, ..., X, Y.
_LENGTHS = {
    "hg38": (
        *(248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636),
        *(138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345),
        *(83257441, 80373285, 58617616, 64444167, 46709983, 50818468, 156040895, 57227415),
    ),
    "hg19": (
        *(249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022),
        *(141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753),
        *(81195210, 78077248, 59128983, 63025520, 48129895, 51304566, 155270560, 59373566),
    ),
    "mm10": (
        *(195471971, 182113224, 160039680, 156508116, 151834684, 149736546, 145441459, 129401213),
        *(124595110, 130694993, 122082543, 120129022, 120421639, 124902244, 104043685, 98207768),
        *(94987271, 90702639, 61431566, 171031299, 91744698),
    ),
}
_OTHER_NAMES = {"grch38": "hg38", "grch37": "hg19", "b37": "hg19", "grcm38": "mm10"}

# Accessions (GL000194.1, KI270711.1), UCSC's names of what is unplaced, alternative or patched,
# and the mitochondrion: not a chromosome whose peaks could regulate a gene nearby.
_NOT_CHROMOSOME = re.compile(
    r"[A-Z]{2}_?\d+\.\d+|chrUn_.*|.*_(random|alt|fix|hap\d+)|(chr)?(M|MT)", re.IGNORECASE
)

GENOMES = tuple(_LENGTHS)


def build_name(name: str) -> str:
    """Return UCSC's name of a build that has two names; any other name as it is.

    Examples
    --------
    >>> build_name("GRCh38"), build_name("mm39")
    ('hg38', 'mm39')
    """
    lower = name.lower()
    return lower if lower in _LENGTHS else _OTHER_NAMES.get(lower, name)


def chromosome_lengths(genome: str) -> dict[str, int] | None:
    """Return the length of chr1, chr2, ..., chrX, chrY in base pairs; None for an unknown build.

    Examples
    --------
    >>> chromosome_lengths("hg19")["chr1"]
    249250621
    """
    lengths = _LENGTHS.get(build_name(genome))
    if lengths is None:
        return None
    names = [*(f"chr{number}" for number in range(1, len(lengths) - 1)), "chrX", "chrY"]
    return dict(zip(names, lengths, strict=True))


def outside_chromosomes(chroms: pd.Series) -> np.ndarray:
    """Return which features lie on a scaffold, an alternative locus or the mitochondrion.

    Parameters
    ----------
    chroms
        Shape (d,), names of chromosomes of any species, "" where not known.

    Returns
    -------
    Shape (d,), bool.

    Examples
    --------
    >>> outside_chromosomes(pd.Series(["chr1", "GL000194.1", "chrM", "2L", ""])).tolist()
    [False, True, True, False, False]
    """
    verdicts = {name: bool(_NOT_CHROMOSOME.fullmatch(name)) for name in chroms.unique()}
    return chroms.map(verdicts).to_numpy(dtype=bool)


def misplaced(coordinates: pd.DataFrame, genome: str) -> np.ndarray:
    """Return which features cannot be of a build: past the end of a chromosome, or on none it has.

    Parameters
    ----------
    coordinates
        d rows with chrom, start, end (see `xbench.data.genome.read_coordinates`). Scaffolds and
        features whose place is not known are never misplaced.
    genome
        A build; of one that is not known nothing can be said.

    Returns
    -------
    Shape (d,), bool.

    Examples
    --------
    >>> peaks = pd.DataFrame({"chrom": ["chrY", "20"], "start": [1, 1], "end": [60_000_000, 9]})
    >>> misplaced(peaks, "hg38").tolist(), misplaced(peaks, "mm10").tolist()
    ([True, False], [False, True])
    """
    lengths = chromosome_lengths(genome)
    if lengths is None:
        return np.zeros(len(coordinates), dtype=bool)
    limits = {name: _limit(name, lengths) for name in coordinates["chrom"].unique()}
    ends = coordinates["end"].to_numpy(dtype=np.float64)
    return ends > coordinates["chrom"].map(limits).to_numpy(dtype=np.float64)


def fitting_genomes(coordinates: pd.DataFrame) -> list[str]:
    """Return the known builds that no feature contradicts.

    Examples
    --------
    >>> fitting_genomes(pd.DataFrame({"chrom": ["chr1"], "start": [1], "end": [249_000_000]}))
    ['hg19']
    """
    return [genome for genome in GENOMES if not misplaced(coordinates, genome).any()]


def require_inside(coordinates: pd.DataFrame, genome: str, where: str) -> None:
    """Raise `XbenchError` where a feature cannot be of the build that is said to be the data's.

    Examples
    --------
    >>> peaks = pd.DataFrame({"chrom": ["chr1"], "start": [1], "end": [9]}, index=["p"])
    >>> require_inside(peaks, "hg38", "file.h5mu: atac")
    """
    wrong = np.flatnonzero(misplaced(coordinates, genome))
    if not wrong.size:
        return
    chrom, start, end = coordinates.iloc[wrong[0]][["chrom", "start", "end"]]
    lengths = chromosome_lengths(genome) or {}
    length = lengths.get(_prefixed(chrom))
    what = (
        f"is on no chromosome of {genome}"
        if length is None
        else f"lies past the end of {chrom} in {genome} ({length:,})"
    )
    fitting = fitting_genomes(coordinates)
    guess = f" ({' or '.join(fitting)} would fit)" if fitting else ""
    raise XbenchError(
        f"{where}: {chrom}:{start:,}-{end:,} {what}, {wrong.size:,} such in all; another "
        f"build{guess}? lift the coordinates over to {genome}, or give data of that build"
    )


def _prefixed(chrom: str) -> str:
    bare = chrom[3:] if chrom.lower().startswith("chr") else chrom
    return f"chr{bare}"


def _limit(chrom: str, lengths: dict[str, int]) -> float:
    """Return where a chromosome ends: 0 if the build has no such one, inf if nothing is known."""
    name = _prefixed(chrom)
    if name in lengths:
        return lengths[name]
    return 0.0 if name[3:].isdecimal() else np.inf


# chr1:100-200, and the separators other tools write: chr1-100-200, chr1_100_200.
_NAME = r"^(?P<chrom>\S+?)[:_-](?P<start>\d+)[-_](?P<end>\d+)$"
_SPECIAL = {"X": 0, "Y": 1, "M": 2, "MT": 2}


def read_coordinates(
    var: pd.DataFrame, where: str, chromosome_names: Mapping[str, str] | None = None
) -> pd.DataFrame | None:
    """Return chrom, start and end of each feature, from columns of these names or from the index.

    Parameters
    ----------
    var
        One row a feature. Without all three columns, names of the form ``chr1:100-200`` are read.
    where
        File and modality, for the error's text.
    chromosome_names
        Other names to give chromosomes, such as ``{"chr20": "chrX"}``.

    Returns
    -------
    A frame with `var`'s index: chrom (str, "" where missing), start and end (int64, base pairs,
    0-based and half-open, -1 where missing). None where there are no coordinates at all.

    Raises
    ------
    XbenchError
        Starts or ends that are no whole numbers, or a feature that ends before it starts.

    Examples
    --------
    >>> read_coordinates(pd.DataFrame(index=["chr1:100-200"]), "peaks").to_dict("records")
    [{'chrom': 'chr1', 'start': 100, 'end': 200}]
    """
    if set(COORDINATE_COLUMNS) <= set(var.columns):
        frame = var[list(COORDINATE_COLUMNS)]
    else:
        frame = var.index.to_series().str.extract(_NAME)
        if frame.isna().any(axis=None):
            return None
    chrom = frame["chrom"].astype(object).fillna("").astype(str).replace(chromosome_names or {})
    start = _whole_numbers(frame["start"], where)
    end = _whole_numbers(frame["end"], where)
    coordinates = pd.DataFrame({"chrom": chrom, "start": start, "end": end}, index=var.index)
    try:
        Features.from_frame(coordinates)
    except XbenchError as error:
        raise XbenchError(f"{where}: {error}") from error
    return coordinates


def natural_order(coordinates: pd.DataFrame) -> np.ndarray:
    """Return the row numbers that sort features by chromosome, start, end and name.

    Chromosomes come as people count them: chr1, chr2, ..., chr10, ..., X, Y, M, then any other by
    name, and last the features of no known chromosome.

    Examples
    --------
    >>> places = {"chrom": ["chrX", "chr10", "chr2"], "start": [1, 1, 1], "end": [2, 2, 2]}
    >>> natural_order(pd.DataFrame(places, index=["a", "b", "c"])).tolist()
    [2, 1, 0]
    """
    chromosomes = sorted(coordinates["chrom"].unique(), key=_natural_key)
    rank = coordinates["chrom"].map({name: number for number, name in enumerate(chromosomes)})
    names = coordinates.index.to_numpy(dtype=str)
    return np.lexsort((names, coordinates["end"], coordinates["start"], rank))


def require_shared_chromosomes(peaks: pd.DataFrame, genes: pd.DataFrame, where: str) -> None:
    """Raise `XbenchError` where no gene lies on a chromosome that has peaks: names that differ.

    Examples
    --------
    >>> one = pd.DataFrame({"chrom": ["chr1"]})
    >>> require_shared_chromosomes(one, one, "file.h5mu")
    """
    of_peaks = set(peaks["chrom"]) - {""}
    of_genes = set(genes["chrom"]) - {""}
    if of_peaks and of_genes and not of_peaks & of_genes:
        raise XbenchError(
            f"{where}: peaks lie on chromosomes such as {min(of_peaks)!r}, genes on ones such as "
            f"{min(of_genes)!r}, and none is shared; name chromosomes alike in both modalities"
        )


def _natural_key(chrom: str) -> tuple[int, int, str]:
    bare = chrom[3:] if chrom.lower().startswith("chr") else chrom
    if not chrom:
        return (3, 0, chrom)
    if bare.isdecimal():
        return (0, int(bare), chrom)
    if bare.upper() in _SPECIAL:
        return (1, _SPECIAL[bare.upper()], chrom)
    return (2, 0, chrom)


def _whole_numbers(column: pd.Series, where: str) -> np.ndarray:
    """Return a column as int64, -1 where it is empty."""
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    unreadable = (numbers.isna() & column.notna()) | np.isinf(numbers) | (numbers % 1 > 0)
    if unreadable.any():
        raise XbenchError(
            f"{where}: column {column.name!r} holds {column[unreadable].iloc[0]!r}; "
            "give whole numbers of base pairs"
        )
    return numbers.fillna(-1).to_numpy().astype(np.int64)
