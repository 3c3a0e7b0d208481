"""A code has a meaning on a day, and the table knows what it was before."""

from datetime import date

from adapters.authorities import (
    Authority,
    authority,
    authority_history,
    authority_of_district,
    authority_of_gss,
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
