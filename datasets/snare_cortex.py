"""Adult mouse cortex, peaks and expression in the same nucleus (SNARE-seq)."""

from typing import TYPE_CHECKING

from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.data.source import DatasetSource

if TYPE_CHECKING:
    from xbench.data.dataset import Dataset

# The paper's names of the cell types that the file calls otherwise.
ALIASES = {"VIP": "CGE", "SST": "Sst", "Micro": "MGC"}

# The file numbers the genes' X chromosome, but not the peaks': mouse has 19 autosomes, and its 50
# genes on "chr20" (Plp1, Btk, Tmsb4x, ...) are X-linked.
CHROMOSOME_NAMES = {"chr20": "chrX"}


class SnareCortex(DatasetSource):
    """10,309 nuclei of the adult mouse cortex: 25,734 binary peaks, 1,677 genes, 15 cell types."""

    name = "snare-cortex"
    citation = (
        "Chen S, Lake BB, Zhang K. High-throughput sequencing of the transcriptome and chromatin "
        "accessibility in the same cell. Nature Biotechnology 37, 1452-1457 (2019). GEO GSE126074."
    )
    licence = (
        "GEO GSE126074 states no licence; the processed copy comes from PeterZZQ/scMoMaT (MIT); "
        "gene coordinates from Ensembl"
    )
    file_name = "snare_cortex.h5mu"
    genome = "mm10"
    how_to_get = (
        "get GEO GSE126074 (AdBrainCortex) and write it as MuData: modality atac (binary peaks; "
        "var chrom, start, end in mm10), modality rna (raw counts), obs column cell_type"
    )

    def load(self, reading: ReadOptions = AS_IT_IS) -> "Dataset":
        """Read the file from the data folder, or from where the reading says."""
        # Imported here, so that listing datasets does not import anndata.
        from xbench.data.multiome import read_multiome

        return read_multiome(
            self.find(reading.path),
            name=self.name,
            reading=reading,
            genome=self.genome,
            cell_type_aliases=ALIASES,
            chromosome_names=CHROMOSOME_NAMES,
            citation=self.citation,
            licence=self.licence,
        )
