"""The inverted index over open notices' tokens, in SQL.

A posting says that a notice holds a token. What a match reads of a candidate lies in a narrow
table of its own, so that one query brings all of them. Both are partitioned by *era*: one linkage
epoch in one realm, whose tokens equal nobody's outside it. An era's number stands in front of
each of its tokens, so its postings lie side by side and are dropped as a range once the epoch is
over. On PostgreSQL the same ranges can be partitions of the table.

A token held by more than `HEAVY` notices brings strangers and little else: it is looked up only
where no other token hits. Which tokens are heavy depends on who has come so far; what that can
change is bounded. Only tokens without a birthday and a place get so many holders (a common pair of
names, its sounds, its starts), and whoever shares nothing else scores below a second look
(`tests/matching/test_heavy_tokens.py` holds the frozen weights to that). So the order of arrival
decides which strangers are looked at, never whether two notices match.

Postings go when a notice is no longer open; nothing here decides who is the same person.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from struct import Struct
from typing import Final

from sqlalchemy import bindparam, delete, func, select

from hub.exchange.errors import Crowded, HubFault
from hub.exchange.ports import Candidate
from hub.exchange.stages import Realm, StoredNotice
from hub.exchange.store.sealed import Seals
from hub.exchange.store.statements import KEEP_FIRST, Line, Prepared, PreparedRows
from hub.exchange.store.tables import table
from hub.matching.candidates import HEAVY
from hub.protocols.names import EpochId, NoticeId
from hub.protocols.token_record import (
    EVIDENCE_BYTES,
    HEAD_BYTES,
    LAYOUT,
    NAME_BIRTH_BYTES,
    SLOTS,
    Group,
    KeyedRecord,
)

TOKEN_BITS: Final = 36
"""Bits of a token in a posting. At a million notices one look-up in a thousand meets a chance equality
of so many; it is scored on the whole tokens like any candidate. With the era they take six bytes."""

MOST_CANDIDATES: Final = 4_000
"""Candidates of one notice. Among a million it has some fifty, one in a hundred several hundred. More than
this by light tokens is no person's record but a probe, or a fault; more by heavy ones alone is
somebody with very common names whom nobody here is."""

_SLOTS: Final = Struct(f">{len(SLOTS)}Q")
_POSTED: Final = [place for place, slot in enumerate(SLOTS) if slot.posted]
_POSTED_OF_SHOWN: Final = [place for place in _POSTED if SLOTS[place].group is not Group.OTHER]
_KEYS: Final = tuple(f"key_{place}" for place in range(len(SLOTS)))

_notice: Final = table("notice")
_tokens: Final = table("tokens")
_posting: Final = table("posting")
_heavy: Final = table("heavy")
_era: Final = table("era")

_REC: Final = Prepared(
    select(_tokens.c.rec, _tokens.c.era)
    .join(_notice, _notice.c.rec == _tokens.c.rec)
    .where(_notice.c.notice == bindparam("notice"), _notice.c.state == "open")
)
_ERA: Final = Prepared(
    select(_era.c.number).where(_era.c.epoch == bindparam("epoch"), _era.c.realm == bindparam("realm"))
)
_ERAS: Final = Prepared(select(_era.c.number).where(_era.c.epoch == bindparam("epoch")))
_BEGIN_ERA: Final = PreparedRows(_era, KEEP_FIRST, numbered="number")
_END_ERA: Final = Prepared(delete(_era).where(_era.c.number == bindparam("era")))
_POST: Final = PreparedRows(_posting, KEEP_FIRST)
_MARK: Final = PreparedRows(_heavy, KEEP_FIRST)
_UNMARK: Final = Prepared(delete(_heavy).where(_heavy.c.tok == bindparam("token")))
_UNMARK_RANGE: Final = Prepared(
    delete(_heavy).where(_heavy.c.tok >= bindparam("first"), _heavy.c.tok <= bindparam("last"))
)
_UNPOST_RANGE: Final = Prepared(
    delete(_posting).where(_posting.c.tok >= bindparam("first"), _posting.c.tok <= bindparam("last"))
)
_POSTING_AFTER: Final = Prepared(
    select(_posting.c.tok)
    .where(_posting.c.tok >= bindparam("first"), _posting.c.tok <= bindparam("last"))
    .order_by(_posting.c.tok)
    .offset(bindparam("step"))
    .limit(1)
)
_OF_ERA: Final = select(_tokens.c.rec).where(_tokens.c.era == bindparam("era")).limit(bindparam("step"))
_FORGET_TOKENS: Final = Prepared(delete(_tokens).where(_tokens.c.rec.in_(_OF_ERA.scalar_subquery())))


class SqlIndex:
    """`ports.Index` over a unit of work."""

    __slots__ = ("_eras", "_line", "_seals")

    def __init__(self, line: Line, seals: Seals) -> None:
        self._line = line
        self._seals = seals
        self._eras: dict[tuple[EpochId, Realm], int] = {}

    def add(self, notice: StoredNotice) -> None:
        """Make a notice findable; one that is no longer open, or is forgotten, stays unfindable."""
        row = self._line.row(_REC, notice=notice.notice)
        if row is None:
            return
        rec, era = row
        keys = posting_numbers(notice.keyed, era)
        self._line.insert_rows(_POST, [{"tok": key, "rec": rec} for key in keys])
        self._mark_heavy(keys)

    def candidates(self, notice: StoredNotice) -> Sequence[Candidate]:
        """Open notices of other members, of the same realm and epoch, that share a posted token.

        Raises `Crowded` where more than `MOST_CANDIDATES` share a light one. Where so many share
        heavy ones alone there are none: who shares no more is worth no look.
        """
        era = self._known_era(notice.keyed.epoch, notice.realm)
        if era is None:
            return []
        keys = posting_numbers(notice.keyed, era)
        heavy = self._heavy_among(keys)
        sharing = self._holders(notice, [key for key in keys if key not in heavy])
        if len(sharing) > MOST_CANDIDATES:
            raise Crowded("candidates-too-many", f"a notice shares tokens with over {MOST_CANDIDATES} others")
        if sharing:
            return sharing
        strangers = self._holders(notice, sorted(heavy))
        return strangers if len(strangers) <= MOST_CANDIDATES else []

    def remove(self, rec: int, era: int, record: KeyedRecord) -> None:
        """Make a notice unfindable."""
        keys = posting_numbers(record, era)
        self._line.change(_unpost_of(len(keys)), record=rec, **_numbered(keys))
        heavy = self._heavy_among(keys)
        still = self._above_limit(sorted(heavy))
        self._line.change_many(_UNMARK, [{"token": key} for key in heavy - still])

    def drop(self, epoch: EpochId, step: int) -> bool:
        """Take away up to `step` postings and records of an epoch; False once nothing is left of it."""
        for (era,) in self._line.rows(_ERAS, epoch=epoch):
            first, last = era << TOKEN_BITS, (era + 1 << TOKEN_BITS) - 1
            beyond = self._line.row(_POSTING_AFTER, first=first, last=last, step=step)
            self._line.change(_UNPOST_RANGE, first=first, last=last if beyond is None else beyond[0])
            if beyond is not None:
                return True
            self._line.change(_UNMARK_RANGE, first=first, last=last)
            if self._line.change(_FORGET_TOKENS, era=era, step=step) == step:
                return True
            self._line.change(_END_ERA, era=era)
        self.look_again()
        return False

    def era(self, epoch: EpochId, realm: Realm) -> int:
        """The number of an era, given now where it has none."""
        known = self._known_era(epoch, realm)
        if known is None:
            self._line.insert_rows(_BEGIN_ERA, [{"epoch": epoch, "realm": realm.value}])
            known = self._known_era(epoch, realm)
        if known is None:
            raise HubFault("era-missing", "an era was begun and is not there")
        return known

    def look_again(self) -> None:
        """Forget what was read: a savepoint has been undone."""
        self._eras.clear()

    def _known_era(self, epoch: EpochId, realm: Realm) -> int | None:
        known = self._eras.get((epoch, realm))
        if known is None and (row := self._line.row(_ERA, epoch=epoch, realm=realm.value)) is not None:
            known = self._eras[epoch, realm] = int(row[0])
        return known

    def _holders(self, notice: StoredNotice, keys: Sequence[int]) -> list[Candidate]:
        """Who holds any of these; one more than `MOST_CANDIDATES` where there are more."""
        if not keys:
            return []
        rows = self._line.rows(_holders_of(len(keys)), member=notice.sender, **_numbered(keys))
        return [
            Candidate(NoticeId(other), tokens, partial(self._seals.open_filters, filters, other))
            for other, tokens, filters in rows
        ]

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


def posting_numbers(record: KeyedRecord, era: int) -> list[int]:
    """The posted tokens of a record as the numbers under which the index has them."""
    tokens, front, behind = _SLOTS.unpack_from(record.tokens, HEAD_BYTES), era << TOKEN_BITS, 64 - TOKEN_BITS
    return [front | tokens[place] >> behind for place in (_POSTED if record.other else _POSTED_OF_SHOWN)]


def blank(epoch: EpochId) -> KeyedRecord:
    """The record of a notice whose tokens have been destroyed: it equals nobody's."""
    return KeyedRecord(epoch, bytes([LAYOUT]) + bytes(NAME_BIRTH_BYTES - 1), bytes(EVIDENCE_BYTES), b"")


def _numbered(keys: Iterable[int]) -> dict[str, int]:
    return dict(zip(_KEYS, keys, strict=False))


def _places(count: int) -> list[object]:
    return [bindparam(name) for name in _KEYS[:count]]


@lru_cache(maxsize=128)
def _holders_of(count: int) -> Prepared:
    holding = select(_posting.c.rec).where(_posting.c.tok.in_(_places(count)))
    return Prepared(
        select(_tokens.c.notice, _tokens.c.tokens, _tokens.c.filters)
        .where(_tokens.c.rec.in_(holding), _tokens.c.member != bindparam("member"))
        .limit(MOST_CANDIDATES + 1)
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
