"""SAGE by its authors' package, as it is: what `sage` is compared with."""

from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from typing import Annotated

import numpy as np
import torch
from pydantic import Field, PositiveInt

from xbench import Explainer, Problem, Selection
from xbench.explainers.running_mean import relative_error


class SageReference(Explainer):
    """SAGE by permutation sampling (Covert, Lundberg and Lee 2020), package sage-importance 0.0.6.

    Its `PermutationEstimator` with its `DefaultImputer` at p, one loss a sample, one job (with
    more, its workers draw the same permutations). It evaluates every one of d + 1 coalitions of a
    permutation by a dense pass, so it is offered for small d only. A high score says that masking
    lowers the loss: minus the package's value.

    Around the package, ours:

    - It takes losses by name and needs labels. Here the model it is given returns the problem's
      loss of each input, which its loss function then passes on.
    - It is called for one batch of permutations at a time with a new seed, so that the budget can
      be asked between. The calls are independent and of one size: means are averaged, and variances
      added. Convergence is the package's: the largest standard error over the range of the values.

    Parameters
    ----------
    permutations
        At most.
    threshold
        Of convergence.
    batch_size
        Permutations in one call.
    most_features
        The largest d that is tried. Time grows with its square, for each permutation needs d
        passes of d inputs: some 10 ms at 784 features, a minute at 2,048 for every thousand. At
        127,219 one permutation would take an hour.
    """

    name = "sage-reference"
    permutations: int = 262_144
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.025
    batch_size: Annotated[int, Field(ge=2)] = 64
    most_features: PositiveInt = 2048

    def __post_init__(self) -> None:
        if self.batch_size > self.permutations:
            raise ValueError(
                f"batch_size {self.batch_size} must be at most permutations {self.permutations}"
            )

    def skip(self, problem: Problem) -> str | None:
        """Return whether the package is absent, d too large, or the loss not one of the output."""
        if not any(metadata.distributions(name="sage-importance")):
            return "the package is not installed: pip install sage-importance"
        if problem.n_features > self.most_features:
            return (
                f"{problem.n_features:,} features, but a permutation costs a dense pass for each: "
                f"most_features is {self.most_features:,}; take sage"
            )
        if problem.objective.beta is not None:
            return "Eq. 11 is no loss of the explained output alone"
        return None

    def explain(self, problem: Problem) -> Selection:
        """Call the package until it has converged or all is spent; rank by minus its values."""
        import sage

        x = np.concatenate([part.cpu().numpy() for part in problem.dense_inputs()])
        imputer = sage.DefaultImputer(_losses(problem), problem.perturbation)
        generator = problem.generator()
        total, variance = np.zeros(problem.n_features), np.zeros(problem.n_features)
        calls, error = 0, np.inf
        while calls * self.batch_size <= self.permutations - self.batch_size:
            seed = int(generator.integers(2**63))
            estimator = sage.PermutationEstimator(imputer, "mse", n_jobs=1, random_state=seed)
            estimator.loss_fn = _as_given
            found = estimator(
                x,
                np.zeros(len(x)),
                batch_size=self.batch_size,
                n_permutations=self.batch_size,
                detect_convergence=False,
                bar=False,
            )
            total, variance, calls = total - found.values, variance + found.std**2, calls + 1
            error = relative_error(total / calls, np.sqrt(variance) / calls)
            if error < self.threshold or problem.exhausted():
                break
        selection = Selection.from_scores(total / calls, problem.subset_size)
        details = {
            "permutations": calls * self.batch_size,
            "converged": error < self.threshold,
            "relative_error": error,
            "standard_errors": (np.sqrt(variance) / calls)[selection.indices].tolist(),
        }
        return replace(selection, details=details)


def _losses(problem: Problem) -> Callable[[np.ndarray], np.ndarray]:
    @torch.no_grad()
    def losses(x: np.ndarray) -> np.ndarray:
        numbers = problem.model(torch.from_numpy(x).to(problem.device))[:, 0]
        return problem.objective.loss(numbers).cpu().numpy()

    return losses


def _as_given(losses: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return losses
