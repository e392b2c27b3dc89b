"""Values no file can mean, put where a file of each kind has one: refused, quickly, in one line."""

from __future__ import annotations

import re

import pytest

from .fuzz import Fuzz, Spoiled, outcomes

DEEP = 100_000
VALUES = {
    "brackets": b"[" * DEEP,
    "closed brackets": b"[" * DEEP + b"]" * DEEP,
    "nested tables": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "a number of a million digits": b"9" * 1_000_000,
    "a text of a million letters": b'"' + b"x" * 1_000_000 + b'"',
    "NaN": b"NaN",
    "half of a character": b'"\\ud800"',
}
# What is replaced: a number that a run, a table or a surrogate cannot do without.
PLACES = {
    "task.toml": rb"(?<=repetitions = )2",
    "runs.jsonl": rb'(?<="task_version": )1|(?<="task_version":)1',
    "baseline.json": rb'(?<="version": )\d+|(?<="version":)\d+',
    "surrogate.json": rb'(?<="n_outputs": )\d+',
    "matrix.mtx": rb"(?<=\n)\d+(?= \d+ \d+\n)",
    "gene.regions.hg38.bed": rb"(?<=chr1\t)\d+",
    "loops.bedpe": rb"50000",
}


@pytest.fixture(scope="module")
def fuzzing(tmp_path_factory: pytest.TempPathFactory) -> Fuzz:
    return Fuzz(tmp_path_factory.mktemp("extremes"), 0)


# test_counts.py spoils files of the same kinds, by values of the same kinds among others.
@pytest.mark.slow
@pytest.mark.parametrize("name", PLACES)
def test_what_cannot_be_meant_is_refused(name: str, fuzzing: Fuzz) -> None:
    (kind,) = (one for one in fuzzing.kinds if one.name == name)
    files = []
    for number, value in enumerate(VALUES.values()):
        content, times = re.subn(PLACES[name], lambda _, value=value: value, kind.content, count=1)
        assert times == 1
        path = kind.put(content, fuzzing.folder / f"{name}-{number}")
        files.append(Spoiled(number, kind, path))
    met = dict(zip(VALUES, outcomes(files), strict=True))
    # A record that is none is left out, and said; all else is refused.
    wanted = "taken with a warning" if name == "runs.jsonl" else "refused"
    assert met == dict.fromkeys(VALUES, wanted)
