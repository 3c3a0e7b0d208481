"""Prepare a release, and hand over a recorded one.

The release is split round the log: *prepare, record, hand over*. A crash after recording leaves a
true statement and a delivery that waits; a crash before it has told nobody. `hand_over` takes a
`RecordedRelease` and nothing else.
"""

from hub.exchange.errors import HubFault
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import InboxItem, ItemKind, Permitted, PreparedRelease, RecordedRelease, ground_of
from hub.protocols.delivery import Delivery, ReleasedPart, ReleaseRecord, write_delivery
from hub.protocols.names import DisclosureId, Part, new_id
from hub.protocols.proof import LogProof, encode_proof


def prepare_release(permitted: Permitted, hub: Hub) -> PreparedRelease:
    """Write down what is about to leave, part by part, with the clause that lets it."""
    passage, notice = permitted.passage, permitted.notice
    if passage.box is None:
        raise HubFault("box-missing", "a release was prepared before its key box was there")
    record = ReleaseRecord(
        delivery=DisclosureId(new_id("dis", hub.now(), hub.chance(10))),
        stage=permitted.stage,
        notice=notice.notice,
        manifest=notice.digest,
        sender=passage.sender,
        recipient=passage.recipient,
        fact=None if permitted.fact is None else ground_of(permitted.fact),
        parts=tuple(
            ReleasedPart(part, notice.manifest.entry(part).cipher_digest, ground_of(permitted.permits[part]))
            for part in Part
            if part in permitted.permits
        ),
        rules=next(iter(permitted.permits.values())).rules_version,
        released_at=hub.now(),
    )
    return PreparedRelease(permitted, record, passage.box)


def hand_over(recorded: RecordedRelease, work: Work, hub: Hub) -> InboxItem:
    """Put a recorded release into the recipient's inbox; it shows once the checkpoint is signed."""
    record = recorded.prepared.record
    passage = recorded.prepared.permitted.passage
    item = InboxItem(
        item=record.delivery,
        member=record.recipient,
        kind=ItemKind.DELIVERY,
        about=record.notice,
        passage=passage.passage,
        body={
            "stage": record.stage.value,
            "notice": record.notice,
            "counter": passage.counter,
            "parts": [part.part.value for part in record.parts],
        },
        log_index=recorded.log_index,
        put_at=hub.now(),
    )
    work.inboxes.put(item)
    return item


def pack_delivery(item: InboxItem, permitted: Permitted, work: Work, proof: LogProof | None = None) -> bytes:
    """The bytes of a delivery: manifest, released parts, box, opening and proof of its entry.

    Where no proof is given, that under the last checkpoint is packed.

    Only what the entry lists *and* today's decision still permits is packed; the caller has just
    decided. Raises `HubFault` where the entry is gone.
    """
    entry = work.log.entry(item.log_index)
    box = permitted.passage.box
    if entry is None or entry.opening is None or box is None:
        raise HubFault("entry-missing", "a delivery has no readable entry in the log")
    parts = work.notices.parts(permitted.notice.notice, item.parts)
    return write_delivery(
        Delivery(
            manifest=permitted.notice.jws,
            parts=parts,
            box=box,
            opening=entry.opening,
            proof=encode_proof(proof or work.log.prove(item.log_index)),
        )
    )


def still_permitted(item: InboxItem, permitted: Permitted) -> bool:
    """Whether every part that the entry lists may still leave: a delivery is whole or not at all."""
    return all(part in permitted.permits for part in item.parts)
