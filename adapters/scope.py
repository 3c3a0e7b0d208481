"""Whether the law lets a service keep track of this young person, worked out from clear text.

Decides, for the gateway and before anything is hashed, which of the five scopes holds on a day:
13 to 19 (support services, Education and Skills Act 2008 s.68), 20 to 24 with an education,
health and care plan, 16 to 25 as a care leaver (Children Act 1989 s.24C). Nobody else may be
told of. The words equal those of the agreements' vocabulary. The hub only ever sees the word.
"""

from datetime import date, timedelta
from typing import Final

from adapters.move import Found, Move

OF_AGE: Final = 18
CARE_LEAVER: Final = "care_leaver_16_25"

SPEAKS_OF: Final = {"care_leaver_move": Found.CARE_LEAVER, "ehcp_move": Found.EHC_PLAN}
"""Types of notices that speak of one status, and the status."""

_BY_AGE: Final = ((13, 15, "age_13_15"), (16, 17, "age_16_17"), (18, 19, "age_18_19"))


def age_on(born: date, on: date) -> int:
    """Give the age in whole years; a person born on 29 February is a year older on 1 March."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def scope_of(move: Move, on: date) -> str | None:
    """Name the scope that holds on this day, or None: this person may not be told of."""
    age = age_on(move.dob, on)
    for youngest, oldest, scope in _BY_AGE:
        if youngest <= age <= oldest:
            return scope
    if 20 <= age <= 24 and Found.EHC_PLAN in move.found:
        return "ehcp_20_24"
    if 20 <= age <= 25 and Found.CARE_LEAVER in move.found:
        return CARE_LEAVER
    return None


def scope_throughout(move: Move, on: date, days: int, notice_type: str = "") -> str | None:
    """Name the scope of this day if the person is in some scope on each of the days that follow.

    A type of notice that speaks of a status speaks of nobody else: of care leavers alone, in their
    own scope whatever their age, or of those with a plan.

    What a gateway asserts must stay true for as long as it is believed, without telling when a
    birthday falls. A scope ends only where the next is missing, so the last day decides.
    """
    needed = SPEAKS_OF.get(notice_type)
    if needed is not None and needed not in move.found:
        return None
    if needed is Found.CARE_LEAVER:
        years = age_on(move.dob, on), age_on(move.dob, on + timedelta(days=days))
        return CARE_LEAVER if years[0] >= 16 and years[1] <= 25 else None
    last_day_scope = scope_of(move, on + timedelta(days=days))
    return scope_of(move, on) if last_day_scope is not None else None


def under_18_throughout(born: date, on: date, days: int) -> bool:
    """Tell whether a person is under 18 on this day and on each of so many that follow.

    A parent's name and address are told of nobody else (Education and Skills Act 2008 s.14): what is
    sealed or opened to somebody today is believed for that long, so the eighteenth birthday counts from
    the first day of them.
    """
    return age_on(born, on + timedelta(days=days)) < OF_AGE


def scope_fits(scope: str, born: date, on: date) -> bool:
    """Tell whether a scope that somebody else asserted of a day can be true of this date of birth.

    An age scope must be the one of that age; the others need a status, which only who asserts it
    knows, and an age that they reach.
    """
    age = age_on(born, on)
    for youngest, oldest, word in _BY_AGE:
        if word == scope:
            return youngest <= age <= oldest
    return (scope == "ehcp_20_24" and 20 <= age <= 24) or (scope == CARE_LEAVER and 16 <= age <= 25)
