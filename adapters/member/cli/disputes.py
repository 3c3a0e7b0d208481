"""`hub dispute`: contest a release with its other party, answer, close; words come from a file or stdin."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.member.cli.terminal import HERE, AsJson, Home, Officer, officer_of, opened, say
from hub.protocols.dispute import Grievance, Result

if TYPE_CHECKING:
    from adapters.member.disputes import Thread

app = typer.Typer(
    no_args_is_help=True,
    help="Disputes: a part was withheld, or what came was wrongly used; between the two parties alone.",
)

Dispute = Annotated[str, typer.Argument(help="Id of a dispute, as hub dispute list shows it.")]
Words = Annotated[
    typer.FileText | None,
    typer.Option(help="File with what is said; else standard input. Sealed to the other party."),
]


@app.command("releases")
def list_releases(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """List what can be contested: every release to or from this member."""
    with opened(home) as gateway:
        found = gateway.disputes.releases()
    rows = [
        {
            "entry": one.entry,
            "notice": one.notice,
            "other": one.other,
            "sent": one.sent,
            "stage": one.stage,
            "released_at": one.released_at.isoformat(),
        }
        for one in found
    ]
    lines = [
        f"{one.entry:8}  {one.released_at:%Y-%m-%d}  {one.stage:8}  "
        f"{'to' if one.sent else 'from'} {one.other}  {one.notice}"
        for one in found
    ]
    say({"data": rows}, "\n".join(lines) or "Nothing has been released to or from here yet.", as_json=as_json)


@app.command("open")
def open_dispute(
    what: Annotated[
        str, typer.Argument(help="Entry of the release, or the id of a delivery that came here.")
    ],
    grievance: Annotated[Grievance, typer.Argument(help="What is contested.")],
    words: Words = None,
    officer: Officer = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Contest a release with its other party; the agreement's clock for an answer starts."""
    said = _words(words)
    with opened(home) as gateway:
        name = gateway.disputes.open(what, grievance, said, officer_of(gateway, officer))
        thread = gateway.disputes.read(name)
    _say(thread, as_json=as_json)


@app.command()
def answer(
    dispute: Dispute,
    words: Words = None,
    officer: Officer = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Answer, or ask further: a further question starts the clock again."""
    said = _words(words)
    with opened(home) as gateway:
        gateway.disputes.answer(dispute, said, officer_of(gateway, officer))
        thread = gateway.disputes.read(dispute)
    _say(thread, as_json=as_json)


@app.command()
def close(
    dispute: Dispute,
    result: Annotated[
        Result,
        typer.Argument(help="withdrawn or not_upheld by who opened it; upheld by the other side."),
    ],
    words: Words = None,
    officer: Officer = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Close a dispute: each outcome is signed by the side that it goes against."""
    said = _words(words)
    with opened(home) as gateway:
        gateway.disputes.close(dispute, result, said, officer_of(gateway, officer))
        thread = gateway.disputes.read(dispute)
    _say(thread, as_json=as_json)


@app.command("list")
def list_disputes(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """List disputes and how they stand; shows nothing of what was said."""
    with opened(home) as gateway:
        from adapters.member.disputes import thread_summary

        found = gateway.disputes.all()
    lines = [_line(one) for one in found]
    say(
        {"data": [thread_summary(one) for one in found]},
        "\n".join(lines) or "There are no disputes.",
        as_json=as_json,
    )


@app.command()
def show(dispute: Dispute, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Show a thread in clear text; it then no longer waits in the inbox."""
    with opened(home) as gateway:
        thread = gateway.disputes.read(dispute)
    _say(thread, as_json=as_json)


def _words(given: typer.FileText | None) -> str:
    """What is said, without the empty lines at its ends."""
    return (given or sys.stdin).read().strip()


def _say(thread: "Thread", *, as_json: bool) -> None:
    from adapters.member.disputes import thread_summary

    lines = [_line(thread)]
    for one in thread.said:
        ends = "" if one.result is None else f" ({one.result.value})"
        lines += ["", f"{one.signed_at:%Y-%m-%d %H:%M}  {one.sender}, {one.officer}: {one.act.value}{ends}"]
        lines += [f"  {line}" for line in (one.words or "(written at another gateway of yours)").splitlines()]
    say(thread_summary(thread, words=True), "\n".join(lines), as_json=as_json)


def _line(thread: "Thread") -> str:
    ends = "" if thread.result is None else f" ({thread.result.value})"
    due = "" if thread.due_at is None else f", answer due by {thread.due_at:%Y-%m-%d}"
    return (
        f"{thread.dispute}  {thread.state}{ends}  {thread.grievance.value}, entry {thread.entry}, "
        f"with {thread.other}{due}"
    )
