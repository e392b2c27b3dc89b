"""``xbench report``: the commands and their options; what they do lives beside.

``xbench report surrogate``: take or train a surrogate, measure it, write its page.
"""

from pathlib import Path

from rich.console import Console

from xbench.cli.printing import ShownProgress, say
from xbench.data.load import DataChoice
from xbench.data.read_options import ReadOptions
from xbench.data.splits import PROTOCOLS
from xbench.errors import XbenchError
from xbench.surrogates.evaluation.cell_map import check_projection
from xbench.surrogates.evaluation.measure import measure, require_expression, subject_of
from xbench.surrogates.evaluation.report_page import check_out, write_report
from xbench.surrogates.evaluation.wording import headline
from xbench.surrogates.obtain import obtain


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
    report = measure(data, opened.model, subject, space=space, projection=projection)
    if report.map.note:
        say(f"the map is PCA: {report.map.note}", err=True)
    say(headline(report))
    for path in write_report(report, out):
        say(str(path))
