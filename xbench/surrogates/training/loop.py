"""The one training loop: steps, early stopping on validation, the best state kept."""

import copy
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from xbench.errors import XbenchError
from xbench.utils.progress import SILENT, Progress

GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class Stage:
    """One stage of training.

    Parameters
    ----------
    name
        Shown in the progress bar and in the history.
    steps
        Most steps taken.
    learning_rate
        Of Adam, whose betas are (0.9, 0.99) as in the protocol.
    evaluate_every
        Steps between two looks at the validation loss.
    patience
        Looks without improvement before the stage ends.
    last_rate
        Share of the learning rate that is left at the last step, to which it falls linearly.
    """

    name: str
    steps: int
    learning_rate: float
    evaluate_every: int = 100
    patience: int = 5
    last_rate: float = 1.0


@dataclass
class StageHistory:
    """What a stage did: its validation curve, where its best state was, and how long it took."""

    name: str
    best_step: int = 0
    best_validation: float = float("inf")
    curve: list[tuple[int, float]] = field(default_factory=list)
    # No part of equality: two trainings that agree in everything else take different times.
    seconds: float = field(default=0.0, compare=False)


@contextmanager
def own_random_numbers(seed: int, device: str = "cpu") -> Iterator[None]:
    """Seed torch's generators for a training, and put them back after it.

    Parameters
    ----------
    seed
        Of initial weights and whatever else torch draws.
    device
        ``"cpu"``, or ``"cuda"``, whose generators are seeded too.

    Examples
    --------
    >>> with own_random_numbers(3):
    ...     first = torch.rand(1)
    >>> with own_random_numbers(3):
    ...     print(torch.equal(first, torch.rand(1)))
    True
    """
    with torch.random.fork_rng(devices=[] if device == "cpu" else None):
        torch.manual_seed(seed)
        yield


def adam(parameters: Iterable[nn.Parameter], learning_rate: float) -> torch.optim.Adam:
    """Adam with the protocol's betas."""
    return torch.optim.Adam(
        [one for one in parameters if one.requires_grad],
        lr=learning_rate,
        betas=(0.9, 0.99),
        fused=True,
    )


def train_stage(
    stage: Stage,
    modules: nn.ModuleList,
    step_loss: Callable[[int], Tensor],
    validation_loss: Callable[[], float],
    progress: Progress = SILENT,
    stop: Callable[[], bool] = lambda: False,
) -> StageHistory:
    """Minimise `step_loss` and leave `modules` in their best state on validation.

    Parameters
    ----------
    stage
        Settings.
    modules
        What is trained; their state is restored to the best look.
    step_loss
        Loss of the batch of step t.
    validation_loss
        Evaluated every `stage.evaluate_every` steps, before the first one too.
    progress
        Told of each such look.
    stop
        Asked at each look but the first whether to end the stage.

    Returns
    -------
    StageHistory
        The curve of validation losses.

    Raises
    ------
    XbenchError
        Where no look after the first step was finite: what is left is then as untrained as it was.
    """
    started = time.perf_counter()
    optimizer = adam(modules.parameters(), stage.learning_rate)
    history = StageHistory(stage.name)
    best = copy.deepcopy(modules.state_dict())
    since = 0
    work = f"training, {stage.name}"
    progress.started(work, stage.steps, unit="steps")
    for step in range(stage.steps + 1):
        if step % stage.evaluate_every == 0 or step == stage.steps:
            modules.eval()
            with torch.no_grad():
                value = validation_loss()
            history.curve.append((step, value))
            progress.advanced(work, step, f"validation loss {value:.4g}")
            since += 1
            if math.isfinite(value) and value < history.best_validation:
                history.best_step, history.best_validation, since = step, value, 0
                best = copy.deepcopy(modules.state_dict())
            if since >= stage.patience or step == stage.steps or (step > 0 and stop()):
                break
        modules.train()
        if stage.last_rate != 1.0:
            share = 1.0 - (1.0 - stage.last_rate) * step / max(1, stage.steps)
            for group in optimizer.param_groups:
                group["lr"] = stage.learning_rate * share
        optimizer.zero_grad(set_to_none=True)
        step_loss(step).backward()
        nn.utils.clip_grad_norm_(modules.parameters(), GRADIENT_NORM)
        optimizer.step()
    _check_curve(history)
    modules.load_state_dict(best)
    modules.eval()
    history.seconds = time.perf_counter() - started
    return history


def _check_curve(history: StageHistory) -> None:
    """Refuse a stage that learned nothing, for its numbers were none: its weights look like any."""
    looks = [value for step, value in history.curve if step > 0] or [history.curve[0][1]]
    if any(map(math.isfinite, looks)):
        return
    raise XbenchError(
        f"training, {history.name}: no validation loss after the first step is a finite number "
        f"({looks[-1]}), so that nothing was learned; look in the data for values that are not "
        "finite, expression below 0, or values too large for 32-bit numbers, or try a lower "
        "learning rate"
    )
