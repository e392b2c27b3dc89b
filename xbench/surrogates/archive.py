"""Opening an archive of `torch.export.save` without running what is in it.

The library takes such a file from a friend: it falls back to unpickling, reads expressions by
evaluating them, imports what a layout of inputs names, executes guards, and lets a program call
anything below ``torch``. So all is looked at first, whatever a plain program of tensor operations
does not need is refused, and what the library is given is a copy made of what was looked at: it
cannot read the file in another way.
"""

import io
import json
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from xbench.errors import XbenchError

# Operations of tensors, and arithmetic of sizes.
_OPERATORS = re.compile(
    r"torch\.ops\.(aten|prims)\.\w+(\.\w+)?|"
    r"_operator\.(add|sub|mul|truediv|floordiv|mod|neg|pow|getitem|eq|ne|lt|le|gt|ge)|"
    r"math\.(ceil|floor|trunc)|torch\.sym_(int|float|max|min|not|sqrt)"
)
# Of these operations, the ones that reach beyond tensors.
_BEYOND = re.compile(r"torch\.ops\.aten\.(from_file|save|_save|load)\b")
# Expressions of sizes, as SymPy spells them: symbols, numbers, a few functions and assumptions.
_QUOTED = re.compile(r"'[su]\d+'")
_NAMES = """
Symbol Integer Rational Float Add Mul Pow Max Min Mod FloorDiv CeilDiv CleanDiv PythonMod Eq Ne
Equality Unequality StrictLessThan LessThan StrictGreaterThan GreaterThan True False oo int_oo
precision integer positive negative nonnegative nonpositive zero finite real
"""
_WORDS = frozenset(_NAMES.split())
_SYMBOL = re.compile(r"[su]\d+")
_MOST_BYTES = 8 << 30
# The members that a plain program has, below the archive's own folder.
_MEMBERS = re.compile(
    r"models/model\.json|data/(weights|constants)/(model_(weights|constants)_config\.json|\w+)|"
    r"data/sample_inputs/model\.pt|archive_(format|version)|byteorder|\.data/(version|serialization_id)"
)
# Types in the layout of inputs and outputs.
_LAYOUTS = (None, "builtins.tuple", "builtins.list", "builtins.dict")


def load_archive(path: Path) -> nn.Module:
    """Return the program of a ``.pt2`` file as a module.

    Raises
    ------
    XbenchError
        Where it is no such archive, damaged, or holds what could run code.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            copy = _looked_through(archive, path)
    except (OSError, zipfile.BadZipFile, EOFError, RuntimeError) as error:
        what = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise XbenchError(f"{path}: cannot be read as an archive ({what})") from error
    try:
        with _weights_only():
            return _Program(torch.export.load(copy).module())
    except Exception as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise XbenchError(
            f"{path}: is no archive of torch.export.save that this torch reads ({what}); export "
            "it again with the same version"
        ) from error


class _Program(nn.Module):
    """A program as it was exported: it has no modes, and cannot be put into one."""

    def __init__(self, program: nn.Module) -> None:
        super().__init__()
        self._held = (program,)

    def forward(self, *given: torch.Tensor, **named: torch.Tensor) -> Any:
        """Run the program."""
        return self._held[0](*given, **named)


def _looked_through(archive: zipfile.ZipFile, path: Path) -> io.BytesIO:
    """Return a copy of an archive, made of members that cannot run code; refuse any other."""
    if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
        raise XbenchError(f"{path}: unpacks to more than {_MOST_BYTES >> 30} GiB; it is refused")
    copy, programs, seen = io.BytesIO(), 0, set()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as made:
        for member in archive.infolist():
            name = member.filename
            if not _MEMBERS.fullmatch(name.partition("/")[2]) or name.casefold() in seen:
                raise XbenchError(f"{path}: holds {name!r}, which could run code; it is refused")
            seen.add(name.casefold())
            content = archive.read(member)
            if name.endswith(".json"):
                parsed = _parsed(content, f"{path}: {name}")
                _check_fields(parsed, path, name)
                if name.endswith("models/model.json"):
                    programs += "graph_module" in parsed if isinstance(parsed, dict) else 0
                content = json.dumps(parsed).encode()
            made.writestr(name, content)
    if programs != 1:
        raise XbenchError(f"{path}: holds no program of torch.export.save")
    copy.seek(0)
    return copy


def _parsed(content: bytes | str, where: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise XbenchError(f"{where} is damaged ({error}); export it again") from error


def _check_fields(content: Any, path: Path, name: str) -> None:
    """Refuse fields that could run code, and drop those that nothing needs."""
    for fields in _dictionaries(content):
        if "metadata" in fields:
            # Where a node came from, in words that the library looks up.
            fields["metadata"] = {}
        for key, value in fields.items():
            if key == "use_pickle" and value:
                raise XbenchError(f"{path}: {name} has pickled weights, which are refused")
            if key == "target" and isinstance(value, str) and not _is_plain(value):
                raise XbenchError(f"{path}: calls {value!r}, which is no tensor operation")
            if key == "expr_str" and not _is_expression(value):
                raise XbenchError(f"{path}: has the expression {str(value)[:80]!r}; it is refused")
            if key == "guards_code" and value:
                raise XbenchError(f"{path}: has guards, which are code; export it without them")
            if key in ("in_spec", "out_spec") and not _is_layout(value, path, name):
                raise XbenchError(f"{path}: has inputs or outputs of a type of its own; refused")


def _is_layout(text: Any, path: Path, name: str) -> bool:
    """Whether a layout has tuples, lists and dictionaries with texts as keys alone."""
    if text in ("", None):
        return True
    layout = _parsed(text, f"{path}: {name}") if isinstance(text, str) else text
    for fields in _dictionaries(layout):
        context = fields.get("context")
        if isinstance(context, str):
            context = _parsed(context, f"{path}: {name}")
        keys = context is None or (
            isinstance(context, list) and all(isinstance(key, str) for key in context)
        )
        if fields.get("type") not in _LAYOUTS or not keys:
            return False
    return True


def _is_plain(target: str) -> bool:
    return bool(_OPERATORS.fullmatch(target)) and not _BEYOND.match(target)


def _is_expression(text: Any) -> bool:
    if not isinstance(text, str) or len(text) > 2000:
        return False
    plain = _QUOTED.sub("", text)
    # No other quotes, no underscores in a row, no attribute of anything.
    if re.search(r"[^\w\s+\-*/(),<>=.]|__|\.\s*[A-Za-z_]", plain):
        return False
    words = re.findall(r"[A-Za-z_]\w*", plain)
    return all(word in _WORDS or _SYMBOL.fullmatch(word) for word in words)


def _dictionaries(content: Any) -> Iterator[dict[str, Any]]:
    """Yield every dictionary of nested JSON."""
    waiting = [content]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


@contextmanager
def _weights_only() -> Iterator[None]:
    """Let the library unpickle nothing but tensors meanwhile, whatever it asks for itself."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
