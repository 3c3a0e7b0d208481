"""Two members count one young person: they agree who leads, and the other's notice closes as merged.

Possible once both have looked at the names in clear text and signed `same`. It takes two words that
agree; a word that differs stands beside the other until somebody thinks again. The hub decides
nothing here: it holds each word to its task, records it, and tells the other side.
"""

from hub.exchange import disclosure_log
from hub.exchange.errors import Declined
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import InboxItem, ItemKind, Look, Passage, StoredNotice
from hub.exchange.states import NoticeState, PassageState
from hub.exchange.tasks import both, of_same_match, put_item
from hub.exchange.trust import signing_key
from hub.protocols.canonical import Json
from hub.protocols.errors import Untrusted
from hub.protocols.lead import LeadWord, read_lead
from hub.protocols.names import MemberId
from hub.protocols.signing import Typ


def check_word(jws: str, task: InboxItem, passage: Passage, work: Work, hub: Hub) -> LeadWord:
    """Read a member's word on who leads, for the match that this task was about.

    Raises `Untrusted` or `MalformedMessage` where the word does not hold, `Declined` where the
    members have not both found that it is one young person.
    """
    word = read_lead(jws, signing_key(jws, Typ.LEAD, task.member, work, hub))
    if (word.task, word.member, word.notice) != (task.item, task.member, task.about):
        raise Untrusted("answer-other-task", "the word on who leads names another task")
    if not stands(passage, work):
        raise Declined(
            "lead-not-ripe",
            "who leads is agreed on a duplicate that both members have compared in clear text and "
            "found to be the same young person, and that neither has closed",
        )
    return word


def stands(passage: Passage, work: Work) -> bool:
    """Whether this is a duplicate that both sides have found to be one person, both notices open."""
    ways = of_same_match(passage, work)
    same = [one for one in ways if one.same and one.state is not PassageState.STOPPED]
    notices = both(passage, work)
    are_open = all(notice is not None and notice.state is NoticeState.OPEN for notice in notices)
    return passage.look is Look.DUPLICATE and len(same) == len(ways) == len(notices) and are_open


def take_word(
    passage: Passage, member: MemberId, body: dict[str, Json], work: Work, hub: Hub
) -> StoredNotice | None:
    """Record one side's word and tell the other; return what closes as merged, where both agree.

    The word that it said last, said again, changes nothing.
    """
    own, other = _sides(passage, member, work)
    ours, said = body["ours"] is True, _last_word(passage, own.sender, work)
    if said is not None and said["theirs"] is ours:
        return None
    facts: dict[str, Json] = {
        "notice": own.notice,
        "member": member,
        "ours": body["ours"],
        "officer": body["officer"],
    }
    parties = {own.sender, other.sender}
    index = disclosure_log.record_event("lead", facts, parties, work, hub, notice=own.notice)
    before = _last_word(passage, other.sender, work)
    agreed = before is not None and before["theirs"] is not ours
    says: Json = {"notice": other.notice, "theirs": ours, "agreed": agreed, "signed": body["signed"]}
    put_item(other.sender, ItemKind.LEAD, passage, other.notice, says, index, work, hub)
    if before is None or not agreed:
        return None
    answer: Json = {**before, "agreed": True}
    put_item(own.sender, ItemKind.LEAD, passage, own.notice, answer, index, work, hub)
    return other if ours else own


def _sides(passage: Passage, member: MemberId, work: Work) -> tuple[StoredNotice, StoredNotice]:
    notice, counter = both(passage, work)
    if counter is None:
        raise Declined("lead-not-ripe", "this match is no duplicate")
    return (notice, counter) if notice.sender == member else (counter, notice)


def _last_word(passage: Passage, member: MemberId, work: Work) -> dict[str, Json] | None:
    """What the other side was told last of a side's word; None where it has said nothing yet."""
    words = [
        item
        for one in of_same_match(passage, work)
        for item in work.inboxes.of_passage(one.passage)
        if item.kind is ItemKind.LEAD and item.member != member and isinstance(item.body, dict)
    ]
    if not words:
        return None
    body = max(words, key=lambda item: item.sequence).body
    return body if isinstance(body, dict) else None
