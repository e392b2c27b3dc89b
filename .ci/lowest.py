"""Print the lowest version of each dependency that pyproject.toml declares, as requirements.

    python .ci/lowest.py test hic > lowest.txt

The arguments are names of optional dependencies to add.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def lowest(requirement: str) -> str:
    """Return a requirement that only the lowest version fulfils.

    Examples
    --------
    >>> lowest("numpy>=1.26")
    'numpy==1.26'
    """
    found = re.fullmatch(r"([\w.-]+)>=([\d.]+)(?:,.*)?", requirement)
    if found is None:
        raise SystemExit(f"pyproject.toml: {requirement!r} has no lower bound; write NAME>=VERSION")
    return f"{found[1]}=={found[2]}"


def main(extras: list[str]) -> None:
    """Print the requirements."""
    pyproject = Path(__file__).resolve().parents[1] / "pyproject.toml"
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    for group in [project["dependencies"], *(optional[name] for name in extras)]:
        print("\n".join(map(lowest, group)))


if __name__ == "__main__":
    main(sys.argv[1:])
