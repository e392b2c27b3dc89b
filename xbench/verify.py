"""Replaying a recorded run of coordinate descent, three files, with our own GRIDS."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple
from zipfile import BadZipFile

import numpy as np
import scipy.sparse as sp
from pydantic import BaseModel, Field, FiniteFloat, NonNegativeInt, PositiveInt, ValidationError

from xbench.data.dataset import Target
from xbench.errors import XbenchError, in_words
from xbench.mask import MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.metrics.expression import avg_delta, rel_delta
from xbench.registry.find import explainer_class
from xbench.surrogates.cross_modality import CrossModality
from xbench.surrogates.reference_checkpoint import load_reference_checkpoint
from xbench.surrogates.surrogate import number_of_outputs

LOSS_TOLERANCE = 1e-4
DELTA_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Verification:
    """How a replay compares with the record; all errors are relative.

    Parameters
    ----------
    steps, matched
        Recorded steps; those after which our subset is the recorded one, position by position.
    loss_error
        Largest over steps.
    avg_delta_error, rel_delta_error
        Of the last subset over the whole population.
    first_difference
        What differed first, in words; empty where nothing did.
    """

    steps: int
    matched: int
    loss_error: float
    avg_delta_error: float
    rel_delta_error: float
    first_difference: str = ""

    @property
    def agrees(self) -> bool:
        """Whether every subset is equal and every number within its tolerance."""
        return (
            self.matched == self.steps
            and self.loss_error <= LOSS_TOLERANCE
            and self.avg_delta_error <= DELTA_TOLERANCE
            and self.rel_delta_error <= DELTA_TOLERANCE
        )


def verify(folder: Path) -> Verification:
    """Replay a folder with ``model-final.pt``, ``population.npz`` and ``trace.json``.

    A step that differs is counted, and the replay goes on from the recorded subset, so that one
    difference is one difference.

    Raises
    ------
    XbenchError
        Where a file is missing or broken.
    """
    surrogate, inputs, trace = read_recorded_run(Path(folder))
    target = Target("population", "target", trace.target_gene_index)
    population = masked_population(
        surrogate, inputs, target, OBJECTIVES["expression"], trace.perturbation_value
    )
    return _replay(population, trace)


def _replay(population: MaskedPopulation, trace: "Trace") -> Verification:
    # The reference does not add the present index to the candidates: so does this replay.
    grids = explainer_class("grids")(candidates=trace.top_k, keep_present=False)
    subset = np.array(trace.initial_subset)
    recorded = zip(
        trace.batches, trace.subset_after_each_step, trace.loss_before_each_step, strict=True
    )
    errors, matched, first = [], 0, ""
    for number, (rows, after, loss) in enumerate(recorded):
        batch = population.batch(np.array(rows))
        errors.append(_relative(float(batch.losses([subset])[0]), loss))
        ours = grids.step(batch, subset, number % len(subset)).subset
        subset = np.array(after)
        matched += bool(np.array_equal(ours, subset))
        if not first and not np.array_equal(ours, subset):
            first = f"step {number}: ours {ours.tolist()}, recorded {after}"
    before, masked = population.values(), population.values(subset)
    return Verification(
        steps=len(errors),
        matched=matched,
        loss_error=float(np.max(errors)),  # NaN where one is NaN, unlike max()
        avg_delta_error=_relative(avg_delta(before, masked), trace.avg_delta_exp),
        rel_delta_error=_relative(rel_delta(before, masked) / 100, trace.rel_delta_exp),
        first_difference=first,
    )


def _relative(ours: float, recorded: float) -> float:
    return abs(ours - recorded) / max(abs(recorded), 1e-12)


Rows = Annotated[list[NonNegativeInt], Field(min_length=1)]


class Trace(BaseModel):
    """What ``trace.json`` has to hold; more is passed over."""

    target_gene_index: NonNegativeInt
    top_k: PositiveInt
    perturbation_value: FiniteFloat
    initial_subset: Rows
    batches: Annotated[list[Rows], Field(min_length=1)]
    subset_after_each_step: list[Rows]
    loss_before_each_step: list[FiniteFloat]
    avg_delta_exp: FiniteFloat
    rel_delta_exp: FiniteFloat


class RecordedRun(NamedTuple):
    """A model, a population of shape (n, n_features), and what was done to them."""

    surrogate: CrossModality
    inputs: sp.csr_matrix
    trace: Trace


def read_recorded_run(folder: Path) -> RecordedRun:
    """Read a folder with ``model-final.pt``, ``population.npz`` and ``trace.json``.

    Raises
    ------
    XbenchError
        Where a file is missing or broken, or the three do not belong together.
    """
    trace = _read_trace(folder / "trace.json")
    inputs = _read_population(folder / "population.npz")
    surrogate = load_reference_checkpoint(folder / "model-final.pt")
    n_features = surrogate.additive_layer().n_features
    if inputs.shape[1] != n_features:
        raise XbenchError(
            f"{folder}: population has shape {inputs.shape} but the model has {n_features} features"
        )
    _check(trace, inputs.shape, number_of_outputs(surrogate), folder / "trace.json")
    return RecordedRun(surrogate, inputs, trace)


def _read_trace(path: Path) -> Trace:
    try:
        return Trace.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise XbenchError(
            f"{path}: cannot be read ({error.strerror}); name a recorded run"
        ) from error
    except ValidationError as error:
        raise XbenchError(f"{path}: {in_words(error, limit=1)}; copy it again") from error
    except ValueError as error:
        raise XbenchError(f"{path}: truncated or not JSON; copy it again") from error


def _read_population(path: Path) -> sp.csr_matrix:
    try:
        with np.load(path, allow_pickle=False) as file:
            array = file["X"]
    except OSError as error:
        raise XbenchError(f"{path}: cannot be read ({error}); copy it again") from error
    except (BadZipFile, EOFError, KeyError, TypeError, ValueError, zlib.error) as error:
        raise XbenchError(
            f"{path}: holds no plain array X; it is not a recorded population"
        ) from error
    if array.ndim != 2 or array.dtype.kind not in "buif":
        raise XbenchError(f"{path}: X has shape {array.shape} but must be cells x features")
    return sp.csr_matrix(array, dtype=np.float32)


def _check(trace: Trace, shape: tuple[int, int], n_outputs: int, path: Path) -> None:
    steps = len(trace.batches)
    if {len(trace.subset_after_each_step), len(trace.loss_before_each_step)} != {steps}:
        raise XbenchError(f"{path}: batches, subsets and losses differ in number; copy it again")
    if trace.target_gene_index >= n_outputs:
        raise XbenchError(f"{path}: gene {trace.target_gene_index} of a model of {n_outputs}")
    highest = max(max(rows) for rows in trace.batches)
    if highest >= shape[0]:
        raise XbenchError(f"{path}: a batch names row {highest} of a population of {shape[0]}")
    size = len(trace.initial_subset)
    for subset in [trace.initial_subset, *trace.subset_after_each_step]:
        if len(subset) != size or len(set(subset)) != size or max(subset) >= shape[1]:
            raise XbenchError(
                f"{path}: subset {subset} must hold {size} distinct features of {shape[1]}"
            )
