"""Stop what has not left: a notice withdrawn, a recipient that answered `different`, a lapse.

What already lies in an inbox is stopped there; who has received something is told that it is
recalled. Nothing here waits for anybody's agreement: stopping is always allowed (I6).
"""

from hub.exchange.errors import NotYours
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import Errand, ErrandKind, InboxItem, ItemKind, Passage, StoredNotice
from hub.exchange.states import PASSAGE_MOVES, NoticeState, PassageState, check_notice_move
from hub.exchange.trust import signing_key
from hub.protocols.errors import Untrusted
from hub.protocols.names import DisclosureId, MemberId, NoticeId, new_id
from hub.protocols.notice import Assertion
from hub.protocols.restatement import Retraction, read_restatement, read_retraction
from hub.protocols.signing import Typ


def own_notice(notice: NoticeId, caller: MemberId, work: Work) -> StoredNotice:
    """The caller's own notice; raise `NotYours` where there is none for it."""
    found = work.notices.get(notice)
    if found is None or found.sender != caller:
        raise NotYours
    return found


def check_retraction(jws: str, notice: StoredNotice, work: Work, hub: Hub) -> Retraction:
    """Read the withdrawal of this notice by its sender; raise `Untrusted` or `MalformedMessage`."""
    retraction = read_retraction(jws, signing_key(jws, Typ.WITHDRAWAL, notice.sender, work, hub))
    if retraction.notice != notice.notice:
        raise Untrusted("answer-other-notice", "the withdrawal names another notice")
    return retraction


def check_assertion(jws: str, notice: StoredNotice, work: Work, hub: Hub) -> Assertion:
    """Read what the sender asserts anew of its notice; raise `Untrusted` or `MalformedMessage`."""
    restatement = read_restatement(jws, signing_key(jws, Typ.ASSERTION, notice.sender, work, hub))
    if restatement.notice != notice.notice or restatement.assertion.asserted_at < notice.asserted_at:
        raise Untrusted(
            "assertion-older", "the assertion is older than the one on record, or names another notice"
        )
    return restatement.assertion


def retire(notice: StoredNotice, state: NoticeState, work: Work, hub: Hub) -> None:
    """End a notice from this instant: nothing of it is found, asked for or handed over any more (I6).

    Its disposition entry, and the rest, follow by errand; a notice that had been closed before has
    its entry, and where its time is over now nothing is left to do.
    """
    work.notices.set_state(notice.notice, check_notice_move(notice.state, state))
    if (notice.state, state) != (NoticeState.CLOSED, NoticeState.EXPIRED):
        body = {"state": state.value, "was": notice.state.value}
        work.outbox.add(Errand(ErrandKind.STOP, notice.notice, {**body}), hub.now())


def stand(notice: StoredNotice, counter: StoredNotice | None) -> bool:
    """Whether anything may be told of a notice: it is open, and what it was matched with was not withdrawn.

    A counter-notice that is closed has arrived itself; the other direction goes on.
    """
    counters = {NoticeState.OPEN, NoticeState.CLOSED}
    return notice.state is NoticeState.OPEN and (counter is None or counter.state in counters)


def may_reach(notice: StoredNotice, member: MemberId, work: Work) -> bool:
    """Whether a notice may go to a member by what it refers to.

    One that mends an earlier notice of the same sender goes to who was given that one, and to nobody
    else. Its sender is not told which it was (I4). Where it may not learn who that one is, it goes to
    nobody: what comes of a notice that names a recipient would tell. Such a sender withdraws.
    """
    mended = notice.manifest.refers_to
    if mended is None:
        return True
    earlier = work.notices.get(mended)
    if earlier is None or earlier.sender != notice.sender:
        return False
    return any(
        passage.notice == mended
        and passage.recipient == member
        and not passage.hides
        and _was_given(passage, work)
        for passage in work.passages.of_notice(mended)
    )


def _was_given(passage: Passage, work: Work) -> bool:
    return any(item.kind is ItemKind.DELIVERY for item in work.inboxes.of_passage(passage.passage))


def stop_passage(passage: Passage, log_index: int, work: Work, hub: Hub, *, recalled: bool = True) -> None:
    """Stop a passage: its inbox items are handed over no more, its recipient is told of a recall.

    Where nothing is `recalled` (retention, another way that was shorter) the recipient may keep
    what it has, and is told nothing.
    """
    if PassageState.STOPPED not in PASSAGE_MOVES[passage.state]:
        return
    work.passages.save(passage.moved(state=PassageState.STOPPED))
    told = False
    for item in work.inboxes.of_passage(passage.passage):
        work.inboxes.stop(item.item)
        told = told or item.kind is ItemKind.DELIVERY
    if told and recalled:
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
