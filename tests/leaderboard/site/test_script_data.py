"""Data in scripts: what goes in comes out, and nothing of it is markup."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.leaderboard.site.script_data import compact_json, data_script

# As many digits as pages keep.
NUMBERS = st.integers(-(10**9), 10**9) | st.floats(-1e12, 1e12).map(lambda x: float(f"{x:.6g}"))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=50)
@given(value=VALUES)
def test_what_goes_in_comes_out(value):
    assert json.loads(compact_json(value)) == value


@settings(max_examples=50)
@given(value=VALUES)
def test_no_text_ends_a_script_or_a_line(value):
    text = compact_json(value)
    assert text.isascii()
    assert not set("<>&\n\r") & set(text)


def test_numbers_have_six_digits_and_what_is_none_is_null():
    assert compact_json([1 / 3, -14.442134567, math.nan, math.inf, 2.0, -0.0, 1e300]) == (
        "[0.333333,-14.4421,null,null,2,0,1e+300]"
    )


def test_a_script_hands_over_its_value_by_name():
    hostile = "</script><script>alert(1)</script><!--"
    text = data_script("study/a", {hostile: [hostile]})
    assert text.startswith('xbenchSite.put("study/a",')
    assert text.endswith(");\n")
    assert "<" not in text
    assert json.loads(text.split(",", 1)[1].removesuffix(");\n")) == {hostile: [hostile]}


def test_what_is_no_json_is_an_error():
    with pytest.raises(TypeError):
        compact_json({"a": object()})
