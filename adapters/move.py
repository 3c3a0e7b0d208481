"""The one record that every connector yields: a young person's move, as one file tells it.

A `Move` is clear text and exists on the member's side only; the hub never sees one. It says
what the file says and where in the file it says it, and it decides nothing: whether a number's
check character holds, where a postcode lies and whether a notice may be sent is asked later.
What a file says that cannot be used is a `Problem`, in words that an officer understands. A
problem names the place and the column and never quotes a value, because values are personal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final


class Found(StrEnum):
    """What a file says of the young person's circumstances, as closed words."""

    SEN = "sen"
    SEN_SUPPORT = "sen_support"
    EHC_PLAN = "ehc_plan"
    LOOKED_AFTER = "looked_after"
    CARE_LEAVER = "care_leaver"
    CARER = "carer"
    PARENT = "parent"
    PARENT_APART = "parent_apart"
    REFUGEE = "refugee"
    SUBSTANCE = "substance"
    YOUTH_OFFENDING = "youth_offending"
    PREGNANT = "pregnant"
    SHIELD = "shield"
    TWIN = "twin"


class Told(StrEnum):
    """Who the facts of a record come from; a notice says so, and what came from the DWP is kept apart."""

    SELF = "self"
    PARENT = "parent"
    SCHOOL = "school"
    COLLEGE = "college"
    OFFICER = "officer"
    DWP = "dwp"


class Sureness(StrEnum):
    """How sure a record is that the event took place.

    A candidate is what a file lets one suspect: nothing is sent of it until a person has confirmed it.
    """

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    CANDIDATE = "candidate"


class Event(StrEnum):
    """What became of a place to learn: a closed list, the same for every connector."""

    APPLIED = "applied"
    ENROLLED = "enrolled"
    DID_NOT_START = "did_not_start"
    TRANSFERRED = "transferred"
    WITHDREW = "withdrew"
    COMPLETED = "completed"
    GAP_YEAR = "gap_year"


STAYS: Final = "caseload"
"""What a record tells of that is ground for no notice: a young person who stays."""

GROUNDS: Final = (
    STAYS,
    "moved_out",
    "new_arrival",
    "cross_border_enrolment",
    "leaver",
    "care_leaver_move",
    "ehcp_move",
)
"""The types of notices that a record of a file can be ground for, as the wire has them; or none."""

PARTS: Final = (
    "identity",
    "address",
    "participation",
    "contact",
    "send",
    "care",
    "circumstances",
    "equality_health",
    "offending",
    "parent",
)
"""The data categories that a flag may name; the wire format has a sealed part for each."""

FURTHER_PARTS: Final = frozenset(PARTS) - {"identity", "address", "parent"}
"""Parts that an instruction without a list binds: names and addresses flow under the Act."""


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """A home: its lines in order, and its postcode where one is known."""

    lines: tuple[str, ...] = ()
    postcode: str | None = None

    def __repr__(self) -> str:
        """Say that it is an address and nothing of it: a repr ends in logs and tracebacks."""
        return "Address(...)"


@dataclass(frozen=True, slots=True)
class Establishment:
    """Where the young person learns: DfE number, name, UK provider reference number."""

    number: str | None = None
    name: str | None = None
    ukprn: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Contact:
    """How the young person is reached."""

    phone: str | None = None
    email: str | None = None

    def __repr__(self) -> str:
        """Say that it is a contact and nothing of it."""
        return "Contact(...)"


@dataclass(frozen=True, slots=True, repr=False)
class Parent:
    """A parent's name and address (s.14 of the Education and Skills Act 2008)."""

    name: str | None = None
    address: Address | None = None

    def __repr__(self) -> str:
        """Say that it is a parent and nothing of them."""
        return "Parent(...)"


@dataclass(frozen=True, slots=True)
class Wishes:
    """Whose word binds what: names of parts, from `PARTS`.

    `instruction` is the young person's (from 16) or a parent's (before); `objection` is under
    article 21; `consent` is explicit and for the named parts only; `from_dwp` marks parts that
    hold facts with a social-security source.
    """

    instruction: frozenset[str] = frozenset()
    objection: frozenset[str] = frozenset()
    consent: frozenset[str] = frozenset()
    from_dwp: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, repr=False)
class Move:
    """What one row or element of one file says of one young person.

    `from_address` is the former home, `to_address` the present one; either may be missing.
    `home_unsure` tells that the postcode may be no home at all (no fixed address, custody): no
    machine routes it. `tells_of` names the types of notices that a record is ground for, where
    the format settles that: a return holds those who stay as well; empty leaves it to the sender.
    `due_to_lapse` and `lapsed` are the currency of the activity as the file has it.
    `place` is the row or path; `sources` gives the column or element of each fact by the name
    of its field.
    """

    place: str
    given: str
    family: str
    dob: date
    middle: str | None = None
    former_family: tuple[str, ...] = ()
    sex: str | None = None
    from_address: Address | None = None
    to_address: Address | None = None
    upn: str | None = None
    former_upn: str | None = None
    uln: str | None = None
    local_ref: str | None = None
    previous_ref: str | None = None
    establishment: Establishment | None = None
    activity: str | None = None
    start: date | None = None
    end: date | None = None
    predicted_end: date | None = None
    event_date: date | None = None
    ascertained: date | None = None
    verified: date | None = None
    review: date | None = None
    due_to_lapse: date | None = None
    lapsed: bool = False
    neet_start: date | None = None
    event: Event | None = None
    told: Told | None = None
    sureness: Sureness | None = None
    home_unsure: bool = False
    tells_of: frozenset[str] = frozenset()
    lead_authority: str | None = None
    to_authority: str | None = None
    educated_authority: str | None = None
    year_11_authority: str | None = None
    cohort_status: str | None = None
    level_of_need: str | None = None
    ethnicity: str | None = None
    found: frozenset[Found] = frozenset()
    wishes: Wishes = Wishes()
    contact: Contact | None = None
    parent: Parent | None = None
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        """Give the place alone: a repr ends in logs and tracebacks."""
        return f"Move({self.place})"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a file that could not be used.

    `code` is stable; `reason` is a sentence with the next step. `row_kept` tells that the rest
    of the row was good enough to go on with, without this value.
    """

    place: str
    column: str | None
    code: str
    reason: str
    row_kept: bool = False

    def __str__(self) -> str:
        """Give one line for a terminal or a reason file."""
        between = "/" if self.place.startswith("/") else ", column "
        where = self.place if self.column is None else f"{self.place}{between}{self.column}"
        return f"{where}: {self.reason}"


class UnusableFile(Exception):
    """No row of a file can be used; `problem` says why, before any row was given out."""

    def __init__(self, code: str, reason: str, column: str | None = None) -> None:
        self.problem = Problem("file", column, code, reason)
        super().__init__(str(self.problem))
