"""Checkpoints in the reference's format, read and compared with a plain implementation."""

from __future__ import annotations

import contextlib
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xbench.data.dataset import Target
from xbench.errors import XbenchError
from xbench.mask import masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.surrogates.reference_checkpoint import load_reference_checkpoint

from ..slow_rest import rest_slow
from ..verify.plain_reference import PlainReference, small_reference

SIZES = [9, 4, 12]


@pytest.fixture
def plain() -> PlainReference:
    return small_reference(SIZES, 7, seed=0)


@pytest.fixture
def path(plain: PlainReference, tmp_path: Path) -> Path:
    saved = tmp_path / "model-final.pt"
    torch.save({"step": 10, "model": plain.state_dict(), "args": {"lr": 1e-3}}, saved)
    return saved


def rewrite(path: Path, change: Any) -> Path:
    checkpoint = torch.load(path, weights_only=True)
    changed = change(checkpoint)
    torch.save(checkpoint if changed is None else changed, path)
    return path


def without(state: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key != name}


def refused(path: Path) -> str:
    with pytest.raises(XbenchError) as raised:
        load_reference_checkpoint(path)
    message = str(raised.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


@pytest.mark.parametrize("seed", rest_slow(range(5), 2))
def test_it_predicts_what_the_plain_model_predicts(seed: int, tmp_path: Path) -> None:
    plain = small_reference(SIZES, 7, seed)
    torch.save({"model": plain.state_dict()}, tmp_path / "model.pt")
    loaded = load_reference_checkpoint(tmp_path / "model.pt")
    x = (torch.rand(20, sum(SIZES), generator=torch.Generator().manual_seed(seed)) < 0.4).float()
    x[0], x[1] = 0, 1
    with torch.no_grad():
        wanted = plain(x)
        scale = wanted.abs().max().item()
        torch.testing.assert_close(loaded(x), wanted, rtol=0, atol=1e-5 * scale)
    assert (wanted > 0).any()
    for output in (0, 6):
        target = Target("all", "gene", output)
        population = masked_population(loaded, x.numpy(), target, OBJECTIVES["expression"])
        np.testing.assert_allclose(
            population.values(), wanted[:, output].numpy(), rtol=0, atol=1e-5 * scale
        )
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_its_sizes_are_read_off_its_shapes(path: Path) -> None:
    assert load_reference_checkpoint(path).configuration() == {
        "block_sizes": SIZES,
        "n_outputs": 7,
        "decoder_sizes": [12, 10],
        "n_hidden": 4,
        "n_mixed": 3,
        "n_gate": 8,
    }


def test_what_is_not_on_the_way_from_peaks_to_genes_is_passed_over(
    path: Path, plain: PlainReference
) -> None:
    rewrite(path, lambda c: c["model"].update({"rna2atac_model.act.weight": torch.ones(1)}))
    x = torch.ones(2, sum(SIZES))
    torch.testing.assert_close(load_reference_checkpoint(path)(x), plain(x), rtol=1e-4, atol=1e-4)


NEEDED = [
    "atac_model.embedding.weight",
    "atac_model.in_split_layer.1.3.weight",
    "atac_model.in_split_layer.2.4.running_var",
    "atac_model.in_split_layer.0.2.weight",
    "atac_model.encoder.1.bias",
    "atac_model.out_split_layer.1.3.bias",
    "atac2rna_model.affine_matrices.2",
    "atac2rna_model.affine_offsets.0",
    "atac2rna_model.fc_loc.2.weight",
    "atac2rna_model.act.weight",
    "rna_model.decoder.0.weight",
    "rna_model.decoder.4.running_mean",
    "rna_model.decoder.6.bias",
]


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_tensor(path: Path, name: str) -> None:
    message = refused(rewrite(path, lambda c: {"model": without(c["model"], name)}))
    # It is named, as ours or theirs, or it is the one that the sizes are read off.
    assert name.split(".")[-1] in message or "peaks" in message


WRONG = [torch.zeros(3, 2), torch.zeros(()), "text", None, 3, torch.zeros(2, 2, 2, 2)]
SPOILT = [(name, wrong) for name in NEEDED for wrong in range(len(WRONG))]


# Each tensor once, and each wrong kind twice or three times.
@pytest.mark.parametrize(
    ("name", "wrong"),
    rest_slow(SPOILT, [(name, at % len(WRONG)) for at, name in enumerate(NEEDED)]),
)
def test_a_tensor_of_another_shape_or_kind(path: Path, name: str, wrong: int) -> None:
    refused(rewrite(path, lambda c: c["model"].update({name: WRONG[wrong]})))


@pytest.mark.parametrize("content", [{}, {"model": None}, {"model": {}}, [1, 2], 5, torch.ones(3)])
def test_other_things_that_torch_saves(path: Path, content: object) -> None:
    refused(rewrite(path, lambda c: content))


@pytest.mark.parametrize(
    "hollow",
    [
        torch.zeros(1).expand(10**12),
        torch.zeros(10**12, device="meta"),
        torch.sparse_coo_tensor([[0]], [1.0], (10**12,), check_invariants=True),
    ],
    ids=["repeated", "meta", "sparse"],
)
@pytest.mark.parametrize("name", ["rna_model.decoder.6.bias", "something.else"])
def test_a_tensor_that_only_says_its_size(path: Path, name: str, hollow: torch.Tensor) -> None:
    message = refused(rewrite(path, lambda saved: saved["model"].update({name: hollow})))
    assert f"'{name}' holds fewer numbers than its shape says" in message


def test_sizes_of_which_a_model_would_be_huge(path: Path) -> None:
    # Two rows of numbers of a few megabytes, and terabytes between them.
    def widen(saved: dict[str, Any]) -> None:
        for name in ("rna_model.decoder.3.bias", "rna_model.decoder.6.bias"):
            saved["model"][name] = torch.zeros(10**6)

    assert "a model of these sizes holds more than" in refused(rewrite(path, widen))


class Bomb:
    """Runs a command when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("how", ["in the checkpoint", "in the state", "bare pickle"])
def test_code_is_never_run(path: Path, tmp_path: Path, how: str) -> None:
    marker = tmp_path / "marker"
    state = torch.load(path, weights_only=True)["model"]
    if how == "bare pickle":
        path.write_bytes(pickle.dumps({"model": Bomb(marker)}, protocol=2))
    elif how == "in the state":
        torch.save({"model": state | {"bomb": Bomb(marker)}}, path)
    else:
        torch.save({"model": state, "args": Bomb(marker)}, path)
    assert "code" in refused(path)
    assert not marker.exists()
    # The bomb is live: a reader that trusts the file would have run it.
    with contextlib.suppress(RuntimeError):
        torch.load(path, weights_only=False)
    assert marker.exists()


def test_no_file(tmp_path: Path) -> None:
    assert "no such checkpoint" in refused(tmp_path / "nothing.pt")
    assert "no such checkpoint" in refused(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"text\n", b"PK\x03\x04", b"\x80\x02}q\x00.", b"{"]
)
def test_files_of_another_kind(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.pt").write_bytes(content)
    refused(tmp_path / "other.pt")


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(share=st.floats(0, 0.999))
def test_a_file_cut_anywhere(path: Path, share: float) -> None:
    content = path.read_bytes()
    cut = path.with_name("cut.pt")
    cut.write_bytes(content[: int(share * len(content))])
    refused(cut)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(noise=st.binary(max_size=400))
def test_noise(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    path = tmp_path_factory.mktemp("noise") / "noise.pt"
    path.write_bytes(noise)
    refused(path)
