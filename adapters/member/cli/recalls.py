"""`hub recall`, `hub notice`: what was told and must be held no longer, or was wrong (art. 19)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.member.cli.terminal import FAILED, HERE, AsJson, Home, Officer, fail, officer_of, opened, say
from hub.protocols.names import NoticeId, Part, parse_id

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway
    from adapters.nccis_out import Closing

recall = typer.Typer(no_args_is_help=True, help="Who was told to forget something, and who has signed.")
notice = typer.Typer(no_args_is_help=True, help="Mend a notice that has gone out.")

Notice = Annotated[str, typer.Argument(help="Id of a notice of yours: ntc_...")]


@recall.command("list")
def list_recalls(home: Home = HERE, *, as_json: AsJson = False) -> None:
    """List recalls and corrections, recipient by recipient: sent, erased there, done by their people."""
    with opened(home) as gateway:
        from adapters.member.summaries import recall_lines, recall_summary

        found = gateway.recalls_about(None)
    answer = {"recalls": [recall_summary(one) for one in found]}
    say(answer, "\n".join(recall_lines(found)) or "Nothing was recalled.", as_json=as_json)


@recall.command()
def done(
    item: Annotated[str, typer.Argument(help="Id of the recall, as hub inbox list shows it.")],
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Sign that your people have erased, or mended, the same in your own system."""
    with opened(home) as gateway:
        gateway.recall_done(item)
    say({"item": item, "level": "actioned"}, "Signed: done here too.", as_json=as_json)


@notice.command("recall")
def recall_notice(
    name: Notice,
    parts: Annotated[
        list[Part] | None, typer.Option("--part", help="Only this part; as often as needed.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, as one word: a-z and _.")] = "sent_in_error",
    officer: Officer = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Recall a notice, or parts of it, from everybody it went to.

    The whole of it is withdrawn, which needs no agreement. Of a notice that is recalled in part, nothing
    more leaves without a named officer.
    """
    with opened(home) as gateway:
        from adapters.member.summaries import recall_lines, recall_summary

        which = NoticeId(parse_id(name, "ntc"))
        if parts:
            gateway.recall(which, tuple(parts), reason, officer_of(gateway, officer))
        else:
            gateway.withdraw(which, reason)
        found = gateway.flagging.recalls.all(which)
    lines = recall_lines(found) or ["Nobody had received it; nothing more leaves."]
    say({"recalls": [recall_summary(one) for one in found]}, "\n".join(lines), as_json=as_json)


@notice.command("correct")
def correct_notice(
    name: Notice,
    file: Annotated[Path, typer.Argument(help="A file with one row: the right facts.", exists=True)],
    officer: Officer = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Send the right facts to everybody who received the wrong ones; both lie side by side there."""
    with opened(home) as gateway:
        from adapters.member.files import open_rows
        from adapters.member.summaries import recall_lines, recall_summary

        rows = list(open_rows(file))
        if len(rows) != 1:
            fail("a correction is one row: one young person, with the right facts", FAILED)
        which = NoticeId(parse_id(name, "ntc"))
        gateway.correct(which, rows[0], officer_of(gateway, officer))
        found = gateway.flagging.recalls.all(which)
    lines = recall_lines(found) or ["Nobody had received it; publish the right row as a new notice."]
    say({"recalls": [recall_summary(one) for one in found]}, "\n".join(lines), as_json=as_json)


@notice.command("closing")
def closing_records(
    out: Annotated[Path | None, typer.Option(help="Where to write the records, as NCCIS XML.")] = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """List whom another member counts now, by your own reference; with --out: records that close them."""
    with opened(home) as gateway:
        from adapters.member.keyring import write_private
        from adapters.nccis_out import write_closings

        closings = _closings(gateway)
    if out is not None:
        write_private(out, write_closings(closings))
    answer = [{"ref": one.ref, "cohort_status": "T", "to_authority": one.to_authority} for one in closings]
    lines = [f"{one.ref or 'no reference'}  T  to {one.to_authority or 'no council'}" for one in closings]
    say({"closings": answer}, "\n".join(lines) or "Nobody is counted elsewhere yet.", as_json=as_json)


def _closings(gateway: "Gateway") -> list["Closing"]:
    from adapters.member.closings import Closings
    from adapters.nccis_out import Closing

    members = gateway.terms_here().members
    areas = {name: listing.area for name, listing in members.items()}
    return [Closing(one.ref, areas.get(one.member)) for one in Closings(gateway.records).all()]
