"""Small problems with known answers, for the suite and for tests of explainers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.data.candidates import candidates
from xbench.data.dataset import Target
from xbench.data.features import Features, Interval
from xbench.explainers.explainer import Problem
from xbench.explainers.restricted import restricted
from xbench.mask import EvaluationCounts, MaskedPopulation, masked_population
from xbench.mask.explained_model import ExplainedModel
from xbench.mask.objective import OBJECTIVES
from xbench.mask.population import perturbation_vector
from xbench.surrogates.cross_modality import CrossModality
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.mlp_classifier import MLPClassifier
from xbench.surrogates.surrogate import Surrogate

Inputs: TypeAlias = sp.csr_matrix | np.ndarray

BLOCKS = (9, 8, 7)
N_PEAKS = sum(BLOCKS)
SIDE = 5
N_CELLS, N_IMAGES = 40, 30


class LinearToy(Surrogate):
    """F(x)_i = sum_j weight[j, i] x_j + offset_i, its features in blocks of the given sizes."""

    name = "linear-toy"

    def __init__(self, weight: np.ndarray, sizes: list[int], offset: np.ndarray) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight, dtype=torch.float32))
        self.offset = nn.Parameter(torch.tensor(offset, dtype=torch.float32))
        self.boundaries = np.concatenate([[0], np.cumsum(sizes)])

    def additive_layer(self) -> AdditiveLayer:
        """Return the weights themselves: a hidden sum an output."""
        blocks = len(self.boundaries) - 1
        zeros = torch.zeros(blocks, self.weight.shape[1])
        return AdditiveLayer(self.weight.detach(), zeros, self.boundaries)

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Add the blocks and the offset."""
        result = sums.sum(dim=1) + self.offset
        return result if outputs is None else result[:, outputs]

    def forward(self, x: Tensor) -> Tensor:
        """Evaluate dense inputs."""
        return x @ self.weight + self.offset


def make_problem(
    model: nn.Module,
    inputs: Inputs,
    subset_size: int,
    *,
    target: Target | None = None,
    objective: str = "expression",
    perturbation: float | np.ndarray = 0.0,
    seed: int = 0,
    validation: Inputs | None = None,
    features: Features | None = None,
    observed: np.ndarray | None = None,
    device: str = "cpu",
) -> Problem:
    """What the runner would hand to an explainer, of any model and inputs.

    Parameters
    ----------
    model
        Frozen; a `Surrogate` or any module from (n, d) to (n, outputs).
    inputs
        Training inputs, shape (n, d).
    subset_size
        L.
    target, objective, perturbation, seed, observed, device
        See `Problem`; output 0 where there is no target.
    validation
        Validation inputs; the training ones where None.
    features
        Names alone where None.
    """
    target = target or Target("all", "target", 0)
    counts = EvaluationCounts()

    def population(rows: Inputs) -> MaskedPopulation:
        return masked_population(
            model, rows, target, OBJECTIVES[objective], perturbation, counts=counts, device=device
        )

    n_features = inputs.shape[1]
    names = np.array([f"feature{number}" for number in range(n_features)])
    return Problem(
        population=population(inputs),
        validation=population(inputs if validation is None else validation),
        model=ExplainedModel(model, target, counts),
        inputs=inputs,
        features=features or Features(names),
        target=target,
        subset_size=subset_size,
        perturbation=perturbation_vector(perturbation, n_features),
        seed=seed,
        device=device,
        observed=observed,
        objective=OBJECTIVES[objective],
    )


def peak_features() -> Features:
    """Peaks on three chromosomes, 10 kb apart."""
    chrom = np.repeat([f"chr{number + 1}" for number in range(len(BLOCKS))], BLOCKS)
    start = np.concatenate([10_000 * np.arange(size) for size in BLOCKS])
    names = [f"{where}:{at}-{at + 500}" for where, at in zip(chrom, start, strict=True)]
    return Features(np.array(names), chrom, start, start + 500)


def open_peaks(n_cells: int = N_CELLS, seed: int = 0) -> sp.csr_matrix:
    """Binary inputs in which every peak is open in some cells and closed in others."""
    generator = np.random.default_rng(seed)
    rates = generator.uniform(0.2, 0.7, N_PEAKS)
    return sp.csr_matrix((generator.random((n_cells, N_PEAKS)) < rates).astype(np.float32))


def peaks_problem(
    model: Surrogate,
    subset_size: int,
    seed: int = 0,
    perturbation: float | np.ndarray = 0.0,
    device: str = "cpu",
) -> Problem:
    """A gene on chr2 explained by 24 peaks in 40 cells."""
    return make_problem(
        model,
        open_peaks(),
        subset_size,
        target=Target("all", "gene", 0, Interval("chr2", 20_000, 24_000)),
        perturbation=perturbation,
        seed=seed,
        validation=open_peaks(20, 1),
        features=peak_features(),
        observed=np.random.default_rng(1).gamma(2.0, size=N_CELLS),
        device=device,
    )


def window_problem(model: Surrogate, subset_size: int, seed: int = 0) -> Problem:
    """The same, of the peaks within 35 kb of where the gene may start alone: 6 of the 8 on chr2."""
    problem = peaks_problem(model, subset_size, seed)
    near = candidates(problem.features, problem.target, 35_000)
    assert near is not None
    return restricted(problem, model, near)


def pixels_problem(subset_size: int, seed: int = 0) -> Problem:
    """Images of 5 x 5 pixels of one class, to be led towards another one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = MLPClassifier(SIDE * SIDE, n_hidden=8, n_classes=2).frozen()
    generator = np.random.default_rng(0)
    images = generator.random((N_IMAGES, SIDE * SIDE)).astype(np.float32)
    return make_problem(
        model,
        images,
        subset_size,
        target=Target("8", "3", 0, contrast=1),
        objective="cross-entropy",
        seed=seed,
        validation=generator.random((15, SIDE * SIDE)).astype(np.float32),
    )


def random_surrogate() -> Surrogate:
    """The paper's architecture with random weights, at the size of the toy."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = CrossModality(BLOCKS, 3, decoder_sizes=(8, 9))
        nn.init.uniform_(model.decoder[-1].bias, 2, 4)  # type: ignore[arg-type]
    return model.frozen()


def linear_surrogate() -> LinearToy:
    """F = offset + sum of weights of open peaks; no two peaks change F alike."""
    generator = np.random.default_rng(2)
    weight = generator.permutation(np.linspace(-1, 2, N_PEAKS))[:, None]
    return LinearToy(weight, list(BLOCKS), np.array([50.0]))


def best_linear_subset(problem: Problem, model: LinearToy) -> set[int]:
    """The exact best subset of a linear model: the L features whose masking lowers F most."""
    inputs = sp.csr_matrix(problem.inputs).toarray()
    weight = model.weight.detach().numpy()[:, 0]
    weight = weight if problem.candidates is None else weight[problem.candidates]
    change = (problem.perturbation - inputs).mean(axis=0) * weight
    return set(np.argsort(change)[: problem.subset_size].tolist())


@dataclass(frozen=True)
class ProblemKind:
    """A kind of problem.

    Parameters
    ----------
    name
        As verdicts call it.
    n_features, n_cells
        d and n.
    make
        From L and a seed to a new problem, nothing of it charged yet.
    """

    name: str
    n_features: int
    n_cells: int
    make: Callable[[int, int], Problem]


KINDS = (
    ProblemKind(
        "peaks",
        N_PEAKS,
        N_CELLS,
        lambda size, seed: peaks_problem(random_surrogate(), size, seed),
    ),
    ProblemKind("pixels", SIDE * SIDE, N_IMAGES, pixels_problem),
)
