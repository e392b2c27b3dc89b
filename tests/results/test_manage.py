"""Choosing, forgetting and merging runs: nothing is lost, and what differs is told."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.errors import XbenchError
from xbench.results.findings import FILE, Finding, append_findings, read_findings
from xbench.results.manage import Choice, find_run, forget, merge
from xbench.results.record import Record
from xbench.results.store import TASKS, ResultStore

Make = Callable[..., Record]


def filled(folder: Path, *records: Record) -> ResultStore:
    store = ResultStore(folder)
    for record in records:
        store.append(record)
    return store


def test_a_choice_takes_what_fits_all_that_is_said(make_record: Make) -> None:
    records = [
        make_record(run_id="a0", method="grids", cell_type="VIP", target="GAD1"),
        make_record(run_id="a1", method="grids", cell_type="SST", target="GAD1", status="failed"),
        make_record(run_id="b0", method="lime", cell_type="VIP", target="GAD2", surrogate="cis"),
    ]

    def ids(**what: object) -> list[str]:
        return [record.run_id for record in Choice(**what).of(records)]  # type: ignore[arg-type]

    assert ids() == ["a0", "a1", "b0"]
    assert ids(method="grids", status="failed") == ["a1"]
    assert ids(target="GAD1") == ["a0", "a1"]
    assert ids(target="VIP:GAD1") == ["a0"]
    assert ids(ids=["b"]) == ["b0"]
    assert ids(status="oom") == []
    assert ids(surrogate="cis") == ["b0"]
    assert ids(L=records[0].L) == ["a0", "a1", "b0"]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"method": "gridz"}, "grids"),
        ({"status": "broken"}, "failed"),
        ({"target": "VIP:GAD9"}, "VIP:GAD1"),
        ({"surrogate": "sis"}, "surrogate 'sis'"),
        ({"L": 7}, "L '7'"),
        ({"ids": ["ff"]}, "xbench runs list"),
        ({"ids": ["a"]}, "2 runs begin so"),
    ],
)
def test_a_choice_that_names_nothing_is_refused(
    what: dict[str, object], said: str, make_record: Make
) -> None:
    at = {"method": "grids", "cell_type": "VIP", "target": "GAD1"}
    records = [make_record(run_id=name, **at) for name in ("a0", "a1")]
    with pytest.raises(XbenchError, match=said):
        Choice(**what).of(records)  # type: ignore[arg-type]


def test_a_run_is_found_by_what_its_id_begins_with(make_record: Make) -> None:
    records = [make_record(run_id="a0"), make_record(run_id="b0")]
    assert find_run(records, "b") == records[1]
    with pytest.raises(XbenchError, match="no run has this id"):
        find_run([], "")


def test_what_is_forgotten_is_kept_beside_and_its_findings_go(
    tmp_path: Path, make_record: Make
) -> None:
    kept, gone = make_record(run_id="a0"), make_record(run_id="b0", indices=[3, 1])
    store = filled(tmp_path, kept, gone)
    append_findings(tmp_path, [Finding(analysis="near", run_id=name) for name in ("a0", "b0")])
    backup = forget(store, [gone])
    assert store.records() == [kept]
    assert [Record.from_json(line) for line in backup.read_bytes().splitlines()] == [gone]
    assert [finding.run_id for finding in read_findings(tmp_path / FILE)] == ["a0"]
    # A second time within the same second does not replace the first.
    assert forget(store, [kept]) != backup
    assert ResultStore(tmp_path).records() == []


def test_lines_of_a_newer_xbench_stay(tmp_path: Path, make_record: Make) -> None:
    record = make_record(run_id="a0")
    store = filled(tmp_path, record)
    newer = record.to_json()[:-1] + ', "of_tomorrow": 1}'
    with store.path.open("a") as file:
        file.write(newer + "\n")
    forget(store, [record])
    assert store.path.read_text() == newer + "\n"


def test_merging_takes_the_latest_that_finished_and_tells_what_differs(
    tmp_path: Path, make_record: Make
) -> None:
    early = make_record(run_id="a", indices=[1], created="2026-01-01T00:00:00+00:00")
    failed = make_record(run_id="a", status="failed", created="2026-01-03T00:00:00+00:00")
    late = make_record(run_id="a", indices=[2], created="2026-01-02T00:00:00+00:00")
    alone, own = make_record(run_id="b"), make_record(run_id="c")
    one = filled(tmp_path / "one", early, alone)
    two = filled(tmp_path / "two", late)
    three = filled(tmp_path / "three", failed)
    append_findings(one.folder, [Finding(analysis="near", run_id="b")])
    into = filled(tmp_path / "into", own)
    merged = merge([one, two, three], into)
    assert {record.run_id: record for record in into.records()} == {"a": late, "b": alone, "c": own}
    assert (merged.runs, merged.shared, merged.differing, merged.findings) == (3, 1, ("a",), 1)
    # Again: nothing new, and nothing differs from what is there but what differed before.
    assert merge([two], into).shared == 0
    assert len(read_findings(into.folder / FILE)) == 1


def test_the_newest_version_of_a_finding_is_merged(tmp_path: Path, make_record: Make) -> None:
    records = [make_record(run_id=one) for one in "ab"]
    stores = [filled(tmp_path / name, *records) for name in ("into", "one", "two")]
    for store, versions in zip(stores, ((1, 3), (2, 2), (1, 1)), strict=True):
        for run_id, version in zip("ab", versions, strict=True):
            found = Finding(analysis="near", run_id=run_id, version=version)
            append_findings(store.folder, [found])
    into, *sources = stores
    assert merge(sources, into).findings == 2
    kept = {found.run_id: found.version for found in read_findings(into.folder / FILE)}
    assert kept == {"a": 2, "b": 3}


def test_what_was_found_about_a_result_that_is_replaced_goes_with_it(
    tmp_path: Path, make_record: Make
) -> None:
    old = make_record(run_id="a", indices=[1], created="2026-01-01T00:00:00+00:00")
    new = make_record(run_id="a", indices=[2], created="2026-01-02T00:00:00+00:00")
    into, one = filled(tmp_path / "into", old), filled(tmp_path / "one", new)
    append_findings(into.folder, [Finding(analysis="near", run_id="a")])
    assert merge([one], into).differing == ("a",)
    assert into.records() == [new]
    assert read_findings(into.folder / FILE) == []


def test_tasks_go_with_their_runs_and_two_of_one_name_are_refused(
    tmp_path: Path, make_record: Make
) -> None:
    one, two = filled(tmp_path / "one", make_record(run_id="a")), tmp_path / "two"
    into, other = ResultStore(tmp_path / "into"), filled(two, make_record(run_id="b"))
    for store, text in ((one, "version = 1"), (other, "version = 2")):
        (store.folder / TASKS).mkdir()
        (store.folder / TASKS / "mine.toml").write_text(text)
    merge([one], into)
    assert (into.folder / TASKS / "mine.toml").read_text() == "version = 1"
    with pytest.raises(XbenchError, match=r"two/tasks/mine.toml: is another task than .*into/"):
        merge([other], into)
    assert [record.run_id for record in into.records()] == ["a"]


def test_a_failure_contradicts_nothing(tmp_path: Path, make_record: Make) -> None:
    good = make_record(run_id="a", indices=[1])
    bad = make_record(run_id="a", status="oom")
    stores = [filled(tmp_path / "one", good), filled(tmp_path / "two", bad)]
    merged = merge(stores, ResultStore(tmp_path / "into"))
    assert merged.differing == ()
    assert ResultStore(tmp_path / "into").records() == [good]


def test_a_store_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(XbenchError, match="no store is there"):
        merge([ResultStore(tmp_path / "none")], ResultStore(tmp_path / "into"))


@settings(deadline=None, max_examples=15)
@given(parts=st.lists(st.lists(st.sampled_from("abcdef"), unique=True), min_size=1, max_size=3))
def test_a_merged_store_has_every_run_once(
    parts: list[list[str]], tmp_path_factory: pytest.TempPathFactory, make_record: Make
) -> None:
    folder = tmp_path_factory.mktemp("stores")
    stores = [
        filled(folder / str(number), *(make_record(run_id=name) for name in names))
        for number, names in enumerate(parts)
    ]
    for store in stores:
        store.prepare()
    merge(stores, ResultStore(folder / "into"))
    found = [record.run_id for record in ResultStore(folder / "into").records()]
    assert sorted(found) == sorted({name for names in parts for name in names})
