"""Text made fit for one line: names and reasons from strangers' files, sizes."""

import html
import re
import unicodedata

# Control characters (the escapes that steer a terminal among them), direction marks, surrogates,
# and what ends a line or paragraph.
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def shown(text: object) -> str:
    r"""Return text with a space in place of each control, direction or other invisible character.

    Spaces stay as they are, so that a path can be copied from it.

    Examples
    --------
    >>> shown("a  b\x1b[31m\n")
    'a  b [31m '
    """
    line = str(text)
    if line.isprintable():
        return line
    return "".join(" " if unicodedata.category(letter) in _HIDDEN else letter for letter in line)


def plain(text: object, longest: int | None = None) -> str:
    r"""Return text on one line, without control, direction or other invisible characters.

    Parameters
    ----------
    text
        Anything; turned into text.
    longest
        Number of characters to shorten it to, if it is longer.

    Examples
    --------
    >>> plain("two\nlines\x00")
    'two lines'
    >>> plain("abcdef", longest=4)
    'abc…'
    """
    line = " ".join(shown(text).split())
    if longest is not None and len(line) > longest:
        line = line[: longest - 1] + "…"
    return line


def escape(text: str) -> str:
    r"""Return text so that Markdown shows it as it is: no markup, no HTML, and no bare link.

    Examples
    --------
    >>> escape("<b>|x_1|</b>")
    '&lt;b&gt;\\|x\\_1\\|&lt;/b&gt;'
    >>> escape("see www.a.b, http://c.d, e@f.g")
    'see www&#46;a.b, http&#58;//c.d, e&#64;f.g'
    """
    # An ampersand first becomes an entity, so that "&lt;" in a name stays what it is.
    safe = re.sub(r"([\\`*_\[\]|~$!#])", r"\\\1", html.escape(plain(text), quote=False))
    # Addresses are made links wherever they stand, in any case, and so are mentions (@name).
    safe = re.sub(r"(?i):(?=//)|(?<=mailto):|(?<=xmpp):", "&#58;", safe.replace("@", "&#64;"))
    return re.sub(r"(?i)(?<=www)\.", "&#46;", safe)


def size_text(size: float) -> str:
    """Return a number of bytes as people read it, in powers of 1,000.

    Examples
    --------
    >>> size_text(17), size_text(1_369_492_123)
    ('17 bytes', '1.37 GB')
    """
    units = ("bytes", "kB", "MB", "GB", "TB")
    unit = 0
    while size >= 999.5 and unit < len(units) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.3g} {units[unit]}" if unit else f"{size:.0f} bytes"
