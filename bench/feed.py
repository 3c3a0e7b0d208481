"""How long a nightly feed takes: two extracts of 40,000 made-up people, as many as Kent follows.

    make bench-feed        # writes bench-out/feed.json

The first extract is remembered, the second compared: some have moved out, some have arrived, and every
tenth address is written another way, which is no change. Reading the file is part of every figure. The
changes are then told to a hub in this process: hashed, sealed, signed, checked and promised.
"""

import argparse
import csv
import json
import os
import platform
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.member.feeding import Feed, Night, nightly_feed
from adapters.member.files import Rows, open_rows
from adapters.member.gateway import Gateway
from tests.simulators.town import Town
from tests.simulators.wire import Wire

PEOPLE, MOVES, ARRIVALS = 40_000, 200, 150
MOST_SECONDS = 10.0
HERE = ("ME14 1XQ", "ME14 1XX", "CT1 2AB", "TN9 1XP", "DA12 3AA")
AWAY = ("ME4 4TR", "SE1 7PB", "BN1 1EE")
HEADER = ("Forename", "Surname", "DOB", "Address line 1", "Town", "Postcode", "UPN", "Local ref", "Activity")
SYLLABLES = (
    "an",
    "bel",
    "cor",
    "da",
    "el",
    "fin",
    "gra",
    "ho",
    "il",
    "jo",
    "ka",
    "lu",
    "mo",
    "ni",
    "or",
    "pe",
)


def person(number: int, chance: random.Random) -> list[str]:
    """One made-up young person of Kent."""
    name = [chance.choice(SYLLABLES) + chance.choice(SYLLABLES) for _ in range(2)]
    born = f"{chance.randint(1, 28):02}/{chance.randint(1, 12):02}/{chance.randint(2008, 2011)}"
    home = f"{chance.randint(1, 200)} {chance.choice(SYLLABLES).title()}ton Road"
    upn = f"{chance.choice('ABCDEFGHJK')}886{number:09}"
    return [
        name[0].title(),
        name[1].title(),
        born,
        home,
        "Maidstone",
        chance.choice(HERE),
        upn,
        f"K-{number}",
        "210",
    ]


def second_night(people: list[list[str]], chance: random.Random) -> list[list[str]]:
    """The next extract: moves, arrivals, and addresses written another way."""
    rows = [[*row] for row in people]
    for row in rows[::10]:
        row[3], row[5] = row[3].upper().replace("ROAD", "Rd."), row[5].replace(" ", "").lower()
    for row in chance.sample(rows, MOVES):
        row[3], row[5] = f"{chance.randint(1, 99)} New Street", chance.choice(AWAY)
    return rows + [person(len(rows) + number, chance) for number in range(ARRIVALS)]


def write(path: Path, rows: list[list[str]]) -> None:
    """Write an extract."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])


def read(path: Path, home: Path) -> Rows:
    """Read it as the command does."""
    return open_rows(path, home=home, kind="feed")


def timed(do: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """Seconds that something took by the clock and of this process's work, and what it gave."""
    begun, worked = time.perf_counter(), time.process_time()
    found = do()
    seconds = {"clock": round(time.perf_counter() - begun, 2), "cpu": round(time.process_time() - worked, 2)}
    return seconds, found


def run(folder: Path, people: int) -> dict[str, Any]:
    """One night after the other."""
    chance = random.Random(1)
    first = [person(number, chance) for number in range(people)]
    paths = [folder / "first.csv", folder / "second.csv"]
    write(paths[0], first)
    write(paths[1], second_night(first, chance))
    gateway: Gateway = Wire(Town()).joins("mbr_kent", folder / "kent", area="886")
    home = gateway.home.path

    def compare(feed: Feed, path: Path) -> Night:
        return feed.compare(read(path, home), path)

    with nightly_feed(gateway) as feed:
        reading, _ = timed(lambda: sum(1 for _ in read(paths[0], home)))
        first_time, _ = timed(lambda: feed.tell(compare(feed, paths[0]), "A. Officer"))
        delta, night = timed(lambda: compare(feed, paths[1]))
        counts = night.counts
        telling, told = timed(lambda: feed.tell(night, "A. Officer"))
        unchanged, again = timed(lambda: compare(feed, paths[1]))
    return {
        "people": people,
        "seconds": {
            "reading_alone": reading,
            "first_extract": first_time,
            "delta": delta,
            "delta_nothing_changed": unchanged,
            "telling": telling,
        },
        "changes": counts,
        "told": dict(told.told),
        "told_again": len(again.due),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Run, print, write."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--people", type=int, default=PEOPLE)
    asked.add_argument("--out", type=Path, default=Path("bench-out/feed.json"))
    words = asked.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), words.people)
    found |= {
        "most_seconds": MOST_SECONDS,
        "holds": found["seconds"]["delta"]["clock"] <= MOST_SECONDS,
        "load_before": round(load, 1),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
    words.out.parent.mkdir(parents=True, exist_ok=True)
    words.out.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
