"""``xbench runs``: look at the runs of a store, take some out, merge stores, export selections."""

import contextlib
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from xbench.cli.printing import say
from xbench.errors import XbenchError, unknown_name
from xbench.results.current import current
from xbench.results.exports import Chosen, bed_text, chosen_features, links_text, table_text
from xbench.results.manage import Choice, find_run, forget, merge
from xbench.results.record import Record
from xbench.results.run_facts import SECTIONS, place_text, selected_rows, value_text
from xbench.results.store import ResultStore
from xbench.utils.files import cannot_write, write_text
from xbench.utils.text import plain

FORMATS: dict[str, tuple[str, Callable[[Sequence[Chosen]], str]]] = {
    "tsv": ("selection.tsv", table_text),
    "bed": ("selection.bed", bed_text),
    "bedpe": ("links.bedpe", links_text),
}
_PARQUET = "parquet"
_SHOWN = 50


def open_store(folder: Path) -> ResultStore:
    """Return a store that is there.

    Raises
    ------
    XbenchError
        Where there is none.
    """
    store = ResultStore(folder)
    if not store.path.exists():
        raise XbenchError(f"{folder}: no results are there; run 'xbench run TASK' first")
    return store


def list_and_show(folder: Path, choice: Choice, *, everything: bool, as_json: bool) -> None:
    """Print a line a run: what was asked, how it ended."""
    chosen = choice.of(open_store(folder).records())
    if as_json:
        for record in chosen:
            print(record.to_json())
        return
    shown = chosen if everything else chosen[:_SHOWN]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("run", "status", "task", "dataset", "surrogate", "target", "method"):
        table.add_column(heading, overflow="fold")
    for heading in ("L", "repetition", "seconds"):
        table.add_column(heading, justify="right")
    for one in shown:
        words = (one.task, one.dataset, one.surrogate, ":".join(one.explained), one.method)
        numbers = (str(one.L), str(one.repetition), f"{one.seconds:.1f}")
        texts = [escape(plain(word)) for word in words]
        table.add_row(one.run_id, one.status, *texts, *numbers)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    if len(shown) < len(chosen):
        say(f"{len(chosen)} runs; the first {len(shown)} are shown, --all shows the others")
    for reason, count in _reasons(chosen):
        say(f"{count} x {reason}")


def _reasons(records: Sequence[Record]) -> list[tuple[str, int]]:
    """Return why runs gave no result, most frequent first."""
    counts: dict[str, int] = {}
    for record in records:
        if record.reason:
            text = f"{record.status}: {record.reason}"
            counts[text] = counts.get(text, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:10]


def show_run(folder: Path, beginning: str, *, as_json: bool, look_at_data: bool = False) -> None:
    """Print everything that a record holds, as its page of the site does, and its traceback.

    Where its data are looked at, also which features are true, and names where it keeps none.
    """
    record = find_run(open_store(folder).records(), beginning)
    if as_json:
        print(record.to_json())
        return
    true_names = None
    if look_at_data:
        record, true_names = _with_data(record)
    for title, named in SECTIONS.items():
        values = {label: value_text(name, getattr(record, name)) for name, label in named.items()}
        if not any(values.values()):
            continue
        say(f"{title}:")
        for label, text in values.items():
            if label == "metrics":
                _show_metrics(record)
            elif text:
                say(f"  {label}: {text}")
    _show_selected(record, true_names)
    _show_trace(record)
    if record.traceback:
        say("Traceback:")
        for line in record.traceback.splitlines():
            say(f"  {line}")


def _show_metrics(record: Record) -> None:
    # Imported here: the metrics bring NumPy, which other commands on runs do without.
    from xbench.metrics import METRICS, arrow

    for name, value in record.metrics.items():
        known = METRICS.get(name)
        label = f"{known.label}{arrow(known.direction)} ({name})" if known else name
        say(f"  {label}: {'not defined' if value is None else f'{value:.6g}'}")


def _with_data(record: Record) -> tuple[Record, frozenset[str] | None]:
    """Return a record with the names that its data know, and which of them are true if known."""
    from xbench.cli.site_data import data_door

    # Through its name, as every leaf: this room does not know that one.
    room = importlib.import_module("xbench.leaderboard.site.views")
    views = room.read_views([record], data_door())
    view = views.view(record)
    if view.note:
        say(f"not all is known: {view.note}", err=True)
    return views.named[record.run_id], None if view.truth is None else view.true_names


def _show_selected(record: Record, true_names: frozenset[str] | None) -> None:
    rows = selected_rows(record)
    if not rows:
        return
    order = "best first" if record.ordered else "in no order"
    say(f"Selected features, {order}:")
    if not record.features:
        say("  the record is of an older xbench, which kept no names: these are positions")
    for row in rows:
        words = [f"{row.number:4d}", row.name]
        if row.place is not None and place_text(row.place) != row.name:
            words.append(place_text(row.place))
        if row.distance is not None:
            start = "of the gene's start" if record.target_strand else "the gene's body"
            where = f"{abs(row.distance):,} bp {row.side} {start}"
            words.append(where if row.distance else f"at {start.removeprefix('of ')}")
        elif row.place is not None and record.target_place is not None:
            words.append("another chromosome than the gene's")
        words += [f"{name} {value}" for name, value in row.told.items()]
        if true_names is not None:
            words.append("true" if row.name in true_names else "not true")
        say("  " + "  ".join(words))


def _show_trace(record: Record) -> None:
    if not record.trace:
        return
    numbers = [name for name, value in record.trace[-1].items() if isinstance(value, int | float)]
    say(f"Learning curve, {len(record.trace)} steps:")
    for at in sorted({0, len(record.trace) // 2, len(record.trace) - 1}):
        step = record.trace[at]
        say(f"  step {at + 1}: " + ", ".join(f"{name} {step.get(name)}" for name in numbers))


def forget_and_show(folder: Path, choice: Choice) -> None:
    """Take runs out of a store, and say where they are kept.

    Raises
    ------
    XbenchError
        Where nothing says which runs, or none is meant.
    """
    if choice == Choice():
        raise XbenchError(
            "say which runs: give ids, or --status, --task, --dataset, --method or --target"
        )
    store = open_store(folder)
    chosen = choice.of(store.records())
    if not chosen:
        raise XbenchError(f"{folder}: no run is meant; 'xbench runs list' shows them")
    backup = forget(store, chosen)
    say(f"{len(chosen)} runs forgotten; they are kept in {backup}")


def merge_and_show(folders: Sequence[Path], into: Path) -> None:
    """Merge stores, and say what did not agree."""
    merged = merge([open_store(folder) for folder in folders], ResultStore(into))
    say(f"{merged.runs} runs and {merged.findings} findings in {into}")
    if merged.shared:
        say(f"{merged.shared} runs were in several stores; the latest that finished was taken")
    if merged.differing:
        ids = ", ".join(merged.differing[:5]) + (", ..." if len(merged.differing) > 5 else "")
        say(
            f"warning: {len(merged.differing)} of them finished with other features or metrics "
            f"elsewhere: {ids}",
            err=True,
        )


def export_and_show(
    folder: Path, choice: Choice, formats: Sequence[str], out: Path, *, mlflow: str | None = None
) -> None:
    """Write the selected features of runs by name and place, tables of runs, or log runs.

    Raises
    ------
    XbenchError
        An unknown format, no run with a result, or what cannot be written.
    """
    known = (*FORMATS, _PARQUET)
    for name in formats:
        if name not in known:
            raise unknown_name("format", name, known)
    records = choice.of(open_store(folder).records())
    if not records:
        raise XbenchError(f"{folder}: no run is meant; 'xbench runs list' shows them")
    if mlflow is not None:
        # Imported here: few want it.
        from xbench.results.mlflow_log import log_runs

        new, before = log_runs(records, mlflow)
        say(f"{new} runs logged in {mlflow}; {before} were there before")
    if _PARQUET in formats:
        from xbench.results.run_table import write_parquet

        path = out / "runs.parquet"
        write_parquet(records, path)
        say(f"wrote {path}")
    selections = [name for name in formats if name != _PARQUET]
    if not selections:
        return
    # One window, one version: what was asked otherwise is no repetition of the same.
    chosen = chosen_features(current(records).records)
    if not chosen:
        raise XbenchError(f"{folder}: no run that is meant has a result")
    for path in write_exports(chosen, selections, out):
        say(f"wrote {path}")


def write_exports(chosen: Sequence[Chosen], formats: Sequence[str], out: Path) -> list[Path]:
    """Write files of the formats into a folder and return their paths.

    BED and BEDPE are left out where no feature has a place, or none was chosen. What an earlier
    call has written in their place goes then: it would be taken for this one's.
    """
    written = []
    for name in formats:
        file, text = FORMATS[name]
        content = text(chosen)
        if name != "tsv" and not any(one.place for one in chosen):
            why = "no feature has coordinates" if chosen else "nothing was chosen"
            say(f"{file} is left out: {why}", err=True)
            with contextlib.suppress(OSError):
                (out / file).unlink()
            continue
        path = out / file
        try:
            out.mkdir(parents=True, exist_ok=True)
            write_text(path, content)
        except OSError as error:
            raise cannot_write(path, error) from error
        written.append(path)
    return written
