"""What a young person's row says tonight that it did not say last night: pure, one row at a time.

Decides which notice follows from two nightly extracts of one member. Who keeps track of an area (an
authority, a careers company) tells of arrivals and of those who have moved out; who teaches (a college,
a school) tells of enrolments and of leavers. What a machine cannot tell apart (an address that has gone
missing, a postcode on the boundary) is for a person to look at, and no notice.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from adapters.member.feed_person import Person, person_of, plain
from adapters.member.routing import Outcome, authority_of
from adapters.move import Address, Move
from hub.protocols.addresses import read_address
from hub.protocols.names import MemberKind, NoticeType

_TRANSFERRED: Final = frozenset({"T", "E"})
"""NCCIS cohort status: transferred to another authority, left England."""

_OVER: Final = frozenset({"A", "D", "L", "M", "X"})
"""Too old, deceased, merged, told by other means: nobody is told anything by machine."""


class Follows(StrEnum):
    """Whom an extract lists."""

    AREA = "area"
    LEARNERS = "learners"


class State(StrEnum):
    """How a young person stands with the member."""

    IN = "in"
    """Lives in the area; learns at the college."""
    OUT = "out"
    """Has moved out; has left."""
    OVER = "over"
    UNSURE = "unsure"


class Change(StrEnum):
    """What is to be told of a young person; `look` is told to a person here, and to nobody else."""

    NEW_ARRIVAL = "new_arrival"
    MOVED_OUT = "moved_out"
    ENROLMENT = "cross_border_enrolment"
    LEAVER = "leaver"
    CORRECTION = "correction"
    WITHDRAWAL = "withdrawal"
    LOOK = "look"


NOTICES: Final = {
    Change.NEW_ARRIVAL: NoticeType.NEW_ARRIVAL,
    Change.MOVED_OUT: NoticeType.MOVED_OUT,
    Change.ENROLMENT: NoticeType.CROSS_BORDER_ENROLMENT,
    Change.LEAVER: NoticeType.LEAVER,
}
"""Changes that are a notice of their own."""

_COMES: Final = {Follows.AREA: Change.NEW_ARRIVAL, Follows.LEARNERS: Change.ENROLMENT}
_GOES: Final = {Follows.AREA: Change.MOVED_OUT, Follows.LEARNERS: Change.LEAVER}


@dataclass(frozen=True, slots=True, repr=False)
class Standing:
    """How one extract shows one young person; the texts are in one form, whatever the file's layout."""

    state: State
    area: str
    """Where the home lies: DfE or ONS code, or nation; empty where it is not known."""
    person: Person
    home: str
    flags: str


@dataclass(frozen=True, slots=True)
class Before:
    """What is remembered of the last extract: the last state that was sure, and what has changed since."""

    state: State
    area: str
    same_person: bool
    same_home: bool
    same_flags: bool


def follows(kind: MemberKind) -> Follows | None:
    """Whom the extract of such a member lists; None where it has no nightly feed."""
    if kind in {MemberKind.AUTHORITY, MemberKind.CAREERS_COMPANY}:
        return Follows.AREA
    return Follows.LEARNERS if kind in {MemberKind.COLLEGE, MemberKind.SCHOOL} else None


def standing(move: Move, whom: Follows, area: str | None, today: date) -> Standing:
    """How a row shows a young person on a day, to a member of this area (DfE code)."""
    where, doubtful = ("", False) if move.home_unsure else _where(move.to_address, area)
    if whom is Follows.LEARNERS:
        state = State.OUT if move.end is not None and move.end <= today else State.IN
    else:
        state = _state_in_area(move, where, area, doubtful=doubtful)
    wishes = (move.wishes.instruction, move.wishes.objection, move.wishes.consent, move.wishes.from_dwp)
    flags = "|".join(",".join(sorted(one)) for one in (*wishes, move.found))
    return Standing(state, where, person_of(move), home_text(move.to_address), flags)


def changed(
    before: Before | None, after: Standing, told: frozenset[NoticeType], whom: Follows
) -> Change | None:
    """What is to be told; `told` are the types of notices of ours about this person that are still open."""
    if before is None:
        return _COMES[whom] if after.state is State.IN else None
    if not before.same_flags and told:
        return Change.LOOK
    if after.state is State.OVER:
        return None
    if after.state is State.UNSURE:
        return Change.LOOK if before.state is State.IN else None
    if before.state is not after.state:
        return _turned(after.state, told, whom)
    if whom is Follows.LEARNERS and after.state is State.IN and before.area != after.area and after.area:
        return Change.ENROLMENT
    return Change.CORRECTION if _mends(before, after, told, whom) else None


def resumed(
    begun: Change, before: Before, after: Standing, told: frozenset[NoticeType], whom: Follows
) -> Change | None:
    """What follows where another change was begun and killed, and the row says something else tonight.

    What was begun may have gone out: then it is taken back, or mended again.
    """
    fresh = changed(before, after, told, whom)
    if fresh is not None or after.state not in {State.IN, State.OUT}:
        return fresh
    if speaks_of(opposite(after.state), whom) in told:
        return Change.WITHDRAWAL
    mends = begun is Change.CORRECTION and speaks_of(after.state, whom) in told
    return Change.CORRECTION if mends else None


def opposite(state: State) -> State:
    """Of whoever is in, that they are out; of anybody else, that they are in."""
    return State.OUT if state is State.IN else State.IN


def speaks_of(state: State, whom: Follows) -> NoticeType:
    """The type of the notice that says of somebody that they stand so."""
    return NOTICES[_COMES[whom] if state is State.IN else _GOES[whom]]


def home_text(address: Address | None) -> str:
    """A home in one form: its postcode, its numbers and the first word of its street.

    Another order of lines, "Rd" for "Road" or capitals make no other home.
    """
    if address is None:
        return ""
    numbered_first = sorted(address.lines, key=lambda line: not any(sign.isdigit() for sign in line))
    lines = " ".join(numbered_first)
    return f"{''.join((address.postcode or '').split()).upper()}|{read_address(lines) or plain(lines)}"


def _turned(now: State, told: frozenset[NoticeType], whom: Follows) -> Change:
    """Somebody went, or came back: then what was said of their going is taken back while it is open."""
    if now is State.OUT:
        return _GOES[whom]
    return Change.WITHDRAWAL if NOTICES[_GOES[whom]] in told else _COMES[whom]


def _mends(before: Before, after: Standing, told: frozenset[NoticeType], whom: Follows) -> bool:
    """Whether an open notice says what is known better now; a move inside the own area mends nothing."""
    if speaks_of(after.state, whom) not in told:
        return False
    new_home = whom is Follows.AREA and after.state is State.OUT and not before.same_home
    return new_home or not before.same_person


def _state_in_area(move: Move, where: str, area: str | None, *, doubtful: bool) -> State:
    status = (move.cohort_status or "").strip().upper()
    elsewhere = move.to_authority is not None and move.to_authority != area
    if status in _OVER:
        return State.OVER
    if status in _TRANSFERRED or elsewhere:
        return State.OUT
    if doubtful or not where:
        return State.UNSURE
    return State.IN if where == area else State.OUT


def _where(home: Address | None, area: str | None) -> tuple[str, bool]:
    """The area of a home, and whether it may as well be the own one: the postcode's sector is shared."""
    route = authority_of(home.postcode if home and home.postcode else "")
    if route.outcome not in {Outcome.FOUND, Outcome.OUTSIDE_ENGLAND}:
        return "", False
    where = route.authority or route.nation or ""
    return where, where != area and area in route.shared_with
