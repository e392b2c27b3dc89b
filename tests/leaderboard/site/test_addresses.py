"""Addresses: safe file names, each of one thing alone."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.leaderboard.site.addresses import run_address, slugs

NAMES = st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), unique=True, max_size=12)


@settings(max_examples=50)
@given(names=NAMES)
def test_slugs_are_safe_and_unique_where_capitals_do_not_count(names):
    found = slugs({name: name for name in names})
    assert list(found) == names
    assert len({slug.lower() for slug in found.values()}) == len(names)
    for slug in found.values():
        assert re.fullmatch(r"[A-Za-z0-9._-]+", slug)
        assert not slug.startswith(".")
        assert "/" not in slug


@settings(max_examples=50)
@given(names=NAMES)
def test_the_same_names_give_the_same_slugs(names):
    assert slugs({name: name for name in names}) == slugs({name: name for name in names})


def test_names_that_differ_in_capitals_alone_get_two_files():
    found = slugs({"a": ("VIP", "Gad1"), "b": ("vip", "GAD1"), "c": ("VIP", "GAD1")})
    assert found == {"a": "VIP--Gad1", "b": "vip--GAD1-2", "c": "VIP--GAD1-3"}


def test_a_number_made_up_for_one_is_not_taken_from_another():
    found = slugs({1: ("a",), 2: ("a-2",), 3: ("A",)})
    assert found == {1: "a", 2: "a-2", 3: "A-3"}


def test_no_slug_is_a_device_of_windows():
    assert slugs({1: ("CON",), 2: ("com1.txt",), 3: ("console",)}) == {
        1: "_CON", 2: "_com1.txt", 3: "console",
    }  # fmt: skip


def test_what_is_no_id_of_a_run_is_in_no_address():
    assert run_address("0123456789abcdef") == "run.html#0123456789abcdef"
    for wrong in ("", "0123", "0123456789ABCDEF", 'x" onload="alert(1)', "0123456789abcdef\n"):
        assert run_address(wrong) == "run.html"


def test_long_names_stay_short_enough_for_a_file_and_different():
    long = {number: ("x" * 300, "y" * 300, f"{'z' * 300}{number}") for number in range(3)}
    found = slugs(long)
    assert all(len(slug) <= 104 for slug in found.values())
    assert len(set(found.values())) == 3
