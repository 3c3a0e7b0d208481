"""From a template and a few answers to a document that can be signed, or to the reason why not."""

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.consent.documents import agreement_digest, read_agreement
from hub.consent.draft import MOST_QUESTIONS, draft, next_version, party_like, questions
from hub.protocols.errors import MalformedMessage
from tests.consent.documents_by_chance import example

TEMPLATES = sorted((Path(__file__).parents[2] / "agreements" / "templates").glob("*.json"))
AS_TYPED: dict[str, Any] = {
    "agreement_id": "agr_surrey-sussex-movers",
    "title": "Movers between Surrey and West Sussex",
    "parties": [
        "mbr_surrey; Surrey County Council; dfe_la 936; ZX000936; dpo@surrey.example",
        "mbr_west-sussex; West Sussex County Council; dfe_la 938; ZX000938; dpo@westsussex.example",
    ],
    "geography": "Young people who move between the two counties.",
    "dpia_reference": "DPIA 12",
    "dpia_date": "2026-09-01",
    "privacy_notices": ["Surrey, section 4", "West Sussex, section 4"],
    "starts": "2026-12-01",
    "review": "2027-11-30",
}


def template(name: str = "two-council") -> Any:  # noqa: ANN401 - whatever JSON holds
    """A published template, fresh for each test to spoil."""
    return json.loads(next(path for path in TEMPLATES if path.stem == name).read_text("utf-8"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_asks_at_most_twelve_questions(path: Path) -> None:
    """And says of each how it is answered."""
    asked = questions(template(path.stem))
    assert 0 < len(asked) <= MOST_QUESTIONS
    assert {one.form for one in asked} <= {"text", "day", "lines", "parties"}


def test_answers_as_typed_give_a_document_that_can_be_signed() -> None:
    """A party is one line; the template says its group, its capacity and who signs for it."""
    document: Any = draft(template(), AS_TYPED)
    agreement = read_agreement(document)
    assert agreement.id == "agr_surrey-sussex-movers"
    assert [party.group for party in agreement.parties] == ["councils", "councils"]
    assert document["parties"][0]["dpo"]["email"] == "dpo@surrey.example"
    assert document["parties"][0]["code"] == {"scheme": "dfe_la", "value": "936"}


def test_a_party_goes_into_the_group_of_its_kind_of_number() -> None:
    """An authority and a college on one page are not in one group."""
    college = "mbr_thames-college; Thames College; ukprn 10099999; ZX100999; dpo@college.example"
    document: Any = draft(template("college"), {**AS_TYPED, "parties": [AS_TYPED["parties"][0], college]})
    assert [(party["group"], party["signatory"]) for party in document["parties"]] == [
        ("authorities", "Director of Children's Services"),
        ("institutions", "Principal"),
    ]


def test_a_party_may_be_told_in_full() -> None:
    """As group 2 of the schema has it."""
    parties = example()["parties"]
    document: Any = draft(template(), {**AS_TYPED, "parties": parties})
    assert document["parties"] == parties


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"review": "30/11/2027"}, "the answer review must be a day such as 2027-06-30"),
        ({"privacy_notices": "one"}, "the answer privacy_notices must be a list, one a line"),
        ({"title": ["a", "b"]}, "the answer title must be one text"),
        ({"parties": ["mbr_surrey; Surrey"]}, "a party is one line: member id; legal name; "),
        ({"parties": ["mbr_a1; A; dfe_la; ZX000936; a@b"]}, "a party is one line: "),
        ({"parties": ["mbr_a1; A; ukprn 1; ZX000936; a@b"]}, "no parties with a number of ukprn"),
        ({"parties": "mbr_surrey"}, "the answer parties must be a list, one a line"),
        ({"agreement_id": "surrey"}, "id: must be the agreement's id, such as agr_kent-medway-movers"),
        ({"review": "2026-11-30"}, "life: the review must come after the start"),
        ({"shoe_size": "9"}, "the answers needed are: agreement_id, title"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_in_words(wrong: dict[str, Any], says: str) -> None:
    """With the question it belongs to, or the place in the document."""
    with pytest.raises(MalformedMessage, match=r"template-answers|agreement-") as fault:
        draft(template(), {**AS_TYPED, **wrong})
    assert says in fault.value.detail


def test_an_answer_that_is_missing_is_named_with_all_that_are_needed() -> None:
    """The list of questions is the next step; what was typed beside them is not repeated."""
    fewer = {name: answer for name, answer in AS_TYPED.items() if name != "starts"}
    with pytest.raises(MalformedMessage, match="missing: starts; the answers needed are: agreement_id"):
        draft(template(), fewer)
    with pytest.raises(MalformedMessage, match="missing: starts; not asked for: 1 more; the answers needed"):
        draft(template(), {**fewer, "strats": "2027-01-01"})


def test_a_template_that_asks_too_much_is_refused() -> None:
    """Nobody answers thirteen questions in one sitting."""
    long = template()
    long["questions"] += [{"name": f"more_{one}", "ask": "?"} for one in range(4)]
    with pytest.raises(MalformedMessage, match="template-long"):
        draft(long, AS_TYPED)


def test_the_next_version_names_its_predecessor_by_digest() -> None:
    """The same words under new days; nothing else changes."""
    before = example()
    untouched = copy.deepcopy(before)
    after: Any = next_version(before, starts=date(2027, 7, 1), review=date(2028, 6, 30))
    assert before == untouched
    assert after["version"] == 2
    assert after["supersedes"] == {"version": 1, "digest": agreement_digest(before)}
    assert (after["life"]["starts"], after["life"]["review"]) == ("2027-07-01", "2028-06-30")
    same = next_version(before)
    assert same == {**before, "version": 2, "supersedes": after["supersedes"]}
    with pytest.raises(MalformedMessage, match="the review must come after the start"):
        next_version(before, review=date(2025, 1, 1))


def test_a_newcomer_is_told_by_one_line_and_stands_like_the_others_of_its_group() -> None:
    """Capacity and signatory are those of who is there; a kind of number that nobody has does not fit."""
    line = "mbr_surrey; Surrey County Council; dfe_la 936; ZX000936; dpo@surrey.example"
    party: Any = party_like(example(), "councils", line)
    assert (party["member"], party["group"], party["capacity"]) == ("mbr_surrey", "councils", "controller")
    for group, wrong in (("institutions", line), ("councils", line.replace("dfe_la", "ukprn"))):
        with pytest.raises(MalformedMessage, match="there are no parties with a number of"):
            party_like(example(), group, wrong)
