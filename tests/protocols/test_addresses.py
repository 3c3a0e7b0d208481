"""Two spellings of one address have one form; what is no address has none."""

import pytest

from hub.protocols.addresses import read_address


@pytest.mark.parametrize(
    "text",
    ["14 Example Road", "14, EXAMPLE RD.", "14 Example  Road, Gillingham", "No. 14\nExample Road"],
)
def test_numbers_and_street_are_what_counts(text: str) -> None:
    """Road or Rd, the town, stops and gaps make no difference."""
    assert read_address(text) == "14 example"


def test_flat_and_house_are_told_apart() -> None:
    """Every number counts, with its letter."""
    assert read_address("Flat 2, 14a St. Mary's Road") == "2 14a marys"
    assert read_address("14 Example Road") != read_address("41 Example Road")


@pytest.mark.parametrize("text", ["", "Rose Cottage, Mill Lane", "14", "Flat 2"])
def test_half_an_address_is_none(text: str) -> None:
    """Without number or street strangers would share it."""
    assert not read_address(text)
