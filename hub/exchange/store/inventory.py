"""Everything that is kept, row by row, for a check of the whole store."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Table, bindparam, func, select, text

from hub.exchange.stages import ItemKind
from hub.exchange.store.inboxes import SqlInboxes
from hub.exchange.store.sealed import Seals
from hub.exchange.store.statements import Fields, Line, Prepared
from hub.exchange.store.tables import table
from hub.protocols.names import DisclosureId, MemberId, NoticeId

CHUNK: Final = 1000
"""Rows read at a time, so that a large store is not brought into memory whole."""


@dataclass(frozen=True, slots=True)
class KeptNode:
    """The stored hash of a complete subtree."""

    level: int
    index: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class KeptItem:
    """An inbox item, as far as the log speaks of it."""

    item: DisclosureId
    kind: ItemKind
    log_index: int


class _Walk:
    """A whole table in the order of its key, `CHUNK` rows at a time."""

    def __init__(self, held: Table, key: str, *columns: str) -> None:
        chosen: list[Column[object]] = [held.c[name] for name in (key, *columns)]
        self._query = Prepared(
            select(*chosen).where(held.c[key] > bindparam("after")).order_by(held.c[key]).limit(CHUNK)
        )

    def rows(self, line: Line, start: object) -> Iterator[Fields]:
        after = start
        while found := line.rows(self._query, after=after):
            yield from found
            after = found[-1][0]


_NOTICES: Final = _Walk(table("notice"), "rec", "notice")
_ITEMS: Final = _Walk(table("inbox"), "sequence", "item", "kind", "log_index")
_ERRANDS: Final = _Walk(table("outbox"), "number", "subject")
_OPENINGS: Final = _Walk(table("opening"), "idx")
_CHECKPOINTS: Final = _Walk(table("checkpoint"), "size", "note")
_ENTRIES: Final = _Walk(table("log_entry"), "idx")
_node: Final = table("log_node")
_NODES: Final = Prepared(
    select(_node.c.idx, _node.c.hash)
    .where(_node.c.level == bindparam("level"), _node.c.idx > bindparam("after"))
    .order_by(_node.c.idx)
    .limit(CHUNK)
)
_LEVELS: Final = Prepared(select(func.max(_node.c.level)))
_HIGHEST: Final = Prepared(text("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'"))
_INTEGRITY: Final = Prepared(text("PRAGMA integrity_check(100)"))
_POINTERS: Final = Prepared(text("PRAGMA foreign_key_check"))


class SqlInventory:
    """`check.Inventory` over a unit of work."""

    __slots__ = ("_line", "_seals")

    def __init__(self, line: Line, seals: Seals) -> None:
        self._line = line
        self._seals = seals

    def notices(self) -> Iterator[NoticeId]:
        """Every notice ever kept."""
        return (NoticeId(row[1]) for row in _NOTICES.rows(self._line, 0))

    def items(self) -> Iterator[KeptItem]:
        """Every inbox item."""
        rows = _ITEMS.rows(self._line, 0)
        return (KeptItem(DisclosureId(row[1]), ItemKind(row[2]), row[3]) for row in rows)

    def errands(self) -> Iterator[tuple[int, str]]:
        """Number and subject of all work that waits."""
        return ((row[0], row[1]) for row in _ERRANDS.rows(self._line, 0))

    def highest_errand(self) -> int:
        """The highest number that work was ever given."""
        row = self._line.row(_HIGHEST)
        return 0 if row is None else int(row[0])

    def openings(self) -> Iterator[int]:
        """Index of every entry that can still be opened."""
        return (row[0] for row in _OPENINGS.rows(self._line, -1))

    def entries(self) -> Iterator[int]:
        """Index of every leaf that is there."""
        return (row[0] for row in _ENTRIES.rows(self._line, -1))

    def nodes(self) -> Iterator[KeptNode]:
        """Every stored subtree."""
        row = self._line.row(_LEVELS)
        top = -1 if row is None or row[0] is None else row[0]
        for level in range(top + 1):
            after = -1
            while found := self._line.rows(_NODES, level=level, after=after):
                yield from (KeptNode(level, index, value) for index, value in found)
                after = found[-1][0]

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Size and note of every signed checkpoint."""
        return ((row[0], row[1]) for row in _CHECKPOINTS.rows(self._line, -1))

    def damage(self) -> Iterator[str]:
        """What the database itself finds wrong with its file, in its words; they name tables, not values."""
        for row in self._line.rows(_INTEGRITY):
            if row[0] != "ok":
                yield str(row[0])
        for row in self._line.rows(_POINTERS):
            yield f"a row of {row[0]} points at nothing in {row[2]}"

    def last_number(self, member: MemberId) -> int:
        """The highest number in a member's inbox."""
        return SqlInboxes(self._line, self._seals).last(member)
