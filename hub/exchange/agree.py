"""Agreements: proposed, countersigned by every party, suspended, resumed, ended.

Decides which document stands under an agreement's id and what one party's signed word makes of it.
An agreement binds once every party has signed it *and* its entry is in the log
(`hub.exchange.bind`); a party's suspension binds at once.
"""

from collections.abc import Iterator
from dataclasses import replace

from hub.consent.documents import read_agreement
from hub.exchange.bind import reconsider, stands
from hub.exchange.errors import Declined, NotYours
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import Errand, ErrandKind, Paper, PaperKind, PaperState
from hub.exchange.trust import identity_key
from hub.exchange.word import STATES, keep_word, read_word
from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.errors import Untrusted
from hub.protocols.limits import DOCUMENT_BYTES
from hub.protocols.mandate import Change
from hub.protocols.names import AgreementId, KeyId, MemberId
from hub.protocols.signing import Typ, signers, verify_document


def propose(document: Json, signed: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    """Keep an agreement that one party proposes, with that party's signatures.

    Whose name an id begins with is a party, so that nobody sits down on another's name; who is admitted
    under such a name later has no claim on what is there already. A new version
    is proposed by a party of the one it follows, names that one's digest, and has all the parties of
    the one that binds, each of which has to sign it: nobody's agreement is replaced behind its back,
    and no stranger stands in the way of the next version.
    """
    agreement = read_agreement(document)
    parties = tuple(party.member for party in agreement.parties)
    newest = work.papers.get(PaperKind.AGREEMENT, agreement.id)
    if caller not in parties or (newest is not None and caller not in newest.parties):
        raise Declined("party-missing", "only a party proposes an agreement, and a version that follows it")
    namesake = _namesake(agreement.id, work)
    if newest is None and namesake is not None and namesake not in parties:
        raise Declined("agreement-name", "this id begins with the name of a member that is no party")
    if newest is not None and newest.digest == canonical.digest(canonical.encode(document)):
        return countersign(agreement.id, signed, caller, work, hub)
    if not _follows(document, agreement.version, newest):
        raise Declined("version-gap", "a new version follows the newest one and names its digest")
    if newest is not None and not _lasting(newest, work, free=caller == namesake) <= {*parties}:
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
    """Add a party's signatures over the same bytes; with the last one the agreement goes to the log.

    Raises `Declined("signature-over")` for a version of which the party took its signature back.
    """
    paper = work.papers.get(PaperKind.AGREEMENT, name)
    if paper is None or caller not in paper.parties:
        raise NotYours
    return _add_signature(paper, signed, caller, work, hub)


def change_agreement(name: str, document: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    """Suspend, resume or end an agreement by one party's signed word; stopping binds at once (I6).

    The word names the version that binds; a newer one that is only proposed is in nobody's way. A party
    that suspends stands behind the agreement no longer, so it leaves `signed_by` until it resumes; the
    agreement is in force again once every party stands behind it. Nobody resumes for another. Who stops
    takes back what it has signed of a newer version too: that must not let it flow again unasked, so
    that version is over for it, and whoever wants to go on proposes the one after.
    """
    newest = work.papers.get(PaperKind.AGREEMENT, name)
    if newest is None or caller not in newest.parties:
        raise NotYours
    word = read_word(document, caller, work, hub)
    paper = work.papers.get(PaperKind.AGREEMENT, name, word.version)
    named = paper is not None and caller in paper.parties
    if paper is None or not named or (word.agreement, word.member) != (AgreementId(name), caller):
        raise Untrusted("suspension-other", "this names another agreement, version or member")
    said_before = (word.change is Change.RESUME) is (caller in paper.signed_by)
    if (paper.state, word.change) not in STATES or (said_before and word.change is not Change.END):
        raise Declined(
            "agreement-state", "this version is not in a state in which this can be done: see which one binds"
        )
    standing = {*paper.signed_by, caller} if word.change is Change.RESUME else {*paper.signed_by} - {caller}
    state = STATES[paper.state, word.change]
    if state is PaperState.IN_FORCE and standing != {*paper.parties}:
        state = PaperState.SUSPENDED
    changed = replace(paper, state=state, signed_by=tuple(sorted(standing)))
    work.papers.put(changed)
    if word.change is not Change.RESUME:
        _take_back(paper, caller, work)
    if state is PaperState.IN_FORCE:
        reconsider(frozenset(paper.parties), work, hub)
    keep_word(word, document, paper, work, hub)
    return changed


def _add_signature(paper: Paper, signed: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    key = identity_key(caller, work)
    payload = verify_document(signed, Typ.AGREEMENT, [key])
    if payload != canonical.encode(paper.document):
        raise Untrusted(
            "agreement-other-bytes", "these signatures are over another document than the one proposed"
        )
    if paper.state is PaperState.PROPOSED and caller not in paper.signed_by:
        if paper.signed is not None and key.key_id in signers(paper.signed):
            # A signature has no instant: what was taken back cannot be told from a copy of it.
            raise Declined("signature-over", "this party took its signature of this version back")
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


def _namesake(agreement: AgreementId, work: Work) -> MemberId | None:
    """The member whose name an agreement's id begins with; of several, the one with the longest name."""
    tail = agreement.removeprefix("agr_") + "-"
    members = (one.member for one in work.members.all())
    names = (one for one in members if tail.startswith(one.removeprefix("mbr_") + "-"))
    return max(names, key=len, default=None)


def _lasting(newest: Paper, work: Work, *, free: bool) -> frozenset[MemberId]:
    """Whom the next version has to have: the parties of the last that ever bound.

    Where none did, those of the newest proposal, or nobody where the proposer is `free`: whose name
    the id bears takes it back from whoever only proposed something under it.
    """
    versions = [one for one in work.papers.all(PaperKind.AGREEMENT) if one.name == newest.name]
    bound = [one for one in versions if one.log_index is not None]
    if free and not bound:
        return frozenset()
    return frozenset(max(bound, key=lambda one: one.version, default=newest).parties)


def _take_back(stopped: Paper, party: MemberId, work: Work) -> None:
    """Let a party stand no longer behind what is proposed in place of the version that it has stopped.

    The signature stays with the paper: by it `countersign` knows that it was taken back.
    """
    for paper in work.papers.all(PaperKind.AGREEMENT):
        proposed = paper.name == stopped.name and paper.state is PaperState.PROPOSED
        if proposed and party in paper.signed_by:
            left = tuple(member for member in paper.signed_by if member != party)
            work.papers.put(replace(paper, signed_by=left))
