"""Pairs of places in a .bedpe file, such as called loops."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from xbench.data.coordinates import base_pairs
from xbench.data.genome import chromosome_name
from xbench.data.text_table import Row, read_rows, read_text
from xbench.errors import XbenchError


class Loop(NamedTuple):
    """Two places that were found to touch: chromosome of each, then start and end of each."""

    chrom: str
    other: str
    ends: tuple[int, int, int, int]


def read_bedpe(path: Path) -> tuple[list[Loop], int]:
    """Read pairs of places: chrom1, start1, end1, chrom2, start2, end2, separated by tabs.

    Further columns, lines that begin with ``#``, a line of names wherever it is repeated, ``track``
    and ``browser`` lines are passed over. Any text that `xbench.data.text_table` reads will do,
    gzipped or not.

    Returns
    -------
    list of Loop, int
        The pairs, and how many more have an end that is not known (``.``, or from -1 to -1).

    Raises
    ------
    XbenchError
        No such file, or a line that is no such pair, with its number.
    """
    try:
        lines = list(read_rows(read_text(path), "\t", path, ("#",)))
    except XbenchError as error:
        raise XbenchError(f"{path}: cannot be read as loops ({error})") from error
    found = [_loop(row, path.name) for row in _without_headers(lines)]
    loops = [loop for loop in found if loop is not None]
    return loops, len(found) - len(loops)


# Where start1, end1, start2, end2 stand.
_NUMBERS = (1, 2, 4, 5)
_TRACK = re.compile(r"(track|browser)(\s.*)?", re.DOTALL)


def _without_headers(rows: list[Row]) -> Iterator[Row]:
    """Pass over lines for a genome browser, and lines of names: the first, and where it recurs."""
    header: list[str] | None = None
    for number, row in enumerate(rows):
        fields = row.fields
        if len(fields) < 6 and _TRACK.fullmatch(fields[0]):
            continue
        named = len(fields) >= 6 and all(base_pairs(fields[at]) is None for at in _NUMBERS)
        if named and "." not in fields[:6] and (header is None or header == fields):
            before = rows[:number]
            if header == fields or all(_TRACK.fullmatch(other.fields[0]) for other in before):
                header = fields
                continue
        yield row


def _loop(row: Row, name: str) -> Loop | None:
    """Return one loop, or None where an end is not known."""
    fields = row.fields
    if "." in (fields[0], *fields[3:4]):
        return None
    numbers = [base_pairs(field) for field in (fields[at] for at in _NUMBERS if at < len(fields))]
    known = [number for number in numbers if number is not None]
    if len(known) == len(_NUMBERS):
        start, end, far_start, far_end = known
        if (start, end) == (-1, -1) or (far_start, far_end) == (-1, -1):
            return None
        if 0 <= start < end and 0 <= far_start < far_end and fields[0] and fields[3]:
            one, other = (chromosome_name(fields[at]).name for at in (0, 3))
            return Loop(one, other, (start, end, far_start, far_end))
    raise XbenchError(
        f"{name}: line {row.line} is no loop; it must begin with chrom1, start1, end1, "
        f"chrom2, start2, end2, separated by tabs, each end above its start: {row.shown}"
    )
