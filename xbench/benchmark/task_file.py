"""A task's file as it is written: TOML, read with errors that name the line."""

import re
import tomllib
from pathlib import Path
from typing import Any

from xbench.errors import XbenchError


def read_toml(path: Path, text: str) -> dict[str, Any]:
    """Parse a task's text; a syntax error names file and line.

    Parameters
    ----------
    path
        The file, for the error's text.
    text
        TOML.

    Raises
    ------
    XbenchError
        It is no TOML.

    Examples
    --------
    >>> read_toml(Path("mine.toml"), 'name = "mine"')
    {'name': 'mine'}
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = found[1] if found else str(text.count("\n") + 1)
        what = re.sub(r" \(at .*\)$", "", str(error))
        raise XbenchError(f"{path}:{line}: is not valid TOML ({what}); correct it") from error
    except ValueError as error:
        # Python turns no text of more than some thousand digits into a number.
        raise XbenchError(f"{path}: has a number of too many digits; correct it") from error
    except RecursionError as error:
        raise XbenchError(f"{path}: is nested too deeply; correct it") from error
