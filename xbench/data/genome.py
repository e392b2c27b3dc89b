"""Names of genome builds and chromosomes: the one place where other spellings become UCSC's.

Lengths in base pairs and accessions are facts of the assemblies as UCSC and NCBI give them; all but
the lengths of three builds are read from bioframe's tables, which is imported where it is asked.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from xbench.errors import XbenchError

# One number a chromosome, in the order 1, 2, ..., X, Y, of the builds that most data are of: asking
# bioframe for them imports matplotlib, which takes twice as long as reading the mouse cortex. Tests
# hold them beside bioframe's.
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
# The builds that are guessed at where no file names one.
GENOMES = tuple(_LENGTHS)
# What builds are called elsewhere, in lower case, without what says which patch or package it is.
_BUILDS = {
    **{name: name for name in ("hg18", "hg19", "hg38", "hs1", "mm9", "mm10", "mm39")},
    **{name: name for name in ("dm3", "dm6", "ce10", "ce11")},
    **{"danrer10": "danRer10", "danrer11": "danRer11", "saccer3": "sacCer3"},
    **{"grch38": "hg38", "grch37": "hg19", "b37": "hg19", "hs37": "hg19", "hs37d5": "hg19"},
    **{"ncbi36": "hg18", "grcm38": "mm10", "grcm39": "mm39", "mgscv37": "mm9", "ncbim37": "mm9"},
    **{"t2t-chm13": "hs1", "chm13": "hs1"},
}
# Patch releases (GRCh38.p13), packages of 10x (GRCh38-2020-A, mm10-3.0.0), versions (CHM13v2.0).
_RELEASE = re.compile(
    r"([._-]?p\d+|[._-]?v?\d+(\.\d+)+|-20\d\d-[a-z]|[._-]primary[._-]assembly|v\d+|[._-]premrna)*"
)
_PACKAGE = re.compile(r"refdata-(cellranger-)?((arc|atac|gex)-)?")

# Accessions of RefSeq and GenBank (GL000194.1, NW_004078031.1), UCSC's and Ensembl's names of what
# is unplaced, alternative or patched, and the mitochondrion: no peak there can regulate a gene
# nearby. Accessions of whole chromosomes (NC_, CM) are chromosomes.
_NOT_CHROMOSOME = re.compile(
    r"(?!NC_|CM)([A-Z]{2}_?\d+|[A-Z]{4,6}\d{8,})\.\d+"
    r"|chrUn_.*|.*_(random|alt|fix|hap\d+)|CHR_H\w+|(chr)?(M|MT)",
    re.IGNORECASE,
)
_ACCESSION = re.compile(r"(?:.*\|)?(?P<number>[A-Z]{1,4}_?\d{5,})(?P<version>\.\d+)?\|?", re.I)
# GRCh38_chr1, mm10___2, hg38-X, my_genome_chr1.
_SEPARATOR = re.compile(r"(?<=[A-Za-z0-9])[_-]+(?=[A-Za-z0-9])")
# What a chromosome's number can look like behind "chr", in all species.
_NUMBER = r"0*(?P<number>\d+)(?P<arm>[A-Za-z]{0,2})"
_ROMAN = r"(?:X{0,3})(?:IX|IV|V?I{0,3})"
_BARE = re.compile(rf"{_NUMBER}|[XYWZ]|{_ROMAN}", re.IGNORECASE)
_MITOCHONDRION = re.compile(r"M|MT|MtDNA|Mito|mitochondri(on|al)", re.IGNORECASE)
_CHR = re.compile(r"(?:chromosome|chrom|chr)[ ._-]?(?=.)", re.IGNORECASE)


def build_name(name: str) -> str:
    """Return UCSC's name of a build, without its patch release; any other name as it is.

    Examples
    --------
    >>> build_name("GRCh38.p13"), build_name("mm10-2020-A"), build_name("rn7")
    ('hg38', 'mm10', 'rn7')
    """
    bare = _PACKAGE.sub("", name.strip().lower())
    for known in sorted(_BUILDS, key=len, reverse=True):
        if bare.startswith(known) and _RELEASE.fullmatch(bare, len(known)):
            return _BUILDS[known]
    return name


def is_known_build(name: str) -> bool:
    """Whether chromosomes and lengths of a build are known, by any of its names.

    Examples
    --------
    >>> is_known_build("GRCm39"), is_known_build("rn7")
    (True, False)
    """
    return build_name(name) in _BUILDS.values()


@cache
def _assembly(build: str) -> pd.DataFrame | None:
    """Return name, length and aliases of a build's chromosomes, or None for an unknown build."""
    if not is_known_build(build):
        return None
    import bioframe

    try:
        return bioframe.assembly_info(build).seqinfo
    except ValueError:
        # One of the names above that bioframe has no table of.
        return None


@dataclass(frozen=True)
class Assembly:
    """A build that a user's own file of chromosome lengths describes.

    Parameters
    ----------
    name
        Of the build, such as rn7.
    lengths
        Of each chromosome, in base pairs, by UCSC's name.
    """

    name: str
    lengths: Mapping[str, int]


Genome = str | Assembly


def name_of(genome: Genome) -> str:
    """Return a build's name.

    Examples
    --------
    >>> name_of(Assembly("rn7", {"chr1": 260_522_016})), name_of("hg38")
    ('rn7', 'hg38')
    """
    return genome.name if isinstance(genome, Assembly) else genome


def chromosome_lengths(genome: Genome) -> Mapping[str, int] | None:
    """Return the length of chr1, chr2, ..., chrX, chrY in base pairs; None for an unknown build.

    Examples
    --------
    >>> chromosome_lengths("hg19")["chr1"]
    249250621
    """
    if isinstance(genome, Assembly):
        return genome.lengths
    build = build_name(genome)
    if build in _LENGTHS:
        lengths = _LENGTHS[build]
        names = [*(f"chr{number}" for number in range(1, len(lengths) - 1)), "chrX", "chrY"]
        return dict(zip(names, lengths, strict=True))
    table = _assembly(build)
    if table is None:
        return None
    nuclear = table[table["name"] != "chrM"]
    pairs = zip(nuclear["name"], nuclear["length"], strict=True)
    return {str(name): int(length) for name, length in pairs}


class Accession(NamedTuple):
    """The chromosome that an accession is of, and the builds that have this version of it."""

    chrom: str
    builds: frozenset[str]


@cache
def _accessions() -> dict[str, Accession]:
    """Return the chromosomes of all known builds by accession, with and without its version."""
    found: dict[str, Accession] = {}
    for build in dict.fromkeys(_BUILDS.values()):
        table = _assembly(build)
        if table is None:
            continue
        for name, aliases in zip(table["name"], table["aliases"].fillna(""), strict=True):
            for alias in str(aliases).split(","):
                if _ACCESSION.fullmatch(alias) is None:
                    continue
                for key in (alias.upper(), alias.upper().partition(".")[0]):
                    before = found.get(key, Accession(str(name), frozenset()))
                    found[key] = Accession(str(name), before.builds | {build})
    return found


class ChromosomeName(NamedTuple):
    """A chromosome as it is called here.

    Parameters
    ----------
    name
        UCSC's spelling: chr1, chrX, chrM; what is no known spelling of a chromosome stays as it is.
    genomes
        The builds that its accession or prefix says it is of; empty where neither says.
    prefix
        The prefix that was taken off, such as GRCh38; "" where there was none.
    """

    name: str
    genomes: frozenset[str] = frozenset()
    prefix: str = ""


def chromosome_name(name: str) -> ChromosomeName:
    """Return what a chromosome is called here, however a file spells it.

    Examples
    --------
    >>> [chromosome_name(name).name for name in ("1", "Chr1 ", "GRCh38_chr1", "NC_000001.11")]
    ['chr1', 'chr1', 'chr1', 'chr1']
    >>> [chromosome_name(name).name for name in ("x", "MT", "2l", "chr01", "LGE64", "GL000194.1")]
    ['chrX', 'chrM', 'chr2L', 'chr1', 'LGE64', 'GL000194.1']
    """
    return _chromosome_name(name.strip())


@cache
def _chromosome_name(text: str) -> ChromosomeName:
    prefix, rest = _without_prefix(text)
    if prefix:
        inner = chromosome_name(rest)
        build = build_name(prefix)
        genomes = frozenset({build}) if is_known_build(build) else inner.genomes
        return ChromosomeName(inner.name, genomes, prefix)
    accession = _ACCESSION.fullmatch(text)
    if accession is not None:
        number = accession["number"].upper()
        version = accession["version"] or ""
        known = _accessions().get(number + version) or _accessions().get(number)
        if known is not None:
            # Of another version only the chromosome is known, not its build.
            exact = number + version in _accessions() and version
            return ChromosomeName(known.chrom, known.builds if exact else frozenset())
        return ChromosomeName(number + version)
    if _NOT_CHROMOSOME.fullmatch(text) and not _MITOCHONDRION.fullmatch(_CHR.sub("", text)):
        return ChromosomeName(text)
    return ChromosomeName(_spelt(text))


def _spelt(text: str) -> str:
    marked = _CHR.match(text)
    bare = text[marked.end() :] if marked else text
    if _MITOCHONDRION.fullmatch(bare):
        return "chrM"
    match = _BARE.fullmatch(bare) if bare else None
    if match is not None:
        number = f"{int(match['number'])}{match['arm']}" if match["number"] else bare
        return f"chr{number.upper()}"
    return f"chr{bare}" if marked else text


def _without_prefix(text: str) -> tuple[str, str]:
    """Return the genome's name in front of a chromosome's and the rest; "" where there is none."""
    if _CHR.match(text) or _ACCESSION.fullmatch(text):
        return "", text
    for mark in _SEPARATOR.finditer(text):
        prefix, rest = text[: mark.start()], text[mark.end() :]
        marked = _CHR.match(rest)
        # What no known build is called must stand before what can only be a chromosome.
        if is_known_build(prefix) or (marked and _BARE.fullmatch(rest[marked.end() :])):
            return prefix, rest
    return "", text


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
    verdicts = {
        name: _NOT_CHROMOSOME.fullmatch(chromosome_name(name).name) is not None
        for name in chroms.unique()
    }
    return chroms.map(verdicts).to_numpy(dtype=bool)


def is_unplaced_accession(name: str) -> bool:
    """Whether a name is the accession of a chromosome that no known build has.

    Examples
    --------
    >>> is_unplaced_accession("CM021859.1"), is_unplaced_accession("chr1")
    (True, False)
    """
    return _ACCESSION.fullmatch(name) is not None and not _NOT_CHROMOSOME.fullmatch(name)


def same_chromosome(chrom: str, names: Iterable[str], where: str) -> str | None:
    """Return which of some names is a chromosome's, by any spelling; None where none is.

    Raises
    ------
    XbenchError
        Several are.

    Examples
    --------
    >>> same_chromosome("chr1", ["1", "2"], "map"), same_chromosome("MT", ["chrM"], "map")
    ('1', 'chrM')
    """
    wanted = chromosome_name(chrom).name
    found = [name for name in dict.fromkeys(names) if chromosome_name(name).name == wanted]
    if len(found) > 1:
        raise XbenchError(
            f"{where}: {' and '.join(map(repr, found))} are one chromosome; name it in one way"
        )
    return found[0] if found else None
