"""Tables and small images that come with scikit-learn: classes and numbers to predict."""

from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from xbench.data.read_options import AS_IT_IS, ReadOptions
from xbench.data.source import DatasetSource, LocalFiles
from xbench.errors import XbenchError
from xbench.utils.progress import SILENT, Progress

if TYPE_CHECKING:
    from pathlib import Path

    from xbench.data.dataset import Dataset

INSTALL = "install scikit-learn: pip install 'xbench-explain[tabular]'"


class _OfScikitLearn(DatasetSource):
    """What the sets share: they come with the package, and nothing is downloaded."""

    origin = "built in"
    how_to_get = INSTALL
    licence = "BSD-3-Clause, as scikit-learn distributes it"
    loader: ClassVar[str]
    # Of the features: to mean 0 and deviation 1, so that masking to 0 is masking to the mean.
    standardised: ClassVar[bool] = True

    def available(self) -> str | None:
        """Return how to get scikit-learn, where it is absent."""
        try:
            _sets()
        except XbenchError as error:
            return f"{self.name}: {error}"
        return None

    def holding(self) -> LocalFiles:
        """Say whether scikit-learn is here."""
        # Looked for, not imported: a list of data must not wait for it.
        return LocalFiles("here" if find_spec("sklearn") else "absent")

    def fetch(self, progress: Progress = SILENT) -> "tuple[Path, ...]":
        """Return no files: the data come with scikit-learn."""
        _sets()
        return ()

    def load(self, reading: ReadOptions = AS_IT_IS) -> "Dataset":
        """Load the set; measures of a table are standardised by all rows."""
        import numpy as np

        from xbench.data.arrays import dataset_of

        self.refuse_options(reading, "comes with scikit-learn as it is")
        bunch = getattr(_sets(), self.loader)()
        x, y = self.arrays(bunch)
        if self.standardised:
            x = (x - x.mean(axis=0)) / x.std(axis=0)
        made = dataset_of(
            np.asarray(x, dtype=np.float32),
            y,
            name=self.name,
            features=self.features(bunch),
            outputs=self.outputs(),
            kind="numbers" if self.outputs() else "classes",
            split_seed=reading.split_seed,
        )
        return replace(made, citation=self.citation, licence=self.licence)

    def arrays(self, bunch: Any) -> tuple[Any, Any]:
        """Return inputs and what is to be predicted."""
        return bunch.data, bunch.target_names[bunch.target]

    def features(self, bunch: Any) -> list[str] | None:
        """Return the names of the features; None for places of an image."""
        return [str(name) for name in bunch.feature_names]

    def outputs(self) -> list[str] | None:
        """Return the names of numbers to predict; None for classes."""
        return None


def _sets() -> Any:
    try:
        # Imported here, so that listing datasets does not import scikit-learn.
        from sklearn import datasets
    except ImportError as error:
        raise XbenchError(f"comes with scikit-learn, which is absent; {INSTALL}") from error
    return datasets


class BreastCancer(_OfScikitLearn):
    """569 tumours, malignant or benign, by 30 measures of their cells' nuclei, standardised."""

    name = "breast-cancer"
    loader = "load_breast_cancer"
    citation = (
        "Street WN, Wolberg WH, Mangasarian OL. Nuclear feature extraction for breast tumor "
        "diagnosis. 1993. UCI Machine Learning Repository"
    )


class Diabetes(_OfScikitLearn):
    """442 patients by 10 measures, standardised; how far their diabetes went in a year."""

    name = "diabetes"
    loader = "load_diabetes"
    citation = "Efron B, Hastie T, Johnstone I, Tibshirani R. Least angle regression. 2004"

    def arrays(self, bunch: Any) -> tuple[Any, Any]:
        """Return measures and progression."""
        return bunch.data, bunch.target

    def outputs(self) -> list[str]:
        """Return the one number that is predicted."""
        return ["progression"]


class Digits(_OfScikitLearn):
    """1,797 handwritten digits of ten classes, 8 x 8 pixels from 0 to 1."""

    name = "digits"
    loader = "load_digits"
    standardised = False
    citation = "Alpaydin E, Kaynak C. Optical recognition of handwritten digits. 1998. UCI"

    def arrays(self, bunch: Any) -> tuple[Any, Any]:
        """Return images and digits."""
        return bunch.images / 16, bunch.target.astype(str)

    def features(self, bunch: Any) -> None:
        """Return None: pixels are named by row and column."""
        return
