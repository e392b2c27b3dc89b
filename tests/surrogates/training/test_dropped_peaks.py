"""A step of training is shown a share of a cell's open peaks, drawn anew each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.surrogates.end_to_end import EndToEnd
from xbench.surrogates.training.paired import PairedTraining, without_some

from .states import same

train_end_to_end = EndToEnd.recipe().train


@pytest.mark.parametrize("share", [1.0, -0.1])
def test_a_share_of_dropped_peaks_is_below_all(share: float) -> None:
    with pytest.raises(ValidationError, match="peaks_dropped"):
        TypeAdapter(PairedTraining).validate_python({"peaks_dropped": share})


def test_peaks_are_dropped_only_where_a_first_layer_is_trained(tiny: Dataset) -> None:
    short = PairedTraining(steps=10, batch_size=32)
    for first_layer in (True, False):
        settings = replace(short, first_layer=first_layer)
        all_shown = train_end_to_end(tiny, replace(settings, peaks_dropped=0.0), seed=2)[0]
        half_shown = train_end_to_end(tiny, replace(settings, peaks_dropped=0.5), seed=2)[0]
        assert same(all_shown, half_shown) is not first_layer


def test_dropped_peaks_are_drawn_anew_and_all_others_stay() -> None:
    generator = np.random.default_rng(3)
    opened = sparse.random_array((30, 200), density=0.3, format="csr", rng=generator)
    first, second = (without_some(opened, 0.4, generator) for _ in range(2))
    assert (first != second).nnz > 0
    for kept in (first, second):
        np.testing.assert_array_equal((kept != 0).multiply(opened).toarray(), kept.toarray())
        # 5 standard deviations of a share of 0.6 of some 1,800 open peaks.
        assert abs(kept.nnz / opened.nnz - 0.6) < 5 * np.sqrt(0.24 / opened.nnz)
    np.testing.assert_array_equal(without_some(opened, 0.0, generator).toarray(), opened.toarray())
