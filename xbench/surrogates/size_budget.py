"""Building a model of the sizes that a file says, without more memory than its weights call for.

A description that was damaged, or made up, may say sizes of which a model would fill the machine
before anything tells that the weights beside it are small. What is made while the model is built is
therefore counted, and building stops where that is far more than the weights hold.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

# What a model may make besides its weights: positions, masks, first values.
_TIMES, _BESIDES_BYTES = 4, 16 << 20
_TENSORS_EACH, _BESIDES_TENSORS = 20, 200
# These fill what they make; all others that make something new leave that to what comes after.
_FILLING = {torch.rand, torch.randn, torch.ones, torch.full, torch.zeros}
_BYTES_EACH = 4


class OversizeError(ValueError):
    """What is built is larger than the weights that it is to be given."""


class SizeBudget(TorchFunctionMode):
    """Within this block, tensors that are made may hold so many bytes altogether.

    Memory that was asked for and not yet written costs nothing: a tensor that is too large is
    dropped before it is filled, or not made at all by what would fill it at once.

    Parameters
    ----------
    weights
        What the model is to be given.

    Raises
    ------
    OversizeError
        Within the block, by what makes too much: beyond four times the weights and 16 MB, or
        beyond twenty tensors for each of theirs and 200.

    Attributes
    ----------
    made
        Bytes of all tensors that were made so far.

    Examples
    --------
    >>> with SizeBudget({"weight": torch.zeros(3, 2)}):
    ...     torch.nn.Linear(2, 100_000_000)
    Traceback (most recent call last):
    xbench.surrogates.size_budget.OversizeError: a model of these sizes holds more than \
800 MB, the weights hold 24 bytes
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self._weights = sum(tensor.nbytes for tensor in weights.values())
        self._most_tensors = _TENSORS_EACH * len(weights) + _BESIDES_TENSORS
        self.made = 0
        self._seen: set[int] = set()

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        arguments: tuple[Any, ...] = (),
        options: dict[str, Any] | None = None,
    ) -> Any:
        options = options or {}
        if function in _FILLING:
            self._check(self.made + _BYTES_EACH * _elements(arguments, options))
        result = function(*arguments, **options)
        if isinstance(result, Tensor):
            self._count(result)
        return result

    def _count(self, tensor: Tensor) -> None:
        with torch._C.DisableTorchFunction():
            memory = tensor.untyped_storage()
            place, size = memory.data_ptr(), memory.nbytes()
        if place in self._seen:
            # A part of a tensor, or one that was filled.
            return
        self._seen.add(place)
        self.made += size
        self._check(self.made)
        if len(self._seen) > self._most_tensors:
            raise OversizeError(
                f"a model of these sizes holds more than {self._most_tensors:,} tensors, the "
                "weights hold far fewer"
            )

    def _check(self, size: int) -> None:
        if size > _TIMES * self._weights + _BESIDES_BYTES:
            raise OversizeError(
                f"a model of these sizes holds more than {size // 1_000_000:,} MB, the "
                f"weights hold {self._weights:,} bytes"
            )


def _elements(arguments: tuple[Any, ...], options: Mapping[str, Any]) -> int:
    """Return how many elements a function is asked for that is given sizes, or a tuple of them."""
    sizes = options.get("size", arguments)
    if sizes and isinstance(sizes[0], tuple | list):
        sizes = sizes[0]
    return math.prod(size for size in sizes if isinstance(size, int))
