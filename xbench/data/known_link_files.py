"""Files of known links as strangers write them: which layout one has, and reading it.

CRISPR pairs as the ENCODE-rE2G benchmark has them, .bedpe loops, tables of eQTLs (GTEx, eQTL
Catalogue), and BED files of the places that regulate genes.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from xbench.data.bedpe import read_bedpe
from xbench.data.coordinates import base_pairs
from xbench.data.genome import build_name, chromosome_name
from xbench.data.headed_table import read_headed
from xbench.data.known_links import KnownFile, KnownLinks, genome_of_name
from xbench.data.text_table import read_rows, read_text
from xbench.errors import XbenchError

# How columns are spelt, in lower case, the surest first.
_CHROM = ("chrom", "chr", "#chr", "#chrom", "chromosome", "seqnames")
_START = ("chromstart", "start", "pos", "position", "variant_pos", "snp_pos")
_END = ("chromend", "end", "stop")
_GENE = ("measuredgenesymbol", "targetgene", "gene_name", "gene_symbol", "symbol", "gene")
_GENE_ID = (
    *("measuredgeneensemblid", "targetgeneensemblid", "gene_id", "phenotype_id"),
    *("molecular_trait_id", "ensembl_id"),
)
_TYPE = ("celltype", "cell_type", "biosample")
_VARIANT = re.compile(r"(chr)?(?P<chrom>\w+?)[_:](?P<pos>\d+)[_:][ACGT]*[_:][ACGTN*<>]*(_b3[78])?")
_TRUE, _FALSE = {"true", "1", "t", "yes"}, {"false", "0", "f", "no"}
_COMMENTS = ("#", "track", "browser")


@lru_cache(maxsize=8)
def read_known(file: KnownFile) -> KnownLinks:
    """Read a file of known links; the same content is read once in a process.

    Raises
    ------
    XbenchError
        It is of no layout that is read, or a row is wrong.
    """
    return read_links(Path(file.path))


def read_links(path: Path) -> KnownLinks:
    r"""Read a file of known links; what it is, its columns say.

    Parameters
    ----------
    path
        A table with a header that names a column ``Regulated`` (measured pairs) or a gene and a
        variant or place (eQTLs); or, without a header, a .bedpe file (loops), or a BED file whose
        fourth column, or whose own name, is the gene.

    Raises
    ------
    XbenchError
        It is of none of these layouts, or a row is wrong.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "Gad1.mm10.bed"
    ...     _ = file.write_text("chr2\t10\t20\nchr2\t40\t50\n")
    ...     links = read_links(file)
    >>> links.kind, links.genome, links.pairs["gene"].tolist(), links.negatives
    ('places of genes', 'mm10', ['Gad1', 'Gad1'], False)
    """
    text = read_text(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    header = [field.strip().lower() for field in re.split(r"[\t,;]", first.strip().strip('"'))]
    if _column(header, _GENE) is not None or _column(header, _GENE_ID) is not None:
        return _of_table(path)
    rows = list(read_rows(text, "\t", path, _COMMENTS))
    if not rows:
        raise XbenchError(f"{path}: holds no links; give a file with at least one")
    fields = rows[0].fields
    if ".bedpe" in path.name.lower() or (len(fields) >= 6 and _are_numbers(fields, (1, 2, 4, 5))):
        return _of_loops(path)
    if len(fields) >= 3 and _are_numbers(fields, (1, 2)):
        return _of_bed(path, [row.fields for row in rows])
    raise XbenchError(
        f"{path}: is no file of known links; give a table with columns chrom, chromStart, "
        "chromEnd, measuredGeneSymbol and Regulated; eQTLs with a gene and a variant; a .bedpe "
        f"file; or BED with the gene in its fourth column; it begins with: {rows[0].shown}"
    )


def _are_numbers(fields: list[str], at: Iterable[int]) -> bool:
    return all(base_pairs(fields[one]) is not None for one in at)


def _column(header: list[str], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in header), None)


def _of_table(path: Path) -> KnownLinks:
    table = read_headed(path, ("name", "id"), (*_CHROM, *_GENE, *_GENE_ID, "variant_id"))
    table = table.set_axis([str(name).strip().lower() for name in table.columns], axis="columns")
    names = list(table.columns)
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise XbenchError(f"{path}: has two columns {repeated[0]!r}; keep one")
    measured = "regulated" in names or {"significant", "effectsize"} <= set(names)
    remarks: dict[str, int] = {}
    if measured and "validconnection" in names:
        valid = table["validconnection"].str.lower().isin(_TRUE)
        remarks["pairs that are no valid connection are left out"] = int((~valid).sum())
        table = table[valid]
    places, genome = _places(table, names, path)
    # The benchmark has a few of these: an element known by one position alone.
    points = places["end"] == places["start"]
    remarks["places of no length are taken as one base"] = int(points.sum())
    places["end"] += points
    gene, gene_id, cell_type = (_texts(table, names, of) for of in (_GENE, _GENE_ID, _TYPE))
    pairs = places.assign(gene=gene, gene_id=gene_id, regulated=True, cell_type=cell_type)
    if measured:
        pairs["regulated"] = _regulated(table, names, path)
    return KnownLinks(
        name=path.name,
        kind="measured pairs" if measured else "eQTLs",
        pairs=pairs.reset_index(drop=True),
        anchors=None,
        negatives=measured and not bool(pairs["regulated"].all()),
        genome=genome or genome_of_name(path.name),
        starts=_starts(table, names, gene, path),
        remarks=remarks,
    )


def _texts(table: pd.DataFrame, names: list[str], of: tuple[str, ...]) -> np.ndarray:
    column = _column(names, of)
    if column is None:
        return np.full(len(table), "", dtype=object)
    texts = table[column].astype(str).str.strip()
    return texts.mask(texts.str.lower().isin({"na", "nan", "none", "."}), "").to_numpy(dtype=object)


def _places(table: pd.DataFrame, names: list[str], path: Path) -> tuple[pd.DataFrame, str | None]:
    """Return chrom, start and end of each row, and the build that variants name."""
    chrom, start, end = (_column(names, of) for of in (_CHROM, _START, _END))
    if chrom is not None and start is not None:
        chroms = table[chrom].map(lambda one: chromosome_name(str(one)).name)
        starts = _numbers(table, start, path)
        if end is not None:
            return _checked(chroms, starts, _numbers(table, end, path), table, path), None
        # A variant's position counts from 1.
        return _checked(chroms, starts - 1, starts, table, path), None
    if "variant_id" not in names:
        raise XbenchError(
            f"{path}: says nowhere where its places lie; give columns chrom, start and end, or "
            "variant_id such as chr1_64764_C_T_b38"
        )
    matches = [_VARIANT.fullmatch(str(one)) for one in table["variant_id"]]
    for row, match in zip(table["variant_id"], matches, strict=True):
        if match is None:
            raise XbenchError(
                f"{path}: variant_id {str(row)[:80]!r} is not like chr1_64764_C_T_b38; add columns "
                "chrom and pos"
            )
    found = [match for match in matches if match is not None]
    chroms = pd.Series([chromosome_name(one["chrom"]).name for one in found], index=table.index)
    position = pd.Series([int(one["pos"]) for one in found], index=table.index)
    builds = {one[0].rpartition("_b")[2] for one in found if re.search(r"_b3[78]$", one[0])}
    genome = build_name(f"GRCh{builds.pop()}") if len(builds) == 1 else None
    return _checked(chroms, position - 1, position, table, path), genome


def _numbers(table: pd.DataFrame, column: str, path: Path) -> pd.Series:
    numbers = table[column].map(lambda one: base_pairs(str(one)))
    if numbers.isna().any():
        wrong = table[column][numbers.isna()].iloc[0]
        raise XbenchError(f"{path}: column {column!r} holds {str(wrong)[:80]!r}; give base pairs")
    return numbers.astype(np.int64)


def _checked(
    chrom: pd.Series, start: pd.Series, end: pd.Series, table: pd.DataFrame, path: Path
) -> pd.DataFrame:
    wrong = (start < 0) | (end < start)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        shown = f"{chrom.iloc[row]}:{start.iloc[row]}-{end.iloc[row]}"
        raise XbenchError(f"{path}: {shown}: the end lies before the start, which counts from 0")
    return pd.DataFrame({"chrom": chrom, "start": start, "end": end}, index=table.index)


def _regulated(table: pd.DataFrame, names: list[str], path: Path) -> np.ndarray:
    if "regulated" in names:
        return _truths(table["regulated"], "Regulated", path)
    lower = pd.to_numeric(table["effectsize"], errors="coerce").to_numpy() < 0
    return _truths(table["significant"], "Significant", path) & lower


def _truths(column: pd.Series, name: str, path: Path) -> np.ndarray:
    texts = column.astype(str).str.strip().str.lower()
    odd = texts[~texts.isin(_TRUE | _FALSE)]
    if len(odd):
        raise XbenchError(f"{path}: {name} holds {odd.iloc[0][:40]!r}; give TRUE or FALSE")
    return texts.isin(_TRUE).to_numpy(dtype=bool)


def _starts(table: pd.DataFrame, names: list[str], gene: np.ndarray, path: Path) -> pd.DataFrame:
    if not {"chrtss", "starttss"} <= set(names):
        return pd.DataFrame(columns=["gene", "chrom", "start"])
    chroms = table["chrtss"].map(lambda one: chromosome_name(str(one)).name)
    starts = _numbers(table, "starttss", path)
    frame = pd.DataFrame({"gene": gene, "chrom": chroms.to_numpy(), "start": starts.to_numpy()})
    return frame.drop_duplicates("gene").reset_index(drop=True)


def _of_loops(path: Path) -> KnownLinks:
    """Read loops: either anchor of each, linked to what starts in the other one."""
    loops, unknown = read_bedpe(path)
    near = [(one.chrom, *one.ends[:2]) for one in loops]
    far = [(one.other, *one.ends[2:]) for one in loops]
    columns = ["chrom", "start", "end"]
    pairs = pd.DataFrame([*near, *far], columns=columns)
    named = pairs.assign(gene="", gene_id="", regulated=True, cell_type="")
    anchors = pd.DataFrame([*far, *near], columns=columns)
    remarks = {"loops with an end that is not known are left out": unknown}
    return _without_negatives(path, "loops", named, remarks, anchors)


def _of_bed(path: Path, rows: list[list[str]]) -> KnownLinks:
    """Read BED: the gene is the fourth column or, where there is none, the file's name."""
    of_file = path.name.partition(".")[0]
    found = []
    for row in rows:
        if len(row) < 3 or not _are_numbers(row, (1, 2)):
            raise XbenchError(f"{path}: a line is no place ({' '.join(row)[:80]}); give BED")
        start, end = (base_pairs(row[at]) or 0 for at in (1, 2))
        if not 0 <= start < end:
            raise XbenchError(f"{path}: {row[0]}:{start}-{end}: the end must be above the start")
        gene = row[3] if len(row) > 3 and row[3] not in ("", ".") else of_file
        found.append((chromosome_name(row[0]).name, start, end, gene, gene, True, ""))
    columns = ["chrom", "start", "end", "gene", "gene_id", "regulated", "cell_type"]
    return _without_negatives(path, "places of genes", pd.DataFrame(found, columns=columns), {})


def _without_negatives(
    path: Path,
    kind: str,
    pairs: pd.DataFrame,
    remarks: dict[str, int],
    anchors: pd.DataFrame | None = None,
) -> KnownLinks:
    starts = pd.DataFrame(columns=["gene", "chrom", "start"])
    genome = genome_of_name(path.name)
    return KnownLinks(path.name, kind, pairs, anchors, False, genome, starts, remarks)
