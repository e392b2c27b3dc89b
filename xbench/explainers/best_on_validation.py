"""Choosing among the iterates of a method that learns scores."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from xbench.mask.population import MaskedPopulation
from xbench.selection import Selection


@dataclass
class BestOnValidation:
    """Keeps the scores whose first L features lower the loss most over validation cells.

    Between equals the later one is kept, which has learned for longer.

    Parameters
    ----------
    validation
        Cells that are not learned from.
    subset_size
        L.
    trace
        A dictionary for each offer: its step, the validation loss, and what else was said.

    Examples
    --------
    >>> import torch
    >>> from xbench.mask import masked_population
    >>> from xbench.mask.objective import OBJECTIVES
    >>> from xbench.data.target import Target
    >>> model, cells = torch.nn.Identity(), np.array([[3.0, 1.0, 2.0]])
    >>> target, objective = Target("all", "first", 0), OBJECTIVES["expression"]
    >>> best = BestOnValidation(masked_population(model, cells, target, objective), 1)
    >>> best.offer(0, np.array([0.9, 0.5, 0.1]))
    >>> best.offer(1, np.array([0.1, 0.5, 0.9]))
    >>> best.selection().indices, best.trace[0]["loss"]
    (array([0]), 0.0)
    """

    validation: MaskedPopulation
    subset_size: int
    trace: list[dict[str, float]] = field(default_factory=list)
    _best: tuple[float, Selection] | None = None

    def offer(self, step: int, scores: np.ndarray, **numbers: float) -> None:
        """Try the first L features by `scores`, shape (d,), the higher the better."""
        selection = Selection.from_scores(scores, self.subset_size)
        loss = float(self.validation.losses([selection.indices])[0])
        self.trace.append({"step": step, "loss": loss, **numbers})
        if self._best is None or loss <= self._best[0]:
            self._best = (loss, selection)

    def selection(self) -> Selection:
        """Return the best so far, with the trace; not nested: it is made for this L.

        Raises
        ------
        ValueError
            Before anything was offered.
        """
        if self._best is None:
            raise ValueError("no scores were offered")
        return replace(self._best[1], nested=False, trace=self.trace)
