from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.utils import locks
from xbench.utils.locks import append_line


def is_whole(tail: bytes) -> bool:
    return tail.endswith(b"]")


@settings(deadline=None, max_examples=60)
@given(
    content=st.binary(max_size=40).map(lambda some: some.replace(b"0", b"\n")),
    block=st.integers(1, 9),
)
def test_appending_keeps_every_line_and_only_cuts_a_torn_tail(content: bytes, block: int) -> None:
    lines, newline, tail = content.rpartition(b"\n")
    kept = content + b"\n" if is_whole(tail) else lines + newline
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(locks, "_BLOCK", block)
        path = Path(folder) / "lines"
        path.write_bytes(content)
        append_line(path, b"new", is_whole)
        assert path.read_bytes() == kept + b"new\n"


def test_a_torn_tail_longer_than_a_block_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"[1]\n" + b"x" * 200_000)
    append_line(path, b"[2]", is_whole)
    assert path.read_bytes() == b"[1]\n[2]\n"


def test_an_interrupt_between_two_writes_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"[1]\n")

    def interrupted(descriptor: int, content: bytes) -> None:
        os.write(descriptor, content[:3])
        raise KeyboardInterrupt

    monkeypatch.setattr(locks, "write_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        append_line(path, b"[22222]", is_whole)
    assert path.read_bytes() == b"[1]\n"
