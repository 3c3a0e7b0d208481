"""The page that people read before they sign says all that the document permits, and its digest."""

import json
from pathlib import Path

import pytest

from adapters.member.agreement_page import write_page
from hub.consent.documents import agreement_digest, read_agreement
from hub.consent.explain import WHAT
from hub.protocols.errors import MalformedMessage

EXAMPLES = sorted((Path(__file__).parents[3] / "agreements" / "examples").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_page_says_who_may_tell_whom_what(path: Path) -> None:
    """Every party, every clause with every part and its basis, the days, and the digest that is signed."""
    document = json.loads(path.read_text("utf-8"))
    page, agreement = write_page(document), read_agreement(document)
    assert agreement_digest(document) in page
    assert f"{agreement.id}, version {agreement.version}" in page
    assert agreement.review.isoformat() in page
    for party in agreement.parties:
        assert f"{party.name} ({party.member})" in page
    for clause in agreement.clauses:
        assert f"\n{clause.number}  The " in page
        assert clause.basis.text in page
        assert all(WHAT[category] in page for category in clause.categories)
    assert page.endswith("What no clause above lists may not be told.")


def test_codes_are_told_in_words() -> None:
    """An officer reads ages and purposes, not codes."""
    page = write_page(json.loads(EXAMPLES[0].read_text("utf-8")))
    assert "16 and 17 years" in page
    assert "age_16_17" not in page


def test_an_end_and_an_exception_are_told() -> None:
    """Where the document has them."""
    document = json.loads(EXAMPLES[0].read_text("utf-8"))
    document["life"]["ends"] = "2029-01-01"
    document["clauses"][0]["unless_flags"] = ["objection"]
    page = write_page(document)
    assert "It ends on 2029-01-01." in page
    assert "not under objection" in page


def test_what_is_no_agreement_has_no_page() -> None:
    """The same check as before signing."""
    with pytest.raises(MalformedMessage):
        write_page({"id": "agr_x"})
