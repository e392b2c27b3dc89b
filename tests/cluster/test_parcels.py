"""Files that workers need: found by content, sent in parts, refused where they are not that."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import xbench
from xbench.cluster import parcel as parcels
from xbench.cluster.on_worker import Answer
from xbench.cluster.packed_data import PackedChoice, pack
from xbench.cluster.parcel import (
    Parcel,
    ParcelFile,
    begin_receiving,
    end_receiving,
    found,
    inside,
    parts_of,
    receive_part,
)
from xbench.cluster.train_on_worker import train_there
from xbench.cluster.worker_task import done_apart
from xbench.errors import XbenchError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def packed(tmp_path: Path) -> Parcel:
    folder = tmp_path / "there"
    (folder / "in" / "side").mkdir(parents=True)
    (folder / "empty").write_bytes(b"")
    (folder / "in" / "side" / "large").write_bytes(bytes(range(256)) * 40)
    return Parcel.of("test", folder, [folder / "empty", folder / "in" / "side" / "large"])


def elsewhere(parcel: Parcel) -> Parcel:
    return replace(parcel, origin="/nowhere")


def test_what_is_sent_in_parts_arrives_whole(
    packed: Parcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parcels, "PART_BYTES", 1000)
    assert found(packed) == Path(packed.origin)
    assert found(elsewhere(packed)) is None
    folder = begin_receiving(packed)
    sizes = []
    for path, offset, content in parts_of(packed):
        receive_part(folder, path, offset, content)
        sizes.append(len(content))
    assert max(sizes) == 1000
    end_receiving(elsewhere(packed), folder)
    place = found(elsewhere(packed))
    assert place is not None
    assert (place / "in/side/large").read_bytes() == bytes(range(256)) * 40
    assert (place / "empty").read_bytes() == b""
    assert not Path(folder).exists()


@pytest.mark.parametrize("spoil", [b"", b"other content"], ids=["cut", "changed"])
def test_what_is_not_what_was_announced_is_not_kept(packed: Parcel, spoil: bytes) -> None:
    folder = begin_receiving(packed)
    for path, offset, content in parts_of(packed):
        receive_part(folder, path, offset, content)
    receive_part(folder, "in/side/large", 0, spoil)
    with pytest.raises(XbenchError, match="in/side/large is not what was announced"):
        end_receiving(elsewhere(packed), folder)
    assert found(elsewhere(packed)) is None
    assert not Path(folder).exists()


def test_a_file_that_was_changed_in_the_cache_is_sent_again(packed: Parcel) -> None:
    for _ in range(2):
        folder = begin_receiving(packed)
        for path, offset, content in parts_of(packed):
            receive_part(folder, path, offset, content)
        end_receiving(elsewhere(packed), folder)
        place = found(elsewhere(packed))
        assert place is not None
        (place / "in/side/large").write_bytes(b"spoilt")
        assert found(elsewhere(packed)) is None


@pytest.mark.parametrize("path", ["../out", "/etc/passwd", "a/../../out", "", "a\\b", "a\0b"])
def test_no_path_leads_out_of_its_folder(path: str, tmp_path: Path) -> None:
    with pytest.raises(XbenchError, match="leads out of the folder"):
        inside(tmp_path, path)
    with pytest.raises(XbenchError, match="leads out of the folder"):
        receive_part(str(tmp_path), path, 0, b"x")
    with pytest.raises(XbenchError, match="leads out of the folder"):
        found(Parcel("test", str(tmp_path), (ParcelFile(path, "0" * 64, 1),)))


@pytest.mark.parametrize("name", ["mnist-binary", "own file"])
def test_a_dataset_comes_back_as_it_was(name: str, small_data: Path) -> None:
    dataset = xbench.load_dataset(**({"data": small_data} if " " in name else {"name": name}))
    packed = pack(dataset)
    assert pack(dataset) == packed
    back = PackedChoice(folder=Path(packed.origin), digest=dataset.digest).load()
    for one in ("name", "genome", "citation", "licence", "default_surrogate"):
        assert getattr(back, one) == getattr(dataset, one)
    assert dict(back.cell_type_aliases) == dict(dataset.cell_type_aliases)
    assert back.X.dtype == dataset.X.dtype
    assert back.inputs.var.equals(dataset.inputs.var)
    assert back.inputs.obs.equals(dataset.inputs.obs)
    np.testing.assert_array_equal(back.cell_types, dataset.cell_types)
    with pytest.raises(XbenchError, match="holds data of digest"):
        PackedChoice(folder=Path(packed.origin), digest="0" * 64).load()


def test_a_simulation_keeps_its_truth(make_small: Callable[[], xbench.Dataset]) -> None:
    from xbench.simulation.known_regulation import truth_of

    dataset = make_small()
    packed = pack(dataset)
    back = PackedChoice(folder=Path(packed.origin), digest=dataset.digest).load()
    ours, theirs = truth_of(dataset), truth_of(back)
    assert ours is not None
    assert theirs is not None
    for one, other in zip(ours.arrays().items(), theirs.arrays().items(), strict=True):
        assert one[0] == other[0]
        np.testing.assert_array_equal(one[1], other[1])


@pytest.fixture
def make_small() -> Callable[[], xbench.Dataset]:
    from xbench.simulation.parameters import Parameters
    from xbench.simulation.simulation_files import simulated_dataset

    return lambda: simulated_dataset(Parameters(n_cells=160, n_peaks=2000, n_genes=60))


def test_a_training_that_is_killed_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = SimpleNamespace(address="tcp://there:1")
    monkeypatch.setattr("xbench.cluster.worker_task.get_worker", lambda: worker)
    ended = done_apart("training", os._exit, 9)
    assert isinstance(ended, Answer)
    assert ended.problem == "worker tcp://there:1: the training ended (9)"


def test_a_folder_that_holds_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    dataset = SimpleNamespace(default_surrogate="cis")
    with pytest.raises(XbenchError, match="holds something else"):
        train_there(None, dataset, None, None, None, folder=tmp_path, again=True)  # type: ignore[arg-type]
    assert (tmp_path / "notes.txt").read_text() == "mine"
