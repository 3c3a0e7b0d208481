"""The check rules of the NCCIS return that speak of movers, as warnings for an officer.

The numbers are those of the department's error list; the codes here carry them. Rules that look
across records (the same id, ULN or person twice) remember hashes, no clear text.
Decides nothing about sending, except that a ULN which two people share is left out: by rule 907 a
wrong one does more harm than none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, TypeAlias

from adapters.authorities import (
    OUTSIDE_ENGLAND,
    SERVICE_CHILDREN,
    UNKNOWN,
    authority,
    authority_history,
    successors,
)
from adapters.move import Move

Flaw: TypeAlias = tuple[str, str, str]
"""A stable code with the rule's number, the element, and the reason."""

NEET: Final = frozenset(["540", "610", "615", "616", "619", "620", "630", "640", "650", "660", "670", "680"])
"""Activities that need a NEET start date."""

WITH_END: Final = frozenset(
    {"210", "220", "230", "240", "250", "270", "280", "410", "430", "440", "450", "460"}
)
"""Education and training whose end must be stated (rule 259); apprenticeships need none."""

WITH_REVIEW: Final = frozenset(["260", "290", "350", "616", "710"])
"""Activities that need a review date (rule 262)."""

YPID_DIGITS: Final = 13


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the header of a return states: its databases, its authorities, and the end of its month."""

    databases: frozenset[str] = frozenset()
    authorities: frozenset[str] = frozenset()
    period_end: date | None = None


@dataclass(slots=True)
class Seen:
    """What earlier records held: a hash of eight bytes for each id, ULN and person."""

    ids: set[int] = field(default_factory=set)
    ulns: set[int] = field(default_factory=set)
    people: set[int] = field(default_factory=set)


def check(move: Move, facts: FileFacts, seen: Seen) -> tuple[list[Flaw], Move]:
    """Give the warnings of one record, and the record without a ULN that it cannot have."""
    warnings = [*_transfer(move, facts), *_numbers(move, facts), *_dates(move, facts)]
    if _again(seen.ids, move.local_ref):
        warnings.append(("nccis-902", "YoungPersonsID", "an earlier record has this id"))
    if _again(seen.people, f"{move.given}\0{move.family}\0{move.dob}".casefold()):
        reason = "an earlier record has this name and birthday; it may be the same person"
        warnings.append(("nccis-908", "FamilyName", reason))
    if _again(seen.ulns, move.uln):
        reason = "an earlier record has this ULN; this one is kept without it, since one of them is wrong"
        warnings.append(("nccis-907", "UniqueLearnerNo", reason))
        move = replace(move, uln=None)
    return warnings, move


def _transfer(move: Move, facts: FileFacts) -> Iterator[Flaw]:
    """Rules 13, 26, 34, 35, 41, 42: to whom, and from whom."""
    to, status = move.to_authority, move.cohort_status
    if status == "T" and to is None:
        yield "nccis-13", "TransferredToLACode", "status T needs the authority that the young person went to"
    if to is not None and status not in {"T", "E"}:
        yield "nccis-34", "TransferredToLACode", "a transferred-to authority needs status T"
    if to == UNKNOWN:
        yield "nccis-41", "TransferredToLACode", "004 (not known) is no authority to transfer to"
    elif to is not None and not _is_known(to, status, facts):
        yield "nccis-35", "TransferredToLACode", _unknown(to, facts)
    if to is not None and to == move.lead_authority:
        yield "nccis-42", "TransferredToLACode", "this is the lead authority itself"
    if facts.authorities and move.lead_authority not in facts.authorities:
        yield "nccis-26", "LeadLEA", "you do not lead on this young person"


def _is_known(code: str, status: str | None, facts: FileFacts) -> bool:
    if code in OUTSIDE_ENGLAND:
        return status == "E"
    if code == SERVICE_CHILDREN:
        return True
    if facts.period_end is None:
        return bool(authority_history(code))
    return authority(code, facts.period_end) is not None


def _unknown(code: str, facts: FileFacts) -> str:
    """Say that there is no such authority, and who took over from one that has ended."""
    heirs = () if facts.period_end is None else successors(code, facts.period_end)
    if heirs:
        return f"this authority had ended by then; its area is now with {' or '.join(heirs)}"
    return "there is no authority of this code on that day"


def _numbers(move: Move, facts: FileFacts) -> Iterator[Flaw]:
    """Rules 37, 39, 903: the form of numbers."""
    if move.previous_ref is not None and not _is_ypid(move.previous_ref):
        yield "nccis-37", "PreviousYPIDIdentifier", "an earlier id has 13 digits"
    if facts.databases and move.local_ref is not None and move.local_ref[:3] not in facts.databases:
        yield "nccis-903", "YoungPersonsID", "the id does not begin with a database id of the header"
    place = move.establishment
    if place is not None and place.ukprn is not None and not place.ukprn.startswith("1"):
        yield "nccis-39", "UKProviderReferenceNumber", "a provider's number begins with 1"


def _is_ypid(text: str) -> bool:
    return len(text) == YPID_DIGITS and text.isascii() and text.isdigit()


def _dates(move: Move, facts: FileFacts) -> Iterator[Flaw]:
    """Rules 224 to 262: currency, review, end, NEET start."""
    code, end = move.activity, move.predicted_end
    if end is not None and move.due_to_lapse is not None and move.due_to_lapse > end:
        yield "nccis-238", "DueToLapseDate", "the activity lapses after its predicted end"
    if end is not None and move.review is not None and move.review > end:
        yield "nccis-257", "ReviewDate", "the review is after the predicted end"
    if facts.period_end is not None and move.due_to_lapse is not None:
        if move.due_to_lapse < facts.period_end and not move.lapsed:
            yield "nccis-231", "CurrencyLapsed", "the lapse date is past, the flag says that it is current"
        if move.lapsed and move.due_to_lapse > facts.period_end:
            yield "nccis-232", "CurrencyLapsed", "the flag says lapsed, the lapse date is still to come"
    if code in WITH_END and end is None:
        yield "nccis-259", "PredictedEndDate", "education and training need a predicted end"
    if code in WITH_REVIEW and move.review is None:
        yield "nccis-262", "ReviewDate", "this activity needs a review date"
    yield from _neet(move)


def _neet(move: Move) -> Iterator[Flaw]:
    if move.activity in NEET and move.neet_start is None:
        yield "nccis-224", "NEETStartDate", "this activity needs a NEET start date"
    if move.activity is not None and move.activity not in NEET and move.neet_start is not None:
        yield "nccis-225", "NEETStartDate", "only NEET activities have a NEET start date"
    if move.neet_start is not None and move.start is not None and move.neet_start > move.start:
        yield "nccis-226", "NEETStartDate", "the NEET start is after the start of the activity"


def _again(seen: set[int], text: str | None) -> bool:
    """Note a text by its hash; tell whether it was noted before.

    Python's own hash of texts is keyed by chance in each process and has 64 bits: two of a million
    texts are taken for one in one file of 37 million.
    """
    if not text:
        return False
    noted = hash(text)
    if noted in seen:
        return True
    seen.add(noted)
    return False
