"""A decision in sentences, for the caseworker who asks why, and who can change it.

One paragraph: what may or may not be told to whom, the clause that says so, every reason in an
officer's words, and for each reason who could make it otherwise. It says no more than the
decision does: nothing of the young person, and of the counterparty only its name.
"""

from collections.abc import Mapping
from datetime import UTC
from typing import Final, NamedTuple

from hub.consent.decision import Decision, Permit, Reason, ReasonCode
from hub.consent.question import Actor, Category, Question, Role
from hub.consent.table import SOCIAL_SECURITY_MARK
from hub.protocols.names import MemberId, NoticeType

WHAT: Final[Mapping[Category, str]] = {
    Category.FACT_OF_MATCH: "the fact that a notice matches",
    Category.IDENTITY: "names and date of birth",
    Category.ADDRESS: "the address",
    Category.PARTICIPATION: "participation (activity, establishment, identifiers)",
    Category.CONTACT: "telephone and e-mail",
    Category.SEND: "the special educational needs flag",
    Category.CARE: "care status",
    Category.CIRCUMSTANCES: "personal circumstances",
    Category.EQUALITY_HEALTH: "health and equality details",
    Category.OFFENDING: "offence details",
    Category.PARENT: "a parent's name and address",
}

TO_WHOM: Final[Mapping[Role, str]] = {
    Role.TRACKING_TEAM: "the tracking team",
    Role.CAREERS_SERVICE: "the careers service",
    Role.INSTITUTION: "the institution",
    Role.SEN_TEAM: "the SEN team",
    Role.LEAVING_CARE_TEAM: "the leaving-care team",
    Role.NAMED_OFFICER: "a named officer",
    Role.OTHER: "anybody else",
}

BY_WHAT: Final[Mapping[NoticeType, str]] = {
    NoticeType.MOVED_OUT: "a moved-out notice",
    NoticeType.NEW_ARRIVAL: "a new-arrival notice",
    NoticeType.CROSS_BORDER_ENROLMENT: "a cross-border enrolment notice",
    NoticeType.LEAVER: "a leaver notice",
    NoticeType.CARE_LEAVER_MOVE: "a care-leaver move notice",
    NoticeType.EHCP_MOVE: "a notice that an education, health and care plan moves",
    NoticeType.CORRECTION: "a correction",
    NoticeType.WITHDRAWAL: "a withdrawal",
    NoticeType.RECALL: "a recall",
}


class Remedy(NamedTuple):
    """Who could make a reason go away, and by what."""

    who: str
    what: str


REMEDIES: Final[Mapping[ReasonCode, Remedy]] = {
    ReasonCode.AGREEMENT: Remedy("the parties", "bring into force an agreement that covers this"),
    ReasonCode.SUSPENDED: Remedy("the party that suspended it", "lift the suspension"),
    ReasonCode.EXPIRED: Remedy("the parties", "review it and sign a new version"),
    ReasonCode.PURPOSE: Remedy("the parties", "agree a clause for this purpose"),
    ReasonCode.FIELD: Remedy("the parties", "list it in a new version of the agreement"),
    ReasonCode.RECIPIENT: Remedy(
        "the recipient", "name a role that may receive it, and the parties agree it"
    ),
    ReasonCode.MANDATE: Remedy("the authority", "sign and lodge a mandate for the careers company"),
    ReasonCode.NO_REQUEST: Remedy("the home authority", "lodge a standing request with the institution"),
    ReasonCode.SCOPE: Remedy("the sender", "assert an age or status which the clause reaches, if it is true"),
    ReasonCode.NOT_COMMENCED: Remedy("nobody before commencement", "rest the clause on law in force"),
    ReasonCode.SPECIAL: Remedy(
        "the parties, with their data protection officers", "name an article 9 condition"
    ),
    ReasonCode.OFFENCE: Remedy(
        "the parties, with their data protection officers", "name an article 10 condition"
    ),
    ReasonCode.NO_CONSENT: Remedy("the young person", "give explicit consent, or give it anew"),
    ReasonCode.INSTRUCTION: Remedy(
        "the young person from 16, before that a parent", "withdraw the instruction"
    ),
    ReasonCode.OBJECTION: Remedy(
        "the holder", "decide the objection, with reasons, or the person withdraws it"
    ),
    ReasonCode.PROVENANCE: Remedy("the sender", "give the fact from a source of its own, if there is one"),
    ReasonCode.SHIELD: Remedy(
        "nobody while the shield stands", "the holder lifts it when the danger is over"
    ),
    ReasonCode.EVIDENCE: Remedy("named officers of both members", "approve this match"),
    ReasonCode.UNCONFIRMED: Remedy("the recipient", "compare names and date of birth and sign `same`"),
    ReasonCode.STALE: Remedy("the sender", "renew its assertion"),
    ReasonCode.QUOTA: Remedy(
        "the hub's operator", "look at the day's numbers; the count starts anew tomorrow"
    ),
    ReasonCode.MANUAL: Remedy(
        "the data protection officer of the holder", "look at this case: the rules leave it to a person"
    ),
}
"""One for every reason code. Where officers' approvals lift a reason, `OFFICERS` stands instead."""

OFFICERS: Final = Remedy("named officers of both members", "approve this match")


def explain(decision: Decision, question: Question, names: Mapping[MemberId, str]) -> str:
    """Return one paragraph in English; a member without a name in `names` appears by its id."""
    subject = (
        f"{WHAT[decision.category]} from {_name(question.sender, names)}"
        f" to {TO_WHOM[question.recipient.role]} of {_name(question.recipient, names)}"
        f" by {BY_WHAT[question.notice_type]}"
    )
    when = question.asked_at.astimezone(UTC).strftime("%d %B %Y, %H:%M UTC").lstrip("0")
    if decision.permit is not None:
        return f"Permitted on {when}: {subject}. {_permitted(decision.permit)} ({decision.rules_version}.)"
    sentences = " ".join(_because(reason) for reason in decision.reasons)
    return f"Refused on {when}: {subject}. {sentences} ({decision.rules_version}.)"


MARKS: Final[Mapping[str, str]] = {
    SOCIAL_SECURITY_MARK: "It holds a fact from social security: telling it further is an offence, except"
    " for participation or support (Education and Skills Act 2008 s.15).",
}
"""What each mark of a permit says to whoever receives it."""


def _permitted(permit: Permit) -> str:
    said = (
        f"Agreement {permit.agreement}, version {permit.version}, clause {permit.clause} permits it"
        f" on the basis {permit.basis}, and no rule forbids it."
    )
    return " ".join([said, *(MARKS[mark] for mark in permit.marks)])


def _because(reason: Reason) -> str:
    remedy = OFFICERS if reason.officers_lift else REMEDIES[reason.code]
    said = reason.detail[0].upper() + reason.detail[1:]
    return f"{reason.code}: {said}{_cited(reason)}. Who can change this: {remedy.who}; how: {remedy.what}."


def _cited(reason: Reason) -> str:
    if reason.agreement is None:
        return ""
    clause = "" if reason.clause is None else f", clause {reason.clause}"
    return f" ({reason.agreement}, version {reason.version}{clause})"


def _name(actor: Actor, names: Mapping[MemberId, str]) -> str:
    name = names.get(actor.member, actor.member)
    if actor.acts_for is None:
        return name
    return f"{name} acting for {names.get(actor.acts_for, actor.acts_for)}"
