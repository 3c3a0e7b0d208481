"""A word said afterwards: the young person of line 6 says no, and what was told is recalled.

Real at both ends: the sender's gateway writes the instruction into its flag book and sends a recall;
the hub decides, records and hands it over; the recipient's gateway destroys what it had opened of the
part and signs that it has. Both gateways are asked afterwards, not the hub.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from adapters.demo.errors import DemoFault
from adapters.demo.rounds import run_until
from adapters.demo.world import World
from adapters.member import Gateway
from adapters.member.flagging import Wish
from adapters.member.recalls import ANSWERED
from hub.consent.flag_record import Kind, MadeBy
from hub.protocols.names import NoticeId, Part

PART: Final = Part.PARTICIPATION
OFFICER: Final = "Demo Officer"


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was recalled of one notice, and how many of those who had it have signed that it is gone."""

    notice: NoticeId
    part: Part
    asked: int
    erased: int


def recall_one(world: World, notice: NoticeId, sender: str, recipient: str) -> Recalled:
    """Let the person say no at the sender; raise `DemoFault` where it does not reach the recipient."""
    gateways = {home: world.gateways[home] for home in (sender, recipient)}
    holder, told = gateways[sender], gateways[recipient]
    about = holder.flagging.book.about(notice)
    if about is None or not _holds(told, notice):
        raise DemoFault("the notice to be recalled was never opened", "report this: it is a fault")
    holder.flagging.set(Wish(about.ref, Kind.INSTRUCTION, MadeBy.YOUNG_PERSON, OFFICER, frozenset({PART})))
    holder.carry_flags()
    run_until(lambda: _answered(holder, notice), gateways)
    recalls = holder.flagging.recalls.all(notice)
    erased = sum(recall.state in ANSWERED for recall in recalls)
    if not recalls or erased < len(recalls) or _holds(told, notice):
        raise DemoFault("a recall has not reached its recipient", "report this: it is a fault")
    return Recalled(notice, PART, len(recalls), erased)


def _answered(holder: Gateway, notice: NoticeId) -> bool:
    """Whether everybody who was asked has signed that it is gone."""
    recalls = holder.flagging.recalls.all(notice)
    return bool(recalls) and all(recall.state in ANSWERED for recall in recalls)


def _holds(gateway: Gateway, notice: NoticeId) -> bool:
    """Whether a gateway still has the part in clear."""
    bodies = (one.body for one in gateway.records.of_notice(notice))
    facts = (body.get("facts") for body in bodies if isinstance(body, dict))
    return any(isinstance(fact, Mapping) and fact.get(PART.value) is not None for fact in facts)
