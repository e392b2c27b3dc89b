"""What a contributor subclasses, and what goes in and out of it.

An explainer is asked a problem, within a budget that it may spend before it is asked to stop, and
returns a selection.
"""

import dataclasses
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, ClassVar, dataclass_transform

import numpy as np
import scipy.sparse as sp
from torch import Tensor

from xbench.data.dataset import Target
from xbench.data.features import Features
from xbench.errors import XbenchError
from xbench.explainers.checked_parameters import check_when_made
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


@dataclass(frozen=True)
class Selection:
    """A subset of features, chosen to be masked together.

    Parameters
    ----------
    indices
        Distinct feature indices, shape (L,); best first where `ordered`.
    ordered
        Whether `indices` is ranked.
    nested
        Whether the first l indices are what the method would return for subset size l: then one
        explanation serves every size.
    scores
        One number a feature, shape (d,); the higher, the more masking the feature lowers the loss.
    trace
        The learning curve: a list of JSON-like dictionaries with a ``step`` and a ``loss``.
    details
        Anything else worth keeping in the record, JSON-like, such as the uncertainty of scores
        (of the selected features only: a record is no place for d numbers).

    Examples
    --------
    >>> Selection.from_scores([0.1, 0.9, 0.5], subset_size=2).indices
    array([1, 2])
    """

    indices: np.ndarray
    ordered: bool = False
    nested: bool = False
    scores: np.ndarray | None = None
    trace: list[dict[str, float]] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        indices = _whole_numbers(self.indices)
        if len(np.unique(indices)) != len(indices):
            raise ValueError("indices must be distinct")
        object.__setattr__(self, "indices", indices)
        if self.scores is not None:
            object.__setattr__(self, "scores", real_scores(self.scores))

    @classmethod
    def from_scores(cls, scores: Sequence[float] | np.ndarray, subset_size: int) -> "Selection":
        """Select the features with the highest scores; ties go to the lower index.

        Parameters
        ----------
        scores
            Shape (d,); the higher, the more important to mask.
        subset_size
            L, at most d.

        Raises
        ------
        ValueError
            Where there are fewer than L, or one is NaN, infinite, masked or no real number. A
            feature that is never to be chosen may have minus infinity.
        """
        values = real_scores(scores)
        if len(values) < subset_size:
            raise ValueError(
                f"scores have shape {values.shape} but must have one of at least {subset_size}"
            )
        candidates = int(np.isfinite(values).sum())
        if candidates < subset_size:
            raise ValueError(
                f"only {candidates} scores are above minus infinity, but L = {subset_size}"
            )
        order = np.argsort(-values, kind="stable")
        return cls(order[:subset_size], ordered=True, nested=True, scores=values)

    def first(self, subset_size: int) -> "Selection":
        """Return the first `subset_size` indices of a nested selection.

        Raises
        ------
        ValueError
            Where the selection is not nested or too short.
        """
        if not self.nested or subset_size > len(self.indices):
            raise ValueError(f"no nested subset of {subset_size} in {len(self.indices)} indices")
        return Selection(
            self.indices[:subset_size],
            self.ordered,
            True,
            self.scores,
            list(self.trace),
            dict(self.details),
        )


def _whole_numbers(given: Any) -> np.ndarray:
    """Return indices as int64, shape (L,); whole numbers of any kind are taken."""
    _refuse_containers("indices", given)
    indices = np.asarray(given)
    if indices.dtype == object and all(isinstance(one, Integral) for one in indices.flat):
        indices = np.array([int(one) for one in indices.flat]).reshape(indices.shape)
    if indices.size == 0 and indices.ndim == 1:
        return np.zeros(0, dtype=np.int64)
    if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
        raise ValueError(
            f"indices have shape {indices.shape} and type {indices.dtype} but must be "
            "a flat array of integers"
        )
    largest = int(indices.max())
    if largest > np.iinfo(np.int64).max:
        raise ValueError(f"index {largest} is beyond any feature")
    return indices.astype(np.int64)


def real_scores(given: Any) -> np.ndarray:
    """Return scores as float64, shape (d,).

    Raises
    ------
    ValueError
        Where they are no flat row of real numbers, or one is NaN, plus infinity or masked.

    Examples
    --------
    >>> real_scores([1, 2])
    array([1., 2.])
    """
    _refuse_containers("scores", given)
    values = np.asarray(given)
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        raise ValueError(
            f"scores have shape {values.shape} and type {values.dtype} but must be a flat array "
            "of real numbers, one a feature"
        )
    values = values.astype(np.float64)
    for what, odd in (("NaN", np.isnan(values)), ("infinite", np.isposinf(values))):
        if odd.any():
            raise ValueError(f"{int(odd.sum())} scores are {what}: nothing says which is highest")
    return values


def _refuse_containers(what: str, given: Any) -> None:
    """Refuse what NumPy would read as other numbers than its maker meant."""
    if np.ma.is_masked(given):
        raise ValueError(
            f"{what} are a masked array with {int(np.ma.count_masked(given))} masked "
            "entries: fill them with minus infinity, or leave them out"
        )
    if sp.issparse(given):
        raise ValueError(f"{what} are sparse ({type(given).__name__}); give a flat array")
    labels: Any = getattr(given, "index", None)
    if what == "scores" and hasattr(labels, "equals") and list(labels) != list(range(len(given))):
        raise ValueError(
            "scores are a pandas Series in another order than the features; sort it by its index, "
            "or give its values in the features' order"
        )


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

    @property
    def n_features(self) -> int:
        """Number of features d."""
        return int(self.inputs.shape[1])

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
