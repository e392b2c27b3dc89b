"""Starts share the runs of a store by claims that end."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from xbench.results.leases import Claims
from xbench.results.manage import forget
from xbench.results.store import ResultStore

from ..leaderboard.conftest import build_record


def claimed(folder: Path) -> dict[str, list[object]]:
    """The content of the file of claims."""
    found: dict[str, list[object]] = json.loads((folder / ".claims.json").read_text())
    return found


def test_a_claim_is_the_others_until_it_is_given_up(tmp_path: Path) -> None:
    one, other = Claims(tmp_path), Claims(tmp_path)
    assert one.take(["a", "b"])
    assert not other.take(["b", "c"])
    # All or none.
    assert set(claimed(tmp_path)) == {"a", "b"}
    one.drop(["b"])
    assert other.take(["b", "c"])
    one.close()
    assert other.take(["a"])


def test_a_claim_ends_where_it_is_not_renewed(tmp_path: Path) -> None:
    one, other = Claims(tmp_path, seconds=0.3), Claims(tmp_path, seconds=0.3)
    assert one.take(["a"])
    for _ in range(4):
        time.sleep(0.1)
        one.renew()
        assert not other.take(["a"])
    time.sleep(0.4)
    assert other.take(["a"])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the lease is waited for")
def test_the_claims_of_a_killed_start_end_at_once(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        try:
            Claims(tmp_path).take(["a"])
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert set(claimed(tmp_path)) == {"a"}
    assert Claims(tmp_path).take(["a"])


def test_the_claims_of_another_machine_last(tmp_path: Path) -> None:
    claims = {"a": ["another-machine pid:[1] 1 1 0badcafe", time.time() + 30]}
    (tmp_path / ".claims.json").write_text(json.dumps(claims))
    assert not Claims(tmp_path).take(["a"])


@pytest.mark.parametrize("end", [1e12, float("inf"), -1.0])
def test_no_clock_claims_for_ever(tmp_path: Path, end: float) -> None:
    (tmp_path / ".claims.json").write_text(json.dumps({"a": ["0badcafe", end]}))
    assert Claims(tmp_path).take(["a"])


def test_what_is_recorded_after_a_torn_line_or_after_runs_are_forgotten_is_seen(
    tmp_path: Path,
) -> None:
    store = ResultStore(tmp_path)
    for name in "abc":
        store.append(build_record("VIP/GAD1", run_id=name * 16))
    with (tmp_path / "runs.jsonl").open("ab") as file:
        # By a writer that was killed; the next one cuts it off.
        file.write(b'{"run_id": "torn' + b"x" * 200)
    claims = Claims(tmp_path)
    store.append(build_record("VIP/GAD1", run_id="d" * 16))
    assert set(claims.recorded()) == {"d" * 16}
    forget(store, [one for one in store.records() if one.run_id[0] in "ab"])
    assert set(claims.recorded()) == {"d" * 16}
    store.append(build_record("VIP/GAD1", run_id="e" * 16))
    assert set(claims.recorded()) == {"d" * 16, "e" * 16}
