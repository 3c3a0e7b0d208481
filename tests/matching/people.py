"""Made-up young people for the tests of matching, and strategies that make more."""

import random
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from hub.matching.tokens import Person, TokenMaker
from hub.protocols.names import EpochId
from hub.protocols.token_record import LinkageKey, TokenRecord

EPOCH = EpochId("ep_06avt5zbkhqf0000000000000r")
KEY = LinkageKey(bytes(range(32)))

AMELIA = Person(
    first_name="Amelia",
    last_name="Thornbury",
    dob=date(2009, 3, 14),
    former_postcode="ME7 4AB",
    current_postcode="CT1 2XY",
    sex="F",
    upn="F886499920001",
    uln="1000000019",
)
NAME_AND_BIRTH = replace(AMELIA, former_postcode="", current_postcode="", sex="", upn="", uln="")
STRANGER = Person(
    "Dominic", "Ashgrove", date(2008, 11, 2), "SE1 9RT", "SW9 8AA", "M", "X884499921002", "1000000027"
)

_FIRST = [
    "Amelia",
    "Millie",
    "Amelie",
    "Mohammed Ali",
    "Ali",
    "Jack",
    "John",
    "Xiao Ming",
    "J",
    "",
    "unknown",
]
_LAST = [
    "Thornbury",
    "Thornberry",
    "Smith-Jones",
    "Smith",
    "Jones",
    "Kaur Gill",
    "Gill",
    "O'Brien",
    "",
    "Amelia",
]
_POSTCODES = ["ME7 4AB", "ME7 4AD", "ME7 2ZZ", "CT1 2XY", "ME7", "ZZ99 9ZZ", ""]
_DAYS = [date(2009, 3, 14), date(2009, 3, 15), date(2009, 12, 5), date(2009, 5, 12), date(2009, 1, 1), None]

PEOPLE = st.builds(
    Person,
    first_name=st.sampled_from(_FIRST),
    last_name=st.sampled_from(_LAST),
    dob=st.sampled_from(_DAYS),
    former_postcode=st.sampled_from(_POSTCODES),
    current_postcode=st.sampled_from(_POSTCODES),
    sex=st.sampled_from(["F", "male", ""]),
    upn=st.sampled_from(["F886499920001", "E88649992001A", ""]),
    uln=st.sampled_from(["1000000019", "9999999999", ""]),
    twin=st.booleans(),
    preferred_name=st.sampled_from(["", "Mia"]),
    other_last_name=st.sampled_from(["", "Hartley"]),
)
"""People who are much like each other, so that every level of agreement is met."""


def record(person: Person, seed: int = 1) -> TokenRecord:
    """The record of a person; another seed gives other chance tokens for what is missing."""
    return TokenMaker(KEY, EPOCH, random.Random(seed).randbytes).make(person)


_SYLLABLES = [
    "ba",
    "dor",
    "el",
    "fen",
    "gra",
    "hil",
    "jor",
    "kel",
    "lun",
    "mar",
    "nes",
    "os",
    "per",
    "rin",
    "sta",
    "tov",
]


def name(chance: random.Random) -> str:
    """A made-up name of three syllables."""
    return "".join(chance.choice(_SYLLABLES) for _ in range(3))


def two_files(size: int, seed: int = 1) -> tuple[list[Person], list[Person]]:
    """The same people on two sides, in the same order; on the right one in five has an error.

    Every third person has a brother or sister in the same file: same last name, same postcode.
    """
    chance = random.Random(seed)
    left: list[Person] = []
    for place in range(size):
        born = date(2007, 1, 2) + timedelta(days=chance.randrange(1_400))
        district, sector = chance.randrange(1, 10), chance.randrange(1, 10)
        postcode = f"ME{district} {sector}{chance.choice('ABDE')}{chance.choice('FGHJ')}"
        person = Person(name(chance), name(chance), born, postcode, sex=chance.choice("MF"))
        if place % 3 == 2:
            person = replace(person, last_name=left[-1].last_name, former_postcode=left[-1].former_postcode)
        left.append(person)
    return left, [_with_error(person, chance) for person in left]


def _with_error(person: Person, chance: random.Random) -> Person:
    kind = chance.randrange(15)
    if kind == 0:
        return replace(person, first_name=person.first_name[:-1])
    if kind == 1:
        return replace(person, dob=None)
    if kind == 2:
        return replace(person, former_postcode="")
    return person
