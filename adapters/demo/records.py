"""What the made-up region consists of: people, and what each member wrote down of them.

Every person is invented. A `Person` is the truth; a `Record` is one member's row, which may be
mistaken. The two are joined by the person's id, which no file but truth.csv holds.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Slip(StrEnum):
    """How the row of the member that a person moved to differs from the truth."""

    CLEAN = "clean"
    NICKNAME = "nickname"
    TYPO = "typo"
    SWAPPED = "swapped_day_and_month"
    NO_UPN = "no_upn"
    NEW_POSTCODE_ONLY = "new_postcode_only"
    NAME_AND_BIRTH_ONLY = "name_and_birth_only"
    DOUBTFUL = "doubtful"


class Listing(StrEnum):
    """Which list of a member a row stands in."""

    LEAVERS = "leavers"
    ARRIVALS = "arrivals"
    ENROLMENTS = "enrolments"
    RESIDENTS = "residents"
    """Known to the member and told to nobody: rows of its caseload alone."""


@dataclass(frozen=True, slots=True)
class Person:
    """One invented young person, as he or she is. Postcodes are of before and after the move."""

    id: str
    given: str
    family: str
    sex: str
    dob: date
    upn: str
    uln: str
    old_postcode: str
    new_postcode: str
    moved_on: date


@dataclass(frozen=True, slots=True)
class Record:
    """What one member wrote down of one person; "" where it does not know."""

    person: str
    member: str
    listing: Listing
    local_ref: str
    given: str
    family: str
    sex: str
    dob: date
    upn: str
    uln: str
    old_postcode: str
    new_postcode: str
    event_date: date
    phone: str = ""
    instruction: str = ""
    shield: bool = False
    ehc_plan: bool = False
    care_leaver: bool = False
    twin: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows of two members that are about the same person."""

    person: str
    left_member: str
    left_ref: str
    right_member: str
    right_ref: str
    slip: Slip
