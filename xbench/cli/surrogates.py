"""``xbench train`` and ``xbench report surrogate``: train or take a surrogate, and measure it."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from xbench.benchmark.checks import check_machine
from xbench.benchmark.request import Request
from xbench.cli.cluster import on_cluster
from xbench.cli.printing import say
from xbench.cli.progress_bars import ShownProgress
from xbench.data.load import DataChoice
from xbench.data.read_options import ReadOptions
from xbench.data.splits import PROTOCOLS
from xbench.errors import XbenchError, in_words, unknown_name
from xbench.surrogates.checkpoint import read_description, require_trained
from xbench.surrogates.evaluation.cell_map import check_projection
from xbench.surrogates.evaluation.fit import worse_than_type_means
from xbench.surrogates.evaluation.measure import measure, require_expression, subject_of
from xbench.surrogates.evaluation.report_page import check_out, write_report
from xbench.surrogates.evaluation.wording import headline
from xbench.surrogates.obtain import obtain, recipe_of, train_surrogate
from xbench.surrogates.training.adversarial import UNPAIRED


def train_and_show(
    dataset: str | None,
    *,
    reading: ReadOptions,
    surrogate: str | None,
    split: str,
    seed: int,
    out: Path | None,
    again: bool,
    unpaired: bool,
    device: str,
    changes: Sequence[str] = (),
    cluster: str | None = None,
) -> None:
    """Train with a progress bar, then say where the surrogate is and how well it fits."""
    if split not in PROTOCOLS:
        raise XbenchError(f"--split {split!r}: must be one of: {', '.join(PROTOCOLS)}")
    if cluster is None:
        check_machine(device, None)
    loaded = DataChoice(dataset, reading).load()
    name = surrogate or loaded.default_surrogate
    settings = _settings(name, unpaired, device, changes)
    request = Request("", device=device)
    with ShownProgress(Console(stderr=True)) as progress:
        options: dict[str, Any] = {
            "split": split,
            "seed": seed,
            "settings": settings,
            "folder": out,
            "progress": progress,
        }
        with on_cluster(cluster, request, progress) as request:
            if request.elsewhere is not None:
                request.elsewhere.check_request(device, None)
                request.elsewhere.train(loaded, name, again=again, **options)
        folder = train_surrogate(loaded, name, again=again and cluster is None, **options)
    description = read_description(folder)
    say(f"{description.surrogate} of {description.dataset} in {folder}")
    for stage in description.training.get("stages", {}).values():
        say(
            f"  {stage['name']}: best at step {stage['best_step']}, "
            f"validation loss {stage['best_validation']:.4g}{_seconds(stage)}"
        )
    peak = description.training.get("peak_memory_bytes")
    if peak is not None:
        say(f"  peak memory: {peak / 1e9:.2f} GB")
    for name, value in description.fit.items():
        say(f"  {name}: {value:.4g}")
    if worse_than_type_means(description.fit):
        say("  predicts cells worse than the mean of their type does: read it with care")


def _settings(surrogate: str, unpaired: bool, device: str, changes: Sequence[str]) -> Any:
    """Return settings other than the recipe's defaults, where some are asked for."""
    given = _of_device(surrogate, unpaired, device)
    if not changes:
        return given
    settings = recipe_of(surrogate).settings if given is None else given
    known = asdict(settings)
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise XbenchError(
                f"--set {change!r}: must be of the form NAME=VALUE, such as steps=500"
            )
        # What has no default, or is a table, cannot be written as a text.
        choices = [one for one in known if not isinstance(known[one], dict | None)]
        if name not in choices:
            raise unknown_name("setting", name, choices, f"surrogate {surrogate}")
        known[name] = value
    try:
        return TypeAdapter(type(settings)).validate_python(known)
    except ValidationError as error:
        raise XbenchError(f"--set: {surrogate}: {in_words(error)}") from error


def _of_device(surrogate: str, unpaired: bool, device: str) -> Any:
    """Return the settings for unpaired data or another device; None for the defaults."""
    if unpaired:
        if surrogate != "cross-modality":
            raise XbenchError(
                f"--unpaired: surrogate {surrogate} learns from pairs of peaks and expression of "
                "the same cells; use --surrogate cross-modality"
            )
        return replace(UNPAIRED, device=device)
    if device == "cpu":
        return None
    settings = recipe_of(surrogate).settings
    if not hasattr(settings, "device"):
        raise XbenchError(f"--device {device}: surrogate {surrogate} uses the CPU only; leave it")
    return replace(settings, device=device)


def _seconds(stage: dict[str, Any]) -> str:
    """Seconds of a stage; a surrogate trained before they were kept has none."""
    return f", {stage['seconds']:.0f} s" if "seconds" in stage else ""


def report_surrogate(
    dataset: str | None,
    *,
    reading: ReadOptions,
    surrogate: str | None,
    checkpoint: Path | None,
    split: str | None,
    seed: int | None,
    space: str,
    projection: str,
    out: Path,
) -> None:
    """Take a trained surrogate, or train it, and write its report."""
    if split not in (None, *PROTOCOLS):
        raise XbenchError(f"--split {split!r}: must be one of: {', '.join(PROTOCOLS)}")
    check_out(out)
    check_projection(projection, space)
    asked = {"--surrogate": surrogate, "--split": split, "--seed": seed}
    given = [option for option, value in asked.items() if value is not None]
    if checkpoint is not None and given:
        raise XbenchError(f"{given[0]}: --checkpoint says which surrogate it is; leave out one")
    data = DataChoice(dataset, reading).load()
    require_expression(data)
    with ShownProgress(Console(stderr=True)) as progress:
        opened, path = obtain(
            data,
            surrogate,
            checkpoint=checkpoint,
            split=split or "strict",
            seed=seed or 0,
            progress=progress,
        )
    subject = subject_of(data, opened, path)
    report = measure(data, require_trained(opened), subject, space=space, projection=projection)
    if report.map.note:
        say(f"the map is PCA: {report.map.note}", err=True)
    say(headline(report))
    for path in write_report(report, out):
        say(str(path))
