"""Write what happened into the log, close a slot, sign the checkpoint.

A leaf is a bare salted commitment; kind, time and parties are inside the record, whose opening
the parties may see. Every slot, empty or not, appends a multiple of 16 leaves, so that the tree
grows alike whatever happened (I9). Only this module makes a `RecordedRelease` or a
`RecordedRequest`.
"""

from collections.abc import Iterable, Sequence

from hub.consent.decision import Decision
from hub.exchange.errors import HubFault
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import (
    Passage,
    PreparedRelease,
    PreparedRequest,
    RecordedRelease,
    RecordedRequest,
    RefusalNote,
    Refused,
    StoredNotice,
    ground_of,
)
from hub.protocols import canonical
from hub.protocols.blind_key import BlindKeyRequest, candidates_digest
from hub.protocols.canonical import Json
from hub.protocols.checkpoint import Checkpoint, sign_checkpoint
from hub.protocols.delivery import ground_json, release_json
from hub.protocols.entry import Opening, filler
from hub.protocols.limits import LOG_MULTIPLE
from hub.protocols.merkle import root_at
from hub.protocols.names import MemberId, NoticeId
from hub.protocols.proof import encode_proof

NOBODY: frozenset[MemberId] = frozenset()


def record_published(notice: StoredNotice, work: Work, hub: Hub) -> int:
    """Fulfil the promise: the notice is in the log."""
    record: Json = {
        "kind": "published",
        "notice": notice.notice,
        "manifest": notice.digest,
        "sender": notice.sender,
        "type": notice.manifest.type.value,
        "at": canonical.instant(hub.now()),
    }
    return _append(record, {notice.sender}, notice.notice, work, hub)


def record_release(prepared: PreparedRelease, work: Work, hub: Hub) -> RecordedRelease:
    """Enter a release, and what was withheld beside it, before anything leaves (I3)."""
    record, hides = prepared.record, prepared.permitted.passage.hides
    parties = {record.recipient} if hides else {record.sender, record.recipient}
    index = _append(release_json(record), parties, record.notice, work, hub)
    if hides:
        _record_blindly(prepared, work, hub)
    if prepared.permitted.withheld:
        withheld = tuple(prepared.permitted.withheld.values())
        _append(_refusal_json(prepared.permitted.passage.notice, withheld, "withheld", hub),
                () if hides else {record.sender}, record.notice, work, hub)  # fmt: skip
    return RecordedRelease(prepared, index)


def _record_blindly(prepared: PreparedRelease, work: Work, hub: Hub) -> None:
    """Enter for the sender that something was released, and under which clause.

    Not to whom; nor which parts, since they can depend on the role of who it is.
    """
    record = prepared.record
    facts: dict[str, Json] = {
        "delivery": record.delivery,
        "stage": record.stage.value,
        "notice": record.notice,
        "manifest": record.manifest,
        "sender": record.sender,
        "fact": None if record.fact is None else ground_json(record.fact),
        "rules": record.rules,
    }
    record_event("blind_release", facts, {record.sender}, work, hub, notice=record.notice)


def record_request(prepared: PreparedRequest, work: Work, hub: Hub) -> RecordedRequest:
    """Enter a key request: it tells the sender that its notice matches."""
    request = prepared.request
    record: dict[str, Json] = {
        "kind": "key_request",
        "request": request.request,
        "notice": request.notice,
        "manifest": request.manifest,
        "sender": request.sender,
        "fact": ground_json(ground_of(prepared.wanted.fact)),
        "rules": prepared.wanted.fact.rules_version,
        "at": canonical.instant(hub.now()),
    }
    parties = {request.sender}
    if isinstance(request, BlindKeyRequest):
        record["candidates"] = candidates_digest(request.candidates)
    else:
        record["recipient"] = request.recipient
        parties.add(request.recipient)
    index = _append(record, parties, request.notice, work, hub)
    return RecordedRequest(prepared, index)


def record_refusal(refused: Refused, work: Work, hub: Hub, *, tell: Iterable[MemberId] = ()) -> int:
    """Enter a refusal with every reason; members are told only where `tell` names them (I4)."""
    passage = refused.passage
    note_refusal(refused, work, hub)
    record = _refusal_json(passage.notice, refused.decisions, "held" if refused.held else "refused", hub)
    return _append(record, tell, passage.notice, work, hub)


def note_refusal(refused: Refused, work: Work, hub: Hub) -> None:
    """Keep the reasons of a refusal for the counts of its quarter; each counts once for a passage."""
    reasons = [reason for decision in refused.decisions for reason in decision.reasons]
    notes = [
        RefusalNote(reason.code.value, reason.agreement, reason.version, reason.clause) for reason in reasons
    ]
    work.refusals.note(refused.passage, notes, hub.now())


def record_event(
    kind: str,
    facts: dict[str, Json],
    parties: Iterable[MemberId],
    work: Work,
    hub: Hub,
    *,
    notice: NoticeId | None = None,
) -> int:
    """Enter anything else that a data protection officer wants to find: admissions, keys, papers, answers."""
    return _append({"kind": kind, **facts, "at": canonical.instant(hub.now())}, parties, notice, work, hub)


def record_answer(
    kind: str, facts: dict[str, Json], own: dict[str, Json], passage: Passage, work: Work, hub: Hub
) -> int:
    """Enter what a recipient answered, for both sides; return the place of the recipient's entry.

    Where the sender may not learn who that is, it gets an entry of its own, without what is in `own`.
    """
    notice, ends = passage.notice, {passage.sender, passage.recipient}
    if passage.hides:
        record_event(kind, facts, {passage.sender}, work, hub, notice=notice)
        ends = {passage.recipient}
    return record_event(kind, {**facts, **own}, ends, work, hub, notice=notice)


def opening_and_proof(index: int, work: Work) -> tuple[Json, str]:
    """What a party needs to check one entry by itself: record, salt, and the proof that it is in the log."""
    entry = work.log.entry(index)
    if entry is None or entry.opening is None:
        raise HubFault("entry-missing", "an entry that should be open is not readable")
    opening: Json = {"record": entry.opening.record, "salt": canonical.b64u(entry.opening.salt)}
    return opening, encode_proof(work.log.prove(index))


def close_slot(work: Work, hub: Hub) -> int:
    """Fill the slot up to the next multiple of 16 leaves, at least to one; return the new size."""
    size = work.log.size()
    signed = work.log.signed()
    least = size + 1 if signed is not None and size == signed[0] else size
    return fill_to(least + -least % LOG_MULTIPLE, work, hub)


def room(work: Work) -> int:
    """How many entries go into this slot without making it longer than it would be."""
    size, signed = work.log.size(), work.log.signed()
    if signed is not None and size == signed[0]:
        return LOG_MULTIPLE
    return -size % LOG_MULTIPLE


def fill_to(size: int, work: Work, hub: Hub) -> int:
    """Append leaves that stand for nothing until the log has this size; return the size it has."""
    for _ in range(work.log.size(), size):
        work.log.append(filler(hub.chance(32)), NOBODY, None)
    return work.log.size()


def sign_head(work: Work, hub: Hub) -> int:
    """Sign the committed head; refuse to go backwards. Returns the signed size.

    Raises `HubFault` as `check_head` does.
    """
    check_head(work, hub)
    size, root = work.log.size(), work.log.root()
    hub.guard.remember(size, root)
    work.log.keep_signed(size, sign_checkpoint(Checkpoint(hub.origin, size, root), hub.key, hub.origin))
    return size


def check_head(work: Work, hub: Hub) -> None:
    """Hold the log to the head that this hub last signed: it must still begin so.

    Raises `HubFault("log-rolled-back")` where the log is smaller, or its first leaves are others: a
    restored database must not go on as if nothing had happened, whatever it has grown to since; and
    `HubFault("guard-missing")` where something was signed and nobody remembers what.
    """
    last = hub.guard.last()
    if last is None and work.log.signed() is not None:
        raise HubFault(
            "guard-missing",
            "what was last signed is not remembered outside the database, which may be an older one: ask a "
            "member for the checkpoint it has kept, and give it to `hub log remember`",
        )
    if last is not None and (work.log.size() < last[0] or root_at(last[0], work.log.node) != last[1]):
        raise HubFault(
            "log-rolled-back",
            "the log is not the one last signed: this database is older than what members have seen",
        )


def _refusal_json(notice: NoticeId, decisions: Sequence[Decision], kind: str, hub: Hub) -> Json:
    return {
        "kind": kind,
        "notice": notice,
        "decisions": [
            {
                "category": decision.category.value,
                "reasons": [
                    {
                        "code": reason.code.value,
                        "agreement": reason.agreement,
                        "version": reason.version,
                        "clause": reason.clause,
                    }
                    for reason in decision.reasons
                ],
            }
            for decision in decisions
        ],
        "rules": decisions[0].rules_version,
        "at": canonical.instant(hub.now()),
    }


def _append(record: Json, parties: Iterable[MemberId], notice: NoticeId | None, work: Work, hub: Hub) -> int:
    if not isinstance(record, dict):
        raise HubFault("record-form", "a log record is an object")
    return work.log.append(Opening(record, hub.chance(32)), frozenset(parties), notice)
