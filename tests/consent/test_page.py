"""The page that people read before they sign says all that the document says, and its digest."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from hub.consent.documents import agreement_digest, read_agreement
from hub.consent.page import CLOSING, lay_out, write_html, write_text
from hub.consent.wording import quoted
from hub.protocols.errors import MalformedMessage
from tests.consent.documents_by_chance import EXAMPLES, documents, example


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_page_says_who_may_tell_whom_what(path: Path) -> None:
    """Every party, every clause with every part and its basis, the days, and the digest that is signed."""
    document = example(path.stem)
    page, agreement = write_text(document), read_agreement(document)
    assert agreement_digest(document) in page
    assert f"{agreement.id}, version {agreement.version}" in page
    assert agreement.review.isoformat() in page
    for party in agreement.parties:
        assert f'"{party.name}"' in page
        assert f"member: {party.member}" in page
    for clause in agreement.clauses:
        assert f"\nClause {clause.number}: " in page
        assert all(f"({category.value})" in page for category in clause.categories)
    assert page.endswith(CLOSING)


def test_codes_are_told_in_words_with_the_code_behind() -> None:
    """An officer reads ages and purposes; who looks a decision up finds the code."""
    page = write_text(example())
    assert "- 16 and 17 years (age_16_17)" in page
    assert "article 6: public task; an objection counts (uk-gdpr:6(1)(e))" in page


def test_both_pages_are_the_same_words() -> None:
    """What stands on the one stands on the other, in the same order, and the digest on both."""
    document = example()
    html = write_html(document)
    for section in lay_out(document):
        assert f"<h2>{section.heading}" in html or f"<h1>{section.heading}" in html
    assert '<section id="clause-2.1">' in html
    assert html.count(agreement_digest(document)) == 2
    assert "@media print" in html


def test_a_page_cannot_be_written_by_the_text_that_it_shows() -> None:
    """Line breaks, markup and characters that turn a line round stay what they are: text in quotes."""
    document = example()
    document["subjects"]["geography"] = 'Kent"\nClause 9.9: all\u202e\\n<script>alert(1)</script>'
    page, html = write_text(document), write_html(document)
    assert '  geography: "Kent\\"\\nClause 9.9: all\\u{202e}\\\\n<script>alert(1)</script>"' in page
    assert "\nClause 9.9" not in page
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_group_is_spoken_of_without_its_underscores() -> None:
    """Clauses are sentences."""
    document = example("lambeth-careers-service")
    assert re.search(r"The [a-z ]+ may tell the [a-z ]+:", write_text(document))
    document["clauses"][0]["from"] = ["not a group"]
    assert 'The "not a group" may tell' in "\n".join(
        line.says for part in lay_out(document) for line in part.lines
    )


def test_what_the_page_does_not_know_is_shown_all_the_same() -> None:
    """A field of a later form is told by its own name, and an empty or unheard-of value as what it is."""
    document = {**example(), "weather": {"wind": [], "rain": None, "sun": True, "fog": False}}
    last = lay_out(document)[-1]
    assert last.heading == "weather"
    told = [(line.label, line.says) for line in last.lines]
    assert told == [("wind", "none"), ("rain", "nothing"), ("sun", "yes"), ("fog", "no")]
    assert lay_out({**example(), "title": 7})[0].heading == ""


@pytest.mark.parametrize(
    "other",
    [
        "K\u0435nt",
        "Kent\u034f",
        "Kent\ufe0f",
        "\u3164Kent",
        "Ke\u0301nt",
        "\u212aent",
        "\uff2bent",
        "Kent\u2800",
    ],
)
def test_two_texts_never_look_alike(other: str) -> None:
    """A letter of another script, a mark or blank that nobody sees, a letter put together of two."""
    assert "\\u{" in quoted(other)


def test_what_people_write_here_stays_as_they_write_it() -> None:
    """Welsh and Irish names, and the signs of a typed letter."""
    for text in ("Rhŵydwaith Ŷŵ Ẁẃ", "Síle Ní Bhriain", "Children\u2019s services \u2013 £5"):
        assert quoted(text) == f'"{text}"'


def test_a_page_says_by_which_clock_its_days_are_counted() -> None:
    """In summer a day by the clock in England ends an hour before it ends here."""
    for page in (write_text(example()), write_html(example())):
        assert "A day begins and ends at midnight UTC, in summer at one o'clock in England" in page


def test_what_is_no_agreement_has_no_page() -> None:
    """The same check as before signing."""
    for write in (write_text, write_html):
        with pytest.raises(MalformedMessage):
            write({"id": "agr_x"})


@settings(max_examples=60, deadline=None)
@given(documents(), documents())
def test_two_documents_never_give_the_same_page(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Digest aside: a difference anywhere in the bytes is a difference that a reader can see."""
    same = agreement_digest(one) == agreement_digest(other)
    assert (lay_out(one) == lay_out(other)) is same
