"""`hub caseload`: the member's own people, and what its officers have to look at."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.member.cli.notices import File, FormatName, Placed, show_problems
from adapters.member.cli.terminal import (
    FAILED,
    GOOD,
    HERE,
    AsJson,
    Home,
    Named,
    Officer,
    officer_of,
    opened,
    progress,
    say,
)
from adapters.member.looks import Says
from hub.protocols.names import NoticeId, parse_id

if TYPE_CHECKING:
    from adapters.member.files import Rows
    from adapters.move import Move

app = typer.Typer(no_args_is_help=True, help="The member's own people, and what officers have to look at.")

Item = Annotated[str, typer.Argument(help="Id of an item: dis_...")]


class Leads(StrEnum):
    """Who leads a young person that two members count."""

    OURS = "ours"
    THEIRS = "theirs"


@app.callback()
def group() -> None:
    """The member's own people, and what officers have to look at."""


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
        {"known": known, "bad_rows": rows.left_out},
        f"{known} people kept, sealed; {rows.left_out} rows could not be used",
        as_json=as_json,
    )
    raise typer.Exit(FAILED if rows.left_out else GOOD)


@app.command()
def looks(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """List second looks: matches that no machine may decide; shows levels, nobody's name."""
    with opened(home) as gateway:
        from adapters.member.summaries import look_lines, look_summary

        found = gateway.looks.all()
    lines = [line for look in found for line in look_lines(look)]
    answer = {"looks": [look_summary(look) for look in found]}
    say(answer, "\n".join(lines) or "Nothing waits for a second look.", as_json=as_json)


@app.command()
def confirm(
    item: Item,
    officer: Officer = None,
    home: Home = HERE,
    *,
    no: Annotated[bool, typer.Option("--no", help="It is not the one: nothing goes on.")] = False,
    named: Named = False,
    as_json: AsJson = False,
) -> None:
    """Confirm a second look as a named officer: names and birthday may then be compared; or say no."""
    with opened(home) as gateway:
        left = gateway.looks.confirm(item, officer_of(gateway, officer), yes=not no, named=named)
    said = "declined" if no else "confirmed"
    more = f" {left} more must confirm here." if left else ""
    say({"item": item, "answer": said, "people_left": left}, f"Signed: {said}.{more}", as_json=as_json)


@app.command()
def answer(
    item: Item,
    what: Annotated[Says, typer.Argument(help="Names and birthday beside your own record: who is it?")],
    officer: Officer = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Say whether the delivered names are the person you mean: not_same recalls and erases, both ways."""
    with opened(home) as gateway:
        gateway.say_of(item, what, officer_of(gateway, officer))
    say({"item": item, "answer": what.value}, f"Signed: {what.value.replace('_', ' ')}.", as_json=as_json)


@app.command()
def lead(
    item: Item,
    who: Annotated[Leads, typer.Argument(help="Who leads this young person from now on?")],
    officer: Officer = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Propose who leads a duplicate, or agree: the other side's notice then closes as merged (NCCIS M)."""
    with opened(home) as gateway:
        gateway.looks.say_who_leads(item, officer_of(gateway, officer), ours=who is Leads.OURS)
    say({"item": item, "leads": who.value}, f"Signed: {who.value} leads.", as_json=as_json)


@app.command()
def facts(
    notice: Annotated[str, typer.Argument(help="Id of a notice of yours: ntc_...")],
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Lay what others say beside what you said, with source and dates; nothing is written over."""
    with opened(home) as gateway:
        from adapters.member.summaries import fact_lines, fact_summary

        found = gateway.facts_of(NoticeId(parse_id(notice, "ntc")))
    lines = [line for fact in found for line in fact_lines(fact)]
    say({"facts": [fact_summary(fact) for fact in found]}, "\n".join(lines) or "Nothing.", as_json=as_json)


def _told(rows: "Rows", tell: Callable[[int], None]) -> Iterator["Move"]:
    for move in rows:
        tell(rows.read)
        yield move
