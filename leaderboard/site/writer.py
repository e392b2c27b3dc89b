"""The files of the site: pages from templates, data in scripts, what they are made of."""

import importlib.resources
import re
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from xbench.errors import XbenchError
from xbench.utils.files import cannot_write, write_bytes

from .addresses import run_address
from .script_data import data_script

# The list of what a build has written, one address a line.
WRITTEN = ".written"
_HERE = Path(__file__).parent
_DATA_NAME = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")


class SiteWriter:
    """Writes files into a folder, and remembers which.

    Parameters
    ----------
    folder
        Of the site; made where there is none.
    shared
        What every template may show, by name.
    """

    def __init__(self, folder: Path, **shared: Any) -> None:
        self.folder = folder
        self.written: dict[str, int] = {}
        # Every value that a template shows is escaped; a name that is missing is an error.
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {**shared, "run_address": run_address}

    def page(self, address: str, template: str, **values: Any) -> None:
        """Write a page.

        Parameters
        ----------
        address
            From the root of the site.
        template
            File among the templates.
        values
            What it shows. It also has ``root``: what leads from the page to the root of the site.
        """
        root = "../" * (len(PurePosixPath(address).parts) - 1)
        text = self._environment.get_template(template).render(root=root, address=address, **values)
        self.file(address, text.encode("utf-8"))

    def data(self, name: str, value: Any) -> None:
        """Write data that pages load by name: ``xbenchSite.load(name)``.

        Parameters
        ----------
        name
            Parts of letters, digits, ``.``, ``_`` and ``-``, between slashes.
        value
            As `compact_json` takes it.
        """
        if not _DATA_NAME.fullmatch(name) or ".." in name.split("/"):
            raise XbenchError(f"data {name!r}: the name is not made of safe parts; use a slug")
        self.file(f"data/{name}.js", data_script(name, value).encode("ascii"))

    def file(self, address: str, content: bytes) -> None:
        """Write a file at an address from the root of the site.

        It does not wait for the disk, which takes twenty times as long for a thousand files: a
        site that a kill has cut is built again.
        """
        path = self.folder / address
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise cannot_write(path, error) from error
        self.written[address] = len(content)

    def assets(self) -> None:
        """Copy our own style sheet and scripts, and Plotly out of its installed package.

        Raises
        ------
        XbenchError
            Where Plotly is not installed.
        """
        for path in sorted((_HERE / "assets").iterdir()):
            if path.suffix in (".css", ".js"):
                self.file(f"assets/{path.name}", path.read_bytes())
        if find_spec("plotly") is None:
            raise XbenchError("charts need Plotly; pip install 'xbench-explain[site]'")
        bundle = importlib.resources.files("plotly") / "package_data" / "plotly.min.js"
        self.file("assets/plotly.min.js", bundle.read_bytes())

    def finish(self) -> list[Path]:
        """Delete what an earlier build wrote and this one did not; return what was written.

        Nothing else in the folder is touched: the docs may lie in it.
        """
        listed = self.folder / WRITTEN
        earlier = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
        for address in earlier:
            place = PurePosixPath(address)
            # Whatever a list says, nothing outside of the folder is touched.
            inside = address and not place.is_absolute() and ".." not in place.parts
            if inside and address not in self.written:
                (self.folder / address).unlink(missing_ok=True)
        names = "".join(f"{address}\n" for address in sorted(self.written))
        write_bytes(listed, names.encode("utf-8"))
        return sorted(self.folder / address for address in self.written)
