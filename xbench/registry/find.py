"""Find methods, datasets, tasks, surrogates and metrics by name; import only what is used.

Nothing is registered by hand. A class with a text ``name = "..."`` in a file of ``methods/``,
``datasets/``, ``xbench/surrogates/`` or ``xbench/metrics/`` is found by reading the file; so are
plug-ins, which a user points to (`xbench.registry.plugins`) or an installed package declares as
entry points of ``xbench.methods``, ``.datasets``, ``.surrogates``, ``.metrics`` and ``.tasks``.
What a class has to be is known where it is used, not here.
"""

import importlib.util
import inspect
import sys
import warnings
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from xbench.errors import XbenchError, XbenchWarning, unknown_name
from xbench.registry import plugins, scan

_PACKAGES = {
    "method": "xbench.methods",
    "dataset": "xbench.datasets",
    "surrogate": "xbench.surrogates",
    "task": "xbench.tasks",
    "metric": "xbench.metrics",
}
KINDS = tuple(_PACKAGES)


def entries(kind: str, folders: Sequence[Path] | None = None) -> list[scan.Entry]:
    """List everything of a kind, sorted by name, without importing any of it.

    Parameters
    ----------
    kind
        One of `KINDS`.
    folders
        Where to look, instead of in the installed package and the entry points.

    Raises
    ------
    XbenchError
        Where two of a kind have the same name: both places are named.

    Examples
    --------
    >>> [entry.name for entry in entries("task") if entry.name.startswith("table")]
    ['table1', 'table2']
    """
    if kind not in KINDS:
        raise unknown_name("kind", kind, KINDS)
    found = [entry for folder in _folders(kind, folders) for entry in _scan(kind, folder, folders)]
    if folders is None:
        found += _entry_points(kind, frozenset(entry.name for entry in found), tuple(sys.path))
        found += plugins.in_use(kind)
    return _sorted(found)


def plugged_in(kind: str) -> list[scan.Entry]:
    """List what is of a kind and did not come with xbench, cheaply: it is asked again and again."""
    return [*_entry_points(kind, frozenset(), tuple(sys.path)), *plugins.in_use(kind)]


def find(kind: str, name: str, folders: Sequence[Path] | None = None) -> scan.Entry:
    """Return the entry of that name; an unknown name is an error that names the nearest.

    Examples
    --------
    >>> find("task", "quick").class_name, find("method", "random").class_name
    ('', 'Random')
    >>> find("metric", "avgdelta")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    xbench.errors.XbenchError: unknown metric 'avgdelta'. Nearest: avg-delta, rel-delta, ...
    """
    by_name = {entry.name: entry for entry in entries(kind, folders)}
    if name not in by_name:
        raise unknown_name(kind, name, by_name)
    return by_name[name]


def methods_from_file(path: str | Path) -> list[scan.Entry]:
    """List the methods that a file outside of xbench defines: all of them, at least one.

    Raises
    ------
    XbenchError
        Where the file cannot be read, is no Python, defines no method, or two of one name.
    """
    found = plugins.entries_of_file(Path(path).absolute(), unknown="method")
    found = [entry for entry in found if entry.kind == "method"]
    if not found:
        what = 'defines no method (a class with a line such as name = "my-method")'
        raise XbenchError(f"{path}: {what}; see methods/random.py for an example")
    return _sorted(found)


def load(entry: scan.Entry) -> type:
    """Import the class of an entry, and nothing else.

    Across processes send the `Entry` and call this in the worker: a class from a file outside
    has no module that a worker could import by itself.

    Raises
    ------
    XbenchError
        Where the import fails, with file, line and error.
    """
    # Imported here: a list of what there is loads none of it.
    from xbench.registry import importing

    if entry.kind == "task":
        raise ValueError(f"a task is no class: {entry.name}")
    if entry.source == "session":
        return importing.class_of_session(entry)
    if entry.source == "built-in":
        module = f"{_PACKAGES[entry.kind]}.{Path(entry.location).stem}"
        return importing.class_of_module(module, entry.class_name)
    if entry.source in ("entry point", "module"):
        return importing.class_of_entry_point(entry.location)
    return importing.class_of_file(Path(entry.location), entry.class_name)


def explainer_class(name_or_path: str | Path) -> type:
    """Load the method of that name, or the only one of a ``*.py`` file.

    Examples
    --------
    >>> explainer_class("random").__name__
    'Random'
    """
    if Path(name_or_path).suffix != ".py":
        return load(find("method", str(name_or_path)))
    found = methods_from_file(name_or_path)
    if len(found) > 1:
        names = ", ".join(entry.name for entry in found)
        raise XbenchError(f"{name_or_path}: defines several methods ({names}); keep one a file")
    return load(found[0])


def dataset_source(name: str) -> Any:
    """Return an instance of the dataset's class; its data are not loaded yet."""
    return load(find("dataset", name))()


def source_files(entry: scan.Entry) -> list[Path]:
    """Return the files that an entry is made of, the one that defines it first.

    For a method outside of xbench they are its file and what it imports of its own package, or of
    the modules beside it (`xbench.registry.sources`); all else has one file, and a class of a
    session none. An entry point has to be imported for that.

    Raises
    ------
    XbenchError
        Where a file cannot be found or read.
    """
    from xbench.registry.sources import own_sources

    if entry.source == "built-in":
        return [Path(entry.location)]
    if entry.source == "file":
        return own_sources(Path(entry.location))
    if entry.source == "session":
        return []
    loaded = load(entry)
    try:
        return own_sources(Path(inspect.getfile(loaded)), loaded.__module__)
    except (TypeError, OSError) as error:
        raise XbenchError(f"{entry.location}: has no source file ({error})") from error


def source_digest(entry: scan.Entry) -> str:
    """Return 16 hex digits of what an entry is made of (`source_files`).

    Examples
    --------
    >>> len(source_digest(find("task", "quick")))
    16
    """
    from xbench.registry.sources import digest_of_files

    return entry.digest or digest_of_files(source_files(entry))


def method_version(entry: scan.Entry) -> int:
    """Return the version that a method declares; what it inherits counts too.

    A method that cannot be imported has the version that its file shows: its runs fail, and say
    why.

    Raises
    ------
    XbenchError
        Where the version is no whole number from 1.

    Examples
    --------
    >>> method_version(find("method", "random"))
    1
    """
    declared: object = entry.version
    # What xbench ships declares its version in its own class; the others may inherit it.
    if entry.source != "built-in":
        try:
            declared = getattr(load(entry), "version", entry.version)
        except (Exception, SystemExit):
            declared = entry.version
    if type(declared) is not int or declared < 1:
        raise XbenchError(
            f"{entry.location}: method {entry.name!r} has version {declared!r}; give a whole "
            "number from 1"
        )
    return declared


def _folders(kind: str, folders: Sequence[Path] | None) -> list[Path]:
    """Return the folders to look in: those given, else those of the installed package."""
    if folders is not None:
        return [Path(folder) for folder in folders]
    found = importlib.util.find_spec(_PACKAGES[kind])
    return [Path(place) for place in (found and found.submodule_search_locations) or []]


def _scan(kind: str, folder: Path, folders: Sequence[Path] | None) -> list[scan.Entry]:
    """List what one folder defines."""
    if kind == "task":
        return scan.scan_tasks(folder)
    return scan.scan_folder(kind, folder.absolute(), "built-in" if folders is None else "file")


# What is installed where modules are looked for does not change while a process lives.
@cache
def _installed(paths: Sequence[str]) -> Any:
    """Return all that installed packages declare, to select from: to look for it takes long."""
    return metadata.entry_points()


@cache
def _entry_points(kind: str, own: frozenset[str], paths: Sequence[str]) -> tuple[scan.Entry, ...]:
    """List what installed packages declare of a kind, but for what cannot be.

    A package that declares nonsense, or the name of something of xbench or of another package, is
    warned of; it must not keep the user from everything else.
    """
    found: dict[str, scan.Entry] = {}
    # One package can be listed twice, by an editable install and by its own folder.
    points = _installed(paths).select(group=_PACKAGES[kind])
    for entry in dict.fromkeys(_entry_of_point(kind, point) for point in points):
        module, separator, attribute = entry.location.partition(":")
        names = [*module.strip().split("."), *attribute.partition("[")[0].strip().split(".")]
        why = ""
        if kind == "task":
            entry, why = _task_of_package(entry)
        elif not separator or not all(map(str.isidentifier, names)):
            why = "is not of the form module:attribute"
        if entry.name in own:
            why = f"has the name of a {kind} of xbench"
        elif entry.name in found:
            why = f"has the name of {found[entry.name].location}"
        if why:
            what = f"{kind} {entry.name!r} ({entry.location}) {why}"
            package = entry.summary.removeprefix("From ").rstrip(".")
            _warn_once(f"{package}: {what}; it is left out")
        else:
            found[entry.name] = entry
    return tuple(found.values())


def _task_of_package(entry: scan.Entry) -> tuple[scan.Entry, str]:
    """Return a task that a package declares, or why there is none: a file in the package named."""
    try:
        spec = importlib.util.find_spec(entry.location.strip())
    except (Exception, SystemExit):
        spec = None
    for place in (spec and spec.submodule_search_locations) or []:
        if (file := Path(place, f"{entry.name}.toml")).is_file():
            try:
                return scan.task_of_file(file, "entry point"), ""
            except XbenchError as error:
                return entry, f"cannot be read ({error})"
    return entry, f"names no package with a file {entry.name}.toml"


@cache
def _warn_once(text: str) -> None:
    """Warn once a process: what there is, is looked up again and again."""
    warnings.warn(text, XbenchWarning, stacklevel=5)


def _entry_of_point(kind: str, point: metadata.EntryPoint) -> scan.Entry:
    package = f"{point.dist.name} {point.dist.version}" if point.dist else "an installed package"
    location = str(point.value)
    attribute = location.partition(":")[2].partition("[")[0].strip() or point.name
    return scan.Entry(kind, point.name, f"From {package}.", location, attribute, "entry point")


def _sorted(found: list[scan.Entry]) -> list[scan.Entry]:
    """Sort by name; refuse two of one name."""
    by_name: dict[str, scan.Entry] = {}
    for entry in found:
        if (other := by_name.setdefault(entry.name, entry)) is not entry:
            places = f"{other.location} and {entry.location}"
            raise XbenchError(f"two {entry.kind}s are named {entry.name!r}: {places}; rename one")
    return [by_name[name] for name in sorted(by_name)]
