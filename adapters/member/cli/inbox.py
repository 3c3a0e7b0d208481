"""`hub inbox`: what has come, what waits for a person, and what is answered."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.member.cli.terminal import (
    FAILED,
    GOOD,
    HERE,
    UNPROVED,
    AsJson,
    Home,
    Named,
    Officer,
    answering,
    fail,
    note,
    officer_of,
    opened,
    progress,
    say,
)
from hub.protocols.acknowledgement import Answer, OutcomeKind

if TYPE_CHECKING:
    from adapters.member.records import Received, Waiting

app = typer.Typer(no_args_is_help=True, help="Deliveries, key requests and what waits for a person.")

Item = Annotated[str, typer.Argument(help="Id of an item, as hub inbox list shows it.")]

NEXT = {
    "unsure": "hub inbox decide ITEM same|different",
    "key_request": "hub inbox grant ITEM",
    "officer_task": "hub inbox approve ITEM",
    "second_look": "hub caseload looks; hub caseload confirm ITEM",
    "dispute": "hub dispute show DISPUTE",
    "lead": "hub caseload lead ITEM ours|theirs",
    "recall": "erase or mend it in your own system, then hub recall done ITEM",
    "flag": "hub flag renew FLAG --by young_person, or hub flag end FLAG",
    "fault": "hub inbox pull --again",
    "fork": "keep this home; ring the other members",
    "rollback": "keep this home; ring the hub's operator",
    "unwitnessed": "nothing: it opens once enough other members have cosigned the log",
    "alarm": "ring the hub's operator",
    "feed": "look, then hub inbox noted ITEM",
    "reminder": "hub agreement revise FILE, then hub inbox noted ITEM",
}
"""What a person does next about each kind of thing that waits."""

_SHIELDED = (
    "somebody is shielded; that they have come to us the other side learns only if every officer adds --named"
)


@app.command("list")
def list_items(
    authority: Annotated[
        str | None,
        typer.Option("--for", help="Only what came for this authority, of those we act for: mbr_..."),
    ] = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """List what was delivered and what waits for a person; shows nobody's name."""
    with opened(home) as gateway:
        from adapters.member.summaries import received_summary, waiting_summary

        received, waiting = gateway.received_for(authority), gateway.waiting()
        answer = {
            "received": [received_summary(one, seen=gateway.seen(one.item)) for one in received],
            "waiting": [{**waiting_summary(one), "next": NEXT.get(one.kind)} for one in waiting],
        }
    lines = [f"{one.item}  {one.stage:8} {one.state:12} from {one.sender}" for one in received]
    lines += [f"{one.item}  waits: {one.kind}  -> {NEXT.get(one.kind, '')}{_says(one)}" for one in waiting]
    say(answer, "\n".join(lines) or "Nothing has come yet: hub inbox pull", as_json=as_json)


@app.command()
def pull(
    wait: Annotated[int, typer.Option(min=0, max=30, help="Seconds to wait for something to come.")] = 0,
    home: Home = HERE,
    *,
    again: Annotated[bool, typer.Option("--again", help="Also try once more what did not hold.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take what waits at the hub: verify, open, compare, answer key requests; send what is queued."""
    with opened(home) as gateway, progress("pulling"):
        from adapters.member.summaries import taken_summary

        retried = gateway.inbox.again() if again else None
        taken = gateway.poll(wait)
    faults = [*taken.faults, *(retried.faults if retried else ())]
    for fault in faults:
        note(f"not used: {fault}")
    for reminder in taken.reminded:
        note(reminder)
    say(
        {"taken": taken_summary(taken), "again": None if retried is None else taken_summary(retried)},
        f"{taken.delivered} deliveries opened, {taken.granted} keys given, {taken.refused} refused, "
        f"{taken.held} wait for a person, {taken.answered} answers, {taken.stopped} stopped",
        as_json=as_json,
    )
    raise typer.Exit(UNPROVED if faults else GOOD)


@app.command("open")
def open_item(
    item: Item,
    evidence: Annotated[
        Path | None, typer.Option(help="Folder for the proof and opening of its log entry.")
    ] = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Show a delivery in clear text, with the clause that let each part come."""
    with opened(home) as gateway:
        from adapters.member.summaries import clear_text

        received = gateway.open(item)
    if evidence is not None:
        with answering():
            _write_evidence(received, evidence)
    say(clear_text(received, seen=True), "\n".join(_clear(received)), as_json=as_json)


@app.command("export")
def export_item(
    item: Item,
    form: Annotated[str, typer.Option("--format", help="jsonl, csv, xlsx, nccis.xml or iyss.csv.")] = "jsonl",
    out: Annotated[Path | None, typer.Option(help="Where to write it; else here, by its notice.")] = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Write what was released of one young person as a record for your own system."""
    with opened(home) as gateway:
        from adapters.member.errors import GatewayFault
        from adapters.member.keyring import write_private
        from adapters.member.released import FORMATS, names_somebody, ready, released_move

        if form not in FORMATS:
            raise GatewayFault("format-unknown", "the formats are: " + ", ".join(FORMATS))
        notice = gateway.delivery(item).notice
        unsure = frozenset(one.item for one in gateway.waiting())
        deliveries = [one for one in gateway.records.of_notice(notice) if ready(one, unsure)]
        if not names_somebody(deliveries):
            raise GatewayFault("not-ready", "nothing to pass on: not compared yet, or taken back")
        path = out or Path(f"{notice}.{form}")
        write_private(path, FORMATS[form](released_move(deliveries)))
    say({"item": item, "format": form, "file": str(path)}, f"Written to {path}.", as_json=as_json)


@app.command()
def ack(item: Item, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Say that a delivery has reached the people who work with it."""
    with opened(home) as gateway:
        gateway.acknowledge(item)
    say({"item": item, "level": "actioned"}, "Acknowledged.", as_json=as_json)


@app.command()
def outcome(
    item: Item,
    what: Annotated[OutcomeKind, typer.Argument(help="What became of it.")],
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what became of a delivery."""
    with opened(home) as gateway:
        gateway.report_outcome(item, what)
    say({"item": item, "outcome": what.value}, f"Reported: {what.value}.", as_json=as_json)


@app.command()
def noted(item: Item, home: Home = HERE, *, as_json: AsJson = False) -> None:
    """Say that a reminder has been read: it does not come again."""
    with opened(home) as gateway:
        gateway.note_reminder(item)
    say({"item": item, "state": "noted"}, "Noted.", as_json=as_json)


@app.command()
def decide(
    item: Item,
    answer: Annotated[Answer, typer.Argument(help="Is this the person you mean?")],
    officer: Officer = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Decide, as an officer, about an identity that no machine may decide about."""
    with opened(home) as gateway:
        gateway.decide_unsure(item, answer, officer_of(gateway, officer))
    say({"item": item, "answer": answer.value}, f"Signed: {answer.value}.", as_json=as_json)


@app.command()
def approve(
    item: Item,
    officer: Officer = None,
    home: Home = HERE,
    *,
    no: Annotated[bool, typer.Option("--no", help="Do not let it go on.")] = False,
    named: Named = False,
    as_json: AsJson = False,
) -> None:
    """Let a held match go on, as a named officer, or stop it."""
    with opened(home) as gateway:
        left = gateway.approve_task(item, officer_of(gateway, officer), approve=not no, named=named)
    said = "declined" if no else "approved"
    more = f" {left} more must approve here." if left else ""
    say({"item": item, "answer": said, "people_left": left}, f"Signed: {said}.{more}", as_json=as_json)


@app.command()
def grant(
    item: Item,
    officer: Officer = None,
    home: Home = HERE,
    *,
    no: Annotated[bool, typer.Option("--no", help="Give no key.")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a key request for a restricted notice, as a named officer."""
    with opened(home) as gateway:
        taken = gateway.grant_restricted(item, officer_of(gateway, officer), grant=not no)
    given = taken.granted == 1
    say({"item": item, "granted": given}, "Key given." if given else "No key given.", as_json=as_json)
    raise typer.Exit(GOOD if given or no else FAILED)


def _write_evidence(received: "Received", folder: Path) -> None:
    """The proof of the release's entry and its opening, for `hub audit verify`."""
    body = received.body if isinstance(received.body, dict) else {}
    evidence = body.get("evidence")
    if not isinstance(evidence, dict):
        fail("nothing more is kept of this delivery", FAILED)
    folder.mkdir(parents=True, exist_ok=True)
    proof, opening = folder / f"{received.item}.tlog-proof", folder / f"{received.item}.opening.json"
    proof.write_text(str(evidence["proof"]), encoding="utf-8")
    opening.write_text(json.dumps(evidence["opening"]), encoding="utf-8")
    note(f"hub audit verify {proof} --opening {opening}")


def _clear(received: "Received") -> list[str]:
    body = received.body if isinstance(received.body, dict) else {}
    lines = [f"{received.item}  {received.stage}, {received.state}, from {received.sender}"]
    for part, found in _object(body.get("facts")).items():
        lines.append(f"{part}:" + ("" if found else " (nothing)"))
        lines += [f"  {name:22} {_words(value)}" for name, value in _object(found).items()]
    grounds = _object(body.get("about")).get("grounds")
    for ground in grounds if isinstance(grounds, list) else ():
        if isinstance(ground, dict):
            lines.append(
                f"{ground['part']}: {ground['agreement']} v{ground['version']}, clause {ground['clause']}"
            )
    lines.append(f"entry {received.log_index} of the log")
    return lines


def _says(one: "Waiting") -> str:
    """What something that waits says by itself, on a line of its own."""
    body = _object(one.body)
    said = f"about {one.notice}: {_SHIELDED}" if "R-SHIELD" in (body.get("codes") or ()) else body.get("says")
    return f"\n    {said}" if isinstance(said, str) else ""


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{name} {_words(one)}" for name, one in value.items() if one is not None)
    return str(value)
