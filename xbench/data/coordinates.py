"""Where features lie: read from a table's columns or from names, checked, put in natural order."""

import re
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from xbench.data.features import COORDINATE_COLUMNS, Features
from xbench.data.genome import (
    GENOMES,
    ChromosomeName,
    Genome,
    build_name,
    chromosome_lengths,
    chromosome_name,
    is_unplaced_accession,
    name_of,
    outside_chromosomes,
)
from xbench.data.place_columns import NUMBER, PLACE, place_columns, strands_of
from xbench.errors import XbenchError, XbenchWarning, shortened
from xbench.utils.text import plain

_SPECIAL = {"X": 0, "Y": 1, "M": 2, "MT": 2}
# What stands for a number that is not there, until places are known or not.
_ABSENT = np.iinfo(np.int64).min
# Largest coordinate that is believed, in base pairs: no chromosome known has a tenth of it.
_FURTHEST = 10**11


def read_coordinates(
    var: pd.DataFrame, where: str, chromosome_names: Mapping[str, str] | None = None
) -> pd.DataFrame | None:
    """Return chrom, start and end of each feature, from columns of these names or from the index.

    Chromosomes are called as `xbench.data.genome.chromosome_name` calls them. A place that begins
    before its chromosome is cut at the first base.

    Parameters
    ----------
    var
        One row a feature. Without columns of these names, names of the form ``chr1:100-200`` are
        read; failing that, columns in another spelling (see `place_columns`).
    where
        File and modality, for the error's text.
    chromosome_names
        Other names to give chromosomes, such as ``{"chr20": "chrX"}``.

    Returns
    -------
    A frame with `var`'s index: chrom (str, "" where missing), start and end (int64, base pairs,
    0-based and half-open, -1 where missing), and strand ("+", "-" or "") where a column says it.
    None where no name says where its feature lies.

    Raises
    ------
    XbenchError
        Starts or ends that are no whole numbers, a feature that ends before it starts, or names
        of which some say where the feature lies and some do not.

    Warns
    -----
    XbenchWarning
        How many places were cut, are known in part only, or are on chromosomes that cannot be
        mapped to those of a known build.

    Examples
    --------
    >>> read_coordinates(pd.DataFrame(index=["1:100-200"]), "peaks").to_dict("records")
    [{'chrom': 'chr1', 'start': 100, 'end': 200}]
    """
    exact = set(COORDINATE_COLUMNS) <= set(var.columns)
    frame = None if exact else _of_names(var, where)
    if frame is None:
        frame = place_columns(var)
    if frame is None:
        return None
    start, end = (_whole_numbers(frame[name], where) for name in ("start", "end"))
    spelt = frame["chrom"].astype(object).fillna("").astype(str).str.strip()
    renamed = spelt.replace(chromosome_names or {})
    called = renamed.map({name: chromosome_name(name).name for name in renamed.unique()})
    chrom, start, end = _known_places(called.to_numpy(dtype=object), start, end, where)
    coordinates = pd.DataFrame({"chrom": chrom, "start": start, "end": end}, index=var.index)
    if (strands := strands_of(var)) is not None:
        coordinates["strand"] = strands
    _tell_accessions(coordinates["chrom"], where)
    try:
        Features.from_frame(coordinates)
    except XbenchError as error:
        raise XbenchError(f"{where}: {error}") from error
    return coordinates


def named_genomes(var: pd.DataFrame, where: str) -> str | None:
    """Return the build that the prefixes or accessions of chromosomes say; None if they say none.

    Raises
    ------
    XbenchError
        They are of several genomes.

    Examples
    --------
    >>> named_genomes(pd.DataFrame(index=["GRCh38_chr1:5-9", "GRCh38_chr2:5-9"]), "peaks")
    'hg38'
    """
    columns = place_columns(var)
    if columns is not None:
        chroms = {str(name) for name in columns["chrom"].dropna().unique()}
    else:
        # Names that begin with chr say nothing of a genome, and are nearly all there are.
        others = (str(name) for name in var.index if str(name)[:3].lower() != "chr")
        chroms = {match["chrom"] for name in others if (match := PLACE.fullmatch(name))}
    found = [chromosome_name(name) for name in sorted(chroms)]
    prefixes = sorted({name.prefix for name in found if name.prefix})
    if len({build_name(prefix) for prefix in prefixes}) > 1:
        raise XbenchError(
            f"{where}: features of several genomes ({', '.join(prefixes)}); give data of one"
        )
    return _common_build(found, where)


def _common_build(found: list[ChromosomeName], where: str) -> str | None:
    said = [name.genomes for name in found if name.genomes]
    if not said:
        return None
    common = frozenset.intersection(*said)
    if not common:
        builds = sorted(frozenset.union(*said))
        raise XbenchError(
            f"{where}: features of several genomes ({', '.join(builds)}); give data of one build"
        )
    return next(iter(common)) if len(common) == 1 else None


def base_pairs(text: str) -> int | None:
    """Return the whole number that a text is, as people and programs write it, or None.

    Examples
    --------
    >>> [base_pairs(text) for text in ("1e+06", "1,000", "5.0", "5.5", "x")]
    [1000000, 1000, 5, None, None]
    """
    bare = text.strip()
    if re.fullmatch(r"-?\d{1,11}", bare, re.ASCII):
        return int(bare)
    if re.fullmatch(NUMBER, bare, re.ASCII) is None or not _commas_fit(bare):
        return None
    value = float(bare.replace(",", ""))
    return int(value) if abs(value) < _FURTHEST and value.is_integer() else None


def _commas_fit(text: str) -> bool:
    return "," not in text or re.fullmatch(r"-?\d{1,3}(,\d{3})+", text) is not None


def _of_names(var: pd.DataFrame, where: str) -> pd.DataFrame | None:
    """Read places from names; None where hardly any name is of such a form."""
    matches = [PLACE.fullmatch(str(name)) for name in var.index]
    unread = [str(name) for name, match in zip(var.index, matches, strict=True) if match is None]
    if 2 * len(unread) >= len(matches):
        return None
    if unread:
        raise XbenchError(
            f"{where}: {len(unread):,} of {len(matches):,} names, such as "
            f"{plain(unread[0], 80)!r}, are not like chr1:100-200; rename or remove them, or add "
            "columns chrom, start, end"
        )
    rows = [match.groups() for match in matches if match is not None]
    return pd.DataFrame(rows, columns=list(COORDINATE_COLUMNS), index=var.index)


def _known_places(
    chrom: np.ndarray, start: np.ndarray, end: np.ndarray, where: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut what begins before its chromosome, and make places known in part not known at all."""
    missing = (chrom == "") | (start == _ABSENT) | (end <= 0)
    cut = ~missing & (start < 0)
    # Where nothing is known, files have nothing or -1.
    something = (chrom != "") | ~np.isin(start, (_ABSENT, -1)) | ~np.isin(end, (_ABSENT, -1))
    for which, what in (
        (cut, "begin before their chromosome and are cut at its first base"),
        (missing & something, "have a place that is known in part, and count as without one"),
    ):
        if which.any():
            warnings.warn(
                f"{where}: {int(which.sum()):,} features {what}", XbenchWarning, stacklevel=4
            )
    start = np.where(cut, 0, start)
    chrom = np.where(missing, "", chrom).astype(str)
    return chrom, np.where(missing, -1, start), np.where(missing, -1, end)


def _tell_accessions(chroms: pd.Series, where: str) -> None:
    unknown = [name for name in chroms.unique() if is_unplaced_accession(name)]
    if unknown:
        count = int(chroms.isin(unknown).sum())
        warnings.warn(
            f"{where}: {count:,} features lie on chromosomes of no known build, such as "
            f"{unknown[0]}, which keep their names",
            XbenchWarning,
            stacklevel=3,
        )


def _whole_numbers(column: pd.Series, where: str) -> np.ndarray:
    """Return a column as int64, `_ABSENT` where it is empty."""
    if column.dtype.kind not in "iuf":
        # Text is read as people write it: with spaces around, thousands by commas.
        texts = column.astype(object).where(column.notna(), "").astype(str).str.strip()
        column = texts.mask(texts == "", np.nan)
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    for place in np.flatnonzero(numbers.isna() & column.notna()):
        value = base_pairs(str(column.iloc[place]))
        numbers.iloc[int(place)] = np.nan if value is None else value
    unreadable = (numbers.isna() & column.notna()) | (numbers % 1 > 0)
    unreadable |= numbers.abs() >= _FURTHEST
    if unreadable.any():
        raise XbenchError(
            f"{where}: column {column.name!r} holds {shortened(column[unreadable].iloc[0])}; give "
            f"whole numbers of base pairs (feature {plain(column.index[unreadable][0], 80)!r})"
        )
    return numbers.where(numbers.notna(), float(_ABSENT)).to_numpy().astype(np.int64)


def misplaced(coordinates: pd.DataFrame, genome: Genome) -> np.ndarray:
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


def require_inside(coordinates: pd.DataFrame, genome: Genome, where: str) -> None:
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
    lengths, genome = chromosome_lengths(genome) or {}, name_of(genome)
    length = lengths.get(chromosome_name(chrom).name)
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


def _limit(chrom: str, lengths: Mapping[str, int]) -> float:
    """Return where a chromosome ends: 0 if the build has no such one, inf if nothing is known."""
    name = chromosome_name(chrom).name
    if name in lengths:
        return lengths[name]
    return 0.0 if name[3:].isdecimal() else np.inf


def unknown_chromosomes(coordinates: pd.DataFrame, genome: Genome) -> pd.Series:
    """Return how many features lie on what is neither a build's chromosome nor a scaffold, by name.

    Examples
    --------
    >>> unknown_chromosomes(pd.DataFrame({"chrom": ["chr1", "chrZ", "chrM"]}), "hg38").to_dict()
    {'chrZ': 1}
    """
    lengths = chromosome_lengths(genome)
    chroms = coordinates["chrom"]
    if lengths is None:
        return chroms[:0].value_counts()
    strange = ~outside_chromosomes(chroms) & ~chroms.isin([*lengths, ""]).to_numpy()
    return chroms[strange].value_counts()


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
    _require_one_spelling(of_peaks | of_genes, where)
    if of_peaks and of_genes and not of_peaks & of_genes:
        raise XbenchError(
            f"{where}: peaks lie on chromosomes such as {min(of_peaks)!r}, genes on ones such as "
            f"{min(of_genes)!r}, and none is shared; name chromosomes alike in both modalities"
        )


def _require_one_spelling(chroms: set[str], where: str) -> None:
    """Refuse names of no known form that differ in case or by "chr" only."""
    seen: dict[str, str] = {}
    for chrom in sorted(chroms):
        before = seen.setdefault(chrom.lower().removeprefix("chr"), chrom)
        if before != chrom:
            raise XbenchError(
                f"{where}: {before!r} and {chrom!r} seem to be one chromosome; name it in one way"
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
