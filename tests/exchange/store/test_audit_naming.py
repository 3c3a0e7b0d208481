"""`hub fsck` and who may be named: what keeps a shielded person's area back is held to the log."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.exchange.ports import Hub
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore
from tests.exchange.store.test_audit_looks import SEED, copied, findings, index_key
from tests.simulators.region import AREAS, region_agreement
from tests.simulators.town import Town
from tests.story.test_blind_keys import approved


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Hub]]:
    """Somebody in hiding has come to Medway, which does not let itself be named."""
    path = tmp_path_factory.mktemp("naming") / "hub.db"
    upgrade(f"sqlite:///{path}")
    town = Town(SqlStore(f"sqlite:///{path}", index_key()), SEED)
    for name, area in AREAS.items():
        town.admits(name, area=area)
    town.binds(region_agreement())
    approved(town)
    yield path, town.hub
    town.store.close()  # type: ignore[attr-defined]  # it is an SqlStore


def test_a_blind_journey_leaves_nothing_to_find(lived: tuple[Path, Hub], tmp_path: Path) -> None:
    """Two entries of one release, one for each side, are in order."""
    assert findings(copied(lived, tmp_path), lived[1]) == set()


@pytest.mark.parametrize(
    ("code", "statement"),
    [
        ("blind-altered", "UPDATE passage SET blind = 0"),
        ("named-unlogged", "UPDATE passage SET named = 1"),
        ("opening-shown", 'DELETE FROM opening WHERE record LIKE \'%"kind":"blind_release"%\''),
    ],
)
def test_what_was_altered_is_found(
    lived: tuple[Path, Hub], tmp_path: Path, code: str, statement: str
) -> None:
    """Nobody is named by a hand in the tables."""
    copy = copied(lived, tmp_path)
    connection = sqlite3.connect(copy)
    assert connection.execute(statement).rowcount > 0
    connection.commit()
    connection.close()
    assert code in findings(copy, lived[1])
