"""Surrogates that are damaged, dangerous, or made for other data are refused in one line."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import xbench
from xbench.surrogates.checkpoint import load_surrogate

from ..benchmark.workbench import make_multiome, write_multiome, write_task

Refused = Callable[..., str]


class Dangerous:
    """Leaves a folder behind when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("harmed",)


@pytest.fixture
def refusal(refused: Refused) -> Refused:
    """The line about a checkpoint, for images: they are read sooner than peaks."""
    return lambda path: refused("run", "quick", "--checkpoint", path)


@pytest.fixture
def copy(tmp_path: Path, cache: Path) -> Path:
    """The trained surrogate of these images, for a test to spoil."""
    (trained,) = (cache / "surrogates").glob("mnist-binary*")
    return Path(shutil.copytree(trained, tmp_path / "surrogate"))


def test_truncated_and_altered_weights_are_refused(refusal: Refused, copy: Path) -> None:
    weights = copy / "model.safetensors"
    content = weights.read_bytes()
    altered = content[:-1] + bytes([content[-1] ^ 1])
    for spoilt in (content[:-100], b"", altered):
        weights.write_bytes(spoilt)
        line = refusal(copy)
        assert line == f"{weights}: truncated or altered since it was saved; train it again"


def test_a_folder_without_parts_is_refused(refusal: Refused, copy: Path, tmp_path: Path) -> None:
    (copy / "model.safetensors").unlink()
    assert "model.safetensors: cannot be read" in refusal(copy)
    (copy / "surrogate.json").write_text('{"format": "xbench-surr')
    assert "surrogate.json: truncated or not JSON; train the surrogate again" in refusal(copy)
    (copy / "surrogate.json").unlink()
    assert "no surrogate.json; it is not a surrogate saved by 'xbench train'" in refusal(copy)
    assert "no surrogate.json" in refusal(tmp_path / "absent")


def test_a_newer_version_is_refused(refusal: Refused, copy: Path) -> None:
    description = copy / "surrogate.json"
    description.write_text(description.read_text().replace('"version": 1', '"version": 2'))
    assert "format version 2, this xbench reads 1; update xbench" in refusal(copy)


def test_a_checkpoint_that_holds_code_is_refused_and_never_run(
    refusal: Refused, tmp_path: Path
) -> None:
    path = tmp_path / "dangerous.pt"
    torch.save({"model": Dangerous()}, path)
    assert "refused: the checkpoint holds code or objects besides tensors" in refusal(path)
    path.write_bytes(pickle.dumps({"model": Dangerous()}))
    refusal(path)
    assert not (tmp_path / "harmed").exists()


def test_files_that_are_no_checkpoint_are_refused(
    refused: Refused, refusal: Refused, tmp_path: Path, small_data: Path
) -> None:
    path = tmp_path / "model.pt"
    torch.save({"model": {"weight": torch.zeros(3)}}, path)
    peaks = ("run", write_task(tmp_path), "--data", small_data)
    assert "checkpoint lacks the tensor" in refused(*peaks, "--checkpoint", path)
    content = path.read_bytes()
    for spoilt in (content[: len(content) // 2], b"", small_data.read_bytes()):
        path.write_bytes(spoilt)
        assert refusal(path) == f"{path}: truncated or not a PyTorch checkpoint; copy it again"
    path.write_bytes(b"words")
    assert refusal(path).startswith(f"{path}: ")


def test_a_surrogate_of_other_data_is_refused(
    refused: Refused, tmp_path: Path, small_surrogate: Path
) -> None:
    parts = make_multiome()
    parts["rna"].X.data[0] += 1
    other = write_multiome(tmp_path / "other.h5mu", parts)
    line = refused("run", write_task(tmp_path), "--data", other, "--checkpoint", small_surrogate)
    assert line.startswith(f"{small_surrogate}: trained on small (")
    assert "but the data are other (" in line
    assert "xbench train" in line


def test_a_surrogate_of_images_is_refused_for_peaks(
    refused: Refused, small_surrogate: Path
) -> None:
    line = refused("run", "quick", "--checkpoint", small_surrogate)
    assert "trained on small (" in line
    assert "but the data are mnist-binary (" in line


def test_a_surrogate_of_other_features_is_refused(
    refused: Refused, tmp_path: Path, small_surrogate: Path
) -> None:
    # One whose digest was made to agree, so that only its sizes can give it away.
    parts = make_multiome()
    parts["atac"] = parts["atac"][:, 1:].copy()
    file = write_multiome(tmp_path / "fewer.h5mu", parts)
    description = small_surrogate / "surrogate.json"
    copy = Path(shutil.copytree(small_surrogate, tmp_path / "forged"))
    digest = load_surrogate(small_surrogate)[1].dataset_digest
    theirs = xbench.load_dataset(data=file).digest
    (copy / "surrogate.json").write_text(description.read_text().replace(digest, theirs))
    line = refused("run", write_task(tmp_path), "--data", file, "--checkpoint", copy)
    assert line.endswith(
        "made for 30 features in 3 blocks, but fewer has 29 in 3; use the data it was trained on"
    )


def test_a_checkpoint_beside_another_surrogate_is_refused(
    refused: Callable[..., str], small_data: Path, small_surrogate: Path, tmp_path: Path
) -> None:
    words = ("run", write_task(tmp_path), "--data", small_data, "--checkpoint", small_surrogate)
    for other in (("--surrogate", "cis"), ("--surrogate-seed", 1)):
        assert "is a surrogate that is trained" in refused(*words, *other)
