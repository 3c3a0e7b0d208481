"""Agreements: which clauses speak from whom to whom, and whether they are in force."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from hub.consent.agreement import Agreement, AgreementBook, Basis, Clause, Course, Party, Standing, State
from hub.consent.question import Actor, Category, Role, Scope
from hub.protocols.names import AgreementId, MemberId, MemberKind, NoticeType


def clause(number: str, senders: str, receivers: str) -> Clause:
    """One clause from group to group."""
    return Clause(
        number=number,
        senders=frozenset({senders}),
        receivers=frozenset({receivers}),
        notice_types=frozenset({NoticeType.MOVED_OUT}),
        purposes=frozenset({"participation"}),
        scopes=frozenset({Scope.AGE_16_17}),
        roles=frozenset({Role.TRACKING_TEAM}),
        categories=frozenset({Category.IDENTITY}),
        basis=Basis("uk-gdpr:6(1)(e)", "esa2008:s17"),
    )


ONE_WAY = Agreement(
    id=AgreementId("agr_college"),
    version=1,
    title="A college and two councils",
    parties=(
        Party(MemberId("mbr_college"), "College", "institutions"),
        Party(MemberId("mbr_kent"), "Kent", "authorities"),
        Party(MemberId("mbr_medway"), "Medway", "authorities"),
    ),
    clauses=(clause("1", "institutions", "authorities"), clause("2", "authorities", "authorities")),
    starts=date(2026, 1, 1),
    review=date(2026, 6, 30),
    grace_days=30,
    state=State.IN_FORCE,
)


def actor(member: str, acts_for: str | None = None) -> Actor:
    """A member, or a company that acts for one."""
    kind = MemberKind.AUTHORITY if acts_for is None else MemberKind.CAREERS_COMPANY
    authority = None if acts_for is None else MemberId(acts_for)
    return Actor(MemberId(member), kind, Role.TRACKING_TEAM, authority, mandate=False)


def numbers(courses: list[Course]) -> list[list[str]]:
    """Which clauses were found, agreement by agreement."""
    return [[clause.number for clause in course.clauses] for course in courses]


def test_clauses_speak_from_group_to_group() -> None:
    """The college's clause reaches both councils; nothing speaks the other way."""
    book = AgreementBook.from_agreements([ONE_WAY])
    assert numbers(book.between(actor("mbr_college"), actor("mbr_kent"))) == [["1"]]
    assert numbers(book.between(actor("mbr_kent"), actor("mbr_medway"))) == [["2"]]
    assert numbers(book.between(actor("mbr_kent"), actor("mbr_college"))) == [[]]


def test_strangers_have_no_agreement() -> None:
    """A member that is no party finds nothing, on either side."""
    book = AgreementBook.from_agreements([ONE_WAY])
    assert book.between(actor("mbr_college"), actor("mbr_lambeth")) == []
    assert book.between(actor("mbr_lambeth"), actor("mbr_college")) == []


def test_a_member_has_no_agreement_with_itself() -> None:
    """Two teams of one council need no hub; and one authority's two agents are one party."""
    book = AgreementBook.from_agreements([ONE_WAY])
    assert book.between(actor("mbr_kent"), actor("mbr_kent")) == []
    assert book.between(actor("mbr_company", "mbr_kent"), actor("mbr_kent")) == []


def test_a_company_stands_in_for_the_authority_it_acts_for() -> None:
    """Whether it holds the mandate is a rule of its own."""
    book = AgreementBook.from_agreements([ONE_WAY])
    assert numbers(book.between(actor("mbr_college"), actor("mbr_company", "mbr_kent"))) == [["1"]]
    assert numbers(book.between(actor("mbr_company", "mbr_kent"), actor("mbr_medway"))) == [["2"]]


def test_the_shorter_shelf_is_walked_whichever_side_it_is_on() -> None:
    """A council with many agreements is found from either end of a pair."""
    others = [
        Agreement(
            AgreementId(f"agr_{n}"),
            1,
            "t",
            (Party(MemberId("mbr_kent"), "Kent", "a"), Party(MemberId(f"mbr_{n}"), "Other", "b")),
            (clause("1", "a", "b"), clause("2", "b", "a")),
            date(2026, 1, 1),
            date(2027, 1, 1),
            0,
        )
        for n in range(10, 20)
    ]
    book = AgreementBook.from_agreements(others)
    assert numbers(book.between(actor("mbr_kent"), actor("mbr_15"))) == [["1"]]
    assert numbers(book.between(actor("mbr_15"), actor("mbr_kent"))) == [["2"]]


@pytest.mark.parametrize(
    ("state", "at", "standing"),
    [
        (State.IN_FORCE, datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), Standing.NOT_YET),
        (State.IN_FORCE, datetime(2026, 1, 1, tzinfo=UTC), Standing.IN_FORCE),
        (State.IN_FORCE, datetime(2026, 7, 30, 23, 59, 59, tzinfo=UTC), Standing.IN_FORCE),
        (State.IN_FORCE, datetime(2026, 7, 31, tzinfo=UTC), Standing.EXPIRED),
        (State.SUSPENDED, datetime(2026, 3, 1, tzinfo=UTC), Standing.SUSPENDED),
        (State.SUSPENDED, datetime(2026, 7, 31, tzinfo=UTC), Standing.EXPIRED),
        (State.ENDED, datetime(2026, 3, 1, tzinfo=UTC), Standing.EXPIRED),
        (State.PROPOSED, datetime(2026, 3, 1, tzinfo=UTC), Standing.NOT_YET),
        (State.DRAFT, datetime(2026, 3, 1, tzinfo=UTC), Standing.NOT_YET),
    ],
)
def test_standing_follows_state_and_dates(state: State, at: datetime, standing: Standing) -> None:
    """In force from the first second of its first day to the last of grace, unless recorded otherwise."""
    book = AgreementBook.from_agreements([ONE_WAY.recorded_as(state)])
    (course,) = book.between(actor("mbr_college"), actor("mbr_kent"))
    assert course.standing(at) is standing


def test_an_agreed_end_comes_before_review_and_grace() -> None:
    """The last day is whichever comes first, and that day still counts."""
    ending = Agreement(
        ONE_WAY.id,
        1,
        "t",
        ONE_WAY.parties,
        ONE_WAY.clauses,
        date(2026, 1, 1),
        date(2026, 6, 30),
        30,
        ends=date(2026, 3, 31),
    )
    assert ending.lapses_at == datetime(2026, 4, 1, tzinfo=UTC)
    assert ONE_WAY.lapses_at - timedelta(days=31) == datetime(2026, 6, 30, tzinfo=UTC)


def test_basis_is_told_in_one_line() -> None:
    """A Permit carries every code of the basis and no gap for those that are not there."""
    assert Basis("a", "b").text == "a b"
    assert Basis("a", "b", "c", "d").text == "a b c d"


def test_who_joins_stands_in_its_group_and_a_party_stays_as_it_is() -> None:
    """An accession adds a party and changes no other."""
    newcomer, again = Party(MemberId("mbr_new"), "New", "councils"), ONE_WAY.parties[0]
    joined = ONE_WAY.joined_by([newcomer, Party(again.member, "Another name", "councils")])
    assert joined.parties == (*ONE_WAY.parties, newcomer)
    book = AgreementBook.from_agreements([joined])
    assert book.between(actor(again.member), actor("mbr_new"))


def test_each_version_says_how_many_officers_of_a_side_approve() -> None:
    """Two where the document says two, one otherwise; of a version that nobody knows, one."""
    two = replace(ONE_WAY, version=ONE_WAY.version + 1, officers_each_side=2)
    book = AgreementBook.from_agreements([ONE_WAY, two])
    assert book.officers_each_side(ONE_WAY.id, ONE_WAY.version) == 1
    assert book.officers_each_side(two.id, two.version) == 2
    assert book.officers_each_side(AgreementId("agr_unknown"), 1) == 1


def test_what_a_clause_lets_be_received_it_lets_be_recalled_whatever_it_lists_for_recalls() -> None:
    """A clause for addresses that lists recalls too carries a recall's own words, and once each."""
    listed = replace(
        clause("1", "institutions", "authorities"),
        notice_types=frozenset({NoticeType.MOVED_OUT, NoticeType.RECALL}),
        categories=frozenset({Category.ADDRESS, Category.FACT_OF_MATCH}),
    )
    told = replace(clause("2", "institutions", "authorities"), categories=frozenset({Category.FACT_OF_MATCH}))
    book = AgreementBook.from_agreements([replace(ONE_WAY, clauses=(listed, told))])
    (course,) = book.between(actor("mbr_college"), actor("mbr_kent"))
    assert course.speaking[NoticeType.RECALL] == {
        Category.ADDRESS: (listed,),
        Category.FACT_OF_MATCH: (listed,),
        Category.IDENTITY: (listed,),
    }
