"""Small indexes to attack: made-up people, sound records, and records that leak on purpose."""

import hashlib
import os
import random
from datetime import date, timedelta

import numpy as np

from hub.matching.attacks.held import Groups
from hub.matching.people_files import KnownPerson
from hub.matching.token_files import HeldRecord
from hub.matching.tokens import Person, TokenMaker, random_linkage_key
from hub.protocols.token_record import COLUMN, HEAD_BYTES, SLOT_BYTES, TokenRecord
from tests.matching.people import EPOCH, name

FIRST_BIRTHDAY = date(2005, 1, 2)


def crowd(size: int, *, days: int = 300, seed: int = 1) -> list[KnownPerson]:
    """People with few names and birthdays among them, the first names and birthdays unevenly spread."""
    chance = random.Random(seed)
    first, last = ([name(chance) for _ in range(count)] for count in (40, 200))
    weights = [1 / (rank + 3) for rank in range(40)]
    return [
        KnownPerson(
            f"p{place}",
            Person(
                first_name=chance.choices(first, weights)[0],
                last_name=chance.choice(last),
                dob=FIRST_BIRTHDAY + timedelta(days=chance.randrange(days)),
                former_postcode=f"ME{place // 90 + 1} {place // 10 % 9 + 1}AA",
                sex=chance.choice("MF"),
            ),
            member=f"member {place % 3}",
        )
        for place in range(size)
    ]


class SoundMaker:
    """Makes records as members do, under a key of its own."""

    def __init__(self) -> None:
        self._maker = TokenMaker(random_linkage_key(os.urandom), EPOCH, os.urandom)

    def make(self, person: Person) -> TokenRecord:
        """The record of a person."""
        return self._maker.make(person)


class LeakyMaker(SoundMaker):
    """Makes records in which one slot is a token of the bare date of birth."""

    def __init__(self) -> None:
        super().__init__()
        self._salt = os.urandom(16)

    def make(self, person: Person) -> TokenRecord:
        """The record of a person, leaky."""
        made = super().make(person)
        bare = hashlib.sha256(self._salt + str(person.dob).encode()).digest()[:SLOT_BYTES]
        start = HEAD_BYTES + SLOT_BYTES * COLUMN["starts"]
        tokens = made.tokens[:start] + bare + made.tokens[start + SLOT_BYTES :]
        return TokenRecord.from_stored(made.epoch, tokens, made.filters)


def index_of(people: list[KnownPerson], maker: SoundMaker) -> list[HeldRecord]:
    """What a hub holds of these people."""
    return [HeldRecord(one.id, one.member, maker.make(one.person)) for one in people]


def groups(*holders: list[int]) -> Groups:
    """Groups of records that share a token, one list each."""
    return Groups(
        np.array([one for some in holders for one in some], dtype=np.int64),
        np.array([place for place, some in enumerate(holders) for _ in some], dtype=np.int64),
        np.array([len(some) for some in holders], dtype=np.int64),
    )
