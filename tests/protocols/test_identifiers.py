"""Numbers and places have one form, and what may not be matched on has none."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols import identifiers
from hub.protocols.identifiers import (
    UPN_LETTERS,
    Postcode,
    check_uln,
    check_upn,
    is_temporary_uln,
    is_temporary_upn,
    normalise_postcode,
    normalise_uln,
    normalise_upn,
    read_postcode,
)

VALUES = Path(__file__).parents[1] / "vectors" / "identifiers" / "values.csv"
CHECKS: dict[str, Callable[[str], bool]] = {
    "UPN": identifiers.check_upn,
    "ULN": identifiers.check_uln,
    "NHS": identifiers.check_nhs_number,
    "UKPRN": identifiers.check_ukprn,
    "LAESTAB": identifiers.check_laestab,
    "POSTCODE": identifiers.check_postcode,
    "YPID": identifiers.check_ypid,
}


def published() -> list[dict[str, str]]:
    """Every published test value."""
    with VALUES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", published(), ids=lambda row: f"{row['kind']} {row['value']}")
def test_published_value_is_accepted_or_refused_as_published(row: dict[str, str]) -> None:
    """Each kind of identifier is checked by its own published rule."""
    assert CHECKS[row["kind"]](row["value"]) is (row["valid"] == "1"), row["why"]


def test_published_values_cover_every_check() -> None:
    """No check goes without a value that it accepts and one that it refuses, LAESTAB apart."""
    seen = {(row["kind"], row["valid"]) for row in published()}
    assert seen >= {(kind, "1") for kind in CHECKS}
    assert seen >= {(kind, "0") for kind in CHECKS if kind != "LAESTAB"}


def test_laestab_of_six_digits_is_refused() -> None:
    """An establishment has the authority's three digits and four of its own."""
    assert not identifiers.check_laestab("886499")


def test_upn_in_another_spelling_has_the_same_form() -> None:
    """Case and gaps do not make another pupil."""
    assert normalise_upn(" f886 4999-20001 ") == normalise_upn("F886499920001") == "F886499920001"


def test_temporary_upn_is_never_matched_on() -> None:
    """A temporary number is given to two pupils: right as it is, it has no form."""
    assert check_upn("E88649992001A")
    assert is_temporary_upn("E88649992001A")
    assert normalise_upn("E88649992001A") is None
    assert not is_temporary_upn("F886499920001")


@given(st.text(alphabet="0123456789", min_size=12, max_size=12))
def test_upn_with_a_changed_check_letter_is_never_matched_on(digits: str) -> None:
    """Of all check letters one at most is right."""
    right = [letter for letter in UPN_LETTERS if check_upn(letter + digits)]
    assert len(right) <= 1
    assert all(normalise_upn(letter + digits) is None for letter in UPN_LETTERS if letter not in right)


@given(st.integers(100_000_000, 999_999_999))
def test_uln_has_one_check_digit_at_most(first_nine: int) -> None:
    """Nine digits have one right tenth, or none (remainder 0)."""
    right = [digit for digit in range(10) if check_uln(f"{first_nine}{digit}")]
    weighted = sum(
        weight * int(digit) for weight, digit in zip(range(10, 1, -1), str(first_nine), strict=True)
    )
    assert right == ([] if weighted % 11 == 0 else [10 - weighted % 11])


def test_the_number_for_not_known_yet_is_never_matched_on() -> None:
    """9999999999 stands for every learner without a number."""
    assert is_temporary_uln("9999999999")
    assert normalise_uln("9999999999") is None
    assert normalise_uln("1000000019") == "1000000019"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("me7 4ab", Postcode("ME74AB", "ME74", "ME7")),
        ("SW1A1AA", Postcode("SW1A1AA", "SW1A1", "SW1A")),
        ("M1 1AE", Postcode("M11AE", "M11", "M1")),
        ("B90", Postcode(district="B90")),
        ("4223", Postcode(unit="4223")),
        ("ZZ99 9ZZ", Postcode()),
        ("QQ1 1QQ", Postcode()),
        ("ZZ9", Postcode()),
        ("0000", Postcode()),
        ("not known", Postcode()),
        ("", Postcode()),
    ],
)
def test_postcode_says_what_of_it_is_known(text: str, expected: Postcode) -> None:
    """A whole postcode, an outward code, one from abroad; a stand-in says nothing."""
    assert read_postcode(text) == expected
    assert normalise_postcode(text) == (expected.unit or None)


@given(st.text())
def test_any_text_is_answered_without_an_error(text: str) -> None:
    """Whatever a cell holds, there is an answer: no error could quote it."""
    for check in CHECKS.values():
        check(text)
    for normalise in (normalise_upn, normalise_uln, normalise_postcode):
        form = normalise(text)
        assert form is None or normalise(form) == form
