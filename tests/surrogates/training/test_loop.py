"""The training loop: when it looks, when it stops, what it leaves behind."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from xbench.errors import XbenchError
from xbench.surrogates.training.loop import Stage, train_stage
from xbench.utils.progress import Progress


class Recorder:
    """One parameter that grows by its gradient, and validation losses given beforehand."""

    def __init__(self, losses: list[float]) -> None:
        self.layer = nn.Linear(1, 1, bias=False)
        self.norm = nn.BatchNorm1d(1)
        self.losses, self.steps = losses, list[int]()
        self.states: list[float] = []

    @property
    def modules(self) -> nn.ModuleList:
        return nn.ModuleList([self.layer, self.norm])

    def step(self, number: int) -> torch.Tensor:
        assert self.layer.training
        self.steps.append(number)
        return self.norm(self.layer(torch.tensor([[1.0], [3.0]]))).sum() + self.layer.weight.sum()

    def look(self) -> float:
        assert not self.layer.training
        assert not torch.is_grad_enabled()
        self.states.append(self.layer.weight.item())
        return self.losses[len(self.states) - 1]


def test_the_best_state_is_put_back() -> None:
    recorder = Recorder([5, 3, 1, 2, 4, 6])
    stage = Stage("stage", steps=10, learning_rate=0.1, evaluate_every=2, patience=9)
    history = train_stage(stage, recorder.modules, recorder.step, recorder.look)
    assert recorder.steps == list(range(10))
    assert history.curve == [(0, 5), (2, 3), (4, 1), (6, 2), (8, 4), (10, 6)]
    assert (history.best_step, history.best_validation) == (4, 1)
    assert recorder.layer.weight.item() == recorder.states[2]
    assert len(set(recorder.states)) == 6
    # Buffers too: the norm has seen four batches at its best.
    assert int(recorder.norm.num_batches_tracked) == 4  # type: ignore[arg-type]
    assert not recorder.layer.training


def test_it_stops_when_patience_ends() -> None:
    recorder = Recorder([5, 3, 4, 3, 3, 9, 9])
    stage = Stage("stage", steps=100, learning_rate=0.1, evaluate_every=1, patience=3)
    history = train_stage(stage, recorder.modules, recorder.step, recorder.look)
    # A look that is equal is no improvement.
    assert [step for step, _ in history.curve] == [0, 1, 2, 3, 4]
    assert history.best_step == 1


def test_the_last_step_is_looked_at_even_between_looks() -> None:
    recorder = Recorder([5, 4, 3])
    stage = Stage("stage", steps=3, learning_rate=0.1, evaluate_every=2, patience=5)
    history = train_stage(stage, recorder.modules, recorder.step, recorder.look)
    assert history.curve == [(0, 5), (2, 4), (3, 3)]


@pytest.mark.parametrize("worst", [float("nan"), float("inf")])
def test_a_stage_that_diverges_keeps_its_best_state(worst: float) -> None:
    recorder = Recorder([5, 4, worst, worst, worst, worst])
    stage = Stage("stage", steps=50, learning_rate=0.1, evaluate_every=1, patience=3)
    history = train_stage(stage, recorder.modules, recorder.step, recorder.look)
    assert (history.best_step, history.best_validation) == (1, 4)
    assert recorder.layer.weight.item() == recorder.states[1]


@pytest.mark.parametrize("first", [5.0, float("nan")])
@pytest.mark.parametrize("worst", [float("nan"), float("inf"), float("-inf")])
def test_a_stage_without_a_finite_look_after_its_first_step_is_refused(
    first: float, worst: float
) -> None:
    recorder = Recorder([first, worst, worst, worst])
    stage = Stage("mapping", steps=50, learning_rate=0.1, evaluate_every=1, patience=3)
    with pytest.raises(XbenchError, match=r"training, mapping: no validation loss .*look in the"):
        train_stage(stage, recorder.modules, recorder.step, recorder.look)


def test_one_look_that_is_finite_is_enough() -> None:
    nan = float("nan")
    recorder = Recorder([nan, nan, 4, nan, nan])
    stage = Stage("stage", steps=4, learning_rate=0.1, evaluate_every=1, patience=9)
    history = train_stage(stage, recorder.modules, recorder.step, recorder.look)
    assert (history.best_step, history.best_validation) == (2, 4)
    assert recorder.layer.weight.item() == recorder.states[2]


def test_it_stops_when_it_is_told_to_but_not_before_a_step() -> None:
    recorder = Recorder([5, 3, 1, 2])
    stage = Stage("stage", steps=10, learning_rate=0.1, evaluate_every=2, patience=9)
    asked: list[bool] = []

    def stop() -> bool:
        asked.append(len(asked) == 1)
        return asked[-1]

    history = train_stage(stage, recorder.modules, recorder.step, recorder.look, stop=stop)
    assert asked == [False, True]  # at steps 2 and 4, not at 0
    assert recorder.steps == [0, 1, 2, 3]
    assert history.best_step == 4
    always = Recorder([5, 3])
    train_stage(stage, always.modules, always.step, always.look, stop=lambda: True)
    assert always.steps == [0, 1]


def test_progress_is_told_of_every_look() -> None:
    told: list[tuple[object, ...]] = []

    class Heard(Progress):
        def started(self, work: str, total: int, done: int = 0, unit: str = "") -> None:
            told.append((work, total, done, unit))

        def advanced(self, work: str, done: int, note: str = "") -> None:
            told.append((work, done, note))

    recorder = Recorder([2, 1])
    stage = Stage("stage", steps=1, learning_rate=0.1)
    train_stage(stage, recorder.modules, recorder.step, recorder.look, Heard())
    assert told == [
        ("training, stage", 1, 0, "steps"),
        ("training, stage", 0, "validation loss 2"),
        ("training, stage", 1, "validation loss 1"),
    ]


def test_gradients_are_clipped_at_norm_one() -> None:
    layer = nn.Linear(4, 1, bias=False)
    norms: list[float] = []
    layer.weight.register_post_accumulate_grad_hook(lambda p: norms.append(p.grad.norm().item()))
    seen: list[float] = []

    def step(number: int) -> torch.Tensor:
        if number:
            assert layer.weight.grad is None
        return 1000 * layer(torch.ones(1, 4)).sum()

    original = torch.optim.Adam.step

    def spy(self: torch.optim.Adam, *arguments: object) -> object:
        seen.append(layer.weight.grad.norm().item())  # type: ignore[union-attr]
        return original(self, *arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", spy)
        train_stage(Stage("stage", 2, 0.1), nn.ModuleList([layer]), step, lambda: 0.0)
    assert norms == pytest.approx([2000, 2000])
    assert seen == pytest.approx([1, 1], rel=1e-3)
