"""Find what Python and TOML files declare, by reading them, without running anything."""

import ast
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from xbench.errors import XbenchError

Source = Literal["built-in", "entry point", "file"]


@dataclass(frozen=True)
class Entry:
    """A thing that has a name, and where it is defined. Plain text: safe to send to a worker.

    Parameters
    ----------
    kind
        ``"method"``, ``"dataset"``, ``"task"``, ``"surrogate"`` or ``"metric"``.
    name
        By which users call it.
    summary
        One line for lists.
    location
        Path of the file that defines it; ``module:attribute`` for an entry point.
    class_name
        The class in that file; empty for tasks, which are no classes.
    source
        ``"built-in"``, ``"entry point"`` of an installed package, or a ``"file"`` outside.
    version
        Raised by hand where results change; as the class itself declares it, else 1.

    Examples
    --------
    >>> Entry("method", "mine", "My method.", "mine.py", "Mine", "file").name
    'mine'
    """

    kind: str
    name: str
    summary: str
    location: str
    class_name: str
    source: Source
    version: int = 1


def scan_folder(kind: str, folder: Path, source: Source) -> list[Entry]:
    """List what the ``*.py`` files of a folder define, by file name; not those named ``_*``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     size = Path(folder, "mine.py").write_text("class Mine: name = 'mine'")
    ...     [entry.name for entry in scan_folder("method", Path(folder), "file")]
    ['mine']
    """
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return [entry for path in files for entry in scan_file(kind, path, source)]


def scan_file(kind: str, path: Path, source: Source) -> list[Entry]:
    """List the public top-level classes of a file that have a text ``name = "..."``.

    Raises
    ------
    XbenchError
        Where the file cannot be read, or is no valid Python (with the line).
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise XbenchError(f"{path}: {what}; give the path of a Python file") from error
    return list(_declared_entries(kind, path, source, content))


def scan_tasks(folder: Path) -> list[Entry]:
    """List the ``*.toml`` files of a folder: name and title as each declares them.

    Raises
    ------
    XbenchError
        Where a file is no valid TOML.
    """
    entries = []
    for path in sorted(folder.glob("*.toml")):
        try:
            declared = tomllib.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise XbenchError(f"{path}: is not valid TOML ({error}); correct it") from error
        name, title = str(declared.get("name", path.stem)), str(declared.get("title", ""))
        version = declared.get("version")
        number = version if type(version) is int else 1
        entries.append(Entry("task", name, title, str(path), "", "built-in", number))
    return entries


# What there is, is looked up again and again: of every file known so far, only the content is read.
@lru_cache(maxsize=1024)
def _declared_entries(kind: str, path: Path, source: Source, content: bytes) -> tuple[Entry, ...]:
    classes = [node for node in _parse(path, content).body if isinstance(node, ast.ClassDef)]
    return tuple(
        Entry(kind, name, _summary(node), str(path), node.name, source, _declared_version(node))
        for node in classes
        if not node.name.startswith("_") and (name := _declared_text(node, "name"))
    )


def _parse(path: Path, content: bytes) -> ast.Module:
    """Parse a Python file."""
    try:
        return ast.parse(content, filename=str(path))
    except SyntaxError as error:
        where = f"{path}:{error.lineno}" if error.lineno else str(path)
        raise XbenchError(f"{where}: is not valid Python ({error.msg}); correct it") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise XbenchError(f"{path}: is not Python text ({error}); correct it") from error


def _declared_text(node: ast.ClassDef, name: str) -> str | None:
    """Return the text that a class gives to a name in its body, if it does."""
    value = _declared(node, name)
    return value if isinstance(value, str) else None


def _declared_version(node: ast.ClassDef) -> int:
    """Return the number that a class gives to `version` in its body, else 1."""
    value = _declared(node, "version")
    return value if type(value) is int else 1


def _declared(node: ast.ClassDef, wanted: str) -> object:
    """Return the constant that a class gives to a name in its body, if it does."""
    for statement in node.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue
        named = any(isinstance(target, ast.Name) and target.id == wanted for target in targets)
        if named and isinstance(statement.value, ast.Constant):
            return statement.value.value
    return None


def _summary(node: ast.ClassDef) -> str:
    """Return what a class says of itself: its `description`, or its docstring's first line."""
    docstring = (ast.get_docstring(node) or "").strip()
    return _declared_text(node, "description") or docstring.partition("\n")[0]
