"""Sizes that a file says: no more memory is taken than the weights beside it call for."""

from __future__ import annotations

import dataclasses
import json
import resource
from pathlib import Path
from typing import Any

import pytest
import torch

from xbench.errors import XbenchError
from xbench.surrogates.checkpoint import DESCRIPTION, Description, load_surrogate, save_surrogate
from xbench.surrogates.size_budget import OversizeError, SizeBudget
from xbench.utils.apart import run_apart

from ..toys import random_cross_modality

HUGE = [
    {"n_mixed": 500_000},
    {"n_gate": 10_000_000},
    {"n_hidden": 300_000},
    {"n_outputs": 100_000_000},
    {"decoder_sizes": [3, 100_000_000]},
    {"block_sizes": [10_000_000, 5]},
]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "one"
    model = random_cross_modality([6, 5], n_outputs=4, decoder_sizes=(3, 2))
    save_surrogate(folder, model, Description(model.name, model.configuration(), "small", "d0"))
    return folder


@pytest.mark.parametrize("sizes", HUGE, ids=lambda sizes: next(iter(sizes)))
def test_a_description_of_huge_sizes_is_refused_before_they_are_made(
    sizes: dict[str, Any], saved: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in saved.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    content = json.loads((saved / DESCRIPTION).read_text())
    content["configuration"].update(sizes)
    (copy / DESCRIPTION).write_text(json.dumps(content))

    def work(begun: object) -> bytes:
        """Say how loading was refused, and how much more memory was filled meanwhile."""
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(XbenchError) as raised:
            load_surrogate(copy)
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        return json.dumps([str(raised.value), more]).encode()

    message, more_kilobytes = json.loads(run_apart(work).answer or b"")
    assert message.startswith(f"{copy}: weights and description differ")
    assert "a model of these sizes" in message
    assert more_kilobytes < 100_000


def test_what_was_saved_is_built_within_its_budget(saved: Path) -> None:
    model, description = load_surrogate(saved)
    with SizeBudget(model.state_dict()) as budget:
        type(model)(**description.configuration)
    assert dataclasses.asdict(description)["configuration"] == model.configuration()
    # Each of the weights was seen: a budget that counts nothing refuses nothing.
    assert budget.made >= sum(one.nbytes for one in model.state_dict().values())


def test_many_small_tensors_are_refused_too() -> None:
    kept = []
    with (
        pytest.raises(OversizeError, match="more than 220 tensors"),
        SizeBudget({"weight": torch.zeros(1)}),
    ):
        kept.extend(torch.nn.Linear(2, 2) for _ in range(10**6))


def test_what_fills_at_once_is_not_called() -> None:
    for make in (torch.ones, torch.rand, torch.randn, torch.zeros):
        for sizes in ((10**15,), ((10**9, 10**6),)):
            with pytest.raises(OversizeError), SizeBudget({}):
                make(*sizes)
    with pytest.raises(OversizeError), SizeBudget({}):
        torch.full(size=(10**15,), fill_value=1.0)


def test_parts_of_a_tensor_count_once() -> None:
    weights = {"weight": torch.zeros(10)}
    with SizeBudget(weights):
        large = torch.ones(3_000_000)
        assert sum(float(large[k:].view(-1)[0]) for k in range(50)) == 50
