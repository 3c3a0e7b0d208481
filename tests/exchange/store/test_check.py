"""`hub.exchange.store.check`: whatever was done to the store behind its back is found, by name."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.exchange.errors import HubFault
from hub.exchange.stages import ItemKind
from hub.exchange.states import NoticeState
from hub.exchange.store.check import CountedWork, Finding, check_store
from hub.exchange.store.memory import MemoryStore
from hub.exchange.store.unit_of_work import SqlStore, SqlWork
from hub.protocols.canonical import Json
from hub.protocols.checkpoint import Checkpoint, sign_checkpoint
from hub.protocols.entry import Opening
from hub.protocols.names import MemberId
from hub.protocols.signature_keys import SigningKey
from hub.protocols.signed_note import NoteKey, NoteKind
from tests.stores.made_up import KENT, MEDWAY, checked, item, notice_id

ORIGIN = "hub.example"
HUB = SigningKey.from_seed(b"h" * 32)
LOG = NoteKey(ORIGIN, NoteKind.LOG, HUB.public)


def append(work: CountedWork, record: Json, notice: int | None) -> int:
    """An entry that concerns Kent."""
    salt = (1000 + work.log.size()).to_bytes(32)
    return work.log.append(
        Opening(record, salt), frozenset({KENT}), None if notice is None else notice_id(notice)
    )


def publish(work: CountedWork, number: int, sender: MemberId = KENT) -> None:
    """A notice that is kept and entered."""
    notice = checked(number, sender=sender)
    work.notices.keep(notice, "promise")
    record: Json = {"kind": "published", "notice": notice_id(number), "manifest": notice.signed.digest}
    work.notices.set_state(notice_id(number), NoticeState.OPEN, append(work, record, number))


def release(work: CountedWork, number: int) -> None:
    """A release that is entered and handed over."""
    index = append(work, {"kind": "release", "delivery": item(number).item}, 1)
    work.inboxes.put(item(number, log_index=index))


def sign(work: CountedWork) -> None:
    """The head is signed."""
    size, root = work.log.size(), work.log.root()
    work.log.keep_signed(size, sign_checkpoint(Checkpoint(ORIGIN, size, root), HUB, ORIGIN))


def live(work: CountedWork) -> None:
    """A small life: published, released, signed twice, one forgotten, one that waits to be carried."""
    for number in (1, 2, 3):
        publish(work, number)
    for errand in work.outbox.claim(9, checked(1).kept_at):
        work.outbox.done(errand)
    release(work, 1)
    sign(work)
    release(work, 2)
    work.inboxes.put(item(3, kind=ItemKind.ALARM, log_index=2))
    sign(work)
    append(work, {"kind": "made_up"}, None)
    work.notices.set_state(notice_id(3), NoticeState.EXPIRED)
    work.notices.forget(notice_id(3))
    work.log.erase(notice_id(3))
    work.notices.keep(checked(4, sender=MEDWAY), "promise")


@pytest.fixture
def lived(sqlite: SqlStore) -> SqlStore:
    """A store with a small life in it."""
    with sqlite.write() as work:
        live(work)
    return sqlite


def findings(store: SqlStore) -> list[Finding]:
    """What does not hold."""
    with store.read() as work:
        return check_store(work, LOG)


def codes(store: SqlStore) -> set[str]:
    """The codes of what does not hold."""
    return {finding.code for finding in findings(store)}


def sql(store: SqlStore, *statements: str) -> None:
    """Somebody changes the database behind the store's back."""
    with store.write() as work:
        connection = work.line._connection
        assert isinstance(connection, sqlite3.Connection)
        for statement in statements:
            connection.execute(statement)


def test_a_store_that_was_only_used_has_nothing_to_find(lived: SqlStore) -> None:
    """Published, waiting, released, expired and forgotten, erased, signed: all in order."""
    assert findings(lived) == []


def test_an_empty_store_has_nothing_to_find(sqlite: SqlStore) -> None:
    """Before the first notice, and in the reference store before and after."""
    assert findings(sqlite) == []
    memory = MemoryStore()
    with memory.write() as work:
        assert check_store(work, LOG) == []
        live(work)
        assert check_store(work, LOG) == []


TAMPERED = {
    "a notice's own manifest is altered": (
        "notice-altered",
        "UPDATE notice SET digest = replace(digest, substr(digest, 1, 3), 'AAA') WHERE rec = 1",
    ),
    "a manifest is no manifest any more": (
        "notice-unreadable",
        "UPDATE notice SET manifest = 'a.b' WHERE rec = 2",
    ),
    "a promised notice is not entered and nobody will do it": (
        "notice-unpublished",
        "DELETE FROM outbox WHERE subject = (SELECT notice FROM notice WHERE rec = 4)",
    ),
    "a notice names an entry that is not there": (
        "entry-missing",
        "UPDATE notice SET log_index = 900 WHERE rec = 1",
    ),
    "a notice names another's entry": ("entry-other", "UPDATE notice SET log_index = 1 WHERE rec = 1"),
    "a sealed part is lost": ("body-missing", "DELETE FROM body WHERE rec = 1"),
    "the keys of a body are lost": ("body-missing", "DELETE FROM rest_key WHERE rec = 1"),
    "a bit of a body is flipped": (
        "notice-unreadable",
        "UPDATE body SET parts = CAST(substr(parts, 1, 40) || x'00' || substr(parts, 42) AS BLOB)",
    ),
    "two bodies are exchanged": (
        "notice-unreadable",
        "UPDATE body SET parts = (SELECT parts FROM body AS b WHERE b.rec = 3 - body.rec) WHERE rec < 3",
    ),
    "a filter is altered": ("notice-unreadable", "UPDATE tokens SET filters = zeroblob(157) WHERE rec = 1"),
    "a leaf is altered": ("log-node", "UPDATE log_entry SET leaf = zeroblob(32) WHERE idx = 4"),
    "a leaf is altered, seen from its record": (
        "opening-altered",
        "UPDATE log_entry SET leaf = zeroblob(32) WHERE idx = 4",
    ),
    "a record is altered": (
        "opening-altered",
        "UPDATE opening SET record = replace(record, 'made_up', 'made_of') WHERE idx = 5",
    ),
    "a record has a salt of another length": (
        "opening-altered",
        "UPDATE opening SET salt = x'00' WHERE idx = 5",
    ),
    "a subtree is altered": (
        "log-node",
        "UPDATE log_node SET hash = zeroblob(32) WHERE level = 1 AND idx = 0",
    ),
    "a subtree is lost": ("log-node", "DELETE FROM log_node WHERE level = 2"),
    "the head is moved on": ("log-size", "UPDATE log_head SET size = 7, frontier = zeroblob(96)"),
    "the head has another root": ("log-root", "UPDATE log_head SET frontier = zeroblob(64)"),
    "the head is moved back": ("log-beyond-head", "UPDATE log_head SET size = 4, frontier = zeroblob(32)"),
    "the log is shorter than what was signed": (
        "checkpoint-beyond",
        "UPDATE log_head SET size = 4, frontier = zeroblob(32)",
    ),
    "the log is rewritten under what was signed": (
        "checkpoint-forked",
        "UPDATE log_node SET hash = zeroblob(32) WHERE level = 2",
    ),
    "a checkpoint is not the log's own": (
        "checkpoint-unsigned",
        "UPDATE checkpoint SET note = replace(note, '4', '5')",
    ),
    "a checkpoint is filed under another size": (
        "checkpoint-beyond",
        "UPDATE checkpoint SET size = 3 WHERE size = 4",
    ),
    "an item names an entry that is not there": (
        "item-beyond-head",
        "UPDATE inbox SET log_index = 6 WHERE sequence = 3",
    ),
    "a release has lost its entry": ("release-unlogged", "UPDATE inbox SET log_index = 0 WHERE sequence = 1"),
    "a release was never handed over": ("release-nowhere", "DELETE FROM inbox WHERE sequence = 1"),
    "work has a number that was never given": (
        "outbox-number",
        "UPDATE outbox SET number = 900",
        "UPDATE sqlite_sequence SET seq = 4 WHERE name = 'outbox'",
    ),
    "a record points at no leaf": (
        "store-damaged",
        "PRAGMA defer_foreign_keys=ON",
        "DELETE FROM log_entry WHERE idx = 5",
    ),
    "a log without a head": ("log-headless", "DELETE FROM log_head"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_done_behind_its_back_has_a_name(lived: SqlStore, sqlite_path: Path, what: str) -> None:
    """Each alteration is found, under the code that an operator can look up."""
    code, *statements = TAMPERED[what]
    lived.close()
    with sqlite3.connect(sqlite_path, isolation_level=None) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0
    connection.close()
    again = SqlStore(f"sqlite:///{sqlite_path}", bytes(range(32)))
    assert code in codes(again)
    again.close()


def test_a_release_entered_twice_is_found(lived: SqlStore) -> None:
    """One release, one entry: a second statement of it would be a second disclosure."""
    with lived.write() as work:
        append(work, {"kind": "release", "delivery": item(1).item}, 1)
    assert codes(lived) == {"release-twice"}


def test_a_release_entered_without_delivery_is_found(lived: SqlStore) -> None:
    """Entered and not handed over: its recipient is owed something."""
    with lived.write() as work:
        append(work, {"kind": "release", "delivery": item(9).item}, 1)
    assert codes(lived) == {"release-nowhere"}


def test_an_erased_release_is_no_finding(lived: SqlStore) -> None:
    """What a person's erasure took away cannot be held against the store."""
    with lived.write() as work:
        work.log.erase(notice_id(1))
    assert findings(lived) == []


def test_findings_name_places_and_no_content(lived: SqlStore) -> None:
    """They go into logs and tickets."""
    sql(lived, 'UPDATE opening SET record = \'{"kind":"secret-of-somebody"}\' WHERE idx = 5')
    (finding,) = findings(lived)
    assert (finding.code, finding.where) == ("opening-altered", "entry 5")
    assert "secret" not in finding.detail


@pytest.mark.parametrize("place", range(12))
def test_a_damaged_file_is_found(lived: SqlStore, sqlite_path: Path, place: int) -> None:
    """A page of zeros anywhere among those that hold something: found, or the store does not even open."""
    assert lived.vacuum_wal()
    lived.close()
    data = bytearray(sqlite_path.read_bytes())
    held = [at for at in range(4096, len(data), 4096) if any(data[at : at + 4096])]
    at = held[place * (len(held) - 1) // 11]
    data[at : at + 4096] = bytes(4096)
    sqlite_path.write_bytes(data)
    try:
        again = SqlStore(f"sqlite:///{sqlite_path}", bytes(range(32)))
    except HubFault as fault:
        assert fault.code == "store-damaged"  # noqa: PT017 - a page of the schema: it says so at once
    else:
        assert findings(again) != []
        again.close()


Act = Callable[[CountedWork], None]


@pytest.mark.parametrize("act", [live, lambda work: publish(work, 1)])
def test_the_reference_store_is_checked_alike(act: Act) -> None:
    """The same checks run on it: an errand that vanishes from it is found too."""
    memory = MemoryStore()
    with memory.write() as work:
        act(work)
        work.notices.keep(checked(8), "promise")
        (*_, last) = work.outbox.claim(99, checked(8).kept_at)
        work.outbox.done(last)
        assert [(finding.code, finding.where) for finding in check_store(work, LOG)] == [
            ("notice-unpublished", notice_id(8))
        ]


def test_sqlite_work_can_count_through_everything(sqlite: SqlStore) -> None:
    """`hub fsck` takes a unit of work of the store as it is."""
    with sqlite.read() as work:
        counted: CountedWork = work
        assert isinstance(counted, SqlWork)
        assert list(counted.inventory.notices()) == []
