"""A gateway is killed at any point of publishing and polling: it sends again, and nothing is doubled."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.faults.checks import Watch, opened_by, promises_at, sent_by
from tests.faults.conftest import Tell
from tests.faults.load import GatewayLoad
from tests.faults.region import KENT, KINDS, MEDWAY, ROOT, FaultyRegion, make_faulty_region, people

KILLS: Final = max(4, int(os.environ.get("FAULT_KILLS", "10")) // 2)
SEED: Final = int(os.environ.get("FAULT_SEED", "1"))
MOVES: Final = 60
LONGEST_LIFE: Final = 3.5
"""Seconds: some die while they still open their keyring, some while they answer deliveries."""
LAST_LIFE: Final = 180


@pytest.fixture
def region(tmp_path: Path) -> Iterator[FaultyRegion]:
    """Give a region whose hub runs."""
    made = make_faulty_region(tmp_path)
    made.start()
    yield made
    made.stop()


def test_a_gateway_killed_at_any_point_sends_again_without_doubling(region: FaultyRegion, tell: Tell) -> None:
    """I5: what was queued before a kill arrives once, what was answered before a kill counts once."""
    chance, watch = random.Random(SEED), Watch(region)
    other = GatewayLoad(region.homes[MEDWAY], KINDS[MEDWAY], people(SEED, MOVES))
    other.allow(MOVES)
    other.start()
    for _ in range(KILLS):
        living = _start(region)
        time.sleep(chance.uniform(0.3, LONGEST_LIFE))
        living.kill()
        living.wait()
    assert _start(region).wait(LAST_LIFE) == 0
    other.end()
    region.kill()
    watch.look()
    for member, home in region.homes.items():
        stored = region.ask(f"select notice from notice where sender = '{member}'")  # noqa: S608 - an id of ours
        assert {row[0] for row in stored} == set(promises_at(home)) == set(sent_by(home))
        assert len(stored) == MOVES
        assert len(opened_by(home)) == 2 * MOVES
    assert watch.released == 4 * MOVES
    tell(f"gateway killed {KILLS} times (seed {SEED}): {MOVES} moves told once, answered once")


def _start(region: FaultyRegion) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "tests.faults.gateway_process", str(region.homes[KENT])]
    words += [KINDS[KENT].value, str(SEED), str(MOVES)]
    with (region.folder / "gateway.log").open("ab") as output:
        return subprocess.Popen(words, cwd=ROOT, stdout=output, stderr=output)
