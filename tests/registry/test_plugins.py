"""Plug-ins of every kind: found in files, folders, modules and classes, by reading alone."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import xbench
from xbench.benchmark.plan import RunKey
from xbench.benchmark.request import Request
from xbench.benchmark.resolve import ask
from xbench.benchmark.task import known_tasks, load_task
from xbench.errors import XbenchError, XbenchWarning
from xbench.metrics import METRICS, Metric
from xbench.registry.find import entries, find, load, source_digest
from xbench.registry.plugins import in_use, plugin_entries, using
from xbench.results.store import ResultStore

from ..benchmark.workbench import cache

__all__ = ["cache"]

TASK = """
name = "my-task"
title = "Mine"
version = 3
dataset = "mnist-binary"
objective = "cross-entropy"
methods = ["my-method", "random"]
metrics = ["my-metric"]
primary_metric = "my-metric"
subset_sizes = [4]
targets = [{cell_type = "8", outputs = ["3"]}]
"""
FILE = f'''
import xbench.metrics
from xbench import Explainer, Selection, Surrogate
from xbench.data.source import DatasetSource
from xbench.methods.random import Random

ran = open("ran", "w")

class Mine(Explainer):
    """My method (a control)."""
    name = "my-method"
    version = 2

    def explain(self, problem):
        return Selection(range(problem.subset_size), ordered=True)

class Other(Mine):
    """By its base in this file."""
    name = "other-method"

class Third(Random):
    """By what it defines."""
    name = "third-method"

    def explain(self, problem):
        return Selection(range(1, 1 + problem.subset_size))

class Measure(xbench.metrics.Metric):
    """My metric."""
    name = "my-metric"
    label = "mine"
    unit = "1"
    direction = "higher"
    description = "The mean fall."

    def compute(self, outcome):
        return float((outcome.before - outcome.after).mean())

class Data(DatasetSource):
    """My data."""
    name = "my-data"

class Model(Surrogate):
    """My surrogate."""
    name = "my-surrogate"

class _Helper:
    name = "helper"

MY_TASK = """{TASK}"""
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine.py"
    file.write_text(FILE)
    return file


def test_all_kinds_are_found_in_one_file_without_running_it(plugin: Path) -> None:
    found = {(one.kind, one.name): one for one in plugin_entries(plugin)}
    assert sorted(found) == [
        ("dataset", "my-data"),
        ("method", "my-method"),
        ("method", "other-method"),
        ("method", "third-method"),
        ("metric", "my-metric"),
        ("surrogate", "my-surrogate"),
        ("task", "my-task"),
    ]
    assert found["method", "my-method"].version == 2
    assert found["task", "my-task"].version == 3
    assert not Path("ran").exists()


def test_they_are_in_use_inside_of_the_block_alone(plugin: Path) -> None:
    with using([plugin]):
        assert find("dataset", "my-data").source == "file"
        assert METRICS["my-metric"].label == "mine"
        assert "my-metric" in list(METRICS)
        assert load_task("my-task").metrics == ["my-metric"]
        assert {one.name for one in in_use("method")} <= {one.name for one in entries("method")}
    assert "my-metric" not in METRICS
    assert in_use() == ()
    with pytest.raises(XbenchError, match="unknown task 'my-task'"):
        load_task("my-task")


def test_an_edited_file_is_another_entry(plugin: Path) -> None:
    with using([plugin]) as before:
        assert METRICS["my-metric"].unit == "1"
    plugin.write_text(FILE.replace('unit = "1"', 'unit = "nats"'))
    with using([plugin]) as after:
        assert METRICS["my-metric"].unit == "nats"
    assert {one.digest for one in before}.isdisjoint(one.digest for one in after if one.digest)


def test_a_folder_and_a_toml_file(tmp_path: Path, plugin: Path) -> None:
    (tmp_path / "more.toml").write_text(TASK.replace("my-task", "second-task"))
    names = {one.name for one in plugin_entries(tmp_path)}
    assert {"my-method", "my-task", "second-task"} <= names
    (only,) = plugin_entries(tmp_path / "more.toml")
    assert (only.kind, only.name, only.source) == ("task", "second-task", "file")


def test_a_module_by_its_dotted_name(
    tmp_path: Path, plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "their_plugins_abc"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inside.py").write_text(FILE.replace('ran = open("ran", "w")', ""))
    monkeypatch.syspath_prepend(tmp_path)
    whole, part = (plugin_entries(one) for one in ("their_plugins_abc", "their_plugins_abc.inside"))
    assert {one.name for one in whole} == {one.name for one in part}
    (method,) = [one for one in part if one.name == "my-method"]
    assert method.source == "module"
    assert load(method).__module__ == "their_plugins_abc.inside"
    assert len(source_digest(method)) == 16


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("absent.py", "cannot be read"),
        ("no_such_module_xyz", "there is no module of that name, and no file"),
        ("empty.py", "defines nothing"),
        ("odd.py", "class Odd has a name, but is of no kind"),
        ("broken.py", r"broken.py:1: is not valid Python"),
        ("broken.toml", "is not valid TOML"),
    ],
)
def test_what_is_no_plugin_is_refused(plugin: Path, given: str, said: str) -> None:
    Path("empty.py").write_text("x = 1")
    Path("odd.py").write_text("class Odd:\n    name = 'odd'")
    Path("broken.py").write_text("def (")
    Path("broken.toml").write_text("name = ")
    with pytest.raises(XbenchError, match=said), using([given]):
        pass


def test_a_name_of_xbench_cannot_be_taken(plugin: Path) -> None:
    plugin.write_text(FILE.replace("my-metric", "rel-delta").replace("my-method", "grids"))
    with using([plugin]), pytest.raises(XbenchError, match="two methods are named 'grids'"):
        entries("method")
    # A built-in metric stays what it is.
    with using([plugin]):
        assert METRICS["rel-delta"].label == "Rel. Δ(%)"


def test_a_class_of_a_session_is_carried_along() -> None:
    class Local(Metric):
        """Mine."""

        name = "local-metric"
        label = "local"
        unit = "1"
        direction = "lower"
        description = "Nothing."

        def compute(self, outcome: object) -> float:
            return 7.0

    with using([Local]) as (entry,):
        assert (entry.kind, entry.source) == ("metric", "session")
        assert METRICS["local-metric"].compute(None) == 7.0  # type: ignore[arg-type]
    with pytest.raises(XbenchError, match="class int: has no name"), using([int]):
        pass


def test_entry_points_of_every_group(
    tmp_path: Path, plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "their_lab_kinds"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(FILE.replace('ran = open("ran", "w")', ""))
    (package / "theirs.toml").write_text(TASK.replace("my-task", "theirs"))
    declared = tmp_path / "site" / "their_lab_kinds-1.0.dist-info"
    declared.mkdir()
    (declared / "METADATA").write_text("Metadata-Version: 2.1\nName: their-kinds\nVersion: 1.0\n")
    points = {
        "methods": "my-method = their_lab_kinds:Mine",
        "datasets": "my-data = their_lab_kinds:Data",
        "surrogates": "my-surrogate = their_lab_kinds:Model",
        "metrics": "my-metric = their_lab_kinds:Measure",
        "tasks": "theirs = their_lab_kinds",
    }
    lines = [f"[xbench.{group}]\n{point}\n" for group, point in points.items()]
    (declared / "entry_points.txt").write_text("".join(lines))
    monkeypatch.syspath_prepend(tmp_path / "site")
    for group, point in points.items():
        entry = find(group.removesuffix("s"), point.partition(" ")[0])
        assert entry.source == "entry point", entry
    assert METRICS["my-metric"].label == "mine"
    assert load_task("theirs").methods[0].name == "my-method"


def test_a_kept_task_of_a_plugin_not_in_use_is_warned_of(plugin: Path, tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "store")
    store.prepare()
    (store.folder / "tasks").mkdir()
    (store.folder / "tasks" / "my-task.toml").write_text(TASK)
    with pytest.warns(XbenchWarning, match="is a --plugin missing"):
        assert "my-task" not in known_tasks(store)
    with using([plugin]):
        assert known_tasks(store)["my-task"].title == "Mine"


def test_a_run_of_a_plugin_reaches_its_workers(
    tmp_path: Path, plugin: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The surrogate that other tests use too.
    monkeypatch.setenv("XBENCH_CACHE", str(cache))
    plugin.write_text(FILE.replace('ran = open("ran", "w")', ""))
    with using([plugin]):
        frame = xbench.run("my-task", store=tmp_path / "store", jobs=2)
    assert set(frame["status"]) == {"ok"}, frame["reason"].tolist()
    assert {"my-method", "other-method", "third-method"} >= set(frame["method"]) - {"random"}
    assert frame["my-metric"].notna().all()
    assert (tmp_path / "store" / "tasks" / "my-task.toml").read_text() == TASK


def test_a_task_that_names_a_method_of_a_file_runs_as_it_is_declared(tmp_path: Path) -> None:
    method = tmp_path / "pixels.py"
    method.write_text(
        "from xbench import Explainer, Selection\n"
        "class Pixels(Explainer):\n"
        '    name = "pixels"\n'
        "    row: float = 13.5\n"
        "    def explain(self, problem):\n"
        "        return Selection(range(problem.subset_size))\n"
    )
    file = tmp_path / "about-pixels.toml"

    def asked(methods: list[str] | None = None, row: str = "5.5") -> list[tuple[str, object]]:
        declared = (
            '["random", {name="pixels", label="fifth", parameters={row=5}}, '
            f'{{name="pixels", parameters={{row={row}}}}}]'
        )
        text = TASK.replace('["my-method", "random"]', declared).replace(
            "my-metric", "log-odds-drop"
        )
        file.write_text(text.replace("my-task", "about-pixels"))
        request = Request(str(file), methods=methods, method_files=[str(method)])
        keys = [(key.method, key.parameters.get("row")) for key in expand_asked(request)]
        return list(dict.fromkeys(keys))

    assert asked() == [("random", None), ("fifth", 5), ("pixels", 5.5)]
    assert asked(["pixels"]) == [("fifth", 5), ("pixels", 5.5)]
    assert asked(["fifth"]) == [("fifth", 5)]
    assert asked(["random"]) == [("random", None), ("fifth", 5), ("pixels", 5.5)]
    with pytest.raises(XbenchError, match=r"task about-pixels: .*row"):
        asked(row='"a"')
    # A task that does not name it has it with its defaults, alone.
    (one,) = expand_asked(Request("quick", method_files=[str(method)]))
    assert (one.method, one.parameters) == ("pixels", {})


def expand_asked(request: Request) -> list[RunKey]:
    asked = ask(request)
    return asked.keys(asked.task)


def test_listing_plugins_imports_nothing_heavy(plugin: Path) -> None:
    code = """
        import sys
        from xbench.registry.find import entries
        from xbench.registry.plugins import using
        with using([sys.argv[1]]):
            assert "my-metric" in [one.name for one in entries("metric")]
        assert not {"torch", "numpy", "pandas", "cloudpickle"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(plugin)], check=True)
