from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from xbench.data.dataset import Dataset
from xbench.data.read_options import ReadOptions
from xbench.datasets.mnist_binary import MnistBinary
from xbench.errors import XbenchError

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / "datasets" / "make_mnist_binary.py"
IDX = Path(os.environ.get("XBENCH_MNIST_IDX", "/tmp/scratch/package/data"))
IMAGES, LABELS = IDX / "t10k-images-idx3-ubyte", IDX / "t10k-labels-idx1-ubyte"

needs_idx = pytest.mark.skipif(
    not IMAGES.is_file(), reason=f"the MNIST test file is not in {IDX}; set XBENCH_MNIST_IDX"
)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return MnistBinary().load()


def test_facts(dataset: Dataset) -> None:
    assert dataset.X.shape == (1984, 784)
    assert dataset.X.dtype == np.float32
    assert (dataset.X.min(), dataset.X.max()) == (0, 1)
    assert (len(dataset.rows("3", "all")), len(dataset.rows("8", "all"))) == (1010, 974)
    assert dataset.output_features.names.tolist() == ["3", "8"]
    assert dataset.features.names[[0, 29, 783]].tolist() == [
        "pixel 0,0",
        "pixel 1,1",
        "pixel 27,27",
    ]
    assert not dataset.features.has_coordinates
    assert dataset.default_surrogate == "mlp-classifier"
    assert MnistBinary().available() is None


def test_split_is_the_protocol_s(dataset: Dataset) -> None:
    sizes = [len(dataset.rows("8", part)) for part in ("train", "validation", "test")]
    assert sizes == [623, 156, 195]


def test_pixels_are_level_with_the_digit(dataset: Dataset) -> None:
    # A 3 is open on the left where an 8 is closed: names, order and labels must agree for this.
    left = dataset.features.index_of("pixel 17,10")
    threes, eights = (dataset.X[dataset.rows(digit, "all"), left].mean() for digit in ("3", "8"))
    assert eights > 2 * threes


def test_the_shipped_file_is_small() -> None:
    assert MnistBinary().find().stat().st_size < 400_000


@needs_idx
def test_images_are_those_of_the_test_file(dataset: Dataset) -> None:
    labels = np.frombuffer(LABELS.read_bytes(), np.uint8, offset=8)
    images = np.frombuffer(IMAGES.read_bytes(), np.uint8, offset=16).reshape(10_000, 784)
    positions = dataset.inputs.obs_names.astype(int)
    assert positions.tolist() == np.flatnonzero((labels == 3) | (labels == 8)).tolist()
    assert np.array_equal(dataset.cell_types, labels[positions].astype(str))
    assert np.array_equal(np.rint(dataset.X * 255), images[positions])


def make(images: Path, labels: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), str(images), str(labels), "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_idx
def test_the_script_makes_the_shipped_file_byte_for_byte(tmp_path: Path) -> None:
    zipped = tmp_path / "images.gz"
    zipped.write_bytes(gzip.compress(IMAGES.read_bytes(), compresslevel=1))
    answer = make(zipped, LABELS, tmp_path / "made.npz")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "made.npz").read_bytes() == MnistBinary().find().read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images.gz", "made.npz"]


def test_the_script_refuses_other_files(tmp_path: Path) -> None:
    other, out = tmp_path / "other", tmp_path / "made.npz"
    other.write_bytes(b"not the images")
    answers = {images: make(images, other, out) for images in (other, tmp_path / "absent")}
    for images, answer in answers.items():
        assert answer.returncode == 2
        assert len(answer.stderr.splitlines()) == 1
        assert str(images) in answer.stderr
    assert "must be 0fa7898d" in answers[other].stderr
    assert not out.exists()


class Explosive:
    """Unpickling this would leave a trace."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.mkdir, ("exploded",))


def test_a_file_that_holds_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "evil.npz"
    np.savez(path, images=np.array([Explosive()]), labels=np.zeros(1), positions=np.zeros(1))
    with pytest.raises(XbenchError, match=r"evil.npz: not a file of .*; make it again"):
        MnistBinary().load(ReadOptions(path=path))
    assert not (tmp_path / "exploded").exists()


def test_wrong_files(tmp_path: Path) -> None:
    path = tmp_path / "wrong.npz"
    path.write_bytes(MnistBinary().find().read_bytes()[:5000])
    with pytest.raises(XbenchError, match="damaged; make it again"):
        MnistBinary().load(ReadOptions(path=path))
    np.savez(path, images=np.zeros((2, 5, 5)), labels=np.zeros(2), positions=np.zeros(2))
    with pytest.raises(
        XbenchError, match=r"images has shape \(2, 5, 5\) but must .* \(2, 28, 28\)"
    ):
        MnistBinary().load(ReadOptions(path=path))
    with pytest.raises(XbenchError, match=r"no file .*absent.npz; it is a part of xbench"):
        MnistBinary().load(ReadOptions(path=tmp_path / "absent.npz"))


@pytest.mark.parametrize("option", [{"binarize": True}, {"cell_type_key": "digit"}])
def test_options_that_mean_nothing_here(option: dict) -> None:
    with pytest.raises(XbenchError, match=r"leave out --(binarize|cell-type-key)$"):
        MnistBinary().load(ReadOptions(**option))
