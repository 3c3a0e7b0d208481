"""Reads moves from the Individualised Learner Record: who enrolled, and who left without a follow-on.

Any year (`*/ILR/20yy-yy`), streaming, one learner at a time. The present home is Postcode; the home
before enrolment is PostcodePrior, and routing asks a person where their authorities differ. A home
postcode that is also the place of delivery stands for no fixed address or for custody: it is never
routed by machine. A withdrawal of somebody of sixteen or seventeen without a follow-on is a
*candidate* for the college's notice under s.13 of the Education and Skills Act 2008, no more: the
college confirms it. Ethnicity, health and learning support are not read at all, except for an
education, health and care plan, which extends the scope.

Where a follow-on stands after the learners, the file is read twice.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from adapters.cells import Cell, UnreadableCell, read_day
from adapters.columns import Field, Mapping, check_headers
from adapters.move import STAYS, Event, Move, Problem, Sureness, Told, UnusableFile
from adapters.rows import ROWS, read_cells
from adapters.safe_xml import Element, Found, Source, read_elements

HEADER: Final = "Message/Header"
PROVIDER: Final = "Message/LearningProvider"
LEARNER: Final = "Message/Learner"
DESTINATION: Final = "Message/LearnerDestinationandProgression"

OF_LEARNER: Final = (
    *("LearnRefNumber", "ULN", "FamilyName", "GivenNames", "DateOfBirth", "Sex"),
    *("PostcodePrior", "Postcode", "AddLine1", "AddLine2", "AddLine3", "AddLine4", "TelNo", "Email"),
)
OF_AIM: Final = ("LearnStartDate", "LearnPlanEndDate", "LearnActEndDate")
DERIVED: Final = ("UKPRN", "ActivityCode", "EHCPlan", "NoFixedAddress")
ELEMENTS: Final = (*OF_LEARNER, *OF_AIM, *DERIVED)
"""What is read of a learner; the last four are worked out from several elements."""

_NAMESPACE: Final = re.compile(r".*/ILR/(20\d\d)-(\d\d)")
_CONTINUING, _COMPLETED, _WITHDRAWN, _BREAK = "1", "2", "3", "6"
_TO_ANOTHER: Final = frozenset({"2", "7", "40"})
"""Reasons of withdrawal that name a follow-on: another provider, or another aim with the same one."""

_FOLLOW_ON: Final = frozenset({"EDU", "EMP", "VOL", "GAP"})
"""Outcomes that are a follow-on; `NPE` (not in paid employment) and the social ones are none."""

_PROGRAMME: Final = {"24": "450", "30": "230", "31": "230"}
_APPRENTICESHIPS: Final = frozenset({"2", "3", "20", "21", "22", "23", "25"})
_CUSTODY: Final = ("LDM", "034")
_YOUNGEST, _OLDEST = 16, 17


@dataclass(frozen=True, slots=True)
class _College:
    """What the file says of itself: the provider, the day, and who went on to something."""

    followed: frozenset[str]
    ukprn: str | None = None
    prepared: date | None = None


@dataclass(frozen=True, slots=True)
class _Aim:
    """What counts of a learner: the aim that says it, and what became of it."""

    element: Element
    number: int
    event: Event | None


def read_headers(source: Source) -> tuple[str, ...]:
    """Give the names of the elements that are read; raise `UnusableFile` for another kind of file."""
    first = next(iter(read_elements(source, frozenset({HEADER, PROVIDER, LEARNER}))), None)
    if isinstance(first, Found) and not _NAMESPACE.fullmatch(first.namespace):
        reason = "this is no ILR of a year that can be told (its namespace ends in ILR/20yy-yy)"
        raise UnusableFile("ilr-namespace", reason)
    return ELEMENTS


def read_moves(source: Source, mapping: Mapping) -> Iterator[Move | Problem]:
    """Give what each learner's element says, in the order of the file.

    Raises `UnusableFile` before any learner where the file as a whole cannot be read. What goes
    wrong later is a `Problem` of its learner.
    """
    check_headers(read_headers(source), mapping)
    college, number = _College(_followed_on(source)), 0
    for found in read_elements(source, frozenset({HEADER, PROVIDER, LEARNER})):
        if isinstance(found, Problem):
            yield found
        elif found.element.name == "Header":
            yield from _of_year(found)
            college = replace(college, prepared=_prepared(found.element))
        elif found.element.name == "LearningProvider":
            college = replace(college, ukprn=found.element.first("UKPRN"))
        else:
            number += 1
            if number > ROWS:
                yield Problem(found.place, None, "rows-many", f"the file is read up to learner {ROWS}")
                return
            yield from _learner(found, mapping, college)
    if not number:
        raise UnusableFile("records-none", "the file holds no learner (Learner)")


def _of_year(header: Found) -> Iterator[Problem]:
    year, stated = _NAMESPACE.fullmatch(header.namespace), header.element.first("CollectionDetails/Year")
    if year is not None and stated != f"{year[1][2:]}{year[2]}":
        reason = "the year that is stated is not the one of the file's namespace; look which one is meant"
        yield Problem(header.place, "CollectionDetails/Year", "ilr-year", reason, row_kept=True)


def _followed_on(source: Source) -> frozenset[str]:
    """The references of the learners for whom the file has a destination."""
    found = set()
    for one in read_elements(source, frozenset({HEADER, DESTINATION})):
        if isinstance(one, Found) and one.element.name != "Header":
            outcomes = set(one.element.texts("DPOutcome/OutType"))
            if outcomes & _FOLLOW_ON and (ref := one.element.first("LearnRefNumber")):
                found.add(ref)
    return frozenset(found)


def _prepared(header: Element) -> date | None:
    try:
        return read_day(header.first("CollectionDetails/FilePreparationDate"))
    except UnreadableCell:
        return None


def _learner(found: Found, mapping: Mapping, college: _College) -> Iterator[Move | Problem]:
    learner, aim = found.element, _aim(found.element)
    cells: dict[Field, list[Cell]] = {}
    sources: dict[str, str] = {}
    for header, field in zip(mapping.headers, mapping.fields, strict=True):
        if field is not None:
            path, texts = _texts(learner, header, aim, college.ukprn)
            if texts:
                cells.setdefault(field, []).extend(texts)
                sources.setdefault(field.value, path)
    for said in read_cells(cells, mapping.home, found.place, sources):
        yield said if isinstance(said, Problem) else _told(said, aim, college)


def _aim(learner: Element) -> _Aim | None:
    """The aim that says how things stand: the newest that goes on, else the one that ended last."""
    aims = [
        _Aim(one, number, _event(one)) for number, one in enumerate(learner.all("LearningDelivery"), start=1)
    ]
    going_on = [aim for aim in aims if aim.event is Event.ENROLLED]
    if going_on:
        return max(going_on, key=lambda aim: (_is_programme(aim.element), _text(aim, "LearnStartDate")))
    return max(aims, key=lambda aim: (_text(aim, "LearnActEndDate"), -aim.number), default=None)


def _event(aim: Element) -> Event | None:
    status, reason = aim.first("CompStatus"), aim.first("WithdrawReason")
    if status == _WITHDRAWN:
        return Event.TRANSFERRED if reason in _TO_ANOTHER else Event.WITHDREW
    return {_CONTINUING: Event.ENROLLED, _COMPLETED: Event.COMPLETED}.get(status or "")


def _is_programme(aim: Element) -> bool:
    return aim.first("AimType") in {"1", "5"}


def _text(aim: _Aim, name: str) -> str:
    return aim.element.first(name) or ""


def _texts(learner: Element, header: str, aim: _Aim | None, ukprn: str | None) -> tuple[str, list[str]]:
    """The texts that stand for a header, and where they stand."""
    if header in OF_LEARNER:
        return header, learner.texts(header)
    if header in OF_AIM:
        where = "LearningDelivery" if aim is None else f"LearningDelivery[{aim.number}]/{header}"
        return where, [] if aim is None else aim.element.texts(header)
    if header == "UKPRN":
        return "../LearningProvider/UKPRN", [ukprn] if ukprn else []
    if header == "ActivityCode":
        return "LearningDelivery/FundModel", [_activity(aim)] if aim is not None and _activity(aim) else []
    if header == "EHCPlan":
        return "LearnerFAM", ["Y"] if _has_plan(learner) else []
    return "Postcode", ["Y"] if _home_unsure(learner) else []


def _activity(aim: _Aim | None) -> str:
    """The NCCIS activity that an aim comes to; empty where the file does not say."""
    if aim is None or aim.event in {None, Event.COMPLETED, Event.TRANSFERRED}:
        return ""
    if aim.event is Event.WITHDREW:
        return "810"
    programme, model = aim.element.first("ProgType") or "", aim.element.first("FundModel")
    if model == "36" or programme in _APPRENTICESHIPS:
        return "310"
    return _PROGRAMME.get(programme, "230" if model == "25" else "")


def _has_plan(learner: Element) -> bool:
    marks = learner.all("LearnerFAM")
    return any((one.first("LearnFAMType"), one.first("LearnFAMCode")) == ("EHC", "1") for one in marks)


def _home_unsure(learner: Element) -> bool:
    """Whether the postcode may be no home: it is where teaching takes place, or the learner is in custody."""
    places = {_squeezed(text) for text in learner.texts("LearningDelivery/DelLocPostCode")}
    if _squeezed(learner.first("Postcode") or "") in places:
        return True
    marks = learner.all("LearningDelivery/LearningDeliveryFAM")
    return any((one.first("LearnDelFAMType"), one.first("LearnDelFAMCode")) == _CUSTODY for one in marks)


def _squeezed(postcode: str) -> str:
    return "".join(postcode.split()).upper()


def _told(move: Move, aim: _Aim | None, college: _College) -> Move:
    """Add what became of the enrolment, and what it can be ground for."""
    event = None if aim is None else aim.event
    left = event is Event.WITHDREW and move.local_ref not in college.followed
    candidate = left and _is_of_duty_age(move)
    return replace(
        move,
        told=Told.COLLEGE,
        event=event,
        sureness=Sureness.CANDIDATE if candidate else Sureness.CONFIRMED,
        ascertained=move.ascertained or college.prepared,
        tells_of=frozenset({_ground(event, candidate=candidate)}),
    )


def _ground(event: Event | None, *, candidate: bool) -> str:
    if candidate:
        return "leaver"
    return "cross_border_enrolment" if event is Event.ENROLLED else STAYS


def _is_of_duty_age(move: Move) -> bool:
    """Whether somebody was sixteen or seventeen when the learning ended (s.13 speaks of nobody else)."""
    on = move.end or move.start
    if on is None:
        return False
    age = on.year - move.dob.year - ((on.month, on.day) < (move.dob.month, move.dob.day))
    return _YOUNGEST <= age <= _OLDEST
