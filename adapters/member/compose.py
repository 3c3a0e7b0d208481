"""Compose a notice from a move: hash, seal, sign. Nothing leaves here.

    read_moves -> make_tokens -> seal ten parts -> [key box, where the recipient is known] -> sign

What the hub cannot see (age, status, flags) is asserted as what is safe for thirty days.
"""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from adapters.member.errors import GatewayFault
from adapters.member.facts import expires_on, flags_of, identity_of, parts_of, person_of
from adapters.member.home import Pinned
from adapters.member.keyring import Keyring
from adapters.member.records import Sent
from adapters.move import Found, Move
from adapters.scope import scope_throughout
from hub.consent.flags import Flags
from hub.consent.question import Purpose
from hub.matching.tokens import make_tokens
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
from hub.protocols.sealing import SealedPart, new_part_keys, seal_box, seal_part
from hub.protocols.subkeys import subkey
from hub.protocols.suites import HYBRID
from hub.protocols.token_record import LinkageKey

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
    scope = scope_throughout(move, now.date(), ASSERTION_AGE.days)
    if scope is None:
        raise GatewayFault("out-of-scope", "out of scope by age or status; nothing is sent")
    flags, person = flags_of(move), person_of(move, kind)
    tokens = make_tokens(person, LinkageKey(keyring.linkage[epoch]), epoch, os.urandom)
    keys = new_part_keys(os.urandom)
    sealed = _seal(parts_of(move), keys)
    notice = NoticeId(new_id("ntc", now, os.urandom(10)))
    manifest = Manifest(
        notice=notice,
        type=kind,
        sender=pinned.member,
        acts_for=pinned.acts_for,
        recipient=None if addressee is None else addressee.member,
        purpose=Purpose.PARTICIPATION.value,
        suite=HYBRID.id if addressee is None else addressee.key.suite.id,
        issued_at=now,
        expires_at=datetime.combine(expires_on(now.date()), time(23, 59, 59), UTC),
        event_on=_event_on(move, now.date()),
        ascertained_on=move.ascertained or now.date(),
        source=Source.COLLEGE if kind is NoticeType.CROSS_BORDER_ENROLMENT else Source.OFFICER,
        confidence=Confidence.CONFIRMED,
        contact=Contact(pinned.team, pinned.telephone, pinned.mailbox),
        officer=officer,
        refers_to=None,
        assertion=Assertion(scope, _json(flags), now),
        epoch=epoch,
        tokens=tokens.digests,
        parts=part_entries(sealed),
    )
    jws = sign_manifest(manifest, keyring.signing)
    box = None if addressee is None else _box(addressee, keys, notice)
    parts = {part: one.jwe for part, one in sealed.items()}
    envelope = write_envelope(Envelope(jws, tokens, parts, box))
    body: Json = {
        "envelope": canonical.b64u(envelope),
        "keys": {part.value: canonical.b64u(key) for part, key in keys.items()},
        "identity": identity_of(move),
        "assertion": assertion_json(manifest.assertion),
        "statuses": [*sorted(found.value for found in move.found & STATUSES)],
        "expires": canonical.instant(manifest.expires_at),
    }
    sent = Sent(
        notice,
        manifest_digest(jws),
        kind.value,
        manifest.recipient,
        "queued",
        _source(move, kind, keyring.vault),
        None,
        body,
    )
    return Composed(sent, envelope, flags)


def _seal(facts: dict[Part, Json], keys: dict[Part, bytes]) -> dict[Part, SealedPart]:
    return {part: seal_part(part, facts[part], keys[part], os.urandom(32), os.urandom(12)) for part in Part}


def _box(addressee: Addressee, keys: dict[Part, bytes], notice: NoticeId) -> Box:
    """The key box of a named recipient holds the keys of what it could be entitled to, and no others."""
    allowed = {part: keys[part] for part in addressee.parts}
    return Box(addressee.member, seal_box(allowed, notice, addressee.key))


def _event_on(move: Move, today: date) -> date:
    """The day of the event; never a birthday and never in the future."""
    day = move.event_date or move.end or move.start or today
    return min(day, today)


def _source(move: Move, kind: NoticeType, vault: bytes) -> str:
    """What makes a row the same row when a file is read again; keyed, since facts can be guessed."""
    facts: Json = {part.value: fact for part, fact in parts_of(move).items()}
    told = canonical.digest(canonical.encode({"kind": kind.value, "facts": facts}))
    return canonical.b64u(subkey(vault, f"source of a notice: {told}"))


def _json(flags: Flags) -> Json:
    return {name: [*value] if isinstance(value, list) else value for name, value in flags.to_json().items()}
