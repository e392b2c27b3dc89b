"""What is known of which places regulate a gene, from outside: measured pairs, loops, eQTLs.

A `KnownLinks` is a table of places and the genes they were tested for. Some sources say which
places do *not* regulate a gene (CRISPR screens, a simulation), others only name links (loops,
eQTLs, lists): only the former have a precision.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from xbench.data.coordinates import misplaced
from xbench.data.features import Features, Interval
from xbench.data.genome import build_name, is_known_build
from xbench.errors import XbenchError
from xbench.utils.text import plain

# In the place of a file: the truth of simulated data.
TRUTH = "truth"
# How far a gene's start in a file may be from that in the data: isoforms differ, builds too, more.
_SAME_START = 1_000_000
_COLUMNS = ("chrom", "start", "end", "gene", "gene_id", "regulated", "cell_type")


class KnownFile(NamedTuple):
    """A file of known links, and the digest of its content.

    Parameters
    ----------
    path
        Absolute; or `TRUTH`, the truth of simulated data.
    digest
        16 hexadecimal digits.
    """

    path: str
    digest: str

    @classmethod
    def of(cls, path: str) -> "KnownFile":
        """Look at a file's content.

        Raises
        ------
        XbenchError
            It is not there or cannot be read.

        Examples
        --------
        >>> KnownFile.of("truth")
        KnownFile(path='truth', digest='truth')
        """
        if path == TRUTH:
            return cls(TRUTH, TRUTH)
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise XbenchError(
                f"--known {path}: cannot be read ({error.strerror}); give a file of links, or "
                f"'{TRUTH}' for that of simulated data"
            ) from error
        # The name counts: it may say the gene and the build.
        named = Path(path).name.encode() + b"\0" + content
        return cls(str(Path(path).absolute()), hashlib.sha256(named).hexdigest()[:16])


@dataclass(frozen=True, eq=False)
class KnownLinks:
    """Places and the genes they are, or are not, linked to.

    Parameters
    ----------
    name, kind
        The file, and what it holds, in words.
    pairs
        One row a place and gene: chrom, start, end (base pairs, 0-based, half-open), gene, gene_id
        ("" where not said), regulated (bool), cell_type ("" where not said).
    anchors
        For loops, the other end of each row: chrom, start, end; what it overlaps is linked. None
        where genes are named.
    negatives
        Whether rows say too what does not regulate a gene.
    genome
        The build that the file names; None where it names none.
    starts
        Where the file has genes start: chrom and start by gene; empty where it does not say.
    remarks
        What was made of odd rows, in words, with their number.
    """

    name: str
    kind: str
    pairs: pd.DataFrame
    anchors: pd.DataFrame | None
    negatives: bool
    genome: str | None
    starts: pd.DataFrame
    remarks: dict[str, int]

    def of_gene(
        self, names: Collection[str], gene: Interval | None, cell_types: Collection[str]
    ) -> pd.DataFrame:
        """Return the rows about one gene in one cell type.

        Parameters
        ----------
        names
            What the gene is called: symbols in any letter case, ids without their version.
        gene
            Where it lies: what loops are joined by.
        cell_types
            What the cell type is called. Rows of other types say nothing about it; rows that name
            none are about all.
        """
        if self.anchors is not None:
            if gene is None:
                return self.pairs[:0]
            chosen = np.zeros(len(self.pairs), dtype=bool)
            for start in gene.starts:
                at = self.anchors["chrom"].eq(start.chrom).to_numpy()
                at &= self.anchors["start"].lt(start.end).to_numpy()
                chosen |= at & self.anchors["end"].gt(start.start).to_numpy()
            return self.pairs[chosen]
        called = {bare_name(name) for name in names} - {""}
        symbols, ids = (self.pairs[of].map(bare_name) for of in ("gene", "gene_id"))
        found = self.pairs[symbols.isin(called) | ids.isin(called)]
        types = {name.casefold() for name in cell_types} | {""}
        return found[found["cell_type"].str.casefold().isin(types)]

    @property
    def cell_types(self) -> list[str]:
        """The cell types that the file names."""
        return sorted(set(self.pairs["cell_type"]) - {""})

    def require_build(self, genome: str | None, genes: Features, where: str) -> None:
        """Refuse links of another build than the data's, as far as can be told.

        Told by the build that the file's name says, by places past the ends of chromosomes, and by
        where genes start.

        Raises
        ------
        XbenchError
            Saying what differs.
        """
        if genome is not None and self.genome and build_name(genome) != self.genome:
            raise XbenchError(
                f"{self.name}: is of {self.genome}, but {where} is of {genome}; lift it over, or "
                "give links of that build"
            )
        if genome is not None and (wrong := misplaced(self.pairs, genome)).any():
            chrom, start, end = self.pairs[wrong].iloc[0][["chrom", "start", "end"]]
            raise XbenchError(
                f"{self.name}: {chrom}:{start:,}-{end:,} is not in {genome}, the build of {where}; "
                "give links of that build"
            )
        far, common = self._starts_elsewhere(genes)
        if common and 2 * far > common:
            raise XbenchError(
                f"{self.name}: {far} of {common} genes start elsewhere than in {where}; its "
                "coordinates must be of another build or species; give links of the data's"
            )

    def _starts_elsewhere(self, genes: Features) -> tuple[int, int]:
        """Return how many genes lie far from where the data have them, of how many in both."""
        if not genes.has_coordinates or self.starts.empty:
            return 0, 0
        places = {bare_name(str(name)): number for number, name in enumerate(genes.names)}
        far = common = 0
        for gene, chrom, start in self.starts[["gene", "chrom", "start"]].itertuples(index=False):
            number = places.get(bare_name(gene))
            place = None if number is None else genes.interval(number)
            if place is None:
                continue
            common += 1
            near = place.start - _SAME_START <= start <= place.end + _SAME_START
            far += place.chrom != chrom or not near
        return far, common

    @property
    def summary(self) -> str:
        """What the file holds, in one line."""
        linked = int(self.pairs["regulated"].sum())
        rows = len(self.pairs) if self.anchors is None else len(self.pairs) // 2
        text = f"{self.name}: {self.kind}, {rows:,} pairs"
        if self.negatives:
            text += f", {linked:,} of them regulated"
        else:
            text += ", no tested place that is not linked: no precision, no AUPRC"
        more = [f"{count:,} {what}" for what, count in self.remarks.items() if count]
        return "; ".join([text, *more])


def bare_name(name: str) -> str:
    """Return a gene's name as it is compared: in lower case, an Ensembl id without its version.

    Examples
    --------
    >>> bare_name("ENSG00000108179.12"), bare_name("Gad1")
    ('ensg00000108179', 'gad1')
    """
    return re.sub(r"^(ens[a-z]*\d{6,})\.\d+$", r"\1", name.strip().casefold())


def genome_of_name(file_name: str) -> str | None:
    """Return the build that a file's name says, as UCSC calls it.

    Examples
    --------
    >>> genome_of_name("EPCrisprBenchmark_training_K562.GRCh38.tsv.gz"), genome_of_name("a.bed")
    ('hg38', None)
    """
    found = [part for part in re.split(r"[._\s-]+", file_name) if is_known_build(part)]
    builds = {build_name(part) for part in found}
    return builds.pop() if len(builds) == 1 else None


@dataclass(frozen=True, eq=False)
class KnownPairs:
    """What is known of one gene, by feature.

    Parameters
    ----------
    n_pairs
        Pairs of the gene that the files hold, whether or not a feature lies there.
    linked
        Which features overlap a place that is linked to it, shape (d,).
    tested
        Which overlap a place that was tested at all, linked ones included, shape (d,); None where
        no file says what is not linked.
    """

    n_pairs: int
    linked: np.ndarray
    tested: np.ndarray | None


def pairs_of(
    links: Sequence[KnownLinks],
    features: Features,
    names: Collection[str],
    gene: Interval | None,
    cell_types: Collection[str],
) -> KnownPairs:
    """Join links to features by overlap of at least one base.

    A feature that overlaps both a linked and an unlinked place counts as linked.

    Parameters
    ----------
    links
        Of all files; what one of them links is linked.
    features
        With coordinates.
    names, gene, cell_types
        Of the target, see `KnownLinks.of_gene`.

    Examples
    --------
    >>> peaks = Features(["a", "b", "c"], ["chr1"] * 3, [100, 300, 500], [200, 400, 600])
    >>> rows = [["chr1", 150, 160, "G", "", True, ""], ["chr1", 390, 510, "G", "", False, ""]]
    >>> pairs = pd.DataFrame(rows, columns=_COLUMNS)
    >>> known = KnownLinks("f", "pairs", pairs, None, True, None, pd.DataFrame(), {})
    >>> found = pairs_of([known], peaks, ["g"], None, [])
    >>> found.linked.tolist(), found.tested.tolist(), found.n_pairs
    ([True, False, False], [True, True, True], 2)
    """
    n_pairs = 0
    linked = np.zeros(len(features), dtype=bool)
    tested = np.zeros(len(features), dtype=bool)
    for one in links:
        rows = one.of_gene(names, gene, cell_types)
        n_pairs += len(rows)
        linked[overlapping(features, rows[rows["regulated"]])] = True
        if one.negatives:
            tested[overlapping(features, rows)] = True
    return KnownPairs(n_pairs, linked, tested if any(one.negatives for one in links) else None)


def overlapping(features: Features, places: pd.DataFrame) -> np.ndarray:
    """Return which features overlap one of some places by a base or more, ascending."""
    if not len(places) or features.chrom is None:
        return np.zeros(0, dtype=np.int64)
    # Imported here, since it imports matplotlib, which most commands do without.
    import bioframe

    # Only chromosomes that matter: a gene's places lie on one or two.
    here = np.flatnonzero(np.isin(features.chrom, places["chrom"].unique()))
    near = features.take(here)
    frame = pd.DataFrame({"chrom": near.chrom, "start": near.start, "end": near.end})
    found = bioframe.overlap(
        frame,
        places[["chrom", "start", "end"]].reset_index(drop=True),
        how="inner",
        return_index=True,
        return_input=False,
    )
    return np.unique(here[found["index"].to_numpy(dtype=np.int64)])


def require_cell_types(
    links: Sequence[KnownLinks], cell_types: Collection[str], where: str
) -> str | None:
    """Return what to say where a file is of other cell types than those explained, or None.

    Examples
    --------
    >>> require_cell_types([], ["Oligo"], "data") is None
    True
    """
    asked = {name.casefold() for name in cell_types}
    for one in links:
        others = one.cell_types
        if others and not asked & {name.casefold() for name in others}:
            shown = ", ".join(plain(name, 40) for name in others[:5])
            return (
                f"{one.name}: is about {shown}, none of which is explained in {where} "
                f"({', '.join(sorted(cell_types))}): nothing is compared; call the types alike, or "
                "take the column of cell types out of the file"
            )
    return None
