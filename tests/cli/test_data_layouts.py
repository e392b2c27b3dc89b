"""Files of other layouts on the command line: what is said of them, and that workers say it not."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from xbench.benchmark.request import read_quietly
from xbench.data.load import DataChoice
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchWarning

from ..benchmark.workbench import make_multiome, write_task
from ..data.multiome.small_layouts import small_multiome, write_labels, write_tenx_h5

Command = Callable[..., tuple[int, str, str]]


def test_a_warning_is_one_line(
    xbench_command: Command, tmp_path: Path, small_surrogate: Path, small_data: Path
) -> None:
    labels = tmp_path / "labels.csv"
    obs = make_multiome()["rna"].obs
    # One cell fewer: other data than the surrogate was trained on, which is said next.
    obs["cell_type"].iloc[1:].to_csv(labels, index_label="barcode")
    options = ["--data", small_data, "--labels", labels, "--checkpoint", small_surrogate]
    code, _, err = xbench_command("run", write_task(tmp_path), *options)
    first, *rest = err.splitlines()
    assert first == (
        f"xbench: warning: {small_data}: 1 of {len(obs)} cells have no type in {labels} and are "
        "left out"
    )
    assert code == 2
    assert rest


@pytest.mark.parametrize("command", ["run", "train"])
def test_options_reach_the_reader(command: str, xbench_command: Command, tmp_path: Path) -> None:
    data = small_multiome()
    path, labels = write_tenx_h5(data, tmp_path), write_labels(data, tmp_path)
    start = ["run", write_task(tmp_path)] if command == "run" else ["train"]

    def refused(*options: object) -> str:
        code, _, err = xbench_command(*start, "--data", path, *options)
        assert code == 2
        return err.rstrip("\n")

    assert refused().endswith("and one of cell types by --labels")
    assert "pass --binarize" in refused("--labels", labels)
    assert "--variable-genes 0: give a whole number" in refused("--variable-genes", 0)
    assert "--minimum-open-share 2.0: give a share" in refused("--minimum-open-share", 2)
    every = ["--labels", labels, "--binarize", "--minimum-open-share", 1]
    assert "no peak is open in 1 of the cells" in refused(*every)
    assert "no column 'kind'" in refused(*every, "--cell-type-key", "kind")


@pytest.mark.filterwarnings("error")
def test_a_worker_does_not_say_again_what_was_said(tmp_path: Path, small_data: Path) -> None:
    labels = tmp_path / "labels.csv"
    make_multiome()["rna"].obs["cell_type"].iloc[1:].to_csv(labels, index_label="barcode")
    choice = DataChoice(reading=ReadOptions(path=small_data, labels=labels))
    with pytest.warns(XbenchWarning, match="1 of"):
        planned = choice.load()
    with warnings.catch_warnings():
        warnings.simplefilter("error", XbenchWarning)
        assert read_quietly(choice).digest == planned.digest
