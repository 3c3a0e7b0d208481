"""No change that lets more be told goes unsaid: the comparison of documents against the decision itself."""

from dataclasses import replace
from functools import cache
from itertools import product

import pytest

from hub.consent.agreement import AgreementBook, Basis
from hub.consent.decision import decide
from hub.consent.documents import agreement_schema
from hub.consent.flags import NO_FLAGS
from hub.consent.question import Category, Role, Scope
from hub.consent.widening import Way, way_of
from hub.protocols.names import MemberId, MemberKind, NoticeType, Part
from tests.consent.questions_by_chance import AGREED, GENEROUS, MEDWAY, PLAIN

FIELDS = ("article6", "gateway", "special_condition", "offence_condition")
_WORDS = agreement_schema()["properties"]["clauses"]["items"]["properties"]["basis"]["properties"]
BASES = list(
    product(
        *(_WORDS[name]["enum"] for name in FIELDS[:2]),
        *([None, *_WORDS[name]["enum"]] for name in FIELDS[2:]),
    )
)
"""Every basis that a clause could name, whether or not it could be signed."""

ALL = frozenset(Part)
SPOKEN = (
    NO_FLAGS,
    replace(NO_FLAGS, objection=ALL),
    replace(NO_FLAGS, instruction=ALL),
    replace(NO_FLAGS, consent=ALL),
)
COLLEGE = replace(
    PLAIN.sender, member=MemberId("mbr_college"), kind=MemberKind.COLLEGE, role=Role.INSTITUTION
)
SITUATIONS = (
    PLAIN,
    replace(PLAIN, recipient=replace(MEDWAY, role=Role.SEN_TEAM)),
    replace(PLAIN, sender=COLLEGE, notice_type=NoticeType.CROSS_BORDER_ENROLMENT),
    replace(PLAIN, sender=COLLEGE, notice_type=NoticeType.LEAVER, scope=Scope.AGE_18_19),
)
"""Who tells, by what, of whom, to which team: where the provision makes a difference."""

QUESTIONS = [
    replace(situation, category=category, flags=flags)
    for situation in SITUATIONS
    for category in Category
    for flags in SPOKEN
]


@cache
def permitted(basis: Basis) -> frozenset[int]:
    """Which of the questions a generous clause on this basis permits."""
    book = AgreementBook.from_agreements([replace(AGREED, clauses=(replace(GENEROUS, basis=basis),))])
    return frozenset(place for place, asked in enumerate(QUESTIONS) if decide(asked, book).permitted)


@pytest.mark.parametrize("place", range(len(FIELDS)), ids=FIELDS)
def test_a_basis_that_permits_more_is_told_as_a_widening(place: int) -> None:
    """From every basis to every other that differs in one word."""
    words = sorted({basis[place] for basis in BASES}, key=str)
    widened = 0
    for before, word in product(BASES, words):
        after = (*before[:place], word, *before[place + 1 :])
        if permitted(Basis(*after)) - permitted(Basis(*before)):
            widened += 1
            assert way_of(FIELDS[place], before[place], word) is Way.WIDENS, (before, after)
    assert widened
