"""Agreements as Cedar policies: one `permit` for each clause of each agreement that is recorded in force.

An independent second reading: it imports the types of agreements and nothing of the rules, the
table or the decision. What forbids whatever is agreed is in `cedar/rules.cedar`; what depends on
the clause is written into the clause's own conditions here.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.consent.agreement import Agreement, Clause, State

RULES = (Path(__file__).parent / "cedar" / "rules.cedar").read_text("utf-8")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MENDS = ["correction", "recall", "withdrawal"]
DUTIES = {"esa2008:s13", "ca1989:s24c", "send2014:reg15"}
NOT_IN_FORCE = {"ca2004:s16la"}
BASIC = ["fact_of_match", "identity", "address", "parent"]
TAKES_BACK = '(context.type == "recall" && ["fact_of_match", "identity"].contains(context.category))'
STAYS_EXEMPT = {"send2014:reg15": "send", "ca1989:s24c": "care"}


def micros(at: datetime) -> int:
    """Microseconds since 1970: Cedar has whole numbers and no clock."""
    return (at - EPOCH) // timedelta(microseconds=1)


def policies(agreements: Iterable[Agreement]) -> str:
    """All clauses of all agreements in force, as policy text."""
    return "\n".join(
        policy(agreement, clause)
        for agreement in agreements
        if agreement.state is State.IN_FORCE
        for clause in agreement.clauses
    )


def policy(agreement: Agreement, clause: Clause) -> str:
    """One clause; its @id is what a permit must name."""
    conditions = " &&\n  ".join(f"({condition})" for condition in conditions_of(agreement, clause))
    name = json.dumps(f"{agreement.id} v{agreement.version} {clause.number}")
    return f"@id({name})\npermit (principal, action, resource)\nwhen\n{{\n  {conditions}\n}};"


def conditions_of(agreement: Agreement, clause: Clause) -> Iterator[str]:
    """What must hold for this clause to permit, each a Cedar expression."""
    last = agreement.review + timedelta(days=agreement.grace_days)
    end = min(last, agreement.ends or last) + timedelta(days=1)
    first = agreement.starts
    yield f"context.now >= {micros(datetime(first.year, first.month, first.day, tzinfo=UTC))}"
    yield f"context.now < {micros(datetime(end.year, end.month, end.day, tzinfo=UTC))}"
    yield f"context.pairs.containsAny({listed(pairs(agreement, clause))})"
    speaks = f"{listed(clause.notice_types)}.contains(context.type)"
    lists = f"{listed(clause.categories)}.contains(context.category)"
    tells_something = any(category != "fact_of_match" for category in clause.categories)
    if tells_something:
        yield f"({speaks} && {lists}) || {TAKES_BACK}"
    else:
        yield f"{speaks} && {lists}"
    yield f"{listed(clause.purposes)}.contains(context.purpose) || {TAKES_BACK}"
    yield f"{listed(clause.roles)}.contains(context.recipient_role) || {TAKES_BACK}"
    yield f"{listed(clause.scopes)}.contains(context.scope)"
    yield from lawful(clause)
    yield from wishes(clause)
    yield from exceptions(clause)


def pairs(agreement: Agreement, clause: Clause) -> list[str]:
    """Who may tell whom by this clause: every two different parties of its groups."""
    givers = [party.member for party in agreement.parties if party.group in clause.senders]
    takers = [party.member for party in agreement.parties if party.group in clause.receivers]
    return [f"{giver}>{taker}" for giver in givers for taker in takers if giver != taker]


def lawful(clause: Clause) -> Iterator[str]:
    """What the law wants of the clause's basis."""
    gateway = clause.basis.gateway
    if gateway in NOT_IN_FORCE:
        yield "false"
    if gateway not in DUTIES:
        unprompted = (
            f'["college", "school"].contains(context.sender_kind) && !{listed(MENDS)}.contains(context.type)'
        )
        young = '["age_16_17", "care_leaver_16_25"].contains(context.scope)'
        others = "false" if gateway == "esa2008:s14" else "true"
        yield f"!({unprompted}) || (if {young} then context.standing_request else {others})"
    special = '["equality_health", "circumstances"].contains(context.category)'
    if clause.basis.special_condition is None:
        yield f"!{special}"
    elif gateway != "send2014:reg15":
        yield f'!({special} && context.recipient_role == "sen_team")'
    if clause.basis.offence_condition is None:
        yield 'context.category != "offending"'


def wishes(clause: Clause) -> Iterator[str]:
    """What the young person, or a parent, has said."""
    if clause.basis.article6 == "uk-gdpr:6(1)(a)" or clause.basis.special_condition == "uk-gdpr:9(2)(a)":
        given = "context.consent.contains(context.part) && !context.consent_withdrawn.contains(context.part)"
        yield f"({given}) || {TAKES_BACK}"
    free = [*BASIC, *([STAYS_EXEMPT[clause.basis.gateway]] if clause.basis.gateway in STAYS_EXEMPT else [])]
    said = "context.instruction.contains(context.part) || context.instruction_lapsed.contains(context.part)"
    yield f"{listed(free)}.contains(context.category) || !({said})"
    if clause.basis.article6 != "uk-gdpr:6(1)(c)":
        yield "!(context.objection.contains(context.part) || context.objection_upheld.contains(context.part))"


def exceptions(clause: Clause) -> Iterator[str]:
    """Flags which the clause honours further than the law does."""
    raised = {
        "instruction": ["instruction", "instruction_lapsed"],
        "objection": ["objection", "objection_upheld", "objection_overridden"],
        "provenance_dwp": ["provenance_dwp"],
    }
    for flag in sorted(clause.unless_flags):
        if flag == "shield":
            yield "!context.shield"
        for name in raised.get(flag, []):
            yield f"!context.{name}.contains(context.part)"


def listed(words: Iterable[str]) -> str:
    """A Cedar set of texts."""
    return "[" + ", ".join(json.dumps(str(word)) for word in sorted(words)) + "]"
