"""The paper's own data: human prefrontal cortex of PsychENCODE, behind controlled access."""

from pathlib import Path
from typing import TYPE_CHECKING

from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.data.source import DatasetSource
from xbench.errors import XbenchError
from xbench.utils.files import data_folder

if TYPE_CHECKING:
    from xbench.data.dataset import Dataset

# A folder of the reference's files, or one MuData file.
FOLDER_NAME = "pfc_multiome"


class PfcMultiome(DatasetSource):
    """The paper's 10,266 cells of human prefrontal cortex, 127,219 peaks: controlled access."""

    name = "pfc-multiome"
    citation = (
        "Emani PS, Liu JJ, Clarke D, et al. Single-cell genomics and regulatory networks for 388 "
        "human brains. Science 384, eadi5199 (2024); Akbarian S, Liu C, Knowles JA, et al. The "
        "PsychENCODE project. Nature Neuroscience 18, 1707-1712 (2015)."
    )
    licence = "controlled access: the terms of the data use agreement with NIMH"
    file_name = f"{FOLDER_NAME}.h5mu"
    genome = "hg38"
    how_to_get = (
        "its data are behind controlled access: register at synapse.org, get a data access token "
        "on the PsychENCODE Knowledge Portal (psychencode.synapse.org), and send it with an access "
        "request to the NIMH Repository and Genomics Resource "
        "(nimhgenetics.org/resources/psychencode); without access use simulated-multiome, "
        "snare-cortex or dlpfc-multiome"
    )

    def find(self, path: Path | None = None) -> Path:
        """Return `path`, or the folder or file in the data folder.

        Raises
        ------
        XbenchError
            There is none; the error says how to apply for access, and what to use without.
        """
        if path is not None:
            if path.exists():
                return path
            raise XbenchError(f"{self.name}: no {path}; {self.how_to_get}")
        folder, file = data_folder() / FOLDER_NAME, data_folder() / self.file_name
        try:
            for place in (folder, file):
                if place.exists():
                    return place
        except PermissionError as error:
            raise XbenchError(f"{self.name}: {folder} may not be looked at; allow it") from error
        raise XbenchError(
            f"{self.name}: neither {folder} (a folder of the reference layout, see "
            f"docs/reference/datasets.md) nor {file}; {self.how_to_get}"
        )

    def load(self, reading: ReadOptions = AS_IT_IS) -> "Dataset":
        """Read a folder of the reference layout, or any file of peaks and expression."""
        # Imported here, so that listing datasets does not import anndata.
        from xbench.data.multiome import read_multiome

        return read_multiome(
            self.find(reading.path),
            name=self.name,
            reading=reading,
            genome=self.genome,
            citation=self.citation,
            licence=self.licence,
        )
