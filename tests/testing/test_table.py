from __future__ import annotations

from xbench.testing.performance import Measurement, SuiteRun, table_lines

DAY = "2026-01-3{}T12:00:00+00:00"


def one(name: str, ratio: float) -> Measurement:
    return Measurement(name, 0.0123456, ratio, "dense", "4 cells")


def test_columns_are_runs_and_rows_are_benchmarks_newest_first() -> None:
    older = SuiteRun(DAY.format(0), "0" * 40, [one("gone", 2), one("kept", 1234.5)])
    newer = SuiteRun(DAY.format(1), "1" * 40 + "-dirty", [one("new", 5), one("kept", 0.01)])
    lines = table_lines([older, newer])
    assert [line.split()[:3] for line in lines[1:]] == [
        ["new", "-", "5"],
        ["kept", "1.23e+03", "0.01"],
        ["gone", "2", "-"],
    ]
    assert "2026-01-30 0000000  2026-01-31 1111111+" in lines[0]
    # Numbers stand below each other, to the right.
    for column in ("1111111+", "seconds", "memory"):
        end = lines[0].index(column) + len(column)
        assert all(line[end - 1] != " " and line[end] == " " for line in lines)
