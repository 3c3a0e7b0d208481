"""The exchange itself: the members publish, the hub matches, gateways answer until all is at rest.

Also the member that is too curious: its probes are published when the true notices have come to rest, so
that it meets what a prober would meet, and run in the same slots as the members' last answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from adapters.demo import lines, probes, publishing
from adapters.demo.matches import Told, notice_of, told_by
from adapters.demo.opening import Sealed, take_sealed
from adapters.demo.probes import Attempted
from adapters.demo.publishing import Rehearsal, Sending
from adapters.demo.rounds import run_until_rest
from adapters.demo.world import World, in_each
from adapters.member import Gateway
from hub.protocols.acknowledgement import OutcomeKind
from hub.protocols.delivery import Stage
from hub.protocols.names import DisclosureId, NoticeId

SHOWN: Final = "strong"
"""The person of the story whose notice is shown opened."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What was published, and what has to be kept of it before bodies are forgotten."""

    rehearsal: Rehearsal
    sending: Sending
    told: Mapping[NoticeId, Told]
    shown: NoticeId
    shown_at: str
    """Home of the member that opened it."""
    sealed: Mapping[DisclosureId, tuple[Sealed, ...]]
    waiting: int
    """Cases that wait for a person."""
    log_size: int
    """Entries of the log before the probes: what follows is not part of the members' own story."""
    attempted: tuple[Attempted, ...]


def exchange(world: World, say: Callable[[str], None]) -> Exchanged:
    """Publish, exchange, report outcomes, probe; returns when nobody has anything more to do."""
    publishing.load_caseloads(world)
    rehearsal = publishing.rehearse(world, "instruction", "kent", "medway")
    sending = publishing.publish_everything(world)
    say(lines.published(sending, rehearsal))
    before = run_until_rest(world.hub.url, world.gateways)
    told = told_by(world, sending.promised)
    shown = notice_of(world.region, told, SHOWN, "kent")
    sealed = take_sealed(world, "medway", shown)
    in_each(world.gateways, _report_outcomes)
    waiting = sum(len(gateway.waiting()) for gateway in world.gateways.values())
    attempted = probes.attempt(world, probes.probes_for(world.region))
    run_until_rest(world.hub.url, world.gateways)
    return Exchanged(rehearsal, sending, told, shown, "medway", sealed, waiting, before, attempted)


def _report_outcomes(gateway: Gateway) -> None:
    """Say that everybody who was confirmed and told of in full is in the caseload now."""
    for received in gateway.received():
        if received.stage == Stage.REST.value:
            gateway.report_outcome(received.item, OutcomeKind.IN_CASELOAD)
