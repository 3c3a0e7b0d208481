"""The decision table, cell by cell, as a data protection officer would hold it against the law."""

import pytest

from hub.consent import table
from hub.consent.question import Category, Role, Scope
from hub.protocols.names import MemberKind, NoticeType

# fact, names, address, parent, participation, contact, SEND, health, offences, care, circumstances
COLUMNS = (
    Category.FACT_OF_MATCH,
    Category.IDENTITY,
    Category.ADDRESS,
    Category.PARENT,
    Category.PARTICIPATION,
    Category.CONTACT,
    Category.SEND,
    Category.EQUALITY_HEALTH,
    Category.OFFENDING,
    Category.CARE,
    Category.CIRCUMSTANCES,
)
CELLS = {
    Role.TRACKING_TEAM: "yes yes yes yes yes yes yes yes yes yes yes",
    Role.CAREERS_SERVICE: "yes yes yes yes yes yes yes - - - -",
    Role.INSTITUTION: "- - - - - - - - - - -",
    Role.SEN_TEAM: "yes yes yes yes yes yes yes yes - - -",
    Role.LEAVING_CARE_TEAM: "yes yes yes yes yes yes yes yes yes yes yes",
    Role.NAMED_OFFICER: "yes - - - - - - - - - -",
    Role.OTHER: "- - - - - - - - - - -",
}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_receive_what_its_column_says(role: Role) -> None:
    """`yes` means that a clause may permit it; `-` that none can."""
    expected = dict(zip(COLUMNS, CELLS[role].split(), strict=True))
    assert {c: "yes" if c in table.MAY_RECEIVE[role] else "-" for c in COLUMNS} == expected


def test_every_category_has_a_column() -> None:
    """A category that nobody placed would be forgotten here first."""
    assert set(COLUMNS) == set(Category)


def test_observers_and_voluntary_bodies_hold_no_role() -> None:
    """They may watch or send; nothing goes to them."""
    holders = set().union(*table.WHO_HOLDS.values())
    assert holders == set(MemberKind) - {MemberKind.OBSERVER, MemberKind.VOLUNTARY_BODY}
    assert set(table.WHO_HOLDS) == set(Role)


def test_instructions_bind_further_information_alone() -> None:
    """Names, birth, address and a parent's address are basic information in the Act."""
    assert set(Category) - table.INSTRUCTABLE == {
        Category.FACT_OF_MATCH,
        Category.IDENTITY,
        Category.ADDRESS,
        Category.PARENT,
    }


def test_only_names_go_before_a_signed_same() -> None:
    """A wrong match shows a name and not a life."""
    assert set(Category) - table.STAGED == {Category.FACT_OF_MATCH, Category.IDENTITY}


def test_duties_go_with_legal_obligation() -> None:
    """A provision that obliges is never taken for a public task, or an objection would count against it."""
    for gateway in table.UNPROMPTED_DUTIES | {table.S14}:
        assert table.GATEWAYS[gateway] == table.LEGAL_OBLIGATION
    assert set(table.GATEWAY_SCOPES) <= set(table.GATEWAYS)


@pytest.mark.parametrize("kind", list(NoticeType))
def test_a_type_for_one_team_is_addressed_to_it(kind: NoticeType) -> None:
    """An authority receives a plan's move as its SEN team and a care leaver's as theirs, else as enrolled."""
    teams = {
        NoticeType.CARE_LEAVER_MOVE: Role.LEAVING_CARE_TEAM,
        NoticeType.EHCP_MOVE: Role.SEN_TEAM,
    }
    team = table.role_addressed(MemberKind.AUTHORITY, Role.TRACKING_TEAM, kind)
    assert team is teams.get(kind, Role.TRACKING_TEAM)
    company = table.role_addressed(MemberKind.CAREERS_COMPANY, Role.CAREERS_SERVICE, kind)
    assert company is Role.CAREERS_SERVICE


def test_the_alert_is_carried_and_the_plan_is_not() -> None:
    """What a type does not carry no agreement lets it tell."""
    assert table.CARRIED[NoticeType.EHCP_MOVE] == {
        Category.FACT_OF_MATCH,
        Category.IDENTITY,
        Category.ADDRESS,
        Category.CONTACT,
        Category.SEND,
        Category.PARENT,
    }
    assert table.CARRIED[NoticeType.CARE_LEAVER_MOVE] == {
        Category.FACT_OF_MATCH,
        Category.IDENTITY,
        Category.ADDRESS,
        Category.CONTACT,
        Category.CARE,
    }
    assert table.CARRIED[NoticeType.CORRECTION] == set(Category)


def test_a_person_of_sixteen_is_never_taken_for_another_age() -> None:
    """A care leaver of 16 to 25 may be 16 or 17, so section 14 is the measure for both scopes."""
    assert set(table.REQUEST_SCOPES) == {Scope.AGE_16_17, Scope.CARE_LEAVER_16_25}
