"""Replaying a recorded run of coordinate descent with our own GRIDS."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from xbench.errors import XbenchError
from xbench.mask import MaskedPopulation, masked_population
from xbench.metrics.expression import avg_delta, rel_delta
from xbench.objective import OBJECTIVES
from xbench.registry import explainer_class
from xbench.surrogates.base import Surrogate
from xbench.surrogates.reference_checkpoint import load_reference_checkpoint
from xbench.target import Target

LOSS_TOLERANCE = 1e-4
DELTA_TOLERANCE = 1e-3
_NEEDED = (
    "target_gene_index",
    "top_k",
    "perturbation_value",
    "initial_subset",
    "batches",
    "subset_after_each_step",
    "loss_before_each_step",
    "avg_delta_exp",
    "rel_delta_exp",
)


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
            and max(self.avg_delta_error, self.rel_delta_error) <= DELTA_TOLERANCE
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
    folder = Path(folder)
    trace = _read_trace(folder / "trace.json")
    inputs = _read_population(folder / "population.npz")
    surrogate = load_reference_checkpoint(folder / "model-final.pt")
    _check(surrogate, inputs, trace, folder)
    target = Target("population", "target", int(trace["target_gene_index"]))
    population = masked_population(
        surrogate, inputs, target, OBJECTIVES["expression"], float(trace["perturbation_value"])
    )
    return _replay(population, trace)


def _replay(population: MaskedPopulation, trace: dict[str, Any]) -> Verification:
    # The reference does not add the present index to the candidates: so does this replay.
    grids = explainer_class("grids")(candidates=int(trace["top_k"]), keep_present=False)
    subset = np.array(trace["initial_subset"])
    recorded = zip(
        trace["batches"],
        trace["subset_after_each_step"],
        trace["loss_before_each_step"],
        strict=True,
    )
    matched, loss_error, first = 0, 0.0, ""
    for number, (rows, after, loss) in enumerate(recorded):
        batch = population.batch(np.array(rows))
        loss_error = max(loss_error, _relative(float(batch.losses([subset])[0]), loss))
        ours = grids.step(batch, subset, number % len(subset)).subset
        subset = np.array(after)
        matched += bool(np.array_equal(ours, subset))
        if not first and not np.array_equal(ours, subset):
            first = f"step {number}: ours {ours.tolist()}, recorded {after}"
    before, masked = population.values(), population.values(subset)
    return Verification(
        steps=len(trace["batches"]),
        matched=matched,
        loss_error=loss_error,
        avg_delta_error=_relative(avg_delta(before, masked), trace["avg_delta_exp"]),
        rel_delta_error=_relative(rel_delta(before, masked) / 100, trace["rel_delta_exp"]),
        first_difference=first,
    )


def _relative(ours: float, recorded: float) -> float:
    return abs(ours - recorded) / max(abs(recorded), 1e-12)


def _read_trace(path: Path) -> dict[str, Any]:
    try:
        trace = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise XbenchError(
            f"{path}: cannot be read ({error.strerror}); name a recorded run"
        ) from error
    except ValueError as error:
        raise XbenchError(f"{path}: truncated or not JSON; copy it again") from error
    missing = [key for key in _NEEDED if not isinstance(trace, dict) or key not in trace]
    if missing:
        raise XbenchError(f"{path}: lacks {', '.join(missing)}; it is not a recorded run")
    lengths = {len(trace[key]) for key in _NEEDED[4:7]}
    if len(lengths) != 1:
        raise XbenchError(f"{path}: batches, subsets and losses have different lengths {lengths}")
    return trace


def _read_population(path: Path) -> sp.csr_matrix:
    try:
        with np.load(path, allow_pickle=False) as file:
            return sp.csr_matrix(file["X"], dtype=np.float32)
    except OSError as error:
        raise XbenchError(f"{path}: cannot be read ({error}); copy it again") from error
    except (KeyError, ValueError) as error:
        raise XbenchError(
            f"{path}: holds no plain array X; it is not a recorded population"
        ) from error


def _check(
    surrogate: Surrogate, inputs: sp.csr_matrix, trace: dict[str, Any], folder: Path
) -> None:
    n_features = surrogate.additive_layer().n_features
    if inputs.shape[1] != n_features:
        raise XbenchError(
            f"{folder}: population has shape {inputs.shape} but the model has {n_features} features"
        )
    rows = np.concatenate([np.ravel(batch) for batch in trace["batches"]])
    if len(rows) and (rows.min() < 0 or rows.max() >= inputs.shape[0]):
        raise XbenchError(
            f"{folder}: a batch names row {rows.max()} of a population of {inputs.shape[0]}"
        )
