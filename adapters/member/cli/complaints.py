"""`hub complaint`: data subjects' complaints and the clock of their acknowledgement. Nothing is sent."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.member.cli.terminal import HERE, AsJson, Home, note, opened, say
from adapters.member.complaints import ACKNOWLEDGE_DAYS, Clock, Ended, Means, complaint_summary

if TYPE_CHECKING:
    from adapters.member.complaints import Complaint

app = typer.Typer(
    no_args_is_help=True,
    help="Complaints of data subjects: acknowledged within 30 days (Data Protection Act 2018 s.164A).",
)

Name = Annotated[str, typer.Argument(help="Id of a complaint, as hub complaint list shows it.")]
On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="On which day; else today.")]


@app.command()
def add(
    about: Annotated[str, typer.Option(help="Your own case number; no name is needed.")],
    means: Annotated[Means, typer.Option("--by", help="How it came.")] = Means.FORM,
    on: On = None,
    words: Annotated[
        typer.FileText | None, typer.Option(help="File with the complaint itself, - for standard input.")
    ] = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Enter a complaint; its clock starts on the day it was received."""
    said = "" if words is None else words.read()
    with opened(home) as gateway:
        register = gateway.complaints
        made, today = register.add(_day(on, register.today), means, about, said), register.today
    _say(made, today, as_json=as_json)


@app.command()
def acknowledge(name: Name, on: On = None, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Note that the complainant was told that it has come."""
    with opened(home) as gateway:
        register = gateway.complaints
        made, today = register.acknowledge(name, _day(on, register.today)), register.today
    _say(made, today, as_json=as_json)


@app.command()
def close(
    name: Name,
    ended: Annotated[Ended, typer.Argument(help="What the complainant was told.")],
    on: On = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Note the outcome that the complainant was told."""
    with opened(home) as gateway:
        register = gateway.complaints
        made, today = register.close(name, ended, _day(on, register.today)), register.today
    _say(made, today, as_json=as_json)


@app.command("list")
def list_complaints(
    home: Home = HERE,
    *,
    every: Annotated[bool, typer.Option("--all", help="Those that are closed too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List complaints with their clocks, what is due first; shows nothing of what they say."""
    with opened(home) as gateway:
        register = gateway.complaints
        found, today = register.all(), register.today
    shown = [one for one in found if every or one.closed is None]
    late = sum(one.clock(today) is Clock.OVERDUE for one in shown)
    if late:
        note(
            f"{late} not acknowledged within {ACKNOWLEDGE_DAYS} days: do it at once, and say why it was late"
        )
    say(
        {"data": [complaint_summary(one, today) for one in shown], "overdue": late},
        "\n".join(_line(one, today) for one in shown) or "There are no complaints.",
        as_json=as_json,
    )


@app.command()
def show(name: Name, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Show a complaint with what it says."""
    with opened(home) as gateway:
        found, today = gateway.complaints.get(name), gateway.complaints.today
    lines = [_line(found, today), *(f"  {line}" for line in found.words.splitlines())]
    say(complaint_summary(found, today, words=True), "\n".join(lines), as_json=as_json)


def _day(given: datetime | None, today: date) -> date:
    return today if given is None else given.date()


def _say(complaint: "Complaint", today: date, *, as_json: bool) -> None:
    say(complaint_summary(complaint, today), _line(complaint, today), as_json=as_json)


def _line(one: "Complaint", today: date) -> str:
    clock = one.clock(today)
    until = "" if clock in {Clock.ACKNOWLEDGED, Clock.CLOSED} else f", acknowledge by {one.due}"
    ended = "" if one.ended is None else f" ({one.ended.value})"
    came = f"received {one.received} by {one.means.value}, case {one.about}"
    return f"{one.complaint}  {clock.value}{ended}  {came}{until}"
