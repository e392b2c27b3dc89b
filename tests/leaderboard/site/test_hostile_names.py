"""Names from strangers are shown as they are: nothing of them is markup, a script or an address."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from xbench.leaderboard.site import KeptRuns, Source, build_site

EVIL = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
NAMES = {
    "task": f"t{EVIL}",
    "dataset": "javascript:alert(3)//../../etc",
    "surrogate": "' onclick='alert(4)",
    "method": "{{ 7 * 7 }}</script><!--",
}
TYPE, GENE = "VIP</td>\u2028", "../../<b>GAD1&amp;"


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory):
    from tests.leaderboard.conftest import build_record

    folder = tmp_path_factory.mktemp("site")
    records = []
    names = {name: text for name, text in NAMES.items() if name != "method"}
    for number in range(8):
        method = ("grids", NAMES["method"])[number % 2]
        status = "failed" if number == 7 else "ok"
        record = build_record(
            method=method,
            rel=-1.0 - number,
            repetition=number // 4,
            status=status,
            reason=f"ValueError: {EVIL}" if status == "failed" else "",
            run_id=f"{number:016x}",
            machine=EVIL,
            **names,
        )
        gene = GENE if number % 4 < 2 else "GAD2"
        records.append(replace(record, cell_type=TYPE, target=gene))
    place = tuple(names.values())
    kept = KeptRuns(EVIL, place, records[:4])
    written = build_site([Source(EVIL, records)], {}, folder, controls={"grids"}, baselines=[kept])
    return folder, written


class Page(HTMLParser):
    """Elements of a page with their attributes, and the text outside of them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def pages(folder: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text("utf-8")) for path in folder.rglob("*.html")}


def test_every_page_holds_our_elements_alone(hostile_site):
    folder, _ = hostile_site
    found = pages(folder)
    assert len(found) >= 3
    for path, page in found.items():
        for tag, attributes in page.elements:
            assert tag not in ("img", "b", "iframe", "object", "embed"), path
            assert not [name for name in attributes if name.startswith("on")], path
            if tag == "script":
                assert re.fullmatch(r"(\.\./)?(assets|data)/[\w./-]+\.js", attributes["src"]), path
        # A name is shown as it is, on every page by the list of studies.
        assert NAMES["task"] in page.text, path
        if path.parent.name == "study":
            assert NAMES["method"] in page.text


def test_every_address_is_a_file_of_the_site(hostile_site):
    folder, written = hostile_site
    assert all(path.resolve().is_relative_to(folder.resolve()) for path in written)
    for path, page in pages(folder).items():
        for _, attributes in page.elements:
            for name in ("href", "src"):
                address = attributes.get(name)
                if address is None or address.startswith("#") or address == "data:,":
                    continue
                assert re.fullmatch(r"(\.\./)?[A-Za-z0-9._/-]+(#[\w-]+)?", address), path
                file = (path.parent / unquote(address.split("#")[0])).resolve()
                assert file in {one.resolve() for one in written}, (path, address)


def test_data_are_json_without_markup(hostile_site):
    folder, _ = hostile_site
    scripts = list((folder / "data").rglob("*.js"))
    assert len(scripts) >= 3
    names = set()
    for path in scripts:
        text = path.read_text("utf-8")
        assert not set("<>&\u2028") & set(text), path
        (called,) = re.findall(r"\AxbenchSite\.put\((.*)\);\n\Z", text, re.DOTALL)
        name, value = json.loads(f"[{called}]")
        assert path == folder / "data" / f"{name}.js"
        names.add(json.dumps(value))
    # Names come back as they are.
    assert any(json.dumps(NAMES["method"])[1:-1] in text for text in names)


def test_no_page_knows_another_machine(hostile_site):
    folder, _ = hostile_site
    for path in folder.rglob("*"):
        # Plotly's own file names addresses in code that is not used: the browser tests watch it.
        if path.is_file() and path.suffix in (".html", ".js", ".css") and "plotly" not in path.name:
            found = set(re.findall(r"https?://[\w.]+", path.read_text("utf-8")))
            assert found <= {"http://www.w3.org"}, path
