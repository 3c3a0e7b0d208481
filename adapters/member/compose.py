"""Compose a notice from a move: hash, seal, sign. Nothing leaves here.

    read_moves -> make_tokens -> seal ten parts -> [key box, where the recipient is known] -> sign

What the hub cannot see (age, status, flags) is asserted as what is safe for thirty days.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from adapters.member.errors import GatewayFault
from adapters.member.facts import (
    expires_on,
    flags_of,
    identity_of,
    looked_at_no_more,
    parts_of,
    person_json,
    person_of,
)
from adapters.member.home import Pinned
from adapters.member.keyring import Keyring
from adapters.member.records import Sent
from adapters.move import Found, Move, Sureness
from adapters.scope import scope_throughout, under_18_throughout
from hub.consent.flags import NO_FLAGS, Flags
from hub.matching.tokens import Person, make_tokens
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.keys import SealingPublicKey
from hub.protocols.limits import ASSERTION_AGE
from hub.protocols.names import EpochId, MemberId, NoticeId, NoticeType, Part, new_id
from hub.protocols.notice import (
    Assertion,
    Box,
    Confidence,
    Contact,
    Envelope,
    Manifest,
    Source,
    assertion_json,
    manifest_digest,
    part_entries,
    sign_manifest,
    write_envelope,
)
from hub.protocols.notice_types import TYPES
from hub.protocols.sealing import SealedPart, new_part_keys, seal_box, seal_part
from hub.protocols.subkeys import subkey
from hub.protocols.suites import HYBRID
from hub.protocols.token_record import LinkageKey, TokenRecord

STATUSES: Final = frozenset({Found.EHC_PLAN, Found.CARE_LEAVER})
"""What extends a scope beyond nineteen: kept, so that the assertion can be renewed."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """A recipient named at publish, its key, and the parts it could be entitled to."""

    member: MemberId
    key: SealingPublicKey
    parts: frozenset[Part]


@dataclass(frozen=True, slots=True)
class Composed:
    """A notice ready to be queued; `body` is what the gateway keeps of it, to be sealed."""

    sent: Sent
    envelope: bytes
    flags: Flags


@dataclass(frozen=True, slots=True)
class Draft:
    """What a notice is to say, before anything is sealed or signed."""

    kind: NoticeType
    facts: Mapping[Part, Json]
    tokens: TokenRecord
    assertion: Assertion
    event_on: date
    ascertained_on: date
    source: Source
    refers_to: NoticeId | None = None
    confidence: Confidence = Confidence.CONFIRMED


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes a notice, with which keys, in which linkage epoch, and when."""

    pinned: Pinned
    keyring: Keyring
    epoch: EpochId
    officer: str
    now: datetime

    @property
    def linkage(self) -> LinkageKey:
        """The key of the epoch's tokens."""
        return LinkageKey(self.keyring.linkage[self.epoch])


def compose(
    move: Move,
    kind: NoticeType,
    pinned: Pinned,
    keyring: Keyring,
    epoch: EpochId,
    officer: str,
    now: datetime,
    addressee: Addressee | None = None,
) -> Composed:
    """Hash, seal and sign one move; raise `GatewayFault` where it is out of scope."""
    maker = Maker(pinned, keyring, epoch, officer, now)
    return compose_by(maker, move, kind, addressee, flags_of(move))


def compose_by(
    maker: Maker,
    move: Move,
    kind: NoticeType,
    addressee: Addressee | None,
    flags: Flags,
    refers_to: NoticeId | None = None,
) -> Composed:
    """The same with the flags that are on record, which may be more than the row itself says.

    `refers_to` is the earlier notice that a correction mends.
    """
    now = maker.now
    row = TYPES[kind]
    scope = scope_throughout(move, now.date(), ASSERTION_AGE.days, kind.value)
    if scope is None:
        raise GatewayFault("out-of-scope", "out of scope by age or status; nothing is sent")
    if move.sureness is Sureness.CANDIDATE:
        raise GatewayFault("candidate", "a mere candidate, by what the file says; a person confirms it first")
    person = person_of(move, kind)
    told = row.parts
    if not under_18_throughout(move.dob, now.date(), ASSERTION_AGE.days):
        told -= {Part.PARENT}
    draft = Draft(
        kind=kind,
        facts={part: fact if part in told else None for part, fact in parts_of(move).items()},
        tokens=make_tokens(person, maker.linkage, maker.epoch, os.urandom),
        assertion=Assertion(scope, _json(flags), now),
        event_on=_event_on(move, now.date()),
        ascertained_on=move.ascertained or now.date(),
        source=_told_by(move, kind),
        confidence=Confidence(move.sureness or Sureness.CONFIRMED),
        refers_to=refers_to,
    )
    more: dict[str, Json] = {
        "identity": identity_of(move),
        "statuses": [*sorted(found.value for found in move.found & STATUSES)],
        "person": person_json(person),
    }
    source = _source(move, kind, maker.keyring.vault)
    if refers_to is not None and addressee is not None:  # the same row mends several notices, to several
        source = f"{source}:{refers_to}:{addressee.member}"
    made = _sealed(draft, maker, addressee, source, more)
    return Composed(made.sent, made.envelope, flags)


def compose_recall(maker: Maker, recalled: NoticeId, facts: Json, scope: str, addressee: Addressee) -> Sent:
    """A recall of parts of an earlier notice, to one who received it.

    It holds nothing of the person. The tokens are chance, so that it meets nothing; what is recalled
    and why lies in the identity part, under the recipient's key; its own flags restrict nothing,
    since a recall must arrive where the recalled facts may no longer go.
    """
    now = maker.now
    nobody = make_tokens(Person("", ""), maker.linkage, maker.epoch, os.urandom)
    draft = Draft(
        kind=NoticeType.RECALL,
        facts={part: facts if part is Part.IDENTITY else None for part in Part},
        tokens=nobody,
        assertion=Assertion(scope, _json(NO_FLAGS), now),
        event_on=now.date(),
        ascertained_on=now.date(),
        source=Source.OFFICER,
        refers_to=recalled,
    )
    source = f"recall:{canonical.b64u(os.urandom(16))}"
    return _sealed(draft, maker, addressee, source, {"mends": recalled}).sent


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A notice as it is queued, and its bytes."""

    sent: Sent
    envelope: bytes


def _sealed(
    draft: Draft, maker: Maker, addressee: Addressee | None, source: str, more: Mapping[str, Json]
) -> _Sealed:
    """Seal ten parts, sign the manifest, make the box where the recipient is known."""
    pinned, now = maker.pinned, maker.now
    keys = new_part_keys(os.urandom)
    sealed = _seal(draft.facts, keys)
    notice = NoticeId(new_id("ntc", now, os.urandom(10)))
    manifest = Manifest(
        notice=notice,
        type=draft.kind,
        sender=pinned.member,
        acts_for=pinned.acts_for,
        recipient=None if addressee is None else addressee.member,
        purpose=TYPES[draft.kind].purpose,
        suite=HYBRID.id if addressee is None else addressee.key.suite.id,
        issued_at=now,
        expires_at=datetime.combine(expires_on(now.date()), time(23, 59, 59), UTC),
        event_on=draft.event_on,
        ascertained_on=draft.ascertained_on,
        source=draft.source,
        confidence=draft.confidence,
        contact=Contact(pinned.team, pinned.telephone, pinned.mailbox),
        officer=maker.officer,
        refers_to=draft.refers_to,
        assertion=draft.assertion,
        epoch=maker.epoch,
        tokens=draft.tokens.digests,
        parts=part_entries(sealed),
    )
    jws = sign_manifest(manifest, maker.keyring.signing)
    box = None if addressee is None else _box(addressee, keys, notice)
    parts = {part: one.jwe for part, one in sealed.items()}
    envelope = write_envelope(Envelope(jws, draft.tokens, parts, box))
    body: Json = {
        "envelope": canonical.b64u(envelope),
        "keys": {part.value: canonical.b64u(key) for part, key in keys.items()},
        "assertion": assertion_json(draft.assertion),
        "expires": canonical.instant(manifest.expires_at),
        **more,
    }
    digest = manifest_digest(jws)
    sent = Sent(notice, digest, draft.kind.value, manifest.recipient, "queued", source, None, body)
    return _Sealed(sent, envelope)


def _seal(facts: Mapping[Part, Json], keys: dict[Part, bytes]) -> dict[Part, SealedPart]:
    return {part: seal_part(part, facts[part], keys[part], os.urandom(32), os.urandom(12)) for part in Part}


def _box(addressee: Addressee, keys: dict[Part, bytes], notice: NoticeId) -> Box:
    """The key box of a named recipient holds the keys of what it could be entitled to, and no others."""
    allowed = {part: keys[part] for part in addressee.parts}
    return Box(addressee.member, seal_box(allowed, notice, addressee.key))


def _told_by(move: Move, kind: NoticeType) -> Source:
    """Who the facts come from, as the record has it; an enrolment's are the college's."""
    if move.told is not None:
        return Source(move.told.value)
    return Source.COLLEGE if kind is NoticeType.CROSS_BORDER_ENROLMENT else Source.OFFICER


def _event_on(move: Move, today: date) -> date:
    """The day of the event; never a birthday and never in the future."""
    day = move.event_date or move.end or move.start or today
    return min(day, today)


def _source(move: Move, kind: NoticeType, vault: bytes) -> str:
    """What makes a row the same row when a file is read again; keyed, since facts can be guessed.

    A fact that was only looked at again is the same fact: the next month's file sends nothing of it.
    """
    facts: Json = {part.value: fact for part, fact in parts_of(looked_at_no_more(move)).items()}
    told = canonical.digest(canonical.encode({"kind": kind.value, "facts": facts}))
    return canonical.b64u(subkey(vault, f"source of a notice: {told}"))


def _json(flags: Flags) -> Json:
    return {name: [*value] if isinstance(value, list) else value for name, value in flags.to_json().items()}
