"""Stop what has not left: a notice withdrawn, a recipient that answered `different`, a lapse.

What already lies in an inbox is stopped there; who has received something is told that it is
recalled. Nothing here waits for anybody's agreement: stopping is always allowed (I6).
"""

from dataclasses import dataclass
from datetime import datetime

from hub.exchange.errors import NotYours
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import InboxItem, ItemKind, Passage, StoredNotice
from hub.exchange.states import PASSAGE_MOVES, PassageState
from hub.exchange.trust import signing_key
from hub.protocols import canonical, signing
from hub.protocols.canonical import Reader
from hub.protocols.errors import Untrusted
from hub.protocols.names import DisclosureId, MemberId, NoticeId, new_id
from hub.protocols.notice import Assertion, read_assertion
from hub.protocols.signing import Typ


@dataclass(frozen=True, slots=True)
class Retraction:
    """The sender's signed word that its notice no longer stands."""

    notice: NoticeId
    reason: str
    signed_at: datetime


def own_notice(notice: NoticeId, caller: MemberId, work: Work) -> StoredNotice:
    """The caller's own notice; raise `NotYours` where there is none for it."""
    found = work.notices.get(notice)
    if found is None or found.sender != caller:
        raise NotYours
    return found


def check_retraction(jws: str, notice: StoredNotice, work: Work, hub: Hub) -> Retraction:
    """Read the withdrawal of this notice by its sender; raise `Untrusted` or `MalformedMessage`."""
    key = signing_key(jws, Typ.WITHDRAWAL, notice.sender, work, hub)
    reader = Reader(canonical.decode(signing.verify(jws, Typ.WITHDRAWAL, key)), "withdrawal")
    retraction = Retraction(
        notice=NoticeId(reader.id("notice", "ntc")),
        reason=reader.text("reason", pattern=r"[a-z_]{1,40}"),
        signed_at=reader.instant("signed_at"),
    )
    reader.done()
    if retraction.notice != notice.notice:
        raise Untrusted("answer-other-notice", "the withdrawal names another notice")
    return retraction


def check_assertion(jws: str, notice: StoredNotice, work: Work, hub: Hub) -> Assertion:
    """Read what the sender asserts anew of its notice; raise `Untrusted` or `MalformedMessage`."""
    key = signing_key(jws, Typ.ASSERTION, notice.sender, work, hub)
    reader = Reader(canonical.decode(signing.verify(jws, Typ.ASSERTION, key)), "assertion")
    named = NoticeId(reader.id("notice", "ntc"))
    assertion = read_assertion(reader.object("assertion"))
    reader.done()
    if named != notice.notice or assertion.asserted_at < notice.asserted_at:
        raise Untrusted(
            "assertion-older", "the assertion is older than the one on record, or names another notice"
        )
    return assertion


def stop_passage(passage: Passage, log_index: int, work: Work, hub: Hub) -> None:
    """Stop a passage: its inbox items are handed over no more, its recipient is told of a recall."""
    if PassageState.STOPPED not in PASSAGE_MOVES[passage.state]:
        return
    work.passages.save(passage.moved(state=PassageState.STOPPED))
    told = False
    for item in work.inboxes.of_passage(passage.passage):
        work.inboxes.stop(item.item)
        told = told or item.kind is ItemKind.DELIVERY
    if told:
        _tell(passage, log_index, work, hub)


def _tell(passage: Passage, log_index: int, work: Work, hub: Hub) -> None:
    work.inboxes.put(
        InboxItem(
            item=DisclosureId(new_id("dis", hub.now(), hub.chance(10))),
            member=passage.recipient,
            kind=ItemKind.STOPPED,
            about=passage.notice,
            passage=passage.passage,
            body={"notice": passage.notice},
            log_index=log_index,
            put_at=hub.now(),
        )
    )
