"""`hub read`, `hub publish`, `hub withdraw`: from a file to signed notices, and back out again."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.member.cli.terminal import (
    FAILED,
    GOOD,
    HERE,
    LATER,
    REFUSED,
    AsJson,
    Home,
    Officer,
    answering,
    fail,
    note,
    officer_of,
    opened,
    progress,
    say,
)
from adapters.member.kinds import FileKind
from hub.protocols.names import MemberId, NoticeId, NoticeType, parse_id

if TYPE_CHECKING:
    from adapters.member.files import Rows
    from adapters.member.gateway import Gateway
    from adapters.member.outbox import Published
    from adapters.move import Move

File = Annotated[Path, typer.Argument(help="The file.", exists=True, dir_okay=False)]
Placed = Annotated[list[str] | None, typer.Option("--map", help="COLUMN=FIELD, as often as needed.")]
FormatName = Annotated[
    str | None,
    typer.Option("--format", help="csv, xlsx, jsonl, nccis, ctf or ilr; else told by the file."),
]

MOST_LINES = 50
"""Problems shown on a terminal; `--json` gives them all."""


def read(
    file: File,
    format_name: FormatName = None,
    placed: Placed = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a person, to read again.")] = False,
) -> None:
    """Read a file as `publish` would, and send nothing."""
    with answering():
        from adapters.currency import WARNING_DAYS, Standing, standing
        from adapters.jsonl_file import write_line
        from adapters.member.files import open_rows, read_placings

        rows = open_rows(file, format_name=format_name, placed=read_placings(placed or ()))
        worth: Counter[Standing] = Counter()
        today = datetime.now(UTC).date()
        with progress("rows read") as tell:
            for move in rows:
                if as_json:
                    typer.echo(write_line(move))
                worth[standing(move, today)] += 1
                tell(rows.read)
    _show_columns(rows)
    show_problems(rows)
    if lapsing := worth[Standing.DUE_TO_LAPSE] + worth[Standing.LAPSED]:
        note(
            f"{worth[Standing.DUE_TO_LAPSE]} activities lapse within {WARNING_DAYS} days, "
            f"{worth[Standing.LAPSED]} have lapsed: {lapsing} to verify"
        )
    note(f"{rows.read} rows can be used, {rows.left_out} cannot")
    raise typer.Exit(FAILED if rows.left_out else GOOD)


def publish(
    file: File,
    kind: Annotated[FileKind, typer.Option("--type", help="What the file tells of.")],
    officer: Officer = None,
    to: Annotated[
        str | None,
        typer.Option(help="Who is meant where a postcode does not tell; with --dry-run: who might receive."),
    ] = None,
    authority: Annotated[
        str | None, typer.Option("--for", help="The authority for which a careers company acts: mbr_...")
    ] = None,
    format_name: FormatName = None,
    placed: Placed = None,
    confirm: Annotated[
        list[str] | None,
        typer.Option("--confirm", help="Reference of a candidate that you confirm; as often as needed."),
    ] = None,
    home: Home = HERE,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what could be told; send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hash, seal, sign and send a notice for each row of a file. The same row is sent once."""
    with opened(home) as gateway:
        from adapters.member.files import open_rows, read_placings, remember

        if authority is not None:
            gateway.act_for(MemberId(parse_id(authority, "mbr")))
        placings = read_placings(placed or ())
        rows = open_rows(
            file,
            home=home,
            kind=kind.value,
            format_name=format_name,
            placed=placings,
            confirmed=confirm or (),
        )
        _show_columns(rows)
        if dry_run:
            _rehearse(gateway, rows, kind.notice_type, to, as_json=as_json)
        remember(rows, home, kind.value)
        with progress("rows hashed and sealed") as tell:
            who = None if to is None else MemberId(parse_id(to, "mbr"))
            done = gateway.publish(rows, kind.notice_type, officer_of(gateway, officer), tell, who)
    show_problems(rows)
    _report(done, rows, as_json=as_json)


def withdraw(
    notice: Annotated[str, typer.Argument(help="Id of a notice: ntc_...")],
    reason: Annotated[str, typer.Option(help="Why, as one word: a-z and _.")] = "sent_in_error",
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Withdraw a notice: nothing further leaves from now on."""
    with opened(home) as gateway:
        gateway.withdraw(NoticeId(parse_id(notice, "ntc")), reason)
    say({"notice": notice, "state": "withdrawn"}, "Withdrawn; nothing further leaves.", as_json=as_json)


def _show_columns(rows: "Rows") -> None:
    for header, name in zip(rows.columns.headers, rows.columns.fields, strict=True):
        if header:
            note(f"  {header:32} {name or '- not used; place it with --map ' + repr(header + '=FIELD')}")
    if rows.columns.home_guessed:
        note(f"  the plain address is taken as the {rows.columns.home} home")


def show_problems(rows: "Rows") -> None:
    """Name what is wrong with rows, each by row, column and reason."""
    for problem in rows.problems[:MOST_LINES]:
        note(str(problem))
    if len(rows.problems) > MOST_LINES:
        note(f"and {len(rows.problems) - MOST_LINES} more")


def _report(done: "Published", rows: "Rows", *, as_json: bool) -> None:
    """Say what was sent and what was not; exit 1 where a row was not, 5 where it will be later."""
    from adapters.member.summaries import published_summary

    for unsent in done.refused[:MOST_LINES]:
        note(f"{unsent.place}: {unsent.detail}")
    unsent_rows = rows.left_out + len(done.refused)
    counted = (
        (done.again, "were sent before"),
        (done.out_of_scope, "out of scope by age or status: dropped before hashing"),
        (done.at_home, "live in the own area: nothing to send"),
        (rows.elsewhere, "are no ground for this type of notice: they stay, or another type tells of them"),
        (unsent_rows, "rows were not sent: see above"),
    )
    lines = [f"{len(done.promised)} notices published: the hub has promised to log them"]
    lines += [f"{count} {what}" for count, what in counted if count]
    say(published_summary(done, rows), "\n".join(lines), as_json=as_json)
    if unsent_rows:
        raise typer.Exit(FAILED)
    if done.later is not None:
        again = f"{done.not_read} rows were not looked at: run the same command again"
        kept = "what is queued is sent by `hub inbox pull` or `hub gateway run`"
        fail(f"{done.later}; {again if done.not_read else kept}", LATER)


def _rehearse(gateway: "Gateway", rows: "Rows", kind: NoticeType, to: str | None, *, as_json: bool) -> None:
    """Who could get which part of the first row, which clause says no; how many rows are in scope."""
    from adapters.member.outbox import NAMED

    if to is None and kind not in NAMED:
        fail("say for whom: --dry-run --to mbr_...", 2)
    counts: Counter[str] = Counter()
    first: Move | None = None
    for move in rows:
        in_scope = gateway.outbox.in_scope(move, kind)
        counts["in_scope" if in_scope else "out_of_scope"] += 1
        first = first or (move if in_scope else None)
    show_problems(rows)
    if first is None:
        fail("no row of this file is in scope: nothing would be sent", FAILED)
    recipient = MemberId(parse_id(to, "mbr")) if to is not None else gateway.outbox.home_authority(first)
    asked = gateway.dry_run(first, kind, recipient)
    from hub.consent.explain import explain

    names = {one.member: one.name for one in gateway.terms_here().members.values()}
    told = [
        {
            "category": decision.category.value,
            "permitted": decision.permitted,
            "reasons": [
                {"code": r.code.value, "agreement": r.agreement, "version": r.version, "clause": r.clause}
                for r in decision.reasons
            ],
            "permit": None
            if decision.permit is None
            else {
                "agreement": decision.permit.agreement,
                "version": decision.permit.version,
                "clause": decision.permit.clause,
                "basis": decision.permit.basis,
            },
            "says": explain(decision, question, names),
        }
        for question, decision in asked
    ]
    answer = {"row": first.place, "recipient": recipient, "rows": dict(counts), "categories": told}
    lines = [f"{first.place} to {recipient}: nothing is sent"]
    lines += [
        f"  {'yes' if one['permitted'] else 'no ':3} {one['category']:16} {one['says']}" for one in told
    ]
    lines.append(f"{counts['in_scope']} rows in scope, {counts['out_of_scope']} out of scope")
    say(answer, "\n".join(lines), as_json=as_json)
    by_name = {decision.category.value: decision.permitted for _, decision in asked}
    raise typer.Exit(GOOD if by_name["identity"] else REFUSED)
