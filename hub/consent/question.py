"""The question that every release has to ask: may this be told, to them, for this, now.

One question is about one category of one notice on its way to one recipient. Everything that an
answer may depend on is here and nothing else is: `decide` reads no clock and no table, so a
sender's gateway, the hub and an auditor put the same question and get the same answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from hub.consent.flags import Flags
from hub.protocols.names import MemberId, MemberKind, NoticeType, Part


class Category(StrEnum):
    """What could be told: that a notice matches at all, or one of its ten sealed parts."""

    FACT_OF_MATCH = "fact_of_match"
    IDENTITY = "identity"
    ADDRESS = "address"
    PARTICIPATION = "participation"
    CONTACT = "contact"
    SEND = "send"
    CARE = "care"
    CIRCUMSTANCES = "circumstances"
    EQUALITY_HEALTH = "equality_health"
    OFFENDING = "offending"
    PARENT = "parent"


PART_SPOKEN_OF: Final[Mapping[Category, Part]] = {
    category: Part.IDENTITY if category is Category.FACT_OF_MATCH else Part(category.value)
    for category in Category
}
"""Flags speak of parts; what they say of `identity` holds for the fact of a match as well."""


class Role(StrEnum):
    """As what somebody at a member would receive (or sends)."""

    TRACKING_TEAM = "tracking_team"
    CAREERS_SERVICE = "careers_service"
    INSTITUTION = "institution"
    SEN_TEAM = "sen_team"
    LEAVING_CARE_TEAM = "leaving_care_team"
    NAMED_OFFICER = "named_officer"
    OTHER = "other"


class Purpose(StrEnum):
    """For what a notice is sent; an agreement names the ones it serves."""

    PARTICIPATION = "participation"
    """Promote participation, find who does not take part (Education and Skills Act 2008 ss.10-13)."""
    SUPPORT = "support"
    """Support services for young persons (the same Act, s.68)."""
    SEND_TRANSFER = "send_transfer"
    """Transfer of an education, health and care plan (SEND Regulations 2014 reg. 15)."""
    LEAVING_CARE = "leaving_care"
    """Care leaver living in another area (Children Act 1989 s.24C)."""


class Scope(StrEnum):
    """Why the young person is in scope, by age and status; never a date."""

    AGE_13_15 = "age_13_15"
    AGE_16_17 = "age_16_17"
    AGE_18_19 = "age_18_19"
    EHCP_20_24 = "ehcp_20_24"
    CARE_LEAVER_16_25 = "care_leaver_16_25"


class EvidenceClass(StrEnum):
    """On what the claim rests that both notices mean the same young person."""

    RECIPIENT_NAMED = "recipient_named"
    """The sender named the recipient; no match is relied on."""
    STRONG = "strong"
    """UPN, ULN, or the former postcode with a name agree too."""
    NAME_AND_BIRTH = "name_and_birth"
    NONE = "none"


class Apart(StrEnum):
    """Why two members exchange nothing, whatever is agreed."""

    SUSPENDED = "suspended"
    """One of them is suspended, or not admitted."""
    REALM = "realm"
    """One is live, the other on trial or made up."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A member at one end of a release, and in what capacity."""

    member: MemberId
    kind: MemberKind
    role: Role
    acts_for: MemberId | None = None
    """The authority for which a careers company acts, if it does."""
    mandate: bool = False
    """That authority's signed mandate is on record and in force."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whether `sender` may tell `recipient` this category of a notice, at `asked_at`."""

    category: Category
    notice_type: NoticeType
    purpose: str
    sender: Actor
    recipient: Actor
    scope: Scope | None
    """None: the sender could not assert that the young person is in scope."""
    flags: Flags
    """The union of both notices' flags; of the one notice where nothing was matched."""
    asserted_at: datetime
    """When the sender last signed scope and flags (aware, UTC); the older of two notices' instants."""
    evidence: EvidenceClass
    standing_request: bool
    """The recipient's authority has asked this institution, in writing and signed, to notify unprompted."""
    confirmed_same: bool
    """The recipient compared in clear text and signed `same`."""
    approved_by: frozenset[MemberId]
    """Members whose named officer signed an approval of this very match."""
    over_quota: bool
    """The recipient or the sender has used up today's automatic releases."""
    asked_at: datetime
    """The instant of the decision (aware, UTC)."""
