"""What a contributor subclasses, and what goes in and out of it.

An explainer is asked a problem, within a budget that it may spend before it is asked to stop, and
returns a selection.
"""

import dataclasses
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple, dataclass_transform

import numpy as np
import scipy.sparse as sp
from torch import Tensor

from xbench.data.dataset import Target
from xbench.data.features import Features
from xbench.errors import XbenchError
from xbench.explainers.checked_parameters import check_when_made
from xbench.explainers.selection import Selection
from xbench.mask.dense import dense_chunks
from xbench.mask.explained_model import ExplainedModel
from xbench.mask.objective import OBJECTIVES, Objective
from xbench.mask.population import EvaluationCounts, MaskedPopulation


@dataclass_transform(kw_only_default=True)
class Explainer:
    """A global explanation method.

    A subclass sets `name`, a docstring, and `explain`. Annotated class attributes are its
    parameters: every subclass is made a keyword-only dataclass, so no constructor is written.
    Values are checked against the annotations (``Literal["a", "b"]``, pydantic's ``PositiveInt``,
    ``Annotated[float, Field(gt=0, le=1)]``), so no checks are written either.

    Attributes
    ----------
    name
        What users type and leaderboards show.
    version
        Raised by hand, from 1, when a change of the code changes results: runs of another version
        are other runs.
    finds_linear_optimum
        Whether it should find the exact best subset of a linear model; `xbench check` tests it.
    quick_parameters
        Parameters that `xbench check` takes instead of the defaults, to be quick on a toy.

    Examples
    --------
    >>> from xbench import Explainer, Selection
    >>> class FirstFeatures(Explainer):
    ...     '''The first L features.'''
    ...     name = "first-features"
    ...     skip_features: int = 0
    ...     def explain(self, problem):
    ...         first = self.skip_features
    ...         return Selection(range(first, first + problem.subset_size))
    >>> FirstFeatures(skip_features=2).parameters()
    {'skip_features': 2}
    >>> FirstFeatures(skip_features="2")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    xbench.explainers.checked_parameters.ParameterError: method 'first-features': skip_features: ...
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    # For `xbench check`: whether it should find the exact best subset of a linear model, and
    # parameters that make it quick on a toy.
    finds_linear_optimum: ClassVar[bool] = False
    quick_parameters: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        check_when_made(cls)

    def explain(self, problem: "Problem") -> "Selection":
        """Return L distinct features to be masked together.

        Parameters
        ----------
        problem
            The population, the target, L, and a seed; all randomness must come from the seed.
        """
        raise NotImplementedError(f"{type(self).__name__} must define explain(problem)")

    def skip(self, problem: "Problem") -> str | None:
        """Return why this method cannot answer this problem, or None."""
        return None

    def parameters(self) -> dict[str, Any]:
        """Return the parameters by name."""
        return dataclasses.asdict(self)  # type: ignore[call-overload]


def require_explainer(loaded: type) -> type[Explainer]:
    """Return a class that was found by name, if it can be run as a method.

    Raises
    ------
    XbenchError
        With its file, where it is no `Explainer`.

    Examples
    --------
    >>> from xbench.registry.find import explainer_class
    >>> require_explainer(explainer_class("random")).name
    'random'
    """
    if issubclass(loaded, Explainer):
        return loaded
    place = getattr(sys.modules.get(loaded.__module__), "__file__", None) or loaded.__module__
    name = loaded.__name__
    raise XbenchError(f"{place}: {name} is no Explainer; write class {name}(Explainer)")


@dataclass
class Budget:
    """Wall time and evaluations that an explainer may spend.

    It is asked, not forced: an explainer that works in steps calls `Problem.exhausted` after each
    and then returns its best selection so far. `stopped` remembers that it was told to stop.

    Parameters
    ----------
    seconds
        Wall time since `start`; no limit where None.
    evaluations
        Forward and gradient evaluations together, in cells; no limit where None.

    Examples
    --------
    >>> budget, counts = Budget(evaluations=100), EvaluationCounts()
    >>> budget.spent(counts)
    False
    >>> counts.add(forward=64, gradient=64)
    >>> budget.spent(counts), budget.stopped
    (True, 'its budget of 100 evaluations was spent')
    """

    seconds: float | None = None
    evaluations: int | None = None
    stopped: str = ""
    _started: float = field(default_factory=time.perf_counter, repr=False)

    def __post_init__(self) -> None:
        for limit in (self.seconds, self.evaluations):
            # NaN compares with nothing: such a budget would never be spent.
            if limit is not None and not limit > 0:
                raise ValueError(f"a budget of {limit} cannot be kept; give a number above 0")

    def start(self) -> None:
        """Start the clock."""
        self._started, self.stopped = time.perf_counter(), ""

    def spent(self, counts: EvaluationCounts) -> bool:
        """Whether to stop now."""
        used = counts.forward + counts.gradient
        if self.evaluations is not None and used >= self.evaluations:
            self.stopped = f"its budget of {self.evaluations:,} evaluations was spent"
        elif self.seconds is not None and time.perf_counter() - self._started >= self.seconds:
            self.stopped = f"its budget of {self.seconds:g} s was spent"
        return bool(self.stopped)


class MeasuredCells(NamedTuple):
    """Training cells of one type, with what was measured in them.

    Parameters
    ----------
    inputs
        Shape (n, d), sparse or dense.
    observed
        What was measured for the target, shape (n,), in the units of the output.
    """

    inputs: sp.csr_matrix | np.ndarray
    observed: np.ndarray


@dataclass(frozen=True)
class Problem:
    """Find L features whose masking lowers the loss most over a population.

    Parameters
    ----------
    population
        The mask operator over the training cells: what most methods need, and nothing else.
    validation
        The same over the validation cells, to choose among subsets.
    model
        Dense inputs (n, d) to the number explained (n, 1), for packages such as captum.
    inputs
        Training inputs, shape (n, d), sparse or dense.
    features
        Names, and coordinates where there are any.
    target
        What is explained.
    subset_size
        L.
    perturbation
        p, shape (d,).
    seed
        The only source of randomness; see `generator`.
    device
        ``"cpu"`` or ``"cuda"``.
    observed
        What was measured for the target in the training cells, shape (n,), in the units of the
        output; None where nothing was (classification).
    budget
        What may be spent; see `exhausted`.
    objective
        What masking should lower, for packages that want a loss; `population` has it already.
    every_type
        Gives the training cells of each type in turn, the explained one included: for controls
        that learn from the data as a whole. None where there are no cells but those explained.
    candidates
        Where only features in a window may be chosen, the place of each in the data: the problem
        is then of these alone, see `xbench.explainers.restricted`. None where all may be.
    """

    population: MaskedPopulation
    validation: MaskedPopulation
    model: ExplainedModel
    inputs: sp.csr_matrix | np.ndarray
    features: Features
    target: Target
    subset_size: int
    perturbation: np.ndarray
    seed: int
    device: str = "cpu"
    observed: np.ndarray | None = None
    budget: Budget = field(default_factory=Budget)
    objective: Objective = OBJECTIVES["expression"]
    every_type: Callable[[], Iterator[MeasuredCells]] | None = None
    candidates: np.ndarray | None = None

    @property
    def n_features(self) -> int:
        """Number of features d."""
        return int(self.inputs.shape[1])

    def measured_cells(
        self, within: Literal["population", "cell-type"] = "population"
    ) -> Iterable[MeasuredCells]:
        """Return training cells with what was measured in them, those of one type together.

        Parameters
        ----------
        within
            ``"population"``: the explained cells alone. ``"cell-type"``: those of every type.

        Raises
        ------
        ValueError
            Where nothing was measured.
        """
        if self.observed is None:
            raise ValueError("needs what was measured for the target")
        if within == "population" or self.every_type is None:
            return [MeasuredCells(self.inputs, self.observed)]
        return self.every_type()

    @property
    def counts(self) -> EvaluationCounts:
        """Evaluations charged so far."""
        return self.population.counts

    def exhausted(self) -> bool:
        """Whether the run's budget is spent.

        An explainer that works in steps asks after each, and where the answer is True returns its
        best selection so far; the record then says that it was stopped.
        """
        return self.budget.spent(self.counts)

    def generator(self) -> np.random.Generator:
        """Return a new NumPy generator; the same numbers each time it is called."""
        return np.random.default_rng(self.seed)

    def dense_inputs(self) -> Iterator[Tensor]:
        """Return training inputs as dense float32 tensors of shape (some cells, d)."""
        return dense_chunks(self.inputs, self.device)
