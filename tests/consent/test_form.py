"""Faults of form, in words that the author of an agreement can act on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.consent.documents import agreement_schema
from hub.consent.form import faults_of_form

EXAMPLE = Path(__file__).parent.parent.parent / "agreements" / "examples" / "kent-medway-movers.json"
Spoil = Callable[[dict[str, Any]], object]


def faults_after(spoil: Spoil) -> list[str]:
    """What is said of the worked example after it has been spoiled."""
    document = json.loads(EXAMPLE.read_text("utf-8"))
    spoil(document)
    return list(faults_of_form(document, agreement_schema()))


SPOILED: dict[str, tuple[Spoil, str]] = {
    "a clause without basis": (lambda d: d["clauses"][2].pop("basis"), "clause 2.1: missing: basis"),
    "an unknown category": (
        lambda d: d["clauses"][3]["categories"].append("shoe_size"),
        "clause 2.2, categories, item 3: may only be one of fact_of_match, identity, address",
    ),
    "an unknown field": (
        lambda d: d["clauses"][3].update(shoe_size="9"),
        "clause 2.2: holds a field that is not known; known are number, title",
    ),
    "a doubled category": (
        lambda d: d["clauses"][3]["categories"].append("contact"),
        "clause 2.2, categories: names something twice",
    ),
    "no category at all": (
        lambda d: d["clauses"][3]["categories"].clear(),
        "clause 2.2, categories: needs at least 1",
    ),
    "a clause that is no group": (
        lambda d: d["clauses"].append("2.9"),
        "the clause in place 14: must be a group of fields",
    ),
    "a clause without number": (
        lambda d: d["clauses"][0].pop("number"),
        "the clause in place 1: missing: number",
    ),
    "a clause with an odd number": (
        lambda d: d["clauses"][0].update(number="first"),
        "the clause in place 1, number: must be the number that decisions cite, such as 2.1",
    ),
    "a party's address": (
        lambda d: d["parties"][1]["dpo"].update(email="nobody"),
        "party 2, dpo, email: must be an e-mail address",
    ),
    "onward sharing": (lambda d: d.update(onward_sharing=True), "onward_sharing: must be false"),
    "a number as text": (
        lambda d: d["life"].update(grace_days="30"),
        "life, grace_days: must be a whole number",
    ),
    "too long a grace": (lambda d: d["life"].update(grace_days=61), "life, grace_days: must be from 0 to 60"),
    "a negative grace": (lambda d: d["life"].update(grace_days=-1), "life, grace_days: must be from 0 to 60"),
    "an empty title": (lambda d: d.update(title=""), "title: must not be empty"),
    "a long title": (lambda d: d.update(title="x" * 201), "title: may have at most 200 characters"),
    "too many purposes": (
        lambda d: d["purposes"].extend(d["purposes"] * 2),
        "purposes: may have at most 4",
    ),
    "a flag that is not honoured": (lambda d: d["flags"].pop("objection"), "flags: missing: objection"),
    "a day in words": (
        lambda d: d["life"].update(starts="1 January"),
        "life, starts: must be a day such as 2026-11-21",
    ),
    "a day that is none": (
        lambda d: d["life"].update(review="2027-06-31"),
        "life: review is no day of the calendar",
    ),
    "an assessment on no day": (
        lambda d: d["dpia"].update(date="2025-02-29"),
        "dpia: date is no day of the calendar",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_fault_names_the_place_and_the_cause(name: str) -> None:
    """One fault, one sentence: where it is and what is wanted there."""
    spoil, said = SPOILED[name]
    (fault,) = faults_after(spoil)
    assert fault.startswith(said)
    assert "shoe" not in fault


def test_faults_are_told_in_the_order_of_the_document() -> None:
    """The third clause before the eleventh, and each fault once for all that is missing in one place."""

    def spoil(document: dict[str, Any]) -> None:
        document["clauses"] = [dict(document["clauses"][0], number=f"{n}") for n in range(1, 12)]
        for n in (10, 2):
            del document["clauses"][n]["title"], document["clauses"][n]["justification"]

    assert list(dict.fromkeys(faults_after(spoil))) == [
        "clause 3: missing: title, justification",
        "clause 11: missing: title, justification",
    ]


def test_an_unspoiled_document_has_no_fault() -> None:
    """The worked example is well formed, with and without what is optional."""
    assert faults_after(lambda _: None) == []
    assert faults_after(lambda d: d.pop("dpia")) == []


def test_what_is_no_group_of_fields_is_told_as_the_whole() -> None:
    """A list or a text in place of a document is one fault."""
    assert list(faults_of_form([], agreement_schema())) == ["the document: must be a group of fields"]


def test_every_keyword_of_the_schema_can_be_told_in_words() -> None:
    """A keyword that nobody wrote words for would fail when a fault is told, and so fails here."""
    silent = {"$schema", "$id", "$defs", "$ref", "title", "description", "properties", "items"}
    told = {"required", "additionalProperties", "enum", "const", "type", "uniqueItems", "pattern"}
    told |= {"minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum"}
    assert keywords(agreement_schema()) <= silent | told


def keywords(schema: dict[str, Any]) -> set[str]:
    """Every keyword used anywhere in a schema; names of properties are none."""
    found = set(schema)
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    if "items" in schema:
        inner.append(schema["items"])
    return found.union(*(keywords(child) for child in inner))
