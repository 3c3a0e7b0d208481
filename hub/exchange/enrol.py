"""Admit members, their keys, and the signed papers that bind them.

Decides who takes part and which agreement, mandate, standing request or epoch the hub knows.
A paper binds once every party has signed it *and* its entry is in the log; a party's suspension
binds at once. Nothing here is about a young person.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from hub.consent.documents import read_agreement
from hub.consent.question import Role
from hub.exchange.errors import Declined, NotYours
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import (
    Errand,
    ErrandKind,
    KeyUse,
    Member,
    Paper,
    PaperKind,
    PaperState,
    RegisteredKey,
    Standing,
)
from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.epoch import read_epoch
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import DocumentPublicKey, read_entry
from hub.protocols.mandate import Change, read_mandate, read_suspension
from hub.protocols.names import AgreementId, EpochId, MemberId, MemberKind
from hub.protocols.signing import Typ, verify_document

INVITATION_AGE: Final = timedelta(days=14)
IDENTITY_AGE: Final = timedelta(days=3650)
"""An identity key is kept offline and signs the others; ten years, then it is replaced by hand."""

ROLES: Final = {
    MemberKind.AUTHORITY: Role.TRACKING_TEAM,
    MemberKind.CAREERS_COMPANY: Role.CAREERS_SERVICE,
    MemberKind.COLLEGE: Role.INSTITUTION,
    MemberKind.SCHOOL: Role.INSTITUTION,
    MemberKind.VOLUNTARY_BODY: Role.OTHER,
    MemberKind.OBSERVER: Role.OTHER,
}

_PAPER_TYP: Final = {PaperKind.MANDATE: Typ.MANDATE, PaperKind.STANDING_REQUEST: Typ.STANDING_REQUEST}


def invite(
    member: MemberId,
    name: str,
    kind: MemberKind,
    work: Work,
    hub: Hub,
    *,
    area: str | None = None,
    made_up: bool = False,
) -> str:
    """Invite an organisation; return the code that its gateway redeems once."""
    known = work.members.get(member)
    if known is not None and known.standing is not Standing.INVITED:
        raise Declined("member-known", "a member of this id has been admitted already")
    work.members.put(Member(member, name, kind, ROLES[kind], Standing.INVITED, made_up, area, None))
    code = canonical.b64u(hub.chance(18))
    work.members.invite(member, canonical.digest(code.encode()), hub.now() + INVITATION_AGE)
    return code


def redeem(code: str, identity: Json, entries: list[Json], work: Work, hub: Hub) -> MemberId:
    """Register an invited member's identity key and its first keys.

    Raises `Declined` for a code that is unknown, used or out of date; `Untrusted` or
    `MalformedMessage` where an entry is not signed by the identity key that comes with it.
    """
    member = work.members.redeem(canonical.digest(code.encode()), hub.now())
    if member is None:
        raise Declined(
            "invitation-unknown", "ask the hub's operator for a new invitation: this one is used or too old"
        )
    public = DocumentPublicKey.from_jwks(identity)
    now = hub.now()
    _register(
        RegisteredKey(
            public.key_id, member, KeyUse.IDENTITY, identity, None, None, now, now + IDENTITY_AGE, None, None
        ),
        work,
        now,
    )
    for document in entries:
        register_key(member, document, work, hub)
    return member


def register_key(member: MemberId, document: Json, work: Work, hub: Hub) -> RegisteredKey:
    """Register one more key of a member, signed by its identity key."""
    entry = read_entry(document, identity_key(member, work))
    if entry.member != member:
        raise Untrusted("key-other-member", "the directory entry names another member")
    known = work.members.key(entry.key_id)
    if known is not None:
        if known.member != member:
            raise Declined("key-known", "this key is registered already; make a new one")
        return known
    key = RegisteredKey(
        entry.key_id,
        member,
        KeyUse(entry.use.value),
        entry.jwk,
        document,
        entry.suite,
        entry.valid_from,
        entry.valid_until,
        None,
        None,
    )
    _register(key, work, hub.now())
    return key


def _register(key: RegisteredKey, work: Work, now: datetime) -> None:
    work.members.put_key(key)
    work.outbox.add(Errand(ErrandKind.RECORD, key.key_id, {"what": "key"}), now)


def identity_key(member: MemberId, work: Work) -> DocumentPublicKey:
    """A member's identity key; raise `Declined` where it has none yet."""
    for key in work.members.keys(member):
        if key.use is KeyUse.IDENTITY and key.revoked_at_index is None:
            return DocumentPublicKey.from_jwks(key.jwk)
    raise Declined("identity-unknown", "this member has not redeemed its invitation yet")


def approve(member: MemberId, fingerprint: str, work: Work, hub: Hub) -> Member:
    """Admit an invited member to trial, once its key's fingerprint was compared out of band."""
    known = work.members.get(member)
    if known is None:
        raise NotYours
    if not identity_key(member, work).key_id.startswith(fingerprint) or len(fingerprint) < 8:
        raise Declined(
            "fingerprint-differs", "read the fingerprint to each other by telephone; these do not agree"
        )
    admitted = replace(known, standing=Standing.TRIAL)
    work.members.put(admitted)
    work.outbox.add(Errand(ErrandKind.RECORD, member, {"what": "admitted"}), hub.now())
    return admitted


def suspend(member: MemberId, work: Work, hub: Hub) -> Member:
    """Suspend a member: it may not enter, and nothing goes to it or leaves it, from this instant (I6)."""
    known = work.members.get(member)
    if known is None:
        raise NotYours
    suspended = replace(known, standing=Standing.SUSPENDED)
    work.members.put(suspended)
    work.outbox.add(Errand(ErrandKind.RECORD, member, {"what": "suspended"}), hub.now())
    return suspended


def propose(document: Json, signed: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    """Keep an agreement that one party proposes, with that party's signatures."""
    agreement = read_agreement(document)
    parties = tuple(party.member for party in agreement.parties)
    if caller not in parties:
        raise Declined("party-missing", "only a party proposes an agreement")
    newest = work.papers.get(PaperKind.AGREEMENT, agreement.id)
    if newest is not None and newest.digest == canonical.digest(canonical.encode(document)):
        return countersign(agreement.id, signed, caller, work, hub)
    if agreement.version != (1 if newest is None else newest.version + 1):
        raise Declined("version-gap", "a new version follows the newest one and names its digest")
    paper = Paper(
        kind=PaperKind.AGREEMENT,
        name=agreement.id,
        version=agreement.version,
        digest=canonical.digest(canonical.encode(document)),
        document=document,
        signed=None,
        parties=parties,
        signed_by=(),
        state=PaperState.PROPOSED,
        valid_from=agreement.starts_at,
        valid_until=agreement.lapses_at,
        log_index=None,
    )
    return _add_signature(paper, signed, caller, work, hub)


def countersign(name: str, signed: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    """Add a party's signatures over the same bytes; with the last one the agreement goes to the log."""
    paper = work.papers.get(PaperKind.AGREEMENT, name)
    if paper is None or caller not in paper.parties:
        raise NotYours
    if paper.state is not PaperState.PROPOSED:
        return paper
    return _add_signature(paper, signed, caller, work, hub)


def _add_signature(paper: Paper, signed: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    payload = verify_document(signed, Typ.AGREEMENT, [identity_key(caller, work)])
    if payload != canonical.encode(paper.document):
        raise Untrusted(
            "agreement-other-bytes", "these signatures are over another document than the one proposed"
        )
    if caller not in paper.signed_by:
        paper = replace(
            paper, signed=_merge(paper.signed, signed), signed_by=tuple(sorted({*paper.signed_by, caller}))
        )
    work.papers.put(paper)
    if set(paper.signed_by) == set(paper.parties):
        work.outbox.add(
            Errand(ErrandKind.RECORD, paper.name, {"what": paper.kind.value, "version": paper.version}),
            hub.now(),
        )
    return paper


def _merge(first: Json, second: Json) -> Json:
    """One JWS (RFC 7515 section 7.2.1) with the signatures of both over their one payload."""
    if first is None:
        return second
    ours, theirs = Reader(first, "signatures"), Reader(second, "signatures")
    payload, one = ours.text("payload", max=1_000_000), ours.value("signatures")
    if payload != theirs.text("payload", max=1_000_000):
        raise MalformedMessage("payload-differs", "the signatures are over different bytes")
    two = theirs.value("signatures")
    if not isinstance(one, list) or not isinstance(two, list):
        raise MalformedMessage("signatures", "a list of signatures was expected")
    return {"payload": payload, "signatures": [*one, *(pair for pair in two if pair not in one)]}


def change_agreement(name: str, document: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    """Suspend, resume or end an agreement by one party's signed word; stopping binds at once (I6)."""
    paper = work.papers.get(PaperKind.AGREEMENT, name)
    if paper is None or caller not in paper.parties:
        raise NotYours
    word = read_suspension(document, identity_key(caller, work))
    if (word.agreement, word.version, word.member) != (AgreementId(paper.name), paper.version, caller):
        raise Untrusted("suspension-other", "this names another agreement, version or member")
    allowed = {
        (PaperState.IN_FORCE, Change.SUSPEND): PaperState.SUSPENDED,
        (PaperState.IN_FORCE, Change.END): PaperState.ENDED,
        (PaperState.SUSPENDED, Change.END): PaperState.ENDED,
        (PaperState.SUSPENDED, Change.RESUME): PaperState.IN_FORCE,
    }
    if (paper.state, word.change) not in allowed:
        raise Declined("agreement-state", "the agreement is not in a state in which this can be done")
    changed = replace(paper, state=allowed[paper.state, word.change])
    work.papers.put(changed)
    work.outbox.add(
        Errand(
            ErrandKind.RECORD, name, {"what": "agreement_changed", "change": word.change.value, "by": caller}
        ),
        hub.now(),
    )
    return changed


def lodge(kind: PaperKind, document: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    """Keep an authority's mandate or standing request; it binds once its entry is in the log."""
    mandate = read_mandate(document, _PAPER_TYP[kind], identity_key(caller, work))
    if mandate.authority != caller:
        raise Untrusted("mandate-other", "only the authority itself signs its mandate or request")
    if work.members.get(mandate.other) is None:
        raise Declined("member-unknown", "the other side is not a member")
    paper = Paper(
        kind=kind,
        name=f"{mandate.authority}~{mandate.other}",
        version=_next_version(kind, f"{mandate.authority}~{mandate.other}", work),
        digest=canonical.digest(canonical.encode(document)),
        document=document,
        signed=document,
        parties=(mandate.authority, mandate.other),
        signed_by=(caller,),
        state=PaperState.PROPOSED,
        valid_from=mandate.valid_from,
        valid_until=mandate.valid_until,
        log_index=None,
    )
    work.papers.put(paper)
    work.outbox.add(
        Errand(ErrandKind.RECORD, paper.name, {"what": kind.value, "version": paper.version}), hub.now()
    )
    return paper


def open_epoch(
    document: Json, boxes: dict[MemberId, str], custodian: MemberId, work: Work, hub: Hub
) -> EpochId:
    """Keep a linkage epoch that the custodian signed, and its key as wrapped for each member.

    The hub checks the signature; it cannot open a box, and members check the key by themselves.
    """
    epoch = read_epoch(document, identity_key(custodian, work))
    if work.papers.get(PaperKind.EPOCH, epoch.id) is None:
        work.papers.put(
            Paper(
                kind=PaperKind.EPOCH,
                name=epoch.id,
                version=1,
                digest=canonical.digest(canonical.encode(document)),
                document=document,
                signed=document,
                parties=(custodian,),
                signed_by=(custodian,),
                state=PaperState.PROPOSED,
                valid_from=epoch.valid_from,
                valid_until=epoch.valid_until,
                log_index=None,
            )
        )
        work.outbox.add(
            Errand(ErrandKind.RECORD, epoch.id, {"what": PaperKind.EPOCH.value, "version": 1}), hub.now()
        )
    for member, box in boxes.items():
        work.papers.put_wrapped_key(epoch.id, member, box)
    return epoch.id


def put_in_force(paper: Paper, log_index: int, work: Work, hub: Hub) -> Paper:
    """Note that a paper's entry is in the log: from now on it binds, and its predecessor does not."""
    bound = replace(paper, state=PaperState.IN_FORCE, log_index=log_index)
    work.papers.put(bound)
    for older in work.papers.all(paper.kind):
        if older.name == paper.name and older.version < paper.version and older.state is not PaperState.ENDED:
            work.papers.put(replace(older, state=PaperState.SUPERSEDED))
    if paper.kind is PaperKind.AGREEMENT:
        for party in paper.parties:
            member = work.members.get(party)
            if member is not None and member.standing is Standing.TRIAL and not member.made_up:
                work.members.put(replace(member, standing=Standing.LIVE))
    for passage in work.passages.refused_between(frozenset(paper.parties)):
        work.outbox.add(Errand(ErrandKind.RECONSIDER, passage.passage), hub.now())
    return bound


def _next_version(kind: PaperKind, name: str, work: Work) -> int:
    newest = work.papers.get(kind, name)
    return 1 if newest is None else newest.version + 1
