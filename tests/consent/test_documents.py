"""Agreement documents: what is read, what is refused, and that the published files are what is enforced."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.consent import table
from hub.consent.agreement import FlagName, State
from hub.consent.documents import (
    agreement_digest,
    agreement_schema,
    fill_template,
    read_agreement,
    reload_agreement,
    vocabularies,
)
from hub.consent.flags import NO_FLAGS
from hub.consent.question import Category, Purpose, Role, Scope
from hub.protocols import suites
from hub.protocols.errors import MalformedMessage
from hub.protocols.limits import DOCUMENT_BYTES
from hub.protocols.names import NoticeType

ROOT = Path(__file__).parent.parent.parent
PUBLISHED = ROOT / "agreements"
SHIPPED = ROOT / "hub" / "consent" / "schema"
EXAMPLES = sorted((PUBLISHED / "examples").glob("*.json"))


def load(path: Path) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The JSON of a file."""
    return json.loads(path.read_text("utf-8"))


def movers() -> dict[str, Any]:
    """The worked example of two councils, fresh for each test to spoil."""
    document: dict[str, Any] = load(PUBLISHED / "examples" / "kent-medway-movers.json")
    return document


def test_a_document_is_read_into_an_agreement() -> None:
    """Parties, clauses, basis and dates stand in the agreement as they stand on paper."""
    agreement = read_agreement(movers())
    assert (agreement.id, agreement.version) == ("agr_kent-medway-movers", 1)
    assert [party.member for party in agreement.parties] == ["mbr_kent", "mbr_medway"]
    assert (agreement.starts, agreement.review, agreement.grace_days) == (
        date(2026, 1, 1),
        date(2027, 6, 30),
        30,
    )
    clause = agreement.clauses[2]
    assert clause.number == "2.1"
    assert clause.categories == {Category.IDENTITY, Category.ADDRESS}
    assert clause.roles == {Role.TRACKING_TEAM, Role.CAREERS_SERVICE}
    assert clause.basis.text == "uk-gdpr:6(1)(e) esa2008:s17"
    assert clause.unless_flags == frozenset()


def test_what_is_read_is_not_in_force() -> None:
    """A document alone binds nobody: the state is what the hub records."""
    assert read_agreement(movers()).state is State.PROPOSED


def test_an_agreed_end_and_exceptions_are_read() -> None:
    """Optional terms count when they are there."""
    document = movers()
    document["life"]["ends"] = "2027-01-31"
    document["clauses"][2]["unless_flags"] = ["shield"]
    document["approval"] = {"officers_each_side": 2}
    agreement = read_agreement(document)
    assert agreement.ends == date(2027, 1, 31)
    assert agreement.officers_each_side == 2
    assert agreement.clauses[2].unless_flags == {FlagName.SHIELD}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_valid(path: Path) -> None:
    """Every published example can be signed as it is, and its name is its id."""
    agreement = read_agreement(load(path))
    assert agreement.id == f"agr_{path.stem}"
    assert reload_agreement(load(path)) == agreement


@pytest.mark.parametrize(
    "path", sorted((PUBLISHED / "examples" / "answers").glob("*.json")), ids=lambda p: p.stem
)
def test_examples_are_filled_templates(path: Path) -> None:
    """The template asks at most twelve questions and fills in the rest."""
    example = load(PUBLISHED / "examples" / path.name)
    template = load(PUBLISHED / "templates" / f"{example['template']['name']}.json")
    assert len(template["questions"]) <= 12
    assert fill_template(template, load(path)) == example


def test_a_template_with_other_answers_is_refused() -> None:
    """A missing, a strange and an unfit answer are each told apart from a filled template."""
    template = load(PUBLISHED / "templates" / "two-council.json")
    answers = load(PUBLISHED / "examples" / "answers" / "kent-medway-movers.json")
    with pytest.raises(MalformedMessage, match="answers needed are: agreement_id"):
        fill_template(template, {**answers, "shoe_size": "9"})
    with pytest.raises(MalformedMessage, match="answers needed"):
        fill_template(template, {})
    simple: Any = {
        "questions": [{"name": "who"}],
        "agreement": {"title": "Movers of ${who}", "n": 1, "of": ["${who}"]},
    }
    assert fill_template(simple, {"who": "Kent"}) == {"title": "Movers of Kent", "n": 1, "of": ["Kent"]}
    with pytest.raises(MalformedMessage, match="who must be text"):
        fill_template(simple, {"who": ["Kent"]})


def test_the_digest_is_of_the_document_and_not_of_its_layout() -> None:
    """Whoever signs the same words signs the same digest; a changed word changes it."""
    document = movers()
    assert agreement_digest(dict(reversed(document.items()))) == agreement_digest(movers())
    document["title"] = "Another title"
    assert agreement_digest(document) != agreement_digest(movers())


@pytest.mark.parametrize("name", ["agreement-v1.schema.json", "vocabularies.json"])
def test_what_people_read_is_what_is_enforced(name: str) -> None:
    """The files under agreements/schema are those that travel with the code."""
    assert (PUBLISHED / "schema" / name).read_bytes() == (SHIPPED / name).read_bytes()


def test_vocabularies_are_the_words_of_the_code() -> None:
    """No code without a label and no label without a code."""
    words = {
        "category": {category.value for category in Category},
        "role": {role.value for role in Role} - {Role.OTHER.value},
        "notice_type": {kind.value for kind in NoticeType},
        "scope": {scope.value for scope in Scope},
        "purpose": {purpose.value for purpose in Purpose},
        "flag": set(NO_FLAGS.to_json()),
        "unless_flag": {flag.value for flag in FlagName},
        "gateway": set(table.GATEWAYS),
        "article6": {table.CONSENT, table.PUBLIC_TASK, table.LEGAL_OBLIGATION},
        "suite": set(suites.SUITES),
    }
    published = vocabularies()
    assert {name: set(published[name]) for name in words} == words
    assert table.EXPLICIT_CONSENT in published["special_condition"]
    assert all(term["label"] for terms in published.values() for term in terms.values())


def test_every_list_in_the_schema_is_a_published_vocabulary() -> None:
    """Each closed list of the schema is, word for word, one of the vocabularies."""
    lists = {tuple(sorted(words)) for words in found_enums(agreement_schema())}
    assert lists <= {tuple(sorted(terms)) for terms in vocabularies().values()}
    assert len(lists) >= 10


def found_enums(schema: Any) -> list[list[str]]:  # noqa: ANN401 - walks any JSON
    """Every enum anywhere in a schema."""
    children = (
        list(schema.values()) if isinstance(schema, dict) else schema if isinstance(schema, list) else []
    )
    here = [schema["enum"]] if isinstance(schema, dict) and isinstance(schema.get("enum"), list) else []
    return here + [words for child in children for words in found_enums(child)]


def test_a_document_beyond_the_limit_is_refused_unread() -> None:
    """The limit holds before anything else looks at the document."""
    with pytest.raises(MalformedMessage, match=f"longer than {DOCUMENT_BYTES} bytes"):
        read_agreement({"title": "x" * DOCUMENT_BYTES})


def test_a_float_is_refused() -> None:
    """Canonical bytes know no floats, so no two readers can differ about a digest."""
    document = movers()
    document["version"] = 1.0
    with pytest.raises(MalformedMessage):
        read_agreement(document)


def test_a_contradiction_is_refused_by_clause() -> None:
    """A document can be well formed and still promise what no rule would permit."""
    document = movers()
    document["clauses"][2]["roles"] = ["named_officer"]
    with pytest.raises(MalformedMessage, match=r"clause 2\.1: the rules never release") as caught:
        read_agreement(document)
    assert caught.value.code == "agreement-contradictory"


def test_many_faults_are_told_ten_at_a_time() -> None:
    """The list stays one that a person can work through, and says how many more there are."""
    document = movers()
    document["clauses"] = [{"number": f"{number}"} for number in range(1, 14)]
    with pytest.raises(MalformedMessage, match=r"clause 10: missing: .*; and 3 more$") as caught:
        read_agreement(document)
    assert caught.value.code == "agreement-malformed"
