"""What a contributor of a metric subclasses, and the outcome on test cells that metrics look at."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol, get_args

import numpy as np

from xbench.data.dataset import Target
from xbench.data.features import Features
from xbench.data.known_links import KnownPairs


class KnownTruth(Protocol):
    """What is known about a target apart from any surrogate, such as a simulation's own F."""

    def optimality(self, indices: np.ndarray) -> float | None:
        """Return the true drop, relative to the largest of as many features; None where none."""

    def module_recall(self, indices: np.ndarray) -> float:
        """Return the share of the target's own modules whose features are all among `indices`."""

    def precision(self, indices: np.ndarray) -> float:
        """Return the share of `indices` that regulate the target."""

    @property
    def cres(self) -> np.ndarray:
        """The features that regulate the target."""


@dataclass(frozen=True)
class Outcome:
    """What masking a selection did on test cells.

    Parameters
    ----------
    before, after
        The number explained for each test cell, shape (n,).
    indices
        The selected features, shape (L,).
    features
        All features.
    target
        What was explained.
    truth
        How the target is really regulated in the test cells; None where it is not known.
    judged
        The same as before and after in a second surrogate, which shares no training cell with the
        first; None where there is none.
    candidates
        The features that could be chosen, where a window left others out; None for all.
    known
        What is known of the target from outside; None where nothing is compared.
    score_ranks
        Ranks of the method's scores by feature, higher for higher scores, shape (d,); None where
        it gave none.
    ordered
        Whether `indices` come best first.
    masked
        Gives the number explained for each test cell with any other features masked, shape (n,);
        None where it is not known.
    retrained, on_random_weights
        Test accuracy (or R2) of a surrogate trained again without and with the subset masked in
        all cells; what the method selects where the surrogate has random weights. None but in
        `xbench score`, since both are slow.

    Examples
    --------
    >>> features, target = Features(["a", "b"]), Target("VIP", "GAD1", 0)
    >>> outcome = Outcome(np.ones(3), np.zeros(3), np.array([1]), features, target)
    >>> outcome.distances is None
    True
    """

    before: np.ndarray
    after: np.ndarray
    indices: np.ndarray
    features: Features
    target: Target
    truth: KnownTruth | None = None
    judged: tuple[np.ndarray, np.ndarray] | None = None
    candidates: np.ndarray | None = None
    known: KnownPairs | None = None
    score_ranks: np.ndarray | None = None
    ordered: bool = False
    masked: Callable[[Any], np.ndarray] | None = None
    retrained: Callable[[], tuple[float, float]] | None = None
    on_random_weights: Callable[[], np.ndarray] | None = None

    def among_candidates(self, values: np.ndarray) -> np.ndarray:
        """Return numbers of the features that could be chosen, which is what chance draws from."""
        return values if self.candidates is None else values[self.candidates]

    @cached_property
    def distances(self) -> np.ndarray | None:
        """Base pairs from each feature to the target; None without coordinates of both."""
        if self.target.interval is None or not self.features.has_coordinates:
            return None
        return self.features.distance_to(self.target.interval)


Direction = Literal["lower", "higher", "none"]
Explains = Literal["expression", "classes", "any"]
Pooled = Literal["cell types", "targets"]

_ARROWS = {"lower": " ↓", "higher": " ↑"}
_CHOICES = {"direction": Direction, "explains": Explains, "pooled": Pooled}
_TEXTS = ("name", "label", "unit", "description")


class Metric:
    """A named number of one run, and how it is computed.

    A subclass sets what is listed here and defines `compute`, in any file of this folder: the
    list of metrics is made by reading the folder, so there is nothing else to edit.

    Attributes
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
    description
        One sentence, with its source; shown by ``xbench list metrics``.
    low, high
        Closed range the value can take; infinite where it is unbounded.
    explains
        What the number explained has to be: ``"expression"``, ``"classes"``, or ``"any"``.
    pooled
        What its overall mean gives the same weight: each of the ``"cell types"``, as the "Avg."
        row of the paper's Table 1, or each of the ``"targets"``, as its Table 3.
    of_known
        Whether it compares with known links: then every run that is compared with some has it.
    dear
        Whether it trains a model or runs a method again, so that only `xbench score` computes it.
    version
        Raised by hand when it comes to other numbers: `xbench score` then computes it again.
    of_judge
        Whether it needs a second surrogate: then every run that has one has it.
    of_truth
        Whether it compares with the truth: then every run whose data have one has it, whatever
        surrogate was explained and whatever the task declares.

    Raises
    ------
    TypeError
        Where a class with a name lacks one of the texts, or has a choice that is not valid.

    Examples
    --------
    >>> import numpy as np
    >>> from xbench.data.features import Features
    >>> from xbench.data.dataset import Target
    >>> class MeanDrop(Metric):
    ...     name = "mean-drop"
    ...     label = "mean drop"
    ...     unit = "nats"
    ...     direction = "higher"
    ...     description = "Mean fall of the number explained."
    ...
    ...     def compute(self, outcome):
    ...         return float(np.mean(outcome.before - outcome.after))
    >>> target, features = Target("VIP", "GAD1", 0), Features(["a", "b"])
    >>> outcome = Outcome(np.array([3.0, 1.0]), np.zeros(2), np.array([1]), features, target)
    >>> MeanDrop().compute(outcome)
    2.0
    """

    name: ClassVar[str]
    label: ClassVar[str]
    unit: ClassVar[str]
    direction: ClassVar[Direction]
    description: ClassVar[str]
    low: ClassVar[float] = float("-inf")
    high: ClassVar[float] = float("inf")
    explains: ClassVar[Explains] = "any"
    pooled: ClassVar[Pooled] = "cell types"
    of_truth: ClassVar[bool] = False
    of_judge: ClassVar[bool] = False
    of_known: ClassVar[bool] = False
    dear: ClassVar[bool] = False
    version: ClassVar[int] = 1

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if "name" not in vars(cls):
            return  # What several metrics share is itself none.
        for field in _TEXTS:
            if not isinstance(getattr(cls, field, None), str):
                raise TypeError(f"metric {cls.__name__}: {field} is missing; set it to a text")
        for field, choices in _CHOICES.items():
            given, valid = getattr(cls, field, None), get_args(choices)
            if given not in valid:
                what = f"{field} {given!r}: must be one of: {', '.join(valid)}"
                raise TypeError(f"metric {cls.name}: {what}")

    def compute(self, outcome: Outcome) -> float | None:
        """Return the value for one selection; None where it is undefined there."""
        raise NotImplementedError(f"{type(self).__name__} must define compute(outcome)")


def arrow(direction: str) -> str:
    """Return the mark of the better direction; nothing where there is none.

    Examples
    --------
    >>> arrow("lower"), arrow("none")
    (' ↓', '')
    """
    return _ARROWS.get(direction, "")
