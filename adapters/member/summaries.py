"""What a program is told of the gateway's records: ids and states, and clear text only where asked for.

One form for the command line's `--json` and for the local API.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.member.files import Rows
from adapters.member.flag_book import Entry
from adapters.member.flagging import Followed
from adapters.member.inbox import Taken
from adapters.member.outbox import Published
from adapters.member.recalls import Recall
from adapters.member.records import Received, Waiting
from adapters.member.side_by_side import Fact
from hub.consent.flag_record import Kind
from hub.protocols.names import Part


def received_summary(one: Received, *, seen: bool = False) -> dict[str, Any]:
    """A delivery without anything of the person."""
    return {
        "item": one.item,
        "notice": one.notice,
        "sender": one.sender,
        "stage": one.stage,
        "state": one.state,
        "seen": seen,
        "log_index": one.log_index,
    }


def clear_text(one: Received, *, seen: bool = False) -> dict[str, Any]:
    """A delivery with what was opened of it, and the clauses that let each part come."""
    body = one.body if isinstance(one.body, dict) else {}
    return {
        **received_summary(one, seen=seen),
        "facts": body.get("facts"),
        "about": body.get("about"),
        **_mended(body),
    }


def _mended(body: Mapping[str, Any]) -> dict[str, Any]:
    """What was recalled of a delivery, and which notice corrects it, where that is so."""
    return {name: body[name] for name in ("recalled", "corrected_by") if name in body}


def waiting_summary(one: Waiting) -> dict[str, Any]:
    """Something that waits for a person; its body names codes and notices, nobody."""
    return {"item": one.item, "kind": one.kind, "notice": one.notice, "about": one.body}


def look_summary(one: Waiting) -> dict[str, Any]:
    """A second look: why, how names and birthday agree level by level, and who has confirmed here."""
    body = one.body if isinstance(one.body, dict) else {}
    return {
        "item": one.item,
        "notice": one.notice,
        "state": one.state,
        "why": body.get("look"),
        "levels": body.get("levels", []),
        "people": body.get("people", 1),
        "confirmed_by": body.get("officers", []),
    }


def look_lines(one: Waiting) -> list[str]:
    """A second look for a person, level by level, in bits."""
    found = look_summary(one)
    head = f"{one.item}  {one.state:9} {found['why']}, about your notice {one.notice}"
    return [
        head,
        *(f"  {level['millibits'] / 1000:+7.1f} bits  {level['words']}" for level in found["levels"]),
    ]


def fact_summary(fact: Fact) -> dict[str, Any]:
    """One fact, as every source says it."""
    return {
        "part": fact.part,
        "name": fact.name,
        "contradicted": fact.contradicted,
        "said": [
            {
                "source": said.source,
                "notice": said.notice,
                "event_on": said.event_on,
                "ascertained_on": said.ascertained_on,
                "value": said.value,
            }
            for said in fact.said
        ],
    }


def fact_lines(fact: Fact) -> list[str]:
    """The same for a person; what is contradicted is marked."""
    mark = "  <- contradicted" if fact.contradicted else ""
    head = f"{fact.part}: {fact.name.replace('_', ' ')}{mark}"
    return [head, *(f"  {said.source:24} {said.ascertained_on or '':10}  {said.value}" for said in fact.said)]


def flag_summary(one: Entry) -> dict[str, Any]:
    """A flag as it was written down; it names the local reference, so it is for this member alone."""
    record = one.record
    return {
        "flag": one.flag,
        "ref": one.ref,
        "kind": record.kind.value,
        "parts": sorted(part.value for part in record.parts),
        "made_by": record.made_by.value,
        "from": record.effective.isoformat(),
        "until": None if record.ends is None else record.ends.isoformat(),
        "withdrawn": None if record.withdrawn is None else record.withdrawn.isoformat(),
        "outcome": record.outcome.value if record.kind is Kind.OBJECTION else None,
        "reason": one.reason or None,
        "evidence": one.evidence or None,
        "officer": one.officer,
    }


def recall_summary(one: Recall) -> dict[str, Any]:
    """A recall to one recipient, and how far it has come there."""
    return {
        "recall": one.recall,
        "notice": one.notice,
        "member": one.member,
        "parts": [part.value for part in one.parts],
        "reason": one.reason,
        "state": one.state.value,
        "made_at": one.made_at.isoformat(),
        "carried_by": one.carried_by,
        "signed": [*one.signed],
    }


def recall_lines(found: Sequence[Recall]) -> list[str]:
    """The same for a person, one line a recipient."""
    return [
        f"{one.notice}  {one.member:24} {one.state.value.replace('_', ' '):12} {one.reason}: "
        + ("all of it" if len(one.parts) == len(Part) else ", ".join(part.value for part in one.parts))
        for one in found
    ]


def followed_summary(followed: Followed, later: str | None) -> dict[str, Any]:
    """What a change of a flag has set going, and why something must wait."""
    return {
        **flag_summary(followed.entry),
        "notices": [*followed.notices],
        "recalled": [{"member": one.member, "notice": one.notice} for one in followed.recalls],
        "later": later,
    }


def taken_summary(taken: Taken) -> dict[str, Any]:
    """What one look into the inbox did."""
    return {
        "delivered": taken.delivered,
        "granted": taken.granted,
        "refused": taken.refused,
        "held": taken.held,
        "answered": taken.answered,
        "stopped": taken.stopped,
        "faults": taken.faults,
        "reminded": taken.reminded,
    }


def published_summary(done: Published, rows: Rows) -> dict[str, Any]:
    """What one publish did, with every row that was not sent, by place, code and reason."""
    return {
        "promised": done.promised,
        "queued": done.queued,
        "again": done.again,
        "out_of_scope": done.out_of_scope,
        "at_home": done.at_home,
        "elsewhere": rows.elsewhere,
        "not_sent": [{"place": one.place, "code": one.code, "reason": one.detail} for one in done.refused],
        "bad_rows": [
            {
                "row": one.place,
                "column": one.column,
                "code": one.code,
                "reason": one.reason,
                "row_kept": one.row_kept,
            }
            for one in rows.problems
        ],
        "later": done.later,
        "not_read": done.not_read,
    }
