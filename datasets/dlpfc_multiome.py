"""Adult human prefrontal cortex, peaks and expression in the same nucleus: open access."""

from xbench.data.download.downloaded_source import DownloadedSource
from xbench.data.download.transmission import RemoteFile

_FOLDER = "https://ftp.ncbi.nlm.nih.gov/geo/series/GSE214nnn/GSE214979/suppl"


class DlpfcMultiome(DownloadedSource):
    """105,332 nuclei of adult human prefrontal cortex of 15 donors, 7 with Alzheimer's; 8 types."""

    name = "dlpfc-multiome"
    citation = (
        "Anderson AG, Rogers BB, Loupe JM, et al. Single nucleus multiomics identifies ZEB1 and "
        "MAFB as candidate regulators of Alzheimer's disease-specific cis-regulatory elements. "
        "Cell Genomics 3, 100263 (2023). GEO GSE214979."
    )
    licence = "GEO GSE214979 is open access and states no licence"
    page = "https://www.ncbi.nlm.nih.gov/geo/query/acc.cgi?acc=GSE214979"
    matrix = RemoteFile(
        name="GSE214979_filtered_feature_bc_matrix.h5",
        url=f"{_FOLDER}/GSE214979_filtered_feature_bc_matrix.h5",
        size=1_369_492_123,
        checksum="sha256:8f4315b59c252c8e907dbc7cd9a46b3acfe4878b7fff7e65309027d281581bb2",
    )
    labels_file = RemoteFile(
        name="GSE214979_cell_metadata.csv.gz",
        url=f"{_FOLDER}/GSE214979_cell_metadata.csv.gz",
        size=8_820_297,
        checksum="sha256:8ce4e0c78747cfa6fb2a556468893df0d378e3f53085e52955f3ecdcc944394b",
    )
    # Column and labels as others who read the file report them; we have not seen it ourselves.
    # Its "Inhibitory" is not split into the paper's VIP and SST, so neither has a name here.
    labels_key = "predicted.id"
    cell_type_aliases = {
        "Exc": "Excitatory",
        "OPC": "OPCs",
        "Endo": "Endothelial",
        "Astro": "Astrocytes",
        "Oligo": "Oligodendrocytes",
        "Micro": "Microglia",
    }
