"""The commands that show results as pages: `leaderboard` and `site`.

As in `app`, what is here is declared alone; the work is imported when a command is carried out.
"""

from pathlib import Path
from typing import Annotated

import typer

from xbench.cli.options import Pages

Stores = Annotated[
    list[Path] | None,
    typer.Option(help="Folder of the results; repeat it for several. [default: results]"),
]


def leaderboard(
    store: Stores = None,
    out: Pages = Path("leaderboard/published"),
) -> None:
    """Render the results to Markdown, CSV and LaTeX."""
    from xbench.cli.leaderboard import render_stores

    render_stores(store or [Path("results")], out)


def site(
    store: Stores = None,
    published: Annotated[
        bool, typer.Option("--published", help="Show the runs of leaderboard/published instead.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder that the pages are written into.")] = Path(
        "build/site"
    ),
    look_at_data: Annotated[
        bool,
        typer.Option(
            "--data/--no-data",
            help="Open datasets that are on this machine, for coordinates, open shares and truth.",
        ),
    ] = True,
    known: Annotated[
        list[Path] | None,
        typer.Option(help="Known links to show round genes, where they fit. Repeatable."),
    ] = None,
) -> None:
    """Write a static site to look at results in a browser: sort, filter, compare, drill down."""
    from xbench.cli.site import build_and_show

    build_and_show(store or [], published, out, look_at_data=look_at_data, known=known or [])
