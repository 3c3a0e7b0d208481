"""A lapse, seen as it happens: one gateway's clock is moved over the last second of an agreement.

The agreement is the one that has let names and addresses flow a moment ago, as Kent's gateway keeps it,
signed by both. At its last second the gateway would still give the key for a name; at the next it gives
none, by itself and without a word from the hub. The hub and the other gateways keep their own time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters.demo.errors import DemoFault
from adapters.demo.world import World, homes
from adapters.member import Gateway
from adapters.member.copies import Kept, read_kept
from hub.consent.agreement import Agreement
from hub.consent.decision import Decision, ReasonCode
from hub.consent.flags import NO_FLAGS
from hub.consent.question import Category, Scope
from hub.protocols.names import AgreementId, MemberId, NoticeType

SENDER: Final = "kent"
RECIPIENT: Final = MemberId("mbr_medway")
AGREEMENT: Final = AgreementId("agr_kent-medway-movers")
SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Lapse:
    """What one gateway would do at the last second of an agreement, and at the next."""

    agreement: AgreementId
    version: int
    last: datetime
    clause: str
    """By which a name may go at the last second."""
    code: str
    """Why it may not at the next."""


def watch_lapse(world: World) -> Lapse:
    """Move the sender's clock over the end; raise `DemoFault` where the flow does not stop there."""
    kept = read_kept(world.gateways[SENDER].records)
    copies = () if kept is None else kept.terms.copies
    agreement = next((copy.agreement for copy in copies if copy.agreement.id == AGREEMENT), None)
    if kept is None or agreement is None:
        raise DemoFault("a gateway has kept no copy of its agreement", "report this: it is a fault")
    ends = agreement.lapses_at
    before, after = (_names_at(world, kept, at) for at in (ends - SECOND, ends))
    if before.permit is None or after.permitted or after.reasons[0].code is not ReasonCode.EXPIRED:
        raise DemoFault("an agreement that lapses does not stop the flow", "report this: it is a fault")
    return _seen(agreement, before.permit.clause, after)


def _seen(agreement: Agreement, clause: str, after: Decision) -> Lapse:
    return Lapse(
        agreement.id, agreement.version, agreement.lapses_at - SECOND, clause, after.reasons[0].code.value
    )


def _names_at(world: World, kept: Kept, at: datetime) -> Decision:
    """Whether a name may go to the neighbour, by the sender's gateway at this instant of its clock."""
    with Gateway(homes(world.out) / SENDER, now=lambda: at) as gateway:
        asked = gateway.outbox.rehearse(RECIPIENT, NoticeType.MOVED_OUT, Scope.AGE_16_17, NO_FLAGS, kept)
    return next(decision for _, decision in asked if decision.category is Category.IDENTITY)
