"""Names: a prefix says what a thing is, and the time when it was made sorts it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.errors import MalformedMessage
from hub.protocols.names import SORTABLE_ID, first_id_at, new_id, parse_id

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def test_an_id_is_a_uuid_of_version_7() -> None:
    """RFC 9562 5.7: 48 bits of milliseconds, version 7, variant 10, and the randomness given."""
    made = new_id("ntc", NOW, bytes.fromhex("0fff3fffffffffffffff"))
    assert made == "ntc_01m7ynaym0fzzvzzzzzzzzzzzz"
    value = 0
    for sign in made.removeprefix("ntc_"):
        value = value * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(sign)
    assert value >> 80 == int(NOW.timestamp() * 1000)
    assert value >> 76 & 0xF == 7
    assert value >> 62 & 0b11 == 0b10


@given(st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_later_things_sort_later(one: bytes, other: bytes) -> None:
    """Ids of different milliseconds sort by time, whatever chance adds."""
    assert new_id("dis", NOW, one) < new_id("dis", NOW + timedelta(milliseconds=1), other)


@given(st.binary(min_size=10, max_size=10))
def test_a_moment_parts_earlier_ids_from_later_ones(chance: bytes) -> None:
    """Nothing made then sorts before it, and nothing made a millisecond earlier after it."""
    first = first_id_at("mat", NOW)
    assert new_id("mat", NOW - timedelta(milliseconds=1), chance) < first <= new_id("mat", NOW, chance)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)), st.binary(min_size=10, max_size=10))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_what_is_made_can_be_read(moment: datetime, chance: bytes) -> None:
    """Every id that is made has the form that readers ask for."""
    for prefix in ("ntc", "mat", "req", "dis", "evt", "key", "ep", "sub", "idm"):
        made = new_id(prefix, moment.replace(tzinfo=UTC), chance)
        assert SORTABLE_ID.fullmatch(made)
        assert parse_id(made, prefix) == made


@pytest.mark.parametrize("text", ["mbr_kent", "mbr_a-b", "agr_kent-medway-movers", "mbr_123"])
def test_members_and_agreements_have_names_that_people_read(text: str) -> None:
    """They stand in refusals, so they are words."""
    assert parse_id(text, text[:3]) == text


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("mbr_kent", "agr"),
        ("ntc_01m7ynaym0fzzvzzzzzzzzzzzz", "mat"),
        ("ntc_01m7ynaym0fzzvzzzzzzzzzzz", "ntc"),
        ("ntc_01m7ynaym0fzzvzzzzzzzzzzzzz", "ntc"),
        ("ntc_01m7ynaym0fzzvzzzzzzzzzzzu", "ntc"),
        ("ntc_01M7YNAYM0FZZVZZZZZZZZZZZZ", "ntc"),
        ("ntc_kent", "ntc"),
        ("mbr_Kent", "mbr"),
        ("mbr_-kent", "mbr"),
        ("mbr_kent-", "mbr"),
        ("mbr_k", "mbr"),
        ("mbr_" + "k" * 61, "mbr"),
        ("mbr_kent\n", "mbr"),
        ("mbr_kent/../medway", "mbr"),
        ("", "ntc"),
        (None, "ntc"),
        (7, "ntc"),
        (["ntc_01m7ynaym0fzzvzzzzzzzzzzzz"], "ntc"),
    ],
)
def test_another_form_is_refused_without_repeating_it(text: object, prefix: str) -> None:
    """What is no id of this kind is refused; the fault does not quote it."""
    with pytest.raises(MalformedMessage) as fault:
        parse_id(text, prefix)
    assert fault.value.code == "id-malformed"
    assert fault.value.detail == f"an id that begins with {prefix}_ was expected"
