"""Ask the sender for a key box, and hold its answer to the question.

Nobody but the sender can open anything before a match. Asking tells the sender that its notice
matches, so the request is prepared, recorded and only then sent, like any release.
"""

from hub.exchange.errors import Declined, HubFault
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import (
    InboxItem,
    ItemKind,
    KeyUse,
    KeyWanted,
    Passage,
    PreparedRequest,
    RecordedRequest,
    RegisteredKey,
)
from hub.exchange.states import PassageState
from hub.protocols.errors import Untrusted
from hub.protocols.key_grant import KeyGrant, KeyRequest, check_grant, read_grant, sign_request
from hub.protocols.keys import VerifyingKey
from hub.protocols.names import DisclosureId, MemberId, RequestId, new_id
from hub.protocols.sealing import box_key_id, check_box_form
from hub.protocols.suites import suite


def ask(wanted: KeyWanted, work: Work, hub: Hub) -> PreparedRequest:
    """Prepare the request for a box over the sender's notice, for the recipient's newest sealing key."""
    now = hub.now()
    passage, notice, counter = wanted.passage, wanted.notice, wanted.counter
    request = KeyRequest(
        request=RequestId(new_id("req", now, hub.chance(10))),
        sender=passage.sender,
        notice=notice.notice,
        manifest=notice.digest,
        counter_manifest=counter.jws,
        counter_tokens=counter.counter_tokens,
        recipient=passage.recipient,
        recipient_key=_newest(passage.recipient, work, hub).key_id,
        approved_by=tuple(sorted(passage.approved_by)),
        asked_at=now,
    )
    return PreparedRequest(wanted, request)


def send_request(recorded: RecordedRequest, work: Work, hub: Hub) -> InboxItem:
    """Put a recorded request into the sender's inbox; it shows once the checkpoint is signed."""
    request = recorded.prepared.request
    item = InboxItem(
        item=DisclosureId(new_id("dis", hub.now(), hub.chance(10))),
        member=request.sender,
        kind=ItemKind.KEY_REQUEST,
        about=request.notice,
        passage=recorded.prepared.wanted.passage.passage,
        body={"request": sign_request(request, hub.key)},
        log_index=recorded.log_index,
        put_at=hub.now(),
    )
    work.inboxes.put(item)
    return item


def sealing_keys(member: MemberId, work: Work, hub: Hub) -> list[RegisteredKey]:
    """The sealing keys that something may be sealed to for a member now, newest first."""
    now = hub.now()
    usable = [
        key
        for key in work.members.keys(member)
        if key.use is KeyUse.SEALING
        and key.log_index is not None
        and key.revoked_at_index is None
        and key.valid_from <= now < key.valid_until
    ]
    return sorted(usable, key=lambda key: (key.valid_from, key.key_id), reverse=True)


def box_stands(passage: Passage, work: Work) -> bool:
    """Whether the box that is there, if any, is for a logged and unrevoked sealing key of its recipient.

    A key that was revoked may be in somebody else's hands: nothing more is handed over for it (I6).
    """
    if passage.box is None:
        return True
    key = work.members.key(box_key_id(passage.box))
    if key is None or (key.member, key.use) != (passage.recipient, KeyUse.SEALING):
        return False
    return key.log_index is not None and key.revoked_at_index is None


def _newest(member: MemberId, work: Work, hub: Hub) -> RegisteredKey:
    keys = sealing_keys(member, work, hub)
    if not keys:
        raise HubFault("no-sealing-key", "a key was asked for although the recipient has none to seal to")
    return keys[0]


def check_answer(jws: str, box: str | None, passage: Passage, key: VerifyingKey, work: Work) -> KeyGrant:
    """Check a sender's grant against the request it answers.

    Raises `Untrusted` or `MalformedMessage` where it does not hold, `Declined` where no request
    is open; the same answer once more is no fault (I5): the box that is there, or a no where there is none.
    """
    request = passage.request
    if request is None:
        raise _closed()
    grant = read_grant(jws, key)
    check_grant(grant, request, box)
    if passage.state is not PassageState.AWAITING_KEY:
        if box != passage.box:
            raise _closed()
        return grant
    recipient_key = work.members.key(request.recipient_key)
    if box is not None and recipient_key is not None and recipient_key.suite is not None:
        check_box_form(box, suite(recipient_key.suite))
        if box_key_id(box) != request.recipient_key:
            raise Untrusted("box-other-key", "the key box is made for another key than the one asked for")
    return grant


def _closed() -> Declined:
    return Declined("request-closed", "this key request is no longer open; nothing more is needed")
