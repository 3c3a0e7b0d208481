"""The decision table: which role may ever receive which category, and what a category needs besides.

Each row is a row that a data protection officer can check against the law; no agreement can reach
past it. Parts are sealed whole, so a row that would let only *some* facts of a part go to a role
(an institution, of its own learner) is a refusal here: the hub cannot cut a part.
"""

from collections.abc import Mapping
from typing import Final

from hub.consent.question import Category, Purpose, Role, Scope
from hub.protocols.names import MemberKind, NoticeType
from hub.protocols.notice_types import TYPES, Place, types_at

_BASIC: Final = frozenset({Category.FACT_OF_MATCH, Category.IDENTITY, Category.ADDRESS, Category.PARENT})
_FURTHER: Final = frozenset({Category.PARTICIPATION, Category.CONTACT, Category.SEND})

MAY_RECEIVE: Final[Mapping[Role, frozenset[Category]]] = {
    Role.TRACKING_TEAM: frozenset(Category),
    Role.CAREERS_SERVICE: _BASIC | _FURTHER,
    Role.INSTITUTION: frozenset(),
    Role.SEN_TEAM: _BASIC | _FURTHER | {Category.EQUALITY_HEALTH},
    Role.LEAVING_CARE_TEAM: frozenset(Category),
    Role.NAMED_OFFICER: frozenset({Category.FACT_OF_MATCH}),
    Role.OTHER: frozenset(),
}
"""Columns of the table. What stands here still needs a clause; what does not is never released."""

WHO_HOLDS: Final[Mapping[Role, frozenset[MemberKind]]] = {
    Role.TRACKING_TEAM: frozenset({MemberKind.AUTHORITY}),
    Role.CAREERS_SERVICE: frozenset({MemberKind.CAREERS_COMPANY}),
    Role.INSTITUTION: frozenset({MemberKind.COLLEGE, MemberKind.SCHOOL}),
    Role.SEN_TEAM: frozenset({MemberKind.AUTHORITY}),
    Role.LEAVING_CARE_TEAM: frozenset({MemberKind.AUTHORITY}),
    Role.NAMED_OFFICER: frozenset(
        {MemberKind.AUTHORITY, MemberKind.CAREERS_COMPANY, MemberKind.COLLEGE, MemberKind.SCHOOL}
    ),
    Role.OTHER: frozenset(),
}
"""Which kind of member can hold a role; observers and voluntary bodies receive nothing."""

INSTITUTIONS: Final = frozenset({MemberKind.COLLEGE, MemberKind.SCHOOL})

_OFFICER: Final = frozenset({Role.NAMED_OFFICER})

TYPE_ROLES: Final[Mapping[NoticeType, frozenset[Role]]] = {
    NoticeType.CARE_LEAVER_MOVE: _OFFICER | {Role.LEAVING_CARE_TEAM},
    NoticeType.EHCP_MOVE: _OFFICER | {Role.SEN_TEAM},
}
"""Types that are for one team only; every other type is for whom its clauses name."""

TYPE_SCOPES: Final[Mapping[NoticeType, frozenset[Scope]]] = {
    NoticeType.CARE_LEAVER_MOVE: frozenset({Scope.CARE_LEAVER_16_25}),
}
"""Types that speak of some young people only."""

CARRIED: Final[Mapping[NoticeType, frozenset[Category]]] = {
    kind: frozenset({Category.FACT_OF_MATCH, *(Category(part.value) for part in row.parts)})
    for kind, row in TYPES.items()
}
"""What each type of notice can tell at all (`hub.protocols.notice_types`)."""


def role_addressed(kind: MemberKind, enrolled: Role, notice_type: NoticeType) -> Role:
    """As what a member receives this type: an authority by the team that the type is for."""
    teams = TYPE_ROLES.get(notice_type, _OFFICER) - _OFFICER
    if kind is MemberKind.AUTHORITY and teams:
        (team,) = teams
        return team
    return enrolled


STAGED: Final = frozenset(Category) - {Category.FACT_OF_MATCH, Category.IDENTITY}
"""Parts that wait until the recipient compared in clear text and signed `same`."""

NEVER_WHEN_SHIELDED: Final = frozenset({Category.ADDRESS, Category.PARENT})
"""Whereabouts of a shielded person: no officer can release them (duty of care)."""

UNDER_18: Final = frozenset({Scope.AGE_13_15, Scope.AGE_16_17})
"""Scopes within which nobody is of age: a parent's name and address are told of nobody else."""

INSTRUCTABLE: Final = frozenset(Category) - _BASIC
"""Further information: an instruction binds it. Names, birth, address and parent it does not bind."""

SPECIAL: Final = frozenset({Category.EQUALITY_HEALTH, Category.CIRCUMSTANCES})
"""Parts that hold, or may hold, special-category facts (substance misuse is a fact on health)."""

OFFENCE: Final = frozenset({Category.OFFENDING})

S13: Final = "esa2008:s13"
S14: Final = "esa2008:s14"
S24C: Final = "ca1989:s24c"
REG15: Final = "send2014:reg15"

LEGAL_OBLIGATION: Final = "uk-gdpr:6(1)(c)"
PUBLIC_TASK: Final = "uk-gdpr:6(1)(e)"
CONSENT: Final = "uk-gdpr:6(1)(a)"
EXPLICIT_CONSENT: Final = "uk-gdpr:9(2)(a)"

GATEWAYS: Final[Mapping[str, str]] = {
    "esa2008:s10-12": PUBLIC_TASK,
    S13: LEGAL_OBLIGATION,
    S14: LEGAL_OBLIGATION,
    "esa2008:s17": PUBLIC_TASK,
    "esa2008:s68": PUBLIC_TASK,
    "esa2008:s72": PUBLIC_TASK,
    S24C: LEGAL_OBLIGATION,
    "ca2004:s10": PUBLIC_TASK,
    REG15: LEGAL_OBLIGATION,
    "ca2004:s16la": LEGAL_OBLIGATION,
}
"""Each provision with the article 6 basis that goes with it; consent may replace a public task."""

GATEWAY_SCOPES: Final[Mapping[str, frozenset[Scope]]] = {
    S13: frozenset({Scope.AGE_16_17}),
    S14: frozenset({Scope.AGE_16_17}),
    S24C: frozenset({Scope.CARE_LEAVER_16_25}),
}
"""Provisions that speak of some young people only."""

UNPROMPTED_DUTIES: Final = frozenset({S13, S24C, REG15})
"""Provisions that oblige without a request; section 14 works on request."""

TAKES_BACK: Final = frozenset({Category.FACT_OF_MATCH, Category.IDENTITY})
"""What carries a recall: the id of an earlier notice, which of its parts, and why."""

UNPROMPTED: Final = frozenset(NoticeType) - types_at(Place.POINTS_BACK)
"""Notices that begin something; a correction, withdrawal or recall mends an earlier one."""

REQUEST_SCOPES: Final = frozenset({Scope.AGE_16_17, Scope.CARE_LEAVER_16_25})
"""Scopes within which the young person may be 16 or 17, so that section 14 is the measure."""

INSTRUCTION_EXEMPT: Final[Mapping[str, Category]] = {REG15: Category.SEND, S24C: Category.CARE}
"""Duties that carry one category whatever the instruction: the plan's existence, the care leaver's status."""

SEND_GATEWAYS: Final = frozenset({REG15})
"""The only provisions under which health facts count as related to special educational needs."""

SOCIAL_SECURITY_ROLES: Final = frozenset({Role.TRACKING_TEAM, Role.CAREERS_SERVICE})
SOCIAL_SECURITY_PURPOSES: Final = frozenset({Purpose.PARTICIPATION.value, Purpose.SUPPORT.value})
"""Onward disclosure of social-security facts is a crime outside these (2008 Act s.15(4))."""

SOCIAL_SECURITY_MARK: Final = "esa2008:s15"
"""The mark that a permit for such a fact bears: whoever receives it is bound by the section too."""
