"""Made-up things to keep: notices of real size, members, passages. Nothing here was ever a person."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from hub.consent.flags import NO_FLAGS, Flags
from hub.consent.question import EvidenceClass, Role, Scope
from hub.exchange.stages import (
    CheckedNotice,
    Dispute,
    InboxItem,
    ItemKind,
    KeyUse,
    Letter,
    Member,
    Paper,
    PaperKind,
    PaperState,
    Passage,
    Realm,
    RegisteredKey,
    Standing,
)
from hub.exchange.states import DisputeState, PassageState
from hub.protocols.canonical import b64u, digest
from hub.protocols.dispute import Grievance
from hub.protocols.key_grant import KeyRequest
from hub.protocols.limits import PART_BYTES
from hub.protocols.names import (
    AgreementId,
    Digest,
    DisclosureId,
    DisputeId,
    EpochId,
    MatchId,
    MemberId,
    MemberKind,
    NoticeId,
    NoticeType,
    Part,
    RequestId,
    new_id,
)
from hub.protocols.notice import (
    Assertion,
    Box,
    Confidence,
    Contact,
    Manifest,
    PartEntry,
    SignedNotice,
    Source,
    manifest_digest,
    sign_manifest,
)
from hub.protocols.signature_keys import SigningKey
from hub.protocols.token_record import (
    COLUMN,
    FILTERS_BYTES,
    HEAD_BYTES,
    LAYOUT,
    SLOT_BYTES,
    SLOTS,
    TokenRecord,
    rekey,
)

NOW: Final = datetime(2026, 11, 21, 9, 0, 0, 250_000, tzinfo=UTC)
DAY: Final = date(2026, 11, 21)
KENT: Final = MemberId("mbr_kent")
MEDWAY: Final = MemberId("mbr_medway")
LAMBETH: Final = MemberId("mbr_lambeth")
INDEX_KEY: Final = bytes(range(32))
SIGNER: Final = SigningKey.from_seed(bytes(32))


def name(prefix: str, number: int) -> str:
    """The id of a kind with this number; a higher number sorts later."""
    return new_id(prefix, NOW + timedelta(seconds=number), bytes(10))


def notice_id(number: int) -> NoticeId:
    """The id of the notice with this number."""
    return NoticeId(name("ntc", number))


def epoch(number: int = 1) -> EpochId:
    """The id of an epoch."""
    return EpochId(name("ep", number))


def tokens(
    number: int, *, like: int | None = None, sharing: tuple[str, ...] = (), era: int = 1
) -> TokenRecord:
    """A record of chance tokens that has the named slots in common with the record numbered `like`."""
    slots = _slots(number)
    if like is not None:
        other = _slots(like)
        for slot in sharing:
            slots[COLUMN[slot]] = other[COLUMN[slot]]
    head = bytes([LAYOUT]) + bytes(HEAD_BYTES - 1)
    filters = random.Random(f"filters {number}").randbytes(FILTERS_BYTES)
    return TokenRecord.from_stored(epoch(era), head + b"".join(slots), filters)


def _slots(number: int) -> list[bytes]:
    chance = random.Random(f"slots {number}")
    return [chance.randbytes(SLOT_BYTES) for _ in SLOTS]


def parts(number: int) -> dict[Part, str]:
    """Ten texts as long as sealed parts are; they open to nothing."""
    chance = random.Random(f"parts {number}")
    return {part: b64u(chance.randbytes(PART_BYTES[part] + 70)) for part in Part}


def checked(
    number: int,
    *,
    sender: MemberId = KENT,
    recipient: MemberId | None = None,
    record: TokenRecord | None = None,
    realm: Realm = Realm.TRIAL,
    expires_in: timedelta = timedelta(days=90),
    kept_at: datetime = NOW,
) -> CheckedNotice:
    """A notice that has passed every check, of real size."""
    kept, sealed = record or tokens(number), parts(number)
    manifest = Manifest(
        notice=notice_id(number),
        type=NoticeType.MOVED_OUT,
        sender=sender,
        acts_for=None,
        recipient=recipient,
        purpose="participation",
        suite="MN-2026A",
        issued_at=NOW.replace(microsecond=0),
        expires_at=NOW.replace(microsecond=0) + expires_in,
        event_on=DAY,
        ascertained_on=DAY,
        source=Source.SCHOOL,
        confidence=Confidence.CONFIRMED,
        contact=Contact("Tracking team", "01632 960001", "tracking@kent.example"),
        officer="Officer A",
        refers_to=None,
        assertion=assertion(),
        epoch=kept.epoch,
        tokens=kept.digests,
        parts=tuple(PartEntry(part, digest(sealed[part].encode()), digest(part.encode())) for part in Part),
    )
    jws = sign_manifest(manifest, SIGNER)
    box = None if recipient is None else Box(recipient, b64u(random.Random(number).randbytes(2_400)))
    signed = SignedNotice(manifest, jws, manifest_digest(jws), SIGNER.key_id, kept, sealed, box)
    return CheckedNotice(signed, rekey(kept, INDEX_KEY), Scope.AGE_16_17, NO_FLAGS, realm, kept_at)


def assertion(*, at: datetime = NOW, scope: Scope = Scope.AGE_16_17, flags: Flags = NO_FLAGS) -> Assertion:
    """What a sender asserts."""
    return Assertion(scope.value, {**flags.to_json()}, at.replace(microsecond=0))  # type: ignore[dict-item]  # lists are invariant


def member(who: MemberId = KENT, **changes: object) -> Member:
    """A council on trial."""
    made = Member(
        member=who,
        name="A council",
        kind=MemberKind.AUTHORITY,
        role=Role.TRACKING_TEAM,
        standing=Standing.TRIAL,
        made_up=True,
        area=None,
        allowance=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # replace() checks the names itself


def key(number: int, who: MemberId = KENT, use: KeyUse = KeyUse.SIGNING, **changes: object) -> RegisteredKey:
    """A registered key."""
    public = SigningKey.from_seed(number.to_bytes(32)).public
    made = RegisteredKey(
        key_id=public.key_id,
        member=who,
        use=use,
        jwk={**public.jwk},
        document={"payload": "made up", "signatures": []},
        suite=None,
        valid_from=NOW,
        valid_until=NOW + timedelta(days=365),
        log_index=None,
        revoked_at_index=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # replace() checks the names itself


def paper(title: str, version: int = 1, kind: PaperKind = PaperKind.AGREEMENT, **changes: object) -> Paper:
    """A signed document of long life."""
    made = Paper(
        kind=kind,
        name=title,
        version=version,
        digest=Digest(digest(title.encode())),
        document={"title": title, "version": version},
        signed={"payload": title, "signatures": [{"kid": "a"}]},
        parties=(KENT, MEDWAY),
        signed_by=(KENT,),
        state=PaperState.PROPOSED,
        valid_from=NOW,
        valid_until=None,
        log_index=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # replace() checks the names itself


def passage(number: int, carried: int = 1, counter: int | None = None, **changes: object) -> Passage:
    """A passage from Kent to Medway that waits for a key."""
    made = Passage(
        passage=MatchId(name("mat", number)),
        match=MatchId(name("mat", 10_000 + number)),
        notice=notice_id(carried),
        counter=None if counter is None else notice_id(counter),
        sender=KENT,
        recipient=MEDWAY,
        state=PassageState.AWAITING_KEY,
        strength=EvidenceClass.STRONG,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # replace() checks the names itself


def request(number: int, carried: int = 1) -> KeyRequest:
    """A key request."""
    return KeyRequest(
        request=RequestId(name("req", number)),
        sender=KENT,
        notice=notice_id(carried),
        manifest=Digest(digest(b"manifest")),
        counter_manifest="header.payload.signature",
        counter_tokens={"name_birth": "published-tokens-of-somebody"},
        recipient=MEDWAY,
        recipient_key=SIGNER.key_id,
        approved_by=(KENT,),
        asked_at=NOW,
    )


def item(number: int, who: MemberId = MEDWAY, log_index: int = 0, **changes: object) -> InboxItem:
    """An inbox item."""
    made = InboxItem(
        item=DisclosureId(name("dis", number)),
        member=who,
        kind=ItemKind.DELIVERY,
        about=notice_id(1),
        passage=MatchId(name("mat", 1)),
        body={"stage": "identity", "parts": ["identity"]},
        log_index=log_index,
        put_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # replace() checks the names itself


def dispute(number: int, *, opener: MemberId = KENT) -> Dispute:
    """An open dispute with Medway about the release at this place of the log."""
    return Dispute(
        dispute=DisputeId(name("dsp", number)),
        opener=opener,
        other=MEDWAY,
        notice=notice_id(number),
        entry=number,
        grievance=Grievance.WRONGLY_USED,
        agreement=AgreementId("agr_kent-medway-movers"),
        version=1,
        answer_days=10,
        state=DisputeState.OPEN,
        result=None,
        opened_at=NOW,
        due_at=NOW + timedelta(days=14),
        closed_at=None,
    )


def letter(number: int, place: int) -> Letter:
    """The message at a place of the thread of that dispute."""
    return Letter(DisputeId(name("dsp", number)), place, f"message {place}", f"words {place}")
