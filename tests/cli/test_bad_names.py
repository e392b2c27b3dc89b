"""Names and numbers that cannot be meant: one line, what is wrong, the nearest valid ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ..benchmark.workbench import explaining, write_method, write_task
from ..slow_rest import rest_slow

Refused = Callable[..., str]

NAMES = {
    ("run", "qick"): "unknown task 'qick'. Nearest: quick. Valid tasks: ci, every-method",
    (
        "run",
        "quick",
        "--methods",
        "gridz",
    ): "unknown method 'gridz'. Nearest: grids, ridge, greedy. There are",
    ("run", "quick", "--dataset", "mnist"): "unknown dataset 'mnist'. Nearest: mnist-binary.",
    (
        "run",
        "quick",
        "--target",
        "9:3",
    ): "mnist-binary: unknown class name '9'. Valid class names: 3",
    (
        "run",
        "quick",
        "--target",
        "8:5",
    ): "mnist-binary: unknown class name '5'. Valid class names: 3",
    ("run", "quick", "--target", "8:8"): "name the class that masking should lead towards",
    ("run", "quick", "--target", "83"): "target '83': must be CELL_TYPE:OUTPUT, such as VIP:GAD1",
    ("run", "quick", "--target", "8:3", "--target", "8:3"): "target '8:3' is given twice; keep one",
    (
        "run",
        "quick",
        "--target",
        "8:3,3:8",
    ): "target '8:3,3:8': several in one; give each by itself",
    ("run", "quick", "--methods", "random,random"): "method random is given twice; keep one",
    ("run", "quick", "--store", "a", "--store", "b"): "--store is given 2 times but counts once",
    ("run", "quick", "--methods", "random", "--methods", "random"): "method random is given twice",
    ("run", "quick", "-L", "8", "-L", "8"): "subset size L 8 is given twice; keep one",
    ("run", "quick", "--methods", ","): "--methods ',': names nothing; give names separated by",
    ("run", "quick", "--methods", "mine.py"): "give a file of your own by --method mine.py",
    ("run", "quick", "--device", "gpu"): "device 'gpu': must be one of: cpu, cuda",
    ("run", "quick", "-L", "785"): "L = 785 is more than its 784 features; choose a smaller -L",
    ("run", "quick", "-L", "ten"): "-L 'ten': must be whole numbers by comma, such as 10,128",
    ("run", "quick", "-L", "1.5"): "-L '1.5': must be whole numbers by comma",
    ("run", "quick", "-L", "0"): "subset sizes [0]: give at least one, each at least 1",
    ("run", "quick", "-L", "5,5"): "subset size L 5 is given twice; keep one",
    ("run", "quick", "--seeds", "0"): "repetitions 0: give at least 1",
    ("run", "quick", "--seeds", "1000000000"): "4,000,000,000 runs are more than one start can",
    ("run", "quick", "--budget-seconds", "nan"): "budget_seconds nan: must be above 0",
    ("run", "quick", "--budget-seconds", "-1"): "budget_seconds -1.0: must be above 0",
    ("run", "quick", "--budget-evaluations", "0"): "budget_evaluations 0: must be above 0",
    ("run", "quick", "--surrogate-seed", "-1"): "seed -1: give a whole number from 0 to",
    ("train", "mnist-binary", "--seed", "-1"): "seed -1: give a whole number from 0 to",
    ("train", "mnist-binary", "--seed", str(2**32)): "give a whole number from 0 to 4294967295",
    ("train", "mnist-binary", "--set", "steps"): "must be of the form NAME=VALUE",
    ("train", "mnist-binary", "--set", "step=5"): "unknown setting 'step'",
    ("train", "mnist-binary", "--set", "steps=many"): "--set: mlp-classifier: steps: ",
    ("train", "mnist-binary", "--set", "steps=0"): "--set: mlp-classifier: steps: ",
    ("run", "quick", "--seeds", "many"): "'--seeds'",
    ("run", "quick", "--jobs", "0"): "jobs 0: give at least 1",
    ("run", "quick", "--jobs", "-1"): "jobs -1: give at least 1",
    ("run", "quick", "--nope"): "No such option: --nope",
    ("run",): "say what to run: a task of 'xbench list tasks', or --data or --dataset",
    ("rum",): "No such command 'rum'",
    ("list", "method"): "unknown kind 'method'. Nearest: methods. Valid kinds: datasets, methods",
    ("train",): "no dataset: give a name (see xbench list datasets) or --data FILE",
    ("train", "mnist"): "unknown dataset 'mnist'. Nearest: mnist-binary.",
    ("train", "mnist-binary", "--surrogate", "mlp"): "unknown surrogate 'mlp'. Valid surrogates:",
    ("train", "mnist-binary", "--surrogate", "cross-modality"): "does not fit this data; use mlp",
    ("train", "mnist-binary", "--split", "loose"): "--split 'loose': must be one of: strict, ref",
    ("run", "quick", "--method", "absent.py"): "absent.py: cannot be read (No such file or direct",
    ("run", "absent.toml"): "absent.toml: cannot be read (No such file or directory)",
    ("leaderboard", "--store", "absent"): "absent: no such folder; run 'xbench run TASK --store",
    ("verify", "absent"): "absent/trace.json: cannot be read (No such file or directory); name a",
}


@pytest.mark.parametrize("arguments", NAMES, ids=" ".join)
def test_a_name_or_number_is_refused_in_one_line(
    arguments: tuple[str, ...], refused: Refused
) -> None:
    assert NAMES[arguments] in refused(*arguments)


# An unknown cell type is in the next test too.
TARGETS = [
    ("Oligo:Mogg", "small: unknown gene 'Mogg'. Nearest: Mog. Valid genes: Gad1, Mog, Nowhere"),
    ("Rare:Mog", "small: cell type 'Rare' has 5 cells, but at least 10 are needed"),
    ("Olgo:Mog", "small: unknown cell type 'Olgo'. Nearest: Oligo. Valid cell types: Astro"),
]


@pytest.mark.parametrize(("target", "said"), rest_slow(TARGETS, 2))
def test_a_target_that_the_data_lack_is_refused_before_anything_is_trained(
    target: str, said: str, refused: Refused, small_data: Path, cache: Path
) -> None:
    trained = sorted((cache / "surrogates").iterdir())
    line = refused("run", "table1", "--data", small_data, "--target", target, "-L", 3)
    assert said in line
    assert sorted((cache / "surrogates").iterdir()) == trained


def test_a_task_none_of_whose_targets_is_there_asks_for_targets(
    refused: Refused, tmp_path: Path, small_data: Path
) -> None:
    task = write_task(tmp_path, targets=[{"cell_type": "VIP", "outputs": ["GAD1"]}])
    line = refused("run", task, "--data", small_data)
    assert "unknown cell type 'VIP'" in line
    assert line.endswith("give targets of these data: --target CELL_TYPE:OUTPUT")


def test_a_task_of_classes_on_expression_is_refused_and_the_other_way_round(
    refused: Refused, small_data: Path
) -> None:
    line = refused("run", "quick", "--data", small_data, "--target", "Oligo:Mog")
    assert line.startswith("task quick: made for classes (objective cross-entropy), but small has")
    line = refused("run", "table1", "--dataset", "mnist-binary", "--target", "8:3")
    assert line.startswith(
        "task table1: made for expression (avg-delta, rel-delta, rel-delta-expm1)"
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_without_a_device_is_refused(refused: Refused) -> None:
    line = refused("run", "quick", "--device", "cuda")
    assert line == "device 'cuda': no CUDA device is available here; use --device cpu"


def test_absent_cortex_data_say_what_to_get_from_where_and_where_to_put_it(
    refused: Refused, tmp_path: Path
) -> None:
    for arguments in (("run", "table1", "--dataset", "snare-cortex"), ("train", "snare-cortex")):
        line = refused(*arguments)
        assert f"no file {tmp_path / 'no-data' / 'snare_cortex.h5mu'}" in line
        assert "GEO GSE126074" in line
        assert "XBENCH_DATA" in line


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"repetitons": 2}, "unknown field 'repetitons'. Nearest: repetitions"),
        ({"subset_sizes": ["ten"]}, "subset_sizes[0]: must be a whole number, not 'ten'"),
        ({"metrics": ["rel-dleta"]}, "unknown metric 'rel-dleta'. Nearest: rel-delta"),
        (
            {"objective": "speed"},
            "'expression', 'cross-entropy' or 'expression-on-target', not 'speed'",
        ),
        ({"timeout_seconds": 0.0}, "timeout_seconds: must be more than 0, not 0.0"),
        ({"dataset": "mnist"}, "unknown dataset 'mnist'. Nearest: mnist-binary"),
        ({"methods": ["gridz"]}, "unknown method 'gridz'. Nearest: grids"),
        ({"methods": [{"name": "random", "labl": "x"}]}, "unknown field 'labl'. Nearest: label"),
    ],
)
def test_a_wrong_field_of_a_task_is_refused(
    change: dict[str, object], said: str, refused: Refused, tmp_path: Path
) -> None:
    assert said in refused("run", write_task(tmp_path, **change))


def test_a_method_file_with_a_mistake_in_it_is_refused_with_its_line(
    refused: Refused, tmp_path: Path
) -> None:
    file = Path(write_method(tmp_path, "torn", explaining("return (")))
    assert f"{file}:" in refused("run", "quick", "--method", file)
    file.write_text("x = 1\n")
    assert "defines no method" in refused("run", "quick", "--method", file)


def test_a_method_named_like_a_registered_one_is_refused(refused: Refused, tmp_path: Path) -> None:
    file = write_method(tmp_path, "grids", explaining("pass"))
    line = refused("run", "quick", "--method", file)
    assert "has the name of a registered one; rename it" in line
