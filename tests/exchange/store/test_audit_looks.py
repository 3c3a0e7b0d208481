"""What people looked at, and who leads, held to the log: a whole story on SQLite, then a hand in it."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.exchange.ports import Hub
from hub.exchange.store.audit import audit_store
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore
from hub.protocols.names import NoticeType
from tests.simulators.town import Town
from tests.story.people import ADA
from tests.story.test_claimants import KENT, LAMBETH, MEDWAY, both_say_same, counted_twice

SEED = 7


def index_key() -> bytes:
    """The key that a town of this seed gives its hub: the second thing it draws."""
    chance = random.Random(SEED)
    chance.randbytes(32)
    return chance.randbytes(32)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Hub]]:
    """A duplicate is merged, and another one waits; a competitor holds a match that was clear."""
    path = tmp_path_factory.mktemp("looks") / "hub.db"
    upgrade(f"sqlite:///{path}")
    store = SqlStore(f"sqlite:///{path}", index_key())
    town = Town(store, SEED)
    for name, area in ((KENT, "886"), (MEDWAY, "887"), (LAMBETH, "208")):
        town.admits(name, area=area)
    town.agrees("kent-medway-movers")
    town.agrees("kent-lambeth-movers")
    counted_twice(town)
    both_say_same(town)
    kent, medway = town.members[KENT], town.members[MEDWAY]
    kent.leads(kent.tasks[0], ours=True)
    medway.leads(medway.tasks[0], ours=False)
    town.night_passes()
    town.members[LAMBETH].publishes(ADA, NoticeType.MOVED_OUT)
    town.night_passes()
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert "competitor" in str([task.body for task in kent.looks()])
    yield path, town.hub
    store.close()


def findings(path: Path, hub: Hub) -> set[str]:
    """The codes of all that log and signatures do not bear out."""
    store = SqlStore(f"sqlite:///{path}", hub.index_key)
    with store.read() as work:
        found = {one.code for one in audit_store(work, hub)}
    store.close()
    return found


def copied(lived: tuple[Path, Hub], folder: Path) -> Path:
    """A database of one's own to alter, with what its write-ahead log holds."""
    copy = folder / "hub.db"
    source = sqlite3.connect(lived[0])
    target = sqlite3.connect(copy)
    source.backup(target)
    source.close()
    target.close()
    return copy


def test_a_store_in_which_people_looked_has_nothing_to_find(lived: tuple[Path, Hub], tmp_path: Path) -> None:
    """Looked at, held, merged: all in order; and a copy without its log of changes is the same."""
    copy = copied(lived, tmp_path)
    assert findings(copy, lived[1]) == set()
    connection = sqlite3.connect(copy)
    looks = {row[0] for row in connection.execute("SELECT look FROM passage")}
    states = {row[0] for row in connection.execute("SELECT state FROM notice")}
    connection.close()
    assert looks >= {"duplicate", "competitor", "claimants"}
    assert "merged" in states


@pytest.mark.parametrize(
    ("code", "statement"),
    [
        (
            "look-skipped",
            "UPDATE passage SET approved_by = '' WHERE look = 'duplicate' AND state = 'released'",
        ),
        ("look-skipped", "UPDATE passage SET state = 'awaiting_key' WHERE look = 'claimants'"),
        ("look-reasonless", "UPDATE passage SET look = NULL WHERE state = 'second_look'"),
        ("look-unlogged", 'DELETE FROM opening WHERE record LIKE \'%"kind":"second_look"%\''),
        ("approval-unlogged", "UPDATE passage SET approved_by = sender WHERE state = 'second_look'"),
        ("approval-unlogged", "UPDATE inbox SET stopped = 1 WHERE kind = 'officer_task'"),
        ("officer-unlogged", "UPDATE passage SET looked_by = looked_by || ' mbr_kent:somebody'"),
        ("look-altered", "UPDATE passage SET look = NULL WHERE look = 'competitor'"),
        ("look-altered", "UPDATE passage SET look = 'competitor' WHERE look = 'duplicate'"),
        (
            "lead-altered",
            """UPDATE inbox
            SET body = CAST(replace(CAST(body AS TEXT), '"theirs":true', '"theirs":false') AS BLOB)
            WHERE kind = 'lead' AND CAST(body AS TEXT) LIKE '%"theirs":true%'""",
        ),
        (
            "task-altered",
            """UPDATE inbox SET body = CAST(replace(CAST(body AS TEXT), '"duplicate"', '"twin"') AS BLOB)
            WHERE kind = 'officer_task' AND CAST(body AS TEXT) LIKE '%"duplicate"%'""",
        ),
        (
            "task-altered",
            """UPDATE inbox SET body = CAST(replace(CAST(body AS TEXT), '"look"', '"loop"') AS BLOB)
            WHERE kind = 'officer_task'""",
        ),
        ("look-unlogged", "UPDATE passage SET look = 'twin' WHERE look = 'duplicate' AND approved_by <> ''"),
        ("merged-unagreed", 'DELETE FROM opening WHERE record LIKE \'%"kind":"lead"%\''),
        ("notice-state", "UPDATE notice SET state = 'merged' WHERE state = 'open'"),
    ],
)
def test_what_was_altered_is_found(
    lived: tuple[Path, Hub], tmp_path: Path, code: str, statement: str
) -> None:
    """Nobody goes on, or is merged, by a hand in the tables."""
    copy = copied(lived, tmp_path)
    connection = sqlite3.connect(copy)
    assert connection.execute(statement).rowcount > 0
    connection.commit()
    connection.close()
    assert code in findings(copy, lived[1])
    shutil.rmtree(tmp_path, ignore_errors=True)
