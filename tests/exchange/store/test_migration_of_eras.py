"""Migration 0003: what an older index held is found after it, in its own realm and epoch alone."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest

from hub.exchange.ports import Work
from hub.exchange.stages import CheckedNotice, Realm
from hub.exchange.store.migrations import downgrade, upgrade
from hub.exchange.store.unit_of_work import SqlStore
from hub.matching.candidates import HEAVY
from hub.protocols.names import NoticeId
from hub.protocols.token_record import KeyedRecord, posted_tokens
from tests.stores.made_up import INDEX_KEY, MEDWAY, checked, notice_id, tokens

SHARED = "upn"
COMMON = "initial_last_year_month"
KEPT = {
    1: checked(1),
    2: checked(2, record=tokens(2, like=1, sharing=(SHARED,)), realm=Realm.LIVE),
    3: checked(3, record=tokens(3, like=1, sharing=(SHARED,), era=2)),
}


@pytest.fixture
def before(sqlite_path: Path) -> Path:
    """A database of the older schema with three findable notices that share a token, in three eras."""
    make_older(sqlite_path, KEPT)
    return sqlite_path


def make_older(path: Path, kept: Mapping[int, CheckedNotice]) -> None:
    """Keep notices, take the schema back, and list them as the older version did."""
    store = SqlStore(f"sqlite:///{path}", INDEX_KEY)
    with store.write() as work:
        work.notices.keep_all([(notice, "promise") for notice in kept.values()])
    store.close()
    downgrade(f"sqlite:///{path}", "0002")
    for number, notice in kept.items():
        post(path, number, notice.keyed)


def post(path: Path, number: int, record: KeyedRecord) -> None:
    """List a notice as the older version did: whole tokens as signed numbers."""
    with sqlite3.connect(path) as database:
        rows = [(int.from_bytes(token, signed=True), number) for token in posted_tokens(record)]
        assert any(token < 0 for token, _ in rows)
        database.executemany("INSERT INTO posting (tok, rec) VALUES (?, ?)", rows)
    database.close()


def query(path: Path, text: str) -> list[tuple[int, ...]]:
    """What the database holds."""
    with sqlite3.connect(path) as database:
        found = database.execute(text).fetchall()
    database.close()
    return found


def found_by(work: Work, number: int, realm: Realm, era: int) -> list[NoticeId]:
    """Who shares the token with a new notice of another member, of this realm and epoch."""
    record = tokens(number, like=1, sharing=(SHARED,), era=era)
    work.notices.keep(checked(number, sender=MEDWAY, record=record, realm=realm), "promise")
    asking = work.notices.get(notice_id(number))
    assert asking is not None
    return [candidate.notice for candidate in work.index.candidates(asking)]


def test_who_was_findable_is_found_in_the_same_realm_and_epoch(before: Path) -> None:
    """One token, three eras: each look-up meets the one notice of its own."""
    upgrade(f"sqlite:///{before}")
    store = SqlStore(f"sqlite:///{before}", INDEX_KEY)
    with store.write() as work:
        assert found_by(work, 11, Realm.TRIAL, 1) == [notice_id(1)]
        assert found_by(work, 12, Realm.LIVE, 1) == [notice_id(2)]
        assert found_by(work, 13, Realm.TRIAL, 2) == [notice_id(3)]
        assert found_by(work, 14, Realm.LIVE, 2) == []
        for number, notice in KEPT.items():
            kept = work.notices.get(notice_id(number))
            assert kept is not None
            assert kept.keyed == notice.keyed
    store.close()


def test_every_posting_stands_in_its_era_and_goes_with_its_notice(before: Path) -> None:
    """Nothing of an older listing is left behind once its notice is forgotten."""
    upgrade(f"sqlite:///{before}")
    eras = query(before, "SELECT DISTINCT tok >> 36, rec FROM posting ORDER BY rec")
    assert eras == query(before, "SELECT era, rec FROM tokens ORDER BY rec")
    assert len({era for era, _ in eras}) == len(KEPT)
    store = SqlStore(f"sqlite:///{before}", INDEX_KEY)
    with store.write() as work:
        for number in KEPT:
            work.notices.forget(notice_id(number))
    store.close()
    assert query(before, "SELECT count(*) FROM posting") == [(0,)]


def test_what_is_heavy_is_counted_anew(sqlite_path: Path) -> None:
    """A token of many holders is heavy under its new number, and no other is."""
    records = {n: tokens(n, like=0, sharing=(COMMON,)) for n in range(1, HEAVY + 2)}
    make_older(sqlite_path, {n: checked(n, record=record) for n, record in records.items()})
    upgrade(f"sqlite:///{sqlite_path}")
    common = "SELECT tok FROM posting GROUP BY tok HAVING count(*) > 1"
    assert len(query(sqlite_path, common)) == 1
    assert query(sqlite_path, "SELECT tok FROM heavy") == query(sqlite_path, common)
