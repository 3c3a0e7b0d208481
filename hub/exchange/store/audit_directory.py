"""Hold members, keys and signed papers to their signatures and to the log."""

from collections.abc import Iterator
from typing import Final

from hub.consent.documents import read_agreement
from hub.exchange.stages import KeyUse, Member, Paper, PaperKind, PaperState, RegisteredKey, Standing
from hub.exchange.store.check import Finding
from hub.exchange.store.evidence import Evidence
from hub.protocols import canonical
from hub.protocols.accession import read_accession
from hub.protocols.epoch import read_epoch
from hub.protocols.errors import MalformedMessage, ProtocolError
from hub.protocols.keys import DocumentPublicKey, read_entry
from hub.protocols.mandate import Change, read_mandate, read_suspension
from hub.protocols.names import MemberId
from hub.protocols.signing import Typ, signers, verify_document

STANDINGS: Final = {
    None: frozenset({Standing.INVITED}),
    "admitted": frozenset({Standing.TRIAL, Standing.LIVE}),
    "suspended": frozenset({Standing.SUSPENDED}),
}
"""What a member's row may say after what the log said last."""


def audit_members(evidence: Evidence) -> Iterator[Finding]:
    """Each member stands as the log says; each one of whom the log speaks is there."""
    known = set[str]()
    for member in evidence.work.members.all():
        known.add(member.member)
        yield from _audit_member(member, evidence)
    for name in evidence.ledger.standings.keys() - known:
        yield Finding("member-missing", name, "the log speaks of a member that is not kept")


def audit_keys(evidence: Evidence) -> Iterator[Finding]:
    """Each key is the one that its member's identity key signed and the log has; none is gone."""
    known = set[str]()
    for member in evidence.work.members.all():
        for key in evidence.work.members.keys(member.member):
            known.add(key.key_id)
            yield from _audit_key(key, evidence)
    for name in evidence.ledger.things["key"].keys() - known:
        yield Finding("key-missing", name, "the log has a key that is not kept")


def audit_papers(evidence: Evidence) -> Iterator[Finding]:
    """Each paper is what its parties signed and the log has, in the state that follows; none is gone."""
    known = set[tuple[str, str, int]]()
    for kind in PaperKind:
        for paper in evidence.work.papers.all(kind):
            known.add((kind.value, paper.name, paper.version))
            yield from _audit_paper(paper, evidence)
    for _, name, version in evidence.ledger.papers.keys() - known:
        yield Finding("paper-missing", f"{name} {version}", "the log has a paper that is not kept")


def _audit_member(member: Member, evidence: Evidence) -> Iterator[Finding]:
    if member.member in evidence.waiting:
        return
    said = evidence.ledger.standings.get(member.member)
    if member.standing not in STANDINGS[said]:
        yield Finding("member-standing", member.member, "the log says that this member stands otherwise")


def _audit_key(key: RegisteredKey, evidence: Evidence) -> Iterator[Finding]:
    name, recorded = key.key_id, evidence.ledger.things["key"].get(key.key_id)
    try:
        if not _as_signed(key, evidence):
            yield Finding("key-altered", name, "the key is not the one that its document names")
    except ProtocolError as fault:
        yield Finding("key-altered", name, fault.detail)
    if recorded is None:
        if key.log_index is not None:
            yield Finding("key-unlogged", name, "the entry that this key names is not its own")
        return
    index, record = recorded
    said = (record.get("member"), record.get("use"), record.get("document"))
    if index != key.log_index or said != (key.member, key.use.value, key.document):
        yield Finding("key-unlogged", name, "the entry of this key says something else")
    if name in evidence.ledger.revoked and key.revoked_at_index is None:
        yield Finding("key-revived", name, "the log says that this key was taken out of use")


def _as_signed(key: RegisteredKey, evidence: Evidence) -> bool:
    if key.use is KeyUse.IDENTITY:
        return DocumentPublicKey.from_jwks(key.jwk).key_id == key.key_id
    entry = read_entry(key.document, _signer(key.member, key.document, evidence))
    said = (entry.member, entry.use.value, entry.key_id, entry.jwk, entry.suite)
    kept = (key.member, key.use.value, key.key_id, key.jwk, key.suite)
    return said == kept and (entry.valid_from, entry.valid_until) == (key.valid_from, key.valid_until)


def _signer(member: MemberId, document: canonical.Json, evidence: Evidence) -> DocumentPublicKey:
    """The identity key of a member that is said to have signed, whether or not it still counts."""
    named = signers(document)
    mine = [key for key in evidence.work.members.keys(member) if key.use is KeyUse.IDENTITY]
    found = [key for key in mine if key.key_id in named] or mine
    if not found:
        raise MalformedMessage("identity-unknown", "the signer has no identity key")
    return DocumentPublicKey.from_jwks(found[-1].jwk)


def _audit_paper(paper: Paper, evidence: Evidence) -> Iterator[Finding]:
    where = f"{paper.name} {paper.version}"
    try:
        as_signed = _paper_as_signed(paper, evidence)
    except ProtocolError:
        as_signed = False
    if not as_signed or paper.digest != canonical.digest(canonical.encode(paper.document)):
        yield Finding("paper-altered", where, "the paper is not what its parties signed")
    recorded = evidence.ledger.papers.get((paper.kind.value, paper.name, paper.version))
    if recorded is None:
        if paper.state is not PaperState.PROPOSED:
            yield Finding("paper-unlogged", where, "this paper binds and is not in the log")
        return
    index, record = recorded
    if (index, record.get("digest")) != (paper.log_index, paper.digest):
        yield Finding("paper-unlogged", where, "the entry of this paper says something else")
    if paper.name not in evidence.waiting and paper.state is not _state(paper, index, evidence):
        yield Finding("paper-state", where, "the paper is not in the state that the log leads to")


def _paper_as_signed(paper: Paper, evidence: Evidence) -> bool:
    first = paper.parties[0]
    times = (paper.valid_from, paper.valid_until)
    if paper.kind is PaperKind.AGREEMENT:
        agreement = read_agreement(paper.document)
        behind = paper.signed_by if paper.state is PaperState.PROPOSED else paper.parties
        keys = [_signer(party, paper.signed, evidence) for party in behind]
        # A proposal that all have taken back is held to nobody's word.
        same = not behind or verify_document(paper.signed, Typ.AGREEMENT, keys) == canonical.encode(
            paper.document
        )
        parties = tuple(party.member for party in agreement.parties)
        return same and (parties, agreement.starts_at, agreement.lapses_at) == (paper.parties, *times)
    signer = _signer(first, paper.document, evidence)
    if paper.kind is PaperKind.EPOCH:
        epoch = read_epoch(paper.document, signer)
        return (epoch.id, epoch.valid_from, epoch.valid_until) == (paper.name, *times)
    if paper.kind is PaperKind.ACCESSION:
        accession = read_accession(paper.document, signer)
        named = f"{accession.agreement}~{accession.member}"
        return (named, accession.member, accession.signed_at) == (paper.name, first, paper.valid_from)
    if paper.kind is PaperKind.WORD:
        word = read_suspension(paper.document, signer)
        named = f"{word.agreement}~{word.member}"
        return (named, word.member, word.signed_at) == (paper.name, first, paper.valid_from)
    typ = Typ.MANDATE if paper.kind is PaperKind.MANDATE else Typ.STANDING_REQUEST
    mandate = read_mandate(paper.document, typ, signer)
    said = ((mandate.authority, mandate.other), mandate.valid_from, mandate.valid_until)
    return said == (paper.parties, *times)


def _state(paper: Paper, index: int, evidence: Evidence) -> PaperState:
    """The state that the log leads to: what came into force after it, what its parties said since."""
    later = [
        (version, place)
        for (kind, name, version), (place, _) in evidence.ledger.papers.items()
        if (kind, name) == (paper.kind.value, paper.name) and version > paper.version
    ]
    end = min((place for _, place in later), default=None)
    away, ended = set[str](), False
    said = [] if paper.kind is PaperKind.WORD else evidence.ledger.words.get(paper.name, [])
    for place, change, by in said:
        if place > index and (end is None or place < end):
            ended = ended or change == Change.END.value
            away = away - {by} if change == Change.RESUME.value else away | {by}
    if ended:
        return PaperState.ENDED
    if later:
        return PaperState.SUPERSEDED
    return PaperState.SUSPENDED if away else PaperState.IN_FORCE
