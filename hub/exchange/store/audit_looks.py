"""Hold what people were asked, and what they said, to the entries of it.

Who looked, why they had to, and who leads are columns and bodies that somebody with write access to
the database could alter: to let a held match go on, or to close the wrong one of two notices.
"""

from collections.abc import Iterator, Mapping

from hub.exchange.stages import InboxItem, ItemKind, Look, Passage
from hub.exchange.states import PassageState
from hub.exchange.store.check import Finding
from hub.exchange.store.evidence import Evidence
from hub.protocols.canonical import Json

GOES_ON = frozenset(
    {PassageState.AWAITING_KEY, PassageState.AWAITING_SAME, PassageState.RELEASED, PassageState.CLOSED}
)
"""States that nothing reaches before people of both sides have looked, where they had to."""


def audit_look(passage: Passage, evidence: Evidence) -> Iterator[Finding]:
    """What people had to look at went on only when people of both sides had, and that was entered."""
    tasks = _tasks(passage, evidence)
    yield from _audit_words(passage, tasks, evidence)
    yield from _audit_reason(passage, tasks)
    if passage.look in {None, Look.COMPETITOR}:
        return  # nothing to look at; or something had left before
    name = passage.passage
    if passage.pending and passage.state in GOES_ON:
        yield Finding("look-skipped", name, "this passage went on before people of both sides had looked")
    if passage.approved_by and passage.look not in evidence.ledger.looks.get(passage.notice, set()):
        yield Finding(
            "look-unlogged",
            name,
            "people have looked at this passage, and the log has no look for this reason",
        )


def audit_lead(item: InboxItem, record: Mapping[str, Json]) -> Iterator[Finding]:
    """What a member was told of the other's word on who leads is what that one said.

    Its own word that made them agree stands behind what it is told then: the other said the contrary.
    """
    told = item.body.get("theirs") if isinstance(item.body, dict) else None
    said = record.get("ours") if record.get("member") != item.member else not record.get("ours")
    if told is not said:
        yield Finding("lead-altered", item.item, "it tells another word on who leads than its entry")


def audit_task(item: InboxItem, record: Mapping[str, Json]) -> Iterator[Finding]:
    """An officer was asked for the reason that the entry names."""
    if _why(item.body) != record.get("why"):
        yield Finding(
            "task-altered", item.item, "an officer was asked for another reason than its entry names"
        )


def _audit_words(passage: Passage, tasks: list[InboxItem], evidence: Evidence) -> Iterator[Finding]:
    """Each yes that counts was said, by that officer, to a question that still stands."""
    ended = passage.state is PassageState.STOPPED or bool(
        evidence.waiting & {passage.notice, passage.counter}
    )
    standing = {task.item for task in tasks if ended or not task.stopped}
    said = [(member, officer) for task, member, officer in evidence.ledger.approvals if task in standing]
    if not passage.approved_by <= {member for member, _ in said}:
        yield Finding(
            "approval-unlogged", passage.passage, "no approval of that member's officer is in the log"
        )
    if not passage.looked_by <= {officer for _, officer in said}:
        yield Finding("officer-unlogged", passage.passage, "no approval of that officer is in the log")


def _audit_reason(passage: Passage, tasks: list[InboxItem]) -> Iterator[Finding]:
    """Why people look is what those who were asked were told."""
    if passage.look is None and passage.state is PassageState.SECOND_LOOK:
        yield Finding(
            "look-reasonless", passage.passage, "people are to look at this passage, and nothing says why"
        )
    told = {_reason(task.body) for task in tasks if not task.stopped} - {None}
    if told - {None if passage.look is None else passage.look.value}:
        yield Finding(
            "look-altered", passage.passage, "people were asked to look for another reason than it has"
        )


def _why(body: Json) -> Json:
    """Why an officer was asked: a look, or the codes of what no machine may permit."""
    asked = body if isinstance(body, dict) else {}
    return asked.get("look", asked.get("codes"))


def _reason(body: Json) -> str | None:
    return str(body["look"]) if isinstance(body, dict) and "look" in body else None


def _tasks(passage: Passage, evidence: Evidence) -> list[InboxItem]:
    """The tasks of both directions of a match: an approval counts for both."""
    ways = [
        one
        for one in evidence.work.passages.of_notice(passage.notice)
        if one.passage == passage.passage or (one.match is not None and one.match == passage.match)
    ]
    return [
        item
        for way in ways
        for item in evidence.work.inboxes.of_passage(way.passage)
        if item.kind is ItemKind.OFFICER_TASK
    ]
