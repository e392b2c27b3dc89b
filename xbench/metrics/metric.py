"""What a metric declares about itself, so that no reader has to guess its sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["lower", "higher", "none"]
Pooled = Literal["cell types", "targets"]
Explains = Literal["expression", "classes", "any"]

_ARROWS = {"lower": " ↓", "higher": " ↑"}


@dataclass(frozen=True)
class Metric:
    """A named number of one run.

    Parameters
    ----------
    name
        Identifier used in task files, records and tables.
    label
        Column heading.
    unit
        Unit of the value, such as ``"%"``; ``"1"`` where it has none.
    direction
        Which values are better for the explainer: ``"lower"``, ``"higher"``, or ``"none"`` for
        a number that is only shown (a chance level, a share before masking).
    low, high
        Closed range the value can take; infinite where it is unbounded.
    description
        One sentence, with its source.
    pooled
        What its overall mean gives the same weight: each of the ``"cell types"``, as the "Avg."
        row of the paper's Table 1, or each of the ``"targets"``, as its Table 3.
    explains
        What the number explained has to be: ``"expression"``, ``"classes"``, or ``"any"``.
    of_truth
        Whether it compares with the truth: then every run whose data have one has it, whatever
        surrogate was explained and whatever the task declares.

    Examples
    --------
    >>> Metric("avg-delta", "Avg. Δ", "expression", "lower").direction
    'lower'
    """

    name: str
    label: str
    unit: str
    direction: Direction
    low: float = float("-inf")
    high: float = float("inf")
    description: str = ""
    explains: Explains = "any"
    pooled: Pooled = "cell types"
    of_truth: bool = False


def arrow(direction: str) -> str:
    """Return the mark of the better direction; nothing where there is none.

    Examples
    --------
    >>> arrow("lower"), arrow("none")
    (' ↓', '')
    """
    return _ARROWS.get(direction, "")
