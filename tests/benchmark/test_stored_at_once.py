"""A run is stored when it ends, whatever happens to the others of its unit or to its process."""

from __future__ import annotations

from pathlib import Path

import pytest

import xbench

from ..slow_rest import rest_slow
from .workbench import stored, write_method, write_task

# The largest L comes first; the second one ends the process.
DIES_SECOND = """
    def explain(self, problem):
        if problem.subset_size == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return Selection(np.arange(problem.subset_size))
"""


def test_a_finished_subset_size_outlives_the_kill_of_the_next(
    tmp_path: Path, small_data: Path, small_surrogate: Path
) -> None:
    task = write_task(tmp_path, subset_sizes=[4, 8])
    runs = xbench.run(
        str(task),
        data=small_data,
        checkpoint=small_surrogate,
        method_files=[write_method(tmp_path, "dies-second", DIES_SECOND)],
        jobs=2,
        store=tmp_path / "store",
    )
    assert dict(zip(runs["L"], runs["status"], strict=True)) == {4: "failed", 8: "ok"}
    assert len(stored(tmp_path / "store")) == 2


@pytest.mark.parametrize("jobs", rest_slow([2, 1], 1))
def test_a_file_that_leaves_when_it_is_imported_is_a_failed_run(
    jobs: int, tmp_path: Path, small_data: Path, small_surrogate: Path
) -> None:
    leaves = write_method(tmp_path, "leaves", "pass", before="sys.exit(0)")
    runs = xbench.run(
        str(write_task(tmp_path)),
        data=small_data,
        checkpoint=small_surrogate,
        methods=["random"],
        method_files=[leaves],
        jobs=jobs,
    )
    assert dict(zip(runs["method"], runs["status"], strict=True)) == {
        "random": "ok",
        "leaves": "failed",
    }


def test_another_device_is_another_run() -> None:
    from xbench.benchmark.plan import expand, run_id
    from xbench.benchmark.task import load_task

    key = expand(load_task("quick"))[0]
    assert run_id(key, "d", "s", 1) != run_id(key, "d", "s", 1, "cuda")


def test_a_task_may_name_the_surrogate_of_other_data(tmp_path: Path, small_data: Path) -> None:
    """A surrogate that a task names is never replaced by the dataset's own."""
    task = write_task(tmp_path, surrogate="mlp-classifier")
    with pytest.raises(xbench.XbenchError, match="surrogate 'mlp-classifier' does not fit"):
        xbench.run(str(task), data=small_data)


def test_how_a_file_is_read_can_be_chosen_without_naming_the_data() -> None:
    with pytest.raises(xbench.XbenchError, match="binarize"):
        xbench.run("quick", binarize=True)
