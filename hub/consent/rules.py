"""The rules that forbid, one small function each: question (and clause) in, a reason or silence out.

Rules never permit. A rule of the first list looks at the question alone; a rule of the second
looks at the clause that would be relied on, or at `None` where no clause speaks, and then says
what would stand in the way of any. All of them run, so that a refusal lists every reason.
Which clause is relied on, and that silence refuses, is decided in `hub.consent.decision`.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from hub.consent import table
from hub.consent.agreement import Clause, FlagName
from hub.consent.commencement import COMMENCEMENT
from hub.consent.question import PART_SPOKEN_OF, Actor, Category, EvidenceClass, Question, Role
from hub.protocols.limits import ASSERTION_AGE, CLOCK_SKEW
from hub.protocols.names import MemberKind, NoticeType
from hub.protocols.notice_types import TYPES

RULES_VERSION: Final = f"rules-2026.3+{COMMENCEMENT.version}"
"""Changes whenever any question could get another answer; recorded with every decision."""


class ReasonCode(StrEnum):
    """Why something is refused: part of the published contract, in the order in which reasons are shown."""

    AGREEMENT = "R-AGREEMENT"
    SUSPENDED = "R-SUSPENDED"
    EXPIRED = "R-EXPIRED"
    PURPOSE = "R-PURPOSE"
    FIELD = "R-FIELD"
    RECIPIENT = "R-RECIPIENT"
    MANDATE = "R-MANDATE"
    NO_REQUEST = "R-NOREQUEST"
    SCOPE = "R-SCOPE"
    NOT_COMMENCED = "R-NOTCOMMENCED"
    SPECIAL = "R-SPECIAL"
    OFFENCE = "R-OFFENCE"
    NO_CONSENT = "R-NOCONSENT"
    INSTRUCTION = "R-INSTRUCTION"
    OBJECTION = "R-OBJECTION"
    PROVENANCE = "R-PROVENANCE"
    SHIELD = "R-SHIELD"
    EVIDENCE = "R-EVIDENCE"
    UNCONFIRMED = "R-UNCONFIRMED"
    STALE = "R-STALE"
    QUOTA = "R-QUOTA"
    MANUAL = "R-MANUAL"


LATER_MAY_PERMIT: Final = frozenset({ReasonCode.AGREEMENT, ReasonCode.STALE, ReasonCode.NOT_COMMENCED})
"""Refusals that can end by time alone.

An agreement's first day comes; a clock that ran ahead is met; a provision comes into force.

Everything else that time does narrows.
"""


class Forbid(NamedTuple):
    """One rule's no."""

    code: ReasonCode
    detail: str
    officers_lift: bool = False
    """True where approvals of a named officer on both sides make this rule silent."""


QuestionRule = Callable[[Question], Forbid | None]
ClauseRule = Callable[[Clause | None, Question], Forbid | None]


def recipient_kind(question: Question) -> Forbid | None:
    """The recipient's kind of member can hold the role in which it would receive."""
    recipient = question.recipient
    if recipient.kind in table.WHO_HOLDS[recipient.role]:
        return None
    return Forbid(ReasonCode.RECIPIENT, "this kind of member cannot receive in this role")


def recipient_role(question: Question) -> Forbid | None:
    """The decision table lets this role receive this category at all."""
    if question.category in table.MAY_RECEIVE[question.recipient.role]:
        return None
    return Forbid(ReasonCode.RECIPIENT, "the rules never release this to this role, whatever is agreed")


def carried(question: Question) -> Forbid | None:
    """This type of notice carries this part at all."""
    if question.category in table.CARRIED[question.notice_type]:
        return None
    return Forbid(ReasonCode.FIELD, "this kind of notice does not carry this part")


def type_sender(question: Question) -> Forbid | None:
    """This kind of member tells by this type of notice: some duties are an authority's alone."""
    if question.sender.kind in TYPES[question.notice_type].senders:
        return None
    return Forbid(ReasonCode.AGREEMENT, "no agreement lets this kind of member send this kind of notice")


def type_role(question: Question) -> Forbid | None:
    """This type of notice is for this role: a plan's move for the SEN team, a care leaver's for theirs."""
    roles = table.TYPE_ROLES.get(question.notice_type)
    if roles is None or question.recipient.role in roles:
        return None
    return Forbid(ReasonCode.RECIPIENT, "this kind of notice is for another team")


def type_scope(question: Question) -> Forbid | None:
    """This type of notice speaks of young people of this status."""
    scopes = table.TYPE_SCOPES.get(question.notice_type)
    if scopes is None or question.scope is None or question.scope in scopes:
        return None
    return Forbid(ReasonCode.SCOPE, "this kind of notice does not speak of this age or status")


def parent_of_minor(question: Question) -> Forbid | None:
    """A parent's name and address are told of a person under 18 only (2008 Act s.14)."""
    if question.category is not Category.PARENT or question.scope is None or question.scope in table.UNDER_18:
        return None
    return Forbid(ReasonCode.SCOPE, "a parent's name and address are told only of a person under 18")


def mandate(question: Question) -> Forbid | None:
    """Whoever acts for an authority holds that authority's signed mandate; a careers company always does."""
    if _is_mandated(question.sender) and _is_mandated(question.recipient):
        return None
    return Forbid(ReasonCode.MANDATE, "a careers company acts only under an authority's signed mandate")


def in_scope(question: Question) -> Forbid | None:
    """The sender has asserted that the young person is in scope by age or status."""
    if question.scope is not None:
        return None
    return Forbid(ReasonCode.SCOPE, "the sender has not asserted that the young person is in scope")


def provenance(question: Question) -> Forbid | None:
    """Social-security facts go on only for participation or support (2008 Act s.15(4))."""
    if PART_SPOKEN_OF[question.category] not in question.flags.provenance_dwp:
        return None
    if (
        question.recipient.role in table.SOCIAL_SECURITY_ROLES
        and question.purpose in table.SOCIAL_SECURITY_PURPOSES
    ):
        return None
    return Forbid(ReasonCode.PROVENANCE, "a social-security fact may not go on to this role or purpose")


def shield(question: Question) -> Forbid | None:
    """A shielded or restricted notice is for named officers first; whereabouts stay even then."""
    flags = question.flags
    if flags.shield and question.category in table.NEVER_WHEN_SHIELDED:
        return Forbid(ReasonCode.SHIELD, "the whereabouts of a shielded person are never released")
    if not (flags.shield or flags.restricted) or _is_officers_task(question) or _is_approved(question):
        return None
    why = "the person is shielded" if flags.shield else "the holder has restricted this notice"
    return _for_officers(ReasonCode.SHIELD, why, question)


def evidence(question: Question) -> Forbid | None:
    """Name and birthday are not enough, and nothing automatic tells twins apart (I10, I11)."""
    twin, basis = question.flags.twin, question.evidence
    if basis is EvidenceClass.RECIPIENT_NAMED or (basis is EvidenceClass.STRONG and not twin):
        return None
    if _is_officers_task(question) or _is_approved(question):
        return None
    why = "a twin or a double is known" if twin else "no more than name and birthday agree"
    return _for_officers(ReasonCode.EVIDENCE, why, question)


def confirmed(question: Question) -> Forbid | None:
    """Beyond names and date of birth nothing goes before the recipient has signed `same`."""
    if question.confirmed_same or question.category not in table.STAGED:
        return None
    return Forbid(
        ReasonCode.UNCONFIRMED, "the recipient has not yet compared in clear text and signed `same`"
    )


def fresh(question: Question) -> Forbid | None:
    """What the sender asserted is at most 30 days old, and not dated ahead of the clock."""
    if -CLOCK_SKEW <= question.asked_at - question.asserted_at <= ASSERTION_AGE:
        return None
    return Forbid(ReasonCode.STALE, f"the sender's assertion is not of the last {ASSERTION_AGE.days} days")


def quota(question: Question) -> Forbid | None:
    """Neither side has used up the day's automatic releases; a recall releases nothing."""
    if not question.over_quota or _takes_back(question):
        return None
    return Forbid(ReasonCode.QUOTA, "the day's number of automatic releases is used up")


def purpose(clause: Clause | None, question: Question) -> Forbid | None:
    """The clause serves the purpose for which the notice is sent."""
    if clause is None or question.purpose in clause.purposes or _takes_back(question):
        return None
    return Forbid(ReasonCode.PURPOSE, "the clause does not serve this purpose")


def clause_role(clause: Clause | None, question: Question) -> Forbid | None:
    """The clause names the role in which the recipient would receive."""
    if clause is None or question.recipient.role in clause.roles or _takes_back(question):
        return None
    return Forbid(ReasonCode.RECIPIENT, "the clause does not name this role")


def clause_scope(clause: Clause | None, question: Question) -> Forbid | None:
    """The clause reaches young people of this age or status."""
    if clause is None or question.scope is None or question.scope in clause.scopes:
        return None
    return Forbid(ReasonCode.SCOPE, "the clause does not reach this age or status")


def standing_request(clause: Clause | None, question: Question) -> Forbid | None:
    """An institution tells unprompted only on request (2008 Act s.14), under a duty, or on another basis.

    Where the young person may be 16 or 17, the authority's signed standing request is needed
    unless the clause rests on a duty that needs none. For other ages section 14 does not speak,
    so the clause must name another provision.
    """
    if question.sender.kind not in table.INSTITUTIONS or question.notice_type not in table.UNPROMPTED:
        return None
    gateway = None if clause is None else clause.basis.gateway
    if gateway in table.UNPROMPTED_DUTIES:
        return None
    if question.scope in table.REQUEST_SCOPES:
        if question.standing_request:
            return None
        return Forbid(ReasonCode.NO_REQUEST, "the authority has lodged no standing request for this")
    if gateway != table.S14:
        return None
    return Forbid(ReasonCode.NO_REQUEST, "section 14 does not reach this age: another basis is needed")


def commenced(clause: Clause | None, question: Question) -> Forbid | None:
    """The law on which the clause rests is in force at that instant (`hub.consent.commencement`)."""
    if clause is None or COMMENCEMENT.in_force(clause.basis.gateway, question.asked_at):
        return None
    return Forbid(ReasonCode.NOT_COMMENCED, "the clause rests on law that is not in force yet")


def special_category(clause: Clause | None, question: Question) -> Forbid | None:
    """A special-category part needs its article 9 condition named in the clause."""
    if question.category not in table.SPECIAL:
        return None
    if clause is None or clause.basis.special_condition is None:
        return Forbid(ReasonCode.SPECIAL, "no clause names the part with an article 9 condition")
    if question.recipient.role is Role.SEN_TEAM and clause.basis.gateway not in table.SEND_GATEWAYS:
        return Forbid(ReasonCode.SPECIAL, "to a SEN team only facts on special educational needs may go")
    return None


def offence(clause: Clause | None, question: Question) -> Forbid | None:
    """Offence data needs its article 10 condition named in the clause."""
    if question.category not in table.OFFENCE:
        return None
    if clause is not None and clause.basis.offence_condition is not None:
        return None
    return Forbid(ReasonCode.OFFENCE, "no clause names the part with an article 10 condition")


def consent(clause: Clause | None, question: Question) -> Forbid | None:
    """Where the clause rests on consent, consent for this very part is on record and not withdrawn."""
    if clause is None or not _rests_on_consent(clause) or _takes_back(question):
        return None
    part, flags = PART_SPOKEN_OF[question.category], question.flags
    if part in flags.consent_withdrawn:
        return Forbid(ReasonCode.NO_CONSENT, "the clause rests on consent and it has been withdrawn")
    if part in flags.consent:
        return None
    return Forbid(ReasonCode.NO_CONSENT, "the clause rests on consent and none is on record for this")


def instruction(clause: Clause | None, question: Question) -> Forbid | None:
    """Further information stays where it is when the young person, or a parent, has said so.

    The right is a parent's until the sixteenth birthday and then the young person's alone. What a
    parent said before is neither kept in silence nor dropped in silence: a person decides.
    """
    category, flags = question.category, question.flags
    if category not in table.INSTRUCTABLE:
        return None
    if clause is not None and table.INSTRUCTION_EXEMPT.get(clause.basis.gateway) is category:
        return None
    part = PART_SPOKEN_OF[category]
    if part in flags.instruction:
        return Forbid(ReasonCode.INSTRUCTION, "the young person or a parent has said not to pass it on")
    if part in flags.instruction_lapsed:
        return Forbid(ReasonCode.MANUAL, "a parent's instruction ended at sixteen: the young person is asked")
    return None


def objection(clause: Clause | None, question: Question) -> Forbid | None:
    """An objection restricts wherever the sender is not under a legal obligation (article 21).

    It does so from the day it is received; upheld it goes on, overridden with reasons it ends.
    """
    part, flags = PART_SPOKEN_OF[question.category], question.flags
    if clause is not None and clause.basis.article6 == table.LEGAL_OBLIGATION:
        return None
    if part in flags.objection_upheld:
        return Forbid(
            ReasonCode.OBJECTION, "an objection is upheld and no legal obligation stands against it"
        )
    if part in flags.objection:
        return Forbid(
            ReasonCode.OBJECTION, "an objection is received, not yet decided, and restricts until then"
        )
    return None


def own_exceptions(clause: Clause | None, question: Question) -> Forbid | None:
    """A clause may honour a flag further than the law does (`unless_flags`)."""
    if clause is None or not clause.unless_flags:
        return None
    part, flags = PART_SPOKEN_OF[question.category], question.flags
    raised: dict[FlagName, tuple[bool, ReasonCode]] = {
        FlagName.INSTRUCTION: (
            part in flags.instruction or part in flags.instruction_lapsed,
            ReasonCode.INSTRUCTION,
        ),
        FlagName.OBJECTION: (
            part in flags.objection | flags.objection_upheld | flags.objection_overridden,
            ReasonCode.OBJECTION,
        ),
        FlagName.SHIELD: (flags.shield, ReasonCode.SHIELD),
        FlagName.PROVENANCE_DWP: (part in flags.provenance_dwp, ReasonCode.PROVENANCE),
    }
    for name, (is_raised, code) in raised.items():
        if is_raised and name in clause.unless_flags:
            return Forbid(code, "the clause itself excepts notices that carry this flag")
    return None


QUESTION_RULES: Final[tuple[QuestionRule, ...]] = (
    recipient_kind,
    recipient_role,
    carried,
    type_sender,
    type_role,
    mandate,
    in_scope,
    type_scope,
    parent_of_minor,
    provenance,
    shield,
    evidence,
    confirmed,
    fresh,
    quota,
)
CLAUSE_RULES: Final[tuple[ClauseRule, ...]] = (
    purpose,
    clause_role,
    standing_request,
    clause_scope,
    commenced,
    special_category,
    offence,
    consent,
    instruction,
    objection,
    own_exceptions,
)


def _is_mandated(actor: Actor) -> bool:
    if actor.acts_for is None:
        return actor.kind is not MemberKind.CAREERS_COMPANY
    return actor.mandate


def _is_officers_task(question: Question) -> bool:
    """An officer's task says only that a match waits; it names no counterparty."""
    return question.category is Category.FACT_OF_MATCH and question.recipient.role is Role.NAMED_OFFICER


def _is_approved(question: Question) -> bool:
    approved = question.approved_by
    both = question.sender.member in approved and question.recipient.member in approved
    return both and _has_two_sides(question)


def _has_two_sides(question: Question) -> bool:
    """A company that acts for both authorities is one side: its officer does not count for two."""
    return question.sender.member != question.recipient.member


def _for_officers(code: ReasonCode, why: str, question: Question) -> Forbid:
    if _has_two_sides(question):
        return Forbid(code, f"{why}: named officers on both sides decide", officers_lift=True)
    return Forbid(code, f"{why}: one member stands on both sides, so that nobody else's officer could decide")


def _takes_back(question: Question) -> bool:
    """A recall names an earlier notice and nobody (UK GDPR art. 19): it goes wherever that could go.

    Whatever a clause lets somebody receive of a young person, it lets be recalled, and whichever team
    or purpose it was for: a recall reaches the member, which knows where it has gone.
    """
    return question.notice_type is NoticeType.RECALL and question.category in table.TAKES_BACK


def _rests_on_consent(clause: Clause) -> bool:
    return clause.basis.article6 == table.CONSENT or clause.basis.special_condition == table.EXPLICIT_CONSENT
