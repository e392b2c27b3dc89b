"""Tables as strangers write them: read right or refused with the row shown, never shifted."""

from __future__ import annotations

import csv
import gzip
import io
import os
import threading
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xbench.data.headed_table import read_headed
from xbench.data.multiome.cells import read_labels
from xbench.errors import XbenchError, XbenchWarning

BARCODES = ["AAAC-1", "AAAG-1", "AAAT-1"]
TYPES = ["Oligo", "Astro", "Micro"]
EXPECTED = dict(zip(BARCODES, TYPES, strict=True))


def rows(form: str, head: str = "barcode,cell_type") -> str:
    body = [form.format(b=b, t=t) for b, t in EXPECTED.items()]
    return "\n".join([head, *body]) + "\n"


def put(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "labels.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


PLAIN = rows("{b},{t}")
READ = {
    "semicolon": PLAIN.replace(",", ";"),
    "semicolon and a decimal comma": rows("{b};{t};0,5", "barcode;cell_type;score"),
    "Windows line ends": PLAIN.replace("\n", "\r\n"),
    "old Mac's line ends": PLAIN.replace("\n", "\r"),
    "Excel's line": "sep=,\r\n" + PLAIN.replace("\n", "\r\n"),
    "Excel's line, other delimiter": "sep=|\n" + PLAIN.replace(",", "|"),
    "Excel's line, a tab": "sep=\t\n" + PLAIN.replace(",", "\t"),
    "quoted": rows('"{b}","{t}"', '"barcode","cell_type"'),
    "R's write.table": rows('"{b}" "{t}" 5', '"cell_type" "n"'),
    "R's write.table with both named": rows('"{b}" "{t}"', '"barcode" "cell_type"'),
    "R, by tabs": rows("{b}\t{t}\tx", "cell_type\tnote"),
    "R, one column": rows("{b}\t{t}", "cell_type"),
    "R, by commas": rows("{b},{t},x", "cell_type,note"),
    "R, the type last": rows('"{b}",5,"{t}"', '"n","cell_type"'),
    "comments and blank lines": "# by a viewer, v2\n\n,,\n" + PLAIN.replace("\n", "\n\n", 2),
    "a comment below": PLAIN + "# the end\n",
    "a header behind a #": "#" + PLAIN,
    "spaces": rows(" {b} , {t} ", "barcode , cell_type"),
    "trailing delimiters": rows("{b},{t},"),
    "trailing delimiters, three columns": rows("{b},{t},x,", "cell,cell_type,sample"),
    "trailing delimiters everywhere": rows("{b},{t},,", "barcode,cell_type,,"),
    "two trailing delimiters": rows("{b}\t{t}\t\t", "cell\tcell_type"),
    "one row with a trailing delimiter": PLAIN.replace("Oligo", "Oligo,"),
    "a tab inside quotes": rows('"{b}","{t}","x"', '"barcode","cell_type","a\tb"'),
    "a line end inside quotes": rows('{b},{t},"x\ny"', "barcode,cell_type,note"),
    "numbered rows": rows('7,"{b}","{t}"', '"","barcode","cell_type"'),
    "numbered rows, cell_id": rows('7,"{b}","{t}"', '"","Cell_ID","cell_type"'),
}


@pytest.mark.parametrize("form", READ)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_forms_that_are_read(form: str, encoding: str, tmp_path: Path) -> None:
    assert read_labels(put(tmp_path, READ[form], encoding), "cell_type").to_dict() == EXPECTED


REFUSED = {
    "a delimiter in every type": (
        rows("{b},{t}, deep", "cell,cell_type"),
        "line 2 has 3 fields, but the header 2: AAAC-1 | Oligo | deep; quote",
    ),
    "a delimiter in every type, under a name that is not known": (
        rows("{b},{t}, deep", "spot,cell_type"),
        "line 2 has 3 fields, the header 2, and it cannot be told which is which: AAAC-1 | Oligo",
    ),
    "a delimiter in one type": (PLAIN.replace("Astro", "Astro, deep"), "line 3 has 3 fields"),
    "a delimiter in a type that is not last": (
        rows("{b},{t}, deep,x", "cell,cell_type,sample"),
        "line 2 has 4 fields, but the header 3",
    ),
    "trailing delimiters or row names": (
        rows("{b}\t{t}\t", "spot\tcell_type"),
        "it cannot be told which is which: AAAC-1 | Oligo |; name each column in the header",
    ),
    "a field that is absent": (PLAIN.replace(",Astro", ""), "line 3 has 1 fields, but the header"),
    "two delimiters that both fit": (
        rows("{b},{t};1", "barcode,cell_type;n"),
        "cannot tell whether commas or semicolons separate",
    ),
    "a comment that could be a row": (PLAIN + "#AAAA-1,Oligo\n", "could be a comment or a row"),
    "no header": (rows("{b},{t}", "AAAA-1,Oligo"), "or write a first line with the names"),
    "numbered rows and no barcodes": (
        "n,cell_type\n1,Oligo\n2,Astro\n",
        "numbers the rows, and none is called 'barcode'",
    ),
    "two columns of types": (rows("{b},{t},x", "barcode,cell_type,cell_type"), "has two columns"),
    "two columns of barcodes": (rows("{b},x,{t}", "barcode,Barcode,cell_type"), "has two columns"),
    "a quote that does not end": (PLAIN.replace("Astro", '"Astro'), "mend its quotes"),
    "measurements": (
        "barcode,cell_type\nA,0.5\nB,1.25\n",
        "holds numbers such as 0.5, so measurements",
    ),
    "a million columns": (",".join(f"c{n}" for n in range(10**6)) + "\n", "has 1,000,000 columns"),
    "a control character": (PLAIN.replace("Oligo", "\x1b[31mOligo"), "the control character"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_forms_that_are_refused(form: str, tmp_path: Path) -> None:
    content, said = REFUSED[form]
    path = put(tmp_path, content)
    with pytest.raises(XbenchError) as caught:
        read_labels(path, "cell_type")
    message = str(caught.value)
    assert message.startswith(str(path))
    assert said in message
    assert message.isprintable()


def test_windows_1252_is_read_and_told(tmp_path: Path) -> None:
    path = put(tmp_path, PLAIN.replace("Oligo", "Müller"), "cp1252")
    with pytest.warns(XbenchWarning, match="read as Windows-1252 \\('Müller'\\)"):
        labels = read_labels(path, "cell_type")
    assert labels["AAAC-1"] == "Müller"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04" + bytes(99), "an Excel workbook; save it as CSV"),
        (b"BZh91AY", "packed by bzip2; unpack it"),
        (b"barcode,cell_type\nA,\x81\n", "is neither UTF-8 nor Windows-1252"),
        ("barcode".encode("utf-16")[:-1], "begins as UTF-16, but byte"),
    ],
)
def test_no_text(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(XbenchError, match=said):
        read_labels(put(tmp_path, content), "cell_type")


def test_words_for_missing_types_are_told(tmp_path: Path) -> None:
    path = put(tmp_path, "barcode,cell_type\nA,Oligo\nB,None\nC,nan\nD,\n")
    with pytest.warns(XbenchWarning, match="'None' and 'nan' in column 'cell_type'"):
        assert read_labels(path, "cell_type").to_dict() == {"A": "Oligo"}


def test_clusters_are_whole_numbers(tmp_path: Path) -> None:
    path = put(tmp_path, "barcode,cell_type\nA,1.0\nB,1\nC,01\nD,12.00\n")
    assert read_labels(path, "cell_type").tolist() == ["1", "1", "01", "12"]
    path = put(tmp_path, "barcode,cell_type\nA,type 1.0\nB,1.0\n")
    assert read_labels(path, "cell_type").tolist() == ["type 1.0", "1.0"]


# A barcode or a type: any letters, without the ends being spaces or the words for missing.
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters='"#'),
    min_size=1,
    max_size=8,
).filter(lambda text: not text.replace(".", "").replace("-", "").isdigit())
tables = st.lists(
    st.tuples(words, st.sampled_from(["Oligo", "L2/3 IT", "Müller ☃", "T, CD4", "a;b", "x\ty"])),
    min_size=1,
    max_size=6,
    unique_by=lambda pair: pair[0],
)


@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    table=tables,
    delimiter=st.sampled_from(",;\t"),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    trailing=st.integers(0, 2),
    above=st.sampled_from(["", "\n", "# made by, someone\n", "\n# a;b\n\n"]),
    packed=st.booleans(),
)
def test_any_spelling_of_a_table_is_the_same_table(
    table: list[tuple[str, str]],
    delimiter: str,
    line_end: str,
    encoding: str,
    quoting: int,
    trailing: int,
    above: str,
    packed: bool,
    tmp_path: Path,
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(["barcode", "cell_type"])
    for pair in table:
        writer.writerow([*pair, *[""] * trailing])
    content = (above + text.getvalue()).encode(encoding)
    path = put(tmp_path, gzip.compress(content) if packed else content)
    expected = {barcode: kind for barcode, kind in table if barcode.lower() not in ("na", "nan")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XbenchWarning)
        found = read_labels(path, "cell_type").to_dict()
    assert {key: found[key] for key in expected} == expected


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    header=st.sampled_from(["barcode{0}cell_type", "cell{0}cell_type{0}n", "spot{0}cell_type"]),
    delimiter=st.sampled_from(",;\t"),
    strays=st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from([0, 0, 1, 2])), min_size=1, max_size=4
    ),
)
def test_stray_delimiters_never_move_a_column(
    tmp_path: Path, header: str, delimiter: str, strays: list[tuple[int, int]]
) -> None:
    head = header.format(delimiter)
    given_types, lines = {}, [head]
    for number, (at, times) in enumerate(strays):
        barcode, kind = f"CELL{number}", f"Type{number % 2}"
        given_types[barcode] = kind
        line = delimiter.join([barcode, kind, *["x"] * (head.count(delimiter) - 1)])
        lines.append(line[:at] + delimiter * times + line[at:])
    path = put(tmp_path, "\n".join(lines))
    if not any(times for _, times in strays):
        assert read_labels(path, "cell_type").to_dict() == given_types
        return
    try:
        found = read_labels(path, "cell_type").to_dict()
    except XbenchError:
        return
    # A name not known to be that of barcodes, and a tab in every row: as R writes row names.
    if not (head.startswith("spot") and delimiter == "\t"):
        assert found.items() <= given_types.items()


def test_twenty_thousand_labels_take_time_in_proportion(tmp_path: Path) -> None:
    seconds = []
    for count in (2_500, 20_000):
        lines = "".join(f"CELL{n:06d}-1,type {n % 9},{n}\n" for n in range(count))
        path = put(tmp_path, "barcode,cell_type,n\n" + lines)
        started = time.process_time()
        assert len(read_labels(path, "cell_type")) == count
        seconds.append(time.process_time() - started)
    # Eight times as many rows; a reader that looks back at all rows would take 64 times as long.
    assert seconds[1] < 24 * seconds[0] + 0.2


def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "labels.csv"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        caught: list[str] = []

        def read(path: Path = path, caught: list[str] = caught) -> None:
            try:
                read_labels(path, "cell_type")
            except XbenchError as error:
                caught.append(str(error))

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        thread.join(10)
        assert caught == [f"{path}: is a device or a pipe; give a regular file"]


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "labels.csv.gz"
    path.write_bytes(gzip.compress(b"a," * 5_000_000))
    monkeypatch.setattr("xbench.data.text_table.read_text.__defaults__", (1_000_000,))
    with pytest.raises(XbenchError, match="holds more than 1,000,000 bytes"):
        read_headed(path, (), ())
