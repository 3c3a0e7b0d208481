"""May I tell them this? The same decision as for a real notice, asked before there is one.

The caller is always the sender. It learns what its own agreements with the recipient say, and
nothing about any notice: none is read. For whom a careers company acts it is told only where it has
an agreement with that authority; otherwise the answer is as if there were no mandate.
"""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter

from hub.consent.decision import Decision, dry_run
from hub.consent.explain import explain
from hub.consent.flags import Flags
from hub.consent.question import Actor, Category, Question
from hub.consent.table import role_addressed
from hub.exchange.errors import Declined
from hub.exchange.ports import Work
from hub.exchange.reception import Terms, read_terms, stand_apart
from hub.exchange.stages import Standing
from hub.exchange.web import schemas
from hub.exchange.web.desk import CallerIs, DeskIs, Guarded
from hub.exchange.web.pages import named
from hub.exchange.web.rules import Rule, ruled
from hub.protocols.names import MemberId

router = APIRouter(route_class=Guarded, tags=["agreements"])


@router.post("/v1/agreement-evaluations", response_model=schemas.Evaluated)
@ruled(Rule.PARTY)
async def post_evaluation(body: schemas.Evaluation, desk: DeskIs, caller: CallerIs) -> dict[str, Any]:
    """Decide, for the fact of a match and each of the ten parts, what might be told, and say why."""

    def evaluate(work: Work) -> list[dict[str, Any]]:
        terms = read_terms(work, desk.hub.now())
        question = _question(body, caller.member, terms)
        apart = stand_apart(caller.member, question.recipient.member, terms.members)
        names = {member.member: member.name for member in terms.members.values()}
        return [_decision(one, question, names) for one in dry_run(question, terms.agreements, apart)]

    return {"data": await desk.read(evaluate)}


def _question(asked: schemas.Evaluation, sender: MemberId, terms: Terms) -> Question:
    recipient = MemberId(named(asked.recipient, "mbr"))
    known = terms.members.get(recipient)
    if known is None or known.standing is Standing.INVITED:
        raise Declined("recipient-unknown", "the recipient is not a member")
    acts_for = None if asked.acts_for is None else MemberId(named(asked.acts_for, "mbr"))
    if acts_for is not None and (acts_for, sender) not in terms.mandates:
        raise Declined("mandate-missing", "you hold no mandate of that authority in force")
    teller = _actor(sender, acts_for, terms)
    told = _actor(recipient, _only_mandate(recipient, terms), terms)
    if not terms.agreements.between(teller, told):
        told = _actor(recipient, None, terms)
    told = replace(told, role=role_addressed(told.kind, told.role, asked.notice_type))
    return Question(
        category=Category.FACT_OF_MATCH,
        notice_type=asked.notice_type,
        purpose=asked.purpose,
        sender=teller,
        recipient=told,
        scope=asked.scope,
        flags=Flags.from_json(asked.flags),
        asserted_at=terms.at,
        evidence=asked.evidence,
        standing_request=(told.acts_for or told.member, sender) in terms.requests,
        confirmed_same=asked.confirmed_same,
        approved_by=frozenset(),
        over_quota=False,
        asked_at=terms.at,
    )


def _actor(member: MemberId, acts_for: MemberId | None, terms: Terms) -> Actor:
    known = terms.members[member]
    return Actor(member, known.kind, known.role, acts_for, acts_for is not None)


def _only_mandate(member: MemberId, terms: Terms) -> MemberId | None:
    authorities = [authority for authority, company in terms.mandates if company == member]
    return authorities[0] if len(authorities) == 1 else None


def _decision(decision: Decision, question: Question, names: dict[MemberId, str]) -> dict[str, Any]:
    permit = decision.permit
    return {
        "category": decision.category.value,
        "permitted": decision.permitted,
        "agreement": None if permit is None else permit.agreement,
        "version": None if permit is None else permit.version,
        "clause": None if permit is None else permit.clause,
        "basis": None if permit is None else permit.basis,
        "reasons": [
            {
                "code": reason.code.value,
                "agreement": reason.agreement,
                "version": reason.version,
                "clause": reason.clause,
                "detail": reason.detail,
            }
            for reason in decision.reasons
        ],
        "says": explain(decision, question, names),
    }
