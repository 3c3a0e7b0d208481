"""What the log says about a member: entries that it may open, proofs, and refusals in fives."""

from datetime import UTC, datetime

import pytest

from hub.exchange.web import disclosures
from hub.protocols import canonical
from hub.protocols.entry import commit
from hub.protocols.proof import parse_proof, verify_proof
from tests.exchange.web.conftest import Region


def test_a_member_opens_its_own_entries_and_proves_them(region: Region) -> None:
    """Every listed entry comes with a salt and can be proved under the log's key."""
    name = region.kent.publishes(region.kent.notice()).json()["notice"]
    region.hub.slot()
    listed = region.kent.gets("/v1/disclosures?limit=500").json()["data"]
    (published,) = [one for one in listed if one["opening"]["record"]["kind"] == "published"]
    assert published["opening"]["record"]["notice"] == name
    found = region.kent.gets(f"/v1/disclosures/{published['log_index']}").json()
    assert {key: found[key] for key in published} == published
    leaf = commit(found["opening"]["record"], canonical.unb64u(found["opening"]["salt"]))
    verify_proof(parse_proof(found["proof"]), leaf, region.hub.hub.log_key)
    text = region.kent.gets(f"/v1/disclosures/{published['log_index']}/proof")
    assert text.text == found["proof"]
    assert text.headers["content-type"].startswith("text/plain")


def test_entries_come_page_by_page_in_the_order_of_the_log(region: Region) -> None:
    """No entry twice, none left out, from the very first leaf."""
    whole = region.kent.gets("/v1/disclosures?limit=500").json()["data"]
    seen, cursor = [], ""
    while True:
        page = region.kent.gets(f"/v1/disclosures?limit=3{cursor}").json()
        seen += page["data"]
        if not page["has_more"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == whole
    assert [one["log_index"] for one in seen] == sorted(one["log_index"] for one in seen)


@pytest.mark.parametrize("index", ["-1", "x", "1e3", "9" * 20, "%D9%A3"])
def test_what_is_no_index_is_not_found(region: Region, index: str) -> None:
    """Another form is as little there as another's entry."""
    answer = region.kent.gets(f"/v1/disclosures/{index}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_refusals_are_counted_in_fives_once_the_quarter_is_over(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eleven are told as ten, four not at all; while the quarter runs nothing is told (I4)."""
    path = "/v1/refusals?quarter=2026Q4"
    running = region.kent.gets(path)
    assert (running.status_code, running.json()["code"]) == (409, "quarter-open")
    region.hub.now = datetime(2027, 1, 1, tzinfo=UTC)
    region.kent.token = None
    counts = {"R-EXPIRED": 11, "R-SHIELD": 4, "R-FIELD": 5}
    asked = list[tuple[object, ...]]()
    with region.hub.store.read() as work:
        kind = type(work.refusals)

    def counted(_: object, *which: object) -> dict[str, int]:
        asked.append(which)
        return counts

    monkeypatch.setattr(kind, "counts", counted)
    answer = region.kent.gets(path).json()
    assert answer == {
        "quarter": "2026Q4",
        "data": [{"code": "R-EXPIRED", "notices": 10}, {"code": "R-FIELD", "notices": 5}],
    }
    first, after = datetime(2026, 10, 1, tzinfo=UTC).date(), datetime(2027, 1, 1, tzinfo=UTC).date()
    assert asked == [(region.kent.member, first, after)]


@pytest.mark.parametrize(("number", "first", "after"), [(1, 1, 4), (2, 4, 7), (3, 7, 10)])
def test_a_quarter_has_three_months(number: int, first: int, after: int) -> None:
    """From its first day to the first day after it."""
    start, end = disclosures._days(f"2026Q{number}")
    assert ((start.month, start.day), (end.month, end.day)) == ((first, 1), (after, 1))


@pytest.mark.parametrize("quarter", ["2026Q5", "1999Q1", "2026", "2026q4"])
def test_what_is_no_quarter_is_refused(region: Region, quarter: str) -> None:
    """The problem names the parameter."""
    answer = region.kent.gets(f"/v1/refusals?quarter={quarter}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/quarter"


def test_the_quarter_has_to_be_named(region: Region) -> None:
    """A missing parameter is named too."""
    answer = region.kent.gets("/v1/refusals")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/quarter")
