"""Claims of differences: each verdict of each, on evidence worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from xbench.errors import XbenchError
from xbench.leaderboard.paper import Evidence
from xbench.leaderboard.paper.differences import (
    MARGIN,
    no_better_than_random,
    saliency_as_smoothgrad,
    significantly_better,
)
from xbench.leaderboard.paper.published import TARGETS, published_value

GENES = [(cell_type, gene) for cell_type, genes in TARGETS.items() for gene in genes]


def evidence(size: int = 10, metric: str = "rel-delta", **rows: Any) -> Evidence:
    values = {
        name: {gene: [float(value)] for gene, value in zip(GENES, row, strict=False)}
        for name, row in rows.items()
    }
    return Evidence("cortex", "mlp", {(size, metric): values})


def both_sizes(**rows: Any) -> Evidence:
    return Evidence("cortex", "mlp", evidence(10, **rows).values | evidence(128, **rows).values)


def around(mean: float, spread: float = 1.0) -> list[float]:
    return list(mean + spread * np.cos(np.arange(16)))


ALL_RUN = {
    "grids": around(-7.0),
    "random": around(0.0, 0.5),
    "saliency": around(-1.0, 0.7),
    "smoothgrad": around(-1.2, 2.0),
    "fimap": around(-6.0, 1.6),
}


@pytest.mark.parametrize("metric", ["avg-delta", "rel-delta"])
def test_significant_against_each(metric: str) -> None:
    found = significantly_better(evidence(metric=metric, **ALL_RUN), metric)
    assert found.verdict == "holds"
    assert found.claim.startswith(f"At L = 10 GRIDS' {metric.split('-')[0].title()}. Δ is lower")
    welch = stats.ttest_ind(
        ALL_RUN["grids"], ALL_RUN["fimap"], equal_var=False, alternative="less"
    ).pvalue
    assert f"against fimap (p < 0.0001 after Holm's correction, p = {welch:.3g} not paired; " in (
        found.figures
    )
    assert found.figures.count("16 targets") == 4


def test_not_significant_against_one() -> None:
    rows = ALL_RUN | {"fimap": list(reversed(around(-6.9, 3.0)))}
    p_value = stats.ttest_rel(ALL_RUN["grids"], rows["fimap"], alternative="less").pvalue
    found = significantly_better(evidence(**rows), "rel-delta")
    assert found.verdict == "does not hold"
    assert f"p = {p_value:.3g} against fimap" in found.figures


@pytest.mark.parametrize(
    ("missing", "verdict"), [("fimap", "not testable here"), ("grids", "not testable here")]
)
def test_significance_needs_every_method(missing: str, verdict: str) -> None:
    rows = {name: row for name, row in ALL_RUN.items() if name != missing}
    found = significantly_better(evidence(**rows), "rel-delta")
    assert found.verdict == verdict
    expected = "Nothing of it was run." if missing == "grids" else "; no values of fimap."
    assert found.figures.endswith(expected)


def test_the_paper_tests_no_other_metric() -> None:
    with pytest.raises(XbenchError, match="Valid metrics: avg-delta, rel-delta"):
        significantly_better(evidence(**ALL_RUN), "hit-ratio")


def test_one_target_is_no_test() -> None:
    rows = {name: row[:1] for name, row in ALL_RUN.items()}
    found = significantly_better(evidence(**rows), "rel-delta")
    assert found.verdict == "not testable here"
    assert "no p-value against random (1 target with values of both methods; 2 are" in (
        found.figures
    )


def test_a_constant_shift_has_no_p_value() -> None:
    rows = ALL_RUN | {"fimap": [value + 1 for value in ALL_RUN["grids"]]}
    found = significantly_better(evidence(**rows), "rel-delta")
    assert found.verdict == "not testable here"
    assert "no p-value against fimap (the difference is the same for every target)" in (
        found.figures
    )


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (around(0.1, 3.0), "holds"),  # around random
        (around(5.0, 0.5), "holds"),  # surely worse than random
        (around(-4.0, 1.0), "does not hold"),
        (around(-4.0, 1.0)[:1], "not testable here"),
    ],
)
def test_failing_is_being_no_better_than_random(row: list[float], verdict: str) -> None:
    rows = {"sage": row, "random": around(0.0, 0.5)}
    found = no_better_than_random(both_sizes(**rows), "sage")
    assert found.verdict == verdict
    # Neither one L alone, nor some of the targets, shows that it fails at both on all.
    if verdict == "holds":
        assert no_better_than_random(evidence(**rows), "sage").verdict == "not testable here"
        some = both_sizes(**rows | {"sage": row[:15]})
        assert no_better_than_random(some, "sage").verdict == "not testable here"
    assert found.figures.startswith("At L = 10 its Rel. Δ differs from random's by ")
    assert f"{len(row)} target" in found.figures


def test_better_at_one_size_is_no_failure() -> None:
    both = {
        **evidence(10, lime=around(0.0, 2.0), random=around(0.0)).values,
        **evidence(128, lime=around(-9.0), random=around(0.0, 0.1)).values,
    }
    found = no_better_than_random(Evidence("cortex", "mlp", both), "lime")
    assert found.verdict == "does not hold"
    assert "; at L = 128 its Rel. Δ differs from random's by -8.960 (95% interval" in found.figures


@pytest.mark.parametrize("rows", [{}, {"random": around(0.0)}, {"cxplain": around(0.0)}])
def test_a_method_that_was_not_run_did_not_fail(rows: Any) -> None:
    found = no_better_than_random(evidence(**rows), "cxplain")
    assert found.verdict == "not testable here"
    assert found.figures == "cxplain was not run beside random."


@pytest.mark.parametrize(
    ("smoothgrad", "verdict"),
    [
        (around(-5.0), "holds"),
        (around(-5.4), "holds"),  # 7% apart, surely
        (around(-7.0), "does not hold"),  # 29% apart, surely
        (list(reversed(around(-7.0, 9.0))), "not testable here"),  # apart, but not surely
        (around(5.0), "does not hold"),  # as large, of the other sign
    ],
)
def test_saliency_beside_smoothgrad(smoothgrad: list[float], verdict: str) -> None:
    rows = {"saliency": around(-5.0), "smoothgrad": smoothgrad}
    assert saliency_as_smoothgrad(both_sizes(**rows)).verdict == verdict
    some = both_sizes(**{name: row[:15] for name, row in rows.items()})
    refuted = verdict == "does not hold"
    at_most = verdict if refuted else "not testable here"
    assert saliency_as_smoothgrad(evidence(**rows)).verdict == at_most
    assert saliency_as_smoothgrad(some).verdict == at_most


def test_saliency_beside_smoothgrad_says_the_numbers() -> None:
    rows = {"saliency": [-4.0, -4.0], "smoothgrad": [-8.0, -8.0]}
    found = saliency_as_smoothgrad(evidence(**rows))
    assert found.figures == (
        "At L = 10 it is -4.000 and -8.000, 50% apart, difference -4.000 "
        "(95% interval -4.000 to -4.000, 2 targets)."
    )
    nothing = saliency_as_smoothgrad(both_sizes(saliency=[0] * 16, smoothgrad=[0] * 16))
    assert nothing.verdict == "holds"


def test_one_of_the_two_alone_is_not_testable() -> None:
    found = saliency_as_smoothgrad(evidence(saliency=around(-5.0)))
    assert (found.verdict, found.figures) == ("not testable here", "They were not both run.")


def test_the_papers_own_difference_is_within_the_margin(papers: Evidence) -> None:
    shares = []
    for size in (10, 128):
        plain, smooth = (
            found.value
            for name in ("saliency", "smoothgrad")
            if (found := published_value(1, "*", size, name, "rel-delta"))
        )
        shares.append(abs(plain - smooth) / max(abs(plain), abs(smooth)))
    assert shares == pytest.approx([0.063, 0.072], abs=0.0005)
    assert max(shares) < MARGIN
    assert saliency_as_smoothgrad(papers).verdict == "holds"
