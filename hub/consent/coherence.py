"""Where the parts of a well-formed agreement do not fit together, or promise what the rules forbid.

People sign what they read. So a document that lists what the decision table never releases, rests
a clause on a basis that does not carry it, or lets a part go to somebody who may not learn of a
match, is refused when it is read, and not only when somebody wonders why nothing flows.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import combinations
from typing import Any, Final

from hub.consent import table
from hub.consent.agreement import Agreement, Clause, State
from hub.consent.question import Category, Role, Scope

MOST_YEARS: Final = 10
"""Farthest that the first review may lie ahead: who signs it shall be there to answer for it."""


def contradictions(agreement: Agreement, document: dict[str, Any]) -> Iterator[str]:
    """Say where the parts of a well-formed document do not fit together."""
    yield from _doubled("party", [party.member for party in agreement.parties])
    yield from _doubled("clause", [clause.number for clause in agreement.clauses])
    yield from _wrong_parties(agreement, document)
    yield from _wrong_dates(agreement)
    if (agreement.version == 1) is ("supersedes" in document):
        yield "supersedes: version 1 has no predecessor, every later version names its own"
    groups = {party.group for party in agreement.parties}
    purposes = {purpose["code"] for purpose in document["purposes"]}
    for clause, text in zip(agreement.clauses, document["clauses"], strict=True):
        faults = (
            *_wrong_groups(clause, groups, document["kind"], agreement),
            *_wrong_purposes(clause, purposes),
            *_wrong_basis(clause),
            *_wrong_conditions(clause, text["basis"], has_assessment="dpia" in document),
            *_never_released(clause),
            *_never_by_type(clause),
            *_without_fact_of_match(clause, agreement),
        )
        yield from (f"clause {clause.number}: {fault}" for fault in faults)


def overlapping(agreements: Iterable[Agreement]) -> Iterator[str]:
    """Say of which agreements two versions are recorded as in force for the same days."""
    standing = [agreement for agreement in agreements if agreement.state is State.IN_FORCE]
    for one, other in combinations(standing, 2):
        at_once = max(one.starts_at, other.starts_at) < min(one.lapses_at, other.lapses_at)
        if one.id == other.id and at_once:
            yield f"{one.id}: versions {one.version} and {other.version} are in force at the same time"


def _wrong_parties(agreement: Agreement, document: dict[str, Any]) -> Iterator[str]:
    for place, party in enumerate(document["parties"], start=1):
        if (party["capacity"] == "acts_for_authority") is not ("acts_for" in party):
            yield f"party {place}: acts_for goes with the capacity acts_for_authority, and with no other"
        if party["member"] in party.get("acts_for", ()):
            yield f"party {place}: nobody acts for itself"
    joining = set(document.get("accession", {}).get("groups", ()))
    if not joining <= {party.group for party in agreement.parties}:
        yield "accession: groups must be groups to which parties belong"


def _doubled(what: str, names: list[Any]) -> Iterator[str]:
    for place, name in enumerate(names):
        if name in names[:place]:
            yield f"{what} {name if what == 'clause' else place + 1} is there twice"


def _wrong_dates(agreement: Agreement) -> Iterator[str]:
    if agreement.review <= agreement.starts:
        yield "life: the review must come after the start"
    if (agreement.review.year - MOST_YEARS, *_day(agreement.review)) > (
        agreement.starts.year,
        *_day(agreement.starts),
    ):
        yield f"life: the review must come within {MOST_YEARS} years of the start"
    if agreement.ends is not None and agreement.ends <= agreement.starts:
        yield "life: the end must come after the start"


def _day(day: date) -> tuple[int, int]:
    return day.month, day.day


def _wrong_groups(clause: Clause, groups: set[str], kind: str, agreement: Agreement) -> Iterator[str]:
    if not clause.senders | clause.receivers <= groups:
        yield "from and to must name groups to which parties belong"
    received_by = frozenset[str]().union(*(other.receivers for other in agreement.clauses))
    if kind == "one_way" and clause.senders & received_by:
        yield "the agreement is one_way, but a group that tells here is told elsewhere"


def _wrong_purposes(clause: Clause, purposes: set[str]) -> Iterator[str]:
    if not clause.purposes <= purposes:
        yield "serves a purpose that the agreement does not name"


def _wrong_basis(clause: Clause) -> Iterator[str]:
    basis = clause.basis
    proper = table.GATEWAYS[basis.gateway]
    if basis.article6 != proper and not (basis.article6 == table.CONSENT and proper == table.PUBLIC_TASK):
        yield f"{basis.gateway} goes with {proper}, not with the article 6 basis given"
    allowed = table.GATEWAY_SCOPES.get(basis.gateway, frozenset(Scope))
    if not clause.scopes <= allowed:
        yield f"{basis.gateway} speaks only of {', '.join(sorted(allowed))}"


def _wrong_conditions(clause: Clause, basis: dict[str, Any], *, has_assessment: bool) -> Iterator[str]:
    special, offence = clause.categories & table.SPECIAL, clause.categories & table.OFFENCE
    if special and clause.basis.special_condition is None:
        yield f"lists {', '.join(sorted(special))} without an article 9 condition"
    if offence and clause.basis.offence_condition is None:
        yield "lists offending without an article 10 condition"
    if not special | offence:
        return
    if "policy_document" not in basis:
        yield "special-category or offence data needs an appropriate policy document"
    if not has_assessment:
        yield "special-category or offence data needs a data protection impact assessment (dpia)"


def _never_released(clause: Clause) -> Iterator[str]:
    for role in sorted(clause.roles):
        if never := clause.categories - table.MAY_RECEIVE[role]:
            yield f"the rules never release {', '.join(sorted(never))} to the role {role}"
    to_sen_team = Role.SEN_TEAM in clause.roles and Category.EQUALITY_HEALTH in clause.categories
    if to_sen_team and clause.basis.gateway not in table.SEND_GATEWAYS:
        yield f"equality_health goes to a sen_team only under {', '.join(sorted(table.SEND_GATEWAYS))}"


def _never_by_type(clause: Clause) -> Iterator[str]:
    """What the types of notice cannot carry, to whom they are not sent, of whom they do not speak."""
    for kind in sorted(clause.notice_types):
        if absent := clause.categories - table.CARRIED[kind]:
            yield f"{kind} does not carry {', '.join(sorted(absent))}"
        if others := clause.roles - table.TYPE_ROLES.get(kind, clause.roles):
            yield f"{kind} is not for the role {', '.join(sorted(others))}"
        if beyond := clause.scopes - table.TYPE_SCOPES.get(kind, clause.scopes):
            yield f"{kind} does not speak of {', '.join(sorted(beyond))}"
    if Category.PARENT in clause.categories and not clause.scopes <= table.UNDER_18:
        yield f"a parent's name and address are told only of {', '.join(sorted(table.UNDER_18))}"


def _without_fact_of_match(clause: Clause, agreement: Agreement) -> Iterator[str]:
    """A part can reach only somebody who may learn that there is a match (I4)."""
    for role in sorted(clause.roles):
        told = {
            (notice_type, scope)
            for other in agreement.clauses
            if Category.FACT_OF_MATCH in other.categories
            and role in other.roles
            and clause.senders <= other.senders
            and clause.receivers <= other.receivers
            for notice_type in other.notice_types
            for scope in other.scopes
        }
        wanted = {(notice_type, scope) for notice_type in clause.notice_types for scope in clause.scopes}
        if missing := {notice_type for notice_type, _ in wanted - told}:
            yield f"no clause lets the role {role} learn of a match by {', '.join(sorted(missing))}"
