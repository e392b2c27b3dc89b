"""What a user reads when files are refused, and that `validate` finds the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xbench.data.multiome import read_multiome
from xbench.data.multiome.validate import validate
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchError


def refusal(path: Path, *, genome: str | None = None, **options: Any) -> str:
    """Return the error's text, after checking that it is one line that names a file.

    `validate` must find it too: as a problem, or as what keeps the path from being opened.
    """
    reading = ReadOptions(**{"binarize": True, **options})
    with pytest.raises(XbenchError) as caught:
        read_multiome(path, name="user", reading=reading, genome=genome)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith((str(path), str(reading.labels)))
    assert ";" in message  # what is wrong; what to do
    assert message in problems(path, reading, genome)
    return message


def problems(path: Path, reading: ReadOptions, genome: str | None = None) -> list[str]:
    try:
        report = validate(path, reading, genome)
    except XbenchError as error:
        return [str(error)]
    assert not report.will_do
    return report.problems
