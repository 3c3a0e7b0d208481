"""Check what a recipient signs back: confirmation, acknowledgement, outcome; and an approval.

Each must name the delivery or task that it answers, its manifest, and be signed by the member in
whose inbox it lies. What follows from an answer is told in `journey`.
"""

from collections.abc import Callable
from typing import TypeVar

from hub.exchange.errors import Declined, HubFault, NotYours
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import InboxItem, ItemKind, Passage, StoredNotice
from hub.exchange.trust import signing_key
from hub.protocols.acknowledgement import (
    Acknowledgement,
    Approval,
    Confirmation,
    Level,
    Outcome,
    read_acknowledgement,
    read_approval,
    read_confirmation,
    read_outcome,
)
from hub.protocols.errors import Untrusted
from hub.protocols.keys import VerifyingKey
from hub.protocols.names import DisclosureId, MemberId, NoticeType
from hub.protocols.signing import Typ

T = TypeVar("T", Confirmation, Acknowledgement, Outcome)


def own_item(item: DisclosureId, caller: MemberId, kind: ItemKind, work: Work) -> InboxItem:
    """The caller's inbox item of a kind; raise `NotYours` where there is none for it."""
    found = work.inboxes.get(item)
    signed = work.log.signed()
    if found is None or found.member != caller or found.kind is not kind:
        raise NotYours
    if signed is None or found.log_index >= signed[0]:
        raise NotYours
    return found


def passage_of(item: InboxItem, work: Work) -> Passage:
    """The passage that an item belongs to."""
    passage = None if item.passage is None else work.passages.get(item.passage)
    if passage is None:
        raise HubFault("passage-missing", "an inbox item belongs to no passage")
    return passage


def notice_of(passage: Passage, work: Work) -> StoredNotice:
    """The notice that a passage carries."""
    notice = work.notices.get(passage.notice)
    if notice is None:
        raise HubFault("notice-missing", "a passage carries no notice")
    return notice


def check_confirmation(jws: str, item: InboxItem, work: Work, hub: Hub) -> Confirmation:
    """Read a confirmation for this delivery; raise `Untrusted` or `MalformedMessage`."""
    return _check(jws, Typ.CONFIRMATION, read_confirmation, item, work, hub)


def check_acknowledgement(jws: str, item: InboxItem, work: Work, hub: Hub) -> Acknowledgement:
    """Read an acknowledgement for this delivery.

    Raises `Untrusted` or `MalformedMessage`; `Declined("erased-unasked")` where it says that what was
    recalled is erased, and nobody has told its member of a recall: the sender would take it for an answer.
    """
    acknowledgement = _check(jws, Typ.ACKNOWLEDGEMENT, read_acknowledgement, item, work, hub)
    if acknowledgement.log_index != item.log_index:
        raise Untrusted(
            "answer-other-entry", "the acknowledgement names another log entry than its delivery has"
        )
    manifest = notice_of(passage_of(item, work), work).manifest
    released = {part: manifest.entry(part).cipher_digest for part in item.parts}
    if not acknowledgement.parts.items() <= released.items():
        raise Untrusted(
            "answer-other-parts", "the acknowledgement names parts that this delivery did not have"
        )
    if acknowledgement.level is Level.ERASED and not _recalled(item, work):
        raise Declined("erased-unasked", "nothing of this delivery has been recalled from your member")
    return acknowledgement


def check_outcome(jws: str, item: InboxItem, work: Work, hub: Hub) -> Outcome:
    """Read an outcome for this delivery; raise `Untrusted` or `MalformedMessage`."""
    return _check(jws, Typ.OUTCOME, read_outcome, item, work, hub)


def check_approval(jws: str, item: InboxItem, work: Work, hub: Hub) -> Approval:
    """Read a named officer's approval for this task; raise `Untrusted` or `MalformedMessage`."""
    approval = read_approval(jws, signing_key(jws, Typ.APPROVAL, item.member, work, hub))
    if (approval.task, approval.member, approval.notice) != (item.item, item.member, item.about):
        raise Untrusted("answer-other-task", "the approval names another task")
    return approval


def _recalled(delivery: InboxItem, work: Work) -> bool:
    """Whether a delivery is a recall itself, or is of a notice that its member was told to forget."""
    notice, signed = notice_of(passage_of(delivery, work), work), work.log.signed()
    if notice.manifest.type is NoticeType.RECALL:
        return True
    told = [
        item.log_index
        for passage in work.passages.of_notice(notice.notice)
        for item in work.inboxes.of_passage(passage.passage)
        if (item.kind, item.member, item.about) == (ItemKind.STOPPED, delivery.member, notice.notice)
    ]
    return signed is not None and any(index < signed[0] for index in told)


def _check(
    jws: str, typ: Typ, read: Callable[[str, VerifyingKey], T], item: InboxItem, work: Work, hub: Hub
) -> T:
    answer = read(jws, signing_key(jws, typ, item.member, work, hub))
    notice = notice_of(passage_of(item, work), work)
    if (answer.delivery, answer.manifest) != (item.item, notice.digest):
        raise Untrusted("answer-other-delivery", "the answer names another delivery or another notice")
    return answer
