"""Real genes at their hg38 coordinates, from the table in `datasets/`."""

import io
from dataclasses import dataclass
from importlib import resources

import numpy as np

from xbench.errors import XbenchError
from xbench.simulation.simulated_cell_types import MARKERS, TRANSCRIPTION_FACTORS


@dataclass(frozen=True, eq=False)
class Genes:
    """Genes, sorted by chromosome and start.

    Parameters
    ----------
    names
        Shape (n,), symbols.
    chrom
        Shape (n,), number of the chromosome from 0 (chr1) to 23 (chrY).
    start, end
        Shape (n,), base pairs, 0-based and half-open. `start` is taken as the TSS of every gene:
        the table has no strand.
    chromosome_lengths
        Shape (24,), base pairs.
    """

    names: np.ndarray
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    chromosome_lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def take(self, rows: np.ndarray) -> "Genes":
        """Return some of the genes."""
        return Genes(
            self.names[rows],
            self.chrom[rows],
            self.start[rows],
            self.end[rows],
            self.chromosome_lengths,
        )


def gene_table() -> Genes:
    """Read the table that `datasets/make_gene_table.py` made.

    Examples
    --------
    >>> len(gene_table()), int(gene_table().chromosome_lengths[0])
    (5000, 248956422)
    """
    content = resources.files("xbench.datasets").joinpath("hg38_genes.npz").read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    names = arrays["names"].tobytes().decode().split("\n")
    start = np.cumsum(arrays["start_steps"], dtype=np.int64)
    return Genes(
        names=np.array(names),
        chrom=np.repeat(np.arange(24), arrays["per_chromosome"]),
        start=start,
        end=start + arrays["lengths"],
        chromosome_lengths=arrays["chromosome_lengths"].astype(np.int64),
    )


def choose_genes(count: int, generator: np.random.Generator) -> Genes:
    """Return `count` genes of the table: the named ones, and others at random.

    Raises
    ------
    XbenchError
        Where the table has fewer.
    """
    table = gene_table()
    if count > len(table):
        raise XbenchError(f"simulation: n_genes is {count} but the table has {len(table)}")
    named = np.isin(table.names, [*MARKERS, *TRANSCRIPTION_FACTORS])
    others = generator.permutation(np.flatnonzero(~named))[: count - named.sum()]
    return table.take(np.sort(np.concatenate([np.flatnonzero(named), others])))
