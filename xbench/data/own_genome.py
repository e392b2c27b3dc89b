"""A user's own genome: the lengths of its chromosomes, and where its genes lie and start."""

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from xbench.data.coordinates import base_pairs
from xbench.data.genome import (
    GENOMES,
    Assembly,
    Genome,
    build_name,
    chromosome_lengths,
    chromosome_name,
    outside_chromosomes,
)
from xbench.data.open_files import opened_bytes
from xbench.data.text_table import read_rows, read_text
from xbench.errors import XbenchError, XbenchWarning, unknown_name

# GENCODE's annotation of man has 1.5 GB unpacked; only lines of genes are kept.
LARGEST_GTF = 1 << 34
_ATTRIBUTE = re.compile(r'(\w+) "?([^";]*)"?')
_ID_VERSION = re.compile(r"\.\d+$")


def genome_of(given: str) -> Genome:
    """Return the build that ``--genome`` names, or describes by a file of chromosome lengths.

    Parameters
    ----------
    given
        A build whose chromosomes are known, by any of its names; or a file with a chromosome and
        its length on each line, separated by a tab, as UCSC's ``rn7.chrom.sizes`` or a ``.fai``.

    Raises
    ------
    XbenchError
        Neither.

    Examples
    --------
    >>> genome_of("GRCh38")
    'hg38'
    """
    path = Path(given)
    if path.is_file():
        return Assembly(_assembly_name(path), _lengths(path))
    if chromosome_lengths(given) is not None:
        return build_name(given)
    if "." in path.name or len(path.parts) > 1:
        raise XbenchError(f"--genome {given}: no such file; give a build or its chrom.sizes")
    error = unknown_name("genome", given, GENOMES)
    raise XbenchError(f"{error}; or give its chrom.sizes file")


def _assembly_name(path: Path) -> str:
    return build_name(
        re.sub(r"(\.chrom\.sizes|\.sizes|\.fa|\.fai|\.txt|\.tsv|\.gz)+$", "", path.name)
    )


def _lengths(path: Path) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for row in read_rows(read_text(path), "\t", path, ("#",)):
        length = base_pairs(row.fields[1]) if len(row.fields) > 1 else None
        if length is None or length < 1:
            raise XbenchError(
                f"{path}: line {row.line} is not a chromosome and its length, separated by a tab: "
                f"{row.shown}"
            )
        lengths[chromosome_name(row.fields[0]).name] = length
    if not lengths:
        raise XbenchError(f"{path}: holds no chromosome; give a chrom.sizes file")
    return lengths


def read_gtf(path: Path) -> pd.DataFrame:
    r"""Read where genes lie from a GTF file, gzipped or not.

    Lines of genes are read; where there are none, as in UCSC's files, a gene reaches from the
    first to the last base of its transcripts.

    Returns
    -------
    One row a gene: gene_id, gene_name ("" where not said), chrom, start, end (0-based,
    half-open), strand.

    Raises
    ------
    XbenchError
        No such file, no gene in it, or a line that is no GTF, with its number.

    Examples
    --------
    >>> import tempfile
    >>> line = 'chr2\t.\tgene\t101\t200\t.\t-\t.\tgene_id "ENSG1.2"; gene_name "GAD1";'
    >>> with tempfile.NamedTemporaryFile("w", suffix=".gtf") as file:
    ...     print(line, file=file, flush=True)
    ...     read_gtf(Path(file.name)).to_numpy().tolist()
    [['ENSG1.2', 'GAD1', 'chr2', 100, 200, '-']]
    """
    if not path.is_file():
        raise XbenchError(f"--gtf {path}: no such file; give a gene annotation, GTF or GTF.gz")
    genes: list[tuple[object, ...]] = []
    transcripts: list[tuple[object, ...]] = []
    with opened_bytes(path, LARGEST_GTF) as lines:
        for number, line in enumerate(lines, start=1):
            if b"\tgene\t" in line:
                genes.append(_gene(line, number, path))
            elif not genes and b"\ttranscript\t" in line:
                transcripts.append(_gene(line, number, path))
    columns = ["gene_id", "gene_name", "chrom", "start", "end", "strand"]
    if not genes and not transcripts:
        raise XbenchError(
            f"{path}: no line of a gene or transcript; give a gene annotation in GTF, with "
            "gene_id and gene_name"
        )
    frame = pd.DataFrame(genes or transcripts, columns=columns)
    if genes:
        return frame
    # A gene's name on two chromosomes, X and Y say, is two genes.
    groups = frame.groupby(["gene_id", "gene_name", "chrom", "strand"], sort=False)
    return groups.agg(start=("start", "min"), end=("end", "max")).reset_index()[columns]


def _gene(line: bytes, number: int, path: Path) -> tuple[object, ...]:
    fields = line.decode("utf-8", "replace").rstrip("\r\n").split("\t")
    start, end = (base_pairs(fields[at]) if len(fields) >= 9 else None for at in (3, 4))
    if start is None or end is None or not 1 <= start <= end:
        raise XbenchError(f"{path}: line {number} is no GTF: {fields[:5]}; give a GTF file")
    named = dict(_ATTRIBUTE.findall(fields[8]))
    gene_id = named.get("gene_id", "")
    name = named.get("gene_name") or named.get("gene") or named.get("gene_symbol") or ""
    strand = fields[6] if fields[6] in ("+", "-") else ""
    return gene_id, name, chromosome_name(fields[0]).name, start - 1, end, strand


def places_of_genes(
    names: pd.Index, ids: list[pd.Series], gtf: pd.DataFrame, path: Path, where: str
) -> pd.DataFrame:
    """Return chrom, start, end and strand of genes as an annotation has them.

    Parameters
    ----------
    names
        What the genes are called in the data: symbols or ids.
    ids
        Further columns of names of theirs.
    gtf
        From `read_gtf`.
    path, where
        The annotation and the data, for the text of errors and warnings.

    Raises
    ------
    XbenchError
        None of the genes is in the annotation.

    Warns
    -----
    XbenchWarning
        How many are not: these have no place.
    """
    # Genes on chromosomes first: a symbol is also that of copies on alternative loci.
    order = np.argsort(outside_chromosomes(gtf["chrom"]), kind="stable")
    ordered = gtf.iloc[order].reset_index(drop=True)
    by_name: dict[str, int] = {}
    for column in ("gene_id", "gene_name"):
        for row, text in enumerate(ordered[column]):
            for spelt in (text, _ID_VERSION.sub("", text) if column == "gene_id" else text):
                by_name.setdefault(spelt.casefold(), row)
    by_name.pop("", None)
    rows = np.full(len(names), -1)
    for texts in (*ids, names):
        for at, text in enumerate(texts):
            if rows[at] < 0:
                bare = str(text).strip().casefold()
                rows[at] = by_name.get(bare, by_name.get(_ID_VERSION.sub("", bare), -1))
    known = rows >= 0
    if not known.any():
        raise XbenchError(
            f"{path}: none of the genes of {where}, such as {str(names[0])[:40]!r}, is in it; give "
            "the annotation of the data's species"
        )
    if not known.all():
        warnings.warn(
            f"{path}: {int((~known).sum()):,} of {len(names):,} genes of {where}, such as "
            f"{str(names[np.flatnonzero(~known)[0]])[:40]!r}, are not in it and have no place",
            XbenchWarning,
            stacklevel=2,
        )
    found = ordered.iloc[np.where(known, rows, 0)][["chrom", "start", "end", "strand"]]
    places = found.set_axis(names, axis="index").copy()
    places.loc[~known, ["chrom", "strand"]] = ""
    places.loc[~known, ["start", "end"]] = -1
    return places
