"""Means by cell type, against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from xbench.surrogates.evaluation.fit import counted_types, type_means


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_against_pandas(form) -> None:  # type: ignore[no-untyped-def]
    generator = np.random.default_rng(0)
    values = generator.poisson(0.7, (50, 4)).astype(np.float32)
    types = generator.choice(["b", "a", "c"], 50)
    wanted = pd.DataFrame(values.astype(float)).groupby(types).mean()
    means = type_means(form(values), types, np.array(["c", "a", "b"]))
    np.testing.assert_allclose(means, wanted.loc[["c", "a", "b"]].to_numpy())


def test_a_type_without_a_cell_has_no_mean() -> None:
    means = type_means(np.ones((2, 1)), np.array(["a", "a"]), np.array(["a", "absent"]))
    assert means[0] == 1
    assert np.isnan(means[1])


def test_ten_cells_are_enough() -> None:
    types = np.array(["few"] * 9 + ["enough"] * 10)
    assert counted_types(types).tolist() == ["enough"]
    assert counted_types(types, minimum=9).tolist() == ["enough", "few"]
