"""The prepared copies of data in the cache: broken ones are seen, and they are found by digest."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from xbench.data import prepared
from xbench.data.dataset import Dataset
from xbench.data.prepared import all_prepared, clear_prepared, keep_prepared, open_prepared
from xbench.errors import XbenchError

from ..slow_rest import rest_slow
from ..small_datasets import small_images, small_multiome
from .test_read_once import assert_same, cache, full_cache, known, pytestmark, read

__all__ = ["cache", "full_cache", "known", "pytestmark"]


PARTS = ("inputs.indices", "outputs.data", "inputs.indptr", "tables.h5")
# Each damage once.
BROKEN = {("inputs.indptr", "cut"), ("tables.h5", "gone"), ("outputs.data", "altered")}


@pytest.mark.parametrize(
    ("name", "damage"), rest_slow(product(PARTS, ("cut", "gone", "altered")), BROKEN)
)
def test_broken_prepared_data_are_made_again(
    known: Path, small_dataset: Dataset, name: str, damage: str
) -> None:
    expected = small_dataset
    place = prepared.prepared_folder(expected.digest) / name
    content = place.read_bytes()
    if damage == "cut":
        place.write_bytes(content[:-1])
    elif damage == "gone":
        place.unlink()
    else:
        # The last byte of a text in the tables, of a number elsewhere.
        at = content.rindex(b"Mog") if name == "tables.h5" else len(content) - 1
        place.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    assert open_prepared(expected.digest) is None
    assert_same(read(known), expected)
    assert place.read_bytes() == content or name == "tables.h5"


@pytest.mark.parametrize(
    "content", rest_slow(['{"format": "xbench prepared data"}', "", "[]", "{}"], 1)
)
def test_a_broken_description_counts_as_absent(
    known: Path, small_dataset: Dataset, content: str
) -> None:
    digest = small_dataset.digest
    (prepared.prepared_folder(digest) / prepared.DESCRIPTION).write_text(content)
    assert open_prepared(digest) is None
    assert all_prepared()[0].problem
    assert read(known).digest == digest


@pytest.mark.usefixtures("known")
def test_a_copy_is_looked_at_once_and_then_believed(small_dataset: Dataset) -> None:
    digest = small_dataset.digest
    place = prepared.prepared_folder(digest) / "inputs.data"
    os.utime(place, ns=(1, 1))
    assert open_prepared(digest) is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xbench.data.dataset.content_digest", None)
        assert open_prepared(digest) is not None


def test_data_are_kept_and_found_by_their_digest() -> None:
    dataset = small_multiome()
    assert open_prepared(dataset.digest) is None
    folder = keep_prepared(dataset)
    assert folder == keep_prepared(dataset)
    found = open_prepared(dataset.digest)
    assert found is not None
    assert_same(found, dataset)
    assert [one.name for one in all_prepared()] == ["small"]
    assert [one.folder for one in clear_prepared(dataset.digest[:4])] == [folder]
    assert open_prepared(dataset.digest) is None
    # What is mapped stays until nobody uses it any more.
    assert np.array_equal(found.X.toarray(), dataset.X.toarray())


def test_what_cannot_be_kept_or_found_is_one_line() -> None:
    with pytest.raises(XbenchError, match="inputs are no sparse matrix"):
        keep_prepared(small_images())
    with pytest.raises(XbenchError, match="is no digest"):
        open_prepared("../../etc")
    with pytest.raises(XbenchError, match="no prepared data begin with 'zz'"):
        clear_prepared("zz")
