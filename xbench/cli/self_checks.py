"""The commands that look at xbench itself: `bench` and `verify`.

As in `app`, what is here is declared alone; the work is imported when a command is carried out.
"""

from pathlib import Path
from typing import Annotated

import typer


def bench(
    history: Annotated[
        Path, typer.Option(help="The folder in which pytest-benchmark saves them.")
    ] = Path(".benchmarks"),
    slow: Annotated[
        bool, typer.Option("--slow", help="Those of the paper's size too: many minutes.")
    ] = False,
    select: Annotated[
        str | None, typer.Option(help="Only those whose name this finds, as pytest's -k.")
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Run nothing; print the ratios of the last saved runs.")
    ] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Run nothing; compare all saved runs' seconds.")
    ] = False,
) -> None:
    """Time every hot path of a checkout against a slower way, and save the ratios."""
    from xbench.cli.baseline import bench_and_show

    bench_and_show(history, slow=slow, select=select, show=show, compare=compare)


def verify(
    folder: Annotated[
        Path, typer.Argument(help="With model-final.pt, population.npz and trace.json.")
    ],
) -> None:
    """Replay a recorded run of the reference; the exit code is 1 on any difference."""
    from xbench.verify import verify as replay

    result = replay(folder)
    typer.echo(f"matched {result.matched} of {result.steps} steps")
    typer.echo(f"largest relative loss error {result.loss_error:.2g}")
    typer.echo(
        f"relative error of Avg. Δ {result.avg_delta_error:.2g}, "
        f"of Rel. Δ {result.rel_delta_error:.2g}"
    )
    if result.first_difference:
        typer.echo(f"first difference at {result.first_difference}")
    if not result.agrees:
        raise typer.Exit(1)
