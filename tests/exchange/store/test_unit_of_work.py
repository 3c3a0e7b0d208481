"""`hub.exchange.store.unit_of_work`: what SQLite has to hold beyond the suite of all stores."""

# ruff: noqa: PT012 - a unit of work fails at its end, after what it did

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from hub.exchange.errors import HubFault, LogFork
from hub.exchange.stages import ItemKind
from hub.exchange.store.unit_of_work import WRITER_MAP, InTurn, SqlStore, SqlWork
from hub.protocols.entry import Opening
from hub.protocols.names import MemberId, Part
from tests.stores.made_up import (
    INDEX_KEY,
    KENT,
    MEDWAY,
    NOW,
    checked,
    item,
    key,
    member,
    notice_id,
    passage,
    request,
)


def driver(work: SqlWork) -> sqlite3.Connection:
    """The connection underneath."""
    connection = work.line._connection
    assert isinstance(connection, sqlite3.Connection)
    return connection


def files(path: Path) -> Iterator[bytes]:
    """The bytes of the database and of its log of writes."""
    for each in path.parent.iterdir():
        yield each.read_bytes()


def setting(work: SqlWork, name: str) -> object:
    """A setting of the connection."""
    return driver(work).execute(f"PRAGMA {name}").fetchone()[0]


def test_every_connection_is_set_up_to_lose_nothing(sqlite: SqlStore) -> None:
    """Write-ahead log, flushed commits, foreign keys held, deleted bytes overwritten, a wait for others."""
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    with sqlite.write() as work, sqlite.read() as reader:
        for each in (work, reader):
            assert {name: setting(each, name) for name in wanted} == wanted
            assert setting(each, "busy_timeout") == 10_000


def test_the_connection_that_looks_up_reads_the_file_where_the_kernel_has_it(sqlite: SqlStore) -> None:
    """Half of a look-up's time would be copying; who reads for members stands apart from it."""
    with sqlite.write() as work, sqlite.read() as reader:
        assert setting(work, "mmap_size") == WRITER_MAP
        assert setting(reader, "mmap_size") == 0


def test_what_was_committed_is_there_after_a_restart(sqlite: SqlStore, sqlite_path: Path) -> None:
    """Another process with the same key reads all of it; keys are not in the database."""
    with sqlite.write() as work:
        work.notices.keep(checked(1), "promise")
    sqlite.close()
    again = SqlStore(f"sqlite:///{sqlite_path}", INDEX_KEY)
    with again.read() as work:
        assert len(work.notices.parts(notice_id(1), Part)) == 10
    again.close()


def test_a_stolen_database_opens_nothing(sqlite: SqlStore, sqlite_path: Path) -> None:
    """No part, filter or published token stands in the files; without the hub's key none can be opened."""
    notice = checked(1, recipient=MEDWAY)
    with sqlite.write() as work:
        work.notices.keep(notice, "promise")
        work.passages.add(passage(1, request=request(1)))
        asked = item(1, kind=ItemKind.KEY_REQUEST, body={"tokens": "published-tokens-of-somebody"})
        work.inboxes.put(asked)
    signed, published = notice.signed, notice.signed.tokens
    assert signed.box is not None
    secrets = [*(text.encode()[:40] for text in signed.parts.values()), signed.box.jwe.encode()[:40]]
    secrets += [published.filters[:40], b"published-tokens-of-somebody"]
    secrets += [published.tokens[start : start + 8] for start in range(8, len(published.tokens), 8)]
    for held in files(sqlite_path):
        assert not [secret for secret in secrets if secret in held]
    thief = SqlStore(f"sqlite:///{sqlite_path}", bytes(32))
    with thief.read() as work, pytest.raises(Exception, match="rest-unreadable"):
        work.notices.parts(notice_id(1), Part)
    thief.close()


def test_what_is_forgotten_is_in_no_file_any_more(sqlite: SqlStore, sqlite_path: Path) -> None:
    """Sealed keys, body and tokens are overwritten where they lay, and the log of writes is emptied."""
    with sqlite.write() as work:
        work.notices.keep_all([(checked(n, recipient=MEDWAY), "promise") for n in range(1, 5)])
        kept = work.notices.get(notice_id(2))
        assert kept is not None
        work.index.add(kept)
        rows = (
            driver(work)
            .execute(
                "SELECT sealed, parts, counter_tokens, box, tokens, filters FROM rest_key "
                "JOIN body USING (rec) JOIN tokens USING (rec) WHERE rec = 2"
            )
            .fetchone()
        )
    pieces = [row[start : start + 32] for row in rows for start in range(0, len(row) - 32, 200)]
    assert sqlite.vacuum_wal()
    (held,) = [each for each in files(sqlite_path) if each.startswith(b"SQLite format 3")]
    assert all(piece in held for piece in pieces)
    with sqlite.write() as work:
        work.notices.forget(notice_id(2))
    assert sqlite.vacuum_wal()
    for held in files(sqlite_path):
        assert not [piece for piece in pieces if piece in held]


def test_the_log_of_writes_is_emptied_only_when_nobody_reads_an_older_view(sqlite: SqlStore) -> None:
    """The caller is told, and calls again."""
    with sqlite.read() as reader:
        reader.members.all()
        with sqlite.write() as work:
            work.members.put(member())
        driver(reader)
        sqlite._write_connection.dbapi_connection.execute("PRAGMA busy_timeout=10")  # type: ignore[union-attr]  # it is there while the store is open
        assert not sqlite.vacuum_wal()
    assert sqlite.vacuum_wal()


def test_two_threads_never_meet_in_a_unit_of_work(sqlite: SqlStore) -> None:
    """Each counts what it sees and adds one: with two at once a number would come twice."""
    seen: list[int] = []

    def add() -> None:
        for _ in range(20):
            with sqlite.write() as work:
                count = len(work.members.all())
                work.members.put(member(MemberId(f"mbr_{count:03}")))
                seen.append(count)

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == list(range(60))


def test_who_has_just_written_lets_those_before_it_go_first() -> None:
    """Publishers are not shut out by the thread that carries, however often that wants to write."""
    turns, order = InTurn(), list[str]()

    def publish() -> None:
        with turns:
            order.append("publish")

    publisher = threading.Thread(target=publish)
    with turns:
        publisher.start()
        while not turns._next.locked():
            pass  # it stands in line once it holds the place of the next
    with turns:
        order.append("carry")
    publisher.join()
    assert order == ["publish", "carry"]


def test_a_second_process_that_moved_the_head_is_a_fork(sqlite: SqlStore) -> None:
    """The head moves by compare and swap: whoever comes second fails, and nothing of its work stays."""
    with sqlite.write() as work:
        work.log.append(Opening({"n": 1}, bytes(32)), frozenset({KENT}), None)
    with pytest.raises(LogFork), sqlite.write() as work:
        work.log.append(Opening({"n": 2}, bytes(32)), frozenset({KENT}), None)
        work.notices.keep(checked(1), "promise")
        driver(work).execute("UPDATE log_head SET size = size + 16")
    with sqlite.read() as work:
        assert (work.log.size(), work.notices.get(notice_id(1))) == (1, None)


def test_a_full_disk_is_a_clean_fault_and_heals_by_itself(sqlite: SqlStore) -> None:
    """No false yes: what is kept is what was said to be, also where somebody goes on regardless."""
    kept = full = 0
    with sqlite.write() as work:
        pages = int(str(setting(work, "page_count")))
        driver(work).execute(f"PRAGMA max_page_count={pages + 8}")
    try:
        with sqlite.write() as work:
            for number in range(50):
                try:
                    with work.attempt():
                        work.notices.keep(checked(number + 2), "promise")
                    kept += 1
                except HubFault as fault:
                    full += fault.code == "store-full"
    except HubFault:  # the database may give up the whole, or each alone
        kept = 0
    assert full > 40
    with sqlite.write() as work:
        assert work.outbox.waiting() == kept
        driver(work).execute("PRAGMA max_page_count=1073741823")
        work.notices.keep(checked(1), "promise")
        assert work.outbox.waiting() == kept + 1


def test_after_the_database_gave_up_nothing_commits_by_itself(sqlite: SqlStore) -> None:
    """A statement after an automatic rollback would stand alone: it is refused, in attempts too."""
    with pytest.raises(HubFault, match="store-constraint"), sqlite.write() as work:
        work.members.put(member(MEDWAY))
        driver(work).execute("ROLLBACK")  # as the database does by itself when it cannot go on
        with pytest.raises(HubFault, match="store-constraint"):
            work.members.put_key(key(1))
        for change in (partial(work.members.put, member(KENT)), partial(work.inboxes.put, item(1))):
            with pytest.raises(HubFault, match="store-constraint"):
                change()
            with pytest.raises(HubFault, match="store-constraint"), work.attempt():
                change()
    with sqlite.read() as work:
        assert work.members.all() == []
        assert work.inboxes.get(item(1).item) is None


def test_an_empty_poll_needs_no_database(sqlite: SqlStore) -> None:
    """After the first look the answer is in memory, and a commit corrects it at once."""
    assert sqlite.empty_poll(MEDWAY, 0)
    known = sqlite._last
    assert known is not None
    assert known.known(MEDWAY) == 0
    with sqlite.write() as work:
        work.inboxes.put(item(1))
        work.inboxes.put(item(2, KENT))
    assert (known.known(MEDWAY), known.known(KENT)) == (1, 2)
    known.note([(MEDWAY, 0)])  # a late look at an older view
    assert not sqlite.empty_poll(MEDWAY, 0)


def test_beside_another_process_every_poll_asks_the_database(sqlite: SqlStore, sqlite_path: Path) -> None:
    """What another process has put is seen."""
    beside = SqlStore(f"sqlite:///{sqlite_path}", INDEX_KEY, alone=False)
    assert beside.empty_poll(MEDWAY, 0)
    with sqlite.write() as work:
        work.inboxes.put(item(1))
    assert not beside.empty_poll(MEDWAY, 0)
    beside.close()


QUERIES = {
    "FROM inbox WHERE member = 'm' AND sequence > 5 ORDER BY sequence LIMIT 50": "ix_inbox_member_sequence",
    "FROM inbox WHERE member = 'm' ORDER BY sequence DESC LIMIT 1": "ix_inbox_member_sequence",
    "FROM posting WHERE tok IN (1, 2)": "PRIMARY KEY",
    "FROM notice WHERE state IN ('open', 'closed') AND expires_at <= 5 ORDER BY expires_at, notice LIMIT 9": (
        "ix_notice_expires_at"
    ),
    "FROM notice WHERE sender = 'm' AND notice > 'n' ORDER BY notice LIMIT 9": "ix_notice_sender_notice",
    "FROM opening_party WHERE member = 'm' AND idx > 3 ORDER BY idx LIMIT 9": "PRIMARY KEY",
}


@pytest.mark.parametrize("query", QUERIES)
def test_hot_queries_are_range_reads_without_sorting(sqlite_path: Path, query: str) -> None:
    """A poll costs the same with a hundred thousand waiting: one index, no scan, no sort of everything."""
    with closing(sqlite3.connect(sqlite_path)) as connection:
        plan = " / ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN SELECT * {query}"))
    assert "SCAN" not in plan
    assert QUERIES[query] in plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


def test_a_store_that_was_closed_says_so(sqlite: SqlStore) -> None:
    """Not a driver's error of its own."""
    sqlite.close()
    with pytest.raises(HubFault, match="store-closed"), sqlite.write():
        pass


def test_whoever_still_reads_while_the_store_closes_reads_to_the_end(sqlite: SqlStore) -> None:
    """A connection that is closed under a statement of another thread takes the process with it."""
    with sqlite.read() as work:
        underneath = driver(work)
        sqlite.close()
        assert work.log.size() == 0
        with pytest.raises(HubFault, match="store-closed"), sqlite.read():
            pass
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        underneath.execute("SELECT 1")


def test_a_file_that_is_no_database_is_named_so(tmp_path: Path) -> None:
    """The operator is told what to do."""
    path = tmp_path / "hub.db"
    path.write_bytes(b"this is no database" * 400)
    with pytest.raises(HubFault, match="store-damaged"):
        SqlStore(f"sqlite:///{path}", INDEX_KEY)
    with pytest.raises(HubFault, match="store-unreachable"):
        SqlStore(f"sqlite:///{tmp_path / 'missing' / 'hub.db'}", INDEX_KEY)


def test_errands_are_due_to_the_microsecond(sqlite: SqlStore) -> None:
    """Moments come back as they went in."""
    with sqlite.write() as work:
        work.inboxes.put(item(1, put_at=NOW.replace(microsecond=1)))
        found = work.inboxes.get(item(1).item)
        assert found is not None
        assert found.put_at == NOW.replace(microsecond=1)
