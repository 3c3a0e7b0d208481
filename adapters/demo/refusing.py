"""The four refusals that the story points at, each as the hub recorded it.

An agreement that has lapsed, a young person's own word, a shielded address, a college that nobody has
asked: each with the agreement, version and clause that its entry in the log names, and with whoever can
change it. Neither side is told of the first; the operator's log holds all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.demo.errors import DemoFault
from adapters.demo.matches import Told, notice_of
from adapters.demo.operator_log import LogLine, reasons_for
from adapters.demo.publishing import cite
from adapters.demo.world import World
from hub.consent.explain import OFFICERS, REMEDIES
from hub.consent.rules import ReasonCode
from hub.protocols.names import NoticeId


@dataclass(frozen=True, slots=True)
class Case:
    """A person of the story, whose notice it is, and what it comes to."""

    code: ReasonCode
    special: str
    sender: str
    words: str
    waits: bool = False


CASES: Final = (
    Case(ReasonCode.EXPIRED, "expired", "lambeth", "Lambeth to Southwark: the agreement is past its review"),
    Case(
        ReasonCode.INSTRUCTION,
        "instruction",
        "kent",
        "Kent to Medway: the young person said not to pass it on",
    ),
    Case(
        ReasonCode.SHIELD,
        "shield",
        "kent",
        "Kent to Medway: a shielded address waits for a named officer",
        waits=True,
    ),
    Case(
        ReasonCode.NO_REQUEST,
        "no_standing_request",
        "thames-college",
        "Thames College to Southwark: nobody has asked for such notices",
    ),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One refusal: its code, the case in words, what its entry cites, and who can change it."""

    code: str
    words: str
    cited: str
    who: str
    how: str
    waits: bool


def shown_refusals(world: World, told: Mapping[NoticeId, Told], log: Sequence[LogLine]) -> tuple[Shown, ...]:
    """Find each of the four in the log; raise `DemoFault` where one of them is not there."""
    return tuple(
        _shown(case, notice_of(world.region, told, case.special, case.sender), log) for case in CASES
    )


def _shown(case: Case, notice: NoticeId, log: Sequence[LogLine]) -> Shown:
    reasons = reasons_for(log, notice, case.code.value)
    if not reasons or reasons[0].clause is None:
        raise DemoFault(f"the log holds no {case.code.value} with its clause", "report this: it is a fault")
    remedy = OFFICERS if case.waits else REMEDIES[case.code]
    cited = cite(reasons[0].agreement, reasons[0].version, reasons[0].clause)
    return Shown(case.code.value, case.words, cited, remedy.who, remedy.what, case.waits)
