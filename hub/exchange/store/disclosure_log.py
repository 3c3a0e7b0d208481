"""The disclosure log inside a unit of work, in SQL.

Entries are gathered and written in bulk, with the subtrees that they complete, and the head row is
moved last, by compare and swap on its size: a second process that appended in between fails there
and everything of its unit of work is undone. An index never comes from the database's own
numbering, which leaves gaps after a rollback.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, insert, select, update

from hub.exchange.errors import HubFault, LogFork
from hub.exchange.ports import Entry
from hub.exchange.store.json_text import from_text, names, read_names, to_text
from hub.exchange.store.statements import Fields, Line, Prepared, PreparedRows, replacing
from hub.exchange.store.tables import table
from hub.protocols.canonical import sha256
from hub.protocols.entry import Opening
from hub.protocols.merkle import HASH_BYTES, Frontier, inclusion_proof, leaf_hash
from hub.protocols.names import MemberId, NoticeId
from hub.protocols.proof import LogProof

_head: Final = table("log_head")
_entry: Final = table("log_entry")
_node: Final = table("log_node")
_checkpoint: Final = table("checkpoint")
_opening: Final = table("opening")
_party: Final = table("opening_party")

_HEAD: Final = Prepared(select(_head.c.size, _head.c.frontier).where(_head.c.id == 1))
_MOVE_HEAD: Final = Prepared(
    update(_head)
    .where(_head.c.id == 1, _head.c.size == bindparam("old_size"))
    .values(size=bindparam("new_size"), frontier=bindparam("new_frontier"))
)
_WRITE_ENTRY: Final = PreparedRows(_entry)
_WRITE_NODE: Final = PreparedRows(_node)
_WRITE_OPENING: Final = PreparedRows(_opening)
_WRITE_PARTY: Final = PreparedRows(_party)
_ENTRY: Final = Prepared(
    select(_entry.c.idx, _opening.c.salt, _opening.c.record, _opening.c.parties, _opening.c.notice)
    .outerjoin(_opening, _opening.c.idx == _entry.c.idx)
    .where(_entry.c.idx == bindparam("index"))
)
_ENTRIES_FOR: Final = Prepared(
    select(_opening.c.idx, _opening.c.salt, _opening.c.record, _opening.c.parties, _opening.c.notice)
    .join(_party, _party.c.idx == _opening.c.idx)
    .where(
        _party.c.member == bindparam("member"),
        _party.c.idx > bindparam("after"),
        _party.c.idx < bindparam("signed_size"),
    )
    .order_by(_party.c.idx)
    .limit(bindparam("most"))
)
_SIGNED: Final = Prepared(
    select(_checkpoint.c.size, _checkpoint.c.note).order_by(_checkpoint.c.size.desc()).limit(1)
)
_CHECKPOINTS: Final = Prepared(
    select(_checkpoint.c.size, _checkpoint.c.note)
    .where(_checkpoint.c.size > bindparam("above"))
    .order_by(_checkpoint.c.size.desc())
    .limit(bindparam("most"))
)
_KEEP_SIGNED: Final = Prepared(insert(_checkpoint), replacing("size", columns=("note",)))
_NODE: Final = Prepared(
    select(_node.c.hash).where(_node.c.level == bindparam("level"), _node.c.idx == bindparam("index"))
)
_LEAVES: Final = Prepared(
    select(_entry.c.leaf)
    .where(_entry.c.idx >= bindparam("start"), _entry.c.idx < bindparam("end"))
    .order_by(_entry.c.idx)
)
_OF_NOTICE: Final = Prepared(
    select(_opening.c.idx, _opening.c.parties).where(_opening.c.notice == bindparam("notice"))
)
_ERASE: Final = Prepared(delete(_opening).where(_opening.c.idx == bindparam("index")))
_ERASE_PARTY: Final = Prepared(
    delete(_party).where(_party.c.member == bindparam("party"), _party.c.idx == bindparam("index"))
)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a unit of work had got when a savepoint began."""

    appended: int
    written: int
    frontier: Frontier


@dataclass(frozen=True, slots=True)
class _Appended:
    index: int
    leaf: bytes
    opening: Opening
    parties: frozenset[MemberId]
    notice: NoticeId | None


class SqlLog:
    """`ports.Log` over a unit of work. Whoever commits calls `finish` just before."""

    __slots__ = ("_begun", "_frontier", "_line", "_new", "_written")

    def __init__(self, line: Line) -> None:
        self._line = line
        self._begun: int | None = None
        """Size of the log when this unit of work first looked."""
        self._frontier = Frontier()
        """The tree up to what is written."""
        self._new: list[_Appended] = []
        self._written = 0
        """How many of the new entries lie in the tables already."""

    def append(self, opening: Opening, parties: frozenset[MemberId], notice: NoticeId | None) -> int:
        """Append one entry and return its index; `parties` may see the opening."""
        self._line.check_writable()
        index = self.size()
        self._new.append(_Appended(index, sha256(opening.encode()), opening, parties, notice))
        return index

    def size(self) -> int:
        """Entries appended so far, those of this unit of work included."""
        return self._base() + len(self._new)

    def entry(self, index: int) -> Entry | None:
        """One entry."""
        self._write_new()
        row = self._line.row(_ENTRY, index=index)
        return None if row is None else _read(row)

    def entries_for(self, member: MemberId, after: int, limit: int, signed_size: int) -> Sequence[Entry]:
        """Entries whose opening a member may see, in order."""
        self._write_new()
        rows = self._line.rows(_ENTRIES_FOR, member=member, after=after, signed_size=signed_size, most=limit)
        return [_read(row) for row in rows]

    def root(self) -> bytes:
        """The root over all entries appended so far."""
        self._base()
        self._write_new()
        return self._frontier.root()

    def signed(self) -> tuple[int, str] | None:
        """Size and text of the last signed checkpoint."""
        row = self._line.row(_SIGNED)
        return None if row is None else (row[0], row[1])

    def keep_signed(self, size: int, note: str) -> None:
        """Keep a signed checkpoint; for a size that has one, the note with more cosignatures."""
        self._line.change(_KEEP_SIGNED, size=size, note=note)

    def checkpoints(self, above: int, limit: int) -> Sequence[tuple[int, str]]:
        """Size and text of the signed checkpoints of more than `above` entries, newest first."""
        return [(row[0], row[1]) for row in self._line.rows(_CHECKPOINTS, above=above, most=limit)]

    def prove(self, index: int, under: tuple[int, str] | None = None) -> LogProof:
        """Prove an entry included under a signed checkpoint (size and text), else under the last one.

        Raises `HubFault` where it does not cover the entry.
        """
        signed = under or self.signed()
        if signed is None or index >= signed[0]:
            raise not_covered()
        size, note = signed
        return LogProof(index, tuple(inclusion_proof(index, size, self.node)), note)

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree."""
        self._write_new()
        row = self._line.row(_NODE, level=level, index=index)
        if row is None:
            raise node_missing()
        found: bytes = row[0]
        return found

    def leaves(self, start: int, end: int) -> Sequence[bytes]:
        """The leaf data of a range of entries."""
        self._write_new()
        return [row[0] for row in self._line.rows(_LEAVES, start=start, end=end)]

    def erase(self, notice: NoticeId) -> int:
        """Destroy salts and records of a notice's entries; the tree stays. Returns how many."""
        self._write_new()
        rows = self._line.rows(_OF_NOTICE, notice=notice)
        parties = [
            {"party": member, "index": index} for index, listed in rows for member in read_names(listed)
        ]
        self._line.change_many(_ERASE_PARTY, parties)
        self._line.change_many(_ERASE, [{"index": index} for index, _ in rows])
        return len(rows)

    def mark(self) -> Mark:
        """Where this unit of work stands, for a savepoint."""
        return Mark(len(self._new), self._written, self._frontier)

    def back_to(self, mark: Mark) -> None:
        """Forget what was appended since; its rows have been undone by the database."""
        del self._new[mark.appended :]
        self._written, self._frontier = mark.written, mark.frontier

    def finish(self) -> None:
        """Write what is new and move the head; raise `LogFork` where somebody else has moved it."""
        if not self._new:
            return
        self._write_new()
        moved = self._line.change(
            _MOVE_HEAD,
            old_size=self._base(),
            new_size=self._frontier.size,
            new_frontier=b"".join(self._frontier.hashes),
        )
        if moved != 1:
            raise LogFork("log-fork", "another process has appended to this log: stop this one")

    def _base(self) -> int:
        if self._begun is None:
            row = self._line.row(_HEAD)
            if row is None:
                raise HubFault("log-headless", "the log has no head row: the database was never set up")
            self._begun = row[0]
            self._frontier = Frontier(row[0], tuple(_hashes(row[1])))
        return self._begun

    def _write_new(self) -> None:
        waiting = self._new[self._written :]
        if not waiting:
            return
        self._frontier, nodes = self._frontier.extend(leaf_hash(entry.leaf) for entry in waiting)
        self._line.insert_rows(_WRITE_ENTRY, [{"idx": entry.index, "leaf": entry.leaf} for entry in waiting])
        self._line.insert_rows(
            _WRITE_NODE, [{"level": level, "idx": index, "hash": value} for level, index, value in nodes]
        )
        self._line.insert_rows(_WRITE_OPENING, [_opening_columns(entry) for entry in waiting])
        parties = [{"member": member, "idx": entry.index} for entry in waiting for member in entry.parties]
        self._line.insert_rows(_WRITE_PARTY, parties)
        self._written = len(self._new)


def not_covered() -> HubFault:
    """The fault where a proof is wanted that no signed checkpoint can give yet."""
    return HubFault("entry-not-covered", "no signed checkpoint covers this entry yet")


def node_missing() -> HubFault:
    """The fault where the tree lacks a subtree that it must have."""
    return HubFault("log-node-missing", "the log lacks a subtree; run `hub fsck`")


def _hashes(frontier: bytes) -> Iterable[bytes]:
    return (frontier[start : start + HASH_BYTES] for start in range(0, len(frontier), HASH_BYTES))


def _opening_columns(entry: _Appended) -> dict[str, object]:
    return {
        "idx": entry.index,
        "salt": entry.opening.salt,
        "record": to_text(entry.opening.record),
        "notice": entry.notice,
        "parties": names(sorted(entry.parties)),
    }


def _read(row: Fields) -> Entry:
    index, salt, record, parties, notice = row
    if salt is None:
        return Entry(index, None, frozenset(), None)
    opening = Opening(from_text(record), salt)
    return Entry(index, opening, frozenset(read_names(parties)), None if notice is None else NoticeId(notice))
