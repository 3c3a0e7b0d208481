"""Answer a blind key request: a box for every candidate, or for none, without knowing which is meant.

Somebody is shielded, and the hub may not tell where the notice goes. So the match cannot be judged
again here. What the gateway verifies instead, in this order:

1. the hub signed the request, and its entry is in the log
2. a named officer of ours has approved the task about this notice
3. it is about a notice of ours, as we signed it
4. every candidate's sealing key is logged
5. our own copy of the agreements permits it to every candidate, as for somebody who is shielded
6. a restricted or shielded notice of ours waits for a named officer once more

A no to one candidate is a no to all. That each candidate's own officer has approved, which a shield
needs too, is the hub's word alone: see the threat model for what that leaves.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.member.directory import Directory
from adapters.member.home import Pinned
from adapters.member.key_grants import Held, asserted, codes_of, content_key, own_manifest
from adapters.member.keyring import Keyring
from adapters.member.records import Sent
from adapters.member.terms import Telling, Terms, ask, could_get
from hub.consent.flags import Flags
from hub.consent.question import Category, EvidenceClass, Scope
from hub.protocols import canonical
from hub.protocols.blind_key import BlindKeyGrant, BlindKeyRequest, Candidate, SealedTo, sign_blind_grant
from hub.protocols.errors import Untrusted
from hub.protocols.keys import SealingPublicKey
from hub.protocols.names import Digest, MemberId
from hub.protocols.notice import Assertion, Manifest
from hub.protocols.sealing import seal_box


@dataclass(frozen=True, slots=True)
class BlindlyGranted:
    """A signed answer; `boxes` are in the order of the candidates, and none where it is a no."""

    grant: str
    boxes: tuple[str, ...]
    refused: tuple[str, ...]


def answer(
    request: BlindKeyRequest,
    sent: Sent | None,
    pinned: Pinned,
    keyring: Keyring,
    directory: Directory,
    terms: Terms,
    now: datetime,
    officer: str | None = None,
) -> BlindlyGranted | Held:
    """Steps 3 to 6; what comes before is the inbox's. Raises `Untrusted` where the request does not hold."""
    # 3
    if sent is None or request.sender != pinned.member or request.manifest != sent.digest:
        raise Untrusted("request-other-notice", "the key request is about a notice that we did not send")
    if sent.over:
        return refuse(request, ("R-WITHDRAWN",), keyring, now, officer)
    own = own_manifest(sent, keyring)
    # 4
    keys = [directory.sealing_key(one.member, one.key) for one in request.candidates]
    # 5
    assertion = asserted(sent, own)
    tellings = [_telling(one, own, assertion, directory, terms, now) for one in request.candidates]
    decisions = [ask(telling, Category.IDENTITY, terms, now) for telling in tellings]
    if not all(decision.permitted for decision in decisions):
        codes = {code for decision in decisions for code in codes_of(decision)}
        return refuse(request, tuple(sorted(codes)), keyring, now, officer)
    # 6
    flags = Flags.from_json(assertion.flags)
    if (flags.restricted or flags.shield) and officer is None:
        return Held("restricted")
    pairs = zip(tellings, keys, strict=True)
    boxes = tuple(_seal(telling, key, sent, own, terms, now) for telling, key in pairs)
    return _sign(request, boxes, (), keyring, now, officer)


def refuse(
    request: BlindKeyRequest, codes: tuple[str, ...], keyring: Keyring, now: datetime, officer: str | None
) -> BlindlyGranted:
    """Sign a no to all, with the codes of its reasons; no box goes with it."""
    return _sign(request, (), codes, keyring, now, officer)


def _telling(
    candidate: Candidate,
    own: Manifest,
    assertion: Assertion,
    directory: Directory,
    terms: Terms,
    now: datetime,
) -> Telling:
    """What would be told to one candidate; to a careers company, under whichever mandate tells it most."""
    telling = Telling(
        notice_type=own.type,
        sender=directory.listing(own.sender),
        recipient=directory.listing(candidate.member),
        acts_for=own.acts_for,
        recipient_acts_for=None,
        scope=Scope(assertion.scope),
        flags=replace(Flags.from_json(assertion.flags), shield=True),
        asserted_at=assertion.asserted_at,
        evidence=EvidenceClass.NAME_AND_BIRTH,
        approved_by=frozenset({own.sender, candidate.member}),
    )
    ways = [replace(telling, recipient_acts_for=way) for way in _acting(candidate.member, terms)]
    return max(ways, key=lambda way: len(could_get(way, terms, now)))


def _acting(member: MemberId, terms: Terms) -> Iterator[MemberId | None]:
    yield None
    yield from sorted(authority for authority, company in terms.mandates if company == member)


def _seal(
    telling: Telling, key: SealingPublicKey, sent: Sent, own: Manifest, terms: Terms, now: datetime
) -> str:
    parts = could_get(telling, terms, now)
    return seal_box({part: content_key(sent, part) for part in parts}, own.notice, key)


def _sign(
    request: BlindKeyRequest,
    boxes: tuple[str, ...],
    refused: tuple[str, ...],
    keyring: Keyring,
    now: datetime,
    officer: str | None,
) -> BlindlyGranted:
    sealed = zip(request.candidates, boxes, strict=True) if boxes else ()
    grant = BlindKeyGrant(
        request=request.request,
        manifest=request.manifest,
        boxes=tuple(SealedTo(one, Digest(canonical.digest(box.encode()))) for one, box in sealed),
        refused=refused,
        officer=officer,
        granted_at=now,
    )
    return BlindlyGranted(sign_blind_grant(grant, keyring.signing), boxes, refused)
