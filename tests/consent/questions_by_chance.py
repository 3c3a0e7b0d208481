"""Questions and agreements by chance, for everything that must hold whatever is asked.

A generous agreement, narrowed in one or two places, and a plain question, changed in a few: so that
permits and refusals for one reason alone are both common.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from hypothesis import strategies as st

from hub.consent import table
from hub.consent.agreement import Agreement, Basis, Clause, FlagName, Party, State
from hub.consent.flags import NO_FLAGS
from hub.consent.question import Actor, Category, EvidenceClass, Purpose, Question, Role, Scope
from hub.protocols.names import AgreementId, MemberId, MemberKind, NoticeType, Part

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
KENT = Actor(MemberId("mbr_kent"), MemberKind.AUTHORITY, Role.TRACKING_TEAM)
MEDWAY = Actor(MemberId("mbr_medway"), MemberKind.AUTHORITY, Role.TRACKING_TEAM)
PLAIN = Question(
    category=Category.CONTACT,
    notice_type=NoticeType.MOVED_OUT,
    purpose=Purpose.PARTICIPATION,
    sender=KENT,
    recipient=MEDWAY,
    scope=Scope.AGE_16_17,
    flags=NO_FLAGS,
    asserted_at=NOW - timedelta(days=1),
    evidence=EvidenceClass.STRONG,
    standing_request=False,
    confirmed_same=True,
    approved_by=frozenset(),
    over_quota=False,
    asked_at=NOW,
)

GENEROUS = Clause(
    number="1",
    senders=frozenset({"a", "b"}),
    receivers=frozenset({"a", "b"}),
    notice_types=frozenset(NoticeType),
    purposes=frozenset(purpose.value for purpose in Purpose),
    scopes=frozenset(Scope),
    roles=frozenset(Role),
    categories=frozenset(Category),
    basis=Basis(
        table.PUBLIC_TASK,
        "esa2008:s17",
        "uk-gdpr:9(2)(g)+dpa2018:sch1-6",
        "uk-gdpr:10+dpa2018:sch1-6",
    ),
)
SIDES = {"mbr_kent": "a", "mbr_medway": "b", "mbr_college": "b"}
AGREED = Agreement(
    id=AgreementId("agr_one"),
    version=1,
    title="t",
    parties=tuple(Party(MemberId(member), member, side) for member, side in SIDES.items()),
    clauses=(GENEROUS,),
    starts=date(2026, 1, 1),
    review=date(2026, 12, 31),
    grace_days=30,
    state=State.IN_FORCE,
)


def some_of(values: type[StrEnum]) -> st.SearchStrategy[frozenset[Any]]:
    """A few of the values of a vocabulary."""
    return st.frozensets(st.sampled_from(list(values)), min_size=1, max_size=4)


def changed(base: Any, changes: dict[str, st.SearchStrategy[Any]], most: int) -> st.SearchStrategy[Any]:  # noqa: ANN401 - any dataclass
    """The base value with at most so many of its fields drawn anew."""
    names = st.lists(st.sampled_from(sorted(changes)), max_size=most, unique=True)
    return names.flatmap(
        lambda drawn: st.builds(lambda **new: replace(base, **new), **{n: changes[n] for n in drawn})
    )


members = st.sampled_from([MemberId(member) for member in SIDES])
parts = some_of(Part)
flags = changed(
    NO_FLAGS,
    {
        "instruction": parts,
        "instruction_lapsed": parts,
        "objection": parts,
        "objection_upheld": parts,
        "objection_overridden": parts,
        "consent": parts,
        "consent_withdrawn": parts,
        "shield": st.just(value=True),
        "provenance_dwp": parts,
        "restricted": st.just(value=True),
        "twin": st.just(value=True),
    },
    3,
)
clauses = changed(
    GENEROUS,
    {
        "number": st.just("2"),
        "senders": st.just(frozenset({"a"})),
        "notice_types": some_of(NoticeType),
        "purposes": some_of(Purpose),
        "scopes": some_of(Scope),
        "roles": some_of(Role),
        "categories": some_of(Category),
        "basis": st.builds(
            Basis,
            st.sampled_from([table.LEGAL_OBLIGATION, table.PUBLIC_TASK, table.CONSENT]),
            st.sampled_from(sorted(table.GATEWAYS)),
            st.sampled_from([None, table.EXPLICIT_CONSENT]),
        ),
        "unless_flags": some_of(FlagName),
    },
    2,
)
agreements = st.lists(
    changed(
        AGREED,
        {
            "id": st.just(AgreementId("agr_two")),
            "version": st.integers(1, 3),
            "clauses": st.lists(clauses, min_size=1, max_size=3).map(tuple),
            "starts": st.just(date(2026, 12, 1)),
            "review": st.just(date(2026, 10, 31)),
            "ends": st.just(date(2026, 11, 30)),
            "state": st.sampled_from(list(State)),
        },
        3,
    ),
    max_size=3,
)
RIGHTLY = [(role, kind) for role, kinds in table.WHO_HOLDS.items() for kind in sorted(kinds)]
right_actors = st.builds(
    lambda member, pair: Actor(member, pair[1], pair[0], MemberId("mbr_authority"), mandate=True),
    members,
    st.sampled_from(RIGHTLY),
)
any_actors = st.builds(
    Actor,
    members,
    st.sampled_from(list(MemberKind)),
    st.sampled_from(list(Role)),
    st.none() | members,
    st.booleans(),
)
moments = st.integers(-45, 45).map(lambda days: NOW + timedelta(days=days))
both_approve = st.just(frozenset({KENT.member, MEDWAY.member}))
questions = st.sampled_from(list(Category)).flatmap(
    lambda category: changed(
        replace(PLAIN, category=category),
        {
            "notice_type": st.sampled_from(list(NoticeType)),
            "purpose": st.sampled_from([*(purpose.value for purpose in Purpose), "debt_collection"]),
            "sender": right_actors | any_actors,
            "recipient": right_actors | any_actors,
            "scope": st.none() | st.sampled_from(list(Scope)),
            "flags": flags,
            "asserted_at": moments,
            "evidence": st.sampled_from(list(EvidenceClass)),
            "standing_request": st.just(value=True),
            "confirmed_same": st.just(value=False),
            "approved_by": both_approve | st.frozensets(members),
            "over_quota": st.just(value=True),
            "asked_at": moments,
        },
        4,
    )
)
