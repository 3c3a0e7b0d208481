"""One JSON value, one byte string; and back, strictly."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.canonical import (
    DEEPEST,
    LARGEST_INTEGER,
    Json,
    Reader,
    b64u,
    decode,
    decode_canonical,
    digest,
    encode,
    instant,
    parse_day,
    parse_instant,
    sha256,
    unb64u,
)
from hub.protocols.errors import MalformedMessage

JCS = Path(__file__).parents[1] / "vectors" / "jcs"
# "values" and "structures" hold fractions, which our messages do not
WITHOUT_FLOATS = ("arrays", "french", "unicode", "weird")

whole = st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | whole | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)


class Colour(StrEnum):
    """A closed vocabulary for these tests."""

    RED = "red"
    GREEN = "green"


@pytest.mark.parametrize("name", WITHOUT_FLOATS)
def test_published_vector_gives_published_bytes(name: str) -> None:
    """The published inputs of RFC 8785 encode to the published outputs, byte for byte."""
    value = decode((JCS / f"{name}.input.json").read_bytes())
    assert encode(value) == (JCS / f"{name}.output.json").read_bytes()
    assert encode(value) == bytes.fromhex((JCS / f"{name}.outhex.txt").read_text())


@pytest.mark.parametrize("name", ["values", "structures"])
def test_published_vector_with_fractions_is_refused(name: str) -> None:
    """A published input that holds fractions is refused: two readers could differ about them."""
    with pytest.raises(MalformedMessage, match="json-number"):
        decode((JCS / f"{name}.input.json").read_bytes())


def test_structures_vector_holds_once_its_fraction_is_whole() -> None:
    """The order of keys of the remaining vector holds when its 56.0 is written as 56."""
    source = (JCS / "structures.input.json").read_text().replace("56.0", "56")
    assert encode(decode(source.encode())) == (JCS / "structures.output.json").read_bytes()


@given(values)
def test_encoding_agrees_with_a_second_implementation(value: Json) -> None:
    """Every value has the bytes that an independent RFC 8785 library gives it."""
    assert encode(value) == rfc8785.dumps(value)


@given(values)
def test_decoding_gives_the_value_back(value: Json) -> None:
    """What was encoded reads back as the same value, strictly or not."""
    assert decode(encode(value)) == value
    assert decode_canonical(encode(value)) == value


def test_keys_are_ordered_by_utf16_units() -> None:
    """A key beyond U+FFFF stands before one above the surrogates (RFC 8785 3.2.3)."""
    assert encode({"\ufb33": 1, "\U0001f602": 2}) == '{"\U0001f602":2,"\ufb33":1}'.encode()


@pytest.mark.parametrize("number", [LARGEST_INTEGER, -LARGEST_INTEGER])
def test_the_largest_whole_numbers_are_kept(number: int) -> None:
    """Whole numbers reach to 2^53-1 on both sides."""
    assert decode_canonical(encode(number)) == number


@pytest.mark.parametrize("value", [LARGEST_INTEGER + 1, -LARGEST_INTEGER - 1])
def test_numbers_that_readers_round_are_not_written(value: int) -> None:
    """A number that another reader could round is refused: two records could share a digest."""
    with pytest.raises(MalformedMessage, match="json-number"):
        encode(value)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.5, "json-type"),
        (float("nan"), "json-type"),
        ([b"bytes"], "json-type"),
        ({"when": datetime(2026, 1, 1, tzinfo=UTC)}, "json-type"),
        ((1, 2), "json-type"),
        ({1: "one"}, "json-type"),
        ("\ud800", "json-surrogate"),
        ({"\ud800": 1}, "json-surrogate"),
    ],
)
def test_what_has_no_form_is_not_written(value: Json, code: str) -> None:
    """Fractions, bytes, dates, tuples, other keys and half surrogates have no form."""
    with pytest.raises(MalformedMessage, match=code):
        encode(value)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json-malformed"),
        (b"{", "json-malformed"),
        (b"{} {}", "json-malformed"),
        (b"'a'", "json-malformed"),
        (b'"a\tb"', "json-malformed"),
        (b"01", "json-malformed"),
        (b"\xef\xbb\xbf{}", "json-malformed"),
        (b'"\xff"', "json-malformed"),
        (b"[" * 5_000, "json-malformed"),
        (b'{"a":1,"a":1}', "json-repeated"),
        (b'{"a":1,"\\u0061":1}', "json-repeated"),
        (b"1.0", "json-number"),
        (b"1e3", "json-number"),
        (b"-0", "json-number"),
        (b"NaN", "json-number"),
        (b"-Infinity", "json-number"),
        (b"9007199254740992", "json-number"),
        (b"9" * 5_000, "json-number"),
        (b'"\\ud800"', "json-surrogate"),
        (b'{"\\udc00":1}', "json-surrogate"),
    ],
)
def test_loose_json_is_refused(data: bytes, code: str) -> None:
    """What readers understand differently, or some of them not at all, is refused by name."""
    with pytest.raises(MalformedMessage, match=code):
        decode(data)


def test_nesting_has_a_limit_in_both_directions() -> None:
    """Thirty-two levels are read and written, thirty-three are not."""
    assert encode(decode(b"[" * DEEPEST + b"]" * DEEPEST)) == b"[" * DEEPEST + b"]" * DEEPEST
    too_deep = json.loads("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1))
    with pytest.raises(MalformedMessage, match="json-deep"):
        encode(too_deep)
    with pytest.raises(MalformedMessage, match="json-deep"):
        decode(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1))


@pytest.mark.parametrize("data", [b'{"b":1,"a":2}', b'{"a": 1}', b'"\\u0061"', b" 1", b'"\\/"'])
def test_bytes_that_are_not_the_one_form_are_refused(data: bytes) -> None:
    """Where a digest is taken, another spelling of the same value is refused."""
    decode(data)
    with pytest.raises(MalformedMessage, match="json-not-canonical"):
        decode_canonical(data)


@given(st.binary(max_size=64))
def test_random_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    """No bytes make the reader fail in another way than by a typed refusal."""
    try:
        value = decode(data)
    except MalformedMessage:
        return
    assert decode(encode(value)) == value


@given(st.binary(max_size=80))
def test_base64url_gives_the_bytes_back(data: bytes) -> None:
    """Bytes written without padding read back, with and without their size being known."""
    assert unb64u(b64u(data)) == data
    assert unb64u(b64u(data), len(data)) == data
    assert "=" not in b64u(data)


@pytest.mark.parametrize(
    "spelling", ["AA==", "AA=", "AB", "A", "A A", "AA\n", "A+", "A/", "AÄ", "AA.", "Aé==", "\ud800"]
)
def test_other_spellings_of_base64url_are_refused(spelling: str) -> None:
    """Padding, set spare bits, stray characters and the other alphabet are refused."""
    with pytest.raises(MalformedMessage, match="base64url-malformed"):
        unb64u(spelling)


def test_binary_of_another_size_is_refused() -> None:
    """A field of known size is refused when it is shorter or longer."""
    with pytest.raises(MalformedMessage, match="binary-size"):
        unb64u("AAAA", 2)


def test_digest_is_sha256_as_messages_carry_it() -> None:
    """The digest of "abc" is that of FIPS 180-4, written in base64url."""
    assert sha256(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest(b"abc") == "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"


def test_instants_are_whole_seconds_of_utc() -> None:
    """A moment in another zone is written in UTC, parts of a second cut off."""
    summer = timezone(timedelta(hours=1))
    assert instant(datetime(2026, 6, 1, 10, 0, 0, 999_999, summer)) == "2026-06-01T09:00:00Z"
    assert parse_instant("2026-06-01T09:00:00Z") == datetime(2026, 6, 1, 9, tzinfo=UTC)


def test_a_moment_without_zone_is_not_written() -> None:
    """A naive moment would be another one on another machine."""
    with pytest.raises(MalformedMessage, match="instant-naive"):
        instant(datetime(2026, 6, 1))  # noqa: DTZ001 - the fault that is refused


@pytest.mark.parametrize(
    "spelling",
    [
        "2026-06-01T09:00:00+00:00",
        "2026-06-01t09:00:00z",
        "2026-06-01 09:00:00Z",
        "2026-06-01T09:00:00.0Z",
        "2026-06-01T09:00Z",
        "2026-06-01T24:00:00Z",
        "2026-02-30T09:00:00Z",
        "2026-06-01T09:00:60Z",
        "\u0662026-06-01T09:00:00Z",
    ],
)
def test_other_spellings_of_a_moment_are_refused(spelling: str) -> None:
    """One moment has one spelling; days and hours that do not exist are refused."""
    with pytest.raises(MalformedMessage, match="instant-malformed"):
        parse_instant(spelling)


def test_days_have_one_spelling() -> None:
    """A day is read; a week date, a compact date and a day that does not exist are not."""
    assert parse_day("2026-02-28") == date(2026, 2, 28)
    for spelling in ("2026-02-29", "20260228", "2026-W09-6"):
        with pytest.raises(MalformedMessage, match="day-malformed"):
            parse_day(spelling)


def test_reader_gives_each_field_its_type() -> None:
    """A well-formed object is taken apart into typed values, with nothing left over."""
    reader = Reader(
        {
            "text": "abc",
            "count": 7,
            "open": True,
            "names": ["a", "b"],
            "inner": {"x": 1},
            "rows": [{"y": 2}, {"y": 3}],
            "at": "2026-11-21T09:00:00Z",
            "on": "2026-11-21",
            "member": "mbr_kent",
            "colour": "red",
            "colours": ["green", "red"],
            "key": "AAAA",
            "digest": digest(b""),
            "raw": None,
        },
        "thing",
    )
    assert reader.text("text", "[a-c]+", max=3) == "abc"
    assert reader.integer("count") == 7
    assert reader.boolean("open") is True
    assert reader.list_of_text("names", "[ab]") == ["a", "b"]
    assert reader.object("inner").integer("x") == 1
    assert [row.integer("y") for row in reader.objects("rows")] == [2, 3]
    assert reader.instant("at") == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert reader.day("on") == date(2026, 11, 21)
    assert reader.id("member", "mbr") == "mbr_kent"
    assert reader.choice("colour", Colour) is Colour.RED
    assert reader.choices("colours", Colour) == [Colour.GREEN, Colour.RED]
    assert reader.binary("key", 3) == bytes(3)
    assert reader.digest("digest") == digest(b"")
    assert reader.value("raw") is None
    reader.done()


def test_reader_gives_optional_fields_or_none() -> None:
    """An optional field is read where it is and None where it is not."""
    empty = Reader({}, "thing")
    assert empty.optional_text("a") is None
    assert empty.optional_object("a") is None
    assert empty.optional_instant("a") is None
    assert empty.optional_day("a") is None
    assert empty.optional_id("a", "mbr") is None
    full = Reader(
        {"t": "x", "o": {}, "i": "2026-11-21T09:00:00Z", "d": "2026-11-21", "m": "mbr_kent"}, "thing"
    )
    assert full.optional_text("t") == "x"
    assert full.optional_object("o") is not None
    assert full.optional_instant("i") == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert full.optional_day("d") == date(2026, 11, 21)
    assert full.optional_id("m", "mbr") == "mbr_kent"


@pytest.mark.parametrize(
    ("method", "found", "code"),
    [
        ("text", 1, "field-type"),
        ("text", None, "field-type"),
        ("text", "x" * 257, "field-long"),
        ("optional_text", None, "field-type"),
        ("integer", True, "field-type"),
        ("integer", "1", "field-type"),
        ("integer", -1, "field-range"),
        ("boolean", 1, "field-type"),
        ("items", {}, "field-type"),
        ("list_of_text", [1], "field-type"),
        ("object", [], "field-type"),
        ("objects", [1], "field-type"),
        ("instant", "yesterday", "instant-malformed"),
        ("day", "today", "day-malformed"),
        ("binary", "A", "base64url-malformed"),
        ("digest", "AAAA", "binary-size"),
    ],
)
def test_reader_refuses_what_has_another_type(method: str, found: Json, code: str) -> None:
    """A field of the wrong type, length or form is refused by name."""
    with pytest.raises(MalformedMessage, match=code):
        getattr(Reader({"field": found}, "thing"), method)("field")


def test_reader_refuses_what_is_outside_the_vocabulary() -> None:
    """A word outside a closed vocabulary is refused with the words that would do."""
    with pytest.raises(MalformedMessage, match="must be one of red, green"):
        Reader({"c": "blue"}, "thing").choice("c", Colour)
    with pytest.raises(MalformedMessage, match="field-repeated"):
        Reader({"c": ["red", "red"]}, "thing").choices("c", Colour)
    with pytest.raises(MalformedMessage, match="field-long"):
        Reader({"c": ["red", "red", "red"]}, "thing").choices("c", Colour)


def test_reader_refuses_another_form_and_says_where() -> None:
    """The fault names the place, down to the row of a list."""
    rows = Reader({"rows": [{"y": "1"}, {"y": "2b"}]}, "thing").objects("rows")
    assert rows[0].text("y", "[0-9]+") == "1"
    with pytest.raises(MalformedMessage, match=r"field-form: thing\.rows\[1\]\.y"):
        rows[1].text("y", "[0-9]+")


def test_reader_names_a_field_that_is_missing() -> None:
    """A required field that is not there is named."""
    with pytest.raises(MalformedMessage, match=r"field-missing: thing\.name"):
        Reader({}, "thing").text("name")


def test_reader_refuses_fields_that_nobody_read() -> None:
    """An unknown field is refused, without its name: that comes from the message."""
    reader = Reader({"known": 1, "Jane Doe": 1}, "thing")
    reader.integer("known")
    with pytest.raises(MalformedMessage, match="field-unknown") as fault:
        reader.done()
    assert "Jane" not in str(fault.value)


def test_reader_refuses_what_is_no_object() -> None:
    """A list where an object should be is refused."""
    with pytest.raises(MalformedMessage, match="thing must be an object"):
        Reader([], "thing")


@given(text)
def test_no_refusal_quotes_a_value(word: str) -> None:
    """Whatever stands in a field, its refusal does not repeat it."""
    for method in ("integer", "instant", "digest", "day"):
        with pytest.raises(MalformedMessage) as fault:
            getattr(Reader({"field": f"§{word}"}, "thing"), method)("field")
        assert "§" not in str(fault.value)


def test_reader_gives_nullable_fields_or_none() -> None:
    """A nullable field must be there; where it is null it is read as None."""
    null = Reader({"t": None, "o": None, "m": None}, "message")
    assert (null.nullable_text("t"), null.nullable_object("o"), null.nullable_id("m", "mbr")) == (
        None,
        None,
        None,
    )
    null.done()
    full = Reader({"t": "x", "o": {}, "m": "mbr_kent"}, "message")
    assert (full.nullable_text("t"), full.nullable_id("m", "mbr")) == ("x", "mbr_kent")
    assert full.nullable_object("o") is not None
    for read in (Reader({}, "message").nullable_text, Reader({}, "message").nullable_object):
        with pytest.raises(MalformedMessage, match="field-missing"):
            read("t")
