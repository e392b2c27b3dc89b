"""A dataset that is a 10x multiome file on the network, with or without labels beside it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from xbench.data.download.fetch import fetch_file, part_of, require_verified
from xbench.data.download.transmission import RemoteFile
from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.data.source import DatasetSource, LocalFiles
from xbench.errors import XbenchError
from xbench.utils.files import data_folder
from xbench.utils.progress import SILENT, Progress
from xbench.utils.text import size_text

if TYPE_CHECKING:
    from xbench.data.dataset import Dataset

# What the registered downloads are read with where nothing else is asked for. The number of genes
# is the paper's; the share is ours: the paper does not say which peaks it kept.
VARIABLE_GENES = 3000
MINIMUM_OPEN_SHARE = 0.01


class DownloadedSource(DatasetSource):
    """A registered download: `matrix` is a ``filtered_feature_bc_matrix.h5`` of Cell Ranger ARC.

    It is looked for in the data folder by its name, and checked before it is read. Where nothing
    else is asked for, 3,000 variable genes (and the markers) and the peaks open in at least 1% of
    the cells are read; counts of fragments above 0 are open peaks.

    Attributes
    ----------
    page
        Where people read about the data.
    matrix
        Peaks and genes.
    labels_file
        The cell types, where the source gives any; else the user does.
    labels_key
        Its column with the cell type.
    genome, cell_type_aliases
        As `xbench.data.multiome.read_multiome` takes them.
    """

    origin = "download"
    page: ClassVar[str]
    matrix: ClassVar[RemoteFile]
    labels_file: ClassVar[RemoteFile | None] = None
    labels_key: ClassVar[str] = "cell_type"
    genome = "hg38"
    cell_type_aliases: ClassVar[Mapping[str, str]] = {}

    @property
    def files(self) -> tuple[RemoteFile, ...]:
        """What is downloaded."""
        return (self.matrix,) if self.labels_file is None else (self.matrix, self.labels_file)

    def holding(self) -> LocalFiles:
        """Look at names and sizes in the data folder; no checksum is computed."""
        places = [data_folder() / file.name for file in self.files]
        size = sum(file.size for file in self.files)
        whole = tuple(path for path in places if _is_file(path))
        parts = [part for part in map(part_of, places) if _is_file(part)]
        received = sum(path.stat().st_size for path in [*whole, *parts])
        if len(whole) == len(places):
            return LocalFiles("here", whole, size, received)
        return LocalFiles("partly" if received else "absent", whole, size, received)

    def available(self) -> str | None:
        """Return None if the files are here, else the command that gets them."""
        return None if self.holding().state == "here" else self._absent()

    def find(self, path: Path | None = None) -> Path:
        """Return the matrix: `path` as it is, or the registered file, checked.

        Raises
        ------
        XbenchError
            It is absent, or not the registered file.
        """
        if path is None:
            return self._registered(self.matrix)
        if not path.exists():
            raise XbenchError(f"{self.name}: no file {path}; leave --data out to use the download")
        return path

    def fetch(self, progress: Progress = SILENT) -> tuple[Path, ...]:
        """Download what is missing and check what is there; the matrix comes first."""
        return tuple(fetch_file(file, data_folder(), progress) for file in self.files)

    def load(self, reading: ReadOptions = AS_IT_IS) -> "Dataset":
        """Read the download, or the matrix that the reading names, with labels."""
        # Imported here, so that listing datasets does not import anndata.
        from xbench.data.multiome import read_multiome

        matrix = self.find(reading.path)
        return read_multiome(
            matrix,
            name=self.name,
            reading=self.asked(reading),
            genome=self.genome,
            cell_type_aliases=self.cell_type_aliases,
            citation=self.citation,
            licence=self.licence,
        )

    def asked(self, reading: ReadOptions) -> ReadOptions:
        """Return the reading with what this dataset asks for where the user asks for nothing.

        Raises
        ------
        XbenchError
            The labels are absent, or have to be given and are not.
        """
        labels, key = reading.labels, reading.cell_type_key
        if labels is None:
            labels = self._labels()
            key = self.labels_key if key == AS_IT_IS.cell_type_key else key
        genes, share = reading.variable_genes, reading.minimum_open_share
        return replace(
            reading,
            labels=labels,
            cell_type_key=key,
            binarize=True,
            variable_genes=VARIABLE_GENES if genes is None else genes,
            minimum_open_share=MINIMUM_OPEN_SHARE if share is None else share,
        )

    def _labels(self) -> Path:
        if self.labels_file is not None:
            return self._registered(self.labels_file)
        raise XbenchError(
            f"{self.name}: its file holds no cell types; give --labels FILE.csv with a line a "
            "cell, columns barcode (such as AAACAGCCAAATATCC-1) and cell_type: cluster the RNA, or "
            "carry labels over from an annotated dataset (Azimuth, CellTypist)"
        )

    def _registered(self, file: RemoteFile) -> Path:
        path = data_folder() / file.name
        if not _is_file(path):
            raise XbenchError(self._absent())
        require_verified(path, file)
        return path

    def _absent(self) -> str:
        missing = sum(file.size for file in self.files) - self.holding().received
        return (
            f"{self.name}: not in {data_folder()} yet; 'xbench data fetch {self.name}' gets it "
            f"({size_text(missing)} to download)"
        )


def _is_file(path: Path) -> bool:
    """Tell whether a file is there; in a folder that may not be looked into there is none."""
    try:
        return path.is_file()
    except PermissionError:
        return False
