"""A key request as the store keeps it, and how it is destroyed.

The fields of what the hub itself signed are kept sealed, since a request carries the published
tokens of the counter-notice; they are read back without verifying the hub's own signature again.
"""

from typing import Final

from sqlalchemy import and_, bindparam, or_, select, update

from hub.exchange.stages import ItemKind
from hub.exchange.store.instants import from_micros, to_micros
from hub.exchange.store.statements import Line, Prepared
from hub.exchange.store.tables import table
from hub.protocols import canonical
from hub.protocols.blind_key import BlindKeyRequest, Candidate
from hub.protocols.canonical import Reader
from hub.protocols.delivery import ground_json, read_ground
from hub.protocols.key_grant import KeyRequest
from hub.protocols.limits import MANIFEST_BYTES
from hub.protocols.names import Digest, KeyId, MemberId, NoticeId, RequestId


def request_bytes(request: KeyRequest | BlindKeyRequest) -> bytes:
    """A request as canonical JSON; a blind one has candidates."""
    if isinstance(request, BlindKeyRequest):
        return _blind_bytes(request)
    return canonical.encode(
        {
            "request": request.request,
            "sender": request.sender,
            "notice": request.notice,
            "manifest": request.manifest,
            "counter_manifest": request.counter_manifest,
            "counter_tokens": request.counter_tokens,
            "recipient": request.recipient,
            "recipient_key": request.recipient_key,
            "approved_by": list(request.approved_by),
            "asked_at": to_micros(request.asked_at),
        }
    )


def _blind_bytes(request: BlindKeyRequest) -> bytes:
    return canonical.encode(
        {
            "request": request.request,
            "sender": request.sender,
            "notice": request.notice,
            "manifest": request.manifest,
            "ground": ground_json(request.ground),
            "candidates": [{"member": one.member, "key": one.key} for one in request.candidates],
            "asked_at": to_micros(request.asked_at),
        }
    )


def _blind_from(reader: Reader) -> BlindKeyRequest:
    request = BlindKeyRequest(
        request=RequestId(reader.id("request", "req")),
        sender=MemberId(reader.id("sender", "mbr")),
        notice=NoticeId(reader.id("notice", "ntc")),
        manifest=Digest(reader.text("manifest")),
        ground=read_ground(reader.object("ground")),
        candidates=tuple(
            Candidate(MemberId(one.text("member")), KeyId(one.text("key")))
            for one in reader.objects("candidates")
        ),
        asked_at=from_micros(reader.integer("asked_at")),
    )
    reader.done()
    return request


def request_from(data: bytes) -> KeyRequest | BlindKeyRequest:
    """What `request_bytes` wrote; raise `MalformedMessage` for anything else."""
    reader = Reader(canonical.decode(data), "kept key request")
    if reader.has("candidates"):
        return _blind_from(reader)
    request = KeyRequest(
        request=RequestId(reader.id("request", "req")),
        sender=MemberId(reader.id("sender", "mbr")),
        notice=NoticeId(reader.id("notice", "ntc")),
        manifest=Digest(reader.text("manifest")),
        counter_manifest=reader.text("counter_manifest", max=MANIFEST_BYTES),
        counter_tokens=reader.value("counter_tokens"),
        recipient=MemberId(reader.id("recipient", "mbr")),
        recipient_key=KeyId(reader.text("recipient_key")),
        approved_by=tuple(MemberId(member) for member in reader.list_of_text("approved_by")),
        asked_at=from_micros(reader.integer("asked_at")),
    )
    reader.done()
    return request


_passage: Final = table("passage")
_inbox: Final = table("inbox")

_spent: Final = or_(
    _passage.c.notice == bindparam("carried"),
    and_(
        _passage.c.counter == bindparam("carried"),
        or_(_passage.c.state == "closed", _passage.c.state == "stopped"),
    ),
)
"""Passages of a forgotten notice, and those that it ended beside: nobody needs their request again."""
_ERASE_ITEMS: Final = Prepared(
    update(_inbox)
    .where(
        _inbox.c.kind == ItemKind.KEY_REQUEST.value,
        _inbox.c.passage.in_(select(_passage.c.passage).where(_spent)),
    )
    .values(body=b"null", stopped=True)
)
_ERASE_REQUESTS: Final = Prepared(update(_passage).where(_spent).values(asked_for=None, box=None))


def erase_requests(line: Line, notice: NoticeId) -> None:
    """Destroy the key requests and boxes of a forgotten notice: they carry tokens and its keys.

    A request that *another* notice still waits on, and that carries this one's tokens, stays until
    its passage has ended.
    """
    line.change(_ERASE_ITEMS, carried=notice)
    line.change(_ERASE_REQUESTS, carried=notice)
