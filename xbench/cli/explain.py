"""``xbench explain``: which features of one's own data an output depends on, by name."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from xbench.analysis.single_effects import single_effects
from xbench.analysis.trust import NEAR, Trust, trust_of
from xbench.benchmark.request import Request
from xbench.benchmark.resolve import Plan, ask, make_plan
from xbench.benchmark.runner import run_plan
from xbench.cli.printing import print_line, say
from xbench.cli.progress_bars import ShownProgress
from xbench.cli.runs import FORMATS, write_exports
from xbench.data.dataset import Dataset
from xbench.data.features import Interval
from xbench.data.multiome.mudata import check_copy, write_selections
from xbench.errors import XbenchError
from xbench.metrics import METRICS
from xbench.metrics.expression import followed
from xbench.results.exports import Chosen, chosen_features
from xbench.results.record import FAILED, Record
from xbench.results.store import ResultStore
from xbench.surrogates.checkpoint import fit_of, open_surrogate
from xbench.utils.text import plain


def explain_and_show(request: Request, *, store: Path, out: Path, h5mu: Path | None) -> None:
    """Run the task, print the features of its first method with a result, write all selections.

    Raises
    ------
    typer.Exit
        With 1, where no run gave a result.
    """
    console = Console(stderr=True)
    source = request.data.reading.path
    if h5mu is not None:
        if source is None or source.suffix != ".h5mu":
            raise XbenchError("--h5mu: copies the .h5mu file of --data; give such a file there")
        check_copy(source, h5mu)
    results = ResultStore(store)
    with ShownProgress(console) as progress:
        plan = make_plan(ask(replace(request, progress=progress)), results)
        ids = set(run_plan(plan, results))
    # Lines that are no records were warned of when the runs were planned.
    records = [record for record in results.read()[0] if record.run_id in ids]
    for text in dict.fromkeys(f"{one.method}: {one.reason}" for one in records if one.reason):
        print_line(console, f"no result of {text}")
    chosen = _with_effects(plan, chosen_features(records))
    methods = list(dict.fromkeys(key.method for key in plan.keys))
    fit = fit_of(plan.checkpoint)
    width = None if sys.stdout.isatty() else 120
    for explained, size in dict.fromkeys((record.explained, record.L) for record in records):
        at = [one for one in records if one.explained == explained and size == one.L]
        _print_answer(Console(width=width), plan, methods, at, chosen, fit)
    for path in write_exports(chosen, list(FORMATS), out):
        say(f"wrote {path}")
    if h5mu is not None and source is not None:
        write_selections(source, h5mu, _columns(chosen), "xbench explain")
        say(f"wrote {h5mu}")
    if not chosen:
        raise typer.Exit(1)
    if any(record.status in FAILED for record in records):
        say("some runs failed: 'xbench runs list --status failed' says why", err=True)


def _with_effects(plan: Plan, chosen: Sequence[Chosen]) -> list[Chosen]:
    """Return what was chosen with the effect of masking each feature alone, own and the judge's."""
    features = plan.dataset.features
    judge = None if plan.judge is None else open_surrogate(plan.judge, plan.dataset)
    found: list[Chosen] = []
    effects: dict[tuple[str, str], tuple[dict[int, float], dict[int, float]]] = {}
    at = {one.feature: features.index_of(one.feature) for one in chosen}
    for one in chosen:
        asked = (one.cell_type, one.target)
        if asked not in effects:
            target = plan.dataset.target(*asked)
            indices = [
                at[other.feature] for other in chosen if asked == (other.cell_type, other.target)
            ]
            given = (target, indices, plan.asked.task.perturbation)
            own, theirs = (
                {} if model is None else single_effects(plan.dataset, model.model, *given)
                for model in (plan.surrogate, judge)
            )
            effects[asked] = own, theirs
        effect, judged = (of.get(at[one.feature]) for of in effects[asked])
        found.append(replace(one, effect=effect, judge_effect=judged))
    return found


def _columns(chosen: Iterable[Chosen]) -> dict[str, dict[str, float]]:
    """Return a column for each target, L and method: the share of repetitions by feature."""
    columns: dict[str, dict[str, float]] = {}
    for one in chosen:
        name = f"xbench:{one.cell_type}:{one.target}:{one.method}:{one.size}"
        # A slash would be a group of an HDF5 file.
        columns.setdefault(plain(name).replace("/", "_"), {})[one.feature] = one.share
    return columns


def _print_answer(
    console: Console,
    plan: Plan,
    methods: Sequence[str],
    records: Sequence[Record],
    chosen: Sequence[Chosen],
    fit: dict[str, float],
) -> None:
    """Print the answer about one target at one L: the trust line, the features, the methods."""
    cell_type, name = records[0].explained
    here = [
        one
        for one in chosen
        if (one.cell_type, one.target, one.size) == (cell_type, name, records[0].L)
    ]
    # The one recommended, or, where it needs what the data lack, the next one that has an answer.
    answered = {one.method for one in here}
    first = next((method for method in methods if method in answered), methods[0])
    indices = [index for one in records if one.method == first for index in one.indices]
    target = plan.dataset.target(cell_type, name)
    drops = [
        (own, judged)
        for one in records
        if one.method == first
        and (own := one.metrics.get("rel-delta")) is not None
        and (judged := one.metrics.get("judge-rel-delta")) is not None
    ]
    share = followed(*map(float, np.mean(drops, axis=0))) if drops else None
    window = plan.asked.task.window
    trust = trust_of(plan.dataset, target, plan.surrogate.name, fit, indices, share, window)
    say(f"{plain(cell_type)}:{plain(name)}, L = {records[0].L}")
    _print_trust(console, trust)
    _print_features(console, plan.dataset, first, [one for one in here if one.method == first])
    _print_methods(console, methods, records, here)


def _print_trust(console: Console, trust: Trust) -> None:
    say(f"trust: {trust.line}")
    for text in trust.warnings:
        console.print(f"[bold red]WARNING[/]: {escape(text)}", highlight=False, soft_wrap=True)


def _print_features(
    console: Console, dataset: Dataset, method: str, chosen: Sequence[Chosen]
) -> None:
    """Print what a method chose, as many as the largest subset, most often chosen first."""
    if not chosen:
        say(f"{method} gave no result")
        return
    console.print(
        f"chosen by {escape(method)} (effect: change of the prediction on test cells with this "
        "feature alone masked):",
        highlight=False,
        soft_wrap=True,
    )
    judged = any(one.judge_effect is not None for one in chosen)
    table = Table(box=SIMPLE_HEAD)
    table.add_column("feature", overflow="fold", min_width=24)
    for heading in ("from the TSS" if chosen[0].strand else "from the gene", "nearest gene"):
        table.add_column(heading, overflow="fold")
    for heading in ("effect", *(["judge's"] if judged else []), "repetitions", "methods"):
        table.add_column(heading, justify="right")
    table.add_column("also chosen by", overflow="fold")
    for one in chosen[: chosen[0].size]:
        others = ", ".join(other for other in one.methods if other != method)
        cells = [_named(one), _distance(one), _nearest_gene(dataset, one), _percent(one.effect)]
        cells += [_percent(one.judge_effect)] if judged else []
        share = "" if one.method_share is None else f"{one.method_share:.0%}"
        row = [escape(plain(cell)) for cell in (*cells, f"{one.share:.0%}", share, others)]
        table.add_row(*row)
    console.print(table)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}%"


def _named(one: Chosen) -> str:
    """Return a feature's name, and its place where the name is not made of that."""
    if one.place is None or str(one.place[1]) in one.feature:
        return one.feature
    return f"{one.feature} ({one.place[0]}:{one.place[1]}-{one.place[2]})"


def _distance(one: Chosen) -> str:
    """Say how far a feature is from the gene's start, or its body where no strand is known."""
    if one.place is None or one.gene is None:
        return ""
    if one.distance is None:
        return "another chromosome"
    if one.distance == 0:
        return "at the TSS" if one.strand else "in the gene body"
    return f"{abs(one.distance) / 1000:,.1f} kb {one.side}"


def _nearest_gene(dataset: Dataset, one: Chosen) -> str:
    """Return the gene of the data that lies nearest to a feature; "" where none has a place."""
    genes = dataset.output_features
    if one.place is None or not genes.has_coordinates:
        return ""
    distance = genes.distance_to(Interval(*one.place))
    nearest = int(np.argmin(distance))
    return str(genes.names[nearest]) if np.isfinite(distance[nearest]) else ""


def _print_methods(
    console: Console, methods: Sequence[str], records: Sequence[Record], chosen: Sequence[Chosen]
) -> None:
    """Print what masking each method's features did to the prediction on test cells."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("method", overflow="fold", min_width=max(len(one) for one in methods))
    known = [name for name in _KNOWN if any(one.metrics.get(name) is not None for one in records)]
    labels = [METRICS[name].label for name in known]
    for heading in ("change of prediction (%)", "within 1 Mb", *labels, "runs", "seconds"):
        table.add_column(heading, justify="right")
    if any("known-pairs" in record.metrics for record in records):
        say(_power(records))
    for method in methods:
        mine = [record for record in records if record.method == method]
        done = [record for record in mine if record.status == "ok"]
        seconds = [record.seconds for record in done]
        table.add_row(
            escape(plain(method)),
            _mean_of(done, "rel-delta", 2),
            _near_share([one for one in chosen if one.method == method]),
            *(_mean_of(done, name, 3) for name in known),
            f"{len(done)} of {len(mine)}",
            f"{np.mean(seconds):.1f}" if seconds else "–",
        )
    console.print(table)


# What is printed of a comparison with known links, where it is defined.
_KNOWN = (
    "known-precision",
    "known-recall",
    "known-enrichment",
    "known-enrichment-p",
    "known-auprc",
)


def _power(records: Sequence[Record]) -> str:
    """Say what a comparison with known links rests on: pairs, and features tested and linked."""
    found = next((one.metrics for one in records if "known-pairs" in one.metrics), {})
    counts = {name: found.get(f"known-{name}") for name in ("pairs", "tested", "linked")}
    pairs, tested, linked = (None if one is None else int(one) for one in counts.values())
    rests = "no place without an effect is known" if tested is None else f"{tested:,} tested"
    text = f"known links: {pairs or 0:,} pairs of the gene; of the candidates"
    return f"{text} {linked or 0:,} linked, {rests}"


def _mean_of(records: Sequence[Record], metric: str, digits: int) -> str:
    values = [one for record in records if (one := record.metrics.get(metric)) is not None]
    return f"{np.mean(values):.{digits}f}" if values else "–"


def _near_share(chosen: Sequence[Chosen]) -> str:
    near = [
        one.distance is not None and abs(one.distance) <= NEAR
        for one in chosen
        if one.place is not None and one.gene is not None
    ]
    return f"{np.mean(near):.0%}" if near else "–"
