"""When a paper binds, what it replaces, and what is decided again because of it.

The same for every kind of signed paper: an entry in the log puts it in force, its predecessor's time
ends with that, and whatever was held back between the members concerned is decided again.
"""

from dataclasses import replace
from typing import Final

from hub.exchange.errors import Declined
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import Errand, ErrandKind, Paper, PaperKind, PaperState, Standing
from hub.protocols.canonical import Json, Reader
from hub.protocols.limits import DOCUMENT_BYTES
from hub.protocols.names import MemberId

_BOUND: Final = frozenset(
    {PaperState.IN_FORCE, PaperState.SUSPENDED, PaperState.ENDED, PaperState.SUPERSEDED}
)


def stands(paper: Paper) -> bool:
    """Whether all stand behind a paper who have to, before it may bind."""
    return paper.kind is not PaperKind.AGREEMENT or {*paper.signed_by} == {*paper.parties}


def put_in_force(paper: Paper, log_index: int, work: Work, hub: Hub) -> Paper:
    """Note that a paper's entry is in the log: from now on it binds, and its predecessor does not."""
    versions = [each for each in work.papers.all(paper.kind) if each.name == paper.name]
    late = any(each.version > paper.version and each.state in _BOUND for each in versions)
    bound = replace(paper, state=PaperState.SUPERSEDED if late else PaperState.IN_FORCE, log_index=log_index)
    work.papers.put(bound)
    if late:
        return bound
    supersede(paper, work)
    _go_live(paper, work)
    if paper.kind not in {PaperKind.EPOCH, PaperKind.WORD}:
        reconsider(frozenset(paper.parties), work, hub)
    return bound


def check_new(kind: PaperKind, name: str, document: Json, work: Work) -> None:
    """Raise `Declined` for a signed word that is over: whoever copied it does not bring it back."""
    for paper in work.papers.all(kind):
        over = paper.name == name and paper.state in {PaperState.ENDED, PaperState.SUPERSEDED}
        if over and _payload(paper.document) == _payload(document):
            raise Declined("paper-over", "what was signed here has ended: sign it anew")


def supersede(paper: Paper, work: Work) -> None:
    """End the time of every earlier version of a paper."""
    for older in work.papers.all(paper.kind):
        earlier = older.name == paper.name and older.version < paper.version
        if earlier and older.state is not PaperState.ENDED:
            work.papers.put(replace(older, state=PaperState.SUPERSEDED))


def is_real(paper: Paper, work: Work) -> bool:
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


def _go_live(paper: Paper, work: Work) -> None:
    """A real agreement makes its parties live, and who acts for them; a live authority's mandate does too."""
    bound = {PaperKind.AGREEMENT, PaperKind.ACCESSION}
    if not is_real(paper, work) or paper.kind not in {*bound, PaperKind.MANDATE}:
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


def _payload(signed: Json) -> str:
    return Reader(signed, "signatures").text("payload", max=DOCUMENT_BYTES)
