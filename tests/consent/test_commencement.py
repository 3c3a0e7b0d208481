"""The dated file of law that is not in force: what it says, and that it is published as it is used."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.consent import table
from hub.consent.commencement import COMMENCEMENT, read_commencement

ROOT = Path(__file__).parent.parent.parent
FILE: dict[str, Any] = {
    "version": "law-0",
    "as_at": "2026-01-01",
    "provisions": [
        {"code": "made", "in_force_from": None},
        {"code": "begun", "in_force_from": "2026-06-01"},
    ],
}


@pytest.mark.parametrize(
    ("provision", "at", "carries"),
    [
        ("made", datetime(2099, 1, 1, tzinfo=UTC), False),
        ("begun", datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC), False),
        ("begun", datetime(2026, 6, 1, tzinfo=UTC), True),
        ("old law", datetime(2026, 1, 1, tzinfo=UTC), True),
    ],
)
def test_a_provision_carries_from_its_first_day(provision: str, at: datetime, carries: bool) -> None:
    """Without a day it never does; what is not listed always has."""
    assert read_commencement(FILE).in_force(provision, at) is carries


def test_the_published_file_is_the_one_in_use() -> None:
    """Every provision names its source, and a provision that clauses may cite is a known gateway."""
    published = (ROOT / "agreements" / "schema" / "commencement.json").read_bytes()
    assert published == (ROOT / "hub" / "consent" / "schema" / "commencement.json").read_bytes()
    assert "ca2004:s16la" in table.GATEWAYS
    assert COMMENCEMENT.since["ca2004:s16la"] is None


@pytest.mark.parametrize("spoilt", [{}, {**FILE, "as_at": "yesterday"}])
def test_a_spoilt_file_stops_the_start(spoilt: dict[str, Any]) -> None:
    """Nobody decides by half a list."""
    with pytest.raises((KeyError, ValueError)):
        read_commencement(spoilt)
