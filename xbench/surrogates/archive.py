"""Opening an archive of `torch.export.save` without running what is in it.

The library takes such a file from a friend: it falls back to unpickling, reads expressions by
evaluating them, and lets a program call anything below ``torch``. So all is looked at first, and
whatever a plain program of tensor operations does not need is refused.
"""

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


def load_archive(path: Path) -> nn.Module:
    """Return the program of a ``.pt2`` file as a module.

    Raises
    ------
    XbenchError
        Where it is no such archive, damaged, or holds what could run code.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _look_through(archive, path)
    except (OSError, zipfile.BadZipFile, EOFError, RuntimeError) as error:
        what = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise XbenchError(f"{path}: cannot be read as an archive ({what})") from error
    try:
        with _weights_only():
            return _Program(torch.export.load(path).module())
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


def _look_through(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse whatever could run code."""
    programs = 0
    if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
        raise XbenchError(f"{path}: unpacks to more than {_MOST_BYTES >> 30} GiB; it is refused")
    for member in archive.infolist():
        name = member.filename
        if "custom_obj" in name or name.endswith((".so", ".o", ".cpp", ".py", ".pkl")):
            raise XbenchError(f"{path}: holds {name}, which could run code; it is refused")
        if not name.endswith(".json"):
            continue
        try:
            content = json.loads(archive.read(member))
        except (ValueError, RecursionError) as error:
            raise XbenchError(f"{path}: {name} is damaged ({error}); export it again") from error
        for key, value in _fields(content):
            if key == "use_pickle" and value:
                raise XbenchError(f"{path}: {name} has pickled weights, which are refused")
            if key == "target" and isinstance(value, str) and not _is_plain(value):
                raise XbenchError(f"{path}: calls {value!r}, which is no tensor operation")
            if key == "expr_str" and not _is_expression(value):
                raise XbenchError(f"{path}: has the expression {str(value)[:80]!r}; it is refused")
        programs += "graph_module" in content if isinstance(content, dict) else 0
    if not programs:
        raise XbenchError(f"{path}: holds no program of torch.export.save")


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


def _fields(content: Any) -> Iterator[tuple[str, Any]]:
    """Yield every field of nested JSON by its name."""
    waiting = [content]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from one.items()
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
