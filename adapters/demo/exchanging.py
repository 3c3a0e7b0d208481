"""The exchange itself: the members publish, the hub matches, gateways answer until all is at rest.

Also the member that is too curious: it publishes its probes once every true notice is carried, so that
it meets what a prober would meet, while the others go on exchanging.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.demo import lines, probes, publishing
from adapters.demo.matches import Told, notice_of, told_by
from adapters.demo.operator_log import LogLine
from adapters.demo.probes import Attempted
from adapters.demo.publishing import Rehearsal, Sending
from adapters.demo.rounds import run_until_carried, run_until_rest
from adapters.demo.world import World
from hub.protocols.names import NoticeId


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What was published, and what the prober tried."""

    rehearsal: Rehearsal
    sending: Sending
    told: Mapping[NoticeId, Told]
    attempted: tuple[Attempted, ...]
    probed_from: int
    """Entries of the log before the first probe."""
    targets: frozenset[NoticeId]
    """Members' notices that probes were aimed at."""

    def own_story(self, log: Sequence[LogLine]) -> list[LogLine]:
        """Return the entries that are the members' own doing, not the prober's."""
        return [line for line in log if line.index < self.probed_from or line.notice not in self.targets]

    def waiting(self, world: World) -> int:
        """Count the cases of the members' own that wait for a person."""
        cases = (one for gateway in world.gateways.values() for one in gateway.waiting())
        return sum(one.notice not in self.targets for one in cases)


def exchange(world: World, say: Callable[[str], None]) -> Exchanged:
    """Publish, exchange, probe; returns when nobody has anything more to do."""
    publishing.load_caseloads(world)
    rehearsal = publishing.rehearse(world, "instruction", "kent", "medway")
    sending = publishing.publish_everything(world)
    say(lines.published(sending, rehearsal))
    told = told_by(world, sending.promised)
    before = run_until_carried(world.hub.url, world.gateways)
    attempted = probes.attempt(world, probes.probes_for(world.region))
    run_until_rest(world.hub.url, world.gateways)
    targets = frozenset(notice_of(world.region, told, special, home) for special, home in probes.TARGETS)
    return Exchanged(rehearsal, sending, told, attempted, before, targets)
