"""Kept notices, their sealed parts and their tokens, in SQL.

`keep` is the hot path of the hub: notice, tokens, body, the keys of the body and the errand, in the
unit of work that the promise waits for, and many notices in as few statements as one. Everything that could
be read of a person lies sealed (`sealed`); `forget` destroys it, and with `secure_delete` the
database overwrites the place where it lay.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, insert, select, text, update

from hub.consent.flags import Flags
from hub.consent.question import Scope
from hub.exchange.errors import Declined, HubFault
from hub.exchange.stages import CheckedNotice, Errand, ErrandKind, Realm, StoredNotice
from hub.exchange.states import NoticeState, check_notice_move
from hub.exchange.store.index import SqlIndex, blank
from hub.exchange.store.instants import from_micros, to_micros
from hub.exchange.store.json_text import from_text
from hub.exchange.store.outbox import SqlOutbox
from hub.exchange.store.requests import erase_requests
from hub.exchange.store.sealed import Seals
from hub.exchange.store.statements import Fields, Line, Prepared, PreparedRows, replacing
from hub.exchange.store.tables import STANDING, table
from hub.protocols.canonical import Json
from hub.protocols.key_grant import counter_tokens
from hub.protocols.names import Digest, EpochId, KeyId, MemberId, NoticeId, Part
from hub.protocols.notice import Assertion, Manifest, reread_manifest
from hub.protocols.token_record import FILTERS_BYTES, NAME_BIRTH_BYTES, KeyedRecord, TokenRecord

_notice: Final = table("notice")
_tokens: Final = table("tokens")
_body: Final = table("body")
_rest_key: Final = table("rest_key")
_carried: Final = table("carried")

_KEEP: Final = PreparedRows(_notice, " RETURNING notice, rec", numbered="rec")
_KEEP_TOKENS: Final = PreparedRows(_tokens)
_KEEP_BODY: Final = PreparedRows(_body)
_KEEP_KEYS: Final = PreparedRows(_rest_key)
_KEPT: Final = Prepared(select(_notice.c.promise).where(_notice.c.notice == bindparam("notice")))

_STORED: Final = (
    select(
        _notice.c.notice,
        _notice.c.manifest,
        _notice.c.digest,
        _notice.c.signed_by,
        _notice.c.epoch,
        _notice.c.scope,
        _notice.c.flags,
        _notice.c.asserted_at,
        _notice.c.realm,
        _notice.c.kept_at,
        _notice.c.state,
        _notice.c.log_index,
        _notice.c.renewed,
        _tokens.c.tokens,
        _tokens.c.filters,
        _body.c.counter_tokens,
        _body.c.box,
        _rest_key.c.sealed,
    )
    .outerjoin(_tokens, _tokens.c.rec == _notice.c.rec)
    .outerjoin(_body, _body.c.rec == _notice.c.rec)
    .outerjoin(_rest_key, _rest_key.c.rec == _notice.c.rec)
)
_GET: Final = Prepared(_STORED.where(_notice.c.notice == bindparam("notice")))
_OF_MEMBER: Final = Prepared(
    _STORED.where(_notice.c.sender == bindparam("member"), _notice.c.notice > bindparam("after"))
    .order_by(_notice.c.notice)
    .limit(bindparam("most"))
)
_SEALED: Final = Prepared(
    select(_body.c.parts, _rest_key.c.sealed)
    .join(_notice, _notice.c.rec == _body.c.rec)
    .join(_rest_key, _rest_key.c.rec == _body.c.rec)
    .where(_notice.c.notice == bindparam("notice"))
)
_MOVING: Final = Prepared(
    select(
        _notice.c.rec, _notice.c.state, _notice.c.log_index, _notice.c.epoch, _tokens.c.era, _tokens.c.tokens
    )
    .outerjoin(_tokens, _tokens.c.rec == _notice.c.rec)
    .where(_notice.c.notice == bindparam("notice"))
)
_MOVE: Final = Prepared(
    update(_notice)
    .where(_notice.c.rec == bindparam("record"))
    .values(state=bindparam("new_state"), log_index=bindparam("new_index"))
)
_ENTER: Final = Prepared(
    update(_notice).where(_notice.c.notice == bindparam("id")).values(log_index=bindparam("new_index"))
)
_ASSERT: Final = Prepared(
    update(_notice)
    .where(_notice.c.notice == bindparam("id"))
    .values(scope=bindparam("new_scope"), flags=bindparam("new_flags"), asserted_at=bindparam("new_time"))
)
_RENEW: Final = Prepared(
    update(_notice)
    .where(_notice.c.rec == bindparam("record"))
    .values(epoch=bindparam("new_epoch"), renewed=bindparam("signed"))
)
_RENEW_TOKENS: Final = Prepared(insert(_tokens), replacing("rec", columns=("era", "tokens", "filters")))
_RENEW_SHOWN: Final = Prepared(
    update(_body).where(_body.c.rec == bindparam("record")).values(counter_tokens=bindparam("shown"))
)
_REST_KEY: Final = Prepared(select(_rest_key.c.sealed).where(_rest_key.c.rec == bindparam("record")))
_FORGET: Final = tuple(
    Prepared(delete(held).where(held.c.rec == bindparam("record"))) for held in (_rest_key, _body, _tokens)
)
_EXPIRED: Final = Prepared(
    select(_notice.c.notice)
    # spelled as in the index: the planner must see that the index holds all that is asked for
    .where(text(f"notice.{STANDING}"), _notice.c.expires_at <= bindparam("now"))
    .order_by(_notice.c.expires_at, _notice.c.notice)
    .limit(bindparam("most"))
)
_CARRIED_ON: Final = Prepared(
    select(_carried.c.n).where(_carried.c.member == bindparam("member"), _carried.c.day == bindparam("day"))
)
_CARRIED_BEFORE: Final = Prepared(
    select(_carried.c.n)
    .where(_carried.c.member == bindparam("member"), _carried.c.day < bindparam("day"))
    .order_by(_carried.c.day.desc())
    .limit(bindparam("most"))
)
_COUNT: Final = Prepared(
    insert(_carried).values(member=bindparam("member"), day=bindparam("day"), n=1),
    " ON CONFLICT (member, day) DO UPDATE SET n = carried.n + 1 RETURNING n",
)


class SqlNotices:
    """`ports.Notices` over a unit of work."""

    __slots__ = ("_index", "_line", "_outbox", "_seals", "_seen")

    def __init__(self, line: Line, seals: Seals, outbox: SqlOutbox, index: SqlIndex) -> None:
        self._line = line
        self._seals = seals
        self._outbox = outbox
        self._index = index
        self._seen: dict[NoticeId, StoredNotice] = {}
        """What this unit of work has read: a notice is looked at by every step of its way."""

    def keep(self, notice: CheckedNotice, promise: str) -> str | None:
        """Keep a notice, its parts and its errand; return None, or the promise given before.

        Raises `Declined("notice-id-taken")` for another notice of the same id.
        """
        (outcome,) = self.keep_all([(notice, promise)])
        if isinstance(outcome, Declined):
            raise outcome
        return outcome

    def keep_all(self, notices: Sequence[tuple[CheckedNotice, str]]) -> list[str | Declined | None]:
        """Keep many notices; for each what `keep` would have returned, or raised."""
        kept = self._kept_among([notice.signed.manifest.notice for notice, _ in notices])
        new, outcomes = list[tuple[CheckedNotice, str]](), list[str | Declined | None]()
        for notice, promise in notices:
            name, digest = notice.signed.manifest.notice, notice.signed.digest
            before = kept.setdefault(name, (digest, None))
            if before[1] is None and digest == before[0]:
                new.append((notice, promise))
                kept[name] = (digest, promise)
                outcomes.append(None)
            else:
                outcomes.append(before[1] if digest == before[0] else id_taken())
        self._insert(new)
        return outcomes

    def get(self, notice: NoticeId) -> StoredNotice | None:
        """A notice without its parts."""
        found = self._seen.get(notice)
        if found is None and (row := self._line.row(_GET, notice=notice)) is not None:
            found = self._seen[notice] = self._read(row)
        return found

    def promise(self, notice: NoticeId) -> str | None:
        """The promise given for it."""
        row = self._line.row(_KEPT, notice=notice)
        return None if row is None else row[0]

    def parts(self, notice: NoticeId, wanted: Iterable[Part]) -> Mapping[Part, str]:
        """Some of its sealed parts; a forgotten body has none."""
        row = self._line.row(_SEALED, notice=notice)
        if row is None:
            return {}
        return self._seals.open_keys(row[1], notice).open_parts(row[0], wanted)

    def of_member(self, member: MemberId, after: str, limit: int) -> Sequence[StoredNotice]:
        """A member's own notices with ids above `after`, by id."""
        return [
            self._read(row) for row in self._line.rows(_OF_MEMBER, member=member, after=after, most=limit)
        ]

    def set_state(self, notice: NoticeId, state: NoticeState, log_index: int | None = None) -> None:
        """Move a notice; note where its entry stands. What is no longer open is no longer found."""
        known = self._seen.pop(notice, None)
        if known is not None and known.state is state and log_index is not None:
            self._line.change(_ENTER, id=notice, new_index=log_index)
            self._seen[notice] = replace(known, log_index=log_index)
            return
        rec, old, index, *held = self._moving(notice)
        if state.value != old:
            check_notice_move(NoticeState(old), state)
            self._unfind(rec, *held)
        self._line.change(
            _MOVE, record=rec, new_state=state.value, new_index=index if log_index is None else log_index
        )

    def assert_again(self, notice: NoticeId, assertion: Assertion) -> None:
        """Replace what the sender asserts."""
        self._seen.pop(notice, None)
        touched = self._line.change(
            _ASSERT,
            id=notice,
            new_scope=known_scope(assertion.scope),
            new_flags=_flags_text(Flags.from_json(assertion.flags)),
            new_time=to_micros(assertion.asserted_at),
        )
        if not touched:
            raise notice_unknown()

    def renew_tokens(self, notice: NoticeId, tokens: TokenRecord, keyed: KeyedRecord, signed: str) -> None:
        """Put the tokens of a later epoch in the place of a notice's; it is found again once added."""
        known = self.get(notice)
        rec, _, _, *held = self._moving(notice)
        sealed_keys = self._line.row(_REST_KEY, record=rec)
        if known is None or sealed_keys is None:
            raise notice_unknown()
        self._seen.pop(notice, None)
        self._unfind(rec, *held)
        keys = self._seals.open_keys(sealed_keys[0], notice)
        shown = keys.seal_tokens_again(tokens.name_birth + tokens.evidence, self._seals.nonce())
        self._line.change(_RENEW, record=rec, new_epoch=tokens.epoch, signed=signed)
        self._line.change(_RENEW_SHOWN, record=rec, shown=shown)
        self._line.change(_RENEW_TOKENS, **self._token_columns(rec, notice, known.sender, known.realm, keyed))

    def forget(self, notice: NoticeId) -> None:
        """Destroy the at-rest keys, the parts and the tokens; the row and its entry stay."""
        self._seen.pop(notice, None)
        rec, _, _, *held = self._moving(notice)
        self._unfind(rec, *held)
        for statement in _FORGET:
            self._line.change(statement, record=rec)
        erase_requests(self._line, notice)

    def expired(self, now: datetime, limit: int) -> Sequence[NoticeId]:
        """Open or closed notices whose time is over."""
        return [NoticeId(row[0]) for row in self._line.rows(_EXPIRED, now=to_micros(now), most=limit)]

    def look_again(self) -> None:
        """Forget what was read: a savepoint has been undone."""
        self._seen.clear()
        self._index.look_again()

    def carried_on(self, member: MemberId, day: date) -> int:
        """How many of a member's notices were carried on a day."""
        row = self._line.row(_CARRIED_ON, member=member, day=day.isoformat())
        return 0 if row is None else int(row[0])

    def daily_counts(self, member: MemberId, before: date, days: int) -> Sequence[int]:
        """Notices carried on each earlier day that had any, newest first."""
        rows = self._line.rows(_CARRIED_BEFORE, member=member, day=before.isoformat(), most=days)
        return [int(row[0]) for row in rows]

    def count_carried(self, member: MemberId, day: date) -> int:
        """Add one to the day's count and return it."""
        row = self._line.change_for(_COUNT, member=member, day=day.isoformat())
        return 0 if row is None else int(row[0])

    def _kept_among(self, names: Sequence[NoticeId]) -> dict[NoticeId, tuple[Digest, str | None]]:
        """Digest and promise of those that are kept already."""
        found: dict[NoticeId, tuple[Digest, str | None]] = {}
        for start in range(0, len(names), _LOOKED_UP):
            chunk = names[start : start + _LOOKED_UP]
            size = next(size for size in _SIZES if size >= len(chunk))
            padded = [*chunk, *[chunk[0]] * (size - len(chunk))]
            rows = self._line.rows(
                _kept_of(size), **{f"name_{place}": name for place, name in enumerate(padded)}
            )
            found.update({NoticeId(name): (Digest(digest), promise) for name, digest, promise in rows})
        return found

    def _insert(self, notices: Sequence[tuple[CheckedNotice, str]]) -> None:
        """Write new notices: the same few statements for one and for two hundred.

        The database gives the short names, so that several writers never give one twice, and tells
        them by notice, since no order of the rows it returns is promised.
        """
        if not notices:
            return
        rows = self._line.insert_for(_KEEP, [_columns(notice, promise) for notice, promise in notices])
        given: dict[str, int] = dict(rows)
        short = [(given[notice.signed.manifest.notice], notice) for notice, _ in notices]
        sealed = [(rec, self._seal(notice)) for rec, notice in short]
        self._line.insert_rows(_KEEP_TOKENS, [self._first_tokens(rec, notice) for rec, notice in short])
        self._line.insert_rows(_KEEP_BODY, [{"rec": rec, **body} for rec, (body, _) in sealed])
        self._line.insert_rows(_KEEP_KEYS, [{"rec": rec, "sealed": keys} for rec, (_, keys) in sealed])
        carry = [
            (Errand(ErrandKind.CARRY, notice.signed.manifest.notice), notice.kept_at) for notice, _ in notices
        ]
        self._outbox.add_all(carry)
        for notice, _ in notices:
            _MANIFESTS.note(notice.signed.jws, notice.signed.manifest)

    def _seal(self, notice: CheckedNotice) -> tuple[dict[str, object], bytes]:
        """The columns of a body, and the keys that open them, sealed too."""
        signed, box = notice.signed, notice.signed.box
        keys, sealed_keys = self._seals.new_keys(signed.manifest.notice)
        body: dict[str, object] = {
            "parts": keys.seal_parts(signed.parts),
            "counter_tokens": keys.seal_tokens(signed.tokens.name_birth + signed.tokens.evidence),
            "box": keys.seal_box(None if box is None else box.jwe),
        }
        return body, sealed_keys

    def _first_tokens(self, rec: int, notice: CheckedNotice) -> dict[str, object]:
        manifest = notice.signed.manifest
        return self._token_columns(rec, manifest.notice, manifest.sender, notice.realm, notice.keyed)

    def _token_columns(
        self, rec: int, notice: NoticeId, member: MemberId, realm: Realm, keyed: KeyedRecord
    ) -> dict[str, object]:
        return {
            "rec": rec,
            "notice": notice,
            "member": member,
            "era": self._index.era(keyed.epoch, realm),
            "tokens": keyed.tokens,
            "filters": self._seals.seal_filters(keyed.filters, notice),
        }

    def _moving(self, notice: NoticeId) -> Fields:
        row = self._line.row(_MOVING, notice=notice)
        if row is None:
            raise notice_unknown()
        return row

    def _unfind(self, rec: int, epoch: str, era: int | None, tokens: bytes | None) -> None:
        if era is not None and tokens is not None:
            self._index.remove(
                rec, era, KeyedRecord.from_stored(EpochId(epoch), tokens, bytes(FILTERS_BYTES))
            )

    def _read(self, row: Fields) -> StoredNotice:
        (
            notice,
            jws,
            digest,
            signed_by,
            epoch,
            scope,
            flags,
            asserted_at,
            realm,
            kept_at,
            state,
            log_index,
            renewed,
            tokens,
            filters,
            shown,
            box,
            sealed_keys,
        ) = row
        keys = None if sealed_keys is None else self._seals.open_keys(sealed_keys, notice)
        return StoredNotice(
            notice=NoticeId(notice),
            manifest=_MANIFESTS.read(jws),
            jws=jws,
            digest=Digest(digest),
            signed_by=KeyId(signed_by),
            keyed=blank(EpochId(epoch)) if tokens is None else self._keyed(notice, epoch, tokens, filters),
            counter_tokens=None
            if keys is None or shown is None
            else _shown(epoch, keys.open_tokens(shown), renewed),
            scope=None if scope is None else Scope(scope),
            flags=_flags(flags),
            asserted_at=from_micros(asserted_at),
            realm=Realm(realm),
            kept_at=from_micros(kept_at),
            state=NoticeState(state),
            log_index=log_index,
            renewed=renewed,
            box=None if keys is None or box is None else keys.open_box(box),
        )

    def _keyed(self, notice: NoticeId, epoch: str, tokens: bytes, filters: bytes) -> KeyedRecord:
        return KeyedRecord.from_stored(EpochId(epoch), tokens, self._seals.open_filters(filters, notice))


def known_scope(asserted: str) -> str | None:
    """The scope that a sender asserts, where it is one the hub knows; None puts nobody in scope."""
    return asserted if asserted in _SCOPES else None


def notice_unknown() -> HubFault:
    """The fault where something is done to a notice that was never kept."""
    return HubFault("notice-unknown", "something was to be done to a notice that was never kept")


def id_taken() -> Declined:
    """The answer where the id belongs to another notice."""
    return Declined("notice-id-taken", "another notice has this id: sign the notice again under a new one")


@lru_cache(maxsize=1024)
def _flags(text: str) -> Flags:
    """The flags; nearly all notices have one of a few sets, and reading one takes 30 us."""
    return Flags.from_json(from_text(text))


class _Manifests:
    """Manifests read not long ago, by their signed text, for every thread of this process.

    A notice that was just kept is carried next, and is read several times on its way; taking its
    manifest apart takes 150 us.
    """

    MOST: Final = 1024
    """Manifests remembered, at some 8 KiB each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Manifest] = {}

    def read(self, jws: str) -> Manifest:
        """The manifest of a kept notice."""
        known = self._known.get(jws)
        return self.note(jws, reread_manifest(jws)) if known is None else known

    def note(self, jws: str, manifest: Manifest) -> Manifest:
        """Remember a manifest that was read or verified here; the oldest is forgotten for it."""
        with self._lock:
            self._known[jws] = manifest
            if len(self._known) > self.MOST:
                del self._known[next(iter(self._known))]
        return manifest


_MANIFESTS: Final = _Manifests()
_SCOPES: Final = frozenset(scope.value for scope in Scope)


_SIZES: Final = (1, 4, 16, 64)
_LOOKED_UP: Final = _SIZES[-1]


@lru_cache(maxsize=len(_SIZES))
def _kept_of(count: int) -> Prepared:
    names: list[object] = [bindparam(f"name_{place}") for place in range(count)]
    return Prepared(
        select(_notice.c.notice, _notice.c.digest, _notice.c.promise).where(_notice.c.notice.in_(names))
    )


def _columns(notice: CheckedNotice, promise: str) -> dict[str, object]:
    signed, manifest = notice.signed, notice.signed.manifest
    return {
        "notice": manifest.notice,
        "digest": signed.digest,
        "sender": manifest.sender,
        "type": manifest.type.value,
        "signed_by": signed.signed_by,
        "realm": notice.realm.value,
        "epoch": manifest.epoch,
        "scope": None if notice.scope is None else notice.scope.value,
        "flags": _flags_text(notice.flags),
        "asserted_at": to_micros(manifest.assertion.asserted_at),
        "kept_at": to_micros(notice.kept_at),
        "expires_at": to_micros(manifest.expires_at),
        "state": NoticeState.OPEN.value,
        "log_index": None,
        "manifest": signed.jws,
        "promise": promise,
        "renewed": None,
    }


def _flags_text(flags: Flags) -> str:
    return msgspec.json.encode(flags.to_json()).decode()


def _shown(epoch: str, published: bytes, renewed: str | None) -> Json:
    names, evidence = published[:NAME_BIRTH_BYTES], published[NAME_BIRTH_BYTES:]
    return counter_tokens(TokenRecord.without_other(EpochId(epoch), names, evidence), renewed)
