"""Blind key request and blind key grant: a box for each of several members, one of which is meant.

Where somebody is shielded, the sender may not learn to whom its notice goes. The hub then asks for
a box for *every* member that the same clauses let receive this notice, keeps the one that it needs
and drops the others. A request shows the sender its own notice, a clause, and a sorted list of
candidates: no counter-notice, no tokens, nothing whose order, number or size depends on which of
them is meant. So the sender cannot judge the match again; what is left for it to check is that its
own named officer has approved, and that its own decision permits every candidate.

A grant has a box for each candidate or for none. One for some of them would tell, by what follows,
whether the one that is meant was among those.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.protocols import canonical, signing
from hub.protocols.canonical import Json, Reader
from hub.protocols.delivery import Ground, ground_json, read_ground
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.key_grant import read_reasons
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.names import Digest, KeyId, MemberId, NoticeId, RequestId
from hub.protocols.notice import WORDS, read_digest
from hub.protocols.signing import Typ

LEAST_CANDIDATES: Final = 2
"""A request about one candidate names it."""

MOST_CANDIDATES: Final = 256
"""Candidates of one request: all 151 authorities and careers companies beside. Their boxes fit a body."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member that may be the one, and its sealing key."""

    member: MemberId
    key: KeyId


@dataclass(frozen=True, slots=True)
class BlindKeyRequest:
    """The hub asks `sender` for a box over `notice` for each candidate, under the clause of `ground`."""

    request: RequestId
    sender: MemberId
    notice: NoticeId
    manifest: Digest
    ground: Ground
    """What permits the identity part: the same for every candidate."""
    candidates: tuple[Candidate, ...]
    """Sorted by member, none of them twice, the sender not among them."""
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class SealedTo:
    """The digest of the box that was made for one candidate."""

    candidate: Candidate
    box: Digest


@dataclass(frozen=True, slots=True)
class BlindKeyGrant:
    """The sender's answer: a box for every candidate, or reasons why there will be none for any."""

    request: RequestId
    manifest: Digest
    boxes: tuple[SealedTo, ...]
    refused: tuple[str, ...]
    officer: str | None
    granted_at: datetime


def sign_blind_request(request: BlindKeyRequest, key: SigningKey) -> str:
    """Sign a blind key request with the hub's key."""
    body: Json = {
        "request": request.request,
        "sender": request.sender,
        "notice": request.notice,
        "manifest": request.manifest,
        "ground": ground_json(request.ground),
        "candidates": [_candidate_json(one) for one in request.candidates],
        "asked_at": canonical.instant(request.asked_at),
    }
    return signing.sign(canonical.encode(body), Typ.BLIND_KEY_REQUEST, key)


def read_blind_request(jws: str, hub: VerifyingKey) -> BlindKeyRequest:
    """Verify and read a blind key request; raise `Untrusted` or `MalformedMessage`."""
    payload = signing.verify(jws, Typ.BLIND_KEY_REQUEST, hub)
    reader = Reader(canonical.decode(payload), "blind key request")
    request = BlindKeyRequest(
        request=RequestId(reader.id("request", "req")),
        sender=MemberId(reader.id("sender", "mbr")),
        notice=NoticeId(reader.id("notice", "ntc")),
        manifest=read_digest(reader, "manifest"),
        ground=read_ground(reader.object("ground")),
        candidates=tuple(_read_candidate(one) for one in reader.objects("candidates")),
        asked_at=reader.instant("asked_at"),
    )
    reader.done()
    _check_candidates(request)
    return request


def candidates_digest(candidates: Sequence[Candidate]) -> Digest:
    """What the log says of a list of candidates: that it was this one."""
    return canonical.digest(canonical.encode([_candidate_json(one) for one in candidates]))


def sign_blind_grant(grant: BlindKeyGrant, key: SigningKey) -> str:
    """Sign a blind grant, or a refusal to grant, with the sender's signing key."""
    boxes: list[Json] = [
        {"member": one.candidate.member, "key": one.candidate.key, "box": one.box} for one in grant.boxes
    ]
    body: Json = {
        "request": grant.request,
        "manifest": grant.manifest,
        "boxes": boxes,
        "refused": list(grant.refused),
        "officer": grant.officer,
        "granted_at": canonical.instant(grant.granted_at),
    }
    return signing.sign(canonical.encode(body), Typ.BLIND_KEY_GRANT, key)


def read_blind_grant(jws: str, sender: VerifyingKey) -> BlindKeyGrant:
    """Verify and read a blind grant; raise `Untrusted` or `MalformedMessage`."""
    reader = Reader(canonical.decode(signing.verify(jws, Typ.BLIND_KEY_GRANT, sender)), "blind key grant")
    grant = BlindKeyGrant(
        request=RequestId(reader.id("request", "req")),
        manifest=read_digest(reader, "manifest"),
        boxes=tuple(_read_sealed_to(one) for one in reader.objects("boxes")),
        refused=read_reasons(reader),
        officer=reader.nullable_text("officer", pattern=WORDS),
        granted_at=reader.instant("granted_at"),
    )
    reader.done()
    if bool(grant.boxes) == bool(grant.refused):
        raise MalformedMessage("grant-unclear", "a grant has a box for everybody, or reasons why for nobody")
    return grant


def check_blind_grant(grant: BlindKeyGrant, request: BlindKeyRequest, boxes: Sequence[str]) -> None:
    """Hold a blind grant to the request that it answers, and the boxes to both.

    Raises `Untrusted` where it answers another request, has boxes for other candidates or in another
    order, or names other boxes. Which candidate is meant is no part of what is checked.
    """
    if (grant.request, grant.manifest) != (request.request, request.manifest):
        raise Untrusted("grant-other-request", "this grant answers another key request")
    if grant.boxes and tuple(one.candidate for one in grant.boxes) != request.candidates:
        raise Untrusted("grant-other-candidates", "this grant is for other candidates than were asked for")
    if [one.box for one in grant.boxes] != [canonical.digest(box.encode()) for box in boxes]:
        raise Untrusted("grant-other-box", "the key boxes are not those that the grant names")


def _check_candidates(request: BlindKeyRequest) -> None:
    members = [one.member for one in request.candidates]
    if not LEAST_CANDIDATES <= len(members) <= MOST_CANDIDATES:
        raise MalformedMessage(
            "candidates-number", f"{LEAST_CANDIDATES} to {MOST_CANDIDATES} candidates, or it is not blind"
        )
    if members != sorted(set(members)) or request.sender in members:
        raise MalformedMessage("candidates-order", "candidates are sorted, each once, and not the sender")


def _candidate_json(candidate: Candidate) -> Json:
    return {"member": candidate.member, "key": candidate.key}


def _read_candidate(reader: Reader) -> Candidate:
    candidate = _candidate(reader)
    reader.done()
    return candidate


def _read_sealed_to(reader: Reader) -> SealedTo:
    sealed = SealedTo(_candidate(reader), read_digest(reader, "box"))
    reader.done()
    return sealed


def _candidate(reader: Reader) -> Candidate:
    return Candidate(MemberId(reader.id("member", "mbr")), KeyId(read_digest(reader, "key")))
