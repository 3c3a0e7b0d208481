"""Lets a member be curious: four forged notices, then too many, and looks what it learned.

The prober is a real member with real keys and uses them as it may. Beside every probe it publishes a
control of the same make about nobody at all. It learned something if anything that reached it, or any
answer it got, tells a probe from its control: answers to publishing, the notice's own resource and
timeline, its inbox, the entries of the log that it may open. Ids, times and signatures differ always,
so answers are compared by form: fields, words and lengths.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapters.demo.operator_log import LogLine, reasons_of
from adapters.demo.people import Region, make_region
from adapters.demo.publishing import OFFICER
from adapters.demo.records import Person
from adapters.demo.world import World
from adapters.member import Gateway
from adapters.move import Address, Move
from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.names import NoticeId, NoticeType

PROBER: Final = "southwark"
"""In agreement with Medway; with Kent it has none."""

TARGETS: Final = (("open_kent", "kent"), ("open_medway", "medway"), ("arrived_medway", "medway"))
"""Whose notices the probes are aimed at, and which member's they are."""

OVER: Final = 3
"""Notices beyond the day's allowance."""
ALLOWANCE: Final = 20

_SAME_FORM: Final = re.compile(r"[A-Za-z0-9_-]{20,}|\d{4}-\d\d-\d\dT[\d:]+Z")


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt: what is forged, and a control of the same make about nobody."""

    attempt: str
    kind: NoticeType
    forged: Move
    control: Move


@dataclass(frozen=True, slots=True)
class Attempted:
    """A probe and its control, published."""

    probe: Probe
    notice: NoticeId
    control: NoticeId
    answers: tuple[Json, Json]


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of one probe; `differences` is empty where nothing was learned."""

    probe: Probe
    notice: NoticeId
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probing:
    """All probes, and what happened over the quota."""

    learned: tuple[Learned, ...]
    published_today: int
    alarm: bool

    @property
    def anything(self) -> bool:
        """Whether any probe taught the prober anything."""
        return any(one.differences for one in self.learned)


def probes_for(region: Region) -> tuple[Probe, ...]:
    """Forge four notices with what somebody could know, and a control for each."""
    nobodies = iter(make_region(region.seed + 1_000_003, region.today).people.values())
    absent, open_kent = region.person("absent"), region.person("open_kent")
    open_medway, arrived = region.person("open_medway"), region.person("arrived_medway")
    return (
        Probe(
            "forged arrival for somebody of whom no member has a notice",
            NoticeType.NEW_ARRIVAL,
            _all_of(absent),
            _all_of(next(nobodies)),
        ),
        Probe(
            "forged arrival for somebody with an open notice of Kent's, with whom there is no agreement",
            NoticeType.NEW_ARRIVAL,
            _all_of(open_kent),
            _all_of(next(nobodies)),
        ),
        Probe(
            "forged arrival under an agreement with Medway, knowing name and birthday",
            NoticeType.NEW_ARRIVAL,
            _name_and_birthday(open_medway),
            _name_and_birthday(next(nobodies)),
        ),
        Probe(
            "forged moved_out for somebody who has arrived in Medway, knowing name and birthday",
            NoticeType.MOVED_OUT,
            _name_and_birthday(arrived),
            _name_and_birthday(next(nobodies)),
        ),
    )


def attempt(world: World, probes: tuple[Probe, ...]) -> tuple[Attempted, ...]:
    """Publish each probe and its control; then go over the quota with notices about nobody."""
    gateway = world.gateways[PROBER]
    attempted = []
    for probe in probes:
        notice, answer = _publish(gateway, probe.forged, probe.kind)
        control, other = _publish(gateway, probe.control, probe.kind)
        attempted.append(Attempted(probe, notice, control, (answer, other)))
    spare = ALLOWANCE + OVER - len(gateway.records.all_sent())
    strangers = list(make_region(world.region.seed + 2_000_003, world.region.today).people.values())
    gateway.publish(map(_name_and_birthday, strangers[: max(spare, OVER)]), NoticeType.NEW_ARRIVAL, OFFICER)
    return tuple(attempted)


def look(world: World, attempted: tuple[Attempted, ...]) -> Probing:
    """Compare everything that the prober has received or can ask for, probe by control."""
    gateway = world.gateways[PROBER]
    items, entries = _inbox(gateway), _entries(gateway)
    learned = tuple(
        Learned(one.probe, one.notice, tuple(_differences(gateway, one, items, entries))) for one in attempted
    )
    alarm = any(item.get("kind") == "alarm" for item in items)
    return Probing(learned, len(gateway.records.all_sent()), alarm)


def _publish(gateway: Gateway, move: Move, kind: NoticeType) -> tuple[NoticeId, Json]:
    composed = gateway.outbox.compose(move, kind, OFFICER, gateway.epoch())
    gateway.records.queue(composed.sent)
    answer = gateway.transport.send("/v1/notices", composed.envelope, "application/json")
    gateway.records.promised(composed.sent.notice, Reader(answer, "answer").text("promise", max=4096))
    return composed.sent.notice, answer


def _differences(
    gateway: Gateway, one: Attempted, items: list[Mapping[str, Json]], entries: list[str]
) -> list[str]:
    found = []
    if form(one.answers[0]) != form(one.answers[1]):
        found.append("the answer to publishing")
    for path in ("/v1/notices/{}", "/v1/notices/{}/timeline", "/v1/notices/{}/promise"):
        shown = [form(gateway.transport.get(path.format(notice))) for notice in (one.notice, one.control)]
        if shown[0] != shown[1]:
            found.append(path.format("…"))
    if any(one.notice in canonical.encode(dict(item)).decode() for item in items):
        found.append("the inbox")
    told = [sum(notice in entry for entry in entries) for notice in (one.notice, one.control)]
    if told[0] != told[1]:
        found.append("entries of the log")
    return found


def recorded(notice: NoticeId, log: Sequence[LogLine]) -> str:
    """Say what the hub's own log holds of a probe, for the operator and nobody else."""
    codes = sorted({reason.code for line in log if line.notice == notice for reason in reasons_of(line)})
    if codes:
        return "matched, refused: " + ", ".join(codes)
    looked = any(line.notice == notice and line.kind == "second_look" for line in log)
    return "matched, kept for a second look" if looked else "no match"


def form(value: Json) -> Json:
    """Return an answer with what differs always put aside: ids, times, signatures keep their length alone."""
    if isinstance(value, dict):
        return {name: form(one) for name, one in sorted(value.items())}
    if isinstance(value, list):
        return [form(one) for one in value]
    if isinstance(value, str):
        return _SAME_FORM.sub(lambda found: f"<{len(found[0])}>", value)
    return "number" if isinstance(value, int) and not isinstance(value, bool) else value


def _inbox(gateway: Gateway) -> list[Mapping[str, Json]]:
    """Everything in the prober's inbox from its beginning, as the hub shows it."""
    items, cursor = list[Mapping[str, Json]](), None
    while True:
        params: dict[str, str | int] = {"limit": 100, "wait": 0} | (
            {} if cursor is None else {"cursor": cursor}
        )
        page = Reader(gateway.transport.get("/v1/inbox", params), "inbox")
        data = page.value("data")
        items += [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
        cursor = page.nullable_text("next_cursor", max=2048)
        if cursor is None or not page.boolean("has_more"):
            return items


def _entries(gateway: Gateway) -> list[str]:
    page = Reader(gateway.transport.get("/v1/disclosures", {"limit": 500}), "disclosures")
    data = page.value("data")
    return [canonical.encode(one).decode() for one in data] if isinstance(data, list) else []


def _all_of(person: Person) -> Move:
    """Everything that could be known: numbers and the former home too."""
    return replace(
        _name_and_birthday(person),
        from_address=Address((), person.old_postcode),
        upn=person.upn,
        uln=person.uln,
        sex=person.sex,
    )


def _name_and_birthday(person: Person) -> Move:
    """What anybody could know; the present home is an invented one in the prober's own area."""
    return Move(
        place="forged",
        given=person.given,
        family=person.family,
        dob=person.dob,
        to_address=Address((), "SE1 3ZZ"),
    )
