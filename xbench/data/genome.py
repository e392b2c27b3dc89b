"""Genome builds: what they are called, how long their chromosomes are, and who lies past the end.

Lengths in base pairs are facts of the assemblies GRCh38, GRCh37 and GRCm38, as UCSC's
``chromInfo`` tables of hg38, hg19 and mm10 give them.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

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
        d rows with chrom, start, end (see `xbench.coordinates.read_coordinates`). Scaffolds and
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
