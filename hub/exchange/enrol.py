"""Admit members and their keys, and take both out again.

Decides who takes part, and which keys speak for a member. What members sign with each other is in
`hub.exchange.agree`, what one of them signs alone in `hub.exchange.lodge`. Nothing here is about a
young person.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from hub.consent.question import Role
from hub.exchange.bind import is_real, reconsider
from hub.exchange.errors import Declined, NotYours
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import (
    Errand,
    ErrandKind,
    KeyUse,
    Member,
    PaperKind,
    PaperState,
    RegisteredKey,
    Standing,
)
from hub.exchange.trust import identity_key
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.errors import Untrusted
from hub.protocols.keys import DocumentPublicKey, read_entry
from hub.protocols.names import KeyId, MemberId, MemberKind

INVITATION_AGE: Final = timedelta(days=14)

IDENTITY_AGE: Final = timedelta(days=3650)
"""An identity key is kept offline and signs the others; ten years, then it is replaced by hand."""

KEY_AGE: Final = timedelta(days=1096)
"""How far from now a key's time may begin or end: who gets hold of a key shall not have it for ever."""

ROLES: Final = {
    MemberKind.AUTHORITY: Role.TRACKING_TEAM,
    MemberKind.CAREERS_COMPANY: Role.CAREERS_SERVICE,
    MemberKind.COLLEGE: Role.INSTITUTION,
    MemberKind.SCHOOL: Role.INSTITUTION,
    MemberKind.VOLUNTARY_BODY: Role.OTHER,
    MemberKind.OBSERVER: Role.OTHER,
}


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
    """Invite an organisation; return the code that its gateway redeems once. Earlier codes end with it."""
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
    known = None if member is None else work.members.get(member)
    if member is None or known is None or known.standing is not Standing.INVITED:
        raise Declined(
            "invitation-unknown", "ask the hub's operator for a new invitation: this one is used or too old"
        )
    public = DocumentPublicKey.from_jwks(identity)
    if work.members.key(public.key_id) is not None:
        raise Declined("key-known", "this key is registered already; make a new one")
    now = hub.now()
    for earlier in work.members.keys(member):  # of a home that was lost before anybody was admitted
        work.members.put_key(_revoked(earlier, work))
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
    """Register one more key of a member, signed by its identity key.

    The same document again changes nothing. Raises `Declined("key-known")` for a key that is there
    already for another member, another use or another time, or was revoked; `Declined("key-time")`
    for one whose time is over, or lies farther from now than `KEY_AGE`.
    """
    entry = read_entry(document, identity_key(member, work))
    if entry.member != member:
        raise Untrusted("key-other-member", "the directory entry names another member")
    known = work.members.key(entry.key_id)
    if known is not None:
        again = (member, KeyUse(entry.use.value), entry.valid_from, entry.valid_until, None)
        if (known.member, known.use, known.valid_from, known.valid_until, known.revoked_at_index) != again:
            raise Declined("key-known", "this key is registered already; make a new one")
        return known
    now = hub.now()
    if not (now - KEY_AGE <= entry.valid_from and now < entry.valid_until <= now + KEY_AGE):
        raise Declined("key-time", f"a key's time is not over, and lies within {KEY_AGE.days} days of now")
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
    _register(key, work, now)
    return key


def revoke_key(member: MemberId, key_id: KeyId, work: Work, hub: Hub) -> RegisteredKey:
    """Take a member's key out of use from this instant (I6); the entry follows by errand.

    Raises `NotYours` for a key that the member has not, `Declined` for its identity key: without it
    the member is suspended, not halved.
    """
    key = work.members.key(key_id)
    if key is None or key.member != member:
        raise NotYours
    if key.use is KeyUse.IDENTITY:
        raise Declined("key-identity", "an identity key is not revoked: suspend the member")
    if key.revoked_at_index is not None:
        return key
    revoked = _revoked(key, work)
    work.members.put_key(revoked)
    work.outbox.add(Errand(ErrandKind.RECORD, key_id, {"what": "key_revoked", "by": member}), hub.now())
    return revoked


def approve(member: MemberId, fingerprint: str, work: Work, hub: Hub) -> Member:
    """Admit an invited member, or one that was suspended, once its key's fingerprint was compared.

    Out of band, that is. It begins on trial, or goes on live where a real agreement binds it.
    """
    known = work.members.get(member)
    if known is None:
        raise NotYours
    if known.standing not in {Standing.INVITED, Standing.SUSPENDED}:
        raise Declined("member-known", "this member has been admitted already")
    if not identity_key(member, work).key_id.startswith(fingerprint) or len(fingerprint) < 8:
        raise Declined(
            "fingerprint-differs", "read the fingerprint to each other by telephone; these do not agree"
        )
    mandates = work.papers.all(PaperKind.MANDATE)
    itself = {member, *(one.parties[0] for one in mandates if one.parties[1] == member)}
    bound = any(
        paper.state is PaperState.IN_FORCE and itself & {*paper.parties} and is_real(paper, work)
        for paper in work.papers.all(PaperKind.AGREEMENT)
    )
    admitted = replace(known, standing=Standing.LIVE if bound and not known.made_up else Standing.TRIAL)
    work.members.put(admitted)
    work.outbox.add(Errand(ErrandKind.RECORD, member, {"what": "admitted"}), hub.now())
    reconsider(frozenset({member}), work, hub)
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


def _revoked(key: RegisteredKey, work: Work) -> RegisteredKey:
    index = work.log.size() if key.revoked_at_index is None else key.revoked_at_index
    return replace(key, revoked_at_index=index)


def _register(key: RegisteredKey, work: Work, now: datetime) -> None:
    work.members.put_key(key)
    work.outbox.add(Errand(ErrandKind.RECORD, key.key_id, {"what": "key"}), now)
