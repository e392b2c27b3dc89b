"""The surrogate as captum and other packages want it: dense inputs, one number out, counted.

Whatever way it is asked is charged: by batches, by copies of it, under the transforms of
`torch.func`, in forward or in reverse mode. What would be evaluated later without being asked here
(a traced or compiled copy, one in another process) is refused.
"""

import copy
from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn
from torch._C import _functorch  # No public name tells whether a tensor stands for several.
from torch.utils._python_dispatch import _get_current_dispatch_mode

from xbench.data.dataset import Target
from xbench.mask.objective import explained, wanted_outputs
from xbench.mask.population import EvaluationCounts
from xbench.surrogates.surrogate import Surrogate

_NOT_RECORDED = (
    "the model cannot be traced, scripted or compiled: evaluations of the copy could not be "
    "charged; call problem.model itself"
)


class ExplainedModel(nn.Module):
    """Dense inputs, shape (n, d), to the number explained, shape (n, 1).

    Every pass through it is charged, gradients too, so a method that brings its own library is
    counted like one that asks the mask operator. A copy is charged to the same counts.

    Parameters
    ----------
    model
        A `Surrogate` (its additive layer and only the wanted outputs are computed) or any module.
    target
        Which output is explained.
    counts
        Charged with every evaluation.

    Raises
    ------
    RuntimeError
        Where it is asked in a way that cannot be charged: traced, compiled, or sent elsewhere.
    """

    def __init__(self, model: nn.Module, target: Target, counts: EvaluationCounts) -> None:
        super().__init__()
        if isinstance(model, Surrogate):
            model = model.for_outputs(wanted_outputs(target))
        self.model, self.counts = _charging(model, counts), counts
        self._wanted = torch.tensor(wanted_outputs(target))
        self._layer = model.additive_layer() if isinstance(model, Surrogate) else None

    def forward(self, x: Tensor) -> Tensor:
        """Evaluate, and charge the cells of `x`."""
        wanted = self._wanted.to(x.device)
        if self._layer is not None and isinstance(self.model, Surrogate):
            _charge_cells(self.counts, x)
            number = explained(self.model.tail(self._layer.sums(x), wanted))[:, None]
            return _charging_gradients(number, self.counts)
        # Any other module charges by itself, see `_charging`.
        return explained(self.model(x)[:, wanted])[:, None]

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse to be sent to another process; a copy in this one is made by `__deepcopy__`."""
        return self.counts.__reduce_ex__(protocol)

    def __copy__(self) -> "ExplainedModel":
        """Return a model with the same parts, charged to the same counts."""
        return self._like(self.__dict__)

    def __deepcopy__(self, memo: dict[int, Any]) -> "ExplainedModel":
        """Return a model with parts of its own, charged to the same counts."""
        return self._like(copy.deepcopy(self.__dict__, memo))

    def _like(self, parts: dict[str, Any]) -> "ExplainedModel":
        other = type(self).__new__(type(self))
        other.__dict__.update(parts)
        return other


def _charging(model: nn.Module, counts: EvaluationCounts) -> nn.Module:
    """Return the model, with the same weights, charging whoever calls it directly."""
    charging = copy.copy(model)
    # A shallow copy shares the hooks, and the mask operator asks the model too.
    for hooks in ("_forward_pre_hooks", "_forward_hooks"):
        setattr(charging, hooks, OrderedDict(getattr(model, hooks)))
    charging.register_forward_pre_hook(_Charge(counts))
    charging.register_forward_hook(_ChargeGradients(counts))
    return charging


class _Hook:
    """Charges an evaluation of a module, before it or after it."""

    def __init__(self, counts: EvaluationCounts) -> None:
        self.counts = counts

    @property
    def __name__(self) -> str:
        # What torch.jit.script asks for before it would copy the model without its hooks.
        raise RuntimeError(_NOT_RECORDED)


class _Charge(_Hook):
    """A hook before a call of the model: charges its cells."""

    def __call__(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        _charge_cells(self.counts, inputs[0])


class _ChargeGradients(_Hook):
    """A hook after it: charges gradients of what came out."""

    def __call__(self, module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        return _charging_gradients(output, self.counts)


def _charge_cells(counts: EvaluationCounts, x: Tensor) -> None:
    """Charge the cells of dense inputs, under a transform all that they stand for."""
    _refuse_later_evaluations(x)
    cells = _size(x) // x.shape[-1]
    counts.add(forward=cells, computed=cells)


def _charging_gradients(outputs: Tensor, counts: EvaluationCounts) -> Tensor:
    result: Tensor = _Charged.apply(outputs, counts)
    return result


def _refuse_later_evaluations(x: Tensor) -> None:
    """Refuse to be recorded: the recording would be evaluated where nobody counts."""
    recorded = (
        not isinstance(x, Tensor)
        or torch.jit.is_tracing()
        or torch.compiler.is_compiling()
        or _get_current_dispatch_mode() is not None
        or (torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing())
    )
    if recorded:
        raise RuntimeError(_NOT_RECORDED)


def _size(tensor: Tensor) -> int:
    """Number of values, counting all that a tensor under `torch.func.vmap` stands for."""
    while _functorch.is_functorch_wrapped_tensor(tensor):
        tensor = _functorch.get_unwrapped(tensor)
    if _functorch.is_legacy_batchedtensor(tensor):
        raise RuntimeError(
            "gradients asked for with is_grads_batched cannot be charged; use torch.func.vmap"
        )
    return tensor.numel()


class _Charged(torch.autograd.Function):
    """Hands outputs on; derivatives, in either mode and of any order, are charged by the cell."""

    generate_vmap_rule = True

    @staticmethod
    def forward(outputs: Tensor, counts: EvaluationCounts) -> Tensor:
        return outputs.view_as(outputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.counts = inputs[1]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        ctx.counts.add(gradient=_size(gradient) // gradient.shape[-1])
        return _charging_gradients(gradient, ctx.counts), None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, _: None) -> Tensor:
        ctx.counts.add(gradient=_size(tangent) // tangent.shape[-1])
        return tangent.view_as(tangent)
