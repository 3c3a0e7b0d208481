"""Which fact goes into which part, and which goes nowhere."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.member.facts import SPECIAL_ACTIVITIES, expires_on, flags_of, parts_of, person_of
from adapters.move import Address, Contact, Establishment, Event, Found, Parent, Told, Wishes
from hub.protocols.canonical import Json
from hub.protocols.names import NoticeType, Part
from hub.protocols.sealing import seal_part
from tests.story.people import ADA, NEW_HOME, OLD_HOME

EVERYTHING = replace(
    ADA,
    middle="Mary",
    former_family=("Oldname",),
    sex="F",
    former_upn="X",
    uln="1234567890",
    local_ref="ref",
    establishment=Establishment("1", "School", "2"),
    ethnicity="WBRI",
    found=frozenset(Found),
    contact=Contact("07700 900000", "a@example.org"),
    parent=Parent("P. Exampleton", Address(("3 Example Row",), "ME14 1XQ")),
    level_of_need="2",
)

DATED = replace(
    EVERYTHING,
    activity="619",
    upn="F886499920001",
    former_upn="F886499920001",
    local_ref="8860000000001",
    previous_ref="8840000000001",
    start=date(2026, 9, 1),
    end=date(2026, 10, 1),
    predicted_end=date(2027, 7, 16),
    ascertained=date(2026, 9, 2),
    verified=date(2026, 10, 12),
    review=date(2026, 12, 1),
    due_to_lapse=date(2027, 8, 31),
    lapsed=True,
    neet_start=date(2026, 10, 1),
    event=Event.WITHDREW,
    lead_authority="886",
    to_authority="884",
    educated_authority="886",
    year_11_authority="887",
    cohort_status="T",
)


def part(move_part: Json) -> dict[str, Json]:
    """A part that holds something."""
    assert isinstance(move_part, dict)
    return move_part


def test_every_part_is_named_and_most_are_empty() -> None:
    """What a file does not say is padding, alike for all."""
    parts = parts_of(ADA)
    assert list(parts) == list(Part)
    assert {name for name, facts in parts.items() if facts is not None} == {
        Part.IDENTITY,
        Part.ADDRESS,
        Part.PARTICIPATION,
    }


def test_one_data_category_a_part() -> None:
    """So that an agreement can permit one and not another."""
    parts = parts_of(EVERYTHING)
    assert part(parts[Part.IDENTITY]) == {
        "given": "Ada",
        "middle": "Mary",
        "family": "Exampleton",
        "former_family": ["Oldname"],
        "dob": "2009-11-12",
    }
    assert set(part(parts[Part.ADDRESS])) == {"from", "to"}
    assert part(parts[Part.CONTACT]) == {"phone": "07700 900000", "email": "a@example.org"}
    assert part(parts[Part.SEND])["found"] == ["ehc_plan", "sen", "sen_support"]
    assert part(parts[Part.CARE])["found"] == ["care_leaver", "looked_after"]
    assert part(parts[Part.EQUALITY_HEALTH]) == {"found": ["pregnant"], "ethnicity": "WBRI"}
    assert part(parts[Part.OFFENDING])["found"] == ["youth_offending"]
    assert part(parts[Part.PARENT])["name"] == "P. Exampleton"


def test_every_circumstance_is_in_one_part_or_is_a_flag() -> None:
    """None is told twice, and none is lost but the two that are flags."""
    told = [
        word
        for name, facts in parts_of(EVERYTHING).items()
        if isinstance(facts, dict) and isinstance(words := facts.get("found"), list)
        for word in words
    ]
    assert sorted(map(str, told)) == sorted({found.value for found in Found} - {"shield", "twin"})


@pytest.mark.parametrize("code", sorted(SPECIAL_ACTIVITIES))
def test_an_activity_that_tells_of_health_or_an_offence_is_sealed_apart(code: str) -> None:
    """Its true code is in that part alone, and participation does not give it away."""
    special, instead = SPECIAL_ACTIVITIES[code]
    parts = parts_of(replace(ADA, activity=code))
    assert part(parts[special])["activity"] == code
    assert part(parts[Part.PARTICIPATION]).get("activity") == instead
    other = Part.OFFENDING if special is Part.EQUALITY_HEALTH else Part.EQUALITY_HEALTH
    assert parts[other] is None


def test_a_fact_goes_with_its_evidence() -> None:
    """When it was ascertained and verified, until when it counts, and what happened."""
    told = part(parts_of(DATED)[Part.PARTICIPATION])
    assert {name: told[name] for name in ("ascertained", "verified", "review", "due_to_lapse", "event")} == {
        "ascertained": "2026-09-02",
        "verified": "2026-10-12",
        "review": "2026-12-01",
        "due_to_lapse": "2027-08-31",
        "event": "withdrew",
    }
    assert (told["lapsed"], told["neet_start"]) == (True, "2026-10-01")
    assert (told["educated_authority"], told["year_11_authority"]) == ("886", "887")


def test_the_dates_of_custody_do_not_give_it_away() -> None:
    """A review is mandatory there, and rare elsewhere."""
    told = part(parts_of(replace(DATED, activity="710"))[Part.PARTICIPATION])
    assert not {"activity", "review", "due_to_lapse", "lapsed"} & set(told)


def test_what_the_dwp_has_told_is_marked_without_being_asked() -> None:
    """Onward disclosure is a crime (s.15): the part is bound whether or not a column says so."""
    assert flags_of(replace(ADA, told=Told.DWP)).provenance_dwp == {Part.PARTICIPATION}
    assert flags_of(replace(ADA, told=Told.SCHOOL)).provenance_dwp == frozenset()


def test_every_fact_of_participation_fits_into_its_part() -> None:
    """With a name of a school as long as they come."""
    long = replace(DATED, establishment=Establishment("8864999", "x" * 150, "10000001"), activity="810")
    seal_part(Part.PARTICIPATION, parts_of(long)[Part.PARTICIPATION], bytes(32), bytes(32), bytes(12))


def test_sex_is_in_no_part() -> None:
    """It is told apart by tokens alone."""
    told = [part(facts).values() for facts in parts_of(EVERYTHING).values()]
    assert "F" not in [fact for facts in told for fact in facts]


def test_flags_reach_the_hub_in_clear() -> None:
    """Whose word binds what, and no word more."""
    words = (["participation"], ["address"], ["care"], ["contact"])
    flags = flags_of(replace(EVERYTHING, wishes=Wishes(*(frozenset(word) for word in words))))
    told = (flags.instruction, flags.objection, flags.consent, flags.provenance_dwp)
    assert [[*parts] for parts in told] == [[Part.PARTICIPATION], [Part.ADDRESS], [Part.CARE], [Part.CONTACT]]
    assert (flags.shield, flags.twin, flags.restricted) == (True, True, False)


@pytest.mark.parametrize(
    ("kind", "former", "current"),
    [
        (NoticeType.MOVED_OUT, "ME14 1XQ", "ME4 4TR"),
        (NoticeType.NEW_ARRIVAL, "ME14 1XQ", "ME4 4TR"),
        (NoticeType.CROSS_BORDER_ENROLMENT, "ME14 1XQ", ""),
        (NoticeType.LEAVER, "ME14 1XQ", ""),
    ],
)
def test_tokens_are_made_of_the_home_before_the_move(kind: NoticeType, former: str, current: str) -> None:
    """An enrolment or a leaver has one home: the one that the home authority knows."""
    person = person_of(ADA, kind)
    assert (person.former_postcode, person.current_postcode) == (former, current)


def test_an_enrolments_only_home_is_what_the_home_authority_knows() -> None:
    """Wherever the file has it."""
    only_new = replace(ADA, from_address=None, to_address=NEW_HOME)
    assert person_of(only_new, NoticeType.CROSS_BORDER_ENROLMENT).former_postcode == "ME4 4TR"
    only_old = replace(ADA, from_address=OLD_HOME, to_address=None)
    assert person_of(only_old, NoticeType.LEAVER).former_postcode == "ME14 1XQ"
    no_code = replace(ADA, from_address=Address(("x",)), to_address=None)
    assert person_of(no_code, NoticeType.MOVED_OUT).former_postcode == ""


@given(st.dates(date(2020, 1, 1), date(2060, 12, 31)))
def test_a_notice_ends_on_a_31_january_between_a_day_and_a_year_later(issued: date) -> None:
    """Never on the very next day, never after more than the wire allows."""
    end = expires_on(issued)
    assert (end.month, end.day) == (1, 31)
    assert 2 <= (end - issued).days <= 367
