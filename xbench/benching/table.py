"""A history of benchmarks as a table in text: a row a benchmark, a column an entry."""

from __future__ import annotations

from collections.abc import Sequence

from xbench.testing.performance import Entry, Measurement

ABSENT = "-"


def table_lines(entries: Sequence[Entry]) -> list[str]:
    """Return a table of the ratios, and beside them what the newest measurement says otherwise.

    Parameters
    ----------
    entries
        Oldest first, at least one. A column is a day and a commit; benchmarks come in the order
        of the newest entries that have them.

    Examples
    --------
    >>> walk = Measurement("walk", 0.004, 12.3, "dense", "4 cells", 2**20)
    >>> day = "2026-01-31T12:00:00+00:00"
    >>> for line in table_lines([Entry(day, "0123456789ab", "a machine", {}, [walk])]):
    ...     print(line)
    benchmark  2026-01-31 0123456  seconds  memory  ratio to
    walk                     12.3    0.004  1.0 MB  dense; 4 cells
    """
    newest = latest(entries)
    headings = ["benchmark", *map(heading, entries), "seconds", "memory", "ratio to"]
    columns = [{one.name: one for one in entry.benchmarks} for entry in entries]
    rows = [
        [
            name,
            *(_ratio(column.get(name)) for column in columns),
            f"{one.seconds:.3g}",
            _megabytes(one.memory_bytes),
            f"{one.against}; {one.size}",
        ]
        for name, one in newest.items()
    ]
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    return [_line(row, widths) for row in (headings, *rows)]


def latest(entries: Sequence[Entry]) -> dict[str, Measurement]:
    """Return the newest measurement of each benchmark by name, in the order of the newest entry.

    Parameters
    ----------
    entries
        Oldest first.

    Examples
    --------
    >>> latest([])
    {}
    """
    newest: dict[str, Measurement] = {}
    for entry in reversed(entries):
        for one in entry.benchmarks:
            newest.setdefault(one.name, one)
    return newest


def heading(entry: Entry) -> str:
    """Name an entry by its day and the beginning of its commit, ``+`` where that was changed.

    Examples
    --------
    >>> heading(Entry("2026-01-31T12:00:00+00:00", "0123456789ab-dirty", "a machine"))
    '2026-01-31 0123456+'
    """
    day = entry.date.partition("T")[0]
    if entry.commit is None:
        return day
    return f"{day} {entry.commit[:7]}{'+' if entry.commit.endswith('-dirty') else ''}"


def _ratio(one: Measurement | None) -> str:
    return ABSENT if one is None else f"{one.ratio:.3g}"


def _megabytes(count: int | None) -> str:
    return ABSENT if count is None else f"{count / 2**20:.1f} MB"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Lay out a row: words to the left, numbers to the right."""
    first, *numbers, last = row
    cells = [f"{first:<{widths[0]}}"]
    cells += [f"{text:>{width}}" for text, width in zip(numbers, widths[1:-1], strict=True)]
    return "  ".join([*cells, last])
