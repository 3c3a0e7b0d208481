"""A third council joins what two have signed: read, signed by digest, believed by every gateway, stopped."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.member.cli import app
from adapters.member.gateway import Gateway
from hub.consent.flags import NO_FLAGS
from hub.consent.question import Scope
from hub.exchange.stages import PaperKind
from hub.protocols.names import MemberId, NoticeType
from tests.simulators.town import Town, example_agreement
from tests.simulators.wire import Wire

KENT, SURREY = MemberId("mbr_kent"), MemberId("mbr_surrey")
NAME = "agr_kent-medway-movers"
LINE = "Surrey County Council; dfe_la 936; ZX000936; dpo@surrey.example"


@pytest.fixture
def surrey(wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """A third council, and the command at its prompt."""
    monkeypatch.setattr("adapters.member.gateway.Gateway", wire.opens)
    return wire.joins("mbr_surrey", tmp_path / "surrey", area="936")


@pytest.fixture
def region(town: Town, kent: Gateway, medway: Gateway, surrey: Gateway) -> tuple[Gateway, Gateway]:
    """An open agreement between Kent and Medway, and Kent with Surrey, who has not joined."""
    town.agrees("kent-medway-movers", {"accession": {"groups": ["councils"]}})
    return kent, surrey


def run(*words: str, code: int = 0) -> Any:  # noqa: ANN401 - one JSON document
    """What a command answers with --json."""
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == code, result.output + result.stderr
    return json.loads(result.stdout) if code == 0 else result.stderr


def may_tell(gateway: Gateway, recipient: MemberId) -> bool:
    """Whether this gateway would let a name go to a member."""
    gateway.refresh()
    _, asked = gateway.rehearse(recipient, NoticeType.MOVED_OUT, Scope.AGE_16_17, NO_FLAGS)
    return any(decision.permitted for _, decision in asked)


def joins(surrey: Gateway, digest: str, code: int = 0) -> Any:  # noqa: ANN401 - as `run`
    """Surrey joins by what its officer has read."""
    home = str(surrey.home.path)
    return run(
        "agreement",
        "accede",
        NAME,
        "--digest",
        digest,
        "--as",
        LINE,
        "--group",
        "councils",
        "--home",
        home,
        code=code,
    )


def test_a_council_joins_by_its_signature_and_leaves_by_its_word(
    town: Town, region: tuple[Gateway, Gateway]
) -> None:
    """In force for it once the entry is there; nobody else signs anew; its stop is its own."""
    kent, surrey = region
    home = str(surrey.home.path)
    digest = run("agreement", "page", NAME, "--home", home)["digest"]
    assert not may_tell(kent, SURREY)
    joins(surrey, digest)
    assert not may_tell(kent, SURREY)
    town.slot()
    assert may_tell(kent, SURREY)
    assert may_tell(surrey, KENT)
    run("agreement", "suspend", NAME, "--home", home)
    assert not may_tell(kent, SURREY)
    assert may_tell(kent, MemberId("mbr_medway"))


def test_other_bytes_and_another_number_are_not_joined(town: Town, region: tuple[Gateway, Gateway]) -> None:
    """The digest is what was read, and a college is no council."""
    _, surrey = region
    assert "agreement-other-bytes" in joins(surrey, "A" * 43, code=4)
    words = ("--as", LINE.replace("dfe_la", "ukprn"), "--group", "councils", "--home", str(surrey.home.path))
    said = run("agreement", "accede", NAME, "--digest", "A" * 43, *words, code=1)
    assert "no parties with a number of ukprn" in said


def test_an_accession_that_the_hub_made_up_is_not_believed(
    town: Town, region: tuple[Gateway, Gateway]
) -> None:
    """Each gateway checks the newcomer's own signature over the very bytes."""
    kent, surrey = region
    joins(surrey, run("agreement", "page", NAME, "--home", str(surrey.home.path))["digest"])
    town.slot()
    with town.store.write() as work:
        (paper,) = work.papers.all(PaperKind.ACCESSION)
        forged = json.loads(json.dumps(paper.document))
        forged["signatures"] = example_agreement("kent-medway-movers") and forged["signatures"][:1]
        object.__setattr__(paper, "document", forged)
        work.papers.put(paper)
    assert not may_tell(kent, SURREY)
    assert any(one.startswith("accession: ") for one in kent.terms().doubted)
