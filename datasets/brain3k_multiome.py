"""Human cerebellum, peaks and expression in the same nucleus: small, for labels of your own."""

from xbench.data.download.downloaded_source import DownloadedSource
from xbench.data.download.transmission import RemoteFile


class Brain3kMultiome(DownloadedSource):
    """3,233 nuclei of healthy human cerebellum, 134,030 peaks; without cell types (--labels)."""

    name = "brain3k-multiome"
    citation = (
        "10x Genomics. Flash-Frozen Human Healthy Brain Tissue (3k). Single Cell Multiome ATAC + "
        "Gene Expression dataset by Cell Ranger ARC 2.0.0 (2021)."
    )
    licence = "CC BY 4.0 (10x Genomics)"
    page = (
        "https://www.10xgenomics.com/datasets/"
        "frozen-human-healthy-brain-tissue-3-k-1-standard-2-0-0"
    )
    matrix = RemoteFile(
        name="human_brain_3k_filtered_feature_bc_matrix.h5",
        url=(
            "https://cf.10xgenomics.com/samples/cell-arc/2.0.0/human_brain_3k/"
            "human_brain_3k_filtered_feature_bc_matrix.h5"
        ),
        size=68_830_100,
        checksum="md5:ba0b765eddb138d6d6294227879b9a9b",
    )
