"""`hub decide` and `hub route`: questions answered here, without a hub."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.member.cli.terminal import (
    FAILED,
    GOOD,
    HERE,
    REFUSED,
    USAGE,
    AsJson,
    Home,
    answering,
    fail,
    opened,
    say,
)
from hub.consent.question import Scope
from hub.protocols.names import MemberId, NoticeType, parse_id

if TYPE_CHECKING:
    from hub.consent.decision import Decision


def decide(
    file: Annotated[
        Path | None, typer.Argument(help="A question document.", exists=True, dir_okay=False)
    ] = None,
    to: Annotated[str | None, typer.Option(help="Without a document: who might receive, mbr_...")] = None,
    kind: Annotated[
        NoticeType, typer.Option("--type", help="Without a document: by which notice.")
    ] = NoticeType.MOVED_OUT,
    scope: Annotated[
        Scope, typer.Option(help="Without a document: about whom, by age or status.")
    ] = Scope.AGE_16_17,
    home: Home = HERE,
    *,
    shield: Annotated[
        bool, typer.Option("--shield", help="Without a document: for somebody shielded.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say who could get what, and which clause or rule says no; exit 3 where refused.

    With a document: its one question, put to agreements on paper. With --to: every part, put to this
    member's own signed copies, for a notice about nobody. Neither needs a hub; nothing is sent.
    """
    if file is not None:
        _decide_document(file, as_json=as_json)
    elif to is not None:
        _decide_here(home, to, kind, scope, shield=shield, as_json=as_json)
    else:
        fail("name a question document, or say for whom: --to mbr_...", USAGE)


def _decide_document(file: Path, *, as_json: bool) -> None:
    with answering():
        from adapters.member.question_file import read_question
        from hub.consent.decision import decide as answer
        from hub.consent.explain import explain

        question, agreements = read_question(file)
        decision = answer(question, agreements)
        names = {party.member: party.name for one in agreements for party in one.parties}
        says = explain(decision, question, names)
    say(_found(decision, says), says, as_json=as_json)
    raise typer.Exit(GOOD if decision.permitted else REFUSED)


def _decide_here(home: Path, to: str, kind: NoticeType, scope: Scope, *, shield: bool, as_json: bool) -> None:
    with opened(home) as gateway:
        from hub.consent.explain import explain
        from hub.consent.flags import Flags

        kept, asked = gateway.rehearse(MemberId(parse_id(to, "mbr")), kind, scope, Flags(shield=shield))
        names = {one.member: one.name for one in kept.members.values()}
        told = [_found(decision, explain(decision, question, names)) for question, decision in asked]
    lines = [f"  {'yes' if one['permitted'] else 'no ':3} {one['category']:16} {one['says']}" for one in told]
    say(
        {"recipient": to, "as_of": kept.at.isoformat(), "categories": told},
        "\n".join([f"To {to}, as agreed on {kept.at:%d %B %Y, %H:%M} UTC; nothing is sent", *lines]),
        as_json=as_json,
    )
    raise typer.Exit(GOOD if any(one["permitted"] for one in told) else REFUSED)


def _found(decision: "Decision", says: str) -> dict[str, Any]:
    permit = decision.permit
    return {
        "category": decision.category.value,
        "permitted": decision.permitted,
        "agreement": None if permit is None else permit.agreement,
        "version": None if permit is None else permit.version,
        "clause": None if permit is None else permit.clause,
        "basis": None if permit is None else permit.basis,
        "reasons": [
            {
                "code": one.code.value,
                "agreement": one.agreement,
                "version": one.version,
                "clause": one.clause,
                "detail": one.detail,
            }
            for one in decision.reasons
        ],
        "officers_could_permit": decision.officer_could_permit,
        "rules": decision.rules_version,
        "says": says,
    }


def route(
    postcode: Annotated[str, typer.Argument(help="A postcode, quoted if it has a space; or refresh.")],
    directory: Annotated[
        Path | None,
        typer.Argument(help="With refresh: the ONS Postcode Directory, CSV.", exists=True, dir_okay=False),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="With refresh: the edition, where its file name does not say.")
    ] = None,
    out: Annotated[Path, typer.Option(help="With refresh: where to write the table.")] = Path(
        "postcodes.csv.gz"
    ),
    *,
    as_json: AsJson = False,
) -> None:
    """Say which authority a postcode lies in; exit 1 where a person must look. Or make a newer table."""
    if (postcode == "refresh") != (directory is not None):
        fail("name a postcode alone, or: hub route refresh FILE", USAGE)
    if directory is None:
        _route(postcode, as_json=as_json)
    else:
        _refresh(directory, name, out, as_json=as_json)


def _refresh(directory: Path, name: str | None, out: Path, *, as_json: bool) -> None:
    with answering():
        from adapters.member.postcode_table import make_table, name_of
        from adapters.member.routing import VARIABLE

        edition = name or name_of(directory)
        if edition is None:
            fail('name the edition: --name "ONSPD February 2027"', USAGE)
        made = make_table(directory, out, edition)
    answer = {"table": made.name, "postcodes": made.postcodes, "runs": made.runs, "file": str(out)}
    text = f"{made.postcodes} postcodes in {made.runs} runs written; it answers where {VARIABLE}={out}"
    say(answer, text, as_json=as_json)


def _route(postcode: str, *, as_json: bool) -> None:
    from datetime import UTC, datetime

    from adapters.authorities import authority
    from adapters.member.routing import authority_of

    found = authority_of(postcode)
    known = None if found.authority is None else authority(found.authority, datetime.now(UTC).date())
    answer = {
        "outcome": found.outcome.value,
        "authority": found.authority,
        "name": None if known is None else known.name,
        "nation": found.nation,
        "shared_with": list(found.shared_with),
        "why": found.why,
        "table": found.table,
    }
    where = " ".join(str(word) for word in (found.authority, answer["name"], found.nation) if word)
    doubt = f"; the sector is shared with {', '.join(found.shared_with)}" if found.shared_with else ""
    why = f"; {found.why}" if found.why and not found.shared_with else ""
    said = f"{found.outcome.value.replace('_', ' ')}: {where}{doubt}{why} ({found.table})"
    say(answer, said, as_json=as_json)
    raise typer.Exit(GOOD if found.authority is not None and not found.doubtful else FAILED)
