"""Hold what is on its way, and what lies in inboxes, to the entries that let it go there."""

from collections.abc import Iterator, Mapping
from typing import Final

from hub.exchange.errors import HubFault
from hub.exchange.naming import arrival_of
from hub.exchange.ports import Entry
from hub.exchange.stages import InboxItem, ItemKind, Passage
from hub.exchange.states import NoticeState, PassageState
from hub.exchange.store.audit_looks import audit_lead, audit_look, audit_task
from hub.exchange.store.check import Finding
from hub.exchange.store.evidence import Evidence
from hub.exchange.store.inventory import ItemColumns
from hub.exchange.tasks import both, tasks_of
from hub.protocols.canonical import Json
from hub.protocols.delivery import Stage, read_release
from hub.protocols.errors import ProtocolError
from hub.protocols.names import DisclosureId, MemberId
from hub.protocols.sealing import box_key_id

HAS_LEFT = frozenset({PassageState.AWAITING_SAME, PassageState.RELEASED, PassageState.CLOSED})
"""States that nothing reaches without a release of the identity part."""

BETWEEN = frozenset({"release", "key_request"})
"""Kinds of records that sender and recipient may see, and nobody else."""

OWN: Final = frozenset({"published", "renewal"})
"""Kinds of records that their sender may see, and nobody else."""


def audit_openings(evidence: Evidence) -> Iterator[Finding]:
    """Each entry is shown to those whom it concerns, and found under its notice."""
    for index, listed, shown in evidence.work.inventory.parties():
        where = f"entry {index}"
        if listed != shown:
            yield Finding("opening-parties", where, "who is listed with this entry is not who is shown it")
        try:
            entry = evidence.work.log.entry(index)
        except ProtocolError:
            continue  # the check of the openings says so
        if entry is not None and entry.opening is not None and isinstance(entry.opening.record, dict):
            yield from _audit_opening(where, entry, entry.opening.record, shown, evidence)


def audit_passages(evidence: Evidence) -> Iterator[Finding]:
    """Each passage joins the notices it names, and has what let it go so far."""
    for name in evidence.work.inventory.passages():
        try:
            passage = evidence.work.passages.get(name)
        except (HubFault, ProtocolError) as fault:
            yield Finding("passage-unreadable", name, fault.detail)
            continue
        if passage is not None:
            yield from _audit_ends(passage, evidence)
            yield from _audit_steps(passage, evidence)
            yield from audit_look(passage, evidence)


def audit_items(evidence: Evidence) -> Iterator[Finding]:
    """Each inbox item lies with the member that its entry names; each request that was entered lies there."""
    requests = set[int]()
    for columns in evidence.work.inventory.item_columns():
        if columns.kind is ItemKind.KEY_REQUEST:
            requests.add(columns.log_index)
        yield from _audit_item(columns, evidence)
    for name, (index, _) in evidence.ledger.things["key_request"].items():
        if index not in requests:
            yield Finding("request-nowhere", name, "a key request is in the log and in nobody's inbox")


def _audit_opening(
    where: str, entry: Entry, record: Mapping[str, Json], shown: frozenset[MemberId], evidence: Evidence
) -> Iterator[Finding]:
    kind, ends = record.get("kind"), {record.get("sender")}
    if kind in BETWEEN and "recipient" in record:
        ends.add(record["recipient"])
    if kind == "release" and record.get("delivery") in evidence.ledger.things["blind_release"]:
        ends.discard(record.get("sender"))
    if kind in {*BETWEEN, *OWN} and shown != ends:
        yield Finding("opening-shown", where, "it is shown to others than it concerns, or to fewer")
    if "notice" in record and record["notice"] != entry.notice:
        yield Finding("opening-notice", where, "the entry is kept under another notice than its own")


def _audit_ends(passage: Passage, evidence: Evidence) -> Iterator[Finding]:
    notices = evidence.work.notices
    try:
        notice = notices.get(passage.notice)
        counter = None if passage.counter is None else notices.get(passage.counter)
    except ProtocolError:
        return  # the check of notices says so
    if notice is None or (passage.counter is not None and counter is None):
        yield Finding("passage-astray", passage.passage, "the passage names a notice that is not kept")
        return
    recipient = notice.manifest.recipient if counter is None else counter.sender
    if (passage.sender, passage.recipient) != (notice.sender, recipient):
        yield Finding("passage-ends", passage.passage, "it goes from or to another than its notices say")


def _audit_steps(passage: Passage, evidence: Evidence) -> Iterator[Finding]:
    """What let a passage go on: releases, a signed `same`, a key request, a box."""
    name, ledger = passage.passage, evidence.ledger
    items = evidence.work.inboxes.of_passage(name)
    delivered = [item for item in items if item.kind is ItemKind.DELIVERY]
    if passage.state in HAS_LEFT and not any(item.stage is Stage.IDENTITY for item in delivered):
        yield Finding("passage-unreleased", name, "nothing was released on this passage, and it says so")
    if passage.same and not any(item.item in ledger.same for item in delivered):
        yield Finding("same-unlogged", name, "no `same` of the recipient is in the log")
    if passage.state is PassageState.STOPPED and not all(item.stopped for item in delivered):
        yield Finding("passage-goes-on", name, "the passage was stopped, and a delivery of it was not")
    request = passage.request
    if request is not None and request.request not in ledger.things["key_request"]:
        yield Finding("request-unlogged", name, "the key request of this passage is not in the log")
    yield from _audit_naming(passage, evidence)
    if passage.box is not None and not _for_recipient(passage.box, passage, evidence):
        yield Finding("box-other", name, "the key box is made for another than the recipient")


def _audit_naming(passage: Passage, evidence: Evidence) -> Iterator[Finding]:
    """Who was asked for blindly is still kept back, unless officers of that very side have said otherwise."""
    name, requests = passage.passage, evidence.ledger.things["key_request"]
    asked = None if passage.request is None else requests.get(passage.request.request)
    if asked is not None and "candidates" in asked[1] and not passage.blind:
        yield Finding("blind-altered", name, "its key was asked for blindly, and it has forgotten that")
    if passage.named and not _let_named(passage, evidence):
        yield Finding("named-unlogged", name, "no officer's word is in the log that this side may be named")


def _let_named(passage: Passage, evidence: Evidence) -> bool:
    """Whether an officer of the arrival's side has said so, in answer to a task about this match."""
    arrival = arrival_of(*both(passage, evidence.work))
    tasks = {task.item for task in tasks_of(passage, evidence.work)}
    said = {member for task, member in evidence.ledger.named if task in tasks}
    return arrival is not None and arrival.sender in said


def _for_recipient(box: str, passage: Passage, evidence: Evidence) -> bool:
    try:
        key = evidence.work.members.key(box_key_id(box))
    except ProtocolError:
        return False
    return key is not None and key.member == passage.recipient


def _audit_item(columns: ItemColumns, evidence: Evidence) -> Iterator[Finding]:
    name = columns.item
    try:
        item = evidence.work.inboxes.get(columns.item)
        entry = evidence.work.log.entry(columns.log_index)
    except (HubFault, ProtocolError) as fault:
        yield Finding("item-unreadable", name, fault.detail)
        return
    if columns.passage is not None and evidence.work.passages.get(columns.passage) is None:
        yield Finding("passage-missing", name, "an inbox item belongs to a passage that is not kept")
    if item is None or entry is None or entry.opening is None:
        if item is not None and _stands(item, evidence):
            yield Finding("entry-closed", name, "the entry behind an item that stands cannot be opened")
        return
    record = entry.opening.record if isinstance(entry.opening.record, dict) else {}
    if columns.kind is ItemKind.DELIVERY and record.get("kind") == "release":
        yield from _audit_delivery(item, record)
    elif columns.kind is not ItemKind.STOPPED and columns.member not in _concerned(entry, record):
        yield Finding("item-other-member", name, "the item lies with a member that it does not concern")
    elif columns.kind is ItemKind.LEAD:
        yield from audit_lead(item, record)
    elif columns.kind is ItemKind.OFFICER_TASK:
        yield from audit_task(item, record)


def _concerned(entry: Entry, record: Mapping[str, Json]) -> frozenset[str]:
    """Who may have an item for an entry: a key request is the sender's alone."""
    if record.get("kind") == "key_request":
        return frozenset({str(record.get("sender"))})
    return frozenset(entry.parties)


def _stands(item: InboxItem, evidence: Evidence) -> bool:
    notice = None if item.about is None else evidence.work.notices.get(item.about)
    return notice is None or notice.state is NoticeState.OPEN


def _audit_delivery(item: InboxItem, record: Mapping[str, Json]) -> Iterator[Finding]:
    try:
        release = read_release(dict(record))
    except ProtocolError as fault:
        yield Finding("release-malformed", item.item, fault.detail)
        return
    if (release.delivery, release.recipient) != (DisclosureId(item.item), item.member):
        yield Finding("item-other-member", item.item, "the delivery lies with another member than it went to")
    listed = [part.part for part in release.parts]
    if (release.stage, release.notice, listed) != (item.stage, item.about, item.parts):
        yield Finding("release-other-parts", item.item, "the delivery lists other parts than its entry")
