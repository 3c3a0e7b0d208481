"""From records to flags: what is asserted for thirty days is safe on each of them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.consent.flag_record import FlagRecord, Kind, MadeBy, Outcome, derived_flags
from hub.consent.flags import NO_FLAGS, Flags
from hub.protocols.names import Part

TODAY = date(2026, 11, 21)
SIXTEEN = date(2027, 6, 1)
CONTACT = frozenset({Part.CONTACT})
BEFORE, SOON, LATER = TODAY - timedelta(days=10), TODAY + timedelta(days=10), TODAY + timedelta(days=90)
SAID = FlagRecord(Kind.INSTRUCTION, CONTACT, MadeBy.YOUNG_PERSON, BEFORE)
BY_PARENT = replace(SAID, made_by=MadeBy.PARENT)
CONSENT = replace(SAID, kind=Kind.CONSENT)
OBJECTION = replace(SAID, kind=Kind.OBJECTION)


def flags(*records: FlagRecord, sixteen: date = SIXTEEN) -> Flags:
    """What is asserted of these records today."""
    return derived_flags(records, sixteen, TODAY)


def test_nothing_on_record_is_nothing_asserted() -> None:
    """Unknown is not yes."""
    assert flags() == NO_FLAGS


@pytest.mark.parametrize(
    ("record", "sixteen", "binds", "lapsed"),
    [
        (SAID, LATER, True, False),
        (SAID, BEFORE, True, False),
        (BY_PARENT, LATER, True, False),
        (BY_PARENT, SOON, True, False),
        (BY_PARENT, TODAY, False, True),
        (BY_PARENT, BEFORE, False, True),
        (replace(BY_PARENT, withdrawn=TODAY), BEFORE, False, False),
        (replace(SAID, withdrawn=TODAY), BEFORE, False, False),
        (replace(SAID, withdrawn=SOON), BEFORE, True, False),
        (replace(SAID, ends=BEFORE), BEFORE, False, False),
        (replace(SAID, ends=TODAY), BEFORE, True, False),
        (replace(SAID, effective=SOON), BEFORE, True, False),
        (replace(SAID, effective=LATER), BEFORE, False, False),
    ],
)
def test_an_instruction_is_a_parents_until_sixteen(
    record: FlagRecord, sixteen: date, binds: bool, lapsed: bool
) -> None:
    """Then the young person's alone; what binds on any of the days is asserted for all of them."""
    derived = flags(record, sixteen=sixteen)
    assert (bool(derived.instruction), bool(derived.instruction_lapsed)) == (binds, lapsed)


def test_the_young_persons_own_word_stands_beside_a_lapsed_one() -> None:
    """Renewed by the young person, the instruction binds; the parent's is still shown."""
    derived = flags(SAID, BY_PARENT, sixteen=BEFORE)
    assert derived.instruction == derived.instruction_lapsed == CONTACT


@pytest.mark.parametrize(
    ("record", "sixteen", "given_", "withdrawn"),
    [
        (CONSENT, LATER, True, False),
        (replace(CONSENT, effective=SOON), LATER, False, False),
        (replace(CONSENT, ends=SOON), LATER, False, False),
        (replace(CONSENT, ends=LATER), LATER, True, False),
        (replace(CONSENT, withdrawn=BEFORE), LATER, False, True),
        (replace(CONSENT, withdrawn=SOON), LATER, False, True),
        (replace(CONSENT, made_by=MadeBy.PARENT), LATER, True, False),
        (replace(CONSENT, made_by=MadeBy.PARENT), SOON, False, False),
    ],
)
def test_a_consent_is_asserted_only_if_it_holds_on_every_day(
    record: FlagRecord, sixteen: date, given_: bool, withdrawn: bool
) -> None:
    """One that begins, ends or passes to the young person within the days is not."""
    derived = flags(record, sixteen=sixteen)
    assert (bool(derived.consent), bool(derived.consent_withdrawn)) == (given_, withdrawn)


def test_consent_given_anew_mends_a_withdrawal() -> None:
    """Only a consent that is younger than the withdrawal does."""
    withdrawn = replace(CONSENT, effective=BEFORE - timedelta(days=9), withdrawn=BEFORE)
    anew = flags(withdrawn, CONSENT)
    assert (anew.consent, anew.consent_withdrawn) == (CONTACT, frozenset())
    older = replace(CONSENT, effective=BEFORE - timedelta(days=5))
    assert flags(withdrawn, older).consent_withdrawn == CONTACT


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_objection_is_asserted_as_far_as_it_has_come(outcome: Outcome) -> None:
    """Received, upheld or overridden, and one of them alone."""
    derived = flags(replace(OBJECTION, outcome=outcome))
    states = {
        Outcome.RECEIVED: derived.objection,
        Outcome.UPHELD: derived.objection_upheld,
        Outcome.OVERRIDDEN: derived.objection_overridden,
    }
    assert {state for state, parts in states.items() if parts} == {outcome}


def test_what_concerns_the_whole_notice_is_a_switch() -> None:
    """Shield, restriction and twin have no parts; a fact from social security has."""
    whole = [
        replace(SAID, kind=kind, parts=frozenset()) for kind in (Kind.SHIELD, Kind.RESTRICTED, Kind.TWIN)
    ]
    derived = flags(*whole, replace(SAID, kind=Kind.PROVENANCE_DWP))
    assert (derived.shield, derived.restricted, derived.twin) == (True, True, True)
    assert derived.provenance_dwp == CONTACT


near = st.integers(-60, 60).map(lambda days: TODAY + timedelta(days=days))
records = st.lists(
    st.builds(
        FlagRecord,
        st.sampled_from(Kind),
        st.frozensets(st.sampled_from(list(Part)), max_size=2),
        st.sampled_from(MadeBy),
        near,
        st.none() | near,
        st.none() | near,
        st.sampled_from(Outcome),
    ),
    max_size=4,
)


@given(records, near, st.integers(0, 30))
def test_what_is_asserted_is_safe_on_each_of_the_days(
    held: list[FlagRecord], sixteen: date, days: int
) -> None:
    """No restriction of any day is missing, and no consent is asserted that a day would not have."""
    asserted = derived_flags(held, sixteen, TODAY)
    on_day = derived_flags(held, sixteen, TODAY + timedelta(days=days), 0)
    stops = asserted.instruction | asserted.instruction_lapsed
    assert on_day.instruction | on_day.instruction_lapsed <= stops
    assert on_day.objection <= asserted.objection
    assert on_day.objection_upheld <= asserted.objection_upheld
    assert on_day.provenance_dwp <= asserted.provenance_dwp
    assert asserted.shield >= on_day.shield
    assert asserted.restricted >= on_day.restricted
    assert asserted.twin >= on_day.twin
    assert asserted.consent <= on_day.consent
