"""Answers kept under the keys of requests, in the unit of work of what they answer, in SQL.

Decides nothing: the edge says whose key it is and whether a second request is the same one. An
answer is kept for seven days, longer than any client goes on trying.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, insert, select

from hub.exchange.store.instants import to_micros
from hub.exchange.store.statements import Line, Prepared
from hub.exchange.store.tables import table

KEPT: Final = timedelta(days=7)

_kept: Final = table("idempotency")

_FIND: Final = Prepared(
    select(_kept.c.fingerprint, _kept.c.status, _kept.c.body).where(
        _kept.c.member == bindparam("owner"), _kept.c.key == bindparam("name")
    )
)
_KEEP: Final = Prepared(insert(_kept))
_FORGET: Final = Prepared(delete(_kept).where(_kept.c.at < bindparam("before")))


def find_reply(line: Line, owner: str, key: str) -> tuple[str, int, bytes] | None:
    """Fingerprint of the request, status and body of the answer given under this key, if there is one."""
    row = line.row(_FIND, owner=owner, name=key)
    return None if row is None else (row[0], row[1], bytes(row[2]))


def keep_reply(
    line: Line, owner: str, key: str, fingerprint: str, status: int, body: bytes, at: datetime
) -> None:
    """Keep an answer."""
    line.change(
        _KEEP, member=owner, key=key, fingerprint=fingerprint, status=status, body=body, at=to_micros(at)
    )


def forget_replies(line: Line, now: datetime) -> int:
    """Delete what is older than seven days; return how many answers."""
    return line.change(_FORGET, before=to_micros(now - KEPT))
