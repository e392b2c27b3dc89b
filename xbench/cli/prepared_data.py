"""``xbench data prepared``: what the cache keeps of data that are too large for memory."""

from xbench.cli.printing import say
from xbench.data.prepared import PreparedData, all_prepared, clear_prepared, prepared_root
from xbench.errors import XbenchError
from xbench.utils.text import plain, size_text


def show_prepared(beginning: str = "") -> None:
    """Print prepared data, a line each.

    Raises
    ------
    XbenchError
        None has a digest that begins so.
    """
    found = [one for one in all_prepared() if one.folder.name.startswith(beginning)]
    if beginning and not found:
        raise XbenchError(f"no prepared data begin with {beginning!r}; see xbench data prepared")
    for one in found:
        say(_line(one))
    total = size_text(sum(one.size for one in found))
    say(f"{len(found)} prepared, {total}, in {prepared_root()}")


def clear_and_show(beginning: str = "") -> None:
    """Remove prepared data, and say which.

    Raises
    ------
    XbenchError
        None has a digest that begins so, or they cannot be removed.
    """
    gone = clear_prepared(beginning)
    for one in gone:
        say(f"removed {_line(one)}")
    say(f"{len(gone)} removed, {size_text(sum(one.size for one in gone))} freed")


def _line(one: PreparedData) -> str:
    what = (
        f"broken ({plain(one.problem, 200)})"
        if one.problem
        else (f"{plain(one.name, 60)}, {one.cells:,} cells x {one.features:,} features")
    )
    return f"{one.folder.name[:12]}  {what}, {size_text(one.size)}"
