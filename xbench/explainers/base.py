"""What a contributor subclasses."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

if TYPE_CHECKING:
    from xbench.problem import Problem
    from xbench.selection import Selection


@dataclass_transform(kw_only_default=True)
class Explainer:
    """A global explanation method.

    A subclass sets `name`, a docstring, and `explain`. Annotated class attributes are its
    parameters: every subclass is made a keyword-only dataclass, so no constructor is written.

    Attributes
    ----------
    name
        What users type and leaderboards show.
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
    """

    name: ClassVar[str]
    # For `xbench check`: whether it should find the exact best subset of a linear model, and
    # parameters that make it quick on a toy.
    finds_linear_optimum: ClassVar[bool] = False
    quick_parameters: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        dataclasses.dataclass(kw_only=True)(cls)

    def explain(self, problem: Problem) -> Selection:
        """Return L distinct features to be masked together.

        Parameters
        ----------
        problem
            The population, the target, L, and a seed; all randomness must come from the seed.
        """
        raise NotImplementedError(f"{type(self).__name__} must define explain(problem)")

    def skip(self, problem: Problem) -> str | None:
        """Return why this method cannot answer this problem, or None."""
        return None

    def parameters(self) -> dict[str, Any]:
        """Return the parameters by name."""
        return dataclasses.asdict(self)  # type: ignore[call-overload]
