"""Declarations of tasks that are files of a user, kept beside their results.

So that results can be rendered later, and elsewhere, with the title, metrics and layout they were
made for.
"""

from pathlib import Path

from xbench.benchmark.task import Task, load_task
from xbench.errors import XbenchError
from xbench.registry.find import entries
from xbench.results.store import ResultStore
from xbench.utils.files import write_text

FOLDER = "tasks"


def check_name(task: str, name: str) -> None:
    """Refuse a file whose task has the name of a shipped one: their results would be mixed.

    Raises
    ------
    XbenchError
        Naming the file.
    """
    if _is_file(task) and name in {entry.name for entry in entries("task")}:
        raise XbenchError(f"{task}: name {name!r} is that of a shipped task; choose another")


def keep_declaration(task: str, name: str, store: ResultStore) -> None:
    """Copy a task's file into the store; a shipped task needs no copy.

    Raises
    ------
    XbenchError
        Where the store cannot be written.
    """
    if _is_file(task):
        folder = store.folder / FOLDER
        folder.mkdir(exist_ok=True)
        write_text(folder / f"{name}.toml", Path(task).read_text(encoding="utf-8"))


def _is_file(task: str) -> bool:
    return Path(task).suffix == ".toml"


def known_tasks(store: ResultStore) -> dict[str, Task]:
    """Return the shipped tasks and those kept in a store, by name."""
    shipped = {entry.name: load_task(entry.name) for entry in entries("task")}
    kept = {path.stem: load_task(path) for path in sorted((store.folder / FOLDER).glob("*.toml"))}
    return {**kept, **shipped}
