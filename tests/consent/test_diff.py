"""What changed between two versions, in sentences, and whether more may be told afterwards."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

from hub.consent.diff import Way, changes
from tests.consent.documents_by_chance import documents, example

Document = dict[str, Any]


def told(change: Callable[[Document], object]) -> list[tuple[str, str]]:
    """What is said of one change to the worked example."""
    after = example()
    change(after)
    return [(each.way.value, each.says) for each in changes(example(), after)]


def test_no_change_is_no_sentence() -> None:
    """The same bytes."""
    assert changes(example(), example()) == []


def test_one_more_part_widens_and_one_less_narrows() -> None:
    """In the words of the clause."""
    assert told(lambda document: document["clauses"][2]["categories"].append("parent")) == [
        (
            "widens",
            "Clause 2.1 now also lets be told: name and address of a parent of a person under 18 (parent).",
        )
    ]
    assert told(lambda document: document["clauses"][2]["roles"].remove("tracking_team")) == [
        (
            "narrows",
            "Clause 2.1 no longer lets receive: tracking team of an authority (tracking_team).",
        )
    ]


def test_an_exception_narrows_and_its_end_widens() -> None:
    """`unless_flags` is the one list whose longer form permits less."""
    assert told(lambda document: document["clauses"][0].update(unless_flags=["shield"]))[0][0] == "narrows"
    before = example()
    before["clauses"][0]["unless_flags"] = ["shield"]
    assert [each.way for each in changes(before, example())] == [Way.WIDENS]


def test_clauses_and_parties_come_and_go() -> None:
    """Each is named by what decisions cite, with the gist of what it lets happen."""
    ((way, says),) = told(lambda document: document["clauses"].pop(2))
    assert way == "narrows"
    assert says.startswith('Clause 2.1 is left out, "Names, date of birth, address": the councils may tell')

    def joins(document: Document) -> None:
        document["parties"].append(
            {**document["parties"][0], "member": "mbr_surrey", "name": "Surrey County Council"}
        )

    assert told(joins) == [
        ("widens", 'Party mbr_surrey is new: "Surrey County Council", one of the councils.')
    ]
    assert told(lambda document: document["purposes"].pop())[0] == (
        "narrows",
        "Purpose send_transfer is left out.",
    )


@pytest.mark.parametrize(
    ("field", "value", "way"),
    [
        ("review", "2028-06-30", "widens"),
        ("review", "2026-12-31", "narrows"),
        ("grace_days", 29, "narrows"),
        ("ends", "2027-01-01", "narrows"),
        ("starts", "2026-02-01", "narrows"),
        ("starts", "2025-12-31", "widens"),
    ],
)
def test_a_longer_life_widens(field: str, value: object, way: str) -> None:
    """A later review keeps it flowing for longer."""
    ((found, says),) = told(lambda document: document["life"].update({field: value}))
    assert found == way
    assert str(value) in says


@pytest.mark.parametrize(
    ("name", "code", "way"),
    [
        ("article6", "uk-gdpr:6(1)(c)", "widens"),
        ("article6", "uk-gdpr:6(1)(a)", "narrows"),
        ("gateway", "esa2008:s68", "widens"),
        ("special_condition", "uk-gdpr:9(2)(a)", "widens"),
        ("special_condition", "uk-gdpr:9(2)(g)+dpa2018:sch1-6", "widens"),
        ("offence_condition", "uk-gdpr:10+dpa2018:sch1-6", "widens"),
        ("policy_document", "APD 1", "neither"),
    ],
)
def test_a_basis_on_which_less_stands_against_it_widens(name: str, code: str, way: str) -> None:
    """An objection stops a public task and no obligation; a condition lets special parts go."""
    before = example()
    before["clauses"][0]["basis"] = {"article6": "uk-gdpr:6(1)(e)", "gateway": "esa2008:s17"}
    after = copy.deepcopy(before)
    after["clauses"][0]["basis"][name] = code
    assert [each.way.value for each in changes(before, after)] == [way]


def test_who_may_join_and_who_approves_widens_and_narrows() -> None:
    """Open to others, or with one officer where two were needed, more reaches more."""
    opened = {**example(), "accession": {"groups": ["councils"]}}
    twice = {**example(), "approval": {"officers_each_side": 2}}
    once = {**example(), "approval": {"officers_each_side": 1}}
    for narrow, wide in ((example(), opened), (twice, example()), (twice, once)):
        assert [each.way for each in changes(narrow, wide)] == [Way.WIDENS]
        assert [each.way for each in changes(wide, narrow)] == [Way.NARROWS]
    assert [each.way for each in changes(once, example())] == [Way.NEITHER]
    more = {**opened, "accession": {"groups": ["councils", "colleges"]}}
    assert [each.way for each in changes(opened, more)] == [Way.WIDENS]


def test_a_party_that_changes_sides_widens() -> None:
    """Other clauses speak of it then."""
    ((way, _),) = told(lambda document: document["parties"][0].update(group="others"))
    assert way == "widens"
    assert told(lambda document: document["not_for"].remove("debt"))[0][0] == "widens"
    assert told(lambda document: document["not_for"].append("other"))[0][0] == "narrows"


def test_an_end_that_is_dropped_widens() -> None:
    """Without its end it goes on to its review."""
    before = example()
    before["life"]["ends"] = "2027-01-01"
    assert [each.way for each in changes(before, example())] == [Way.WIDENS]


def test_other_fields_are_told_as_they_were_and_are() -> None:
    """By the name that the page has for them."""
    assert told(lambda document: document["breach"].update(tell_parties_within_hours=48)) == [
        ("neither", "Breach, tell parties within hours was 24 and is now 48.")
    ]
    ((_, says),) = told(lambda document: document.pop("dpia"))
    assert says.startswith("Data protection impact assessment is left out; it said ")
    assert told(lambda document: document["purposes"][0].update(text="Another."))[0][1].startswith(
        "Purpose participation, text was "
    )
    assert (
        told(lambda document: document.update(weather={"wind": []}))[0][1] == "Weather is new: wind nothing."
    )
    assert told(lambda document: document["not_for"].remove("debt"))[0][1].startswith(
        "Never for no longer says"
    )
    assert told(lambda document: document["privacy_notices"].append("A third"))[0][1] == (
        'Privacy notices now also says "A third".'
    )


def test_an_order_that_changed_is_a_change() -> None:
    """The digest is another, so there is something to say."""
    assert told(lambda document: document["clauses"].reverse()) == [
        ("neither", "Clauses stand in another order.")
    ]
    assert (
        told(lambda document: document["clauses"][0]["categories"].extend(["fact_of_match"]))[0][0]
        == "neither"
    )
    assert "another order" in told(lambda document: document["not_for"].reverse())[0][1]
    assert "another order" in told(lambda document: document["clauses"][0]["roles"].reverse())[0][1]


def test_parties_that_are_there_twice_are_compared_as_a_list() -> None:
    """Such a document is refused elsewhere; here no difference is passed over."""

    def doubles(document: Document) -> None:
        document["parties"].append(copy.deepcopy(document["parties"][0]))

    assert [way for way, _ in told(doubles)] == ["neither"]


@settings(max_examples=60, deadline=None)
@given(documents(), documents())
def test_there_is_a_sentence_exactly_where_there_is_a_difference(one: Document, other: Document) -> None:
    """And its opposite from the other side."""
    there, back = changes(one, other), changes(other, one)
    assert bool(there) is bool(back) is (one != other)
