"""The hub is killed at any moment of a publish and release load: nothing is lost, doubled or unlogged.

Ten kills here; `make faults` asks for a hundred (FAULT_KILLS). Where and when is drawn from FAULT_SEED.
"""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from hub.protocols.names import MemberId
from tests.faults.checks import Watch, errands_of, opened_by, promises_at, sent_by
from tests.faults.conftest import Tell
from tests.faults.load import GatewayLoad
from tests.faults.region import KINDS, FaultyRegion, make_faulty_region, people, wait_for

KILLS: Final = int(os.environ.get("FAULT_KILLS", "10"))
SEED: Final = int(os.environ.get("FAULT_SEED", "1"))
MOVES_A_LIFE: Final = 10
"""Moves that each gateway tells between two kills."""
LONGEST_LIFE: Final = 1.6
"""Seconds: within it lie at least one slot and what gateways answer to it."""
DRAIN_SECONDS: Final = 60
IDLE_TURNS: Final = 25
"""Looks into an empty inbox, at least 20 ms apart: a checkpoint that shows something comes within them."""


@pytest.fixture
def region(tmp_path: Path) -> Iterator[FaultyRegion]:
    """Give a region whose hub is not running yet."""
    made = make_faulty_region(tmp_path)
    yield made
    made.stop()


def test_a_hub_killed_at_any_moment_loses_doubles_and_hides_nothing(region: FaultyRegion, tell: Tell) -> None:
    """I5, I3, I8: a promise survives kill -9 at any instruction, and so does exactly one effect of it."""
    chance, watch = random.Random(SEED), Watch(region)
    loads = {
        member: GatewayLoad(home, KINDS[member], people(SEED, KILLS * MOVES_A_LIFE))
        for member, home in region.homes.items()
    }
    region.start()
    for load in loads.values():
        load.start()
    for _ in range(KILLS):
        for load in loads.values():
            load.allow(MOVES_A_LIFE)
        time.sleep(chance.uniform(0.0, LONGEST_LIFE))
        region.kill()
        watch.look()
        region.start()
        _wait_until_done(region)
    _wait_until_quiet(region, loads)
    for load in loads.values():
        load.end()
    region.kill()
    watch.look()
    _check_whole(region, watch)
    assert not [load.complaints for load in loads.values() if load.complaints]
    tell(
        f"hub killed {KILLS + 1} times (seed {SEED}): {watch.promised} notices promised, {watch.released} "
        f"deliveries released, log of {watch.signed[-1][0]} entries; none lost, doubled or unlogged"
    )


def _wait_until_done(region: FaultyRegion) -> None:
    """What waited when the hub died is done by the next one."""
    highest = region.ask("select coalesce(max(number), 0) from outbox")[0][0]
    left = f"select count(*) from outbox where number <= {highest}"  # noqa: S608 - a number of ours
    wait_for(lambda: region.ask(left)[0][0] == 0, DRAIN_SECONDS, "what waited at the kill")


def _wait_until_quiet(region: FaultyRegion, loads: dict[MemberId, GatewayLoad]) -> None:
    """Everything has been told, nothing waits at the hub, and several slots have brought nothing more.

    It may take as long as it takes, while something moves: a busy machine is no fault of the hub's.
    """
    everything, since = KILLS * MOVES_A_LIFE, {member: load.turns for member, load in loads.items()}
    seen = 0

    def quiet() -> bool:
        if region.ask("select count(*) from outbox")[0][0]:
            since.update({member: load.turns for member, load in loads.items()})
            return False
        at_rest = [
            load.told == everything and load.turns > IDLE_TURNS + max(since[member], load.busy_at)
            for member, load in loads.items()
        ]
        return all(at_rest) or not all(load.is_alive() for load in loads.values())

    def moved() -> bool:
        return quiet() or done() != seen

    def done() -> int:
        return sum(map(errands_of, region.homes.values()))

    while not quiet():
        seen = done()
        left = {member: (load.told, load.complaints) for member, load in loads.items()}
        wait_for(moved, DRAIN_SECONDS, f"a region at rest, of {everything} moves told {left}")


def _check_whole(region: FaultyRegion, watch: Watch) -> None:
    """Every move has one notice, every pair both deliveries in both directions, each opened once."""
    everything = KILLS * MOVES_A_LIFE
    for member, home in region.homes.items():
        promised = promises_at(home)
        assert len(promised) == len(sent_by(home)) == everything
        stored = region.ask(f"select notice from notice where sender = '{member}'")  # noqa: S608 - an id of ours
        assert {row[0] for row in stored} == set(promised)
    assert region.ask("select count(*) from outbox")[0][0] == 0
    assert watch.promised == 2 * everything
    assert watch.released == 4 * everything
    for home in region.homes.values():
        assert len(opened_by(home)) == 2 * everything
