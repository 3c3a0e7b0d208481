"""The inverted index over open notices' tokens, in SQL.

A posting says that a notice holds a token. What a match reads of a candidate lies in a narrow
table of its own, so that one query brings all of them. A token held by more than `HEAVY` notices
brings strangers and little else: it is looked up only where no other token hits. Postings go when
a notice is no longer open; nothing here decides who is the same person.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from sqlalchemy import bindparam, delete, func, select

from hub.exchange.stages import StoredNotice
from hub.exchange.store.sealed import Seals
from hub.exchange.store.statements import KEEP_FIRST, Line, Prepared, PreparedRows
from hub.exchange.store.tables import table
from hub.protocols.names import EpochId, NoticeId
from hub.protocols.token_record import EVIDENCE_BYTES, LAYOUT, NAME_BIRTH_BYTES, KeyedRecord, posted_tokens

HEAVY: Final = 300
"""Holders above which a token is heavy: skipping those keeps a match flat at a million notices."""

_notice: Final = table("notice")
_tokens: Final = table("tokens")
_posting: Final = table("posting")
_heavy: Final = table("heavy")

_REC: Final = Prepared(
    select(_tokens.c.rec)
    .join(_notice, _notice.c.rec == _tokens.c.rec)
    .where(_notice.c.notice == bindparam("notice"), _notice.c.state == "open")
)
_POST: Final = PreparedRows(_posting, KEEP_FIRST)
_MARK: Final = PreparedRows(_heavy, KEEP_FIRST)
_UNMARK: Final = Prepared(delete(_heavy).where(_heavy.c.tok == bindparam("token")))


class SqlIndex:
    """`ports.Index` over a unit of work."""

    __slots__ = ("_line", "_seals")

    def __init__(self, line: Line, seals: Seals) -> None:
        self._line = line
        self._seals = seals

    def add(self, notice: StoredNotice) -> None:
        """Make a notice findable; one that is no longer open, or is forgotten, stays unfindable."""
        row = self._line.row(_REC, notice=notice.notice)
        if row is None:
            return
        keys = posting_numbers(notice.keyed)
        self._line.insert_rows(_POST, [{"tok": key, "rec": row[0]} for key in keys])
        self._mark_heavy(keys)

    def candidates(self, notice: StoredNotice) -> Sequence[tuple[NoticeId, KeyedRecord]]:
        """Open notices of other members, of the same realm and epoch, that share a posted token."""
        keys = posting_numbers(notice.keyed)
        heavy = self._heavy_among(keys)
        found = self._holders(notice, [key for key in keys if key not in heavy])
        return found or self._holders(notice, sorted(heavy))

    def remove(self, rec: int, record: KeyedRecord) -> None:
        """Make a notice unfindable."""
        keys = posting_numbers(record)
        self._line.change(_unpost_of(len(keys)), record=rec, **_numbered(keys))
        heavy = self._heavy_among(keys)
        still = self._above_limit(sorted(heavy))
        self._line.change_many(_UNMARK, [{"token": key} for key in heavy - still])

    def _holders(self, notice: StoredNotice, keys: Sequence[int]) -> list[tuple[NoticeId, KeyedRecord]]:
        if not keys:
            return []
        epoch = notice.keyed.epoch
        rows = self._line.rows(
            _holders_of(len(keys)),
            epoch=epoch,
            realm=notice.realm.value,
            member=notice.sender,
            **_numbered(keys),
        )
        return [(other, self._record(epoch, other, tokens, filters)) for other, tokens, filters in rows]

    def _record(self, epoch: EpochId, notice: NoticeId, tokens: bytes, filters: bytes) -> KeyedRecord:
        return KeyedRecord.from_stored(epoch, tokens, self._seals.open_filters(filters, notice))

    def _mark_heavy(self, keys: Sequence[int]) -> None:
        light = sorted(set(keys) - self._heavy_among(keys))
        self._line.insert_rows(_MARK, [{"tok": key} for key in self._above_limit(light)])

    def _heavy_among(self, keys: Sequence[int]) -> set[int]:
        if not keys:
            return set()
        return {row[0] for row in self._line.rows(_heavy_of(len(keys)), **_numbered(keys))}

    def _above_limit(self, keys: Sequence[int]) -> set[int]:
        if not keys:
            return set()
        return {row[0] for row in self._line.rows(_crowded_of(len(keys)), **_numbered(keys))}


def posting_numbers(record: KeyedRecord) -> list[int]:
    """The posted tokens of a record as the eight-byte numbers under which the index has them."""
    return [int.from_bytes(token, signed=True) for token in posted_tokens(record)]


def blank(epoch: EpochId) -> KeyedRecord:
    """The record of a notice whose tokens have been destroyed: it equals nobody's."""
    return KeyedRecord(epoch, bytes([LAYOUT]) + bytes(NAME_BIRTH_BYTES - 1), bytes(EVIDENCE_BYTES), b"")


def _numbered(keys: Iterable[int]) -> dict[str, int]:
    return {f"key_{place}": key for place, key in enumerate(keys)}


def _places(count: int) -> list[object]:
    return [bindparam(f"key_{place}") for place in range(count)]


@lru_cache(maxsize=128)
def _holders_of(count: int) -> Prepared:
    holding = select(_posting.c.rec).where(_posting.c.tok.in_(_places(count)))
    return Prepared(
        select(_tokens.c.notice, _tokens.c.tokens, _tokens.c.filters)
        .where(
            _tokens.c.rec.in_(holding),
            _tokens.c.epoch == bindparam("epoch"),
            _tokens.c.realm == bindparam("realm"),
            _tokens.c.member != bindparam("member"),
        )
        .order_by(_tokens.c.rec)
    )


@lru_cache(maxsize=128)
def _unpost_of(count: int) -> Prepared:
    return Prepared(
        delete(_posting).where(_posting.c.tok.in_(_places(count)), _posting.c.rec == bindparam("record"))
    )


@lru_cache(maxsize=128)
def _heavy_of(count: int) -> Prepared:
    return Prepared(select(_heavy.c.tok).where(_heavy.c.tok.in_(_places(count))))


@lru_cache(maxsize=128)
def _crowded_of(count: int) -> Prepared:
    """Which of these tokens more than `HEAVY` hold. Those known as heavy are left out by the caller."""
    return Prepared(
        select(_posting.c.tok)
        .where(_posting.c.tok.in_(_places(count)))
        .group_by(_posting.c.tok)
        .having(func.count() > HEAVY)
    )
