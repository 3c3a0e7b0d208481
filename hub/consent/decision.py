"""The decision: agreements permit, rules forbid, forbid wins, silence refuses, an error refuses (I2).

One pure function answers one question for the hub, for a sender's gateway before it sends, and for
anybody who checks an entry of the log later. A Permit names agreement, version, clause and lawful
basis. A refusal gives every reason that applies, each with agreement, version and clause where one
does. This module chooses which clause to rely on; what forbids is in `hub.consent.rules`.

Where two agreements both permit, the one with the lower id, then the higher version, then the
earlier clause is named: the order in which agreements were loaded never shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from hub.consent.agreement import Agreement, AgreementBook, Clause, Course, Standing
from hub.consent.question import PART_SPOKEN_OF, Apart, Category, Question
from hub.consent.rules import CLAUSE_RULES, QUESTION_RULES, RULES_VERSION, Forbid, ReasonCode
from hub.consent.table import SOCIAL_SECURITY_MARK
from hub.protocols.names import AgreementId

__all__ = [
    "RULES_VERSION",
    "Decision",
    "Permit",
    "Reason",
    "ReasonCode",
    "decide",
    "dry_run",
    "refuse_apart",
]


@dataclass(frozen=True, slots=True)
class Permit:
    """What permits a release, named so that a person can look it up."""

    agreement: AgreementId
    version: int
    clause: str
    basis: str
    marks: tuple[str, ...] = ()
    """Provisions that bind whoever receives it, beyond the agreement: a social-security fact is marked."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why not, and the clause it concerns where there is one."""

    code: ReasonCode
    agreement: AgreementId | None
    version: int | None
    clause: str | None
    detail: str
    officers_lift: bool = False
    """Approvals of named officers on both sides would remove this reason."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one question: a Permit and no reasons, or no Permit and every reason."""

    category: Category
    permit: Permit | None
    reasons: tuple[Reason, ...]
    rules_version: str = RULES_VERSION
    fault: str | None = None
    """The kind of error by which the evaluation failed: whoever asked raises an alarm."""

    @property
    def permitted(self) -> bool:
        """Whether the category may leave now."""
        return self.permit is not None

    @property
    def officer_could_permit(self) -> bool:
        """Whether nothing stands in the way but approvals of named officers on both sides."""
        return self.permit is None and all(reason.officers_lift for reason in self.reasons)


def decide(question: Question, agreements: AgreementBook | Sequence[Agreement]) -> Decision:
    """Answer one question; never raises.

    Give an `AgreementBook` where many questions meet the same agreements: a plain sequence is
    indexed anew on every call. A fault inside the evaluation refuses with R-MANUAL and names itself
    in `fault`: the case goes to the data protection officer, whatever the other rules said.
    """
    try:
        if isinstance(agreements, AgreementBook):
            return _answer(question, agreements)
        return _answer(question, AgreementBook.from_agreements(agreements))
    except Exception as fault:  # noqa: BLE001 - any error while deciding must refuse, of whatever kind (I2)
        detail = "the rules could not be evaluated; a person must look at this case"
        reason = Reason(ReasonCode.MANUAL, None, None, None, detail)
        return Decision(question.category, None, (reason,), fault=type(fault).__name__)


def dry_run(
    question: Question, agreements: AgreementBook | Sequence[Agreement], apart: Apart | None = None
) -> tuple[Decision, ...]:
    """Answer the question for the fact of a match and for each of the ten parts, in that order.

    Only the category is varied. With `confirmed_same` set the table shows what could go in the
    end; without it, what could go at first. Nothing could between members that stand `apart`.
    """
    if apart is not None:
        return tuple(refuse_apart(category, apart) for category in Category)
    return tuple(decide(replace(question, category=category), agreements) for category in Category)


def refuse_apart(category: Category, apart: Apart) -> Decision:
    """The refusal between two members that exchange nothing: no clause is looked at."""
    code, detail = _APART[apart]
    return Decision(category, None, (Reason(code, None, None, None, detail),))


class _Reading(NamedTuple):
    """One agreement, read for one question: the clause nearest to permitting and what it lacks."""

    depth: int
    course: Course
    clause: Clause | None
    forbids: list[Forbid]


_SILENT: Final = 0
_TYPE_KNOWN: Final = 1
_CATEGORY_LISTED: Final = 2


def _answer(question: Question, book: AgreementBook) -> Decision:
    forbids = [no for rule in QUESTION_RULES if (no := rule(question)) is not None]
    readings = [_read(course, question) for course in book.between(question.sender, question.recipient)]
    readings.sort(key=_preference)
    nearest = readings[0] if readings and readings[0].clause is not None else None
    if nearest is not None and not nearest.forbids:
        return _settle(question, nearest, forbids)
    reasons = [_reason(no, nearest) for no in forbids]
    if nearest is None:
        reasons += [_reason(no, None) for no in _standing_in_the_way(None, question)]
    if not readings:
        reasons.append(_reason(_NO_AGREEMENT, None))
    for reading in _worth_telling(readings):
        reasons += [_reason(no, reading) for no in reading.forbids]
    return _refuse(question, reasons)


def _settle(question: Question, reading: _Reading, forbids: list[Forbid]) -> Decision:
    """Decide where a clause in force permits: it is named in the Permit, or in each reason against it."""
    agreement, clause = reading.course.agreement, reading.clause
    if forbids or clause is None:
        return _refuse(question, [_reason(no, reading) for no in forbids])
    marks = _MARKED if PART_SPOKEN_OF[question.category] in question.flags.provenance_dwp else ()
    permit = Permit(agreement.id, agreement.version, clause.number, clause.basis.text, marks)
    return Decision(question.category, permit, ())


def _refuse(question: Question, reasons: list[Reason]) -> Decision:
    if len(reasons) > 1:
        reasons = sorted(dict.fromkeys(reasons), key=lambda reason: _SHOWN_AT[reason.code])
    return Decision(question.category, None, tuple(reasons))


def _read(course: Course, question: Question) -> _Reading:
    state = _STANDING.get(course.standing(question.asked_at))
    lacking = [] if state is None else [state]
    speaking = course.speaking.get(question.notice_type)
    if speaking is None:
        return _Reading(_SILENT, course, None, [*lacking, _NOT_SPOKEN_OF])
    listing = speaking.get(question.category)
    if listing is None:
        return _Reading(_TYPE_KNOWN, course, None, [*lacking, _NOT_LISTED])
    clause, against = min(
        ((clause, _standing_in_the_way(clause, question)) for clause in listing),
        key=lambda pair: len(pair[1]),
    )
    return _Reading(_CATEGORY_LISTED, course, clause, lacking + against)


def _standing_in_the_way(clause: Clause | None, question: Question) -> list[Forbid]:
    return [no for rule in CLAUSE_RULES if (no := rule(clause, question)) is not None]


def _preference(reading: _Reading) -> tuple[int, int, str, int]:
    """Deepest first, then fewest reasons against it, then by id and newest version."""
    agreement = reading.course.agreement
    return -reading.depth, len(reading.forbids), agreement.id, -agreement.version


def _worth_telling(readings: list[_Reading]) -> list[_Reading]:
    """Of the readings, best first: the deepest ones, and of each agreement the version that came nearest."""
    kept: dict[AgreementId, _Reading] = {}
    for reading in readings:
        if reading.depth == readings[0].depth:
            kept.setdefault(reading.course.agreement.id, reading)
    return list(kept.values())


def _reason(no: Forbid, reading: _Reading | None) -> Reason:
    if reading is None:
        return Reason(no.code, None, None, None, no.detail, no.officers_lift)
    agreement, clause = reading.course.agreement, reading.clause
    number = None if clause is None else clause.number
    return Reason(no.code, agreement.id, agreement.version, number, no.detail, no.officers_lift)


_APART: Final = {
    Apart.SUSPENDED: (ReasonCode.SUSPENDED, "a member at one end is suspended or not admitted"),
    Apart.REALM: (
        ReasonCode.RECIPIENT,
        "a live member and one on trial, or made up, exchange nothing",
    ),
}
_MARKED: Final = (SOCIAL_SECURITY_MARK,)
_SHOWN_AT: Final = {code: place for place, code in enumerate(ReasonCode)}
_NO_AGREEMENT: Final = Forbid(ReasonCode.AGREEMENT, "the two members have no agreement with each other")
_NOT_SPOKEN_OF: Final = Forbid(
    ReasonCode.AGREEMENT, "the agreement says nothing of this kind of notice in this direction"
)
_NOT_LISTED: Final = Forbid(ReasonCode.FIELD, "no clause of the agreement lists this part")
_STANDING: Final = {
    Standing.NOT_YET: Forbid(ReasonCode.AGREEMENT, "the agreement is not in force yet"),
    Standing.SUSPENDED: Forbid(ReasonCode.SUSPENDED, "the agreement is suspended"),
    Standing.EXPIRED: Forbid(ReasonCode.EXPIRED, "the agreement has ended, or is past review and grace"),
}
