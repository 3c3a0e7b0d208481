"""Questions as Cedar requests, and the answer that Cedar gives.

The engine is Amazon's Cedar by way of `cedarpy`: another language, other people, other rules of
evaluation. A policy that ends in an error is no answer: it fails the comparison.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cedarpy

from hub.consent.agreement import Agreement
from hub.consent.question import Actor, Question
from tests.consent.cedar_policies import RULES, micros, policies

MOST_BOOKS = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What Cedar said."""

    permitted: bool
    named: frozenset[str]
    """Of a permit the clauses that permit; of a refusal the codes of the rules that forbid."""


class Oracle:
    """The rules, parsed once; agreements are added for each book."""

    def __init__(self, rules: str = RULES) -> None:
        self._rules = cedarpy.PolicySet.from_str(rules)
        self._books: dict[str, cedarpy.PolicySet] = {"": self._rules}

    def book(self, agreements: Iterable[Agreement]) -> cedarpy.PolicySet:
        """The rules together with the clauses of these agreements."""
        text = policies(agreements)
        if text not in self._books:
            if len(self._books) > MOST_BOOKS:
                self._books = {"": self._rules}
            self._books[text] = self._rules.with_added_str(text)
        return self._books[text]

    def decide(self, question: Question, book: cedarpy.PolicySet) -> Answer:
        """Ask Cedar the question."""
        return read(cedarpy.is_authorized(request(question), book, []))


def read(result: cedarpy.AuthzResult) -> Answer:
    """Cedar's answer, once it was reached without an error."""
    if result.diagnostics.errors:
        raise AssertionError(result.diagnostics.errors)
    return Answer(result.allowed, frozenset(result.diagnostics.id_annotations_by_reason.values()))


def request(question: Question) -> dict[str, Any]:
    """A question, every fact of it in the context."""
    return {
        "principal": {"type": "Member", "id": question.recipient.member},
        "action": {"type": "Action", "id": "tell"},
        "resource": {"type": "Category", "id": question.category.value},
        "context": context(question),
    }


def context(question: Question) -> dict[str, Any]:
    """The facts, as Cedar's whole numbers, texts, truths and sets."""
    flags = question.flags
    return {
        "category": question.category.value,
        "part": "identity" if question.category == "fact_of_match" else question.category.value,
        "type": question.notice_type.value,
        "purpose": str(question.purpose),
        "scope": "" if question.scope is None else question.scope.value,
        "pairs": pairs(question.sender, question.recipient),
        "sender": question.sender.member,
        "sender_kind": question.sender.kind.value,
        "sender_acts": question.sender.acts_for is not None,
        "sender_mandate": question.sender.mandate,
        "recipient": question.recipient.member,
        "recipient_kind": question.recipient.kind.value,
        "recipient_role": question.recipient.role.value,
        "recipient_acts": question.recipient.acts_for is not None,
        "recipient_mandate": question.recipient.mandate,
        "evidence": question.evidence.value,
        "standing_request": question.standing_request,
        "confirmed_same": question.confirmed_same,
        "approved_by": sorted(question.approved_by),
        "over_quota": question.over_quota,
        "now": micros(question.asked_at),
        "asserted_ago": micros(question.asked_at) - micros(question.asserted_at),
        **flags.to_json(),
    }


def pairs(sender: Actor, recipient: Actor) -> list[str]:
    """Who could be telling whom: each stands for itself and for the authority that it acts for."""
    return [
        f"{giver}>{taker}"
        for giver in standing_for(sender)
        for taker in standing_for(recipient)
        if giver != taker
    ]


def standing_for(actor: Actor) -> list[str]:
    """The member, and the authority for which it acts."""
    return [actor.member, *([actor.acts_for] if actor.acts_for else [])]
