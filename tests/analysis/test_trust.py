"""The trust line: what is said of a surrogate, of few cells, and of peaks no nearer than chance."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from xbench.analysis.trust import Trust, trust_of
from xbench.data.dataset import Target
from xbench.data.features import Features, Interval

FIT = {"test_type_mean_r2": 0.93, "test_error": 2.0, "type_means_error": 2.4}
GENE = Target("VIP", "GAD1", 0, Interval("chr1", 5_000_000, 5_010_000))


def data(cells: int, starts: list[int]) -> Any:
    count = len(starts)
    features = Features(
        [f"p{one}" for one in range(count)], ["chr1"] * count, starts, [one + 500 for one in starts]
    )
    return SimpleNamespace(
        features=features, rows=lambda cell_type, part: np.arange(cells), donors=None, Y=None
    )


def test_what_is_known_is_gathered() -> None:
    # Two of four peaks lie within 1 Mb; of the three that were selected both of them.
    dataset = data(40, [1_000, 4_500_000, 5_900_000, 90_000_000])
    trust = trust_of(dataset, GENE, "cis", FIT, [1, 2, 3])
    assert (trust.near, trust.near_chance, trust.test_cells) == (2 / 3, 0.5, 40)
    assert trust.warnings == ()
    assert trust.line == (
        "surrogate cis; R2 of type means 0.93; test error 2 (type means 2.4); 40 test cells; "
        "67% of the peaks within 1 Mb (chance 50.0%)"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fit": FIT | {"test_error": 2.5}}, "worse than the means of their types"),
        ({"fit": {"test_error": 2.0}}, "was not measured"),
        ({"test_cells": 29}, "only 29 test cells"),
        ({"near": 0.01, "near_chance": 0.02}, "they may regulate other genes"),
        ({"expressing": 0, "training_cells": 70}, "measured in none of the 70 training cells"),
        ({"agreement": 0.49}, "a second surrogate follows 49% of the drop"),
    ],
)
def test_each_reason_for_doubt_is_a_warning(changes: dict[str, Any], said: str) -> None:
    good: dict[str, Any] = {
        "surrogate": "cis", "fit": FIT, "test_cells": 30, "near": 1.0, "near_chance": 0.01,
    }  # fmt: skip
    assert Trust(**good).warnings == ()
    (warning,) = Trust(**{**good, **changes}).warnings
    assert said in warning


def test_a_gene_that_the_type_does_not_express_is_seen() -> None:
    dataset = data(40, [1_000])
    dataset.Y = sparse.csr_matrix(np.eye(40, 2))
    assert trust_of(dataset, GENE, "cis", FIT, []).expressing == 1
    silent = Target("VIP", "GAD2", 0)
    dataset.Y = sparse.csr_matrix((40, 2))
    trust = trust_of(dataset, silent, "cis", FIT, [])
    assert (trust.expressing, trust.training_cells) == (0, 40)
    assert len(trust.warnings) == 1


def test_without_coordinates_nothing_is_said_of_distance() -> None:
    dataset = SimpleNamespace(
        features=Features(["a", "b"]),
        rows=lambda cell_type, part: np.arange(50),
        donors=None,
        Y=None,
    )
    trust = trust_of(dataset, Target("8", "3", 1), "mlp", {}, [0])  # type: ignore[arg-type]
    assert trust.near is None
    assert "1 Mb" not in trust.line


def test_donors_and_a_window_are_said() -> None:
    dataset = data(40, [1_000, 4_500_000, 5_900_000, 90_000_000])
    dataset.donors = np.repeat(["a", "b"], 20)
    trust = trust_of(dataset, GENE, "cis", FIT, [1, 2], None, 500_000)
    assert "40 test cells of 2 other donors; chosen among peaks within 500 kb" in trust.line
    # All that could be chosen is near: no share of near peaks says anything.
    assert (trust.near, trust.warnings) == (None, ())
    # In a wider window chance is that of the peaks in it: three of four, two of which are near.
    wide = trust_of(dataset, GENE, "cis", FIT, [1], None, 6_000_000)
    assert (wide.near, wide.near_chance) == (1.0, 2 / 3)
    dataset.donors = np.repeat("a", 40)
    assert "one donor" in trust_of(dataset, GENE, "cis", FIT, [1, 2], None, 500_000).warnings[0]
