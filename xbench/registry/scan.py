"""Find what Python and TOML files declare, by reading them: nothing of them is run."""

import ast
import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from xbench.errors import XbenchError

Source = Literal["built-in", "entry point", "file", "module", "session"]


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
        Path of the file that defines it; ``module:attribute`` for an entry point and a module.
    class_name
        The class in that file. Of a task, which is no class, the variable that holds its text;
        empty where it is a file of its own.
    source
        ``"built-in"``, ``"entry point"`` of an installed package, a ``"file"`` outside, a
        ``"module"`` that can be imported, or a class of this ``"session"``.
    version
        Raised by hand where results change; as the class itself declares it, else 1.
    digest
        16 hex digits of its sources, for plug-ins: an edited file is another entry.
    payload
        The class itself, as cloudpickle writes it, where it is of this session.

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
    digest: str = ""
    payload: bytes = field(default=b"", repr=False)


_GIVES_A_NAME = re.compile(rb"^[ \t]+name\b[^=\n]*=", re.MULTILINE)


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
    content = content_of(path)
    # Half of start-up would be the parsing of our own files that define nothing with a name.
    if source == "built-in" and not _GIVES_A_NAME.search(content):
        return []
    return list(_declared_entries(kind, path, source, content))


def content_of(path: Path) -> bytes:
    """Return the bytes of a Python file."""
    try:
        return path.read_bytes()
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise XbenchError(f"{path}: {what}; give the path of a Python file") from error


def scan_tasks(folder: Path) -> list[Entry]:
    """List the ``*.toml`` files of a folder: name and title as each declares them.

    Raises
    ------
    XbenchError
        Where a file is no valid TOML.
    """
    return [task_of_file(path, "built-in") for path in sorted(folder.glob("*.toml"))]


def task_of_file(path: Path, source: Source) -> Entry:
    """Return the task that a TOML file declares.

    Raises
    ------
    XbenchError
        Where it cannot be read or is no valid TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise XbenchError(f"{path}: cannot be read ({error}); give a task's .toml file") from error
    return _task(text, path, str(path), "", source)


def task_of_text(text: str, path: Path, variable: str) -> Entry:
    """Return the task that a text in a Python file declares."""
    return _task(text, path, f"{path}: {variable}", variable, "file")


def _task(text: str, path: Path, where: str, variable: str, source: Source) -> Entry:
    try:
        declared = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise XbenchError(f"{where}: is not valid TOML ({error}); correct it") from error
    name, title = str(declared.get("name", path.stem)), str(declared.get("title", ""))
    version = declared.get("version")
    number = version if type(version) is int else 1
    return Entry("task", name, title, str(path), variable, source, number)


def texts_of(tree: ast.Module) -> dict[str, str]:
    """Return the texts that a module gives to its variables, by name."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def task_text(entry: Entry) -> str:
    """Return the TOML of a task in a variable of a Python file."""
    return texts_of(parse_file(Path(entry.location)))[entry.class_name]


# What there is, is looked up again and again: of every file known so far, only the content is read.
@lru_cache(maxsize=1024)
def _declared_entries(kind: str, path: Path, source: Source, content: bytes) -> tuple[Entry, ...]:
    tree = _tree_of_heads(content) if source == "built-in" else None
    tree = tree or _parse(path, content)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    found = [entry_of_node(kind, node, path, source) for node in classes]
    return tuple(entry for entry in found if entry is not None)


# A class up to its first method: what it says of itself stands there in files of ours.
_HEAD = re.compile(
    rb"^class .*?(?=^(?:    (?:async )?def |    @|[^\s)])|\Z)", re.MULTILINE | re.DOTALL
)


def _tree_of_heads(content: bytes) -> ast.Module | None:
    """Parse the heads of classes alone, which is a fifth of the work; None where that fails."""
    try:
        return ast.parse(b"\n".join(_HEAD.findall(content)))
    except (SyntaxError, ValueError):
        return None


def entry_of_node(
    kind: str, node: ast.ClassDef, path: Path, source: Source, module: str = "", digest: str = ""
) -> Entry | None:
    """Return the entry of a public class that gives itself a name; None of any other.

    Parameters
    ----------
    kind
        What it is.
    node, path
        The class, and the file that it was read from.
    source, module, digest
        See `Entry`; the module's dotted name where it can be imported by that.
    """
    name = _declared_text(node, "name")
    if node.name.startswith("_") or not name:
        return None
    location = f"{module}:{node.name}" if module else str(path)
    version = _declared_version(node)
    return Entry(kind, name, _summary(node), location, node.name, source, version, digest)


def parse_file(path: Path) -> ast.Module:
    """Parse a Python file.

    Raises
    ------
    XbenchError
        Where it cannot be read, or is no valid Python (with the line).
    """
    return _parse(path, content_of(path))


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
