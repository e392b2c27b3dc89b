"""`xbench verify` on our own small trace, on spoilt copies of it, and on the reference's."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from xbench.data.dataset import Target
from xbench.errors import XbenchError
from xbench.mask import masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.surrogates.reference_checkpoint import load_reference_checkpoint
from xbench.verify import verify

HERE = Path(__file__).parent
SMALL = HERE / "small"
SHARED = Path(os.environ.get("XBENCH_SHARED", HERE.parents[2] / "shared"))
REFERENCE = SHARED / "reference" / "grids_trace"

Spoil = Callable[[dict[str, Any]], object]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SMALL, tmp_path / "copy"))


def rewrite(folder: Path, spoil: Spoil) -> Path:
    path = folder / "trace.json"
    trace = json.loads(path.read_text())
    spoil(trace)
    path.write_text(json.dumps(trace))
    return folder


def test_the_small_trace_is_replayed() -> None:
    result = verify(SMALL)
    assert (result.matched, result.steps, result.first_difference) == (24, 24, "")
    assert result.loss_error <= 1e-5
    assert max(result.avg_delta_error, result.rel_delta_error) <= 1e-4
    assert result.agrees


def test_the_small_trace_is_what_its_script_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = str(HERE / "make_small_trace.py")
    monkeypatch.setattr(sys, "argv", [script, str(tmp_path)])
    monkeypatch.setattr(sys, "path", list(sys.path))
    runpy.run_path(script, run_name="__main__")
    assert {path.name for path in SMALL.iterdir()} == {path.name for path in tmp_path.iterdir()}
    assert sum(path.stat().st_size for path in SMALL.iterdir()) < 150_000
    made, kept = (json.loads((folder / "trace.json").read_text()) for folder in (tmp_path, SMALL))
    assert made["subset_after_each_step"] == kept["subset_after_each_step"]
    np.testing.assert_allclose(made["loss_before_each_step"], kept["loss_before_each_step"])
    states = [
        torch.load(folder / "model-final.pt", weights_only=True)["model"]
        for folder in (tmp_path, SMALL)
    ]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_the_small_trace_tries_more_than_it_takes() -> None:
    trace = json.loads((SMALL / "trace.json").read_text())
    subsets = [trace["initial_subset"], *trace["subset_after_each_step"]]
    assert all(len(set(subset)) == trace["L"] for subset in subsets)
    changed = sum(a != b for a, b in pairwise(subsets))
    assert 10 < changed < 24


def test_another_subset_is_found_and_the_replay_goes_on(copy: Path) -> None:
    def spoil(trace: dict[str, Any]) -> None:
        after = trace["subset_after_each_step"]
        after[7][3] = next(j for j in range(60) if j not in after[7] + after[6])

    result = verify(rewrite(copy, spoil))
    assert not result.agrees
    assert result.matched < 24
    assert result.first_difference.startswith("step 7: ours [")


NUMBERS: dict[str, Spoil] = {
    "one loss": lambda t: t["loss_before_each_step"].__setitem__(5, 0.6),
    "Avg. delta": lambda t: t.update(avg_delta_exp=1.01 * t["avg_delta_exp"]),
    "Rel. delta": lambda t: t.update(rel_delta_exp=1.01 * t["rel_delta_exp"]),
}  # fmt: skip


@pytest.mark.parametrize("what", NUMBERS)
def test_another_number_is_found(copy: Path, what: str) -> None:
    result = verify(rewrite(copy, NUMBERS[what]))
    assert result.matched == 24
    assert not result.agrees


def test_other_weights_are_found(copy: Path) -> None:
    path = copy / "model-final.pt"
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["model"]["rna_model.decoder.6.weight"] *= 1.001
    torch.save(checkpoint, path)
    assert not verify(copy).agrees


def test_weights_of_nan_agree_with_nothing(copy: Path) -> None:
    path = copy / "model-final.pt"
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["model"]["rna_model.decoder.6.bias"][:] = float("nan")
    torch.save(checkpoint, path)
    result = verify(copy)
    assert np.isnan(result.loss_error)
    assert not result.agrees


def test_the_command_says_so_by_its_exit_code(
    copy: Path, xbench_command: Callable[..., Any]
) -> None:
    done = xbench_command("verify", SMALL)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("matched 24 of 24 steps\nlargest relative loss error ")
    altered = xbench_command("verify", rewrite(copy, NUMBERS["one loss"]))
    assert altered.code == 1
    assert "matched 24 of 24 steps" in altered.out
    (copy / "trace.json").unlink()
    broken = xbench_command("verify", copy)
    assert broken.code == 2
    assert len(broken.err.strip().splitlines()) == 1
    assert "trace.json" in broken.err


BROKEN: dict[str, Spoil] = {
    "a loss of NaN": lambda t: t["loss_before_each_step"].__setitem__(5, float("nan")),
    "Avg. delta of NaN": lambda t: t.update(avg_delta_exp=float("nan")),
    "Rel. delta of NaN": lambda t: t.update(rel_delta_exp=float("nan")),
    "no losses": lambda t: t.pop("loss_before_each_step"),
    "a step too few": lambda t: t["batches"].pop(),
    "no steps": lambda t: t.update(batches=[], subset_after_each_step=[], loss_before_each_step=[]),
    "row out of range": lambda t: t["batches"][3].__setitem__(0, 40),
    "negative row": lambda t: t["batches"][3].__setitem__(0, -1),
    "row in words": lambda t: t["batches"][3].__setitem__(0, "one"),
    "empty batch": lambda t: t["batches"].__setitem__(3, []),
    "batches are a number": lambda t: t.update(batches=3),
    "gene out of range": lambda t: t.update(target_gene_index=8),
    "negative gene": lambda t: t.update(target_gene_index=-1),
    "gene in words": lambda t: t.update(target_gene_index="GAD1"),
    "peak out of range": lambda t: t["initial_subset"].__setitem__(0, 60),
    "peak twice": lambda t: t["initial_subset"].__setitem__(0, t["initial_subset"][1]),
    "no subset": lambda t: t.update(initial_subset=[]),
    "a later peak out of range": lambda t: t["subset_after_each_step"][4].__setitem__(0, 60),
    "a later subset too short": lambda t: t["subset_after_each_step"][4].pop(),
    "a loss in words": lambda t: t["loss_before_each_step"].__setitem__(0, "low"),
    "no candidates": lambda t: t.update(top_k=0),
    "candidates in words": lambda t: t.update(top_k="many"),
    "delta missing": lambda t: t.update(avg_delta_exp=None),
    "p is null": lambda t: t.update(perturbation_value=None),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_trace_is_one_line(copy: Path, what: str) -> None:
    with pytest.raises(XbenchError) as raised:
        verify(rewrite(copy, BROKEN[what]))
    assert str(copy) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["trace.json", "population.npz", "model-final.pt"])
@pytest.mark.parametrize("how", ["missing", "empty", "truncated", "noise", "a folder"])
def test_a_broken_file_is_one_line(copy: Path, name: str, how: str) -> None:
    path = copy / name
    content = path.read_bytes()
    path.unlink()
    if how == "a folder":
        path.mkdir()
    elif how != "missing":
        noise = np.random.default_rng(0).bytes(500)
        spoilt = {"empty": b"", "truncated": content[: len(content) // 2], "noise": noise}
        path.write_bytes(spoilt[how])
    with pytest.raises(XbenchError) as raised:
        verify(copy)
    assert name in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("cut", range(1, 10))
def test_files_cut_anywhere_are_refused(copy: Path, cut: int) -> None:
    for name in ("population.npz", "model-final.pt"):
        content = (SMALL / name).read_bytes()
        (copy / name).write_bytes(content[: len(content) * cut // 10])
        with pytest.raises(XbenchError, match=name):
            verify(copy)
        (copy / name).write_bytes(content)


def test_a_population_of_another_width_or_kind_is_refused(copy: Path) -> None:
    population = np.load(SMALL / "population.npz")["X"]
    for wrong in (population[:, :-1], population[0], population.astype(str), population[None]):
        np.savez_compressed(copy / "population.npz", X=wrong)
        with pytest.raises(XbenchError, match="population"):
            verify(copy)
    np.savez_compressed(copy / "population.npz", Y=population)
    with pytest.raises(XbenchError, match="population"):
        verify(copy)
    with (copy / "population.npz").open("wb") as file:
        np.save(file, population)
    with pytest.raises(XbenchError, match="population"):
        verify(copy)


@pytest.mark.skipif(
    not REFERENCE.is_dir(), reason=f"no {REFERENCE}; set XBENCH_SHARED to the shared folder"
)
class TestReference:
    def test_it_is_replayed_step_by_step(self) -> None:
        result = verify(REFERENCE)
        assert (result.matched, result.steps) == (48, 48)
        assert result.loss_error <= 1e-4
        assert result.avg_delta_error <= 1e-3
        assert result.rel_delta_error <= 1e-3
        assert result.agrees

    def test_its_first_cell_is_predicted(self) -> None:
        trace = json.loads((REFERENCE / "trace.json").read_text())
        x = np.load(REFERENCE / "population.npz")["X"][:1].astype(np.float32)
        recorded = np.array(trace["predicted_expression_first_cell"])
        model = load_reference_checkpoint(REFERENCE / "model-final.pt")
        for output, wanted in enumerate(recorded):
            target = Target("population", "gene", output)
            ours = masked_population(model, x, target, OBJECTIVES["expression"]).values()
            assert ours[0] == pytest.approx(wanted, rel=1e-4, abs=1e-5)
