"""The core of `hub fsck`: does what is kept hold together, whoever has touched it?

Run after every fault. Each finding has a code that names what does not hold; the checks go on
after the first, and a database that cannot be read is a finding too. Whether a release was lawful
on the day is not judged here: its record says under which clause, and the log says when.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from hub.exchange.errors import HubFault
from hub.exchange.ports import Entry, Work
from hub.exchange.stages import ItemKind, KeyUse, StoredNotice
from hub.exchange.states import NoticeState
from hub.exchange.store.inventory import KeptItem, KeptNode
from hub.protocols.canonical import Json
from hub.protocols.checkpoint import cosigning_member, verify_checkpoint, verify_cosignature, witness_key
from hub.protocols.entry import check_opening
from hub.protocols.errors import ProtocolError
from hub.protocols.key_grant import read_counter_tokens
from hub.protocols.keys import VerifyingKey
from hub.protocols.merkle import Frontier, leaf_hash, root_at
from hub.protocols.names import DisclosureId, NoticeId, Part
from hub.protocols.notice import manifest_digest
from hub.protocols.sealing import part_digest
from hub.protocols.signed_note import NoteKey, parse_note

CHUNK: Final = 4096
"""Leaves read at a time."""


class Inventory(Protocol):
    """Everything that is kept, row by row."""

    def notices(self) -> Iterable[NoticeId]:
        """Every notice ever kept."""

    def items(self) -> Iterable[KeptItem]:
        """Every inbox item."""

    def errands(self) -> Iterable[tuple[int, str]]:
        """Number and subject of all work that waits."""

    def highest_errand(self) -> int:
        """The highest number that work was ever given."""

    def openings(self) -> Iterable[int]:
        """Index of every entry that can still be opened."""

    def entries(self) -> Iterable[int]:
        """Index of every leaf that is there."""

    def nodes(self) -> Iterable[KeptNode]:
        """Every stored subtree."""

    def checkpoints(self) -> Iterable[tuple[int, str]]:
        """Size and note of every signed checkpoint."""

    def damage(self) -> Iterable[str]:
        """What the database itself finds wrong with its file."""


class CountedWork(Work, Protocol):
    """A unit of work that can count through everything."""

    @property
    def inventory(self) -> Inventory:
        """Everything that is kept."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold: a stable code, where, and what was expected."""

    code: str
    where: str
    detail: str


Check = Callable[[CountedWork, NoteKey], Iterator[Finding]]


def check_store(work: CountedWork, log_key: NoteKey) -> list[Finding]:
    """Everything that does not hold, nothing where all is well. Reads only."""
    return [finding for check in CHECKS for finding in _whole(check, work, log_key)]


def check_file(work: CountedWork, _: NoteKey) -> Iterator[Finding]:
    """The database finds nothing wrong with its file."""
    for words in work.inventory.damage():
        yield Finding("store-damaged", "database", words)


def check_notices(work: CountedWork, _: NoteKey) -> Iterator[Finding]:
    """Each kept notice is what was signed, is whole while it stands, and is in the log or waits to be."""
    waiting = {subject for _, subject in work.inventory.errands()}
    for name in work.inventory.notices():
        try:
            notice = work.notices.get(name)
            if notice is not None:
                yield from _check_notice(notice, work, waiting=name in waiting)
        except ProtocolError as fault:
            yield Finding("notice-unreadable", name, fault.detail)


def check_tree(work: CountedWork, _: NoteKey) -> Iterator[Finding]:
    """Leaves, subtrees, head and root agree."""
    size = work.log.size()
    tree, held = Frontier(), 0
    for start in range(0, size, CHUNK):
        leaves = work.log.leaves(start, min(start + CHUNK, size))
        held += len(leaves)
        tree, nodes = tree.extend(leaf_hash(leaf) for leaf in leaves)
        for level, index, value in nodes:
            if _node(work, level, index) != value:
                yield Finding(
                    "log-node", f"level {level}, index {index}", "the subtree has another hash, or is missing"
                )
    if held != size:
        yield Finding("log-size", "head", f"the head says {size} entries and there are {held}")
    elif tree.root() != work.log.root():
        yield Finding("log-root", "head", "the leaves give another root than the head has")
    yield from _beyond(work, size)


def check_openings(work: CountedWork, _: NoteKey) -> Iterator[Finding]:
    """Every record that can still be read is the one its leaf commits to."""
    for index in work.inventory.openings():
        where = f"entry {index}"
        try:
            entry = work.log.entry(index)
            leaves = work.log.leaves(index, index + 1)
            if entry is None or entry.opening is None or not leaves:
                yield Finding("opening-astray", where, "a record belongs to no leaf")
            else:
                check_opening(entry.opening, leaves[0])
        except (ProtocolError, HubFault) as fault:
            yield Finding("opening-altered", where, fault.detail)


def check_releases(work: CountedWork, _: NoteKey) -> Iterator[Finding]:
    """Each release has exactly one entry, its own, below the head; none was entered but not handed over."""
    recorded = _recorded(work)
    size, delivered = work.log.size(), set()
    for item in work.inventory.items():
        if item.log_index >= size:
            yield Finding(
                "item-beyond-head", item.item, "an inbox item names an entry that is not in the log"
            )
        if item.kind is ItemKind.DELIVERY:
            delivered.add(item.item)
            yield from _check_delivery(item, recorded.get(item.item, []), work)
    for delivery in recorded.keys() - delivered:
        yield Finding("release-nowhere", delivery, "a release is in the log and in nobody's inbox")


def check_checkpoints(work: CountedWork, log_key: NoteKey) -> Iterator[Finding]:
    """Everything ever signed is a beginning of this log, under its own key."""
    size = work.log.size()
    for signed_size, note in work.inventory.checkpoints():
        where = f"checkpoint {signed_size}"
        try:
            checkpoint = verify_checkpoint(note, log_key)
        except ProtocolError as fault:
            yield Finding("checkpoint-unsigned", where, fault.detail)
            continue
        if checkpoint.size != signed_size or signed_size > size:
            yield Finding(
                "checkpoint-beyond", where, "the log is shorter than what was signed, or says another size"
            )
        elif root_at(signed_size, work.log.node) != checkpoint.root:
            yield Finding("checkpoint-forked", where, "the log no longer begins with what was signed")
        if not _cosignatures_hold(note, log_key.name, work):
            yield Finding("checkpoint-cosignature", where, "a line below it is no member's cosignature of it")


def check_outbox(work: CountedWork, _: NoteKey) -> Iterator[Finding]:
    """No number of waiting work is above the highest ever given: else an old one would come again."""
    highest = work.inventory.highest_errand()
    for number, _subject in work.inventory.errands():
        if not 0 < number <= highest:
            yield Finding("outbox-number", f"errand {number}", "work has a number that was never given")


CHECKS: Final[tuple[Check, ...]] = (
    check_file,
    check_notices,
    check_tree,
    check_openings,
    check_releases,
    check_checkpoints,
    check_outbox,
)


def _cosignatures_hold(note: str, origin: str, work: Work) -> bool:
    """Whether every line but the log's own is by a logged key of the member that it names."""
    for line in parse_note(note).signatures:
        member = cosigning_member(line, origin)
        keys = [] if member is None else work.members.keys(member)
        known = [witness_key(origin, key.member, VerifyingKey.from_jwk(key.jwk))
                 for key in keys if key.use is KeyUse.SIGNING]  # fmt: skip
        found = [key for key in known if key.id == line.key_id]
        if line.name != origin and not (found and _is_cosigned(note, found[0])):
            return False
    return True


def _is_cosigned(note: str, witness: NoteKey) -> bool:
    try:
        verify_cosignature(note, witness)
    except ProtocolError:
        return False
    return True


def _whole(check: Check, work: CountedWork, log_key: NoteKey) -> Iterator[Finding]:
    try:
        yield from check(work, log_key)
    except HubFault as fault:
        yield Finding(fault.code, check.__name__, fault.detail)
    except ProtocolError as fault:
        yield Finding("store-unreadable", check.__name__, fault.detail)


def _check_notice(notice: StoredNotice, work: Work, *, waiting: bool) -> Iterator[Finding]:
    name, manifest = notice.notice, notice.manifest
    if manifest_digest(notice.jws) != notice.digest or manifest.notice != name:
        yield Finding("notice-altered", name, "the manifest is not the one that was kept")
    if notice.log_index is not None:
        yield from _check_published(notice, work.log.entry(notice.log_index))
    elif not waiting:
        yield Finding("notice-unpublished", name, "a promised notice is neither in the log nor waiting to be")
    parts = work.notices.parts(name, Part)
    if not parts and notice.state is NoticeState.OPEN:
        yield Finding("body-missing", name, "an open notice has lost its sealed parts")
    if any(part_digest(jwe) != manifest.entry(part).cipher_digest for part, jwe in parts.items()):
        yield Finding("body-altered", name, "a sealed part is not the one that its sender signed")
    if parts:
        read_counter_tokens(notice.counter_tokens, notice.signed_tokens)


def _check_published(notice: StoredNotice, entry: Entry | None) -> Iterator[Finding]:
    if entry is None:
        yield Finding("entry-missing", notice.notice, "the notice names an entry that is not in the log")
    elif entry.opening is not None:
        record = _fields(entry.opening.record)
        if (record.get("kind"), record.get("notice"), record.get("manifest")) != (
            "published",
            notice.notice,
            notice.digest,
        ):
            yield Finding("entry-other", notice.notice, "the entry of the notice records something else")


def _recorded(work: CountedWork) -> dict[DisclosureId, list[int]]:
    """Where the log records the release of each delivery."""
    found: dict[DisclosureId, list[int]] = {}
    for index in work.inventory.openings():
        record = _record(work, index)
        if record.get("kind") == "release":
            found.setdefault(DisclosureId(str(record.get("delivery"))), []).append(index)
    return found


def _record(work: Work, index: int) -> dict[str, Json]:
    """What the entry says; nothing where it cannot be read, which `check_openings` reports."""
    try:
        entry = work.log.entry(index)
    except (ProtocolError, HubFault):
        return {}
    return {} if entry is None or entry.opening is None else _fields(entry.opening.record)


def _check_delivery(item: KeptItem, recorded: list[int], work: Work) -> Iterator[Finding]:
    entry = work.log.entry(item.log_index)
    erased = entry is not None and entry.opening is None
    if len(recorded) > 1:
        yield Finding("release-twice", item.item, "a release has more than one entry")
    elif recorded != [item.log_index] and not erased:
        yield Finding("release-unlogged", item.item, "a release has no entry of its own where it says")


def _beyond(work: CountedWork, size: int) -> Iterator[Finding]:
    for index in work.inventory.entries():
        if index >= size:
            yield Finding("log-beyond-head", f"entry {index}", "an entry lies beyond the head of the log")
    for node in work.inventory.nodes():
        if (node.index + 1) << node.level > size:
            yield Finding(
                "log-beyond-head", f"level {node.level}, index {node.index}", "a subtree lies beyond the head"
            )


def _node(work: Work, level: int, index: int) -> bytes | None:
    try:
        return work.log.node(level, index)
    except HubFault:
        return None


def _fields(record: Json) -> dict[str, Json]:
    return record if isinstance(record, dict) else {}
