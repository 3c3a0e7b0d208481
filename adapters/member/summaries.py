"""What a program is told of the gateway's records: ids and states, and clear text only where asked for.

One form for the command line's `--json` and for the local API.
"""

from typing import Any

from adapters.member.files import Rows
from adapters.member.inbox import Taken
from adapters.member.outbox import Published
from adapters.member.records import Received, Waiting


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
    return {**received_summary(one, seen=seen), "facts": body.get("facts"), "about": body.get("about")}


def waiting_summary(one: Waiting) -> dict[str, Any]:
    """Something that waits for a person; its body names codes and notices, nobody."""
    return {"item": one.item, "kind": one.kind, "notice": one.notice, "about": one.body}


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
    }


def published_summary(done: Published, rows: Rows) -> dict[str, Any]:
    """What one publish did, with every row that was not sent, by place, code and reason."""
    return {
        "promised": done.promised,
        "queued": done.queued,
        "again": done.again,
        "out_of_scope": done.out_of_scope,
        "at_home": done.at_home,
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
