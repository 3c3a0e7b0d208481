"""Admit members, their keys, and the signed papers that bind them.

Decides who takes part and which agreement, mandate, standing request or epoch the hub knows.
A paper binds once every party has signed it *and* its entry is in the log; a party's suspension
binds at once. Nothing here is about a young person.
"""

from collections.abc import Iterator
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
from hub.protocols.errors import Untrusted
from hub.protocols.keys import DocumentPublicKey, read_entry
from hub.protocols.limits import DOCUMENT_BYTES
from hub.protocols.mandate import Change, read_mandate, read_suspension
from hub.protocols.names import AgreementId, EpochId, KeyId, MemberId, MemberKind
from hub.protocols.signing import Typ, verify_document

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

WORDS: Final = {
    (PaperState.IN_FORCE, Change.SUSPEND): PaperState.SUSPENDED,
    (PaperState.IN_FORCE, Change.END): PaperState.ENDED,
    (PaperState.SUSPENDED, Change.SUSPEND): PaperState.SUSPENDED,
    (PaperState.SUSPENDED, Change.END): PaperState.ENDED,
    (PaperState.SUSPENDED, Change.RESUME): PaperState.IN_FORCE,
}
"""What one party's word makes of an agreement."""

_BOUND: Final = frozenset(
    {PaperState.IN_FORCE, PaperState.SUSPENDED, PaperState.ENDED, PaperState.SUPERSEDED}
)

_ASKED: Final = {
    PaperKind.MANDATE: frozenset({MemberKind.CAREERS_COMPANY}),
    PaperKind.STANDING_REQUEST: frozenset({MemberKind.COLLEGE, MemberKind.SCHOOL}),
}
"""To whom an authority gives such a paper."""

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


def _revoked(key: RegisteredKey, work: Work) -> RegisteredKey:
    index = work.log.size() if key.revoked_at_index is None else key.revoked_at_index
    return replace(key, revoked_at_index=index)


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
        paper.state is PaperState.IN_FORCE and itself & {*paper.parties} and _is_real(paper, work)
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


def propose(document: Json, signed: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    """Keep an agreement that one party proposes, with that party's signatures.

    A new version is proposed by a party of the one it follows, names that one's digest, and has all
    the parties of the one that binds, each of which has to sign it: nobody's agreement is replaced
    behind its back, and no stranger stands in the way of the next version.
    """
    agreement = read_agreement(document)
    parties = tuple(party.member for party in agreement.parties)
    newest = work.papers.get(PaperKind.AGREEMENT, agreement.id)
    if caller not in parties or (newest is not None and caller not in newest.parties):
        raise Declined("party-missing", "only a party proposes an agreement, and a version that follows it")
    if newest is not None and newest.digest == canonical.digest(canonical.encode(document)):
        return countersign(agreement.id, signed, caller, work, hub)
    if not _follows(document, agreement.version, newest):
        raise Declined("version-gap", "a new version follows the newest one and names its digest")
    if newest is not None and not _bound_parties(newest, work) <= {*parties}:
        raise Declined("version-parties", "a new version has all the parties of the one that binds")
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
    return _add_signature(paper, signed, caller, work, hub)


def _add_signature(paper: Paper, signed: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    key = identity_key(caller, work)
    payload = verify_document(signed, Typ.AGREEMENT, [key])
    if payload != canonical.encode(paper.document):
        raise Untrusted(
            "agreement-other-bytes", "these signatures are over another document than the one proposed"
        )
    if paper.state is PaperState.PROPOSED and caller not in paper.signed_by:
        paper = replace(
            paper,
            signed=_merge(paper.signed, signed, key.key_id),
            signed_by=tuple(sorted({*paper.signed_by, caller})),
        )
        work.papers.put(paper)
        if stands(paper):
            work.outbox.add(
                Errand(ErrandKind.RECORD, paper.name, {"what": paper.kind.value, "version": paper.version}),
                hub.now(),
            )
    return paper


def _merge(kept: Json, brought: Json, signer: KeyId) -> Json:
    """One JWS (RFC 7515 section 7.2.1): what is kept, with this signer's pair out of what was brought.

    Other pairs are left out: nobody may bring one in another party's name.
    """
    payload = Reader(brought, "signatures").text("payload", max=DOCUMENT_BYTES)
    pairs: list[Json] = [*Reader(kept, "signatures").items("signatures")] if kept is not None else []
    pairs.extend(pair for key_id, pair in _signed_by(brought) if key_id == signer)
    return {"payload": payload, "signatures": pairs}


def _without(kept: Json, signer: KeyId) -> Json:
    """The same JWS without one signer's pair."""
    payload = Reader(kept, "signatures").text("payload", max=DOCUMENT_BYTES)
    return {"payload": payload, "signatures": [pair for key_id, pair in _signed_by(kept) if key_id != signer]}


def _signed_by(signed: Json) -> Iterator[tuple[KeyId, Json]]:
    """Each signature of a JWS, with the key that it says it is made with."""
    for pair in Reader(signed, "signatures").objects("signatures"):
        protected = canonical.decode(canonical.unb64u(pair.text("protected")))
        key_id = KeyId(Reader(protected, "header").text("kid"))
        yield key_id, {name: pair.value(name) for name in ("protected", "signature")}


def _follows(document: Json, version: int, newest: Paper | None) -> bool:
    """Whether a document is the first version, or the one after the newest, and names its digest."""
    if newest is None:
        return version == 1
    named = Reader(document, "agreement").value("supersedes")
    return version == newest.version + 1 and named == {"version": newest.version, "digest": newest.digest}


def _bound_parties(newest: Paper, work: Work) -> frozenset[MemberId]:
    """The parties of the last version that ever bound; where none did, those of the newest proposal."""
    versions = [one for one in work.papers.all(PaperKind.AGREEMENT) if one.name == newest.name]
    bound = [one for one in versions if one.log_index is not None]
    return frozenset(max(bound, key=lambda one: one.version, default=newest).parties)


def change_agreement(name: str, document: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    """Suspend, resume or end an agreement by one party's signed word; stopping binds at once (I6).

    The word names the version that binds; a newer one that is only proposed is in nobody's way. A party
    that suspends stands behind the agreement no longer, so it leaves `signed_by` until it resumes; the
    agreement is in force again once every party stands behind it. Nobody resumes for another. Who stops
    takes back what it has signed of a newer version too: that must not let it flow again unasked.
    """
    newest = work.papers.get(PaperKind.AGREEMENT, name)
    if newest is None or caller not in newest.parties:
        raise NotYours
    word = read_suspension(document, identity_key(caller, work))
    paper = work.papers.get(PaperKind.AGREEMENT, name, word.version)
    named = paper is not None and caller in paper.parties
    if paper is None or not named or (word.agreement, word.member) != (AgreementId(name), caller):
        raise Untrusted("suspension-other", "this names another agreement, version or member")
    said_before = (word.change is Change.RESUME) is (caller in paper.signed_by)
    if (paper.state, word.change) not in WORDS or (said_before and word.change is not Change.END):
        raise Declined(
            "agreement-state", "this version is not in a state in which this can be done: see which one binds"
        )
    standing = {*paper.signed_by, caller} if word.change is Change.RESUME else {*paper.signed_by} - {caller}
    state = WORDS[paper.state, word.change]
    if state is PaperState.IN_FORCE and standing != {*paper.parties}:
        state = PaperState.SUSPENDED
    changed = replace(paper, state=state, signed_by=tuple(sorted(standing)))
    work.papers.put(changed)
    if word.change is not Change.RESUME:
        _take_back(paper, caller, work)
    if state is PaperState.IN_FORCE:
        reconsider(frozenset(paper.parties), work, hub)
    said: Json = {
        "what": "agreement_changed",
        "version": paper.version,
        "change": word.change.value,
        "by": caller,
    }
    work.outbox.add(Errand(ErrandKind.RECORD, name, said), hub.now())
    return changed


def _take_back(stopped: Paper, party: MemberId, work: Work) -> None:
    """Take a party's signatures out of what is proposed in place of the version that it has stopped."""
    own = identity_key(party, work).key_id
    for paper in work.papers.all(PaperKind.AGREEMENT):
        proposed = paper.name == stopped.name and paper.state is PaperState.PROPOSED
        if proposed and party in paper.signed_by:
            left = tuple(member for member in paper.signed_by if member != party)
            work.papers.put(replace(paper, signed=_without(paper.signed, own), signed_by=left))


def stands(paper: Paper) -> bool:
    """Whether all stand behind a paper who have to, before it may bind."""
    return paper.kind is not PaperKind.AGREEMENT or {*paper.signed_by} == {*paper.parties}


def lodge(kind: PaperKind, document: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    """Keep an authority's mandate or standing request; it binds once its entry is in the log.

    One whose time is over withdraws what binds: that ends at once (I6), not with the entry. Raises
    `Declined("paper-over")` for one that was withdrawn or replaced before.
    """
    mandate = read_mandate(document, _PAPER_TYP[kind], identity_key(caller, work))
    if mandate.authority != caller:
        raise Untrusted("mandate-other", "only the authority itself signs its mandate or request")
    authority, other = work.members.get(caller), work.members.get(mandate.other)
    if other is None:
        raise Declined("member-unknown", "the other side is not a member")
    if authority is None or authority.kind is not MemberKind.AUTHORITY or other.kind not in _ASKED[kind]:
        raise Declined(
            "member-kind", "an authority mandates a careers company, and asks an institution to notify"
        )
    name = f"{mandate.authority}~{mandate.other}"
    check_new(kind, name, document, work)
    paper = Paper(
        kind=kind,
        name=name,
        version=_next_version(kind, name, work),
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
    if mandate.valid_until <= hub.now():
        _supersede(paper, work)
    work.papers.put(paper)
    work.outbox.add(
        Errand(ErrandKind.RECORD, paper.name, {"what": kind.value, "version": paper.version}), hub.now()
    )
    return paper


def check_new(kind: PaperKind, name: str, document: Json, work: Work) -> None:
    """Raise `Declined` for a signed word that is over: whoever copied it does not bring it back."""
    for paper in work.papers.all(kind):
        over = paper.name == name and paper.state in {PaperState.ENDED, PaperState.SUPERSEDED}
        if over and _payload(paper.document) == _payload(document):
            raise Declined("paper-over", "what was signed here has ended: sign it anew")


def _payload(signed: Json) -> str:
    return Reader(signed, "signatures").text("payload", max=DOCUMENT_BYTES)


def open_epoch(
    document: Json, boxes: dict[MemberId, str], custodian: MemberId, work: Work, hub: Hub
) -> EpochId:
    """Keep a linkage epoch that the custodian signed, and its key as wrapped for each member.

    The hub checks the signature; it cannot open a box, and members check the key by themselves. An
    epoch may be signed again with an earlier end, never with a later one: so a rotation is begun.
    """
    signer = identity_key(custodian, work)
    epoch = read_epoch(document, signer)
    known = work.papers.get(PaperKind.EPOCH, epoch.id)
    earlier = None if known is None else read_epoch(known.document, signer)
    if earlier is not None and earlier != epoch and not epoch.shortens(earlier):
        raise Declined("epoch-known", "another epoch has this id: open a new one")
    if any(work.members.get(member) is None for member in boxes):
        raise Declined("member-unknown", "a key is wrapped to somebody who is not a member")
    if known is None or earlier != epoch:
        version = _next_version(PaperKind.EPOCH, epoch.id, work)
        work.papers.put(
            Paper(
                kind=PaperKind.EPOCH,
                name=epoch.id,
                version=version,
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
            Errand(ErrandKind.RECORD, epoch.id, {"what": PaperKind.EPOCH.value, "version": version}),
            hub.now(),
        )
    for member, box in boxes.items():
        work.papers.put_wrapped_key(epoch.id, member, box)
    return epoch.id


def put_in_force(paper: Paper, log_index: int, work: Work, hub: Hub) -> Paper:
    """Note that a paper's entry is in the log: from now on it binds, and its predecessor does not."""
    versions = [each for each in work.papers.all(paper.kind) if each.name == paper.name]
    late = any(each.version > paper.version and each.state in _BOUND for each in versions)
    bound = replace(paper, state=PaperState.SUPERSEDED if late else PaperState.IN_FORCE, log_index=log_index)
    work.papers.put(bound)
    if late:
        return bound
    _supersede(paper, work)
    _go_live(paper, work)
    if paper.kind is not PaperKind.EPOCH:
        reconsider(frozenset(paper.parties), work, hub)
    return bound


def _supersede(paper: Paper, work: Work) -> None:
    """End the time of every earlier version of a paper."""
    for older in work.papers.all(paper.kind):
        earlier = older.name == paper.name and older.version < paper.version
        if earlier and older.state is not PaperState.ENDED:
            work.papers.put(replace(older, state=PaperState.SUPERSEDED))


def _go_live(paper: Paper, work: Work) -> None:
    """A real agreement makes its parties live, and who acts for them; a live authority's mandate does too."""
    bound = {PaperKind.AGREEMENT, PaperKind.ACCESSION}
    if not _is_real(paper, work) or paper.kind not in {*bound, PaperKind.MANDATE}:
        return
    if paper.kind in bound:
        live = {*paper.parties}
    else:
        authority = work.members.get(paper.parties[0])
        live = {*paper.parties} if authority and authority.standing is Standing.LIVE else set()
    for mandate in work.papers.all(PaperKind.MANDATE):
        if mandate.state is PaperState.IN_FORCE and mandate.parties[0] in live:
            live.add(mandate.parties[1])
    for party in live:
        member = work.members.get(party)
        if member is not None and member.standing is Standing.TRIAL and not member.made_up:
            work.members.put(replace(member, standing=Standing.LIVE))


def _is_real(paper: Paper, work: Work) -> bool:
    """Whether no party is made up: an exercise with made-up members makes nobody live."""
    members = [work.members.get(party) for party in paper.parties]
    return not any(member is not None and member.made_up for member in members)


def reconsider(concerned: frozenset[MemberId], work: Work, hub: Hub) -> None:
    """Decide again what was held back between anybody and these members, or those that act for them."""
    mandates = work.papers.all(PaperKind.MANDATE)
    acting = {paper.parties[1] for paper in mandates if paper.parties[0] in concerned}
    everybody = frozenset(member.member for member in work.members.all())
    for passage in work.passages.held_back_between(everybody):
        if {passage.sender, passage.recipient} & (concerned | acting):
            work.outbox.add(Errand(ErrandKind.RECONSIDER, passage.passage), hub.now())


def _next_version(kind: PaperKind, name: str, work: Work) -> int:
    newest = work.papers.get(kind, name)
    return 1 if newest is None else newest.version + 1
