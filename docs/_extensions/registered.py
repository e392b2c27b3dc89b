"""The directive ``registered KIND``: a table of what there is by name, as in ``xbench list``."""

from __future__ import annotations

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from xbench.registry.find import KINDS, entries


class Registered(Directive):
    """A heading and a table, a row an entry; nothing is imported for it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the nodes that stand in the directive's place."""
        (kind,) = self.arguments
        if kind not in KINDS:
            raise self.error(f"unknown kind {kind!r}; valid: {', '.join(KINDS)}")
        rows = nodes.tbody()
        for entry in entries(kind):
            if entry.source == "built-in":
                name = nodes.paragraph("", "", nodes.literal(text=entry.name))
                rows += _row(name, nodes.paragraph(text=entry.summary))
        head = nodes.thead("", _row(nodes.paragraph(text="name"), nodes.paragraph(text="what")))
        columns = [nodes.colspec(colwidth=width) for width in (30, 70)]
        group = nodes.tgroup("", *columns, head, rows, cols=2)
        section = nodes.section(ids=[f"{kind}s"], names=[f"{kind}s"])
        section += nodes.title(text=f"{kind.capitalize()}s")
        section += nodes.table("", group)
        return [section]


def _row(*cells: nodes.paragraph) -> nodes.row:
    return nodes.row("", *(nodes.entry("", cell) for cell in cells))


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known to Sphinx."""
    app.add_directive("registered", Registered)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
