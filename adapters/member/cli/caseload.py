"""`hub caseload`: the member's own people, sealed in its home, to compare deliveries with."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import typer

from adapters.member.cli.notices import File, FormatName, Placed, show_problems
from adapters.member.cli.terminal import FAILED, GOOD, HERE, AsJson, Home, opened, progress, say

if TYPE_CHECKING:
    from adapters.member.files import Rows
    from adapters.move import Move

app = typer.Typer(no_args_is_help=True, help="The member's own people, to compare deliveries with.")


@app.callback()
def group() -> None:
    """The member's own people, to compare deliveries with."""


@app.command()
def load(
    file: File,
    format_name: FormatName = None,
    placed: Placed = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Keep everybody of a file, sealed, in place of the caseload that was there."""
    with opened(home) as gateway:
        from adapters.member.files import open_rows, read_placings

        rows = open_rows(file, home=home, format_name=format_name, placed=read_placings(placed or ()))
        with progress("people kept") as tell:
            known = gateway.load_caseload(_told(rows, tell))
    show_problems(rows)
    say(
        {"known": known, "bad_rows": len(rows.bad)},
        f"{known} people kept, sealed; {len(rows.bad)} rows could not be used",
        as_json=as_json,
    )
    raise typer.Exit(FAILED if rows.bad else GOOD)


def _told(rows: "Rows", tell: Callable[[int], None]) -> Iterator["Move"]:
    for move in rows:
        tell(rows.read)
        yield move
