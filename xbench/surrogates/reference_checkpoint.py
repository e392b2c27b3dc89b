"""Reading checkpoints of the paper's reference implementation, without unpickling code."""

import pickle
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from xbench.errors import XbenchError
from xbench.surrogates.cross_modality import CrossModality
from xbench.surrogates.size_budget import SizeBudget

State = dict[str, Tensor]

_NORM = ("weight", "bias", "running_mean", "running_var")


def load_reference_checkpoint(path: Path) -> CrossModality:
    """Load the ATAC-to-RNA path of a reference checkpoint.

    Parameters
    ----------
    path
        A file holding ``{"model": state_dict, ...}``; all sizes are read off its shapes.

    Raises
    ------
    XbenchError
        Where the file is absent, truncated, holds anything but tensors and plain values, or
        lacks a tensor.
    """
    state = _read_state(path)
    try:
        return _build(state).frozen()
    except KeyError as error:
        raise XbenchError(
            f"{path}: checkpoint lacks the tensor {error}; it is not a checkpoint of the "
            "reference's ATAC-RNA model"
        ) from error
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        # torch names the tensors in the lines after the first.
        reason = " ".join(str(error).split())[:300]
        raise XbenchError(
            f"{path}: tensors of the checkpoint do not fit together: {reason}"
        ) from error


def _read_state(path: Path) -> State:
    if not path.is_file():
        raise XbenchError(f"{path}: no such checkpoint; name an existing .pt file")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise XbenchError(
            f"{path}: refused: the checkpoint holds code or objects besides tensors; "
            "save the state_dict alone"
        ) from error
    except Exception as error:  # of any type: torch's readers meet arbitrary bytes here
        raise XbenchError(
            f"{path}: truncated or not a PyTorch checkpoint; copy it again"
        ) from error
    state = checkpoint.get("model") if isinstance(checkpoint, dict) else None
    if not isinstance(state, dict):
        raise XbenchError(
            f"{path}: no 'model' entry with a state_dict; it is not a reference checkpoint"
        )
    other = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if other:
        raise XbenchError(f"{path}: {other[0]!r} is no tensor; it is not a reference checkpoint")
    hollow = [name for name, value in state.items() if not _holds_its_numbers(value)]
    if hollow:
        raise XbenchError(
            f"{path}: {hollow[0]!r} holds fewer numbers than its shape says; save it contiguous, "
            "dense and on the CPU"
        )
    return state


def _holds_its_numbers(tensor: Tensor) -> bool:
    """Whether a tensor is as large in the file as it says: few bytes could say any size."""
    if tensor.layout != torch.strided or tensor.is_meta:
        return False
    return tensor.nbytes <= tensor.untyped_storage().nbytes()


def _build(state: State) -> CrossModality:
    embedding = state["atac_model.embedding.weight"]
    block_sizes: list[int] = []
    while f"atac_model.out_split_layer.{len(block_sizes)}.3.bias" in state:
        block_sizes.append(len(state[f"atac_model.out_split_layer.{len(block_sizes)}.3.bias"]))
    if sum(block_sizes) != len(embedding):
        raise RuntimeError(f"{sum(block_sizes)} decoded peaks but {len(embedding)} embedded ones")
    decoder_sizes = [
        len(state["rna_model.decoder.0.bias"]),
        len(state["rna_model.decoder.3.bias"]),
    ]
    with SizeBudget(state):
        model = CrossModality(
            block_sizes,
            n_outputs=len(state["rna_model.decoder.6.bias"]),
            decoder_sizes=decoder_sizes,
            n_hidden=embedding.shape[2],
            n_mixed=len(state["atac2rna_model.affine_offsets.0"]),
            n_gate=len(state["atac2rna_model.fc_loc.0.bias"]),
        )
    converted = _encoder(state, len(block_sizes), model.encoder.boundaries)
    converted |= _mapping(state, model.mapping.dimension)
    converted |= {
        f"decoder.{key.removeprefix('rna_model.decoder.')}": value
        for key, value in state.items()
        if key.startswith("rna_model.decoder.")
    }
    model.load_state_dict(converted)
    return model


def _encoder(state: State, n_blocks: int, boundaries: object) -> State:
    embedding = state["atac_model.embedding.weight"]
    closed, opened = embedding[:, 0], embedding[:, 1]
    edges = list(boundaries)  # type: ignore[call-overload]
    converted: State = {
        "encoder.weight": opened - closed,
        "encoder.offset": torch.stack([closed[a:b].sum(dim=0) for a, b in pairwise(edges)]),
    }

    def stacked(position: int, name: str) -> Tensor:
        keys = [f"atac_model.in_split_layer.{block}.{position}.{name}" for block in range(n_blocks)]
        return torch.stack([state[key] for key in keys])

    # Positions in the reference's per-chromosome network -> positions in ours.
    for theirs, ours in ((1, 0), (4, 3)):
        for name in _NORM:
            converted[f"encoder.blocks.{ours}.norm.{name}"] = stacked(theirs, name).flatten()
        converted[f"encoder.blocks.{ours}.norm.num_batches_tracked"] = state[
            f"atac_model.in_split_layer.0.{theirs}.num_batches_tracked"
        ]
    for theirs, ours in ((2, 1), (5, 4)):
        converted[f"encoder.blocks.{ours}.weight"] = stacked(theirs, "weight").flatten()
    converted["encoder.blocks.2.weight"] = stacked(3, "weight").transpose(1, 2).contiguous()
    converted["encoder.blocks.2.bias"] = stacked(3, "bias")
    for layer in (0, 1):
        for name in ("weight", "bias"):
            converted[f"encoder.mix.{layer}.{name}"] = state[f"atac_model.encoder.{layer}.{name}"]
    return converted


def _mapping(state: State, dimension: int) -> State:
    prefix = "atac2rna_model."
    converted = {"mapping.activation.weight": state[prefix + "act.weight"]}
    for layer in range(3):
        matrices = state[f"{prefix}affine_matrices.{layer}"]
        converted[f"mapping.matrices.{layer}"] = matrices.view(-1, dimension, dimension)
        converted[f"mapping.offsets.{layer}"] = state[f"{prefix}affine_offsets.{layer}"]
    for layer in (0, 2):
        for name in ("weight", "bias"):
            converted[f"mapping.gate.{layer}.{name}"] = state[f"{prefix}fc_loc.{layer}.{name}"]
    return converted
