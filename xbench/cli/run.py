"""``xbench run``."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from xbench.analysis.trust import fit_line, fit_warning
from xbench.benchmark.phases import PHASES, READ, mean_phases
from xbench.benchmark.request import Request
from xbench.benchmark.resolve import ask
from xbench.benchmark.runner import run_asked, run_plan
from xbench.benchmark.task import Task
from xbench.cli.cluster import on_cluster
from xbench.cli.printing import end_where_failed, print_line
from xbench.cli.progress_bars import ShownProgress
from xbench.data.candidates import window_of
from xbench.data.load import DataChoice
from xbench.errors import XbenchError
from xbench.metrics import METRICS, arrow
from xbench.registry.find import dataset_source
from xbench.results.findings import FILE, Finding, read_findings
from xbench.results.record import Record
from xbench.results.scores import with_scores
from xbench.results.store import ResultStore
from xbench.surrogates.own_model import ModelChoice
from xbench.utils.text import plain


def run_and_show(
    request: Request,
    *,
    store: Path,
    skip_missing_data: bool,
    metrics: Sequence[str] = (),
    cluster: str | None = None,
) -> None:
    """Run a task, or one made for data that come without, and print what came out."""
    console = Console(stderr=True)
    if metrics and request.task:
        raise XbenchError("--metric: a task says what it is scored by; leave out one of them")
    results = ResultStore(store)
    with ShownProgress(console) as progress, on_cluster(cluster, request, progress) as request:
        asked = ask(request) if request.task else None
        data = request.data if asked is None else asked.data
        if asked is None and data == DataChoice():
            what = "a task of 'xbench list tasks', or --data or --dataset"
            raise XbenchError(f"say what to run: {what}")
        if skip_missing_data and (reason := missing_data(data)) is not None:
            print_line(console, f"skipped task {request.task}: {reason}")
            return
        request = replace(request, progress=progress)
        if asked is not None:
            ids = run_asked(replace(asked, request=request), results)
        else:
            # Imported here: a task that is there does not wait for it.
            from xbench.benchmark.own_study import plan_own

            plan = plan_own(request, results, metrics=metrics)
            asked, ids = plan.asked, run_plan(plan, results)
    # Lines that are no records were warned of when the runs were planned.
    records, _ = results.read()
    these = set(ids)
    found = read_findings(results.folder / FILE)
    chosen = with_scores([record for record in records if record.run_id in these], found)
    # Eighty columns, which rich takes where there is no terminal, would cut the table.
    _print_summary(Console(width=None if sys.stdout.isatty() else 120), asked.task, chosen)
    for name in metrics:
        lacking = sum(one.status == "ok" and name not in one.metrics for one in chosen)
        if lacking:
            what = "were finished before it was asked for: 'xbench score' computes it"
            print_line(console, f"{name}: {lacking} runs {what}, --again runs them again")
    if request.profile:
        _print_phases(chosen, found)
    _print_trust(console, chosen)
    print_line(console, f"records in {results.folder}")
    stopped = sum(bool(record.stopped) for record in chosen)
    if stopped:
        console.print(
            f"{stopped} runs were stopped by their budget and gave their best so far",
            highlight=False,
        )
    end_where_failed(chosen, results.folder)


def _print_phases(records: Sequence[Record], findings: Sequence[Finding]) -> None:
    """Print mean seconds of each phase by L and method, of the runs that have a profile."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    means = mean_phases(records, findings)
    if not means:
        why = "they were finished (--again runs them again), or ran on a cluster, which keeps none"
        print_line(console, f"no profile of these runs: {why}")
        return
    rows = []
    for (size, method), of in means.items():
        whole = sum(of.values()) - of[READ]
        seconds = [f"{of[phase]:.3f}" for phase in PHASES]
        rows.append([str(size), escape(plain(method)), *seconds, f"{whole:.3f}"])
    print_line(console, "where the seconds go: mean of a run; what is read is read once for all")
    console.print(_table(["L", "method", *PHASES, "without read"], rows))


def _print_trust(console: Console, records: Sequence[Record]) -> None:
    """Print how well each surrogate predicts test cells, where it was measured, and a warning."""
    fits = {record.surrogate: record.surrogate_fit for record in records if record.surrogate_fit}
    for name, fit in fits.items():
        if not (text := fit_line(fit)):
            continue
        print_line(console, f"trust: surrogate {name}; {text}")
        if warning := fit_warning(fit):
            console.print(f"[bold red]WARNING[/]: {escape(warning)}", highlight=False)


def missing_data(choice: DataChoice) -> str | None:
    """Return what to do to get the data; None where they are there."""
    if choice.name is None or choice.reading.path is not None:
        return None
    return dataset_source(choice.name).available()


def _listed(text: str, option: str) -> list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise XbenchError(f"{option} {text!r}: names nothing; give names separated by commas")
    return parts


def as_names(given: Sequence[str]) -> list[str]:
    """Return the methods that ``--methods`` names, by comma and repeated."""
    names = [name for text in given for name in _listed(text, "--methods")]
    for name in names:
        if name.endswith(".py"):
            raise XbenchError(f"--methods takes names; give a file of your own by --method {name}")
    return names


def as_model(location: str | None, output: str | None) -> ModelChoice | None:
    """Return the model of one's own that ``--model`` and ``--output`` mean."""
    if location is None:
        if output is not None:
            raise XbenchError("--output: is of a model of your own; give it with --model")
        return None
    position = int(output) if output is not None and output.isdigit() else output
    return ModelChoice(location, position).absolute()


def as_sizes(given: Sequence[str]) -> list[int]:
    """Return the sizes that ``-L`` gives, by comma and repeated."""
    sizes = []
    for text in given:
        try:
            sizes += [int(part) for part in _listed(text, "-L")]
        except ValueError as error:
            what = "must be whole numbers by comma, such as 10,128"
            raise XbenchError(f"-L {text!r}: {what}") from error
    return sizes


def as_window(text: str | None) -> int | None:
    """Return the base pairs that ``--within`` gives; None where it is left out."""
    return None if text is None else window_of(text)


def _print_summary(console: Console, task: Task, records: Sequence[Record]) -> None:
    """Print means over runs, by L and method: a first look, not the leaderboard."""
    ranking = [name for name in task.metrics if METRICS[name].direction != "none"]
    shown = [task.primary_metric, *(m for m in ranking if m != task.primary_metric)][:3]
    headings = [METRICS[name].label + arrow(METRICS[name].direction) for name in shown]
    groups: dict[tuple[int, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.L, record.method), []).append(record)
    rows = []
    for (size, method), members in sorted(groups.items(), key=lambda group: group[0][0]):
        done = [record for record in members if record.status == "ok"]
        skipped = sum(record.status == "skipped" for record in members)
        counts = (len(done), len(members) - len(done) - skipped, skipped)
        means = [_mean([record.metrics.get(name) for record in done]) for name in shown]
        seconds = _mean([record.seconds for record in done])
        rows.append([str(size), escape(plain(method)), *map(str, counts), *means, seconds])
    print_line(console, f"{task.title}: mean over runs")
    console.print(_table(["L", "method", "ok", "failed", "skipped", *headings, "seconds"], rows))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Lay out rows so that headings break where there is little room, and cells never do."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 0))
    for number, heading in enumerate(headings):
        longest = max((len(row[number]) for row in rows), default=0)
        justify: Literal["left", "right"] = "left" if heading == "method" else "right"
        table.add_column(heading, justify=justify, min_width=longest, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known) / len(known):.3f}" if known else "–"
