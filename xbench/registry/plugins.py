"""Plug-ins that a user points to: a file, a folder, a module or a class, of every kind.

A file is read, not run: of which kind a class is, its bases and what it defines tell. What is in
use is known inside of a ``with`` block alone; workers are told (`enter`).
"""

import ast
import hashlib
import importlib.util
import inspect
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeAlias

from xbench.errors import XbenchError
from xbench.registry import scan
from xbench.registry.scan import Entry, Source

Plugin: TypeAlias = "str | Path | type | Entry"

BASES = {
    "Explainer": "method",
    "DatasetSource": "dataset",
    "DownloadedSource": "dataset",
    "Surrogate": "surrogate",
    "Metric": "metric",
}
# Where a base is imported from elsewhere, what a class defines tells.
_DEFINES = {"explain": "method", "load": "dataset", "recipe": "surrogate", "compute": "metric"}
# A task in a Python file: a text in TOML under a name that ends so.
_TASK = "TASK"

_IN_USE: ContextVar[tuple[Entry, ...]] = ContextVar("plug-ins in use", default=())


def in_use(kind: str | None = None) -> tuple[Entry, ...]:
    """Return what the plug-ins in use define, of one kind or of all."""
    return tuple(one for one in _IN_USE.get() if kind in (None, one.kind))


@contextmanager
def using(plugins: Iterable[Plugin]) -> Iterator[tuple[Entry, ...]]:
    """Let everything be found that plug-ins define, in addition to what was in use before.

    Parameters
    ----------
    plugins
        See `plugin_entries`.

    Raises
    ------
    XbenchError
        Where a plug-in cannot be read or defines nothing.

    Examples
    --------
    >>> class First:
    ...     '''The first features.'''
    ...     name = "first"
    ...     def explain(self, problem): ...
    >>> with using([First]) as entries:
    ...     [(entry.kind, entry.name) for entry in entries]
    [('method', 'first')]
    >>> in_use()
    ()
    """
    found = [entry for plugin in plugins for entry in plugin_entries(plugin)]
    token = _IN_USE.set(tuple(dict.fromkeys((*_IN_USE.get(), *found))))
    try:
        yield tuple(found)
    finally:
        _IN_USE.reset(token)


def enter(entries: Sequence[Entry]) -> None:
    """Use plug-ins for as long as this process lives: what a worker is told."""
    _IN_USE.set(tuple(entries))


def plugin_entries(plugin: Plugin) -> list[Entry]:
    """List what a plug-in defines.

    Parameters
    ----------
    plugin
        A ``.py`` file; a ``.toml`` file, which is a task; a folder of such files; the dotted name
        of a module or package that can be imported; or a class.

    Raises
    ------
    XbenchError
        Where it cannot be read, defines nothing, or has a class of no known kind.
    """
    if isinstance(plugin, Entry):
        return [plugin]
    if isinstance(plugin, type):
        return [entry_of_class(plugin)]
    path, text = Path(plugin), str(plugin)
    if path.is_dir():
        found = _of_folder(path.absolute(), "")
    elif path.suffix == ".toml":
        found = [scan.task_of_file(path.absolute(), "file")]
    elif path.suffix == ".py" or path.is_file() or "/" in text or not _is_dotted(text):
        found = entries_of_file(path.absolute())
    else:
        found = _of_module(text)
    if not found:
        raise XbenchError(
            f'{plugin}: defines nothing: no class with a line such as name = "mine", and no task'
        )
    return found


def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _of_folder(folder: Path, module: str) -> list[Entry]:
    """List what the files of a folder define; of an installed package where a module is named."""
    found = []
    for path in sorted(folder.glob("*.py")):
        if path.name == "__init__.py" and module:
            found += entries_of_file(path, module)
        elif not path.name.startswith("_"):
            found += entries_of_file(path, f"{module}.{path.stem}" if module else "")
    return found + [scan.task_of_file(path, "file") for path in sorted(folder.glob("*.toml"))]


def _of_module(name: str) -> list[Entry]:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        spec = None
    if spec is None:
        raise XbenchError(
            f"plug-in {name!r}: there is no module of that name, and no file; give a .py or .toml "
            "file, a folder, or a module that can be imported"
        )
    if spec.submodule_search_locations:
        return [
            one
            for place in spec.submodule_search_locations
            for one in _of_folder(Path(place), name)
        ]
    return entries_of_file(Path(spec.origin or ""), name)


def entries_of_file(path: Path, module: str = "", unknown: str | None = None) -> list[Entry]:
    """List what a Python file defines, of every kind, without running it.

    Parameters
    ----------
    path
        The file.
    module
        Its dotted name where it can be imported by that.
    unknown
        The kind of a class whose kind nothing tells; an error where None.

    Raises
    ------
    XbenchError
        Where it is no valid Python, or has a class with a name but of no known kind.
    """
    # Imported here: most commands plug nothing in.
    from xbench.registry.sources import digest_of_files, own_sources

    tree = scan.parse_file(path)
    source: Source = "module" if module else "file"
    files = own_sources(path, module)
    digest = digest_of_files(files)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    found = []
    for node in classes.values():
        kind = _kind(node, classes) or unknown
        entry = scan.entry_of_node(kind or "", node, path, source, module, digest)
        if entry is not None and kind is None:
            raise XbenchError(
                f"{path}:{node.lineno}: class {node.name} has a name, but is of no kind that can "
                f"be plugged in; derive it from one of: {', '.join(sorted(BASES))}, or let its "
                "name begin with _"
            )
        found += [entry] if entry is not None else []
    for variable, text in scan.texts_of(tree).items():
        if variable == _TASK or variable.endswith(f"_{_TASK}"):
            found.append(scan.task_of_text(text, path, variable))
    return found


def _kind(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> str | None:
    """Return the kind of a class: by its bases, theirs in the same file, or what it defines."""
    names = [
        base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
        for base in node.bases
    ]
    for name in names:
        if name in BASES:
            return BASES[name]
        if name in classes and name != node.name:
            rest = {one: of for one, of in classes.items() if one != node.name}
            if (kind := _kind(classes[name], rest)) is not None:
                return kind
    defined = [one.name for one in node.body if isinstance(one, ast.FunctionDef)]
    return next((kind for name, kind in _DEFINES.items() if name in defined), None)


def entry_of_class(given: type) -> Entry:
    """Return the entry of a class, which may be of a notebook: it carries the class itself.

    Raises
    ------
    XbenchError
        Where it has no name, is of no known kind, or cannot be sent to a worker.
    """
    # Imported here: only who plugs in a class waits for it.
    import cloudpickle

    name = getattr(given, "name", None)
    if not isinstance(name, str) or not name:
        raise XbenchError(f'class {given.__name__}: has no name; add a line such as name = "mine"')
    bases = [BASES[one.__name__] for one in given.__mro__ if one.__name__ in BASES]
    bases += [kind for method, kind in _DEFINES.items() if method in vars(given)]
    if not bases:
        raise XbenchError(
            f"class {given.__name__}: is of no kind that can be plugged in; derive it from one of: "
            f"{', '.join(sorted(BASES))}"
        )
    try:
        payload: bytes = cloudpickle.dumps(given)
    except Exception as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise XbenchError(
            f"class {given.__name__}: cannot be sent to a worker ({what}); write it into a file"
        ) from error
    try:
        text = inspect.getsource(given).encode()
    except (OSError, TypeError):
        text = payload
    version = getattr(given, "version", 1)
    return Entry(
        kind=bases[0],
        name=name,
        summary=(inspect.getdoc(given) or "").partition("\n")[0],
        location=f"{given.__module__}:{given.__qualname__}",
        class_name=given.__name__,
        source="session",
        version=version if type(version) is int else 1,
        digest=hashlib.sha256(text).hexdigest()[:16],
        payload=payload,
    )
