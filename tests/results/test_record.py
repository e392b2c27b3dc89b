from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.errors import XbenchError
from xbench.results.record import STATUSES, Record

texts = st.text(max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(
    metrics=st.dictionaries(texts, st.none() | numbers, max_size=3),
    trace=st.lists(st.dictionaries(texts, numbers | texts, max_size=2), max_size=3),
    indices=st.lists(st.integers(0, 2**31), max_size=4),
    seed=st.integers(0, 2**63 - 1),
    cell_type=texts,
)
def test_json_gives_the_record_back(make_record: Any, **fields: Any) -> None:
    record = make_record(**fields)
    line = record.to_json()
    assert "\n" not in line
    assert line.isascii()
    assert Record.from_json(line) == record
    assert list(json.loads(line)) == sorted(json.loads(line))


def test_a_traceback_stays_on_one_line(make_record: Any) -> None:
    trouble = 'Traceback:\n  File "x"\u2028ValueError: \x00\r\n'
    record = make_record(status="failed", traceback=trouble)
    assert len(record.to_json().splitlines()) == 1
    assert Record.from_json(record.to_json()).traceback == trouble


def test_values_that_json_lacks_become_null(make_record: Any) -> None:
    metrics = {"a": math.nan, "b": math.inf, "c": np.float64("-inf"), "d": np.float32(0.5)}
    record = make_record(metrics=metrics, trace=[{"step": 0, "loss": math.nan}])
    read = Record.from_json(record.to_json())
    assert read.metrics == {"a": None, "b": None, "c": None, "d": 0.5}
    assert read.trace == [{"step": 0, "loss": None}]


def test_numpy_values_are_written_as_numbers(make_record: Any) -> None:
    record = make_record(indices=np.array([4, 2]), seed=np.int64(5), ordered=np.bool_(True))
    read = Record.from_json(record.to_json())
    assert (read.indices, read.seed, read.ordered) == ([4, 2], 5, True)


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "ok"])
def test_a_run_without_result_needs_a_reason_and_has_no_metrics(
    make_record: Any, status: str
) -> None:
    assert make_record(status=status).metrics == {}
    for wrong in ({"reason": ""}, {"metrics": {"rel-delta": 0.0}}, {"indices": [1]}):
        with pytest.raises(ValueError, match=f"a run that is {status}"):
            make_record(status=status, **wrong)


def test_statuses_are_checked(make_record: Any) -> None:
    with pytest.raises(ValueError, match="unknown status 'fine'; valid: ok, failed"):
        make_record(status="fine")
    with pytest.raises(ValueError, match="neither reason nor traceback"):
        make_record(reason="but")


def test_a_record_cannot_be_changed(make_record: Any) -> None:
    with pytest.raises(AttributeError):
        make_record().status = "failed"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"L": "2"}, "L: must be a whole number, not '2'"),
        ({"L": True}, "L: must be a whole number, not True"),
        ({"seconds": None}, "seconds: must be a number, not None"),
        ({"metrics": {"a": "1"}}, "metrics.a: must be a number, not '1'"),
        ({"status": "fine"}, "status: must be 'ok'"),
        ({"status": "failed"}, "a run that is failed needs a reason"),
        ({"of_the_future": 1}, "unknown field 'of_the_future', perhaps of a newer xbench"),
    ],
)
def test_a_line_with_a_wrong_field_is_refused(
    make_record: Any, changes: dict[str, Any], message: str
) -> None:
    line = json.dumps({**json.loads(make_record().to_json()), **changes})
    with pytest.raises(XbenchError) as caught:
        Record.from_json(line)
    assert message in str(caught.value)


@pytest.mark.parametrize("line", ['{"L": 2', "[]", "null", "", b"\xff\xfe", b"\x00\x00", "{}"])
def test_a_line_that_is_no_record_is_refused_in_one_line(line: str | bytes) -> None:
    with pytest.raises(XbenchError) as caught:
        Record.from_json(line)
    assert "\n" not in str(caught.value)
    assert str(caught.value)
