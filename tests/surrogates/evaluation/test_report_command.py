"""``xbench report surrogate`` from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import xbench
from xbench.surrogates.checkpoint import DESCRIPTION, read_description
from xbench.surrogates.evaluation.measure import subject_of
from xbench.surrogates.obtain import obtain

from ...benchmark.workbench import cache, own_folders, small_data, small_surrogate
from ...cli.conftest import Command, refused, xbench_command
from ...small_datasets import small_multiome
from ...verify.make_small_trace import N_GENES, SIZES

__all__ = ["cache", "own_folders", "refused", "small_data", "small_surrogate", "xbench_command"]

REFERENCE = Path(__file__).parents[2] / "verify" / "small" / "model-final.pt"


def test_a_trained_surrogate_s_page(
    xbench_command: Command, small_data: Path, small_surrogate: Path, tmp_path: Path
) -> None:
    arguments = ("--data", small_data, "--checkpoint", small_surrogate, "--projection", "pca")
    ended = xbench_command("report", "surrogate", *arguments, "--out", tmp_path / "page.html")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith("Mean R² of the markers' cell-type means on test cells: ")
    assert lines[1:] == [str(tmp_path / "page.html"), str(tmp_path / "page.json")]
    content = json.loads((tmp_path / "page.json").read_text())
    stored = read_description(small_surrogate)
    assert content["subject"]["surrogate_digest"] == stored.weights_digest
    assert content["subject"]["dataset_digest"] == stored.dataset_digest
    assert set(content["subject"]["stages"]) == set(stored.training["stages"])
    assert [marker["name"] for marker in content["markers"]] == ["Gad1", "Mog"]


# All drawn once more.
@pytest.mark.slow
def test_a_checkpoint_of_before_has_no_marker_fit_and_can_be_reported(
    xbench_command: Command, small_data: Path, small_surrogate: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    for file in small_surrogate.iterdir():
        (old / file.name).write_bytes(file.read_bytes())
    content = json.loads((old / DESCRIPTION).read_text())
    content["fit"] = {"test_type_mean_r2": 0.25, "test_type_mean_r2_genes": 2}
    content["training"] = {
        name: content["training"][name] for name in ("settings", "seed", "split", "stages")
    }
    (old / DESCRIPTION).write_text(json.dumps(content))
    arguments = ("--data", small_data, "--checkpoint", old, "--projection", "pca")
    ended = xbench_command("report", "surrogate", *arguments, "--out", tmp_path / "old.png")
    assert (ended.code, ended.err) == (0, "")
    stored = json.loads((tmp_path / "old.json").read_text())
    assert stored["subject"]["fit"] == content["fit"]


# A report of one that is there is above; tests/cli/test_reproduce.py makes the oracle where it is
# absent.
@pytest.mark.slow
def test_a_surrogate_that_is_not_there_is_made(
    xbench_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))
    command = ("report", "surrogate", "simulated-multiome-small", "--surrogate", "oracle")
    ended = xbench_command(*command, "--projection", "pca", "--out", tmp_path / "oracle.html")
    assert (ended.code, ended.err) == (0, "")
    # Beside it lies the hidden lock of whoever trained it.
    (made,) = (tmp_path / "cache" / "surrogates").glob("[!.]*")
    assert read_description(made).surrogate == "oracle"
    content = json.loads((tmp_path / "oracle.json").read_text())
    # The truth is known: it is right in all cell types, and no marker is absent.
    assert content["mean_r2"]["surrogate"][1]["value"] > 0.9
    assert content["markers_not_predicted"] == []
    assert content["map"]["space"].endswith("principal components of predicted expression")


def test_a_checkpoint_of_the_reference_says_nothing_of_its_training() -> None:
    dataset = small_multiome(sizes=tuple(SIZES), n_genes=N_GENES)
    opened, path = obtain(dataset, checkpoint=REFERENCE)
    subject = subject_of(dataset, opened, path)
    assert opened.name == subject.surrogate == "cross-modality"
    assert (subject.split, subject.seed, subject.stages) == ("unknown", None, {})
    assert subject.saw_test_cells is None
    assert subject.training_rows(dataset).tolist() == dataset.split.train.tolist()


def test_what_cannot_be_reported_is_refused_at_once(
    refused: Callable[..., str], small_data: Path, small_surrogate: Path
) -> None:
    command = ("report", "surrogate")
    data = ("--data", small_data)
    assert ".html, .png" in refused(*command, *data, "--out", "page.pdf")
    assert "strict, reference" in refused(*command, *data, "--split", "all")
    assert "Nearest: umap" in refused(*command, *data, "--projection", "umapp")
    assert "embedding, expression" in refused(*command, *data, "--space", "x")
    assert refused(*command, "mnist-binary").startswith("mnist-binary: has classes")
    given = ("--checkpoint", small_surrogate)
    for option, value in (("--seed", 0), ("--split", "strict"), ("--surrogate", "oracle")):
        assert refused(*command, *data, *given, option, value).startswith(f"{option}: --checkpoint")
    assert "no surrogate.json" in refused(*command, *data, "--checkpoint", small_data.parent)


def test_another_dataset_s_surrogate_is_refused(small_surrogate: Path) -> None:
    with pytest.raises(xbench.XbenchError, match="trained on small"):
        obtain(small_multiome(), checkpoint=small_surrogate)
