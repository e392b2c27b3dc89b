"""The source files that a plug-in is made of: its own, and what it imports of its own package.

Found by reading import statements, so that the answer does not depend on what a process happens
to have imported. An import by a computed name (`importlib.import_module`) is not seen.
"""

import ast
import contextlib
import hashlib
import importlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from importlib.util import cache_from_source
from pathlib import Path

from xbench.errors import XbenchError

# Part of no plug-in, even where a method's file lies beside a checkout of it.
_NEVER_OWN = "xbench"


def own_sources(path: Path, module: str = "") -> list[Path]:
    """Return a file and the files of its own package or folder that it imports, directly or not.

    Parameters
    ----------
    path
        The file.
    module
        Its dotted name where it belongs to an installed package: files of that package count.
        Empty for a file of a user: modules and packages beside it count.

    Returns
    -------
    list of Path
        The file first, then the others, sorted. Installed libraries, xbench among them, are left
        out.

    Raises
    ------
    XbenchError
        Where a file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, text in {"mine": "import numpy, helper", "helper": "", "other": ""}.items():
    ...         size = Path(folder, f"{name}.py").write_text(text)
    ...     [source.name for source in own_sources(Path(folder, "mine.py"))]
    ['mine.py', 'helper.py']
    """
    path = path.absolute()
    start = module or path.stem
    base = path.parents[_depth(path, start)]
    package = start.partition(".")[0] if module else ""
    found = {path}
    # The packages that a module lies in are run before it.
    waiting = [(path, start), *_files_of(start.rpartition(".")[0], base)]
    while waiting:
        file, name = waiting.pop()
        found.add(file)
        for imported in _imported(file, name):
            top = imported.partition(".")[0]
            if top == package or (not package and not _is_installed(top, base)):
                waiting += [one for one in _files_of(imported, base) if one[0] not in found]
    return [path, *sorted(found - {path})]


def digest_of_files(files: Sequence[Path]) -> str:
    """Return 16 hex digits of the bytes of files and of where they lie beside the first.

    Of a single file these are the first 16 of the SHA-256 of its bytes.

    Parameters
    ----------
    files
        At least one, as `own_sources` returns them.

    Raises
    ------
    XbenchError
        Where a file cannot be read.
    """
    digests = [hashlib.sha256(_content(file)).hexdigest() for file in files]
    if len(files) == 1:
        return digests[0][:16]
    places = [Path(os.path.relpath(file, files[0].parent)).as_posix() for file in files]
    text = json.dumps(sorted(zip(places, digests, strict=True)))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


class _PluginFolder(str):
    """An entry of `sys.path` that was put there for the file of a plug-in."""

    __slots__ = ()


def make_importable(files: Sequence[Path]) -> None:
    """Let a file of a user import the modules beside it, as they are on the disk now.

    Its folder goes behind everything installed, so that no library is hidden by a module of the
    same name, and before the folders of other plug-ins.

    Parameters
    ----------
    files
        The file and its own modules, as `own_sources` returns them.
    """
    folder = _PluginFolder(files[0].parent)
    others = [one for one in sys.path if isinstance(one, _PluginFolder) and one != folder]
    installed = [one for one in sys.path if not isinstance(one, _PluginFolder)]
    added = [] if str(folder) in installed else [folder]
    sys.path[:] = [*installed, *added, *others]
    # A module that was imported before may have been edited, or be of another folder.
    own = {_top_level(file, files[0].parent) for file in files[1:]}
    for name in [name for name in sys.modules if name.partition(".")[0] in own]:
        del sys.modules[name]
    for file in files[1:]:
        # Python would take it for that of a file that was edited within the same second to the
        # same length. Where it cannot be removed Python could not have written it either.
        with contextlib.suppress(OSError, NotImplementedError):
            Path(cache_from_source(str(file))).unlink()
    importlib.invalidate_caches()


def _top_level(file: Path, base: Path) -> str:
    return Path(file.relative_to(base).parts[0]).stem


def _is_installed(top: str, base: Path) -> bool:
    """Whether an import finds a library, in spite of a file of that name in a folder."""
    if top == _NEVER_OWN or top in sys.stdlib_module_names:
        return True
    places = [one for one in sys.path if not isinstance(one, _PluginFolder)]
    found = PathFinder.find_spec(top, places)
    return found is not None and (
        found.origin is not None and not Path(found.origin).absolute().is_relative_to(base)
    )


def _depth(path: Path, module: str) -> int:
    """Return how many folders a module lies below the one that holds its package."""
    return module.count(".") + (path.name == "__init__.py")


def _files_of(module: str, base: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files that an import of a dotted name runs, with the name of each."""
    parts = module.split(".") if module else []
    for length in range(1, len(parts) + 1):
        place = base.joinpath(*parts[:length])
        for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if file.is_file():
                yield file, ".".join(parts[:length])
                break


def _imported(file: Path, name: str) -> Iterator[str]:
    """Yield the dotted names that a file's import statements may import."""
    try:
        tree = ast.parse(_content(file))
    except (SyntaxError, ValueError):
        return  # Its import fails, and the run that needs it says so.
    parents = name.split(".")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            dropped = node.level - (file.name == "__init__.py")
            above = parents[: len(parents) - dropped] if node.level else []
            source = [*above, *(node.module.split(".") if node.module else [])]
            # What is named after "import" may be a module too.
            yield from (".".join([*source, alias.name]) for alias in node.names)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise XbenchError(f"{file}: cannot be read ({error.strerror})") from error
