"""An answer is kept with its effect, given again, and forgotten after a week."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.exchange.errors import HubFault
from hub.exchange.store.idempotency import KEPT, find_reply, forget_replies, keep_reply
from hub.exchange.store.unit_of_work import SqlStore

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_an_answer_is_found_under_its_owner_and_key(sqlite: SqlStore) -> None:
    """The same key of another member is another key."""
    with sqlite.write() as work:
        keep_reply(work.line, "mbr_kent", "k", "fingerprint", 201, b"{}", NOW)
    with sqlite.read() as work:
        assert find_reply(work.line, "mbr_kent", "k") == ("fingerprint", 201, b"{}")
        assert find_reply(work.line, "mbr_medway", "k") is None
        assert find_reply(work.line, "mbr_kent", "other") is None


def test_an_answer_lasts_no_longer_than_its_effect(sqlite: SqlStore) -> None:
    """A unit of work that is undone takes the kept answer with it (I5)."""

    def fail() -> None:
        with sqlite.write() as work:
            keep_reply(work.line, "mbr_kent", "k", "fingerprint", 201, b"{}", NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with sqlite.read() as work:
        assert find_reply(work.line, "mbr_kent", "k") is None


def test_a_second_answer_under_one_key_is_refused(sqlite: SqlStore) -> None:
    """Two processes that answer the same request at once: the second one's unit of work fails."""
    with sqlite.write() as work:
        keep_reply(work.line, "mbr_kent", "k", "fingerprint", 201, b"{}", NOW)
    with pytest.raises(HubFault, match="store-constraint"), sqlite.write() as work:
        keep_reply(work.line, "mbr_kent", "k", "another", 201, b"{}", NOW)


def test_answers_are_forgotten_after_a_week(sqlite: SqlStore) -> None:
    """What is younger stays."""
    with sqlite.write() as work:
        keep_reply(work.line, "mbr_kent", "old", "f", 201, b"{}", NOW)
        keep_reply(work.line, "mbr_kent", "new", "f", 201, b"{}", NOW + timedelta(seconds=1))
        assert forget_replies(work.line, NOW + KEPT) == 0
        assert forget_replies(work.line, NOW + KEPT + timedelta(microseconds=1)) == 1
        assert find_reply(work.line, "mbr_kent", "old") is None
        assert find_reply(work.line, "mbr_kent", "new") is not None
