"""Import one class of a file, a module or a session; where that fails, one line says why."""

import hashlib
import importlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from xbench.errors import XbenchError
from xbench.registry.scan import Entry, content_of
from xbench.registry.sources import digest_of_files, make_importable, own_sources


def class_of_module(module: str, name: str) -> type:
    """Import a class from an installed module.

    Examples
    --------
    >>> class_of_module("xbench.errors", "XbenchError").__name__
    'XbenchError'
    """
    return _class(importlib.import_module(module), name, module)


def class_of_entry_point(location: str) -> type:
    """Import the class that an entry point of another package names (``module:attribute``).

    Raises
    ------
    XbenchError
        Where that package cannot be imported, or has no such class.

    Examples
    --------
    >>> class_of_entry_point("xbench.errors:XbenchError").__name__
    'XbenchError'
    """
    name, _, attribute = location.partition(":")
    try:
        module = importlib.import_module(name.strip())
    except (Exception, SystemExit) as error:
        what = f"cannot be imported ({_one_line(error)})"
        raise XbenchError(f"{location}: {what}; repair or uninstall that package") from error
    return _class(module, attribute.partition("[")[0].strip(), location)


def class_of_session(entry: Entry) -> type:
    """Return the class that an entry carries: of the session that plugged it in.

    The bytes never come from a file: they were made by `xbench.registry.plugins` in the process
    that started the workers, and are handed to them as all else is.
    """
    import cloudpickle

    found: type = cloudpickle.loads(entry.payload)
    return found


def class_of_file(path: Path, name: str) -> type:
    """Import a class from a file that belongs to no package.

    The module gets a name of its own, made from path and content: two files of the same name do
    not collide, and an edited file is read again. It is entered in `sys.modules`, where
    dataclasses and pickle look a class' module up. It may import modules that lie beside it;
    an edited one is read again too.

    Raises
    ------
    XbenchError
        With file, line and error, where running the file fails.
    """
    return _class(_module_of_file(path), name, str(path))


def attribute_of(location: str) -> object:
    """Return what ``FILE.py:NAME`` or ``package.module:NAME`` means, importing no more than that.

    Raises
    ------
    XbenchError
        Where it is of another form, cannot be imported, or there is no such name.

    Examples
    --------
    >>> attribute_of("math:pi")
    3.141592653589793
    """
    place, colon, name = location.rpartition(":")
    if not colon or not place or not all(part.isidentifier() for part in name.split(".")):
        raise XbenchError(f"{location}: must be FILE.py:NAME or MODULE:NAME, such as model.py:make")
    if place.endswith(".py"):
        module = _module_of_file(Path(place).absolute())
    else:
        try:
            module = importlib.import_module(place)
        except (Exception, SystemExit) as error:
            what = f"cannot be imported ({_one_line(error)})"
            raise XbenchError(f"{place}: {what}; give the path of a file, or install it") from error
    found: object = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise XbenchError(f"{place}: has no {name!r}; correct the name")
        found = getattr(found, part)
    return found


def _module_of_file(path: Path) -> ModuleType:
    content = content_of(path)
    files = own_sources(path)
    module_name = _module_name(files)
    module = sys.modules.get(module_name)
    if module is None:
        make_importable(files)
        module = _run_file(path, content, module_name)
    return module


def _module_name(files: Sequence[Path]) -> str:
    text = f"{files[0].resolve()}\0{digest_of_files(files)}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    stem = "".join(letter if letter.isalnum() else "_" for letter in files[0].stem)
    return f"xbench_file_{stem}_{digest}"


# The module of a method's file, for the processes that a method starts. With the file's own future
# statements, and no others.
_IMPORTED = """__file__ = {path!r}
with open(__file__, "rb") as _file:
    exec(compile(_file.read(), __file__, "exec", dont_inherit=True), globals())
"""


def let_processes_import(entry: Entry, folder: Path) -> None:
    """Let processes that a method starts import the file it comes from, by its module's name.

    Functions and classes of the file are sent to a process by that name, as joblib,
    multiprocessing and the loaders of torch do. They hand `sys.path` on, so a file in a folder of
    it is found.

    Parameters
    ----------
    entry
        The method; nothing is done for one that is in an installed package.
    folder
        Of the run's own; a folder is made in it and added to `sys.path`.
    """
    if entry.source != "file":
        return
    path = Path(entry.location)
    place = folder / ".modules"
    place.mkdir(exist_ok=True)
    name = _module_name(own_sources(path))
    (place / f"{name}.py").write_text(_IMPORTED.format(path=str(path.absolute())), "utf-8")
    sys.path.append(str(place))


def _run_file(path: Path, content: bytes, module_name: str) -> ModuleType:
    """Run a file as a new module; a failing one leaves no half-made module behind."""
    module = ModuleType(module_name)
    module.__file__ = str(path)
    sys.modules[module_name] = module
    try:
        # Not by an import: Python would take the bytecode it keeps beside the file for one that
        # was edited within the same second to the same length.
        # `dont_inherit`: the future statements of this file are not the method's.
        exec(compile(content, str(path), "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        what = f"cannot be imported ({_one_line(error)})"
        raise XbenchError(f"{path}:{_line_in(path, error)}: {what}; correct it") from error
    except BaseException:
        del sys.modules[module_name]
        raise
    return module


def _class(module: ModuleType, name: str, where: str) -> type:
    """Return a class of a module."""
    found: object = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type):
        raise XbenchError(f"{where}: has no class {name!r}; correct the name")
    return found


def _line_in(path: Path, error: BaseException) -> int:
    """Return the last line of the file that took part in an error."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path) and frame.lineno]
    if isinstance(error, SyntaxError) and error.filename == str(path) and error.lineno:
        return error.lineno
    return lines[-1] if lines else 1


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
