"""Human blood cells, peaks and expression in the same cell: small, and for labels of your own."""

from xbench.data.download.downloaded_source import DownloadedSource
from xbench.data.download.transmission import RemoteFile


class Pbmc3kMultiome(DownloadedSource):
    """About 2,700 human blood cells, granulocytes sorted out; without cell types (--labels)."""

    name = "pbmc3k-multiome"
    citation = (
        "10x Genomics. PBMC from a Healthy Donor - Granulocytes Removed Through Cell Sorting (3k). "
        "Single Cell Multiome ATAC + Gene Expression dataset by Cell Ranger ARC 2.0.0 (2021)."
    )
    licence = "CC BY 4.0 (10x Genomics)"
    page = (
        "https://www.10xgenomics.com/datasets/pbmc-from-a-healthy-donor-granulocytes-removed-"
        "through-cell-sorting-3-k-1-standard-2-0-0"
    )
    matrix = RemoteFile(
        name="pbmc_granulocyte_sorted_3k_filtered_feature_bc_matrix.h5",
        url=(
            "https://cf.10xgenomics.com/samples/cell-arc/2.0.0/pbmc_granulocyte_sorted_3k/"
            "pbmc_granulocyte_sorted_3k_filtered_feature_bc_matrix.h5"
        ),
        size=38_844_318,
        checksum="md5:e326066b51ec8975197c29a7f911a4fd",
    )
