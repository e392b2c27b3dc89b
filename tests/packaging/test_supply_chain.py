"""What others build upon: pinned actions, few rights, lower bounds, notices, a citation."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import xbench

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

# Jobs that need more than to read, and exactly what: none writes to the repository.
MAY_WRITE = {("pages.yml", "publish"): {"pages": "write", "id-token": "write"}}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_and_its_actions_are_pinned(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    for action in used:
        # A tag can be moved to another commit; the version stands behind it as a comment.
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
    for name, job in workflow["jobs"].items():
        assert job.get("permissions") == MAY_WRITE.get((path.name, name))
        assert job["timeout-minutes"] <= 60


def test_the_lowest_versions_of_all_dependencies_are_tested() -> None:
    command = [sys.executable, ROOT / ".ci" / "lowest.py", "test", "hic"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    optional = PROJECT["optional-dependencies"]
    declared = [*PROJECT["dependencies"], *optional["test"], *optional["hic"]]
    assert printed == [re.sub(r">=([\d.]+).*", r"==\1", one) for one in declared]
    assert all("==" in one for one in printed)
    steps = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]["lowest"]
    assert {"run": "make test-lowest"} in steps["steps"]


def test_the_tests_of_the_lowest_versions_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    listed = re.search(r"^LOWEST_TESTS := (.*)$", makefile, re.MULTILINE)
    assert listed is not None
    assert [one for one in listed[1].split() if not (ROOT / one).exists()] == []


def test_a_dependency_without_a_lower_bound_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    script = tmp_path / ".ci" / "lowest.py"
    script.write_text((ROOT / ".ci" / "lowest.py").read_text(encoding="utf-8"), encoding="utf-8")
    text = '[project]\ndependencies = ["numpy"]\n[project.optional-dependencies]\n'
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "'numpy' has no lower bound; write NAME>=VERSION" in ended.stderr


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"title", "authors", "message"} <= citation.keys()
    assert citation["version"] == xbench.__version__
    assert citation["license"] == PROJECT["license"]


def test_every_shipped_data_file_of_others_has_a_notice() -> None:
    assert "THIRD_PARTY_NOTICES.md" in PROJECT["license-files"]
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8")
    shipped = [path.name for path in (ROOT / "datasets").glob("*.npz")]
    assert shipped
    assert [name for name in shipped if f"`datasets/{name}`" not in notices] == []
