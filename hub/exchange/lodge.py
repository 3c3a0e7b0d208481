"""What one member signs alone: an authority's mandate or standing request, the custodian's epoch.

Decides which of them the hub knows. Each binds once its entry is in the log (`hub.exchange.bind`);
a withdrawal binds at once.
"""

from typing import Final

from hub.exchange.bind import check_new, supersede
from hub.exchange.errors import Declined
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import Errand, ErrandKind, Paper, PaperKind, PaperState
from hub.exchange.trust import identity_key
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.epoch import read_epoch
from hub.protocols.errors import Untrusted
from hub.protocols.mandate import read_mandate
from hub.protocols.names import EpochId, MemberId, MemberKind
from hub.protocols.signing import Typ

_ASKED: Final = {
    PaperKind.MANDATE: frozenset({MemberKind.CAREERS_COMPANY}),
    PaperKind.STANDING_REQUEST: frozenset({MemberKind.COLLEGE, MemberKind.SCHOOL}),
}
"""To whom an authority gives such a paper."""

_PAPER_TYP: Final = {PaperKind.MANDATE: Typ.MANDATE, PaperKind.STANDING_REQUEST: Typ.STANDING_REQUEST}


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
        supersede(paper, work)
    work.papers.put(paper)
    work.outbox.add(
        Errand(ErrandKind.RECORD, paper.name, {"what": kind.value, "version": paper.version}), hub.now()
    )
    return paper


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


def _next_version(kind: PaperKind, name: str, work: Work) -> int:
    newest = work.papers.get(kind, name)
    return 1 if newest is None else newest.version + 1
