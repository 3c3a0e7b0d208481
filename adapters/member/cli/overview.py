"""`hub agreement matrix` and `ropa`: all agreements at once, from this member's own copies or from files."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.member.cli.terminal import HERE, AsJson, Home, answering, note, opened, say
from hub.protocols.names import MemberId, NoticeType, parse_id

if TYPE_CHECKING:
    from adapters.member.copies import Kept
    from adapters.member.terms import Copy

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Documents, taken as if in force; else the home's own copies.", exists=True, dir_okay=False
    ),
]
To = Annotated[Path | None, typer.Option(help="Write it to this file.", dir_okay=False)]


def matrix(
    files: Files = None,
    kind: Annotated[NoticeType | None, typer.Option("--type", help="This kind of notice alone.")] = None,
    csv: To = None,
    svg: To = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Show who may tell whom what, by which kind of notice, with the gaps."""
    with answering():
        from hub.consent.matrix import matrix as cells_of
        from hub.consent.matrix import participants, table, to_csv
        from hub.consent.matrix_picture import to_svg

        if files:
            agreements = [one.agreement for one in _from_files(files)]
            mandates = frozenset[tuple[MemberId, MemberId]]()
        else:
            kept = _kept(home)
            agreements, mandates = [one.agreement for one in kept.terms.copies], kept.terms.mandates
        at = datetime.now(UTC)
        people = participants(agreements, mandates)
        cells = cells_of(agreements, people, at)
        kinds = list(NoticeType) if kind is None else [kind]
        cells = [cell for cell in cells if cell.notice_type in kinds]
        _write({csv: to_csv(cells) if csv else "", svg: to_svg(cells, people, kinds) if svg else ""})
    say(
        {
            "at": at.isoformat(),
            "cells": [
                {
                    "notice_type": cell.notice_type.value,
                    "sender": cell.sender,
                    "recipient": cell.recipient,
                    "flow": cell.flow.value,
                    "told": {category.value: list(clauses) for category, clauses in cell.told.items()},
                }
                for cell in cells
            ],
        },
        table(cells, people, kinds)
        if people
        else "No agreements: hub agreement draft --template two-council",
        as_json=as_json,
    )


def ropa(
    files: Files = None,
    member: Annotated[str | None, typer.Option(help="Whose record, with documents: mbr_...")] = None,
    html: To = None,
    csv: To = None,
    home: Home = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Write the article 30 record of processing from the agreements in force."""
    with answering():
        from adapters.member.errors import GatewayFault
        from hub.consent.agreement import State
        from hub.consent.ropa import HEADINGS, entries, to_csv, to_html

        if (member is not None and not files) or (
            files and member is None and not (home / "gateway.json").exists()
        ):
            raise GatewayFault("ropa-whose", "whose record? documents with --member mbr_..., or --home alone")
        if files and member is not None:
            whose, copies = MemberId(parse_id(member, "mbr")), _from_files(files)
        else:
            with opened(home) as gateway:
                whose = gateway.pinned.member
                copies = list(gateway.terms_here().terms.copies) if not files else _from_files(files)
        now = datetime.now(UTC)
        bound = [
            (copy.agreement, copy.document)
            for copy in copies
            if copy.agreement.state is State.IN_FORCE
            and copy.agreement.starts_at <= now < copy.agreement.lapses_at
        ]
        found = entries(bound, whose)
        _write({html: to_html(found, whose) if html else "", csv: to_csv(found) if csv else ""})
    lines = [f"{HEADINGS[name]}: {said}" for entry in found for name, said in entry.items()]
    say(
        {"member": whose, "entries": [dict(entry) for entry in found]},
        "\n".join(lines) or "No agreement is in force: there is nothing to record.",
        as_json=as_json,
    )


def _kept(home: Path) -> "Kept":
    with opened(home) as gateway:
        kept = gateway.terms_here()
    note(f"as agreed on {kept.at:%d %B %Y, %H:%M} UTC")
    return kept


def _from_files(files: list[Path]) -> "list[Copy]":
    from adapters.member.question_file import read_json_file
    from adapters.member.terms import Copy
    from hub.consent.agreement import State
    from hub.consent.documents import read_agreement

    documents = [read_json_file(file) for file in files]
    return [Copy(read_agreement(one).recorded_as(State.IN_FORCE), one) for one in documents]


def _write(texts: Mapping[Path | None, str]) -> None:
    for path, text in texts.items():
        if path is not None:
            path.write_text(text, encoding="utf-8")
            note(f"written: {path}")
