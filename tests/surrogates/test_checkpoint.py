"""Saved surrogates: what comes back, and everything that must not."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.surrogates.checkpoint import (
    DESCRIPTION,
    WEIGHTS,
    Description,
    load_surrogate,
    open_surrogate,
    save_surrogate,
)
from xbench.surrogates.cross_modality import CrossModality
from xbench.surrogates.mlp_classifier import MLPClassifier
from xbench.surrogates.surrogate import Surrogate

from ..small_datasets import small_images, small_multiome
from ..toys import random_cross_modality

SIZES = (30, 1, 25)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return small_multiome(sizes=SIZES)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def describe(model: Surrogate, dataset: Dataset) -> Description:
    return Description(
        surrogate=model.name,
        configuration=model.configuration(),
        dataset=dataset.name,
        dataset_digest=dataset.digest,
        training={"seed": 0},
        fit={"test_type_mean_r2": 0.5},
    )


def narrow() -> CrossModality:
    return random_cross_modality([*SIZES], n_outputs=12, decoder_sizes=(9, 8))


@pytest.fixture
def saved(dataset: Dataset, tmp_path: Path) -> Path:
    model = narrow()
    save_surrogate(tmp_path / "models" / "one", model, describe(model, dataset))
    return tmp_path / "models" / "one"


def refused(action: Callable[[], object], path: Path) -> str:
    with pytest.raises(XbenchError) as raised:
        action()
    message = str(raised.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_what_was_saved_comes_back(saved: Path, dataset: Dataset) -> None:
    model = narrow()
    loaded, description = load_surrogate(saved)
    states = model.state_dict(), loaded.state_dict()
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert loaded.configuration() == model.configuration()
    assert names(saved.parent) == ["one"]
    assert names(saved) == [WEIGHTS, DESCRIPTION]
    digest = hashlib.sha256((saved / WEIGHTS).read_bytes()).hexdigest()
    assert description == dataclasses.replace(describe(model, dataset), weights_digest=digest)
    opened = open_surrogate(saved, dataset)
    assert (opened.name, opened.digest) == ("cross-modality", digest)
    x = torch.from_numpy(dataset.X[:5].toarray())
    with torch.no_grad():
        torch.testing.assert_close(opened.model(x), model(x), rtol=1e-4, atol=1e-4)
    assert not opened.model.training


def test_a_classifier_comes_back_too(tmp_path: Path) -> None:
    images = small_images()
    model = MLPClassifier(20, 7, 2)
    save_surrogate(tmp_path / "one", model, describe(model, images))
    opened = open_surrogate(tmp_path / "one", images)
    x = torch.from_numpy(images.X[:5])
    assert torch.equal(opened.model(x), model(x))


def test_a_second_one_takes_the_place_of_the_first(saved: Path, dataset: Dataset) -> None:
    model = narrow()
    with torch.no_grad():
        model.decoder[-1].bias += 1
    save_surrogate(saved, model, describe(model, dataset))
    assert torch.equal(load_surrogate(saved)[0].decoder[-1].bias, model.decoder[-1].bias)  # type: ignore[union-attr,index]
    assert names(saved.parent) == ["one"]


@pytest.mark.parametrize("position", [0, 8, 100, -1])
def test_one_byte_of_the_weights_altered(saved: Path, position: int) -> None:
    content = bytearray((saved / WEIGHTS).read_bytes())
    content[position] ^= 1
    (saved / WEIGHTS).write_bytes(content)
    assert "altered" in refused(lambda: load_surrogate(saved), saved / WEIGHTS)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_truncated_weights_even_under_their_own_digest(saved: Path, share: float) -> None:
    content = (saved / WEIGHTS).read_bytes()
    (saved / WEIGHTS).write_bytes(content[: int(share * len(content))])
    assert "truncated" in refused(lambda: load_surrogate(saved), saved / WEIGHTS)
    digest = hashlib.sha256((saved / WEIGHTS).read_bytes()).hexdigest()
    edit(saved, weights_digest=digest)
    refused(lambda: load_surrogate(saved), saved)


@pytest.mark.parametrize("name", [WEIGHTS, DESCRIPTION])
def test_a_missing_file(saved: Path, name: str) -> None:
    (saved / name).unlink()
    refused(lambda: load_surrogate(saved), saved)


def test_no_folder(tmp_path: Path, dataset: Dataset) -> None:
    refused(lambda: open_surrogate(tmp_path / "none", dataset), tmp_path / "none")


def edit(folder: Path, **changes: Any) -> None:
    path = folder / DESCRIPTION
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


CONFIGURATION = narrow().configuration()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version": 2}, "update xbench"),
        ({"version": "two"}, "version"),
        ({"format": "pickle"}, "not a surrogate"),
        ({"surprise": 1}, "unexpected content .unknown field 'surprise'"),
        ({"dataset": 3}, "unexpected content .dataset: must be text in quotes, not 3"),
        ({"surrogate": "cross-modalty"}, r"surrogate\.json: unknown .* Nearest: cross-modality"),
        ({"configuration": {}}, "differ"),
        ({"configuration": CONFIGURATION | {"n_outputs": 13}}, "differ"),
        ({"configuration": CONFIGURATION | {"n_outputs": "many"}}, "differ"),
        ({"configuration": CONFIGURATION | {"block_sizes": ["x"]}}, "differ"),
        ({"configuration": CONFIGURATION | {"block_sizes": 3}}, "differ"),
        ({"configuration": CONFIGURATION | {"decoder_sizes": [-1]}}, "differ"),
        ({"configuration": [1]}, r"unexpected content .configuration: must be a table, not \[1\]"),
    ],
)
def test_a_description_that_is_wrong(saved: Path, changes: dict[str, Any], says: str) -> None:
    edit(saved, **changes)
    with pytest.raises(XbenchError, match=says) as raised:
        load_surrogate(saved)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_a_description_that_is_none(saved: Path, content: bytes) -> None:
    (saved / DESCRIPTION).write_bytes(content)
    refused(lambda: load_surrogate(saved), saved)


def test_other_data_are_refused(saved: Path, dataset: Dataset) -> None:
    other = small_multiome(sizes=SIZES, seed=1)
    message = refused(lambda: open_surrogate(saved, other), saved)
    assert dataset.digest[:12] in message
    assert other.digest[:12] in message
    assert "xbench train" in message


def test_opening_leaves_the_callers_random_numbers_alone(saved: Path, dataset: Dataset) -> None:
    before = torch.random.get_rng_state()
    open_surrogate(saved, dataset)
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_folder_that_cannot_be_written(dataset: Dataset, tmp_path: Path) -> None:
    # A file where a folder should be stops root too, which permissions would not.
    (tmp_path / "file").write_text("mine")
    model = narrow()
    folder = tmp_path / "file" / "one"
    refused(lambda: save_surrogate(folder, model, describe(model, dataset)), tmp_path / "file")
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(dataset: Dataset, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    model = narrow()
    refused(lambda: save_surrogate(tmp_path / "one", model, describe(model, dataset)), tmp_path)


def test_nothing_is_left_where_writing_fails_halfway(
    saved: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: (saved / name).read_bytes() for name in names(saved)}
    model = narrow()

    def full(self: Path, *arguments: object, **options: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        refused(lambda: save_surrogate(saved, model, describe(model, dataset)), saved)
    assert {name: (saved / name).read_bytes() for name in names(saved)} == before
    assert names(saved.parent) == ["one"]


def test_no_code_can_hide_in_a_saved_surrogate(saved: Path) -> None:
    # safetensors: eight bytes of length, a JSON header, numbers.
    content = (saved / WEIGHTS).read_bytes()
    length = int(np.frombuffer(content[:8], dtype="<u8")[0])
    header = json.loads(content[8 : 8 + length])
    assert {entry["dtype"] for name, entry in header.items() if name != "__metadata__"} <= {
        "F32",
        "I64",
    }
