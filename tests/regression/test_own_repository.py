"""The repository that docs/guides/ci.md shows is built, installed, and its steps are run."""

from __future__ import annotations

import os
import re
import site
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
import yaml

from .gate_check import install

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guides" / "ci.md").read_text(encoding="utf-8")
OWN = PAGE.split("## Your own repository")[1]
FILES = dict(re.findall(r"^`([^`]+)`:\n\n```\w+\n(.*?)^```$", OWN, flags=re.DOTALL | re.MULTILINE))
(SAVING,) = re.findall(r"^```console\n(.*?)^```$", OWN, flags=re.DOTALL | re.MULTILINE)


class Machine(NamedTuple):
    """Where steps are run: a fresh environment with xbench in it, and the repository."""

    folder: Path
    environment: dict[str, str]

    def run(self, step: str) -> subprocess.CompletedProcess[str]:
        """Run a step as GitHub does: a shell that ends with the first error."""
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", step],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


def steps() -> list[str]:
    """The workflow's own commands, in order."""
    (job,) = yaml.safe_load(FILES[".github/workflows/benchmark.yml"])["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    folder = tmp_path_factory.mktemp("machine")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    where = [python, "-c", "import site; print(site.getsitepackages()[0])"]
    own = subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()
    # Its own packages, then xbench as a wheel installs it, then what the tests run with. A line of
    # a .pth file, unlike site.addsitedir, does not read the .pth files (editable installs) there.
    borrowed = [str(install("unchanged", folder).place), *site.getsitepackages()]
    Path(own, "borrowed.pth").write_text("\n".join(borrowed) + "\n", encoding="utf-8")
    command = folder / "venv" / "bin" / "xbench"
    command.write_text(f"#!{python}\nfrom xbench.cli import main\nmain()\n", encoding="utf-8")
    command.chmod(0o755)
    inherited = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    repository = folder / "repository"
    for name, text in FILES.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text, encoding="utf-8")
    return Machine(
        repository,
        {
            **inherited,
            "PATH": f"{python.parent}:{os.environ['PATH']}",
            "XBENCH_CACHE": str(folder / "cache"),
            "OMP_NUM_THREADS": "1",
            # Nothing is fetched: what the steps ask for is here already.
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        },
    )


@pytest.mark.slow
def test_the_page_builds_a_repository_whose_workflow_works(machine: Machine) -> None:
    assert set(FILES) == {
        "pyproject.toml",
        "open_often.py",
        "benchmark.toml",
        ".github/workflows/benchmark.yml",
    }
    for command in SAVING.strip().splitlines():
        saved = machine.run(command)
        assert saved.returncode == 0, saved.stdout + saved.stderr
    assert (machine.folder / "baselines" / "open-often.json").exists()

    # The method comes from the installed package, by its entry point and nothing else.
    listed = machine.run(
        f"cd / && {sys.executable} -c 'pass' && xbench list methods --json | "
        'python -c \'import json, sys; print([m for m in json.load(sys.stdin)["methods"] '
        'if m["name"] == "open-often"])\''
    )
    assert "open_often:OpenOften" in listed.stdout, listed.stdout + listed.stderr

    for step in steps():
        ended = machine.run(step)
        assert ended.returncode == 0, step + ended.stdout + ended.stderr
    junit = ElementTree.parse(machine.folder / "reports" / "junit.xml").getroot()
    assert junit.attrib["failures"] == "0"
    assert int(junit.attrib["tests"]) > 10

    # A change for the worse of the method, installed again by the same steps, is caught.
    source = machine.folder / "open_often.py"
    worse = source.read_text(encoding="utf-8").replace("from_scores(cells", "from_scores(-cells")
    source.write_text(worse, encoding="utf-8")
    machine.run("rm -r fresh reports")
    codes = [machine.run(step).returncode for step in steps()]
    assert codes == [0, 0, 0, 1]
    comment = (machine.folder / "reports" / "comment.md").read_text(encoding="utf-8")
    assert "| worse | open-often | 10 | optimality" in comment


def test_the_workflow_is_valid_and_compares() -> None:
    assert steps()[-1].startswith("xbench compare open-often ")


@pytest.mark.parametrize("name", ["ci.yml"])
def test_our_own_workflow_runs_what_the_makefile_has(name: str) -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = [
        step["run"].split()[1]
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if step.get("run", "").startswith("make ")
    ]
    assert {"check", "test", "ci-benchmark"} <= set(commands)
    for target in commands:
        assert f"\n{target}:" in makefile
