"""Tasks for named officers: whom to ask, in which order, and what a task may say.

To be asked is to learn of a match, so a task needs a permit and an entry of its own, and names no
other side. Officers are asked one after the other, in an order in which whoever could only be
fishing is not asked first (docs/decisions/0009).
"""

import unicodedata
from dataclasses import dataclass

from hub.consent.decision import Decision
from hub.exchange import disclosure_log
from hub.exchange.decide import Terms, decide_task, officers_each_side
from hub.exchange.errors import HubFault
from hub.exchange.match import DEPARTURES
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import InboxItem, ItemKind, Passage, Refused, StoredNotice, ground_of
from hub.exchange.states import PassageState
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.delivery import ground_json
from hub.protocols.names import DisclosureId, MemberId, NoticeId, new_id


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a match, or of a notice to a named recipient, whose officer may be asked."""

    member: MemberId
    own: StoredNotice
    """The notice that the task is about: the side's own, or the one that is addressed to it."""
    learned: StoredNotice | None
    """The notice of which being asked tells that it is there; None where that is known."""


def ask_for_approval(refused: Refused, terms: Terms, work: Work, hub: Hub) -> None:
    """Ask a named officer of the next side whose approval is missing.

    The second side is asked when the first has approved.
    """
    passage = refused.passage
    notice, counter = both(passage, work)
    codes = {reason.code.value for decision in refused.decisions for reason in decision.reasons}
    if counter is None:
        order = [Side(passage.sender, notice, None), Side(passage.recipient, notice, notice)]
    else:
        order = asking_order(notice, counter, codes)
    missing = [side for side in order if side.member not in passage.approved_by]
    asked = {task.member for task in tasks_of(passage, work) if not task.stopped}
    if not missing or missing[0].member in asked:
        return
    listed: list[Json] = [*sorted(codes)]
    side, decision = missing[0], decide_side(missing[0], passage, terms)
    if decision is None or decision.permitted:
        put_task(side, passage, decision, {"codes": listed}, terms, work, hub)


def asking_order(notice: StoredNotice, counter: StoredNotice, codes: set[str]) -> list[Side]:
    """Who is asked first: whoever could only be fishing must not be.

    Doubt or weak evidence: the side whose notice was there first, since a prober's comes second. A
    shield: the side that knows where the young person is now. Where the two rules disagree nobody
    is asked, and the match stays where it is; so it is where two of a kind meet under a shield.
    """
    older, newer = sorted((notice, counter), key=lambda kept: (kept.log_index or 0, kept.notice))
    departures = [one for one in (notice, counter) if one.manifest.type in DEPARTURES]
    by_evidence = [(older, newer), (newer, older)]
    if "R-SHIELD" not in codes:
        return _sides(by_evidence if codes == {"R-EVIDENCE"} else [])
    if len(departures) != 1:
        return []
    departure = departures[0]
    arrival = counter if departure is notice else notice
    by_shield = [(arrival, departure), (departure, arrival)]
    return _sides(by_shield if codes == {"R-SHIELD"} or by_evidence == by_shield else [])


def outshone(notice: StoredNotice, counter: StoredNotice, work: Work) -> bool:
    """Whether either notice has met a clear match with another of the same member.

    Then nobody is asked about this pair: it would tell officers of somebody else (I4).
    """
    pair = {notice.notice, counter.notice}
    return any(
        passage.look is None
        and passage.match is not None
        and passage.state is not PassageState.STOPPED
        and {passage.sender, passage.recipient} == {notice.sender, counter.sender}
        and {passage.notice, passage.counter} != pair
        for own in pair
        for passage in work.passages.of_notice(own)
    )


def decide_side(side: Side, passage: Passage, terms: Terms, *, over_quota: bool = False) -> Decision | None:
    """May this side's officer be asked? None where being asked tells it nothing."""
    if side.learned is None:
        return None
    counter = None if side.learned is side.own else side.own
    return decide_task(passage, side.learned, counter, terms, over_quota=over_quota)


def put_task(
    side: Side,
    passage: Passage,
    decision: Decision | None,
    says: dict[str, Json],
    terms: Terms,
    work: Work,
    hub: Hub,
) -> None:
    """Enter a task, with why people are asked, and put it into the inbox of one side.

    `says` names no other side, and either `look` or the `codes` of what no machine may permit.
    """
    people = 1 if decision is None else officers_each_side(decision, terms)
    notice, fact = side.own.notice, None if decision is None else ground_json(ground_of(decision))
    why = says.get("look", says.get("codes"))
    facts: dict[str, Json] = {"notice": notice, "member": side.member, "fact": fact, "why": why}
    index = disclosure_log.record_event("officer_task", facts, {side.member}, work, hub, notice=notice)
    body: Json = {"notice": notice, "fact": fact, "people": people, **says}
    put_item(side.member, ItemKind.OFFICER_TASK, passage, notice, body, index, work, hub)


def confirmed(passage: Passage, member: MemberId, officer: str, people: int) -> Passage:
    """The passage after one more officer's yes; a side has approved when enough people of it have."""
    said = passage.looked_by | {officer_mark(member, officer)}
    of_side = [one for one in said if one.startswith(f"{member}:")]
    approved = passage.approved_by | ({member} if len(of_side) >= people else set())
    return passage.moved(looked_by=said, approved_by=approved)


def officer_mark(member: MemberId, officer: str) -> str:
    """What is kept of who looked: two ways of writing one name are one person."""
    name = " ".join(unicodedata.normalize("NFKC", officer).casefold().split())
    return f"{member}:{canonical.digest(name.encode())}"


def still_put(task: DisclosureId, work: Work) -> bool:
    """Whether a task waits for its answer still: one that was taken back asked something else."""
    item = work.inboxes.get(task)
    return item is not None and not item.stopped


def people_for(task: DisclosureId, work: Work) -> int:
    """How many people of a side have to confirm, as its task says."""
    item = work.inboxes.get(task)
    people = item.body.get("people") if item is not None and isinstance(item.body, dict) else None
    return people if isinstance(people, int) else 1


def tasks_of(passage: Passage, work: Work) -> list[InboxItem]:
    """The tasks about a match, those of both its directions."""
    return [
        item
        for one in of_same_match(passage, work)
        for item in work.inboxes.of_passage(one.passage)
        if item.kind is ItemKind.OFFICER_TASK
    ]


def both(passage: Passage, work: Work) -> tuple[StoredNotice, StoredNotice | None]:
    """The notice a passage carries, and its counter-notice."""
    return _stored(passage.notice, work), None if passage.counter is None else _stored(passage.counter, work)


def of_same_match(passage: Passage, work: Work) -> list[Passage]:
    """Both directions of a match, this one first."""
    others = [
        other
        for other in work.passages.of_notice(passage.notice)
        if other.match == passage.match and other.match is not None and other.passage != passage.passage
    ]
    return [passage, *others]


def put_item(
    member: MemberId,
    kind: ItemKind,
    passage: Passage | None,
    about: NoticeId | None,
    body: Json,
    log_index: int,
    work: Work,
    hub: Hub,
) -> None:
    """Put a recorded thing into a member's inbox; it shows once the checkpoint is signed."""
    work.inboxes.put(
        InboxItem(
            item=DisclosureId(new_id("dis", hub.now(), hub.chance(10))),
            member=member,
            kind=kind,
            about=about,
            passage=None if passage is None else passage.passage,
            body=body,
            log_index=log_index,
            put_at=hub.now(),
        )
    )


def _sides(order: list[tuple[StoredNotice, StoredNotice]]) -> list[Side]:
    return [Side(own.sender, own, other) for own, other in order]


def _stored(notice: NoticeId, work: Work) -> StoredNotice:
    found = work.notices.get(notice)
    if found is None:
        raise HubFault("notice-missing", "a passage names a notice that is not kept")
    return found
