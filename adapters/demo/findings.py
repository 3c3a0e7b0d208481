"""Finds out what one run came to, and tells it: lines 4 to 9, the report's facts, `summary.json`.

Counts of releases, refusals and matches are read from the hub's own log by its operator; what was
opened is read from the gateways' records; proofs are made from the public log.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.demo import lines, opening, operator_log, probes, proving
from adapters.demo.enrolment import MANDATES
from adapters.demo.exchanging import Exchanged
from adapters.demo.lapsing import Lapse, watch_lapse
from adapters.demo.matches import Match, Matches, answered, count_matches, explain_one
from adapters.demo.measure import Days, measure_days
from adapters.demo.opening import OneNotice
from adapters.demo.probes import Probing
from adapters.demo.proving import Proved
from adapters.demo.publishing import Rehearsal, Sending
from adapters.demo.recalling import Recalled, recall_one
from adapters.demo.refusing import Shown, shown_refusals
from adapters.demo.suppression import Cell
from adapters.demo.world import AREAS, MEMBERS, World
from hub.protocols.canonical import Json, b64u, instant
from hub.protocols.delivery import Stage
from hub.protocols.names import AgreementId, MemberId

SHOWN: Final = ("strong", "kent", "medway")
"""The person of the story whose notice is shown opened, who sent it, and who opened it."""


@dataclass(frozen=True, slots=True)
class Findings:
    """One run, from the members to the days."""

    members: int
    mandates: int
    agreements: Mapping[AgreementId, str]
    sending: Sending
    rehearsal: Rehearsal
    matches: Matches
    explained: Match
    released: int
    refused: Mapping[str, int]
    """Notices by reason code: of which something was kept back, if only a part."""
    shown: tuple[Shown, ...]
    waiting: int
    lapse: Lapse
    opened: int
    acknowledged: int
    notice: OneNotice
    recalled: Recalled
    proved: Proved
    probing: Probing
    recorded: tuple[str, ...]
    """What the hub's own log says became of each probe."""
    days: Days
    flows: Mapping[Cell, int]
    """Matches from area to area, not yet fit to be shown: see `suppression`."""
    seconds: float

    def summary(self) -> Json:
        """Return the run in numbers, as `summary.json` holds it."""
        states = list(self.agreements.values())
        checkpoint = self.proved.audit.checkpoint
        return {
            "members": self.members,
            "agreements": {"in_force": states.count("in force"), "expired": states.count("expired")},
            "published": len(self.sending.promised),
            "matched": {
                "certain": len(self.matches.certain),
                "second_look": len(self.matches.second_look),
                "none": self.matches.none,
            },
            "truth": {"precision": self.matches.precision, "recall": self.matches.recall},  # type: ignore[dict-item]  # a report for people, no message
            "released": self.released,
            "refused": dict(self.refused),
            "lapse": {
                "agreement": self.lapse.agreement,
                "last_second": instant(self.lapse.last),
                "then": self.lapse.code,
            },
            "opened": self.opened,
            "acknowledged": self.acknowledged,
            "recalled": {
                "part": self.recalled.part.value,
                "asked": self.recalled.asked,
                "erased": self.recalled.erased,
            },
            "log": {
                "size": checkpoint.size,
                "root": b64u(checkpoint.root),
                "proofs_verified": self.proved.proofs,
                "tamper_detected": all(self.proved.caught),
            },
            "probe": {"learned": self.probing.anything},
            "seconds": round(self.seconds, 1),  # type: ignore[dict-item]  # as above
        }


def find(world: World, done: Exchanged, say: Callable[[str], None], begun: float) -> Findings:
    """Gather everything that a run came to, and say each claim as it is found."""
    whole = operator_log.read_log(world.operator)
    log = done.own_story(whole)
    matches = count_matches(done.told, log, world.region, answered(world))
    explained = explain_one(matches, world.region)
    say(lines.matched(matches, explained))
    shown, waiting = shown_refusals(world, done.told, log), done.waiting(world)
    stages = Counter(str(line.record["stage"]) for line in log if line.kind == "release")
    say(lines.released(stages[Stage.IDENTITY.value], stages[Stage.REST.value], shown, waiting))
    lapse = watch_lapse(world)
    say(lines.lapsed(lapse))
    opened = opening.write_opened(world)
    notice = opening.one_notice(world, *SHOWN, done.told)
    say(lines.opened(notice))
    recalled = recall_one(world, notice.notice, *SHOWN[1:])
    opening.write_opened(world)  # again, without what was recalled
    say(lines.recalled(recalled, notice))
    proved = _prove(world)
    say(lines.logged(proved))
    probing = probes.look(world, done.attempted)
    recorded = tuple(probes.recorded(one.notice, whole) for one in done.attempted)
    say(lines.probed(probing, recorded))
    days = measure_days(_released(matches, world))
    say(lines.days(days))
    return Findings(
        members=len(MEMBERS),
        mandates=len(MANDATES),
        agreements=world.agreements,
        sending=done.sending,
        rehearsal=done.rehearsal,
        matches=matches,
        explained=explained,
        released=stages.total(),
        refused={code: len(found) for code, found in operator_log.refusals(log, done.told).items()},
        shown=shown,
        waiting=waiting,
        lapse=lapse,
        opened=opened,
        acknowledged=sum(line.kind == "acknowledgement" for line in log),
        notice=notice,
        recalled=recalled,
        proved=proved,
        probing=probing,
        recorded=recorded,
        days=days,
        flows=_flows((*matches.certain, *matches.second_look)),
        seconds=time.monotonic() - begun,
    )


def _prove(world: World) -> Proved:
    folder, vkey = world.out / "log", world.gateways[MEMBERS[0].home].pinned.log_vkey
    checkpoint = proving.copy_log(world.hub.url, folder)
    return proving.prove(folder, vkey, proving.open_entries(world.gateways, checkpoint.size), world.gateways)


def _released(matches: Matches, world: World) -> list[Match]:
    """The matches of which something was released, as the recipients' own records say."""
    received = {one.notice for gateway in world.gateways.values() for one in gateway.received()}
    return [match for match in matches.certain if match.departure.notice in received]


def _flows(matches: Sequence[Match]) -> dict[Cell, int]:
    return Counter((_area(match.departure.home), _area(match.arrival.home)) for match in matches)


def _area(home: str) -> str:
    return AREAS[MemberId(f"mbr_{home}")]
