"""All agreements at once, and rehearsals, from this member's own copies: no hub is needed."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.member.cli import app
from adapters.member.copies import read_kept
from adapters.member.errors import GatewayFault, HubUnreachable
from adapters.member.gateway import Gateway
from hub.consent.flags import NO_FLAGS, Flags
from hub.consent.question import Scope
from hub.protocols.names import MemberId, NoticeType
from tests.simulators.town import AGREEMENTS, Town
from tests.simulators.wire import Wire

MEDWAY = MemberId("mbr_medway")
KENT_MEDWAY = str(AGREEMENTS / "kent-medway-movers.json")


@pytest.fixture(autouse=True)
def _homes(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.member.gateway.Gateway", wire.opens)


def run(*words: str, code: int = 0) -> Any:  # noqa: ANN401 - one JSON document
    """What a command answers with --json."""
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == code, result.output + result.stderr
    return json.loads(result.stdout)


def cut_off(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub does not answer any more."""

    def nothing(*_: object, **__: object) -> None:
        raise HubUnreachable("hub-unreachable", "the hub does not answer")

    gateway.refresh()
    for verb in ("get", "post", "pages"):
        monkeypatch.setattr(gateway.transport, verb, nothing)


def test_a_rehearsal_needs_no_hub_once_the_papers_were_read(
    neighbours: tuple[Gateway, Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same answers as with a hub, and it says of when they are."""
    kent, _ = neighbours
    asked = (MEDWAY, NoticeType.MOVED_OUT, Scope.AGE_16_17)
    before, online = kent.rehearse(*asked, NO_FLAGS)
    cut_off(kent, monkeypatch)
    kept, offline = kent.rehearse(*asked, NO_FLAGS)
    assert kept.at == before.at
    assert kept.members == before.members
    assert [decision for _, decision in offline] == [decision for _, decision in online]
    assert any(decision.permitted for _, decision in offline)
    _, shielded = kent.rehearse(*asked, Flags(shield=True))
    assert not any(decision.permitted for _, decision in shielded)
    with pytest.raises(GatewayFault, match="member-unknown"):
        kent.rehearse(MemberId("mbr_nobody"), *asked[1:], NO_FLAGS)


def test_nothing_is_rehearsed_where_nothing_was_ever_read(
    kent: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No copy, no answer."""
    assert read_kept(kent.records) is None
    cut_off(kent, monkeypatch)
    with pytest.raises(HubUnreachable):
        kent.terms_here()


def test_decide_asks_the_home_about_a_notice_about_nobody(
    neighbours: tuple[Gateway, Gateway], town: Town
) -> None:
    """Every part, with its clause or with who could change it; exit 3 where nothing may be told."""
    kent, _ = neighbours
    words = ("decide", "--to", "mbr_medway", "--home", str(kent.home.path))
    told = {one["category"]: one for one in run(*words)["categories"]}
    assert (told["address"]["permitted"], told["address"]["clause"]) == (True, "2.1")
    assert "Who can change this" in told["care"]["says"]
    assert not any(one["permitted"] for one in run(*words, "--shield", code=3)["categories"])
    assert CliRunner().invoke(app, ["decide"]).exit_code == 2


def test_the_matrix_is_drawn_from_files_and_from_the_home(
    neighbours: tuple[Gateway, Gateway], tmp_path: Path
) -> None:
    """As a table, CSV and picture; of one kind of notice where one is named."""
    svg, csv = tmp_path / "m.svg", tmp_path / "m.csv"
    words = ("agreement", "matrix", "--type", "moved_out")
    on_paper = run(*words, KENT_MEDWAY, "--svg", str(svg), "--csv", str(csv))["cells"]
    at_home = run(*words, "--home", str(neighbours[0].home.path))["cells"]
    assert on_paper == at_home
    assert [one["flow"] for one in on_paper] == ["flows", "flows"]
    assert svg.read_text("utf-8").startswith("<svg ")
    assert len(csv.read_text("utf-8").splitlines()) == 3, "a heading and two directions"
    empty = CliRunner().invoke(app, ["agreement", "matrix", KENT_MEDWAY, "--type", "moved_out"])
    assert "how many of the 11" in empty.stdout


@pytest.mark.parametrize("words", [[KENT_MEDWAY], ["--member", "mbr_medway"]])
def test_a_record_of_processing_is_somebodys(words: list[str], tmp_path: Path) -> None:
    """Documents alone do not say whose record it is, nor does a member without documents."""
    answer = CliRunner().invoke(app, ["agreement", "ropa", *words, "--home", str(tmp_path)])
    assert answer.exit_code == 1
    assert "whose record?" in answer.stderr


def test_the_record_of_processing_is_written_from_files_and_from_the_home(
    neighbours: tuple[Gateway, Gateway], tmp_path: Path
) -> None:
    """For the member of the home, or for the one that is named."""
    html, csv = tmp_path / "ropa.html", tmp_path / "ropa.csv"
    at_home = run("agreement", "ropa", "--home", str(neighbours[1].home.path), "--html", str(html))
    on_paper = run("agreement", "ropa", KENT_MEDWAY, "--member", "mbr_medway", "--csv", str(csv))
    assert at_home == on_paper
    purposes = json.loads(Path(KENT_MEDWAY).read_text("utf-8"))["purposes"]
    assert (at_home["member"], len(at_home["entries"])) == ("mbr_medway", len(purposes))
    assert "Medway Council" in html.read_text("utf-8")
    assert len(csv.read_text("utf-8").splitlines()) == len(purposes) + 1
