"""Find the notice that means the same young person, among those that wait.

Decides which two notices belong together. It looks at keyed hashes only; a departure can meet an
arrival and nothing else. What may be told about the match is not decided here.
"""

from collections.abc import Iterable
from typing import Final

from hub.exchange.ports import Hub, Work
from hub.exchange.stages import Match, StoredNotice
from hub.exchange.states import NoticeState, PassageState
from hub.matching.verdict import Outcome, Verdict, judge
from hub.protocols.names import MatchId, NoticeType, new_id

DEPARTURES: Final = frozenset({NoticeType.MOVED_OUT, NoticeType.LEAVER})
ARRIVALS: Final = frozenset({NoticeType.NEW_ARRIVAL, NoticeType.CROSS_BORDER_ENROLMENT})


def find_match(notice: StoredNotice, work: Work, hub: Hub) -> Match | None:
    """Return the best match among waiting notices, or None.

    The verdict of a pair does not depend on which notice came first. Where others make the same
    claim, the match says how many (`rivals`), and nobody is served before a person has looked.
    """
    judged = sorted(_judged(notice, work), key=lambda pair: (-pair[1].millibits, pair[0].notice))
    if not judged:
        return None
    other, verdict = judged[0]
    departure, arrival = (notice, other) if notice.manifest.type in DEPARTURES else (other, notice)
    return Match(
        match=MatchId(new_id("mat", hub.now(), hub.chance(10))),
        departure=departure,
        arrival=arrival,
        verdict=verdict,
        rivals=len(judged) - 1 + _earlier_claims(other, notice, work),
    )


def _judged(notice: StoredNotice, work: Work) -> Iterable[tuple[StoredNotice, Verdict]]:
    wanted = ARRIVALS if notice.manifest.type in DEPARTURES else DEPARTURES
    if notice.manifest.type not in DEPARTURES | ARRIVALS:
        return
    for candidate, keyed in work.index.candidates(notice):
        verdict = judge(notice.keyed, keyed)
        if verdict.outcome is not Outcome.NONE:
            other = work.notices.get(candidate)
            if other is not None and other.state is NoticeState.OPEN and other.manifest.type in wanted:
                yield other, verdict


def _earlier_claims(other: StoredNotice, notice: StoredNotice, work: Work) -> int:
    """How many further notices claim `other` already: a later competitor opens a review.

    A claim that was stopped (withdrawn, answered `different`, refused by an officer) is none any more.
    """
    counters = {
        passage.counter if passage.notice == other.notice else passage.notice
        for passage in work.passages.of_notice(other.notice)
        if passage.match is not None and passage.state is not PassageState.STOPPED
    }
    return len(counters - {notice.notice})
