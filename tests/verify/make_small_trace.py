"""Record a small run of coordinate descent by brute force, for `xbench verify` to replay.

Every number comes from full passes of the plain model in float64; the mask operator and GRIDS of
xbench play no part. As in the reference, the present index is tried only when it is among the top
k; unlike it, the other members of the subset are never candidates. Run it with

    python tests/verify/make_small_trace.py FOLDER
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))
from plain_reference import PlainReference, small_reference

SIZES = [25, 15, 20]
N_GENES, TARGET = 8, 5
N_CELLS, BATCH = 40, 16
L, K, STEPS = 4, 6, 24
SEED = 2
# Nothing may hang on rounding: the runner-up has to be this much worse, relative to the loss.
MARGIN = 1e-5


def masked(x: Tensor, subset: list[int]) -> Tensor:
    """Inputs with the features of the subset set to 0."""
    closed = x.clone()
    closed[:, subset] = 0
    return closed


def loss(model: PlainReference, x: Tensor, subset: list[int]) -> float:
    """Mean expression of the target with the subset masked."""
    return float(model(masked(x, subset))[:, TARGET].mean())


def descent(model: PlainReference, x: Tensor, subset: list[int]) -> np.ndarray:
    """First-order change of the loss for each feature (Eq. 14), by autograd."""
    leaf = masked(x, subset).requires_grad_()
    (gradient,) = torch.autograd.grad(model(leaf)[:, TARGET].mean(), leaf)
    return (gradient * (0 - x)).sum(dim=0).numpy()


def step(model: PlainReference, x: Tensor, subset: list[int], position: int) -> list[int]:
    """Replace one position by the best of the top k."""
    values = descent(model, x, subset)
    others = set(subset) - {subset[position]}
    order = [j for j in np.argsort(values, kind="stable").tolist() if j not in others]
    scale = abs(loss(model, x, subset))
    require(values[order[K]] - values[order[K - 1]] > MARGIN * scale, "candidates")
    swapped = [[*subset[:position], j, *subset[position + 1 :]] for j in order[:K]]
    losses = [loss(model, x, tried) for tried in swapped]
    ranked = np.argsort(losses)
    require(losses[ranked[1]] - losses[ranked[0]] > MARGIN * scale, "losses")
    return swapped[int(ranked[0])]


def require(clear: bool, what: str) -> None:
    """Refuse a run in which two choices are nearly equal."""
    if not clear:
        raise SystemExit(f"two {what} are too close for a trace; choose another SEED")


def record(model: PlainReference, population: np.ndarray) -> dict[str, object]:
    """Run coordinate descent and write down every step."""
    generator = np.random.default_rng(SEED)
    precise = copy.deepcopy(model).double()
    x = torch.from_numpy(population.astype(np.float64))
    initial = generator.choice(x.shape[1], L, replace=False).tolist()
    subset, batches, subsets, losses = initial, [], [], []
    for number in range(STEPS):
        rows = generator.choice(N_CELLS, BATCH, replace=False).tolist()
        losses.append(loss(precise, x[rows], subset))
        subset = step(precise, x[rows], subset, number % L)
        batches.append(rows)
        subsets.append(subset)
    before = torch.exp(precise(x)[:, TARGET])
    after = torch.exp(precise(masked(x, subset))[:, TARGET])
    return {
        "chromosome_dims": SIZES,
        "n_genes": N_GENES,
        "target_gene_index": TARGET,
        "L": L,
        "top_k": K,
        "perturbation_value": 0,
        "initial_subset": initial,
        "batches": batches,
        "subset_after_each_step": subsets,
        "loss_before_each_step": losses,
        "avg_delta_exp": float((after - before).mean()),
        "rel_delta_exp": float(((after - before) / before).mean()),
        "predicted_expression_first_cell": precise(x[:1])[0].tolist(),
    }


def main(folder: Path) -> None:
    """Write the three files."""
    folder.mkdir(parents=True, exist_ok=True)
    model = small_reference(SIZES, N_GENES, SEED)
    generator = np.random.default_rng(SEED + 1)
    population = (generator.random((N_CELLS, sum(SIZES))) < 0.4).astype(np.uint8)
    trace = record(model, population)
    torch.save({"step": STEPS, "model": model.state_dict()}, folder / "model-final.pt")
    np.savez_compressed(folder / "population.npz", X=population)
    (folder / "trace.json").write_text(json.dumps(trace) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
