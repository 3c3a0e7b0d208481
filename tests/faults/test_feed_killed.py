"""The nightly feed is killed at any point: one notice a change, and taken back as often as it was told."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from adapters.jsonl_file import write_line
from adapters.member.gateway import Gateway
from adapters.move import Move
from tests.faults.conftest import Tell
from tests.faults.region import KENT, ROOT, FaultyRegion, make_faulty_region, people

KILLS: Final = max(1, int(os.environ.get("FAULT_KILLS", "10")) // 10)
SEED: Final = int(os.environ.get("FAULT_SEED", "1"))
MOVES: Final = 40
LAST_LIFE: Final = 120


@pytest.fixture
def region(tmp_path: Path) -> Iterator[FaultyRegion]:
    """Give a region whose hub runs."""
    made = make_faulty_region(tmp_path)
    made.start()
    yield made
    made.stop()


def test_a_nightly_feed_killed_at_any_point_tells_each_change_once(region: FaultyRegion, tell: Tell) -> None:
    """I5: and the night after a reversal takes every one of them back."""
    chance = random.Random(SEED)
    moved = [replace(one, local_ref=f"K-{number}") for number, one in enumerate(people(SEED, MOVES))]
    before = [replace(one, from_address=None, to_address=one.from_address) for one in moved]
    after = [replace(one, from_address=None) for one in moved]
    assert _feed(region, before).wait(LAST_LIFE) == 0
    for night, states in ((after, ["published"] * MOVES), (before, ["withdrawn"] * MOVES)):
        for _ in range(KILLS):
            living = _feed(region, night)
            time.sleep(chance.uniform(1, 4))
            living.kill()
            living.wait()
        assert _feed(region, night).wait(LAST_LIFE) == 0
        assert _states(region) == states
    tell(f"nightly feed killed {2 * KILLS} times (seed {SEED}): {MOVES} moves told once, taken back once")


def _feed(region: FaultyRegion, people_there: list[Move]) -> subprocess.Popen[bytes]:
    extract = region.folder / "extract.jsonl"
    extract.write_text("".join(f"{write_line(one)}\n" for one in people_there))
    words = ["feed", str(extract), "--yes", "--accept", "everybody moves in this test"]
    with (region.folder / "gateway.log").open("ab") as output:
        command = [sys.executable, "-m", "hub.cli", *words, "--home", str(region.homes[KENT])]
        return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)


def _states(region: FaultyRegion) -> list[str]:
    with Gateway(region.homes[KENT]) as gateway:
        gateway.poll()
        return [one.state for one in gateway.records.all_sent()]
