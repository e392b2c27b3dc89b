"""A model of one's own: a module, an estimator, a function, an archive, or a command.

Whatever it is, it becomes a `BlackBox`. A `ModelChoice` says where it is found, and can be sent to
workers, which open it for themselves.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Number
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.registry.importing import attribute_of
from xbench.surrogates.archive import load_archive
from xbench.surrogates.black_box import BlackBox, checked
from xbench.surrogates.piped_model import PipedModel

COMMAND = "command:"
# Probabilities nearer to 0 or 1 are taken for these: their logarithm would be infinite.
SMALLEST = 1e-7


@dataclass(frozen=True)
class Parts:
    """How the features of a dataset are given to a model.

    Parameters
    ----------
    shape
        Of one input; features are its numbers in C order. Empty for a flat row.
    inputs
        Where a model takes several: name and shape of each, in the order of the features.
    """

    shape: tuple[int, ...] = ()
    inputs: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @classmethod
    def of(cls, dataset: Dataset) -> "Parts":
        """Return how arrays were flattened into this dataset (`xbench.data.arrays`)."""
        kept = dataset.inputs.uns
        inputs = kept.get("inputs") or {}
        named = tuple((name, tuple(map(int, shape))) for name, shape in inputs.items())
        return cls(tuple(map(int, kept.get("shape", ()))), named)

    def arguments(self, x: Tensor) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
        """Return positional and named arguments for inputs of shape (n, d)."""
        if not self.inputs:
            return ((x.reshape(len(x), *self.shape) if self.shape else x),), {}
        named, start = {}, 0
        for name, shape in self.inputs:
            size = int(np.prod(shape))
            named[name] = x[:, start : start + size].reshape(len(x), *shape)
            start += size
        return (), named


Output = int | str | None


def black_box(
    model: Any,
    parts: Parts = Parts(),
    *,
    output: Output = None,
    labels: Sequence[str] | None = None,
    name: str = "",
) -> BlackBox:
    """Return any model as one that maps (n, d) to (n, outputs).

    Parameters
    ----------
    model
        An `nn.Module`; an estimator with ``predict_proba`` or ``predict``, as scikit-learn and
        XGBoost have them; a `BlackBox`; or a function from a float32 array, shape (n, ...), to
        outputs. Of ``predict_proba`` the logarithm is explained, so that the difference of two
        classes is their log-odds.
    parts
        How features become what the model takes.
    output
        Which part of what a module gives: a position in a tuple, a key or an attribute.
    labels
        Names of the outputs, in the model's order; an estimator's ``classes_`` where None.
    name
        What records call it; that of its class where empty.

    Raises
    ------
    XbenchError
        Where it is nothing that can be asked.

    Examples
    --------
    >>> box = black_box(lambda x: x.sum(axis=1))
    >>> box(torch.ones(2, 3)).tolist(), box.differentiable
    ([[3.0], [3.0]], False)
    """
    if isinstance(model, BlackBox):
        return model
    called = name or _name_of(model)
    if isinstance(model, nn.Module):

        def asked(x: Tensor) -> Tensor:
            # A copy: a module may write into what it is given.
            positional, named = parts.arguments(x.clone())
            return picked(model(*positional, **named), output, called)

        def remade(module: nn.Module) -> BlackBox:
            return black_box(module, parts, output=output, labels=labels, name=called)

        return BlackBox(called, asked, model, labels=labels, remake=remade)
    of_arrays, known = _of_arrays(model, called)
    known = labels if labels is not None else known

    def answered(x: Tensor) -> Tensor:
        positional, named = parts.arguments(x)
        arrays = [one.cpu().numpy() for one in positional]
        given = of_arrays(*arrays, **{key: one.cpu().numpy() for key, one in named.items()})
        return picked(given, output, called).to(x.device)

    return BlackBox(called, answered, differentiable=False, labels=known)


def _name_of(model: Any) -> str:
    if isinstance(model, PipedModel):
        return model.name
    plain = inspect.isfunction(model) and model.__name__ != "<lambda>"
    return str(model.__name__ if plain else type(model).__name__)


def _of_arrays(model: Any, name: str) -> tuple[Callable[..., Any], Sequence[str] | None]:
    """Return a function from arrays to outputs, and the names of the outputs where known."""
    columns = getattr(model, "feature_names_in_", None)

    def as_learned(given: tuple[Any, ...]) -> tuple[Any, ...]:
        """What was fitted on a data frame is asked by one: it may choose columns by name."""
        if columns is None or len(given) != 1 or given[0].ndim != 2:
            return given
        import pandas as pd

        return (pd.DataFrame(given[0], columns=columns),)

    if hasattr(model, "predict_proba"):
        classes = getattr(model, "classes_", None)

        def log_probabilities(*given: np.ndarray, **named: np.ndarray) -> np.ndarray:
            shares = np.asarray(model.predict_proba(*as_learned(given), **named), dtype=np.float64)
            return np.log(np.clip(shares, SMALLEST, 1 - SMALLEST))

        return log_probabilities, None if classes is None else [str(one) for one in classes]
    if hasattr(model, "predict"):
        return lambda *given, **named: model.predict(*as_learned(given), **named), None
    if callable(model):
        return model, None
    raise XbenchError(
        f"model {name}: cannot be asked anything; give a torch module, an estimator with predict "
        "or predict_proba, or a function of an array"
    )


def picked(given: Any, output: Output, name: str) -> Tensor:
    """Return one output of whatever a model gives, one row an input.

    Parameters
    ----------
    given
        A tensor, an array, or a tuple, a dictionary or an object that holds some.
    output
        A position, a key or an attribute; None where there is just one.
    name
        Of the model, for errors.

    Raises
    ------
    XbenchError
        Where there is none such, or several and nothing says which; the error names them.

    Examples
    --------
    >>> picked({"logits": torch.zeros(4, 2), "loss": 0}, "logits", "mine").shape
    torch.Size([4, 2])
    """
    choices: dict[Any, Any] = {}
    if isinstance(given, Mapping):
        choices = dict(given)
    elif _is_rows(given):
        pass
    elif isinstance(given, tuple | list) and not hasattr(given, "_fields"):
        choices = dict(enumerate(given))
    elif not hasattr(given, "shape"):
        fields = getattr(given, "_fields", None) or getattr(given, "__dict__", {})
        choices = {one: getattr(given, one) for one in fields if not one.startswith("_")}
    if choices:
        valid = ", ".join(map(repr, choices))
        if output is None and len(choices) > 1:
            raise XbenchError(f"model {name}: gives several outputs; choose one, output=: {valid}")
        key = next(iter(choices)) if output is None else output
        if key not in choices:
            raise XbenchError(f"model {name}: gives no output {output!r}; choose one of: {valid}")
        given = choices[key]
    elif output is not None:
        raise XbenchError(f"model {name}: gives one output; leave out output={output!r}")
    tensor = given if isinstance(given, Tensor) else _tensor(given, name)
    return tensor.reshape(len(tensor), -1)


def _is_rows(given: Any) -> bool:
    """Whether a list holds a row an input, numbers or lists of numbers, and not an output each."""
    if not isinstance(given, tuple | list) or hasattr(given, "_fields") or not given:
        return False
    of_numbers = (isinstance(one, list | tuple) and all(map(_is_number, one)) for one in given)
    return all(map(_is_number, given)) or all(of_numbers)


def _is_number(one: Any) -> bool:
    return isinstance(one, Number | np.bool_)


def _tensor(given: Any, name: str) -> Tensor:
    array = np.asarray(given)
    if array.dtype.kind not in "biuf" or array.ndim == 0:
        raise XbenchError(
            f"model {name}: gives {type(given).__name__} of {array.dtype}, but numbers are needed, "
            "one row an input; of a classifier explain predict_proba"
        )
    return torch.from_numpy(np.array(array, dtype=np.float32))


def _made_by(make: Callable[[], Any], location: str) -> Any:
    """Return what a user's function makes; what goes wrong in it is the user's to correct."""
    try:
        inspect.signature(make).bind()
    except ValueError:
        pass  # Of some built-in functions no parameters are known.
    except TypeError as error:
        raise XbenchError(
            f"{location}: must be a function without parameters that makes a model, but called so "
            f"it is {error}; to explain this function itself, name one that returns it"
        ) from error
    try:
        return make()
    except XbenchError:
        raise
    except (Exception, SystemExit) as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise XbenchError(f"{location}: makes no model, but fails ({what}); correct it") from error


@dataclass(frozen=True)
class ModelChoice:
    """Where a model of one's own is found; plain enough to be sent to a worker.

    Parameters
    ----------
    location
        ``"FILE.py:NAME"`` or ``"package.module:NAME"``, a model or a function without parameters
        that makes one; a ``.pt2`` file of `torch.export.save`; or ``"command: ..."``, a program
        that is asked over a pipe (`xbench.surrogates.piped_model`). Empty where there is a payload.
    output, labels, name
        See `black_box`.
    payload
        The model itself, as cloudpickle writes it, where it is of this session.
    """

    location: str = ""
    output: Output = None
    labels: tuple[str, ...] | None = None
    name: str = ""
    payload: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, model: Any, **options: Any) -> "ModelChoice":
        """Return a model of this session, or a location, as a choice.

        Raises
        ------
        XbenchError
            Where it cannot be sent to a worker.
        """
        import cloudpickle

        if isinstance(model, ModelChoice):
            return model
        if isinstance(model, str | Path):
            return cls(str(model), **options)
        try:
            payload = cloudpickle.dumps(model)
        except Exception as error:
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise XbenchError(
                f"model {_name_of(model)}: cannot be sent to a worker ({what}); give the place of "
                "a function that makes it: 'FILE.py:make'"
            ) from error
        return cls(payload=payload, **options)

    def absolute(self) -> "ModelChoice":
        """Return the same choice, by paths that do not depend on the current folder."""
        path, colon, attribute = self.location.partition(":")
        if self.payload or self.location.startswith(COMMAND) or not path.endswith((".py", ".pt2")):
            return self
        return replace(self, location=f"{Path(path).absolute()}{colon}{attribute}")

    def made(self) -> Any:
        """Return the model as it is found."""
        if self.payload:
            import cloudpickle

            return cloudpickle.loads(self.payload)
        if self.location.startswith(COMMAND):
            return PipedModel.of_text(self.location.removeprefix(COMMAND))
        if self.location.endswith(".pt2"):
            return load_archive(Path(self.location))
        found = attribute_of(self.location)
        is_model = isinstance(found, nn.Module | BlackBox) or hasattr(found, "predict")
        if is_model and not isinstance(found, type):
            return found
        if not callable(found):
            raise XbenchError(f"{self.location}: is neither a model nor a function that makes one")
        return _made_by(found, self.location)

    def open(self, dataset: Dataset, *, check: bool = True) -> "tuple[BlackBox, str, str]":
        """Return the model, ready to be explained on a dataset, its name and its digest.

        Raises
        ------
        XbenchError
            Where it cannot be found, or cannot be explained (`checked`).
        """
        parts = Parts.of(dataset)
        made = self.made()
        options = {"output": self.output, "labels": self.labels, "name": self.name}
        model = black_box(made, parts, **options).frozen()  # type: ignore[arg-type]
        digest = checked(model, dataset) if check else ""
        return model.in_order_of(dataset), model.name, digest
