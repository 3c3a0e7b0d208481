"""`hub feed` at a terminal: look first, send on --yes, a second officer, exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.member.cli import app
from adapters.member.gateway import Gateway
from tests.simulators.wire import Wire

HEAD = "Forename,Surname,DOB,Address line 1,Postcode,Local ref\n"
ADA = "Ada,Exampleton,12/11/2009,1 Example Road,ME14 1XQ,K-1\n"
ADA_GONE = "Ada,Exampleton,12/11/2009,2 Sample Street,ME4 4TR,K-1\n"
BEN = "Ben,Sample,01/02/2010,3 Example Road,ME14 1XQ,K-2\n"


class Desk:
    """Somebody in Kent with an extract."""

    def __init__(self, kent: Gateway, folder: Path) -> None:
        self.kent = kent
        self.path = folder / "extract.csv"

    def run(self, rows: str, *words: str, code: int = 0) -> Result:
        """Run `hub feed` over these rows; it must end with this exit code."""
        self.path.write_text(HEAD + rows)
        home = str(self.kent.home.path)
        result = CliRunner().invoke(app, ["feed", str(self.path), "--home", home, *words])
        assert result.exit_code == code, result.output
        return result

    def json(self, rows: str, *words: str) -> dict[str, Any]:
        """The same, for a program."""
        found: dict[str, Any] = json.loads(self.run(rows, *words, "--json").stdout)
        return found


@pytest.fixture
def desk(kent: Gateway, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """With a first extract behind it."""
    monkeypatch.setattr("adapters.member.gateway.Gateway", wire.opens)
    found = Desk(kent, tmp_path)
    assert "the first extract" in found.run(ADA + BEN, "--yes").stdout
    return found


def test_without_yes_it_shows_and_sends_nothing(desk: Desk) -> None:
    """By local reference: the screen names nobody."""
    shown = desk.run(ADA_GONE + BEN)
    assert "moved_out" in shown.stdout
    assert "K-1" in shown.stdout
    assert "Nothing was sent" in shown.stdout
    assert "Exampleton" not in shown.output
    assert desk.kent.records.all_sent() == []


def test_with_yes_it_sends_once(desk: Desk) -> None:
    """One document for a program."""
    told = desk.json(ADA_GONE + BEN, "--yes")
    assert told["counts"] == {"moved_out": 1}
    assert told["told"]["changes"] == {"moved_out": 1}
    assert desk.json(ADA_GONE + BEN, "--yes")["told"]["changes"] == {}
    home = str(desk.kent.home.path)
    nights = json.loads(CliRunner().invoke(app, ["gateway", "nights", "--home", home, "--json"]).stdout)
    assert [night["counts"] for night in nights["nights"]] == [{}, {"moved_out": 1}, {}]


def test_a_refused_extract_says_what_to_do(desk: Desk) -> None:
    """One line, exit code 1, and the way on."""
    refused = desk.run((ADA_GONE + BEN).rstrip("\n"), code=1)
    assert "--accept REASON" in refused.stderr
    assert desk.run((ADA_GONE + BEN).rstrip("\n"), "--accept", "it is whole").exit_code == 0


def test_a_second_officer_is_asked_for(desk: Desk) -> None:
    """Exit code 3: a rule of the member's own says no, for now."""
    settings = desk.kent.home.path / "gateway.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "bulk_from": 1}))
    first = desk.run(ADA_GONE + BEN, "--yes", "--officer", "A. Officer", code=3)
    assert "second officer" in first.stderr
    assert "1 told" in desk.run(ADA_GONE + BEN, "--yes", "--officer", "B. Second").stdout


def test_a_hub_that_is_down_means_later(desk: Desk, wire: Wire) -> None:
    """Exit code 5: nothing is lost."""
    wire.down = True
    assert "told by the next run" in desk.run(ADA_GONE + BEN, "--yes", code=5).stderr
