"""`xbench run --profile`: where the seconds go, with results and ids as without it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from xbench.benchmark.phases import PHASES
from xbench.results.findings import FILE, read_findings
from xbench.results.record import Record
from xbench.results.store import ResultStore

from .conftest import Command

ARGUMENTS = ("run", "quick", "--methods", "random,gradient-change", "--jobs", "1", "--store")
# What differs from run to run.
TIMED = {"seconds", "created", "peak_memory_bytes"}


def untimed(record: Record) -> dict[str, object]:
    return {name: value for name, value in asdict(record).items() if name not in TIMED}


def test_seconds_of_each_phase_are_kept_beside_the_runs(
    xbench_command: Command, tmp_path: Path
) -> None:
    plain, profiled = tmp_path / "plain", tmp_path / "profiled"
    assert "where the seconds go" not in xbench_command(*ARGUMENTS, str(plain)).out
    said = xbench_command(*ARGUMENTS, str(profiled), "--profile").out
    for word in ("where the seconds go", *PHASES, "gradient-change"):
        assert word in said
    records = ResultStore(profiled).records()
    assert list(map(untimed, records)) == list(map(untimed, ResultStore(plain).records()))
    found = {one.run_id: one.values for one in read_findings(profiled / FILE)}
    assert found.keys() == {record.run_id for record in records}
    for record in records:
        seconds = found[record.run_id]
        assert set(seconds) == set(PHASES)
        assert seconds["explain"] == record.seconds
        assert all(value > 0 for value in seconds.values())
    assert not read_findings(plain / FILE)
    # A finished run is not run again, so that nothing is known of it.
    assert "no profile" in xbench_command(*ARGUMENTS, str(plain), "--profile").out
