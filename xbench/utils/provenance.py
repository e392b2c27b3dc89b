"""What a result was made with: versions, commit, machine."""

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

# Its name on the package index; asked there, the version needs no import of what is above this.
DISTRIBUTION = "xbench-explain"
_CHECKOUT = Path(__file__).resolve().parents[2]


def versions() -> dict[str, str]:
    """Return the versions of xbench, python, torch and numpy, without importing torch.

    Examples
    --------
    >>> sorted(versions())
    ['numpy', 'python', 'torch', 'xbench']
    """
    return {
        "xbench": installed_version(DISTRIBUTION),
        "python": platform.python_version(),
        "torch": installed_version("torch"),
        "numpy": installed_version("numpy"),
    }


def machine() -> str:
    """Return the processor's name and the number of cores, without the machine's name.

    Examples
    --------
    >>> machine().endswith("cores")
    True
    """
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        models = [line.partition(":")[2] for line in lines if line.startswith("model name")]
        name = " ".join(models[0].split()) if models else name
    except OSError:
        pass
    return f"{name}, {os.cpu_count()} cores"


def git_commit(folder: str | os.PathLike[str] | None = None) -> str | None:
    """Return the commit of a checkout, with ``-dirty`` where tracked files were changed.

    Parameters
    ----------
    folder
        Top folder of a checkout; by default the one xbench runs from.

    Returns
    -------
    str or None
        None outside of a checkout, without git, or where git fails: a result is never lost for
        want of it. An xbench installed in a virtual environment inside of someone else's
        checkout is outside: that commit would say nothing about xbench.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     git_commit(folder) is None
    True
    """
    top = _CHECKOUT if folder is None else Path(folder)
    if not (top / ".git").exists():
        return None
    try:
        commit = _git(top, "rev-parse", "HEAD")
        changes = _git(top, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return f"{commit}-dirty" if changes else commit


def installed_version(package: str) -> str:
    """Return the version of a package, without importing it; ``"unknown"`` where it is absent.

    Examples
    --------
    >>> installed_version("no-such-package")
    'unknown'
    """
    # Where it is imported it can say more: which build it is (+cpu, +cu130).
    imported = getattr(sys.modules.get(package), "__version__", None)
    if imported:
        return str(imported)
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def _git(folder: Path, *arguments: str) -> str:
    # A hook's GIT_DIR would point git elsewhere; and status is not to write to the index.
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, check=True, text=True, timeout=10
    )
    return done.stdout.strip()
