"""A code has a meaning on a day, and the table knows what it was before."""

import csv
from datetime import date
from pathlib import Path

import adapters
from adapters.authorities import (
    Authority,
    authority,
    authority_history,
    authority_of_district,
    authority_of_gss,
    successors,
)


def test_an_authority_has_a_name_on_a_day() -> None:
    """Codes outlive bounds: Northumberland changed its ONS code in 2013, Cumbria ended in 2023."""
    assert authority("886", date(2026, 11, 21)) == Authority(
        "886", "E10000016", "Kent", date(2009, 1, 1), None
    )
    before, after = authority("929", date(2013, 3, 31)), authority("929", date(2013, 4, 1))
    assert before is not None
    assert after is not None
    assert (before.gss, after.gss) == ("E06000048", "E06000057")
    assert authority("909", date(2023, 3, 31)) is not None
    assert authority("909", date(2023, 4, 1)) is None
    assert authority("999", date(2026, 11, 21)) is None


def test_a_district_belongs_to_an_education_authority() -> None:
    """Two-tier shires: Maidstone's children are Kent's."""
    assert authority_of_district("E07000110") == "886"
    assert authority_of_district("E06000035") == "887"
    assert authority_of_district("W06000015") is None


def test_a_code_tells_what_it_has_stood_for() -> None:
    """Barnsley is 370 under two ONS codes, the second since May 2025."""
    assert [one.gss for one in authority_history("370")] == ["E08000016", "E08000038"]
    assert authority_history("004") == ()


def test_an_ons_code_of_any_time_gives_the_authority() -> None:
    """The former code of Barnsley, the code of a county, and that of a district in it."""
    assert [authority_of_gss(gss) for gss in ("E08000016", "E08000038")] == ["370", "370"]
    assert (authority_of_gss("E10000016"), authority_of_gss("E07000110")) == ("886", "886")
    assert authority_of_gss("W06000015") is None


def test_who_took_over_is_known_of_every_authority_that_has_ended() -> None:
    """By a day: before its end nobody has taken over, nor from one that never was."""
    with (Path(adapters.__file__).parent / "data" / "la_england_dfe_ons.csv").open(encoding="utf-8") as text:
        codes = {row["dfe_la_code"] for row in csv.DictReader(text)}
    today = date(2026, 11, 21)
    ended = {code for code in codes if authority(code, today) is None}
    assert len(ended) == 7
    for code in ended:
        heirs = successors(code, today)
        assert heirs
        assert all(authority(heir, today) for heir in heirs)
    assert successors("909", date(2023, 3, 31)) == ()
    assert successors("909", date(2023, 4, 1)) == ("942", "943")
    assert successors("999", today) == successors("886", today) == ()
