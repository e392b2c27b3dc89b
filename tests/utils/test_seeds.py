from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbench.utils.seeds import derive_seed

parts = st.lists(st.text(max_size=6) | st.integers(), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("given_parts", "seed"),
    [
        (("mnist-binary", "8", "3", "grids", 0), 5470928023943175916),
        (("gene-focused", "VIP", "GAD1", "random", 2), 153792527826872090),
        (("Δ", -1), 5114886152248889174),
    ],
)
def test_seeds_never_change(given_parts: tuple[str | int, ...], seed: int) -> None:
    """Written down once: a change would silently make every stored run a different one."""
    assert derive_seed(*given_parts) == seed


@given(parts)
def test_a_seed_fits_a_signed_64_bit_number(some: list[str | int]) -> None:
    assert 0 <= derive_seed(*some) < 2**63


@given(parts, parts)
def test_different_parts_give_different_seeds(
    some: list[str | int], other: list[str | int]
) -> None:
    same = [(type(part), part) for part in some] == [(type(part), part) for part in other]
    assert (derive_seed(*some) == derive_seed(*other)) == same


@pytest.mark.parametrize("other", [("ab", "c"), ("a", "bc"), ("abc",), ("abc", "")])
def test_where_a_part_ends_counts(other: tuple[str, ...]) -> None:
    assert derive_seed(*other) != derive_seed("a", "b", "c")


def test_a_number_is_not_its_text() -> None:
    assert derive_seed(1) != derive_seed("1")


@pytest.mark.parametrize("wrong", [(), (True,), (1.0,), (None,), (b"a",)])
def test_other_parts_are_refused(wrong: tuple[object, ...]) -> None:
    with pytest.raises(TypeError, match="part"):
        derive_seed(*wrong)  # type: ignore[arg-type]
