"""Whatever way the model is asked, its evaluations are counted or refused."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.autograd.forward_ad as forward_ad
from torch import Tensor, nn
from torch.func import functional_call, grad, jacfwd, jacrev, jvp, vjp, vmap

from xbench.explainers.explainer import Problem
from xbench.mask.explained_model import ExplainedModel
from xbench.testing.toys import make_problem, peaks_problem, random_surrogate

Ask = Callable[[nn.Module, Tensor], Any]
N, D = 10, 24


def _dual(model: nn.Module, x: Tensor) -> None:
    with forward_ad.dual_level():
        model(forward_ad.make_dual(x, torch.ones_like(x)))


# How the model may be asked, and what is charged: cells, gradients.
COUNTED: dict[str, tuple[Ask, int, int]] = {
    "plainly": (lambda m, x: m(x), N, 0),
    "row by row": (lambda m, x: [m(row[None]) for row in x], N, 0),
    "by vmap": (lambda m, x: vmap(lambda row: m(row[None]))(x), N, 0),
    "by nested vmaps": (
        lambda m, x: vmap(vmap(lambda row: m(row[None])))(x.reshape(2, 5, D)),
        N,
        0,
    ),
    "backwards": (lambda m, x: m(x.requires_grad_()).sum().backward(), N, N),
    "by grad": (lambda m, x: grad(lambda row: m(row).sum())(x), N, N),
    "by vmap of grad": (lambda m, x: vmap(grad(lambda row: m(row[None]).sum()))(x), N, N),
    "by vjp": (lambda m, x: vjp(m, x)[1](torch.ones(N, 1)), N, N),
    "by jvp": (lambda m, x: jvp(m, (x,), (torch.ones_like(x),)), N, N),
    "by dual numbers": (_dual, N, N),
    "by jacrev": (lambda m, x: jacrev(m)(x), N, N * N),
    "by jacfwd": (lambda m, x: jacfwd(m)(x), N, N * N * D),
    "by a copy": (lambda m, x: copy.copy(m)(x), N, 0),
    "by a deep copy": (lambda m, x: copy.deepcopy(m)(x), N, 0),
    "by a copy of a copy": (lambda m, x: copy.deepcopy(copy.deepcopy(m))(x), N, 0),
    "by other weights": (lambda m, x: functional_call(m, dict(m.named_parameters()), (x,)), N, 0),
    "by its inner model": (lambda m, x: m.model(x), N, 0),
    "by a copy of the inner one": (lambda m, x: copy.deepcopy(m.model)(x), N, 0),
    "backwards inside": (lambda m, x: m.model(x.requires_grad_()).sum().backward(), N, N),
}

REFUSED: dict[str, tuple[Ask, str]] = {
    "traced": (lambda m, x: torch.jit.trace(m, x), "cannot be traced"),
    "scripted": (lambda m, x: torch.jit.script(m), "cannot be traced, scripted"),
    "traced inside": (lambda m, x: torch.jit.trace(m.model, x), "cannot be traced"),
    "scripted inside": (lambda m, x: torch.jit.script(m.model), "cannot be traced, scripted"),
    "symbolic": (lambda m, x: torch.fx.symbolic_trace(m), "cannot be traced"),
    "pickled": (lambda m, x: pickle.dumps(m), "cannot be sent to another process"),
    "pickled inside": (lambda m, x: pickle.dumps(m.model), "cannot be sent to another process"),
    "many gradients at once": (
        lambda m, x: torch.autograd.grad(
            m(x.requires_grad_()), x, torch.eye(N)[..., None], is_grads_batched=True
        ),
        "is_grads_batched",
    ),
}


class Other(nn.Module):
    """A model that is no `Surrogate`."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(D, 3)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.layer(x))


def asked(kind: str) -> tuple[Problem, Tensor]:
    generator = np.random.default_rng(0)
    inputs = generator.random((N, D)).astype(np.float32)
    if kind == "surrogate":
        problem = peaks_problem(random_surrogate(), 4)
    else:
        problem = make_problem(Other(), inputs, 4)
    return problem, torch.tensor(inputs)


@pytest.mark.parametrize("kind", ["surrogate", "other"])
@pytest.mark.parametrize("name", COUNTED)
def test_every_way_of_asking_is_charged(name: str, kind: str) -> None:
    ask, cells, gradients = COUNTED[name]
    problem, x = asked(kind)
    before = dataclass_counts(problem)
    ask(problem.model, x)
    after = dataclass_counts(problem)
    charged = [new - old for old, new in zip(before, after, strict=True)]
    assert charged == [cells, gradients, cells]


def dataclass_counts(problem: Problem) -> tuple[int, int, int]:
    return problem.counts.forward, problem.counts.gradient, problem.counts.computed


@pytest.mark.parametrize("kind", ["surrogate", "other"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_charged_is_refused(name: str, kind: str) -> None:
    ask, said = REFUSED[name]
    problem, x = asked(kind)
    with pytest.raises(RuntimeError, match=said):
        ask(problem.model, x)


def test_another_process_cannot_evaluate_for_nothing() -> None:
    problem, x = asked("surrogate")
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            problem.model(x)
            os.write(writing, b"evaluated")
        except RuntimeError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert b"in another process" in os.read(reading, 1000)


def test_nothing_can_be_taken_back() -> None:
    problem, _ = asked("surrogate")
    with pytest.raises(ValueError, match="cannot be taken back"):
        problem.counts.add(forward=-1)


@pytest.mark.parametrize("kind", ["surrogate", "other"])
def test_charging_changes_no_number(kind: str) -> None:
    problem, x = asked(kind)
    model = problem.model
    free = random_surrogate() if kind == "surrogate" else model.model
    number = free(x)[:, :1] if kind == "surrogate" else model.model(x)[:, :1]
    torch.testing.assert_close(model(x), number)
    first = x.clone().requires_grad_()
    second = x.clone().requires_grad_()
    model(first).sum().backward()
    (free(second)[:, :1]).sum().backward()
    torch.testing.assert_close(first.grad, second.grad)
    assert isinstance(copy.deepcopy(model), ExplainedModel)
