"""Find the notices that mean the same young person, among those that wait.

Decides which two notices belong together, and whether a person has to look first. It looks at
keyed hashes only. A departure meets an arrival; two departures, or two new arrivals, of two
members are a duplicate. What may be told about a match is not decided here.

The answer for a pair is a function of the notices that are open, not of the order in which they
came: a match is clear while no other claim on either notice is certain by itself, or comes within
the margin. A later claim can therefore overtake a match that was clear. Where a notice shares
tokens with too many to look at, its claims are not known, so no match of it is clear.
"""

from collections.abc import Iterable
from typing import Final

import structlog

from hub.exchange.errors import Crowded
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import Look, Match, StoredNotice
from hub.exchange.states import NoticeState, PassageState
from hub.matching.shortlist import judge_found
from hub.matching.verdict import Outcome, Verdict
from hub.matching.weights import frozen_weights
from hub.protocols.names import MatchId, NoticeId, NoticeType, new_id

DEPARTURES: Final = frozenset({NoticeType.MOVED_OUT, NoticeType.LEAVER})
ARRIVALS: Final = frozenset({NoticeType.NEW_ARRIVAL, NoticeType.CROSS_BORDER_ENROLMENT})
COUNTED: Final = frozenset({NoticeType.MOVED_OUT, NoticeType.NEW_ARRIVAL})
"""Types by which a member says that a young person is, or was, its own to follow: two are a duplicate.

A college that enrols or misses somebody follows nobody, so its notices duplicate no authority's.
"""


class _Crowds:
    """How many notices this process left unmatched for too many candidates: a figure for the operator."""

    total = 0


CROWDS: Final = _Crowds()

Claim = tuple[StoredNotice, Verdict]


def find_matches(notice: StoredNotice, work: Work, hub: Hub) -> list[Match]:
    """Return every match with a waiting notice: the best first, then duplicates.

    Between equals the older comes first: chance has no part. Raises `Crowded`, and counts it for the
    operator, where the notice shares tokens with too many to look at.
    """
    opposite = _opposite(notice)
    try:
        found = _claims_on(notice, opposite | _alike(notice), work)
    except Crowded as crowd:
        CROWDS.total += 1
        structlog.get_logger("hub.match").error("notice-crowded", code=crowd.code, notice=notice.notice)
        raise
    claims = [claim for claim in found if claim[0].manifest.type in opposite]
    doubles = [claim for claim in found if claim[0].manifest.type not in opposite]
    return [
        *(_matched(notice, other, verdict, claims, work, hub) for other, verdict in claims),
        *(_match(notice, other, verdict, Look.DUPLICATE, hub) for other, verdict in doubles),
    ]


def _matched(
    notice: StoredNotice, other: StoredNotice, verdict: Verdict, claims: list[Claim], work: Work, hub: Hub
) -> Match:
    """The match with one candidate, beside all other claims on either side."""
    theirs = _others(other, notice, work)
    rivals = [rival for claimant, rival in claims if claimant.notice != other.notice]
    contested = theirs is None or _contested(verdict, [*rivals, *(rival for _, rival in theirs)])
    twins = notice.flags.twin or other.flags.twin
    look = None
    if contested:
        look = Look.CLAIMANTS
    elif twins:
        look = Look.TWIN
    elif verdict.outcome is not Outcome.CERTAIN:
        look = Look.UNCERTAIN
    overtaken = tuple(claimant.notice for claimant, rival in theirs or () if _contested(rival, [verdict]))
    return _match(notice, other, verdict, look, hub, overtaken)


def _match(
    notice: StoredNotice,
    other: StoredNotice,
    verdict: Verdict,
    look: Look | None,
    hub: Hub,
    overtaken: tuple[NoticeId, ...] = (),
) -> Match:
    name = MatchId(new_id("mat", hub.now(), hub.chance(10)))
    return Match(name, notice, other, verdict, look, overtaken)


def _contested(verdict: Verdict, rivals: Iterable[Verdict]) -> bool:
    """Whether another claim is certain by itself, or nearly as good as this one."""
    margin = frozen_weights().margin
    return any(
        rival.outcome is Outcome.CERTAIN or verdict.millibits - rival.millibits < margin for rival in rivals
    )


def _claims_on(notice: StoredNotice, wanted: frozenset[NoticeType], work: Work) -> list[Claim]:
    """Open notices of these types that may mean the same person, the best first."""
    if not wanted:
        return []
    found = work.index.candidates(notice)
    tokens = [candidate.tokens for candidate in found]
    judged = [
        (other, verdict)
        for place, verdict in judge_found(notice.keyed, tokens, lambda place: found[place].open_filters())
        if (other := work.notices.get(found[place].notice)) is not None
        and other.state is NoticeState.OPEN
        and other.manifest.type in wanted
    ]
    return sorted(judged, key=lambda claim: (-claim[1].millibits, claim[0].notice))


def _others(notice: StoredNotice, claimant: StoredNotice, work: Work) -> list[Claim] | None:
    """Who else claims a notice, None where they are too many to look at; a stopped claim is none any more.

    Stopped: withdrawn, answered `different`, refused by an officer.
    """
    stopped, standing = set[NoticeId](), set[NoticeId]()
    for passage in work.passages.of_notice(notice.notice):
        other = passage.counter if passage.notice == notice.notice else passage.notice
        if other is not None:
            (stopped if passage.state is PassageState.STOPPED else standing).add(other)
    try:
        claims = _claims_on(notice, _opposite(notice), work)
    except Crowded:
        return None
    return [
        (other, verdict)
        for other, verdict in claims
        if other.notice != claimant.notice and other.notice not in stopped - standing
    ]


def _opposite(notice: StoredNotice) -> frozenset[NoticeType]:
    if notice.manifest.type in DEPARTURES:
        return ARRIVALS
    return DEPARTURES if notice.manifest.type in ARRIVALS else frozenset()


def _alike(notice: StoredNotice) -> frozenset[NoticeType]:
    return frozenset({notice.manifest.type}) & COUNTED
