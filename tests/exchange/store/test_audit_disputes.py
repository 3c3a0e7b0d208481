"""`hub fsck` knows disputes: what somebody changes in the tables by hand is found, by name."""

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from hub.exchange.sequencer import expire_due
from hub.exchange.store.audit import audit_store
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore
from hub.protocols.dispute import Grievance, Result
from hub.protocols.names import NoticeType
from tests.simulators.town import Town
from tests.story.people import ADA

WHY = "The participation part did not come."


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Town, Path]:
    """A closed dispute, and one that is escalated and was answered late, in the one file of a database."""
    path = tmp_path_factory.mktemp("lived") / "hub.db"
    upgrade(f"sqlite:///{path}")
    town = Town(SqlStore(f"sqlite:///{path}", bytes(32)))
    kent, medway = (
        town.admits(name, area=area) for name, area in (("mbr_kent", "886"), ("mbr_medway", "887"))
    )
    town.agrees("kent-medway-movers")
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    (entry, *_) = [one["index"] for one in medway.may_read() if one["kind"] == "release"]
    assert isinstance(entry, int)
    closed = medway.contests(entry, "mbr_kent", WHY)
    kent.writes(closed, "An instruction.")
    medway.writes(closed, "Thank you.", Result.NOT_UPHELD)
    late = kent.contests(entry, "mbr_medway", "It was passed on.", Grievance.WRONGLY_USED)
    town.night_passes()
    town.now += timedelta(days=20)
    expire_due(town.store, town.hub)
    town.slot()
    medway.writes(late, "Sorry for the delay.")
    town.slot()
    town.store.close()  # type: ignore[attr-defined]  # folds everything into the one file
    return town, path


def findings(town: Town, path: Path) -> set[str]:
    """The codes that the audit of disputes has."""
    store = SqlStore(f"sqlite:///{path}", bytes(32))
    with store.read() as work:
        found = {one.code for one in audit_store(work, town.hub)}
    store.close()
    return found


def test_disputes_that_were_only_led_have_nothing_to_find(lived: tuple[Town, Path]) -> None:
    """Closed, escalated, answered late."""
    town, path = lived
    assert {code for code in findings(town, path) if code.startswith("dispute")} == set()


ESCALATE = """
DELETE FROM dispute_letter WHERE number = 3;
UPDATE dispute SET state = 'escalated', result = NULL WHERE state = 'closed'
"""


CHANGES = {
    "the outcome is another": (
        "dispute-state",
        "UPDATE dispute SET result = 'upheld' WHERE result IS NOT NULL",
    ),
    "a closed one is open": ("dispute-state", "UPDATE dispute SET state = 'open' WHERE state = 'closed'"),
    "a clock runs on": ("dispute-clock", "UPDATE dispute SET due_at = 1 WHERE state = 'closed'"),
    "a clock is stopped": ("dispute-clock", "UPDATE dispute SET state = 'open' WHERE state = 'escalated'"),
    "a message is left out": ("dispute-thread", "DELETE FROM dispute_letter WHERE number = 2"),
    "the last one is left out": ("dispute-state", "DELETE FROM dispute_letter WHERE number = 3"),
    "all are": ("dispute-thread", "DELETE FROM dispute_letter"),
    "it is another's": ("dispute-thread", "UPDATE dispute SET other = 'mbr_custodian'"),
    "it was opened by the other": ("dispute-thread", "UPDATE dispute SET opener = other, other = opener"),
    "it is about another release": ("dispute-thread", "UPDATE dispute SET entry = entry + 1"),
    "words are exchanged": ("dispute-altered", "UPDATE dispute_letter SET text = 'x' WHERE number = 1"),
    "a message is changed": (
        "dispute-altered",
        "UPDATE dispute_letter SET jws = jws || 'x' WHERE number = 2",
    ),
    "one is marked that is not due": (
        "dispute-unlogged",
        ESCALATE,
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_hand_in_the_tables_is_found(lived: tuple[Town, Path], tmp_path: Path, what: str) -> None:
    """I8: each change by its code."""
    town, path = lived
    copy = Path(shutil.copy(path, tmp_path / "hub.db"))
    code, statements = CHANGES[what]
    with sqlite3.connect(copy) as database:
        database.executescript(statements)
    database.close()
    assert code in findings(town, copy)
