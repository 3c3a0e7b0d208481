"""The made-up region is the same on every run, plausible, and knows who is who."""

import re
from collections import Counter
from datetime import date
from functools import cache

import pytest

from adapters.demo.invention import AREAS, upn
from adapters.demo.people import COLLEGES, Region, make_region
from adapters.demo.records import Listing, Record, Slip
from adapters.member.routing import authority_of
from adapters.scope import age_on
from adapters.synth.numbers import uln
from hub.protocols.identifiers import check_uln, check_upn

TODAY = date(2026, 11, 21)
CODES = {member: code for member, (code, _) in AREAS.items()}


@cache
def region(seed: int = 1) -> Region:
    """Make a region once for all tests."""
    return make_region(seed, TODAY)


def rows(listing: Listing) -> list[Record]:
    """Give the rows of one kind of list."""
    return [record for record in region().records if record.listing is listing]


def test_the_same_seed_and_day_give_the_same_region() -> None:
    """And another seed another one."""
    assert make_region(7, TODAY) == make_region(7, TODAY)
    assert make_region(7, TODAY).people != make_region(8, TODAY).people


@pytest.mark.parametrize("seed", range(20))
def test_about_seventy_people_of_the_ages_of_the_law(seed: int) -> None:
    """All but the one who is too young are of 13 to 25 today, and stay so for two months."""
    made = region(seed)
    ages = {
        age_on(person.dob, TODAY) for id_, person in made.people.items() if id_ != made.special["too_young"]
    }
    assert 65 <= len(made.people) <= 75
    assert min(ages) >= 13
    assert max(ages) <= 25
    assert all(age_on(p.dob, TODAY) == age_on(p.dob, date(2027, 1, 19)) for p in made.people.values())


@pytest.mark.parametrize("seed", range(20))
def test_nobody_is_there_twice(seed: int) -> None:
    """Names, numbers and postcodes are each one person's, twins' homes apart."""
    people = list(region(seed).people.values())
    homes = Counter(p.new_postcode for p in people) + Counter(p.old_postcode for p in people)
    assert len({(p.given, p.family) for p in people}) == len(people)
    assert len({p.upn for p in people}) == len({p.uln for p in people}) == len(people)
    assert sorted(homes.values())[-3:] == [1, 2, 2]


def test_numbers_pass_the_checks_that_everybody_uses() -> None:
    """The check characters are right by the hub's own rules."""
    for person in region().people.values():
        assert check_upn(person.upn)
        assert check_uln(person.uln)
    assert upn("886", 2020, 1) == "F886499920001"
    assert uln(5) == "1000000051"
    assert uln(6) is None


@pytest.mark.parametrize("seed", range(20))
def test_every_home_lies_in_the_authority_that_is_meant(seed: int) -> None:
    """Both homes of every row, and without any doubt about a border."""
    for record in region(seed).records:
        area = "lambeth" if record.member == "thames-careers" else record.member
        if record.listing is Listing.LEAVERS:
            home = authority_of(record.old_postcode)
        elif record.listing is Listing.ARRIVALS:
            home = authority_of(record.new_postcode)
        else:
            continue
        assert (home.authority, home.doubtful) == (CODES[area], False)


def test_the_truth_pairs_rows_of_two_members_about_one_person() -> None:
    """Every pair names two rows that exist, one that left and one that came."""
    by_reference = {(r.member, r.local_ref): r for r in region().records}
    assert len(by_reference) == len(region().records)
    for pair in region().truth:
        left = by_reference[pair.left_member, pair.left_ref]
        right = by_reference[pair.right_member, pair.right_ref]
        assert left.person == right.person == pair.person
        assert (left.listing, right.listing) == (Listing.LEAVERS, Listing.ARRIVALS)


def test_every_slip_is_made_and_is_what_it_says() -> None:
    """Short names, misspelling, swapped days, missing numbers: on the side that the person came to."""
    by_reference = {(r.member, r.local_ref): r for r in region().records}
    compared = ("given", "family", "dob", "upn", "uln", "old_postcode")
    seen = set()
    for pair in region().truth:
        left = by_reference[pair.left_member, pair.left_ref]
        right = by_reference[pair.right_member, pair.right_ref]
        changed = {name for name in compared if getattr(left, name) != getattr(right, name)}
        seen.add((pair.slip, frozenset(changed)))
    assert seen == {
        (Slip.CLEAN, frozenset()),
        (Slip.NICKNAME, frozenset({"given", "uln"})),
        (Slip.TYPO, frozenset({"family", "uln"})),
        (Slip.SWAPPED, frozenset({"dob", "uln"})),
        (Slip.NO_UPN, frozenset({"upn", "uln"})),
        (Slip.NEW_POSTCODE_ONLY, frozenset({"upn", "old_postcode"})),
        (Slip.NAME_AND_BIRTH_ONLY, frozenset({"upn", "uln", "old_postcode"})),
        (Slip.DOUBTFUL, frozenset({"given", "family", "upn", "uln", "old_postcode"})),
    }


@pytest.mark.parametrize("seed", range(20))
def test_the_slips_change_something_with_every_seed(seed: int) -> None:
    """A misspelt name is never the name, a swapped day never the day."""
    made = region(seed)
    people = made.people
    by_reference = {(r.member, r.local_ref): r for r in made.records}
    for pair in made.truth:
        right = by_reference[pair.right_member, pair.right_ref]
        if pair.slip in {Slip.TYPO, Slip.DOUBTFUL}:
            assert right.family != people[pair.person].family
        if pair.slip is Slip.SWAPPED:
            assert right.dob != people[pair.person].dob


def test_each_point_of_the_story_has_its_person() -> None:
    """The demonstration finds them by name."""
    made = region()
    assert made.record("expired", "lambeth").listing is Listing.LEAVERS
    assert made.record("expired", "southwark").listing is Listing.ARRIVALS
    assert made.record("instruction", "kent").instruction == "participation; contact"
    assert age_on(made.person("instruction").dob, TODAY) >= 16
    assert made.record("shield", "kent").shield
    assert not made.record("shield", "medway").shield
    learner = made.record("no_standing_request", "thames-college")
    assert (learner.listing, authority_of(learner.new_postcode).authority) == (Listing.ENROLMENTS, "210")
    assert age_on(learner.dob, TODAY) == 17
    assert made.record("ehc_plan", "medway").ehc_plan
    assert made.record("care_leaver", "kent").care_leaver


def test_those_who_must_be_missing_are_missing() -> None:
    """Nobody has a row of the absent, and the open notices have no counterpart."""
    made = region()
    listed = Counter(record.person for record in made.records)
    paired = {pair.person for pair in made.truth}
    assert listed[made.special["absent"]] == 0
    for special in (
        "open_kent",
        "open_lambeth",
        "open_medway",
        "arrived_medway",
        "out_of_scope",
        "too_young",
    ):
        assert listed[made.special[special]] == 1
        assert made.special[special] not in paired


def test_the_twins_are_alike_and_marked() -> None:
    """One family name, birthday, sex and home; two given names and two pupil numbers."""
    first, second = region().person("twin_a"), region().person("twin_b")
    same = ("family", "dob", "sex", "old_postcode", "new_postcode")
    assert all(getattr(first, name) == getattr(second, name) for name in same)
    assert first.given != second.given
    assert first.upn != second.upn
    assert all(r.twin for r in region().records if r.person in {first.id, second.id})


def test_no_member_meets_its_quota_by_the_story_alone() -> None:
    """Fewer than twenty notices each: the quota is for the probe."""
    told = Counter(record.member for record in region().records if record.listing is not Listing.RESIDENTS)
    assert max(told.values()) < 20
    assert set(told) == {*AREAS, *COLLEGES, "thames-careers"}


def test_colleges_enrol_from_both_sides_of_the_border() -> None:
    """Learners from beyond are known to the authority where they live."""
    for college, (own, beyond) in COLLEGES.items():
        enrolled = [record for record in rows(Listing.ENROLMENTS) if record.member == college]
        homes = Counter(authority_of(record.new_postcode).authority for record in enrolled)
        assert set(homes) == {CODES[own], CODES[beyond]}
        assert min(homes.values()) >= 2


def test_telephone_numbers_ring_nowhere() -> None:
    """Every number is of the range that is kept for drama."""
    assert all(re.fullmatch(r"07700 900\d{3}", record.phone) for record in region().records)


def test_the_plain_facts_hold_all_that_must_stay_at_home() -> None:
    """Names, birthdays, postcodes, numbers of every person and of every mistaken row."""
    facts = region().plain_facts()
    for r in region().records:
        assert {r.given, r.family, r.dob.isoformat(), r.dob.strftime("%d/%m/%Y")} <= facts
        assert {r.upn, r.uln, r.old_postcode, r.new_postcode, r.phone} - {""} <= facts
    assert {region().person("absent").upn} <= facts


def test_a_region_is_not_invented_against_the_range_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a newer table moves a sector to another authority, making the region says so and ends."""
    monkeypatch.setitem(AREAS, "kent", ("886", ("SE15 3",)))
    with pytest.raises(LookupError, match="kent"):
        make_region(1, TODAY)
