"""A model whose inside is not known: how it is asked, what it answers, and that it is one."""

import copy
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.surrogates.surrogate import Surrogate
from xbench.utils.sparse import dense_tensor

# Cells that a model is asked about at once, and twice: by what it says of them it is known.
PROBED = 256
# How far two answers to one question may lie apart, relative and absolute.
TOLERANCE = 1e-5


class NoGradientsError(XbenchError):
    """A method has asked a model for gradients that has none: the run is skipped, not failed."""


class BlackBox(nn.Module):
    """A frozen model that maps inputs, shape (n, d), to outputs, shape (n, outputs).

    The dense mask operator asks it (`xbench.mask.dense`).

    Parameters
    ----------
    name
        What records call it.
    answer
        From float32 inputs, shape (n, d), to outputs: a tensor, shape (n, outputs).
    module
        What holds its weights, if anything does.
    differentiable
        Whether outputs may have gradients; where False, or where what it answers has none after
        all (``detach``, ``torch.no_grad``), a method that asks for one is skipped.
    remake
        Makes the same of a module with other weights.
    labels
        Names of its outputs in its order, where it knows them, such as an estimator's classes.
    """

    def __init__(
        self,
        name: str,
        answer: Callable[[Tensor], Tensor],
        module: nn.Module | None = None,
        *,
        differentiable: bool = True,
        labels: Sequence[str] | None = None,
        remake: "Callable[[nn.Module], BlackBox] | None" = None,
    ) -> None:
        super().__init__()
        self.remake = remake
        self.name, self.answer, self.labels = name, answer, labels
        self.module, self.differentiable = module, differentiable
        self._wanted: list[int] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Outputs, shape (n, outputs), float32."""
        try:
            outputs = self._answered(x)
        except (XbenchError, MemoryError, torch.cuda.OutOfMemoryError):
            raise
        except Exception as error:
            raise _failing(self, x, error) from error
        if not isinstance(outputs, Tensor) or outputs.ndim != 2 or len(outputs) != len(x):
            shape = tuple(getattr(outputs, "shape", ()))
            raise XbenchError(
                f"model {self.name}: {len(x)} inputs gave {type(outputs).__name__} of shape "
                f"{shape}, but one row an input is needed"
            )
        outputs = outputs.to(torch.float32)
        if self._wanted is not None:
            outputs = outputs[:, self._wanted]
        # Integers, a copy made by detach, or no_grad lead to numbers without a way back to x.
        lost = torch.is_grad_enabled() and x.requires_grad and not outputs.requires_grad
        if lost or not self.differentiable:
            # What inference_mode gave stands outside of all gradients; a copy of it does not.
            outputs = outputs.clone() if outputs.is_inference() else outputs
            return _NoGradient.apply(x, outputs, self.name)
        return outputs

    def _answered(self, x: Tensor) -> Any:
        if self.differentiable:
            try:
                return self.answer(x)
            except RuntimeError as error:
                # A module that computes with NumPy is asked as a function of arrays is.
                if not (x.requires_grad and "requires grad" in str(error)):
                    raise
        with torch.no_grad():
            return self.answer(x.detach())

    def inputs_of(self, dataset: Dataset, rows: np.ndarray) -> sp.csr_matrix | np.ndarray:
        """Return what some cells of a dataset look like to this model: the dataset's inputs."""
        return dataset.X[rows]

    def frozen(self) -> "BlackBox":
        """Return the model in evaluation mode, no weight asking for a gradient."""
        self.eval()
        for parameter in self.parameters():
            parameter.requires_grad_(False)
        return self

    def with_module(self, module: nn.Module) -> "BlackBox":
        """Return the model with other weights: what it asks is a module of its own."""
        if self.remake is None:
            raise XbenchError(f"model {self.name}: has no weights of its own")
        other = self.remake(module).frozen()
        other._wanted = self._wanted
        return other

    def in_order_of(self, dataset: Dataset) -> "BlackBox":
        """Return a model with one output for each of the dataset's, in the dataset's order.

        It shares the weights of this one, which stays in its own order: it may be asked about other
        data next.

        Raises
        ------
        XbenchError
            Where it has too few, or none of a class that the data have.
        """
        names = [str(name) for name in dataset.output_features.names]
        ordered = copy.copy(self)
        ordered._wanted = None
        count = outputs_of(ordered, dataset).shape[1]
        labels = [str(label) for label in self.labels or _numbered(names, count)]
        if len(labels) != count:
            raise XbenchError(
                f"model {self.name}: has {count} outputs but {len(labels)} names of outputs"
            )
        twice = [label for label, times in Counter(labels).items() if times > 1]
        if twice:
            raise XbenchError(
                f"model {self.name}: two of its outputs have the name {twice[0]!r}; "
                "name each once: labels=[...]"
            )
        missing = [name for name in names if name not in labels]
        if missing:
            raise XbenchError(
                f"model {self.name}: has {count} outputs ({_some(labels)}), but none for "
                f"{missing[0]!r} of {dataset.name} ({_some(names)}); name its outputs in its own "
                "order: labels=[...]"
            )
        ordered._wanted = [labels.index(name) for name in names]
        return ordered


def _numbered(names: Sequence[str], count: int) -> list[str]:
    """Name the outputs of a model that does not: as many as the data's, in their usual order."""
    if len(names) == count and not all(name.isdigit() for name in names):
        return list(names)
    if all(name.isdigit() for name in names):
        # "10" comes before "2" in the order of texts, but not in that of a model's outputs.
        ordered = sorted(names, key=int)
        return ordered if len(names) == count else [str(number) for number in range(count)]
    return [str(number) for number in range(count)]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")


def outputs_of(
    model: BlackBox | Surrogate, dataset: Dataset, rows: np.ndarray | None = None
) -> np.ndarray:
    """Return what a model says of some cells, by default of `PROBED`, spread over all."""
    chosen = _probed(dataset.n_cells) if rows is None else rows
    with torch.no_grad():
        outputs: np.ndarray = model(dense_tensor(model.inputs_of(dataset, chosen))).cpu().numpy()
    return outputs


def _probed(n_cells: int) -> np.ndarray:
    """Return the cells that a model is asked about, ascending."""
    return np.unique(np.linspace(0, n_cells - 1, min(PROBED, n_cells)).astype(np.int64))


def checked(model: BlackBox, dataset: Dataset) -> str:
    """Refuse a model that cannot be explained; return 64 hex digits of what it answers.

    It is asked about `PROBED` cells, spread over all, as they are and with half of the features put
    to 0, twice. By these answers, and its weights where it has any, it is told from other models.

    Raises
    ------
    XbenchError
        Where it fails, gives NaN or infinite outputs, or answers differently the second time.
    """
    # Spread over all cells: the first ones may be of one kind.
    x = dense_tensor(dataset.X[_probed(dataset.n_cells)])
    halved = x.clone()
    halved[:, ::2] = 0
    digest = hashlib.sha256()
    for inputs in (x, halved):
        first, second = (_asked(model, inputs) for _ in range(2))
        if first.shape != second.shape or not np.allclose(first, second, TOLERANCE, TOLERANCE):
            raise XbenchError(
                f"model {model.name}: answers differently when it is asked the same twice (by up "
                f"to {np.abs(first - second).max():.2g}); switch off what is drawn at random, such "
                "as a dropout that does not heed eval()"
            )
        digest.update(np.ascontiguousarray(first).tobytes())
    for name, tensor in model.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(
            tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
            if tensor.numel()
            else b""
        )
    return digest.hexdigest()


def _failing(model: BlackBox, x: Tensor, error: Exception) -> XbenchError:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return XbenchError(f"model {model.name}: fails on inputs of shape {tuple(x.shape)} ({what})")


def _asked(model: BlackBox, x: Tensor) -> np.ndarray:
    try:
        with torch.no_grad():
            outputs = model(x).cpu().numpy()
    except XbenchError:
        raise
    except Exception as error:
        raise _failing(model, x, error) from error
    if not np.isfinite(outputs).all():
        raise XbenchError(f"model {model.name}: gives NaN or infinite outputs for these data")
    return outputs


@contextmanager
def evaluated(module: nn.Module | None) -> Iterator[None]:
    """Put a module into evaluation mode, without gradients of its weights, and back in the end.

    Parameters
    ----------
    module
        With every module in it in a mode of its own; nothing is done where None.

    Examples
    --------
    >>> layer = nn.Dropout()
    >>> with evaluated(layer):
    ...     layer.training
    False
    >>> layer.training
    True
    """
    modes = [] if module is None else [(one, one.training) for one in module.modules()]
    weights = [] if module is None else [(one, one.requires_grad) for one in module.parameters()]
    try:
        if module is not None:
            module.eval().requires_grad_(False)
        yield
    finally:
        for one, mode in modes:
            one.training = mode
        for weight, asked in weights:
            weight.requires_grad_(asked)


class _NoGradient(torch.autograd.Function):
    """Hands outputs on that depend on the inputs in a way of which no gradient is known."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, outputs: Tensor, name: str) -> Tensor:
        return outputs.view_as(outputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.name = inputs[2]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        raise NoGradientsError(_NONE.format(ctx.name))

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        raise NoGradientsError(_NONE.format(ctx.name))


_NONE = (
    "the method asks for gradients, but model {} gives none; one that asks for none is "
    "leave-one-out, greedy, cross-entropy or random"
)
