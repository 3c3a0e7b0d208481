"""A notice that shares tokens with too many to look at: left unmatched, told to the operator, never stuck."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from hub.exchange.match import CROWDS
from hub.exchange.sequencer import carry_batch
from hub.exchange.stages import ItemKind, Look
from hub.exchange.store import index
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore
from hub.protocols.names import NoticeType
from tests.simulators.town import Town
from tests.story.people import ADA, ADA_KNOWN_BY_NAME

LIKE_ADA = replace(ADA_KNOWN_BY_NAME, given="Zoe")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Kent, Medway and Lambeth over a real database."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    upgrade(url)
    store = SqlStore(url, bytes(32))
    town = Town(store)
    for member, area in (("mbr_kent", "886"), ("mbr_medway", "887"), ("mbr_lambeth", "208")):
        town.admits(member, area=area)
    town.agrees("kent-medway-movers")
    town.agrees("kent-lambeth-movers")
    yield town
    store.close()


@pytest.fixture
def at_most(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Limits of candidates that a test can reach; statements that hold the real one are made anew."""

    def limit(most: int) -> None:
        monkeypatch.setattr(index, "MOST_CANDIDATES", most)
        index._holders_of.cache_clear()

    yield limit
    index._holders_of.cache_clear()


def leaves(town: Town) -> int:
    """By how many leaves the log grows when everything that waits is carried."""
    with town.store.write() as work:
        before = work.log.size()
        assert carry_batch(work, town.hub).faults == ()
        return work.log.size() - before


def test_a_notice_in_a_crowd_is_not_matched_and_its_errand_is_done(
    town: Town, at_most: Callable[[int], None]
) -> None:
    """Nothing of it waits or fails for ever; the operator sees it in figures, log lines and the log."""
    for member in ("mbr_medway", "mbr_lambeth"):
        town.members[member].publishes(LIKE_ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    at_most(1)
    before = CROWDS.total
    notice = town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT)
    with capture_logs() as lines:
        town.slot()
    assert town.passages(notice) == []
    with town.store.read() as work:
        assert work.outbox.waiting() == 0
    assert CROWDS.total == before + 1
    (line,) = (line for line in lines if line["event"] == "notice-crowded")
    assert (line["notice"], line["code"]) == (notice, "candidates-too-many")
    (entry,) = town.entries("unmatched")
    assert (entry["notice"], entry["why"]) == (notice, "candidates-too-many")
    assert town.members["mbr_kent"].sees(ItemKind.OFFICER_TASK) == []
    assert not [told for told in town.members["mbr_kent"].may_read() if told["kind"] == "unmatched"]
    town.check_log()
    town.check_books()


def test_the_log_grows_alike_whether_a_notice_met_a_crowd_or_nobody(
    town: Town, at_most: Callable[[int], None]
) -> None:
    """I9: neither the size of the log nor the place of what follows tells how many others there are."""
    for member in ("mbr_medway", "mbr_lambeth"):
        town.members[member].publishes(LIKE_ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    nobody = replace(ADA, given="Wilhelmina", family="Quorn", upn=None)
    town.members["mbr_kent"].publishes(nobody, NoticeType.MOVED_OUT)
    alone = leaves(town)
    at_most(1)
    town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT)
    assert leaves(town) == alone
    town.slot()
    assert len(town.entries("unmatched")) == 1


def test_a_match_with_a_notice_whose_claims_are_too_many_is_for_people(
    town: Town, at_most: Callable[[int], None]
) -> None:
    """I10: who else claims it is not known, so no machine goes on, however certain the match is by itself."""
    departure = town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT)
    for number in range(2):
        like = replace(LIKE_ADA, given=("Zoe", "Wilhelmina")[number])
        town.members["mbr_medway"].publishes(like, NoticeType.NEW_ARRIVAL)
    town.slot()
    at_most(1)
    arrival = town.members["mbr_medway"].publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.slot()
    assert {passage.look for passage in town.passages(arrival)} == {Look.CLAIMANTS}
    assert {passage.counter for passage in town.passages(arrival)} <= {departure, arrival}
    assert town.entries("unmatched") == []
