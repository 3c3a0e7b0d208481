"""What an index of tokens gives away without its key, attacked as `hub match leak` does.

    PYTHONPATH=. python bench/leak.py [--out bench-out/leak.json] [--large] [--seeds 5]

Made-up people of `hub synth`, one side of a pair of files. Each run differs in one thing from the
first: who is public, which records leak, how many there are. The last is a control: the same
people with a token of the bare date of birth planted in each record, which the attacks must find.
About two minutes; --large, with 150,000 records, about ten more. --seeds runs the first attack
alone, on so many lots of people, and tells how far the figures spread.
"""

import argparse
import csv
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapters.member.cli.leaking import leak_document
from adapters.synth.pairs import Plan, write_pairs
from hub.matching.attacks.facts import Target
from hub.matching.attacks.leak import WHOLE_MEMBER, Leak, measure_leak
from hub.matching.evaluate import TRIAL
from hub.matching.people_files import KnownPerson, read_people
from hub.matching.token_files import HeldRecord
from hub.matching.tokens import Person, TokenMaker, random_linkage_key
from hub.protocols.token_record import COLUMN, HEAD_BYTES, SLOT_BYTES, TokenRecord

SMALL, LARGE, SEED = 15_000, 150_000, 7
NEIGHBOURS = "a careers company"

Maker = Callable[[Person], TokenRecord]


def main() -> None:
    """Run every attack and write the figures."""
    options = argparse.ArgumentParser()
    options.add_argument("--out", type=Path, default=Path("bench-out/leak.json"))
    options.add_argument("--large", action="store_true")
    options.add_argument(
        "--seeds", type=int, default=1, help="so many lots of people, the first attack alone"
    )
    asked = options.parse_args()
    asked.out.parent.mkdir(exist_ok=True)
    seeds = range(SEED, SEED + asked.seeds)
    runs = list(spread(seeds)) if asked.seeds > 1 else single(large=asked.large)
    document = {"people": "made up by hub synth", "seeds": list(seeds), "runs": runs}
    asked.out.write_text(json.dumps(document, indent=2))


def spread(seeds: Iterable[int]) -> Iterator[dict[str, Any]]:
    """The first attack on other people each time."""
    for seed in seeds:
        people = made_up(SMALL, seed)
        yield run(f"15,000 records, all of them public, seed {seed}", people, people, sound())


def single(*, large: bool) -> list[dict[str, Any]]:
    """Every attack on one lot of people."""
    people = made_up(SMALL, SEED)
    others = [replace(one, id=f"other {one.id}") for one in made_up(SMALL, SEED + 1)]
    runs = [
        run("15,000 records, all of them public", people, people, sound()),
        run("15,000 records, half of the public are others", people, [*people, *others], sound()),
        run("15,000 records, neighbouring authorities leak", people, people, sound(), member=NEIGHBOURS),
    ]
    if large:
        many = made_up(LARGE, SEED)
        runs.append(run("150,000 records, all of them public", many, many, sound()))
    runs.append(run("control: a bare date of birth is planted", people, people, leaky()))
    return runs


def made_up(count: int, seed: int) -> list[KnownPerson]:
    """One side of a pair of files, the records of neighbouring authorities marked as one member's."""
    with tempfile.TemporaryDirectory() as folder:
        write_pairs(Path(folder), Plan(count, 0, seed))
        path = Path(folder) / "left.csv"
        with path.open(encoding="utf-8", newline="") as file:
            authority = {row["id"]: row["authority"] for row in csv.DictReader(file)}
        people = read_people(path)
    leaking = sorted(people, key=lambda one: authority[one.id])[: min(WHOLE_MEMBER, count // 2)]
    of_member = {one.id for one in leaking}
    return [replace(one, member=NEIGHBOURS if one.id in of_member else "") for one in people]


def sound() -> Callable[[], Maker]:
    """Makers of records as members make them, each under a key of its own."""
    return lambda: TokenMaker(random_linkage_key(os.urandom), TRIAL, os.urandom).make


def leaky() -> Callable[[], Maker]:
    """Makers of records in which one slot is a token of the date of birth alone."""

    def maker() -> Maker:
        make, salt = sound()(), os.urandom(16)
        start = HEAD_BYTES + SLOT_BYTES * COLUMN["starts"]

        def made(person: Person) -> TokenRecord:
            record = make(person)
            bare = hashlib.sha256(salt + str(person.dob).encode()).digest()[:SLOT_BYTES]
            tokens = record.tokens[:start] + bare + record.tokens[start + SLOT_BYTES :]
            return TokenRecord.from_stored(TRIAL, tokens, record.filters)

        return made

    return maker


def run(
    name: str,
    held: Sequence[KnownPerson],
    public: Sequence[KnownPerson],
    maker: Callable[[], Maker],
    member: str = "",
) -> dict[str, Any]:
    """Attack an index of the held people, print the figures that matter and return all."""
    begun, make = time.perf_counter(), maker()
    index = [HeldRecord(one.id, one.member, make(one.person)) for one in held]
    found = measure_leak(index, public, maker(), lambda *_: None, member=member, seed=SEED)
    print(f"{name}: {time.perf_counter() - begun:.0f} s")
    print(*(f"  {line}" for line in figures(found)), sep="\n", flush=True)
    return {"run": name, **leak_document(found)}


def figures(found: Leak) -> Iterator[str]:
    """The figures that matter most."""
    column, worst, born = found.worst_for_birthdays, found.worst, found.birthdays
    last = next(one for one in found.joined if one.target is Target.LAST)
    yield f"worst column: lift {worst.lift:.4f} ({worst.target} from {worst.view})"
    yield f"last names: {last.floor:.4f} by guessing; joined, by rank {last.by_rank:.4f}"
    yield f"  and with 50 records leaked {last.by_pairs:.4f}"
    yield f"birthdays, {found.leaked_records} records leaked: {column.by_member:.4f} from {column.view},"
    yield f"  {born.by_member:.4f} from all columns, {born.by_member_chains:.4f} along chains,"
    yield f"  {born.by_member_filters:.4f} with filters opened"


if __name__ == "__main__":
    main()
