"""The one interface of a surrogate: an additive first layer, then a tail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from torch import Tensor, nn

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.surrogates.layers import AdditiveLayer


@dataclass(frozen=True)
class Recipe:
    """How a surrogate is trained.

    Parameters
    ----------
    settings
        The defaults, a frozen dataclass.
    train
        ``train(dataset, settings, *, seed, train_rows, progress)`` gives the surrogate and a
        history of each stage.
    classifies
        Whether it is for data whose outputs are classes.
    fitted
        Whether there is a fit to measure on test cells.
    version
        Raised where the same settings train another surrogate than before: what an earlier xbench
        left in the cache is then not taken for it.
    """

    settings: Any
    train: Callable[..., Any]
    classifies: bool
    fitted: bool = True
    version: int = 1


class Surrogate(nn.Module):
    """A frozen differentiable model F, split into an additive first layer and its tail.

    Subclasses give `additive_layer` and `tail`; ``F(x) = tail(additive_layer().sums(x))``.
    A model without an additive layer needs no subclass: any `nn.Module` that maps (n, d) to
    (n, outputs) is explained by the dense operator.
    """

    name: ClassVar[str]

    def inputs_of(self, dataset: Dataset, rows: np.ndarray) -> sp.csr_matrix | np.ndarray:
        """Return what some cells of a dataset look like to this model: its population.

        These are the dataset's inputs; only the oracle of a simulation looks deeper.

        Parameters
        ----------
        dataset
            The data explained.
        rows
            The cells.

        Returns
        -------
        CSR matrix, or array for images, shape (rows, d).
        """
        return dataset.X[rows]

    def additive_layer(self) -> AdditiveLayer:
        """Return the first layer, detached from training."""
        raise NotImplementedError(f"{type(self).__name__} must define additive_layer()")

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Compute the outputs from hidden sums.

        Parameters
        ----------
        sums
            Shape (n, n_blocks, hidden).
        outputs
            Indices of the wanted outputs; all where None.

        Returns
        -------
        Tensor
            Shape (n, wanted outputs).
        """
        raise NotImplementedError(f"{type(self).__name__} must define tail()")

    @property
    def splits_by_block(self) -> bool:
        """Whether the tail begins with something each block does alone, see `parts`."""
        return False

    def parts(self, sums: Tensor, blocks: Tensor | None = None) -> Tensor:
        """Compute what each block hands on: ``tail(sums) = head(parts(sums).sum(1))``.

        A changed feature changes one block, so only that block's part is computed again.

        Parameters
        ----------
        sums
            Shape (n, k, hidden).
        blocks
            The block that each of the k belongs to, shape (k,); every block once where None.

        Returns
        -------
        Tensor
            Shape (n, k, part).
        """
        raise NotImplementedError(f"{type(self).__name__} does not split by block")

    def head(self, total: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Compute the wanted outputs from the summed parts, shape (n, part)."""
        raise NotImplementedError(f"{type(self).__name__} does not split by block")

    def head_in_order(self, total: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Compute the same for rows each of which is near the one before it, as a rule.

        A surrogate may be quicker at these; the numbers are those of `head`, up to rounding, and
        have no gradient.
        """
        return self.head(total, outputs)

    def make_ready(self) -> None:
        """Import and compile what its quick ways need: once, for all processes forked later."""

    def for_outputs(self, outputs: Sequence[int]) -> "Surrogate":
        """Return a model that is the same for these outputs, and may be unable to give others.

        A first layer that is shared by all outputs has nothing to leave out.
        """
        return self

    def of_sparse(self, x: sp.csr_matrix) -> Tensor:
        """Compute all outputs of sparse inputs, shape (n, outputs).

        Parameters
        ----------
        x
            Shape (n, n_features), float32, sorted indices.
        """
        return self.tail(self.additive_layer().sparse_sums(x))

    @classmethod
    def recipe(cls) -> Recipe:
        """Return how it is trained: by this `xbench train` finds it, with no list of names."""
        raise NotImplementedError(f"{cls.__name__} must define recipe()")

    def configuration(self) -> dict[str, object]:
        """Return what is needed to build the same architecture again (JSON values)."""
        raise NotImplementedError(f"{type(self).__name__} must define configuration()")

    def frozen(self) -> "Surrogate":
        """Return the model to be explained: evaluation mode, no parameter asking for a gradient."""
        self.eval()
        for parameter in self.parameters():
            parameter.requires_grad_(False)
        return self


def number_of_outputs(model: Surrogate) -> int:
    """Return how many outputs a surrogate has: genes, classes or numbers.

    Raises
    ------
    XbenchError
        Where its configuration does not say.
    """
    sizes = model.configuration()
    count = sizes.get("n_outputs", sizes.get("n_classes"))
    if not isinstance(count, int):
        raise XbenchError(
            f"surrogate {model.name}: its configuration() does not say how many outputs it has; "
            "add n_outputs"
        )
    return count
