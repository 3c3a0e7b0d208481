"""A probe is compared with its control by form; whatever could tell them apart is looked at."""

from datetime import date

import pytest

from adapters.demo.people import make_region
from adapters.demo.probes import form, probes_for
from hub.protocols.canonical import Json
from hub.protocols.names import NoticeType

REGION = make_region(1, date(2026, 11, 22))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"notice": "ntc_" + "a" * 26}, {"notice": "ntc_" + "b" * 26}),
        ({"at": "2026-11-22T09:00:00Z"}, {"at": "2026-11-22T10:30:01Z"}),
        ({"data": [{"log_index": 5}]}, {"data": [{"log_index": 77}]}),
        ({"a": 1, "b": None}, {"b": None, "a": 2}),
    ],
)
def test_what_differs_always_tells_nothing(one: Json, other: Json) -> None:
    """Ids, times, places in the log, the order of fields."""
    assert form(one) == form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"state": "open"}, {"state": "matched"}),
        ({"data": []}, {"data": [{}]}),
        ({"promise": "a" * 200}, {"promise": "a" * 201}),
        ({"seen": True}, {"seen": False}),
        ({"a": None}, {"a": None, "b": None}),
        ({"at": None}, {"at": "2026-11-22T09:00:00Z"}),
    ],
)
def test_what_would_tell_them_apart_shows(one: Json, other: Json) -> None:
    """Words, lengths, how many there are, what is there at all."""
    assert form(one) != form(other)


def test_each_probe_has_a_control_of_the_same_make_about_nobody_in_the_region() -> None:
    """As much is forged of the one as of the other; only whom it is about differs."""
    people = {(person.given, person.family, person.dob) for person in REGION.people.values()}
    for probe in probes_for(REGION):
        aimed, control = probe.forged, probe.control
        assert (aimed.given, aimed.family, aimed.dob) in people
        assert (control.given, control.family, control.dob) not in people
        for fact in ("from_address", "to_address", "upn", "uln", "sex"):
            assert (getattr(aimed, fact) is None) == (getattr(control, fact) is None)


def test_the_four_probes_are_those_of_the_story() -> None:
    """Somebody absent, an open notice without an agreement, name and birthday twice."""
    absent, open_kent, open_medway, arrived = probes_for(REGION)
    assert [probe.kind for probe in probes_for(REGION)] == [NoticeType.NEW_ARRIVAL] * 3 + [
        NoticeType.MOVED_OUT
    ]
    assert absent.forged.upn == REGION.person("absent").upn
    assert open_kent.forged.upn == REGION.person("open_kent").upn
    for probe in (open_medway, arrived):
        assert (probe.forged.upn, probe.forged.uln, probe.forged.from_address) == (None, None, None)
