"""Writes the published vectors of our own wire messages: one file for each, in `own/`.

All keys, salts and nonces come from fixed seeds, so running this again gives the same bytes; a
difference is a change of the wire. Two outputs are random by their nature: an HPKE encapsulation
and an ML-DSA-65 signature. A file keeps the ones it has for as long as they still open or verify
with the fixed inputs; such a vector is for opening and verifying alone (`"for"` says so).

To add a message, write a function that takes what the file holds now (None at first) and returns
what it shall hold, and name it in `VECTORS`. Keys, names and facts are made up.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Final, TypeVar

from hub.protocols import mandate as mandates
from hub.protocols import notice as notices
from hub.protocols.accession import Accession, read_accession, sign_accession
from hub.protocols.acknowledgement import (
    Acknowledgement,
    Answer,
    Approval,
    Confirmation,
    Level,
    Outcome,
    OutcomeKind,
    sign_acknowledgement,
    sign_approval,
    sign_confirmation,
    sign_outcome,
)
from hub.protocols.at_rest import VaultCost, rest_seal, vault_seal
from hub.protocols.blind_answer import BlindAnswer, sign_blind_answer
from hub.protocols.blind_key import (
    BlindKeyGrant,
    BlindKeyRequest,
    Candidate,
    SealedTo,
    sign_blind_grant,
    sign_blind_request,
)
from hub.protocols.canonical import Json, b64u, decode, digest, encode, instant
from hub.protocols.checkpoint import Checkpoint, sign_checkpoint
from hub.protocols.delivery import (
    Delivery,
    Ground,
    ReleasedPart,
    ReleaseRecord,
    Stage,
    release_json,
    write_delivery,
)
from hub.protocols.dispute import (
    Act,
    DisputeMessage,
    Grievance,
    Result,
    digest_of,
    open_text,
    read_message,
    seal_text,
    sign_message,
)
from hub.protocols.entry import Opening
from hub.protocols.epoch import (
    Epoch,
    make_epoch,
    read_epoch,
    sign_epoch,
    unwrap_linkage_key,
    wrap_linkage_key,
)
from hub.protocols.errors import ProtocolError
from hub.protocols.key_grant import KeyGrant, KeyRequest, counter_tokens, sign_grant, sign_request
from hub.protocols.keys import DirectoryEntry, KeyUse, entry_for, read_entry, sign_entry
from hub.protocols.lead import LeadWord, sign_lead
from hub.protocols.merkle import Frontier, leaf_hash
from hub.protocols.names import (
    AgreementId,
    Digest,
    DisclosureId,
    DisputeId,
    EpochId,
    MemberId,
    NoticeId,
    NoticeType,
    Part,
    RequestId,
)
from hub.protocols.promise import Promise, sign_promise
from hub.protocols.proof import LogProof, encode_proof
from hub.protocols.reconciliation import OPEN, Account, Asked, Line, sign_account
from hub.protocols.restatement import Restatement, Retraction, sign_restatement, sign_retraction
from hub.protocols.sealing import SealedPart, open_box, seal_box, seal_part
from hub.protocols.sealing_keys import SealingKey
from hub.protocols.signature_keys import DocumentKey, SigningKey
from hub.protocols.signing import Typ, countersign, sign, sign_document, verify_document
from hub.protocols.suites import CLASSICAL, HYBRID, SUITES, registry_document
from hub.protocols.token_record import FILTERS_BYTES, SLOT_BYTES, SLOTS, TokenRecord, compose

OWN: Final = Path(__file__).parent / "own"
OPEN_ONLY: Final = "opening and verifying"
EXACT: Final = "making, opening and verifying"
START: Final = datetime(2026, 9, 1, tzinfo=UTC)
END: Final = datetime(2027, 12, 1, tzinfo=UTC)
NOW: Final = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
KENT: Final = MemberId("mbr_kent")
MEDWAY: Final = MemberId("mbr_medway")
LAMBETH: Final = MemberId("mbr_lambeth")
NOTICE: Final = NoticeId("ntc_01k00000000000000000000000")
COUNTER: Final = NoticeId("ntc_01k00000000000000000000001")
EPOCH: Final = EpochId("ep_01k00000000000000000000000")
REQUEST: Final = RequestId("req_01k00000000000000000000000")
DELIVERY: Final = DisclosureId("dis_01k00000000000000000000000")
TASK: Final = DisclosureId("dis_01k00000000000000000000001")
AGREEMENT: Final = AgreementId("agr_kent-medway-movers")
DISPUTE: Final = DisputeId("dsp_01k00000000000000000000000")
QUESTION: Final = "The participation part did not come.\nWhy was it withheld?"
ORIGIN: Final = "hub.example"
CHEAP: Final = VaultCost(memory=8, iterations=1, lanes=1)

FACTS: Final[dict[Part, Json]] = {
    Part.IDENTITY: {"given_names": ["Ångström"], "family_name": "O'Made-Up", "born_on": "2009-04-01"},
    Part.ADDRESS: {"lines": ["1 Made-up Street"], "postcode": "ZZ99 3WZ"},
    Part.PARENT: None,
}
"""Facts of the sealed parts; None is padding."""

Kept = Mapping[str, Json]
T = TypeVar("T", bound=Json)


def seed(label: str, size: int = 32) -> bytes:
    """Return bytes that look random and are always the same for one label."""
    return shake_256(b"mover exchange hub, vectors: " + label.encode()).digest(size)


def document_key(label: str) -> DocumentKey:
    """Return the pair of this name."""
    return DocumentKey.from_seeds(seed(f"{label} Ed25519"), seed(f"{label} ML-DSA-65"))


def sealing_key(suite_id: str) -> SealingKey:
    """Return the sealing key of the vectors for this suite."""
    return SealingKey.from_seed(suite_id, seed(f"sealing {suite_id}"))


def kept_or_made(kept: T, holds: Callable[[T], bool], make: Callable[[], T]) -> T:
    """Return the random output that the file has, if it still holds; else a new one."""
    try:
        return kept if holds(kept) else make()
    except ProtocolError:
        return make()


def document_seeds(key: DocumentKey) -> dict[str, Json]:
    """Return a pair as the files show it: both seeds, its id, its public keys."""
    classical, lattice = key.seeds
    return {
        "ed25519_seed": b64u(classical),
        "ml_dsa_65_seed": b64u(lattice),
        "kid": key.key_id,
        "jwks": key.public.jwks,
    }


def sealing_seed(key: SealingKey) -> dict[str, Json]:
    """Return a sealing key as the files show it: suite, seed, id, public key."""
    return {"suite": key.suite.id, "seed": b64u(key.seed), "kid": key.key_id, "jwk": key.public.jwk}


def compact_jws(_: Kept) -> Json:
    """Return one signed act for every kind."""
    key = SigningKey.from_seed(seed("signing"))
    payload = encode({"made": "up", "notice": NOTICE})
    return {
        "for": EXACT,
        "seed": b64u(key.seed),
        "kid": key.key_id,
        "jwk": key.public.jwk,
        "payload": b64u(payload),
        "tokens": {typ.value: sign(payload, typ, key) for typ in Typ},
    }


def signed_document(kept: Kept) -> Json:
    """Return a document with the pairs of two parties."""
    parties = [document_key("party"), document_key("partner")]
    payload = encode({"agreement": "agr_made-up", "version": 1})

    def holds(document: Json) -> bool:
        return verify_document(document, Typ.AGREEMENT, [key.public for key in parties]) == payload

    def make() -> Json:
        return countersign(sign_document(payload, Typ.AGREEMENT, parties[0]), Typ.AGREEMENT, parties[1])

    return {
        "for": OPEN_ONLY,
        "typ": Typ.AGREEMENT.value,
        "payload": b64u(payload),
        "parties": [document_seeds(key) for key in parties],
        "document": kept_or_made(kept.get("document"), holds, make),
    }


def sealed_part(_: Kept) -> Json:
    """Return one sealed part for every kind; most hold padding."""
    made: list[Json] = []
    for part in Part:
        key, salt, nonce = (
            seed(f"{part} {what}", size) for what, size in (("key", 32), ("salt", 32), ("nonce", 12))
        )
        sealed = seal_part(part, FACTS.get(part), key, salt, nonce)
        made.append(
            {
                "part": part.value,
                "facts": FACTS.get(part),
                "content_key": b64u(key),
                "salt": b64u(salt),
                "nonce": b64u(nonce),
                "jwe": sealed.jwe,
                "cipher": sealed.cipher_digest,
                "plain": sealed.plain_digest,
            }
        )
    return {"for": EXACT, "parts": made}


def key_box(kept: Kept) -> Json:
    """Return key boxes under both suites: none, some and all of the keys."""
    choices: tuple[list[Part], ...] = ([], [Part.IDENTITY, Part.ADDRESS], list(Part))
    boxes: list[Json] = []
    for place, (suite_id, chosen) in enumerate((suite_id, parts) for suite_id in SUITES for parts in choices):
        key = sealing_key(suite_id)
        keys = {part: seed(f"{part} key") for part in chosen}
        before = _row(kept, "boxes", place)
        boxes.append(
            {
                "recipient": sealing_seed(key),
                "keys": {part.value: b64u(each) for part, each in keys.items()},
                "box": _box(before.get("box"), keys, key),
            }
        )
    return {"for": OPEN_ONLY, "notice": NOTICE, "boxes": boxes}


def directory_entry(kept: Kept) -> Json:
    """Return directory entries for every use and every suite, by one identity key."""
    identity = document_key("identity")
    verifying = SigningKey.from_seed(seed("signing")).public
    entries = [
        entry_for(KENT, KeyUse.SIGNING, verifying, START, END),
        entry_for(KENT, KeyUse.ACCESS, verifying, START, END),
        entry_for(KENT, KeyUse.SEALING, sealing_key(HYBRID.id).public, START, END),
        entry_for(KENT, KeyUse.SEALING, sealing_key(CLASSICAL.id).public, START, END),
    ]
    made: list[Json] = [
        {
            "member": entry.member,
            "use": entry.use.value,
            "kid": entry.key_id,
            "jwk": entry.jwk,
            "suite": entry.suite,
            "valid_from": instant(entry.valid_from),
            "valid_until": instant(entry.valid_until),
            "document": _entry(_row(kept, "entries", place).get("document"), entry, identity),
        }
        for place, entry in enumerate(entries)
    ]
    return {"for": OPEN_ONLY, "identity": document_seeds(identity), "entries": made}


def epoch(kept: Kept) -> Json:
    """Return an epoch and its linkage key in a box under each suite."""
    custodian, linkage_key = document_key("custodian"), seed("linkage key")
    made = make_epoch(EPOCH, START, END, linkage_key)
    boxes: list[Json] = [
        {
            "recipient": sealing_seed(sealing_key(suite_id)),
            "box": _linkage_box(
                _row(kept, "boxes", place).get("box"), linkage_key, made, sealing_key(suite_id)
            ),
        }
        for place, suite_id in enumerate(SUITES)
    ]
    return {
        "for": OPEN_ONLY,
        "custodian": document_seeds(custodian),
        "epoch": made.id,
        "valid_from": instant(made.valid_from),
        "valid_until": instant(made.valid_until),
        "linkage_key": b64u(linkage_key),
        "check": b64u(made.check_value),
        "document": kept_or_made(
            kept.get("document"),
            lambda document: read_epoch(document, custodian.public) == made,
            lambda: sign_epoch(made, custodian),
        ),
        "boxes": boxes,
    }


def at_rest(_: Kept) -> Json:
    """Return bytes at rest and a vault, both with fixed nonces."""
    key, nonce = seed("rest key"), seed("rest nonce", 12)
    drawn = iter((seed("vault salt", 16), seed("vault nonce", 12)))
    return {
        "for": EXACT,
        "rest": {
            "key": b64u(key),
            "nonce": b64u(nonce),
            "label": f"{NOTICE}/identity",
            "blob": b64u(b"made up"),
            "sealed": b64u(rest_seal(b"made up", key, nonce, f"{NOTICE}/identity")),
        },
        "vault": {
            "passphrase": "made-up passphrase",
            "salt": b64u(seed("vault salt", 16)),
            "nonce": b64u(seed("vault nonce", 12)),
            "blob": b64u(b"made up"),
            "vault": vault_seal(b"made up", "made-up passphrase", CHEAP, lambda _: next(drawn)).decode(),
        },
    }


def suites(_: Kept) -> Json:
    """Return the registry document, its one byte string and the digest of that."""
    data = encode(registry_document())
    return {
        "for": EXACT,
        "document": registry_document(),
        "bytes": b64u(data),
        "sha256": b64u(sha256(data).digest()),
    }


# --- a notice and everything that is said about it --------------------------------------------------


def hub_key() -> SigningKey:
    """Return the hub's key."""
    return SigningKey.from_seed(seed("hub"))


def kent_key() -> SigningKey:
    """Return the sender's signing key."""
    return SigningKey.from_seed(seed("Kent"))


def medway_key() -> SigningKey:
    """Return the recipient's signing key."""
    return SigningKey.from_seed(seed("Medway"))


def token_record(label: str) -> TokenRecord:
    """Return tokens that look like those of somebody."""
    slots = [seed(f"{label} token {slot.name}", SLOT_BYTES) for slot in SLOTS]
    return compose(EPOCH, slots, seed(f"{label} filters", FILTERS_BYTES), twin=False, rarity=2)


def sealed_parts(label: str) -> dict[Part, SealedPart]:
    """Return ten sealed parts."""
    return {
        part: seal_part(
            part,
            FACTS.get(part),
            seed(f"{label} {part} key"),
            seed(f"{label} {part} salt"),
            seed(f"{label} {part} nonce", 12),
        )
        for part in Part
    }


def manifest(label: str = "Kent", recipient: MemberId | None = None) -> notices.Manifest:
    """Return what Kent's notice says, or Medway's, which answers it."""
    ours = label == "Kent"
    flags: dict[str, Json] = {
        "instruction": ["contact"],
        "instruction_lapsed": [],
        "objection": [],
        "objection_upheld": [],
        "objection_overridden": ["send"],
        "consent": [],
        "consent_withdrawn": [],
        "shield": False,
        "restricted": False,
        "twin": False,
        "provenance_dwp": [],
    }
    return notices.Manifest(
        notice=NOTICE if ours else COUNTER,
        type=NoticeType.MOVED_OUT if ours else NoticeType.NEW_ARRIVAL,
        sender=KENT if ours else MEDWAY,
        acts_for=None,
        recipient=recipient,
        purpose="participation",
        suite=CLASSICAL.id,
        issued_at=NOW,
        expires_at=datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC),
        event_on=date(2026, 11, 2),
        ascertained_on=date(2026, 11, 20),
        source=notices.Source.OFFICER,
        confidence=notices.Confidence.CONFIRMED,
        contact=notices.Contact("Tracking team", "01632 960001", "tracking@made-up.example"),
        officer="A. Officer",
        refers_to=None,
        assertion=notices.Assertion("age_16_17", flags, NOW),
        epoch=EPOCH,
        tokens=token_record(label).digests,
        parts=notices.part_entries(sealed_parts(label)),
    )


def manifest_jws(label: str = "Kent", recipient: MemberId | None = None) -> str:
    """Return a manifest as its sender signed it."""
    return notices.sign_manifest(manifest(label, recipient), kent_key() if label == "Kent" else medway_key())


def manifest_digest() -> Digest:
    """Return the digest by which everything later names Kent's notice."""
    return notices.manifest_digest(manifest_jws())


def envelope(box: notices.Box | None = None) -> notices.Envelope:
    """Return Kent's notice as its gateway publishes it, to a named recipient where a box is given."""
    return notices.Envelope(
        manifest=manifest_jws(recipient=None if box is None else box.recipient),
        tokens=token_record("Kent"),
        parts={part: sealed.jwe for part, sealed in sealed_parts("Kent").items()},
        box=box,
    )


def promise() -> Promise:
    """Return the hub's promise for Kent's notice."""
    return Promise(NOTICE, manifest_digest(), NOW, NOW + timedelta(minutes=10))


def request() -> KeyRequest:
    """Return the question to Kent for a box that Medway can open."""
    return KeyRequest(
        request=REQUEST,
        sender=KENT,
        notice=NOTICE,
        manifest=manifest_digest(),
        counter_manifest=manifest_jws("Medway"),
        counter_tokens=counter_tokens(token_record("Medway")),
        recipient=MEDWAY,
        recipient_key=sealing_key(CLASSICAL.id).key_id,
        approved_by=(KENT, MEDWAY),
        asked_at=NOW,
    )


def grant(box: str) -> KeyGrant:
    """Return Kent's answer, with this box."""
    return KeyGrant(
        request=REQUEST,
        manifest=manifest_digest(),
        counter_manifest=notices.manifest_digest(manifest_jws("Medway")),
        recipient=MEDWAY,
        recipient_key=sealing_key(CLASSICAL.id).key_id,
        box=digest(box.encode()),
        refused=(),
        officer=None,
        granted_at=NOW,
    )


def no_grant() -> KeyGrant:
    """Return Kent's no."""
    return replace(grant(""), box=None, refused=("R-EXPIRED", "R-STALE"), officer="A. Officer")


def candidates() -> tuple[tuple[Candidate, SealingKey], ...]:
    """Return Lambeth and Medway, either of which may be meant, with their keys of two suites."""
    keys = (LAMBETH, sealing_key(HYBRID.id)), (MEDWAY, sealing_key(CLASSICAL.id))
    return tuple((Candidate(member, key.key_id), key) for member, key in keys)


def blind_request() -> BlindKeyRequest:
    """Return the question to Kent for a box that Lambeth can open, and one that Medway can."""
    return BlindKeyRequest(
        request=REQUEST,
        sender=KENT,
        notice=NOTICE,
        manifest=manifest_digest(),
        ground=Ground(AGREEMENT, 1, "3.1", "esa2008:s68"),
        candidates=tuple(candidate for candidate, _ in candidates()),
        asked_at=NOW,
    )


def blind_grant(boxes: Sequence[str]) -> BlindKeyGrant:
    """Return Kent's answer, with these boxes."""
    sealed = zip(blind_request().candidates, boxes, strict=True)
    return BlindKeyGrant(
        request=REQUEST,
        manifest=manifest_digest(),
        boxes=tuple(SealedTo(candidate, digest(box.encode())) for candidate, box in sealed),
        refused=(),
        officer="N. Officer",
        granted_at=NOW,
    )


def no_blind_grant() -> BlindKeyGrant:
    """Return Kent's no to all of them."""
    return replace(blind_grant(("", "")), boxes=(), refused=("R-EXPIRED", "R-STALE"))


def release() -> ReleaseRecord:
    """Return the record of the release of the identity part."""
    ground = Ground(AGREEMENT, 1, "3.1", "esa2008:s68")
    cipher = sealed_parts("Kent")[Part.IDENTITY].cipher_digest
    return ReleaseRecord(
        delivery=DELIVERY,
        stage=Stage.IDENTITY,
        notice=NOTICE,
        manifest=manifest_digest(),
        sender=KENT,
        recipient=MEDWAY,
        fact=ground,
        parts=(ReleasedPart(Part.IDENTITY, cipher, ground),),
        rules="rules-2026.1",
        released_at=NOW,
    )


def delivered(box: str) -> Delivery:
    """Return the identity part on its way to Medway, proved in a log of this one entry."""
    opening = Opening(release_json(release()), seed("release salt"))
    frontier, _ = Frontier().append(leaf_hash(sha256(opening.encode()).digest()))
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, frontier.root()), hub_key(), ORIGIN)
    return Delivery(
        manifest=manifest_jws(),
        parts={Part.IDENTITY: sealed_parts("Kent")[Part.IDENTITY].jwe},
        box=box,
        opening=opening,
        proof=encode_proof(LogProof(0, (), note)),
    )


def confirmation() -> Confirmation:
    """Return Medway's `same`."""
    return Confirmation(DELIVERY, manifest_digest(), Answer.SAME, "A. Officer", NOW)


def acknowledgement() -> Acknowledgement:
    """Return what Medway acknowledges."""
    parts = {Part.IDENTITY: sealed_parts("Kent")[Part.IDENTITY].cipher_digest}
    return Acknowledgement(DELIVERY, manifest_digest(), parts, 0, 16, Level.OPENED, NOW)


def outcome() -> Outcome:
    """Return what became of it at Medway."""
    return Outcome(DELIVERY, manifest_digest(), OutcomeKind.IN_CASELOAD, NOW)


def blind_answer() -> BlindAnswer:
    """Return the hub's word that somebody has opened it."""
    return BlindAnswer(NOTICE, DELIVERY, Level.OPENED, NOW)


def approval() -> Approval:
    """Return an approval by a named officer of Kent."""
    return Approval(TASK, KENT, NOTICE, approve=True, officer="N. Officer", signed_at=NOW)


def lead() -> LeadWord:
    """Return a named officer of Kent's word that Kent leads."""
    return LeadWord(TASK, KENT, NOTICE, ours=True, officer="N. Officer", signed_at=NOW)


def restatement() -> Restatement:
    """Return what Kent asserts anew."""
    return Restatement(NOTICE, replace(manifest().assertion, asserted_at=NOW + timedelta(days=20)))


def retraction() -> Retraction:
    """Return Kent's withdrawal."""
    return Retraction(NOTICE, "sent_in_error", NOW)


def mandate() -> mandates.Mandate:
    """Return Kent's word on who acts for it."""
    return mandates.Mandate(KENT, MemberId("mbr_made-up-careers"), START, END)


def suspension() -> mandates.Suspension:
    """Return Kent's word on an agreement."""
    return mandates.Suspension(AGREEMENT, 1, KENT, mandates.Change.SUSPEND, NOW)


def accession() -> Accession:
    """Return Kent's word that it joins an agreement that is open to others."""
    party: Json = {"member": KENT, "name": "Kent County Council", "group": "councils"}
    return Accession(AGREEMENT, 1, digest(b"the document"), party, NOW)


def notice(kept: Kept) -> Json:
    """Return a published notice without a recipient, and one with: manifest, tokens, parts and box."""
    key = sealing_key(CLASSICAL.id)
    keys = {part: seed(f"Kent {part} key") for part in (Part.IDENTITY, Part.ADDRESS)}
    box = _box(kept.get("box"), keys, key)
    assert isinstance(box, str)
    return {
        "for": OPEN_ONLY,
        "sender": _signer(kent_key()),
        "recipient": sealing_seed(key),
        "box": box,
        "open": b64u(notices.write_envelope(envelope())),
        "addressed": b64u(notices.write_envelope(envelope(notices.Box(MEDWAY, box)))),
        "manifest": notices.manifest_json(manifest()),
        "digest": manifest_digest(),
    }


def key_grant(kept: Kept) -> Json:
    """Return a key request, its grant with the box, and a no."""
    key = sealing_key(CLASSICAL.id)
    keys = {part: seed(f"Kent {part} key") for part in (Part.IDENTITY, Part.ADDRESS)}
    box = _box(kept.get("box"), keys, key)
    assert isinstance(box, str)
    return {
        "for": OPEN_ONLY,
        "hub": _signer(hub_key()),
        "sender": _signer(kent_key()),
        "recipient": _signer(medway_key()),
        "request": sign_request(request(), hub_key()),
        "box": box,
        "grant": sign_grant(grant(box), kent_key()),
        "no_grant": sign_grant(no_grant(), kent_key()),
    }


def blind_key(kept: Kept) -> Json:
    """Return a blind key request, its grant with a box for each candidate, and a no to all."""
    keys = {part: seed(f"Kent {part} key") for part in (Part.IDENTITY, Part.ADDRESS)}
    before = kept.get("boxes")
    made = before if isinstance(before, list) and len(before) == len(candidates()) else [None, None]
    boxes = [str(_box(box, keys, key)) for box, (_, key) in zip(made, candidates(), strict=True)]
    return {
        "for": OPEN_ONLY,
        "hub": _signer(hub_key()),
        "sender": _signer(kent_key()),
        "recipients": [sealing_seed(key) for _, key in candidates()],
        "request": sign_blind_request(blind_request(), hub_key()),
        "boxes": [*boxes],
        "grant": sign_blind_grant(blind_grant(boxes), kent_key()),
        "no_grant": sign_blind_grant(no_blind_grant(), kent_key()),
    }


def delivery(kept: Kept) -> Json:
    """Return a delivery of the identity part, with the proof of its entry."""
    key = sealing_key(CLASSICAL.id)
    keys = {Part.IDENTITY: seed(f"Kent {Part.IDENTITY} key")}
    box = _box(kept.get("box"), keys, key)
    assert isinstance(box, str)
    return {
        "for": OPEN_ONLY,
        "hub": _signer(hub_key()),
        "log": ORIGIN,
        "sender": _signer(kent_key()),
        "member": MEDWAY,
        "recipient": sealing_seed(key),
        "box": box,
        "record": release_json(release()),
        "delivery": b64u(write_delivery(delivered(box))),
        "identity": FACTS[Part.IDENTITY],
    }


def account() -> Account:
    """Medway's November with Kent: one delivery opened, one it has not collected, one key asked in vain."""
    delivery = release().delivery
    other, asked = (f"{NOTICE[:-1]}{last}" for last in "89")
    received = (
        Line(delivery, NOTICE, 17, ("identity",), "opened"),
        Line(DisclosureId(f"{delivery[:-1]}8"), NoticeId(other), 33, ("identity", "participation"), OPEN),
    )
    return Account(
        MEDWAY,
        KENT,
        "2026-11",
        64,
        (),
        received,
        (Asked(NoticeId(asked), 18),),
        datetime(2026, 12, 1, 9, tzinfo=UTC),
    )


def answers(_: Kept) -> Json:
    """Return everything that a member signs back about a notice, and the hub's promise."""
    return {
        "for": EXACT,
        "hub": _signer(hub_key()),
        "sender": _signer(kent_key()),
        "recipient": _signer(medway_key()),
        "promise": sign_promise(promise(), hub_key()),
        "confirmation": sign_confirmation(confirmation(), medway_key()),
        "acknowledgement": sign_acknowledgement(acknowledgement(), medway_key()),
        "outcome": sign_outcome(outcome(), medway_key()),
        "approval": sign_approval(approval(), kent_key()),
        "blind_answer": sign_blind_answer(blind_answer(), hub_key()),
        "lead": sign_lead(lead(), kent_key()),
        "assertion": sign_restatement(restatement(), kent_key()),
        "withdrawal": sign_retraction(retraction(), kent_key()),
        "account": sign_account(account(), medway_key()),
    }


def authority(kept: Kept) -> Json:
    """Return what an authority signs alone: mandate, standing request, suspension, accession."""
    key = document_key("authority")

    def word(name: str, typ: Typ) -> Json:
        return kept_or_made(
            kept.get(name),
            lambda document: mandates.read_mandate(document, typ, key.public) == mandate(),
            lambda: mandates.sign_mandate(mandate(), typ, key),
        )

    return {
        "for": OPEN_ONLY,
        "authority": document_seeds(key),
        "mandate": word("mandate", Typ.MANDATE),
        "standing_request": word("standing_request", Typ.STANDING_REQUEST),
        "suspension": kept_or_made(
            kept.get("suspension"),
            lambda document: mandates.read_suspension(document, key.public) == suspension(),
            lambda: mandates.sign_suspension(suspension(), key),
        ),
        "accession": kept_or_made(
            kept.get("accession"),
            lambda document: read_accession(document, key.public) == accession(),
            lambda: sign_accession(accession(), key),
        ),
    }


def dispute_opened(text: str) -> DisputeMessage:
    """Return Medway's first message, about the release that stands at the beginning of the log."""
    return DisputeMessage(
        dispute=DISPUTE,
        act=Act.OPEN,
        entry=0,
        notice=NOTICE,
        sender=MEDWAY,
        recipient=KENT,
        grievance=Grievance.WITHHELD,
        result=None,
        follows=None,
        text=digest_of(text),
        officer="D. P. Officer",
        signed_at=NOW,
    )


def dispute(kept: Kept) -> Json:
    """Return a dispute's first message with its sealed words, and the message that closes it."""
    key = sealing_key(CLASSICAL.id)
    text = kept_or_made(
        kept.get("text"),
        lambda sealed: isinstance(sealed, str) and open_text(sealed, DISPUTE, key) == QUESTION,
        lambda: seal_text(QUESTION, DISPUTE, key.public),
    )
    assert isinstance(text, str)
    opened = sign_message(dispute_opened(text), medway_key())
    first = read_message(opened, medway_key().public)
    closed = replace(first, act=Act.CLOSE, result=Result.WITHDRAWN, follows=digest_of(opened))
    return {
        "for": OPEN_ONLY,
        "sender": _signer(medway_key()),
        "recipient": sealing_seed(key),
        "words": QUESTION,
        "text": text,
        "opened": opened,
        "closed": sign_message(closed, medway_key()),
    }


VECTORS: Final[Mapping[str, Callable[[Kept], Json]]] = {
    "compact-jws": compact_jws,
    "signed-document": signed_document,
    "sealed-part": sealed_part,
    "key-box": key_box,
    "directory-entry": directory_entry,
    "epoch": epoch,
    "at-rest": at_rest,
    "suites": suites,
    "notice": notice,
    "key-grant": key_grant,
    "blind-key": blind_key,
    "delivery": delivery,
    "answers": answers,
    "authority": authority,
    "dispute": dispute,
}
"""Every file by its name, with the function that says what it holds."""


def text_of(name: str, folder: Path = OWN) -> str:
    """Return what the file of this name shall hold, given what it holds now."""
    path = folder / f"{name}.json"
    kept = decode(path.read_bytes()) if path.exists() else {}
    assert isinstance(kept, dict)
    return json.dumps(VECTORS[name](kept), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every file."""
    OWN.mkdir(exist_ok=True)
    for name in VECTORS:
        (OWN / f"{name}.json").write_text(text_of(name), encoding="utf-8")
        print(f"wrote own/{name}.json")


def _signer(key: SigningKey) -> dict[str, Json]:
    """Return a signing key as the files show it."""
    return {"seed": b64u(key.seed), "kid": key.key_id, "jwk": key.public.jwk}


def _row(kept: Kept, name: str, place: int) -> Kept:
    """Return one row of a list that the file holds now; nothing where it holds none."""
    rows = kept.get(name)
    row = rows[place] if isinstance(rows, list) and place < len(rows) else None
    return row if isinstance(row, dict) else {}


def _box(kept: Json, keys: Mapping[Part, bytes], key: SealingKey) -> Json:
    return kept_or_made(
        kept,
        lambda box: isinstance(box, str) and open_box(box, NOTICE, key) == keys,
        lambda: seal_box(keys, NOTICE, key.public),
    )


def _entry(kept: Json, entry: DirectoryEntry, identity: DocumentKey) -> Json:
    return kept_or_made(
        kept,
        lambda document: read_entry(document, identity.public) == entry,
        lambda: sign_entry(entry, identity),
    )


def _linkage_box(kept: Json, linkage_key: bytes, made: Epoch, key: SealingKey) -> Json:
    return kept_or_made(
        kept,
        lambda box: isinstance(box, str) and unwrap_linkage_key(box, made, key) == linkage_key,
        lambda: wrap_linkage_key(linkage_key, made, key.public),
    )


if __name__ == "__main__":
    main()
