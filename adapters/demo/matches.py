"""Counts the matches and holds them to the truth, which only the narrator of a made-up region knows.

What the hub made of each notice is read from its own log, by the operator, who sees ids and codes and
no more. Which two notices belong together is what the gateways were told, where anything was released;
for the rest it is worked out from the gateways' own records with the same frozen function. Who is who
is in the region. Precision and recall are over everything that the hub called a match, certain or
for a second look.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.demo.errors import DemoFault
from adapters.demo.operator_log import LogLine
from adapters.demo.people import Region
from adapters.demo.records import Pair, Record, Slip
from adapters.demo.world import World
from adapters.member.records import Sent
from hub.matching.evidence import rows_of
from hub.matching.verdict import Verdict, score_block, verdicts
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.names import NoticeId, NoticeType
from hub.protocols.notice import read_envelope
from hub.protocols.token_record import TokenRecord

DEPARTURES: Final = frozenset({NoticeType.MOVED_OUT.value, NoticeType.LEAVER.value})
MATCHED: Final = frozenset({"key_request", "refused", "held"})
"""Kinds of entries that only a certain match leads to, where no recipient is named."""


@dataclass(frozen=True, slots=True)
class Told:
    """One published notice and the row of a member's list that it was made of."""

    notice: NoticeId
    home: str
    type: str
    record: Record
    tokens: TokenRecord


@dataclass(frozen=True, slots=True)
class Match:
    """Two notices that the hub called a match, and what the comparison says of them."""

    departure: Told
    arrival: Told
    verdict: Verdict

    @property
    def true(self) -> bool:
        """Whether both are about the same person."""
        return self.departure.record.person == self.arrival.record.person


@dataclass(frozen=True, slots=True)
class Matches:
    """Everything the hub made of the published notices."""

    certain: tuple[Match, ...]
    second_look: tuple[Match, ...]
    none: int
    """Notices that match nothing."""
    precision: float
    recall: float
    pairs: int
    """True pairs of published notices."""


def told_by(world: World, notices: Iterable[NoticeId]) -> dict[NoticeId, Told]:
    """Say of which row of whose list each notice was made, from the gateways' own records."""
    wanted = set(notices)
    found: dict[NoticeId, Told] = {}
    for home, gateway in world.gateways.items():
        rows = _rows_of(home, world.region)
        for sent in gateway.records.all_sent():
            if sent.notice in wanted:
                record = rows[_identity(sent)]
                found[sent.notice] = Told(sent.notice, home, sent.type, record, _tokens(sent))
    return found


def notice_of(region: Region, told: Mapping[NoticeId, Told], special: str, home: str) -> NoticeId:
    """Find the notice that a member sent of one person of the story."""
    person = region.special[special]
    for one in told.values():
        if (one.record.person, one.home) == (person, home):
            return one.notice
    raise DemoFault(f"{home} sent no notice of the story's {special}", "try another --seed, and report this")


def answered(world: World) -> dict[NoticeId, NoticeId]:
    """Say which notice each released one answers, both ways, as the recipients' gateways were told."""
    pairs = dict[NoticeId, NoticeId]()
    for gateway in world.gateways.values():
        for received in gateway.received():
            if received.counter is not None:
                pairs |= {received.notice: received.counter, received.counter: received.notice}
    return pairs


def count_matches(
    told: Mapping[NoticeId, Told],
    log: Sequence[LogLine],
    region: Region,
    known: Mapping[NoticeId, NoticeId] | None = None,
) -> Matches:
    """Count what the hub made of these notices, and hold it to the truth; `known` are pairs already known."""
    looked_at = {line.notice for line in log if line.kind == "second_look"} & told.keys()
    sure = {line.notice for line in log if line.kind in MATCHED} & told.keys() - looked_at
    sure = {notice for notice in sure if told[notice].type != NoticeType.CROSS_BORDER_ENROLMENT}
    certain = _pairs(told, sure, known or {})
    second_look = _pairs(told, looked_at, known or {})
    called = (*certain, *second_look)
    pairs = _true_pairs(told.values(), region)
    hits = sum(match.true for match in called)
    return Matches(
        certain=certain,
        second_look=second_look,
        none=len(told) - len(sure) - len(looked_at),
        precision=_share(hits, len(called)),
        recall=_share(hits, len(pairs)),
        pairs=len(pairs),
    )


def _pairs(
    told: Mapping[NoticeId, Told], notices: set[NoticeId], known: Mapping[NoticeId, NoticeId]
) -> tuple[Match, ...]:
    """Put these notices together, two and two: as known, else each departure with what fits it best."""
    arrivals = [told[notice] for notice in sorted(notices) if told[notice].type not in DEPARTURES]
    matches = list[Match]()
    for notice in sorted(notices):
        departure = told[notice]
        if departure.type in DEPARTURES and arrivals:
            answers = [arrival for arrival in arrivals if arrival.notice == known.get(notice)]
            matches.append(_best(departure, answers or arrivals))
    return tuple(matches)


def _best(departure: Told, arrivals: Sequence[Told]) -> Match:
    scores = score_block(departure.tokens, rows_of(arrival.tokens for arrival in arrivals))
    judged = verdicts(scores, [None] * len(arrivals))
    place = max(range(len(arrivals)), key=lambda at: (judged[at].millibits, -at))
    return Match(departure, arrivals[place], judged[place])


def explain_one(matches: Matches, region: Region) -> Match:
    """Choose the certain match whose waterfall tells most: a short name, else a misspelt one."""
    slips = {pair.person: pair.slip for pair in region.truth}
    wanted = [Slip.NICKNAME, Slip.TYPO, Slip.SWAPPED, Slip.NO_UPN]

    def rank(match: Match) -> tuple[int, str]:
        slip = slips.get(match.departure.record.person, Slip.CLEAN)
        return wanted.index(slip) if slip in wanted else len(wanted), match.departure.record.local_ref

    return min(matches.certain, key=rank)


def _true_pairs(told: Iterable[Told], region: Region) -> list[Pair]:
    published = {(one.record.member, one.record.local_ref) for one in told}
    return [
        pair
        for pair in region.truth
        if {(pair.left_member, pair.left_ref), (pair.right_member, pair.right_ref)} <= published
    ]


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def _rows_of(home: str, region: Region) -> dict[tuple[str, ...], Record]:
    return {(r.given, r.family, r.dob.isoformat()): r for r in region.records if r.member == home}


def _identity(sent: Sent) -> tuple[str, ...]:
    identity = _body(sent)["identity"]
    if not isinstance(identity, dict):
        raise TypeError("a sent notice without its identity part")
    return tuple(str(identity[name]) for name in ("given", "family", "dob"))


def _tokens(sent: Sent) -> TokenRecord:
    return read_envelope(canonical.unb64u(str(_body(sent)["envelope"]))).tokens


def _body(sent: Sent) -> dict[str, Json]:
    if not isinstance(sent.body, dict):
        raise TypeError("a sent notice without its body")
    return sent.body
