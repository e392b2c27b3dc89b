"""Files that xbench writes or is given, spoiled at random: taken, or refused in one clear line.

Files of every kind (`kinds.py`) are spoiled byte by byte, value by value and line by line. Whoever
reads one either takes it or raises an `XbenchError` of one line that names the file; a record that
is none is left out with a warning, and all others are read. Anything else (another error, a crash,
more than some seconds or some memory) is wrong. At full count, from the repository:

    python -m tests.faults.fuzz --count 1219 --seed 0 --write

which writes its counts into docs/explanation/robustness.md.
"""

from __future__ import annotations

import json
import math
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from xbench.errors import XbenchError, XbenchWarning
from xbench.utils.apart import WorkEnd, run_apart
from xbench.utils.text import shown

from .kinds import Kind, kinds
from .report import asked, write_counts

# How long reading a small file may take, and what it may take of memory beyond what is there.
# The first are seconds of the processor; the others are for what waits, or a busy machine.
LIMIT_SECONDS = 8.0
WAITING_SECONDS = 60.0
LIMIT_BYTES = 2 << 30
LONGEST = 2100
FULL = 1219
# Files that are read by one process.
TOGETHER = 30
OUTCOMES = ("taken", "taken with a warning", "refused")

VALUES = [
    b"NaN", b"Infinity", b"-1", b"0", b"1e999", b"1" + b"0" * 40, b"null", b"true", b'""', b"[]",
    b"{}", b'"\\ud800"', b'"\\u0000"', b"[" * 2000, b'{"a":' * 2000, b"2099-01-01", b"'", b"inf",
    b"nan", b"0x10", b"1_000", b'"' + b"x" * 5000 + b'"',
]  # fmt: skip
# What keeps the form of a file, so that its content is read and judged.
NUMBERS = [b"0", b"1", b"2", b"7", b"99", b"100000", b"2147483648", b"-1", b"0.5", b"1e3"]
TEXTS = [b"", b" ", b"x", b"8", b"chrX", b"GAD1", b"../up", b"=1+1", b"nan", b"MOG "]
_NUMBER = re.compile(rb"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
_TEXT = re.compile(rb"(?<=[\"\t,])[^\"\t,\n]*(?=[\"\t,\n])")
_VALUE = re.compile(rb'"[^"\n]*"|-?\d+(?:\.\d+)?|\b[a-z_]{3,}\b')


def spoil(content: bytes, chance: random.Random) -> bytes:
    """Spoil a content in one to three ways."""
    spoilers = BINARY_SPOILERS if b"\0" in content else SPOILERS
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        content = chance.choice(spoilers)(content, chance)
    return content


def _flip(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content) + 1)
    return content[:place] + bytes([chance.randrange(256)]) + content[place + 1 :]


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _drop(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    return content[:start] + content[start + chance.randint(1, 40) :]


def _repeat(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    part = content[start : start + chance.randint(1, 60)]
    return content[:start] + part * chance.randint(2, 5) + content[start:]


def _value(content: bytes, chance: random.Random) -> bytes:
    return _other(content, _VALUE, VALUES, chance)


def _number(content: bytes, chance: random.Random) -> bytes:
    return _other(content, _NUMBER, NUMBERS, chance)


def _text(content: bytes, chance: random.Random) -> bytes:
    return _other(content, _TEXT, TEXTS, chance)


def _other(
    content: bytes, what: re.Pattern[bytes], others: Sequence[bytes], chance: random.Random
) -> bytes:
    """Put another value in the place of one."""
    places = list(what.finditer(content))
    if not places:
        return content
    place = chance.choice(places)
    return content[: place.start()] + chance.choice(others) + content[place.end() :]


def _letter(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content) + 1)
    return content[:place] + bytes([chance.randrange(32, 127)]) + content[place + 1 :]


def _swap(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    chance.shuffle(lines)
    return b"\n".join(lines)


def _encode(content: bytes, chance: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(chance.choice(["utf-16", "utf-8-sig", "utf-32", "cp037"]), "replace")


def _flip_many(content: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice([4, 16, 64])):
        content = _flip(content, chance)
    return content


def _fill(content: bytes, chance: random.Random) -> bytes:
    """Put other bytes in the place of some, as many: what follows stays where it is said to be."""
    size = chance.choice([1, 2, 4, 8, 64])
    start = chance.randrange(len(content) + 1)
    filled = chance.choice([b"\0", b"\xff", b"\x7f", b"\x80", b"A"]) * size
    return content[:start] + filled + content[start + size :]


SPOILERS = (
    *(_flip, _cut, _drop, _repeat, _swap, _encode),
    *(_value, _value, _letter, _number, _number, _number, _text, _text),
)
BINARY_SPOILERS = (_flip, _flip_many, _flip_many, _fill, _fill, _fill, _fill, _cut, _drop)


class Spoiled(NamedTuple):
    """A spoiled file."""

    number: int
    kind: Kind
    path: Path


class Fuzz:
    """Spoiled files, one after the other, and what was wrong with how they were met.

    Parameters
    ----------
    folder
        To work in.
    seed
        Of what is spoiled, and how.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.random = folder, random.Random(seed)
        good = folder / "good"
        good.mkdir()
        self.kinds = kinds(good)
        self.counts: Counter[tuple[str, str]] = Counter()
        self.wrong: list[str] = []
        untouched = [
            Spoiled(-number, kind, kind.put(kind.content, folder / f"good-{kind.name}"))
            for number, kind in enumerate(self.kinds)
        ]
        for one in untouched:
            # What reading imports is there for all that follow.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                one.kind.read(one.path)
        # What is not taken as it is tells nothing once it is spoiled.
        if set(outcomes(untouched)) != {"taken"}:
            raise RuntimeError(f"good files are refused: {outcomes(untouched)}")

    def spoiled(self, number: int) -> Spoiled:
        """Spoil one file; every kind has its turn."""
        kind = self.kinds[number % len(self.kinds)]
        path = kind.put(spoil(kind.content, self.random), self.folder / str(number))
        return Spoiled(number, kind, path)

    def try_all(self, files: Sequence[Spoiled]) -> None:
        """Read files, all in one process where that goes well, and remove them."""
        for one, outcome in zip(files, outcomes(files), strict=True):
            if outcome not in OUTCOMES:
                self.wrong.append(f"{one.kind.name} ({one.number}): {outcome}")
            found = outcome if outcome in OUTCOMES else "wrong"
            self.counts[one.kind.name, found] += 1
            shutil.rmtree(one.path.parent)


def outcomes(files: Sequence[Spoiled]) -> list[str]:
    """Tell how files were met, in processes of their own: they may crash them or never end.

    A process costs more than a file: files share one for as long as it lives. Where it ends early,
    the file that it was reading is read again alone, and the next one begins behind it.
    """
    found: list[str] = []
    while len(found) < len(files):
        some, end = met_apart(files[len(found) :])
        found += some
        if len(found) < len(files) and end.answer is None:
            alone, end = met_apart(files[len(found) : len(found) + 1])
            found += alone or ["took too long" if _too_long(end) else end.reason]
    return found


def met_apart(files: Sequence[Spoiled]) -> tuple[list[str], WorkEnd]:
    """Tell how files were met as far as one process comes, and how that process ended.

    Each has so many seconds of the processor, however busy the machine is; all together have
    longer, for what waits and does nothing.
    """
    with tempfile.NamedTemporaryFile() as told_so_far:

        def work(begun: object) -> bytes:
            used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + LIMIT_BYTES,) * 2)
            with Path(told_so_far.name).open("w", encoding="utf-8") as out:
                for one in files:
                    spent = math.ceil(time.process_time() + LIMIT_SECONDS)
                    resource.setrlimit(resource.RLIMIT_CPU, (spent, resource.RLIM_INFINITY))
                    print(json.dumps(met(one)), file=out, flush=True)
            return b"all"

        end = run_apart(work, seconds=LIMIT_SECONDS + WAITING_SECONDS)
        lines = Path(told_so_far.name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines], end


def _too_long(end: WorkEnd) -> bool:
    return end.timed_out or end.status == -signal.SIGXCPU


def met(file: Spoiled) -> str:
    """Read a file and tell how it was met, and whether the words are fit to be read."""
    outcome, texts = reading(file.kind, file.path)
    for text in texts:
        if "\n" in text or len(text) > LONGEST:
            return f"words of {len(text)} characters or several lines"
        if shown(text) != text:
            return f"control characters in {text!r}"
        # A record is named by its line, files of a folder by the folder or their own names.
        names = (file.path.name, file.path.parent.name, "record")
        if not any(name in text for name in names):
            return f"the file is not named: {text[:200]}"
    return outcome


def reading(kind: Kind, path: Path) -> tuple[str, list[str]]:
    """Read a file; return how that went, and what was said."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            kind.read(path)
        except XbenchError as error:
            return "refused", [str(error)]
        except BaseException as error:
            return f"{type(error).__name__}: {error}"[:200], []
    texts = [str(one.message) for one in said if issubclass(one.category, XbenchWarning)]
    return "taken with a warning" if texts else "taken", texts


def fuzz(count: int, seed: int, folder: Path) -> Fuzz:
    """Spoil that many files."""
    fuzzing = Fuzz(folder, seed)
    for start in range(0, count, TOGETHER):
        numbers = range(start, min(start + TOGETHER, count))
        fuzzing.try_all([fuzzing.spoiled(number) for number in numbers])
    return fuzzing


def told(found: Fuzz) -> list[str]:
    """The counts as a table of Markdown."""
    names = ["taken", "taken with a warning", "refused", "wrong"]
    lines = ["| file | " + " | ".join(names) + " |", "| --- " * 5 + "|"]
    rows = [*((kind.name, [kind.name]) for kind in found.kinds)]
    for name, of in [*rows, ("all", [kind.name for kind in found.kinds])]:
        numbers = [sum(found.counts[one, outcome] for one in of) for outcome in names]
        lines.append(f"| {name} | " + " | ".join(map(str, numbers)) + " |")
    return lines


def main() -> None:
    """Spoil as many files as are asked for, and print the counts."""
    given = asked(__doc__, FULL)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = fuzz(given.count, given.seed, Path(folder))
    took = f"{given.count:,} files, seed {given.seed}, {time.monotonic() - began:.0f} s"
    lines = [took + ":", "", *told(found)]
    print("\n".join(lines))
    print(f"{len(found.wrong)} wrong")
    for what in found.wrong[:100]:
        print(f"  {what}")
    if given.write:
        write_counts("fuzz", lines)
    sys.exit(bool(found.wrong))


if __name__ == "__main__":
    main()
