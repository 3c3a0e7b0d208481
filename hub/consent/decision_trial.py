"""A document's expectation held against the decision: what differs, said in words.

Only what the document states is compared; of reasons, all are, in any order. Nothing here decides:
the answer is `hub.consent.decision.decide`'s, as the hub and every gateway get it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hub.consent.agreement import AgreementBook
from hub.consent.decision import Decision, Permit, Reason, decide
from hub.consent.decision_document import DecisionDocument, Expected, ExpectedReason
from hub.consent.question import Question


@dataclass(frozen=True, slots=True)
class Trial:
    """One question of a document, its answer, and how that differs from what was expected."""

    question: Question
    decision: Decision
    differences: tuple[str, ...]


def try_document(document: DecisionDocument) -> tuple[Trial, ...]:
    """Answer each question of a document, and compare where it expects something."""
    book = AgreementBook.from_agreements(document.agreements)
    return tuple(_try(question, document, book) for question in document.questions)


def _try(question: Question, document: DecisionDocument, book: AgreementBook) -> Trial:
    decision = decide(question, book)
    expected = document.expected.get(question.category)
    differences = () if expected is None else tuple(_differences(expected, decision))
    return Trial(question, decision, differences)


def _differences(expected: Expected, decision: Decision) -> Iterator[str]:
    permit = decision.permit
    if expected.permitted and permit is None:
        yield f"expected permitted, found refused: {_list(decision.reasons)}"
    elif permit is not None and not expected.permitted:
        by = f"{permit.agreement} v{permit.version} clause {permit.clause}"
        yield f"expected refused, found permitted by {by}"
    elif permit is not None:
        yield from _other_permit(expected, permit)
    else:
        yield from _other_reasons(expected, decision)


def _other_permit(expected: Expected, permit: Permit) -> Iterator[str]:
    for name in ("agreement", "version", "clause", "basis"):
        wanted, found = getattr(expected, name), getattr(permit, name)
        if wanted not in {None, found}:
            yield f"{name}: expected {wanted}, found {found}"


def _other_reasons(expected: Expected, decision: Decision) -> Iterator[str]:
    if expected.reasons is not None:
        for wanted in expected.reasons:
            if not any(_matches(wanted, reason) for reason in decision.reasons):
                yield f"expected and not given: {_cited(wanted)}"
        for reason in decision.reasons:
            if not any(_matches(wanted, reason) for wanted in expected.reasons):
                yield f"given and not expected: {_cited(reason)}"
    could = decision.officer_could_permit
    if expected.officers_could_permit not in {None, could}:
        yield f"officers on both sides {'could' if could else 'could not'} permit it"


def _matches(wanted: ExpectedReason, given: Reason) -> bool:
    return wanted.code is given.code and all(
        getattr(wanted, name) in {None, getattr(given, name)} for name in ("agreement", "version", "clause")
    )


def _list(reasons: tuple[Reason, ...]) -> str:
    return ", ".join(dict.fromkeys(_cited(reason) for reason in reasons))


def _cited(reason: Reason | ExpectedReason) -> str:
    cited = [str(part) for part in (reason.agreement,) if part is not None]
    cited += [f"v{reason.version}"] if reason.version is not None else []
    cited += [f"clause {reason.clause}"] if reason.clause is not None else []
    return f"{reason.code.value} ({' '.join(cited)})" if cited else reason.code.value
