"""Made-up young people for the tests of matching, and strategies that make more."""

import random
from dataclasses import replace
from datetime import date

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
_POSTCODES = ["ME7 4AB", "ME7 4AC", "ME7 2ZZ", "CT1 2XY", "ME7", "ZZ99 9ZZ", ""]
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
