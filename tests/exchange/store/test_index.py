"""`hub.exchange.store.index`: heavy tokens, and that the index shrinks with what it lists."""

import sqlite3
from collections.abc import Iterator

import pytest

from hub.exchange.errors import Crowded
from hub.exchange.ports import Work
from hub.exchange.stages import StoredNotice
from hub.exchange.store import index
from hub.exchange.store.unit_of_work import SqlStore, SqlWork
from hub.matching.candidates import HEAVY
from hub.protocols.token_record import KeyedRecord, posted_tokens
from tests.stores.made_up import MEDWAY, checked, notice_id, tokens

COMMON, RARE = "initial_last_year_month", "upn"


def stored(work: Work, number: int) -> StoredNotice:
    """The notice of that number."""
    found = work.notices.get(notice_id(number))
    assert found is not None
    return found


def rows(work: SqlWork, query: str) -> list[tuple[int, ...]]:
    """What the database holds."""
    connection = work.line._connection
    assert isinstance(connection, sqlite3.Connection)
    return connection.execute(query).fetchall()


def fill(work: Work, count: int) -> None:
    """Notices that all hold one token, as everybody does who is called Smith."""
    notices = [
        (checked(n, record=tokens(n, like=0, sharing=(COMMON,))), "promise") for n in range(1, count + 1)
    ]
    work.notices.keep_all(notices)
    for number in range(1, count + 1):
        work.index.add(stored(work, number))


def ask(work: Work, number: int, *sharing: str, like: int = 0) -> list[str]:
    """The candidates of a new notice that shares these tokens."""
    record = tokens(number, like=like, sharing=sharing)
    work.notices.keep(checked(number, sender=MEDWAY, record=record), "promise")
    return [found.notice for found in work.index.candidates(stored(work, number))]


def test_a_token_at_the_limit_is_light_and_one_above_it_heavy(sqlite: SqlStore) -> None:
    """300 holders are looked at; the 301st makes the token one that says little."""
    with sqlite.write() as work:
        fill(work, HEAVY)
        assert rows(work, "SELECT count(*) FROM heavy") == [(0,)]
        assert len(ask(work, 9001, COMMON)) == HEAVY
        fill_one = checked(HEAVY + 1, record=tokens(HEAVY + 1, like=0, sharing=(COMMON,)))
        work.notices.keep(fill_one, "promise")
        work.index.add(stored(work, HEAVY + 1))
        assert rows(work, "SELECT count(*) FROM heavy") == [(1,)]


def test_a_heavy_token_is_looked_up_only_where_nothing_else_hits(sqlite: SqlStore) -> None:
    """With a lighter token in common, only its holders; with none, all that there are."""
    with sqlite.write() as work:
        fill(work, HEAVY + 5)
        assert ask(work, 9001, RARE, like=7) == [notice_id(7)]
        both = tokens(9002, like=7, sharing=(RARE, COMMON))
        work.notices.keep(checked(9002, sender=MEDWAY, record=both), "promise")
        assert [found.notice for found in work.index.candidates(stored(work, 9002))] == [notice_id(7)]
        assert len(ask(work, 9003, COMMON)) == HEAVY + 5


def test_a_token_becomes_light_again_and_postings_go_with_their_notice(sqlite: SqlStore) -> None:
    """After the autumn's notices are forgotten the spring's are found as before."""
    with sqlite.write() as work:
        fill(work, HEAVY + 1)
        for number in range(1, 11):
            work.notices.forget(notice_id(number))
        assert rows(work, "SELECT count(*) FROM heavy") == [(0,)]
        for number in range(11, HEAVY + 2):
            work.notices.forget(notice_id(number))
        assert rows(work, "SELECT count(*) FROM posting") == [(0,)]
        assert rows(work, "SELECT count(*) FROM tokens") == [(0,)]


@pytest.mark.parametrize("era", [1, 2047])
def test_a_posting_has_the_beginning_of_a_posted_token_behind_its_era(era: int) -> None:
    """Of all of them, in six bytes; of a record that lacks the group `other`, of the rest."""
    record = checked(1).keyed
    shown = KeyedRecord(record.epoch, record.name_birth, record.evidence, b"")
    for each in (record, shown):
        numbers = index.posting_numbers(each, era)
        assert [number >> 36 for number in numbers] == [era] * len(numbers)
        begins = [int.from_bytes(token) >> 28 for token in posted_tokens(each)]
        assert [number & (1 << 36) - 1 for number in numbers] == begins
        assert max(numbers) < 1 << 47


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A limit of candidates that a test can reach; statements that hold the real one are made anew."""
    limit = 5
    monkeypatch.setattr(index, "MOST_CANDIDATES", limit)
    index._holders_of.cache_clear()
    yield limit
    index._holders_of.cache_clear()


def test_a_notice_that_shares_tokens_with_too_many_is_not_matched(sqlite: SqlStore, few: int) -> None:
    """As many candidates as the limit are answered; one more is a fault that says so, and no answer."""
    with sqlite.write() as work:
        fill(work, few)
        assert len(ask(work, 9001, COMMON)) == few
        one_more = checked(few + 1, record=tokens(few + 1, like=0, sharing=(COMMON,)))
        work.notices.keep(one_more, "promise")
        work.index.add(stored(work, few + 1))
        with pytest.raises(Crowded, match="candidates-too-many"):
            ask(work, 9002, COMMON)


def test_a_crowd_that_shares_heavy_tokens_alone_is_nobody(
    sqlite: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Very common names and nothing else in common with thousands: they are passed over, and no fault."""
    monkeypatch.setattr(index, "MOST_CANDIDATES", HEAVY + 1)
    index._holders_of.cache_clear()
    with sqlite.write() as work:
        fill(work, HEAVY + 1)
        assert len(ask(work, 9001, COMMON)) == HEAVY + 1
        one_more = checked(HEAVY + 2, record=tokens(HEAVY + 2, like=0, sharing=(COMMON,)))
        work.notices.keep(one_more, "promise")
        work.index.add(stored(work, HEAVY + 2))
        assert ask(work, 9002, COMMON) == []
        assert ask(work, 9003, RARE, like=7) == [notice_id(7)]
    index._holders_of.cache_clear()
