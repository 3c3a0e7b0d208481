"""Ask the sender for a key box, and hold its answer to the question.

Nobody but the sender can open anything before a match. Asking tells the sender that its notice
matches, so the request is prepared, recorded and only then sent, like any release.
"""

from collections.abc import Sequence

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
    ground_of,
)
from hub.exchange.states import PassageState
from hub.protocols.blind_key import (
    LEAST_CANDIDATES,
    MOST_CANDIDATES,
    BlindKeyGrant,
    BlindKeyRequest,
    Candidate,
    check_blind_grant,
    read_blind_grant,
    sign_blind_request,
)
from hub.protocols.errors import Untrusted
from hub.protocols.key_grant import KeyGrant, KeyRequest, check_grant, read_grant, sign_request
from hub.protocols.keys import VerifyingKey
from hub.protocols.names import DisclosureId, MemberId, RequestId, new_id
from hub.protocols.sealing import box_key_id, check_box_form
from hub.protocols.suites import suite


def askable(wanted: KeyWanted, work: Work, hub: Hub) -> bool:
    """Whether there is a key to ask for; where the recipient may not be named, enough of them."""
    if not sealing_keys(wanted.passage.recipient, work, hub):
        return False
    return not wanted.alike or LEAST_CANDIDATES <= len(_candidates(wanted, work, hub)) <= MOST_CANDIDATES


def ask(wanted: KeyWanted, work: Work, hub: Hub) -> PreparedRequest:
    """Prepare the request for a box over the sender's notice, for the recipient's newest sealing key.

    Where the recipient may not be named, for the newest keys of all who would be told of alike.
    """
    return PreparedRequest(
        wanted, _ask_blindly(wanted, work, hub) if wanted.alike else _ask_openly(wanted, work, hub)
    )


def _ask_openly(wanted: KeyWanted, work: Work, hub: Hub) -> KeyRequest:
    now = hub.now()
    passage, notice, counter = wanted.passage, wanted.notice, wanted.counter
    return KeyRequest(
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


def _ask_blindly(wanted: KeyWanted, work: Work, hub: Hub) -> BlindKeyRequest:
    now = hub.now()
    return BlindKeyRequest(
        request=RequestId(new_id("req", now, hub.chance(10))),
        sender=wanted.passage.sender,
        notice=wanted.notice.notice,
        manifest=wanted.notice.digest,
        ground=ground_of(wanted.identity),
        candidates=_candidates(wanted, work, hub),
        asked_at=now,
    )


def _candidates(wanted: KeyWanted, work: Work, hub: Hub) -> tuple[Candidate, ...]:
    """Those who would be told of alike and have a key, in their order."""
    keys = {member: sealing_keys(member, work, hub) for member in wanted.alike}
    return tuple(Candidate(member, found[0].key_id) for member, found in keys.items() if found)


def send_request(recorded: RecordedRequest, work: Work, hub: Hub) -> InboxItem:
    """Put a recorded request into the sender's inbox; it shows once the checkpoint is signed."""
    request = recorded.prepared.request
    signed = (
        sign_blind_request(request, hub.key)
        if isinstance(request, BlindKeyRequest)
        else sign_request(request, hub.key)
    )
    item = InboxItem(
        item=DisclosureId(new_id("dis", hub.now(), hub.chance(10))),
        member=request.sender,
        kind=ItemKind.KEY_REQUEST,
        about=request.notice,
        passage=recorded.prepared.wanted.passage.passage,
        body={"request": signed},
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
    Of a box that was asked for blindly, the keys of all candidates: what stops must not tell whose.
    """
    if passage.box is None:
        return True
    sealed = [Candidate(passage.recipient, box_key_id(passage.box))]
    if isinstance(passage.request, BlindKeyRequest):
        sealed.extend(passage.request.candidates)
    return all(_key_stands(one, work) for one in sealed)


def _key_stands(sealed_to: Candidate, work: Work) -> bool:
    key = work.members.key(sealed_to.key)
    if key is None or (key.member, key.use) != (sealed_to.member, KeyUse.SEALING):
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
    if not isinstance(request, KeyRequest):
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


def check_blind_answer(
    jws: str, boxes: Sequence[str], passage: Passage, key: VerifyingKey, work: Work
) -> tuple[BlindKeyGrant, str | None]:
    """Check a blind grant, every box of it; return it with the one box that is needed, None where it is a no.

    Raises as `check_answer` does, and for each candidate alike: what is refused, and what is taken
    again, must not depend on which of them is meant. So the same answer once more, after the hub
    has acted on it, finds the request closed, as any other would.
    """
    request = passage.request
    if not isinstance(request, BlindKeyRequest):
        raise _closed()
    grant = read_blind_grant(jws, key)
    check_blind_grant(grant, request, boxes)
    for candidate, box in zip(request.candidates, boxes, strict=False):
        _check_sealed_to(candidate, box, work)
    if passage.state is not PassageState.AWAITING_KEY:
        raise _closed()
    made = {one.candidate.member: box for one, box in zip(grant.boxes, boxes, strict=True)}
    return grant, made.get(passage.recipient)


def _check_sealed_to(candidate: Candidate, box: str, work: Work) -> None:
    key = work.members.key(candidate.key)
    if key is not None and key.suite is not None:
        check_box_form(box, suite(key.suite))
        if box_key_id(box) != candidate.key:
            raise Untrusted("box-other-key", "a key box is made for another key than the one asked for")


def _closed() -> Declined:
    return Declined("request-closed", "this key request is no longer open; nothing more is needed")
