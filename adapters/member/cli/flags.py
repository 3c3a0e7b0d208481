"""`hub flag`: what the young person, a parent or an officer has said, and what follows from it."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.member.cli.terminal import HERE, AsJson, Home, Officer, note, officer_of, opened, say
from hub.consent.flag_record import Kind, MadeBy, Outcome
from hub.protocols.names import Part

if TYPE_CHECKING:
    from adapters.member.flagging import Followed
    from adapters.member.gateway import Gateway

app = typer.Typer(
    no_args_is_help=True,
    help="Instructions, objections, consents, shields: written here, sealed; the hub gets the flag alone.",
)


class Decided(StrEnum):
    """How an objection is decided."""

    UPHELD = "upheld"
    OVERRIDDEN = "overridden"


Ref = Annotated[
    str, typer.Argument(help="The young person: your own local reference; or ntc_... of a row without one.")
]
Flag = Annotated[str, typer.Argument(help="Id of a flag, as hub flag list shows it: flg_...")]
Parts = Annotated[list[Part] | None, typer.Option("--part", help="A part; as often as needed.")]
By = Annotated[MadeBy, typer.Option("--by", help="Whose word it is.")]
Until = Annotated[
    datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day, as 2027-07-31.")
]
Since = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day; else today.")
]
Born = Annotated[
    datetime | None,
    typer.Option("--born", formats=["%Y-%m-%d"], help="Birthday, where no file has told it. Stays here."),
]
Evidence = Annotated[str, typer.Option("--evidence", help="Where letter, form or note lies; not its words.")]


@app.command("set")
def set_flag(
    ref: Ref,
    kind: Annotated[Kind, typer.Argument(help="What was said.")],
    by: By,
    parts: Parts = None,
    since: Since = None,
    until: Until = None,
    born: Born = None,
    evidence: Evidence = "",
    officer: Officer = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Write a flag down: it binds at once, here and at the hub; what went out before is recalled.

    An instruction or objection without --part binds all that it can. A parent's word counts until the
    sixteenth birthday; from then on only the young person's does.
    """
    with opened(home) as gateway:
        from adapters.member.flagging import Wish

        wish = Wish(
            ref,
            kind,
            by,
            officer_of(gateway, officer),
            frozenset(parts or ()),
            None if since is None else since.date(),
            None if until is None else until.date(),
            evidence,
            None if born is None else born.date(),
        )
        followed = gateway.flagging.set(wish)
        _say_followed(gateway, followed, as_json=as_json)


@app.command()
def renew(
    flag: Flag,
    by: By,
    until: Until = None,
    evidence: Evidence = "",
    officer: Officer = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Say a flag again: a consent for longer, or, after sixteen, a parent's instruction in one's own name.

    What is asserted of it every thirty days the gateway renews by itself.
    """
    with opened(home) as gateway:
        last = None if until is None else until.date()
        followed = gateway.flagging.renew(flag, by, officer_of(gateway, officer), last, evidence)
        _say_followed(gateway, followed, as_json=as_json)


@app.command()
def decide(
    flag: Flag,
    how: Annotated[Decided, typer.Argument(help="For the person, or against, with a reason.")],
    reason: Annotated[str, typer.Option(help="The compelling reasons (UK GDPR art. 21).")] = "",
    officer: Officer = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Decide an objection; until then it restricts."""
    with opened(home) as gateway:
        outcome = Outcome(how.value)
        followed = gateway.flagging.decide(flag, outcome, officer_of(gateway, officer), reason)
        _say_followed(gateway, followed, as_json=as_json)


@app.command()
def end(flag: Flag, officer: Officer = None, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Take a flag back: an instruction is lifted, a consent withdrawn (and what it let out, recalled)."""
    with opened(home) as gateway:
        followed = gateway.flagging.end(flag, officer_of(gateway, officer))
        _say_followed(gateway, followed, as_json=as_json)


@app.command("list")
def list_flags(
    ref: Annotated[str | None, typer.Argument(help="Only this young person's.")] = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """List flags, with what was recalled because of them and who has not answered yet."""
    with opened(home) as gateway:
        from adapters.member.summaries import flag_summary, recall_lines, recall_summary

        flags = [flag_summary(one) for one in gateway.flagging.book.flags(ref)]
        recalls = gateway.recalls_about(ref)
        found = {"flags": flags, "recalls": [recall_summary(one) for one in recalls]}
    lines = [
        f"{one['flag']}  {one['ref']:12} {one['kind']:14} by {one['made_by']:12}"
        f" {'ended' if one['withdrawn'] else one['until'] or 'until taken back':16}"
        f" {', '.join(one['parts']) or 'the whole notice'}"
        for one in flags
    ]
    lines += recall_lines(recalls)
    say(found, "\n".join(lines) or "No flags yet: hub flag set REF instruction --by young_person",
        as_json=as_json)  # fmt: skip


@app.command()
def record(flag: Flag, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Show a consent as a record of the shape of ISO/IEC TS 27560."""
    with opened(home) as gateway:
        import json

        from adapters.member.consent_record import consent_record

        found = consent_record(gateway.flagging.book.flag(flag), gateway.pinned)
    say(found if isinstance(found, dict) else {}, json.dumps(found, indent=2), as_json=as_json)


def _say_followed(gateway: "Gateway", followed: "Followed", *, as_json: bool) -> None:
    """Carry what follows at once where the hub is reached; say what was done and what must wait."""
    from adapters.member.summaries import followed_summary

    later = gateway.carry_flags()
    if later is not None:
        note(f"{later}; the flag binds here, and the hub hears of it as soon as it is reached")
    said = [f"{followed.entry.flag}: written."]
    said += [f"asserted of {len(followed.notices)} open notices"] if followed.notices else []
    for recall in followed.recalls:
        parts = ", ".join(part.value for part in recall.parts)
        said.append(f"recalled from {recall.member}: {parts}")
    say(followed_summary(followed, later), "\n".join(said), as_json=as_json)
