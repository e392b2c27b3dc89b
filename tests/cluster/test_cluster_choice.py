"""What --cluster means, and what is said where it means nothing."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from xbench.cluster.cluster_choice import ClusterChoice
from xbench.cluster.cluster_place import ClusterPlace
from xbench.cluster.slurm_jobs import slurm_options
from xbench.cluster.worker_check import look_here, problems
from xbench.errors import XbenchError

LAB = """
kind: slurm
queue: long
account: genomics
cores: 16
memory: 64GB
walltime: "04:00:00"
environment:
  - module load python/3.11
  - export XBENCH_CACHE=/scratch/xbench
python: /opt/xbench/bin/python
directives: ["--constraint=avx2"]
jobs: 10
retries: 2
"""


@pytest.mark.parametrize(
    ("text", "kind", "address"),
    [
        ("local", "local", ""),
        ("slurm", "slurm", ""),
        ("tcp://head:8786", "address", "tcp://head:8786"),
        ("tls://10.0.0.1:8786", "address", "tls://10.0.0.1:8786"),
        ("head.lab.org:8786", "address", "head.lab.org:8786"),
    ],
)
def test_a_text_is_a_kind_or_an_address(text: str, kind: str, address: str) -> None:
    choice = ClusterChoice.of(text)
    assert (choice.kind, choice.address, choice.retries) == (kind, address, 3)


@pytest.mark.parametrize("text", ["", "moon", "head", "lab.toml", "tcp://", "http://head:1"])
def test_anything_else_is_refused_with_the_choices(text: str) -> None:
    with pytest.raises(XbenchError, match="must be local, slurm, the address"):
        ClusterChoice.of(text)


def test_a_lab_s_file_becomes_arguments_of_slurm_jobs(tmp_path: Path) -> None:
    path = tmp_path / "lab.yml"
    path.write_text(LAB, encoding="utf-8")
    choice = ClusterChoice.of(str(path))
    assert (choice.jobs, choice.retries) == (10, 2)
    options = slurm_options(choice)
    assert options["processes"] == options["cores"] == 16
    assert options["job_script_prologue"][1] == "export XBENCH_CACHE=/scratch/xbench"
    assert options["job_extra_directives"] == ["--constraint=avx2"]
    assert options["python"] == "/opt/xbench/bin/python"
    with_gpus = slurm_options(choice.model_copy(update={"gpus": 2}))
    assert with_gpus["processes"] == 2
    assert "--gres=gpu:2" in with_gpus["job_extra_directives"]
    assert with_gpus["worker_extra_args"][:2] == ["--resources", "GPU=1"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("kind: [", "is not valid YAML"),
        ("- kind", "must hold names and values"),
        ("kind: pbs", "kind"),
        ("kind: slurm\nqeue: long", "qeue"),
        ("kind: slurm\ncores: 0", "cores"),
        ("kind: address", "an address belongs to 'kind: address'"),
        ("kind: local\naddress: tcp://head:1", "an address belongs to 'kind: address'"),
        ("kind: !!python/object/apply:os.system ['true']", "is not valid YAML"),
    ],
)
def test_a_file_that_says_something_else_is_one_line(
    content: str, what: str, tmp_path: Path
) -> None:
    path = tmp_path / "lab.yml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(XbenchError) as caught:
        ClusterChoice.of(str(path))
    assert what in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_one_line() -> None:
    with pytest.raises(XbenchError, match="cannot be read"):
        ClusterChoice.of("nowhere.yml")


def test_a_device_that_no_worker_has_is_refused_before_anything_starts() -> None:
    with ClusterPlace("local") as place:
        with pytest.raises(XbenchError, match="gpus:"):
            place.check_request("cuda", 1)
        with pytest.raises(XbenchError, match="must be one of: cpu, cuda"):
            place.check_request("tpu", 1)
        with pytest.raises(XbenchError, match="at least 1"):
            place.check_request("cpu", 0)


def test_a_worker_that_differs_is_told_with_what_to_do() -> None:
    here = look_here()
    assert problems(here, here) == []
    assert problems(here, replace(here, gpus=3, threads=9, machine="other")) == []
    for change, what in (
        ({"versions": {**here.versions, "torch": "1.0"}}, "has torch 1.0"),
        ({"versions": {**here.versions, "python": "3.9.1"}}, "has python 3.9"),
        ({"versions": {**here.versions, "anndata": "unknown"}}, "anndata is missing"),
        ({"source": "0" * 16}, "other xbench sources"),
        ({"free": None}, "cannot be written"),
    ):
        (line,) = problems(here, replace(here, machine="node7", **change))
        assert line.startswith("node7: ")
        assert what in line
    (line,) = problems(here, "worker tcp://n:1: cannot import xbench")
    assert "install xbench there" in line


ALONE = """
import sys
from xbench.cli import main
try:
    main(["run", "ci", "--methods", "random", "--target", "SST:GAD2", "--seeds", "1",
          "-L", "5", "--store", "store", "--jobs", "1"])
except SystemExit as ended:
    assert not ended.code, ended.code
print(sorted(name for name in sys.modules if name.partition(".")[0] in
    ("distributed", "dask_jobqueue") or name.startswith("xbench.cluster")))
"""


# A whole run in a process of its own; what a start imports is looked at in
# tests/cli/test_start_and_help.py.
@pytest.mark.slow
def test_without_cluster_nothing_of_dask_is_imported(tmp_path: Path) -> None:
    # But for arrays and YAML of Dask's, which anndata imports wherever Dask is installed.
    done = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
