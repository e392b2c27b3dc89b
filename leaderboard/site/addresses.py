"""Where each page of the site is: safe, unique file names for names that come from strangers."""

import hashlib
import re
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from xbench.utils.files import file_part

_Key = TypeVar("_Key", bound=Hashable)
_RUN_ID = re.compile(r"[0-9a-f]{16}")
# Names that Windows keeps for devices, whatever ends they have.
_DEVICES = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:[.].*)?")


# The name of a target's page has two slugs, and no file name may be longer than 255.
_LONGEST = 100


def slugs(names: Mapping[_Key, Sequence[str]]) -> dict[_Key, str]:
    """Return a file name for each thing, made of the parts of its name.

    Parameters
    ----------
    names
        The parts of each thing's name, by what identifies it; in their order.

    Returns
    -------
    dict
        Letters, digits, ``.``, ``_`` and ``-`` alone, at most 100 and a number, never a device's
        name; no two are the same, also where capitals and small letters are. The same names give
        the same slugs.

    Examples
    --------
    >>> slugs({1: ("table1", "snare-cortex"), 2: ("a/b",), 3: ("T",), 4: ("t",)})
    {1: 'table1--snare-cortex', 2: 'a-b-c14cddc0', 3: 'T', 4: 't-2'}
    """
    found: dict[_Key, str] = {}
    used: set[str] = set()
    for key, parts in names.items():
        slug = "--".join(map(file_part, parts))
        if len(slug) > _LONGEST:
            digest = hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:8]
            slug = f"{slug[: _LONGEST - 9]}-{digest}"
        if _DEVICES.fullmatch(slug):
            slug = f"_{slug}"
        free, number = slug, 1
        while free.lower() in used:
            number += 1
            free = f"{slug}-{number}"
        used.add(free.lower())
        found[key] = free
    return found


def study_address(slug: str) -> str:
    """Return the address of a study's page, from the root of the site.

    Examples
    --------
    >>> study_address("table1--snare-cortex--cross-modality")
    'study/table1--snare-cortex--cross-modality.html'
    """
    return f"study/{slug}.html"


def target_address(study: str, target: str) -> str:
    """Return the address of a target's page, from the slugs of its study and of itself.

    Examples
    --------
    >>> target_address("table1--cortex--mlp", "VIP--GAD1")
    'target/table1--cortex--mlp--VIP--GAD1.html'
    """
    return f"target/{study}--{target}.html"


def run_address(run_id: str) -> str:
    """Return the address of a run; that of the list of runs for what cannot be a run's id.

    Examples
    --------
    >>> run_address("00c0ffee00c0ffee"), run_address("<script>")
    ('run.html#00c0ffee00c0ffee', 'run.html')
    """
    return f"run.html#{run_id}" if _RUN_ID.fullmatch(run_id) else "run.html"
