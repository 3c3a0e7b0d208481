"""Others join an agreement that is open to them: one document, many signers, each for itself.

Decides whether a member may stand beside the parties of a document that they have in force, and
notes what it says of itself later. An accession binds once its entry is in the log; it ends with the
version that it names. A newcomer that stops, stops for itself alone and at once (I6); a party that
stands in the document stops it for everybody.
"""

from dataclasses import replace
from typing import Final, cast

from hub.consent.documents import read_agreement, reload_agreement
from hub.exchange.bind import check_new, reconsider
from hub.exchange.errors import Declined, NotYours
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import Errand, ErrandKind, Paper, PaperKind, PaperState
from hub.exchange.trust import identity_key
from hub.exchange.word import STATES, keep_word, read_word
from hub.protocols import canonical
from hub.protocols.accession import Accession, read_accession, reload_accession
from hub.protocols.canonical import Json
from hub.protocols.errors import Untrusted
from hub.protocols.names import AgreementId, MemberId

_STANDS: Final = frozenset({PaperState.PROPOSED, PaperState.IN_FORCE, PaperState.SUSPENDED})


def accede(name: str, document: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    """Keep a member's accession to the version that binds; it binds once its entry is in the log.

    The same word again changes nothing. Raises `NotYours` where no version binds, or one that is open to
    nobody and not the caller's (I7); `Declined` where the agreement is not open to this group or this
    kind of member; `Untrusted` for other bytes.
    """
    paper = binding(name, work)
    if paper is None or (caller not in paper.parties and not reload_agreement(paper.document).open_to):
        raise NotYours
    accession = read_accession(document, identity_key(caller, work))
    if (accession.agreement, accession.version, accession.digest) != (name, paper.version, paper.digest):
        raise Untrusted("accession-other", "this names another agreement, version or other bytes")
    if accession.member != caller:
        raise Untrusted("accession-other", "a member joins for itself alone")
    _check_open(accession, paper, work)
    known = joined(name, caller, work)
    if known is not None and reload_accession(known.document).digest == paper.digest:
        return known
    check_new(PaperKind.ACCESSION, _named(name, caller), document, work)
    return _keep(accession, document, paper, work, hub)


def binding(name: str, work: Work) -> Paper | None:
    """The version of an agreement that is in force, whatever is proposed in its place."""
    versions = (paper for paper in work.papers.all(PaperKind.AGREEMENT) if paper.name == name)
    return next((paper for paper in versions if paper.state is PaperState.IN_FORCE), None)


def joined(name: str, member: MemberId, work: Work) -> Paper | None:
    """A member's accession to an agreement, as long as it stands or may stand again."""
    paper = work.papers.get(PaperKind.ACCESSION, _named(name, member))
    return paper if paper is not None and paper.state in _STANDS else None


def change_accession(name: str, document: Json, caller: MemberId, work: Work, hub: Hub) -> Paper:
    """Stop, resume or end what a newcomer has joined, for itself alone; stopping acts at once (I6)."""
    paper = joined(name, caller, work)
    if paper is None:
        raise NotYours
    word = read_word(document, caller, work, hub)
    version = reload_accession(paper.document).version
    if (word.agreement, word.version, word.member) != (AgreementId(name), version, caller):
        raise Untrusted("suspension-other", "this names another agreement, version or member")
    state = STATES.get((paper.state, word.change))
    if state is None or state is paper.state:
        raise Declined(
            "agreement-state", "this version is not in a state in which this can be done: see which one binds"
        )
    changed = replace(paper, state=state)
    work.papers.put(changed)
    if state is PaperState.IN_FORCE:
        reconsider(frozenset({caller}), work, hub)
    keep_word(word, document, paper, work, hub)
    return changed


def _check_open(accession: Accession, paper: Paper, work: Work) -> None:
    """Open to this group; of a kind that is in the group already; and fit to stand in the document."""
    agreement = reload_agreement(paper.document)
    if accession.member in paper.parties:
        raise Declined("party-known", "a party of the document itself does not join it")
    if accession.group not in agreement.open_to:
        raise Declined("accession-closed", "the agreement is not open to this group")
    there = [work.members.get(party.member) for party in agreement.parties if party.group == accession.group]
    newcomer = work.members.get(accession.member)
    if newcomer is None or newcomer.kind not in {one.kind for one in there if one is not None}:
        raise Declined("member-kind", "nobody of this kind of member is in that group")
    document = cast("dict[str, Json]", paper.document)
    read_agreement({**document, "parties": [*cast("list[Json]", document["parties"]), accession.party]})


def _keep(accession: Accession, document: Json, paper: Paper, work: Work, hub: Hub) -> Paper:
    name = _named(paper.name, accession.member)
    newest = work.papers.get(PaperKind.ACCESSION, name)
    kept = Paper(
        kind=PaperKind.ACCESSION,
        name=name,
        version=1 if newest is None else newest.version + 1,
        digest=canonical.digest(canonical.encode(document)),
        document=document,
        signed=document,
        parties=(accession.member, *paper.parties),
        signed_by=(accession.member,),
        state=PaperState.PROPOSED,
        valid_from=accession.signed_at,
        valid_until=None,
        log_index=None,
    )
    work.papers.put(kept)
    body: Json = {"what": PaperKind.ACCESSION.value, "version": kept.version}
    work.outbox.add(Errand(ErrandKind.RECORD, name, body), hub.now())
    return kept


def _named(agreement: str, member: MemberId) -> str:
    return f"{agreement}~{member}"
