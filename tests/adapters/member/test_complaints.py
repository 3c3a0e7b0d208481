"""The register of complaints: the 30 days, what is due, what is never shown or sent."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.member.cli import app
from adapters.member.complaints import Clock, Complaints, Ended, Means, complaint_summary
from adapters.member.errors import GatewayFault
from adapters.member.gateway import Gateway
from adapters.member.records import Records
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage
from tests.adapters.member.test_local_api import client
from tests.simulators.town import Town
from tests.simulators.wire import Wire

CAME = date(2026, 11, 2)
WORDS = "You passed on my old address."


class Today:
    """A day that is set by hand."""

    def __init__(self) -> None:
        self.day = CAME

    def __call__(self) -> datetime:
        """Noon of that day."""
        return datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=UTC)


@pytest.fixture
def today() -> Today:
    """The day on which the first complaint came."""
    return Today()


@pytest.fixture
def records(tmp_path: Path) -> Records:
    """A home's records."""
    return Records(tmp_path / "records.db", bytes(32))


@pytest.fixture
def register(records: Records, today: Today) -> Complaints:
    """An empty register."""
    return Complaints(records, today)


@pytest.mark.parametrize(
    ("days", "clock"),
    [
        (0, Clock.RUNNING),
        (21, Clock.RUNNING),
        (22, Clock.DUE),
        (29, Clock.DUE),
        (30, Clock.OVERDUE),
        (400, Clock.OVERDUE),
    ],
)
def test_the_day_it_came_is_the_first_of_thirty(
    register: Complaints, today: Today, days: int, clock: Clock
) -> None:
    """s.164A: within 30 days beginning when it is received; due is shown a week before the last."""
    made = register.add(CAME, Means.EMAIL, "CASE 7")
    assert made.due == date(2026, 12, 1)
    today.day = CAME + timedelta(days=days)
    assert register.get(made.complaint).clock(register.today) is clock


def test_a_complaint_goes_from_received_to_closed(register: Complaints, today: Today) -> None:
    """Acknowledged, then closed with what the complainant was told; each on its day."""
    name = register.add(CAME, Means.POST, "CASE 7", WORDS).complaint
    today.day = CAME + timedelta(days=10)
    assert register.acknowledge(name, CAME + timedelta(days=9)).clock(register.today) is Clock.ACKNOWLEDGED
    closed = register.close(name, Ended.PARTLY_UPHELD, today.day)
    assert closed.clock(register.today) is Clock.CLOSED
    assert register.get(name) == closed
    assert (closed.words, closed.acknowledged) == (WORDS, CAME + timedelta(days=9))


def test_days_that_cannot_be_are_refused(register: Complaints, today: Today) -> None:
    """Not before it came, not in the future, nothing twice, nothing after the end."""
    with pytest.raises(GatewayFault, match="complaint-day"):
        register.add(CAME + timedelta(days=1), Means.FORM, "CASE 7")
    name = register.add(CAME, Means.FORM, "CASE 7").complaint
    for day in (CAME - timedelta(days=1), CAME + timedelta(days=1)):
        with pytest.raises(GatewayFault, match="complaint-day"):
            register.acknowledge(name, day)
    today.day = CAME + timedelta(days=5)
    register.acknowledge(name, today.day)
    with pytest.raises(GatewayFault, match="complaint-acknowledged"):
        register.acknowledge(name, today.day)
    with pytest.raises(GatewayFault, match="complaint-day"):
        register.close(name, Ended.UPHELD, CAME)
    register.close(name, Ended.WITHDRAWN, today.day)
    with pytest.raises(GatewayFault, match="complaint-closed"):
        register.acknowledge(name, today.day)
    with pytest.raises(GatewayFault, match="complaint-closed"):
        register.close(name, Ended.UPHELD, today.day)


def test_what_is_due_first_is_first(register: Complaints, today: Today) -> None:
    """Those to be acknowledged by their last day; the others after them."""
    today.day = CAME + timedelta(days=20)
    late, early, done = (
        register.add(CAME + timedelta(days=days), Means.FORM, f"CASE {days}").complaint for days in (9, 3, 1)
    )
    register.acknowledge(done, today.day)
    assert [one.complaint for one in register.all()] == [early, late, done]


def test_the_register_is_sealed_and_shows_no_words_unasked(
    register: Complaints, records: Records, tmp_path: Path
) -> None:
    """What a complaint says, and whose case it is, is not in the file in clear, nor in a list."""
    made = register.add(CAME, Means.FORM, "CASE-NUMBER-SEVEN", WORDS)
    summary = complaint_summary(made, CAME)
    assert (summary["due"], summary["clock"]) == ("2026-12-01", "running")
    assert "words" not in summary
    assert complaint_summary(made, CAME, words=True)["words"] == WORDS
    records.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert WORDS.encode() not in kept
    assert b"CASE-NUMBER-SEVEN" not in kept


def test_one_that_is_not_there_is_said_to_be(register: Complaints) -> None:
    """An unknown id, and what is no id."""
    with pytest.raises(GatewayFault, match="complaint-unknown"):
        register.get("cmp_01k00000000000000000000000")
    with pytest.raises(MalformedMessage, match="id-malformed"):
        register.get("A. Name")


def test_a_complaint_is_kept_at_a_terminal_and_over_the_local_api(
    town: Town, kent: Gateway, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entered, overdue, acknowledged late, closed; the hub hears nothing of it."""
    monkeypatch.setattr("adapters.member.gateway.Gateway", wire.opens)
    before = len(town.brought), town.sizes[-1]

    def run(*given: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["complaint", *given, "--home", str(kent.home.path)])
        assert result.exit_code == code, result.output
        return result

    came = (town.now - timedelta(days=40)).date().isoformat()
    made = json.loads(run("add", "--about", "CASE 7", "--by", "post", "--on", came, "--json").stdout)
    assert made["clock"] == "overdue"
    listed = run("list")
    assert "overdue" in listed.stdout
    assert "1 not acknowledged within 30 days" in listed.stderr
    run("add", "--about", "CASE 8", "--on", "2099-01-01", code=1)
    local = client(kent)
    assert [one["clock"] for one in local.get("/complaints").json()["data"]] == ["overdue"]
    day = town.now.date().isoformat()
    told = local.post(f"/complaints/{made['complaint']}/told", {"on": day})
    assert told.json()["clock"] == "acknowledged"
    run("close", made["complaint"], "upheld")
    assert "There are no complaints." in run("list").stdout
    assert "closed (upheld)" in run("list", "--all").stdout
    second: Json = {"received": day, "means": "email", "about": "CASE 9", "words": WORDS}
    entered = local.post("/complaints", second)
    assert (entered.status_code, entered.json()["clock"]) == (201, "running")
    assert WORDS not in local.get("/complaints").text
    name = entered.json()["complaint"]
    assert local.get(f"/complaints/{name}").json()["words"] == WORDS
    assert WORDS in run("show", name).stdout
    ended = local.post(f"/complaints/{name}/told", {"on": day, "ended": "not_upheld"})
    assert ended.json()["ended"] == "not_upheld"
    run("acknowledge", made["complaint"], code=1)
    assert local.get("/complaints/cmp_01k00000000000000000000000").status_code == 404
    assert (len(town.brought), town.sizes[-1]) == before
