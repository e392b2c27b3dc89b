"""How a dataset's files are to be read: one value, handed from the user down to the reader."""

from dataclasses import dataclass, fields
from pathlib import Path

from xbench.errors import XbenchError

# What says where the data are or how cells are split, rather than what is made of the content.
_ALWAYS = ("path", "split_seed")


@dataclass(frozen=True)
class ReadOptions:
    """Where the data are, and what is to be made of them.

    Parameters
    ----------
    path
        A file or folder instead of the one the dataset would look for.
    labels
        A CSV or TSV file with barcodes and cell types, instead of those in the data.
    cell_type_key
        The column with the cell type: of obs, or of the labels file.
    binarize
        Take every ATAC value above 0 as open.
    variable_genes
        Keep this many of the most variable genes, and the paper's markers; None for what the
        dataset asks for, which is all genes of a user's own file.
    minimum_open_share
        Keep peaks open in at least this share of the cells, from 0 to 1; None for what the dataset
        asks for, which is all peaks of a user's own file.
    genome
        The build of the coordinates, or a file with the lengths of its chromosomes
        (`xbench.data.own_genome.genome_of`); None for that which the data name.
    gtf
        A gene annotation that says where genes lie and on which strand; None for what the data say.
    donor_key
        The column with the donor of each cell, of obs or of the labels file: then whole donors are
        held out for validation and test.
    split_seed
        Seed of the split into training, validation and test.

    Raises
    ------
    XbenchError
        No gene is to be kept, or the share does not lie between 0 and 1.

    Examples
    --------
    >>> ReadOptions(binarize=True).options()
    ['--binarize']
    """

    path: Path | None = None
    labels: Path | None = None
    cell_type_key: str = "cell_type"
    binarize: bool = False
    variable_genes: int | None = None
    minimum_open_share: float | None = None
    genome: str | None = None
    gtf: Path | None = None
    donor_key: str | None = None
    split_seed: int = 0

    def __post_init__(self) -> None:
        if self.variable_genes is not None and self.variable_genes < 1:
            raise XbenchError(
                f"--variable-genes {self.variable_genes}: give a whole number from 1 on"
            )
        if self.minimum_open_share is not None and not 0 <= self.minimum_open_share <= 1:
            raise XbenchError(
                f"--minimum-open-share {self.minimum_open_share}: give a share from 0 to 1, "
                "such as 0.01"
            )

    def options(self) -> list[str]:
        """Return the options that ask for something else than the default, as users type them.

        A dataset whose content leaves nothing to choose refuses them; `path` and `split_seed`,
        which every dataset understands, are not among them.

        Examples
        --------
        >>> ReadOptions(labels=Path("types.csv"), cell_type_key="celltype").options()
        ['--labels', '--cell-type-key']
        """
        return [
            f"--{field.name.replace('_', '-')}"
            for field in fields(self)
            if field.name not in _ALWAYS and getattr(self, field.name) != field.default
        ]


# The default of every function that takes a reading: nothing asked for.
AS_IT_IS = ReadOptions()
