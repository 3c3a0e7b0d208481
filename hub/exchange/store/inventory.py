"""Everything that is kept, row by row, for a check of the whole store."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import Column, Table, bindparam, func, select, text

from hub.exchange.stages import ItemKind
from hub.exchange.store.inboxes import SqlInboxes
from hub.exchange.store.instants import from_micros
from hub.exchange.store.json_text import read_names
from hub.exchange.store.sealed import Seals
from hub.exchange.store.statements import Fields, Line, Prepared
from hub.exchange.store.tables import table
from hub.matching.candidates import HEAVY
from hub.protocols.names import DisclosureId, MatchId, MemberId, NoticeId

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


@dataclass(frozen=True, slots=True)
class NoticeColumns:
    """The columns of a notice beside its manifest, as the tables have them."""

    rec: int
    notice: NoticeId
    sender: str
    type: str
    realm: str
    epoch: str
    scope: str | None
    flags: str
    asserted_at: datetime
    expires_at: datetime
    tokens: tuple[str, str, str, str] | None
    """Notice, member, realm and epoch in the row of its tokens, while there is one."""
    era: int
    """The number of realm and epoch in front of its postings; 0 where it has no tokens."""


@dataclass(frozen=True, slots=True)
class ItemColumns:
    """The columns of an inbox item."""

    item: DisclosureId
    member: MemberId
    kind: ItemKind
    passage: MatchId | None
    log_index: int
    stopped: bool


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
_party: Final = table("opening_party")
_NODES: Final = Prepared(
    select(_node.c.idx, _node.c.hash)
    .where(_node.c.level == bindparam("level"), _node.c.idx > bindparam("after"))
    .order_by(_node.c.idx)
    .limit(CHUNK)
)
_LEVELS: Final = Prepared(select(func.max(_node.c.level)))
_notice: Final = table("notice")
_tokens: Final = table("tokens")
_posting: Final = table("posting")
_heavy: Final = table("heavy")
_era: Final = table("era")
_NOTICE_COLUMNS: Final = Prepared(
    select(
        *(
            _notice.c[name]
            for name in ("rec", "notice", "sender", "type", "realm", "epoch", "scope", "flags")
        ),
        _notice.c.asserted_at,
        _notice.c.expires_at,
        *(_tokens.c[name] for name in ("notice", "member")),
        *(_era.c[name] for name in ("realm", "epoch", "number")),
    )
    .outerjoin(_tokens, _tokens.c.rec == _notice.c.rec)
    .outerjoin(_era, _era.c.number == _tokens.c.era)
    .where(_notice.c.rec > bindparam("after"))
    .order_by(_notice.c.rec)
    .limit(CHUNK)
)
_ITEM_COLUMNS: Final = _Walk(
    table("inbox"), "sequence", "item", "member", "kind", "passage", "log_index", "stopped"
)
_PASSAGES: Final = _Walk(table("passage"), "passage")
_LISTED: Final = _Walk(table("opening"), "idx", "parties")
_MAY_SEE: Final = Prepared(
    select(_party.c.idx, _party.c.member).where(
        _party.c.idx >= bindparam("first"), _party.c.idx <= bindparam("last")
    )
)
_POSTED: Final = Prepared(select(_posting.c.tok).where(_posting.c.rec == bindparam("record")))
_POSTED_FOR_NOBODY: Final = Prepared(
    select(func.count()).select_from(_posting).where(_posting.c.rec.not_in(select(_tokens.c.rec)))
)
_LIGHT: Final = Prepared(
    select(func.count())
    .select_from(_heavy)
    .where(
        select(func.count()).select_from(_posting).where(_posting.c.tok == _heavy.c.tok).scalar_subquery()
        <= HEAVY
    )
)
_ADDED: Final = Prepared(
    text("SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY name")
)
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

    def notice_columns(self) -> Iterator[NoticeColumns]:
        """Every notice ever kept, column by column."""
        after = 0
        while found := self._line.rows(_NOTICE_COLUMNS, after=after):
            for row in found:
                yield _columns_of(row)
            after = found[-1][0]

    def item_columns(self) -> Iterator[ItemColumns]:
        """Every inbox item, column by column."""
        for _, item, member, kind, passage, log_index, stopped in _ITEM_COLUMNS.rows(self._line, 0):
            way = None if passage is None else MatchId(passage)
            yield ItemColumns(
                DisclosureId(item), MemberId(member), ItemKind(kind), way, log_index, bool(stopped)
            )

    def passages(self) -> Iterator[MatchId]:
        """Every way of a notice to a recipient."""
        return (MatchId(row[0]) for row in _PASSAGES.rows(self._line, ""))

    def parties(self) -> Iterator[tuple[int, frozenset[MemberId], frozenset[MemberId]]]:
        """Of every entry that can be opened: index, who is listed with it, who is shown it."""
        rows = _LISTED.rows(self._line, -1)
        while chunk := list(islice(rows, CHUNK)):
            shown: dict[int, set[MemberId]] = {}
            for index, member in self._line.rows(_MAY_SEE, first=chunk[0][0], last=chunk[-1][0]):
                shown.setdefault(index, set()).add(MemberId(member))
            for index, listed in chunk:
                yield index, frozenset(read_names(listed)), frozenset(shown.get(index, ()))

    def posted(self, rec: int) -> frozenset[int]:
        """The numbers under which the index has a notice."""
        return frozenset(row[0] for row in self._line.rows(_POSTED, record=rec))

    def posted_for_nobody(self) -> int:
        """How many postings name a notice that has no tokens."""
        row = self._line.row(_POSTED_FOR_NOBODY)
        return 0 if row is None else int(row[0])

    def light_among_heavy(self) -> int:
        """How many tokens are passed over as heavy although few hold them."""
        row = self._line.row(_LIGHT)
        return 0 if row is None else int(row[0])

    def added(self) -> Iterator[str]:
        """Triggers and views: the schema has none, so somebody has put them there."""
        return (f"{kind} {name}" for kind, name in self._line.rows(_ADDED))

    def last_number(self, member: MemberId) -> int:
        """The highest number in a member's inbox."""
        return SqlInboxes(self._line, self._seals).last(member)


def _columns_of(row: Fields) -> NoticeColumns:
    rec, notice, sender, kind, realm, epoch, scope, flags, asserted_at, expires_at, *tokens, era = row
    return NoticeColumns(
        rec=rec,
        notice=NoticeId(notice),
        sender=sender,
        type=kind,
        realm=realm,
        epoch=epoch,
        scope=scope,
        flags=flags,
        asserted_at=from_micros(asserted_at),
        expires_at=from_micros(expires_at),
        tokens=None if tokens[0] is None else (tokens[0], tokens[1], tokens[2], tokens[3]),
        era=era or 0,
    )
