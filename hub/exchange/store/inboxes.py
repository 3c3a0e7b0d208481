"""What waits for members, in SQL.

A page is one range read on (member, sequence): no count, no offset, no row rewritten by a poll, so
that it costs the same with fifty waiting and with a hundred thousand. `LastNumbers` answers the
commonest poll of all, the empty one, without the database.
"""

import threading
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update

from hub.exchange.errors import HubFault
from hub.exchange.stages import InboxItem, ItemKind
from hub.exchange.store.instants import from_micros, to_micros
from hub.exchange.store.json_text import from_text
from hub.exchange.store.sealed import Seals
from hub.exchange.store.statements import KEEP_FIRST, Fields, Line, Prepared
from hub.exchange.store.tables import table
from hub.protocols.canonical import encode
from hub.protocols.names import DisclosureId, MatchId, MemberId, NoticeId

_inbox: Final = table("inbox")

_PUT: Final = Prepared(
    insert(_inbox).values({name: bindparam(name) for name in _inbox.c.keys() if name != "sequence"}),  # noqa: SIM118 - columns
    KEEP_FIRST + " RETURNING sequence",
)
_PAGE: Final = Prepared(
    select(_inbox)
    .where(_inbox.c.member == bindparam("member"), _inbox.c.sequence > bindparam("after"))
    .order_by(_inbox.c.sequence)
    .limit(bindparam("most"))
)
_GET: Final = Prepared(select(_inbox).where(_inbox.c.item == bindparam("item")))
_OF_PASSAGE: Final = Prepared(
    select(_inbox).where(_inbox.c.passage == bindparam("passage")).order_by(_inbox.c.sequence)
)
_STOP: Final = Prepared(update(_inbox).where(_inbox.c.item == bindparam("id")).values(stopped=True))
_LAST: Final = Prepared(select(func.max(_inbox.c.sequence)).where(_inbox.c.member == bindparam("member")))


class SqlInboxes:
    """`ports.Inboxes` over a unit of work. `put_here` is what this unit has put: (member, number)."""

    __slots__ = ("_line", "_seals", "put_here")

    def __init__(self, line: Line, seals: Seals) -> None:
        self._line = line
        self._seals = seals
        self.put_here: list[tuple[MemberId, int]] = []

    def put(self, item: InboxItem) -> None:
        """Put an item into its member's inbox; raise `HubFault` if its id is there already."""
        row = self._line.change_for(
            _PUT,
            item=item.item,
            member=item.member,
            kind=item.kind.value,
            about=item.about,
            passage=item.passage,
            body=self._write_body(item),
            log_index=item.log_index,
            put_at=to_micros(item.put_at),
            stopped=item.stopped,
        )
        if row is None:
            raise item_twice()
        self.put_here.append((item.member, row[0]))

    def page(self, member: MemberId, after: int, limit: int, signed_size: int) -> Sequence[InboxItem]:
        """Items with sequence above `after` whose entry is below `signed_size`, in order.

        The page ends before the first item that is not covered yet: a reader goes on from the last
        number it saw, and must not step over what it could not see.
        """
        rows = self._line.rows(_PAGE, member=member, after=after, most=limit)
        return list(takewhile(lambda item: item.log_index < signed_size, self._all(rows)))

    def get(self, item: DisclosureId) -> InboxItem | None:
        """An item by its id, whoever's it is."""
        row = self._line.row(_GET, item=item)
        return None if row is None else self._read(row)

    def of_passage(self, passage: MatchId) -> Sequence[InboxItem]:
        """All items of a passage."""
        return list(self._all(self._line.rows(_OF_PASSAGE, passage=passage)))

    def stop(self, item: DisclosureId) -> None:
        """Nothing more is handed over for this item."""
        if not self._line.change(_STOP, id=item):
            raise item_unknown()

    def last(self, member: MemberId) -> int:
        """The highest number in a member's inbox, 0 where there is none."""
        row = self._line.row(_LAST, member=member)
        return 0 if row is None else row[0] or 0

    def _write_body(self, item: InboxItem) -> bytes:
        body = encode(item.body)
        return self._seals.seal_request(body, item.item) if item.kind is ItemKind.KEY_REQUEST else body

    def _all(self, rows: Iterable[Fields]) -> Iterable[InboxItem]:
        return map(self._read, rows)

    def _read(self, row: Fields) -> InboxItem:
        sequence, item, member, kind, about, passage, body, log_index, put_at, stopped = row
        if body[:1] == _SEALED:
            body = self._seals.open_request(body, item)
        return InboxItem(
            item=DisclosureId(item),
            member=MemberId(member),
            kind=ItemKind(kind),
            about=None if about is None else NoticeId(about),
            passage=None if passage is None else MatchId(passage),
            body=from_text(body),
            log_index=log_index,
            put_at=from_micros(put_at),
            sequence=sequence,
            stopped=bool(stopped),
        )


_SEALED: Final = b"\x01"
"""No JSON begins so."""


class LastNumbers:
    """The highest committed number of each inbox, for one process that is the only one to write.

    A number is noted after its commit and only ever rises, so that whoever asks can be late but
    never misled for good.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[MemberId, int] = {}

    def known(self, member: MemberId) -> int | None:
        """The highest number noted for a member, or None where nobody has looked yet."""
        return self._last.get(member)

    def note(self, put: Iterable[tuple[MemberId, int]]) -> None:
        """Note numbers that are committed."""
        with self._lock:
            for member, number in put:
                self._last[member] = max(number, self._last.get(member, 0))


def item_twice() -> HubFault:
    """The fault where an item is put a second time."""
    return HubFault("item-twice", "an inbox item of this id is there already")


def item_unknown() -> HubFault:
    """The fault where something is done to an item that was never put."""
    return HubFault("item-unknown", "an inbox item was to be stopped that was never put")
