from __future__ import annotations

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
import pytest

from xbench.utils import process as memory
from xbench.utils.process import PeakMemory, return_freed_memory

SIZE = 200_000_000


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux' /proc")
needs_reset = pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="this system does not reset the peak"
)


@needs_proc
def test_the_peak_counts_what_was_freed_before_the_end() -> None:
    before = resident()
    with PeakMemory() as measured:
        block = numpy.ones(SIZE, dtype=numpy.uint8)
        del block
    assert measured.peak is not None
    assert resident() < before + SIZE / 2
    assert measured.peak > before + 0.95 * SIZE


@needs_proc
@needs_reset
def test_a_peak_of_before_does_not_count() -> None:
    block = numpy.ones(SIZE, dtype=numpy.uint8)
    del block
    with PeakMemory() as measured:
        pass
    assert measured.peak is not None
    assert abs(measured.peak - resident()) < SIZE / 4


@needs_proc
def test_elsewhere_the_peak_since_the_start_is_the_bound(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "_PROCESS", tmp_path)
    with PeakMemory() as measured:
        block = numpy.ones(SIZE, dtype=numpy.uint8)
        held = resident()
        del block
    assert measured.peak is not None
    assert measured.peak >= 0.95 * held


def test_the_peak_is_known_after_an_error_too() -> None:
    measured = PeakMemory()
    with pytest.raises(RuntimeError), measured:
        raise RuntimeError
    assert measured.peak is not None


@needs_proc
@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library keeps what it keeps"
)
def test_what_a_thread_has_freed_is_given_back() -> None:
    def work() -> numpy.ndarray:
        pieces = [numpy.ones(SIZE // 2000, dtype=numpy.uint8) for _ in range(2000)]
        # The last piece stays: what lies below it is not given back by itself.
        return pieces[-1]

    before = resident()
    with ThreadPoolExecutor(1) as pool:
        last = pool.submit(work).result()
    assert resident() > before + SIZE / 2
    return_freed_memory()
    assert resident() < before + SIZE / 4
    assert last.all()
