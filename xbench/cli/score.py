"""``xbench score``: a metric on stored selections, without running a method again."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from rich.console import Console

from xbench.benchmark.rescore import Rescored, rescore
from xbench.benchmark.task import known_tasks
from xbench.cli.printing import say
from xbench.cli.progress_bars import ShownProgress
from xbench.cli.runs import open_store
from xbench.data.load import DataChoice
from xbench.errors import XbenchError, unknown_name
from xbench.metrics import METRICS
from xbench.results.manage import Choice
from xbench.results.record import Record
from xbench.surrogates.obtain import opened_or_obtained
from xbench.surrogates.own_model import ModelChoice


def score_and_show(
    metrics: Sequence[str],
    *,
    folder: Path,
    choice: Choice,
    data: DataChoice,
    checkpoint: Path | None,
    model: ModelChoice | None,
    again: bool,
) -> None:
    """Compute metrics of a store's runs, keep them beside it, and print their means by method.

    Raises
    ------
    XbenchError
        An unknown metric, no run that is meant, or data and surrogate that are not those of the
        runs.
    """
    if not metrics:
        raise XbenchError("say which: --metric NAME; 'xbench list metrics' shows them")
    for name in metrics:
        if name not in METRICS:
            raise unknown_name("metric", name, METRICS)
    started = time.perf_counter()
    store = open_store(folder)
    chosen = [one for one in choice.of(store.records()) if one.status == "ok"]
    if not chosen:
        raise XbenchError(f"{folder}: no run that is meant has a result")
    tasks = known_tasks(store)
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in chosen:
        task = tasks.get(record.task)
        place = record.dataset, record.surrogate, "strict" if task is None else str(task.split)
        groups.setdefault(place, []).append(record)
    whole = Rescored()
    with ShownProgress(Console(stderr=True)) as progress:
        for (dataset_name, surrogate, split), records in groups.items():
            asked = data.or_of(dataset_name)
            dataset = asked.load()
            name, _, seed = surrogate.partition(", seed ")
            opened, _ = opened_or_obtained(
                dataset,
                model,
                None if checkpoint is not None else name,
                checkpoint=checkpoint,
                split=split,
                seed=int(seed) if seed.isdigit() else 0,
                progress=progress,
            )
            found = rescore(
                store, metrics, records, dataset, opened, tasks, again=again, progress=progress
            )
            whole = _together(whole, found)
    _print(whole, chosen, metrics)
    seconds = time.perf_counter() - started
    say(f"{len(whole.values)} values computed in {seconds:.1f} s; {whole.known} were there before")
    for why, count in whole.left_out.items():
        say(f"{count} runs left out: {why}")
    if not whole.values and not whole.known:
        raise XbenchError(
            f"{folder}: none of the runs could be scored; give their data and surrogate: --data, "
            "--dataset, --checkpoint or --model"
        )


def _together(one: Rescored, other: Rescored) -> Rescored:
    left_out = {
        why: one.left_out.get(why, 0) + other.left_out.get(why, 0)
        for why in (*one.left_out, *other.left_out)
    }
    return replace(
        one, values=one.values | other.values, known=one.known + other.known, left_out=left_out
    )


def _print(found: Rescored, records: Sequence[Record], metrics: Sequence[str]) -> None:
    by_id = {record.run_id: record for record in records}
    for metric in metrics:
        groups: dict[tuple[int, str], list[float]] = {}
        for (name, run_id), value in found.values.items():
            if name == metric and value is not None:
                record = by_id[run_id]
                groups.setdefault((record.L, record.method), []).append(value)
        for (size, method), values in sorted(groups.items()):
            say(f"{metric}  L={size}  {method}  {fmean(values):.4g}  (n {len(values)})")
