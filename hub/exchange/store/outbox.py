"""Work that a committed request has promised, in SQL: the only queue there is.

What is claimed stays in its row until the unit of work that did it removes it, so that a crash at
any moment leaves the work waiting. Where several processes claim at once the database gives each
other rows; SQLite has one writer and needs no such lock.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, select, update

from hub.exchange.stages import OF_A_MATCH, Errand, ErrandKind
from hub.exchange.store.instants import to_micros
from hub.exchange.store.json_text import from_text, to_text
from hub.exchange.store.statements import Fields, Line, Prepared, PreparedRows
from hub.exchange.store.tables import table

_outbox: Final = table("outbox")

_ADD: Final = PreparedRows(_outbox, numbered="number")
_OLDEST_DUE: Final = (
    select(_outbox.c.number, _outbox.c.kind, _outbox.c.subject, _outbox.c.body, _outbox.c.attempts)
    .where(_outbox.c.due <= bindparam("now"))
    .order_by(_outbox.c.number)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_CLAIM: Final = Prepared(_OLDEST_DUE.where(*(_outbox.c.kind != kind.value for kind in OF_A_MATCH)))
_CLAIM_OF_MATCH: Final = Prepared(_OLDEST_DUE.where(_outbox.c.kind == bindparam("wanted")))
_DONE: Final = Prepared(delete(_outbox).where(_outbox.c.number == bindparam("errand")))
_PUT_OFF: Final = Prepared(
    update(_outbox)
    .where(_outbox.c.number == bindparam("errand"))
    .values(due=bindparam("until"), fault=bindparam("code"), attempts=_outbox.c.attempts + 1)
)
_WAITING: Final = Prepared(select(func.count()).select_from(_outbox))
_NOTHING: Final = "null"


class SqlOutbox:
    """`ports.Outbox` over a unit of work."""

    __slots__ = ("_line",)

    def __init__(self, line: Line) -> None:
        self._line = line

    def add(self, errand: Errand, due: datetime) -> None:
        """Promise work."""
        self.add_all([(errand, due)])

    def add_all(self, errands: Iterable[tuple[Errand, datetime]]) -> None:
        """Promise much work, in this order."""
        rows = [
            {
                "kind": errand.kind.value,
                "subject": errand.subject,
                "body": _NOTHING if errand.body is None else to_text(errand.body),
                "due": to_micros(due),
                "attempts": 0,
                "fault": None,
            }
            for errand, due in errands
        ]
        self._line.insert_rows(_ADD, rows)

    def claim(self, limit: int, now: datetime) -> Sequence[Errand]:
        """The oldest work that is due, less what comes of a match; it stays until `done`."""
        return _read(self._line.rows(_CLAIM, now=to_micros(now), most=limit))

    def claim_of_match(self, kind: ErrandKind, limit: int, now: datetime) -> Sequence[Errand]:
        """The oldest work of a kind of `OF_A_MATCH` that is due: it waits in nobody's way."""
        return _read(self._line.rows(_CLAIM_OF_MATCH, now=to_micros(now), most=limit, wanted=kind.value))

    def done(self, errand: Errand) -> None:
        """The work is done, in this very unit of work."""
        self._line.change(_DONE, errand=errand.number)

    def put_off(self, errand: Errand, until: datetime, fault: str) -> None:
        """The work failed: try again later; `fault` is a code, never a text from a message."""
        self._line.change(_PUT_OFF, errand=errand.number, until=to_micros(until), code=fault)

    def waiting(self) -> int:
        """How many errands wait."""
        row = self._line.row(_WAITING)
        return 0 if row is None else int(row[0])


def _read(rows: Iterable[Fields]) -> list[Errand]:
    return [
        Errand(ErrandKind(kind), subject, from_text(body), number, attempts)
        for number, kind, subject, body, attempts in rows
    ]
