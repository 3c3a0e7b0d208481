"""The hub is killed in the middle of a slot while people look: nothing lost, nothing twice (I5)."""

import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from hub.exchange.sequencer import run_slot
from hub.exchange.store.audit import audit_store
from hub.exchange.store.check import check_store
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore, SqlWork
from hub.protocols.names import NoticeType, Part
from tests.simulators.town import Town
from tests.story.people import ADA
from tests.story.test_second_looks import DOUBTFUL

STATEMENTS = 120
"""A slot in which something is carried has about as many."""


class Mortal:
    """A town whose hub can be killed: a child does the slot, and dies at a given statement."""

    def __init__(self, path: Path, seed: int) -> None:
        self.url, self.places = f"sqlite:///{path}", random.Random(seed)
        chance = random.Random(seed)
        chance.randbytes(32)
        self.index_key = chance.randbytes(32)
        upgrade(self.url)
        self.town = Town(SqlStore(self.url, self.index_key), seed)
        self.deaths = 0

    def dies_in_a_slot(self) -> None:
        """One slot, killed without warning at some statement of it; the next hub finds what is there."""
        town, place = self.town, self.places.randrange(1, STATEMENTS)
        assert isinstance(town.store, SqlStore)
        town.store.close()
        child = os.fork()
        if child == 0:
            self._slot_until(place)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        self.deaths += os.WIFSIGNALED(status)
        town.chance.seed(place)  # what the child drew is not drawn again
        town.store = SqlStore(self.url, self.index_key)

    def _slot_until(self, place: int) -> None:
        left = place

        def count(_: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            store = SqlStore(self.url, self.index_key)
            driver: Any = store._write_connection.dbapi_connection
            driver.set_trace_callback(count)
            run_slot(store, self.town.hub)
        except BaseException:  # noqa: BLE001 - the child may not go on as a second test run
            os._exit(1)
        os._exit(0)


@pytest.mark.parametrize("seed", range(3))
def test_a_hub_killed_while_people_look_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    """Killed in the slot of every step: asked once, entered once, served once, and fsck finds nothing."""
    mortal = Mortal(tmp_path / "hub.db", seed)
    town = mortal.town
    kent, medway = town.admits("mbr_kent", area="886"), town.admits("mbr_medway", area="887")
    town.agrees("kent-medway-movers")
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(DOUBTFUL, NoticeType.NEW_ARRIVAL)
    for member in (kent, medway):
        mortal.dies_in_a_slot()
        town.night_passes()
        (task,) = member.looks()
        member.approves(task)
    mortal.dies_in_a_slot()
    town.night_passes()
    assert (kent.parts(), medway.parts()) == ({Part.IDENTITY}, {Part.IDENTITY})
    counts = {
        kind: len(town.entries(kind)) for kind in ("second_look", "officer_task", "approval", "release")
    }
    assert counts == {"second_look": 2, "officer_task": 2, "approval": 2, "release": 2}
    assert mortal.deaths > 0
    town.check_log()
    town.check_books()
    with town.store.read() as work:
        assert isinstance(work, SqlWork)
        assert check_store(work, town.hub.log_key) == []
        assert audit_store(work, town.hub) == []
    assert isinstance(town.store, SqlStore)
    town.store.close()
