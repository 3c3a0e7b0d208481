"""Who may tell whom what, by which notice, at one glance; a gap is as plain to see as a flow."""

import csv
import io
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.consent.agreement import Agreement, State
from hub.consent.documents import read_agreement
from hub.consent.matrix import Cell, Flow, matrix, participants, table, to_csv
from hub.consent.matrix_picture import to_svg
from hub.consent.question import Category
from hub.protocols.names import MemberId, NoticeType
from tests.consent.documents_by_chance import example

AT = datetime(2026, 11, 22, tzinfo=UTC)
KENT, MEDWAY, LAMBETH, SOUTHWARK = (
    MemberId(f"mbr_{name}") for name in ("kent", "medway", "lambeth", "southwark")
)
COMPANY = MemberId("mbr_thames-careers")


def region(**states: State) -> list[Agreement]:
    """Kent with Medway in force, Lambeth with Southwark lapsed; states may be said."""
    return [
        read_agreement(example(name)).recorded_as(states.get(name.partition("-")[0], State.IN_FORCE))
        for name in ("kent-medway-movers", "lambeth-southwark-movers")
    ]


def cell(kind: NoticeType, sender: MemberId, recipient: MemberId, *more: Any, **states: State) -> Cell:  # noqa: ANN401
    """One cell of the region's matrix."""
    agreements = region(**states)
    cells = matrix(agreements, participants(agreements, *more), AT)
    return next(
        one for one in cells if (one.notice_type, one.sender, one.recipient) == (kind, sender, recipient)
    )


def test_a_flow_names_every_category_and_its_clause() -> None:
    """As a decision would cite it."""
    found = cell(NoticeType.MOVED_OUT, KENT, MEDWAY)
    assert found.flow is Flow.FLOWS
    assert found.told[Category.ADDRESS] == ("agr_kent-medway-movers v1, 2.1",)
    assert found.mark == str(len(found.told)) == "6"


@pytest.mark.parametrize(
    ("sender", "recipient", "state", "flow"),
    [
        (KENT, LAMBETH, State.IN_FORCE, Flow.NO_AGREEMENT),
        (LAMBETH, SOUTHWARK, State.IN_FORCE, Flow.LAPSED),
        (KENT, MEDWAY, State.SUSPENDED, Flow.SUSPENDED),
        (KENT, MEDWAY, State.PROPOSED, Flow.NOT_YET),
        (KENT, MEDWAY, State.ENDED, Flow.LAPSED),
    ],
)
def test_a_gap_says_why(sender: MemberId, recipient: MemberId, state: State, flow: Flow) -> None:
    """No agreement, suspended, lapsed, and not signed by all yet are four different things to do."""
    found = cell(NoticeType.MOVED_OUT, sender, recipient, kent=state)
    assert (found.flow, found.told) == (flow, {})


def test_a_kind_of_notice_that_is_not_listed_is_a_gap_too() -> None:
    """The two councils say nothing of enrolments."""
    assert cell(NoticeType.CROSS_BORDER_ENROLMENT, KENT, MEDWAY).flow is Flow.NOT_LISTED


def test_a_careers_company_stands_where_its_authority_does() -> None:
    """Under the mandate, and only by clauses that name the careers service."""
    mandates = [(MEDWAY, COMPANY), (MemberId("mbr_stranger"), COMPANY)]
    found = cell(NoticeType.MOVED_OUT, KENT, COMPANY, mandates)
    assert Category.IDENTITY in found.told
    assert found.told[Category.FACT_OF_MATCH] == ("agr_kent-medway-movers v1, 1.1",)
    assert cell(NoticeType.MOVED_OUT, KENT, MEDWAY, mandates).told[Category.FACT_OF_MATCH] == (
        "agr_kent-medway-movers v1, 1.1",
        "agr_kent-medway-movers v1, 1.2",
    )
    assert cell(NoticeType.MOVED_OUT, COMPANY, KENT, mandates).flow is Flow.FLOWS


def test_table_csv_and_picture_show_the_same_cells() -> None:
    """Every pair for every kind of notice, gaps included."""
    agreements = region()
    people = participants(agreements)
    cells = matrix(agreements, people, AT)
    assert len(cells) == len(NoticeType) * 4 * 3
    rows = list(csv.DictReader(io.StringIO(to_csv(cells))))
    assert [row["flow"] for row in rows] == [one.flow.value for one in cells]
    assert rows[0].keys() >= {category.value for category in Category}
    picture = ET.fromstring(to_svg(cells, people))  # noqa: S314 - our own
    squares = [one for one in picture.iter() if one.tag.endswith("rect") and one.get("x")]
    assert len(squares) == len(cells)
    words = picture.find("{http://www.w3.org/2000/svg}desc")
    assert words is not None
    assert words.text is not None
    assert "lapsed" in words.text
    text = table(cells, people)
    assert text.count("how many of the 11 categories") == len(NoticeType)
    assert "lapsed" in text


def test_a_long_name_and_an_empty_region_are_drawn_too() -> None:
    """A name is cut, and markup in it stays text."""
    agreements = region()
    people = [one for one in participants(agreements) if one.member == KENT]
    assert 'x="' in to_svg([], people)
    document = example()
    document["parties"][0]["name"] = "<b>" + "A council with a very long name" * 2
    spoilt = [read_agreement(document)]
    drawn = to_svg(matrix(spoilt, participants(spoilt), AT), participants(spoilt))
    assert "&lt;b&gt;" in drawn
    assert "…" in drawn
    assert table([], []).startswith("moved_out: ")
