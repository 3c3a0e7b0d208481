"""Papers: signed over what was read, and an epoch whose key is never lost."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.member.errors import GatewayFault, HubUnreachable
from adapters.member.gateway import Gateway
from adapters.member.joining import pin_custodian
from hub.consent.documents import agreement_digest
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.mandate import Change
from hub.protocols.names import AgreementId, EpochId, MemberId, MemberKind, NoticeType
from tests.simulators.town import AGREEMENTS, CUSTODIAN, Town
from tests.simulators.wire import Wire
from tests.story.people import ADA

MOVERS = AgreementId("agr_kent-medway-movers")
MEDWAY = MemberId("mbr_medway")


def document() -> Json:
    """The agreement between the two."""
    read: Json = json.loads((AGREEMENTS / "kent-medway-movers.json").read_text("utf-8"))
    return read


def test_an_agreement_is_in_force_when_all_have_signed_what_they_read(
    town: Town, kent: Gateway, medway: Gateway
) -> None:
    """Proposed by one, countersigned by digest by the other, believed by both."""
    assert kent.papers.propose(document()) == MOVERS
    town.slot()
    assert not kent.dry_run(ADA, NoticeType.MOVED_OUT, MEDWAY)[1][1].permitted
    medway.papers.countersign(MOVERS, agreement_digest(document()))
    town.slot()
    for gateway in (kent, medway):
        gateway.refresh()
    assert kent.dry_run(ADA, NoticeType.MOVED_OUT, MEDWAY)[1][1].permitted
    assert kent.papers.binding_version(MOVERS) == 1


def test_another_document_than_the_one_read_is_not_signed(town: Town, kent: Gateway, medway: Gateway) -> None:
    """A hub that shows another one gets no signature."""
    kent.papers.propose(document())
    with pytest.raises(Untrusted, match="agreement-other-bytes"):
        medway.papers.countersign(MOVERS, agreement_digest({"id": "another"}))


def test_a_document_that_is_no_agreement_is_not_proposed(wire: Wire, kent: Gateway) -> None:
    """It is refused here, before anything is signed."""
    before = len(wire.calls)
    with pytest.raises(MalformedMessage, match="agreement-malformed"):
        kent.papers.propose({"id": "agr_x"})
    assert len(wire.calls) == before


def test_one_partys_word_stops_an_agreement_at_once(town: Town, neighbours: tuple[Gateway, Gateway]) -> None:
    """And the same party's word lets it flow again."""
    kent, medway = neighbours
    medway.papers.change(MOVERS, 1, Change.SUSPEND, town.now)
    kent.refresh()
    assert not kent.dry_run(ADA, NoticeType.MOVED_OUT, MEDWAY)[1][1].permitted
    medway.papers.change(MOVERS, 1, Change.RESUME, town.now)
    town.slot()
    kent.refresh()
    assert kent.dry_run(ADA, NoticeType.MOVED_OUT, MEDWAY)[1][1].permitted


def test_mandates_and_requests_are_believed_by_both_sides(
    town: Town, wire: Wire, kent: Gateway, medway: Gateway, company: Gateway, tmp_path: Path
) -> None:
    """In their time, once they are in the log."""
    college = wire.joins("mbr_north-kent-college", tmp_path / "college", MemberKind.COLLEGE)
    medway.papers.standing_request(college.pinned.member, town.now, town.now + timedelta(days=2))
    kent.papers.mandate(company.pinned.member, town.now, town.now + timedelta(days=2))
    town.slot()
    assert college.terms().requests == {("mbr_medway", "mbr_north-kent-college")}
    assert company.terms().mandates == {("mbr_kent", "mbr_thames-careers")}
    town.days_pass(3)
    assert college.terms().requests == company.terms().mandates == frozenset()


def test_what_an_authority_takes_back_ends_at_once(
    town: Town, wire: Wire, kent: Gateway, medway: Gateway, company: Gateway, tmp_path: Path
) -> None:
    """Before any entry is made of it."""
    college = wire.joins("mbr_north-kent-college", tmp_path / "college", MemberKind.COLLEGE)
    medway.papers.standing_request(college.pinned.member, town.now, town.now + timedelta(days=2))
    kent.papers.mandate(company.pinned.member, town.now, town.now + timedelta(days=2))
    town.slot()
    medway.papers.end_standing_request(college.pinned.member, town.now)
    kent.papers.end_mandate(company.pinned.member, town.now)
    assert college.terms().requests == company.terms().mandates == frozenset()


def test_the_version_that_binds_is_found_under_a_proposal(
    town: Town, neighbours: tuple[Gateway, Gateway]
) -> None:
    """A newer one that Medway proposes is in nobody's way; where nothing binds, that is said."""
    kent, medway = neighbours
    supersedes: Json = {"version": 1, "digest": agreement_digest(document())}
    first = document()
    assert isinstance(first, dict)
    second: Json = {**first, "version": 2, "supersedes": supersedes}
    medway.papers.propose(second)
    assert kent.papers.binding_version(MOVERS) == 1
    kent.papers.change(MOVERS, 1, Change.SUSPEND, town.now)
    assert kent.papers.binding_version(MOVERS) == 1
    kent.papers.change(MOVERS, 1, Change.END, town.now)
    with pytest.raises(GatewayFault, match="agreement-state"):
        kent.papers.binding_version(MOVERS)


@pytest.fixture
def custodian(town: Town, wire: Wire, tmp_path: Path) -> Gateway:
    """The custodian's own home, of the custodian that the town began with."""
    gateway = wire.joins("mbr_other-custodian", tmp_path / "custodian", MemberKind.OBSERVER)
    gateway.close()
    path = tmp_path / "custodian"
    home = gateway.home
    pinned = home.pinned()
    home.keep(town.custodian.keyring)
    home.pin(replace(pinned, member=CUSTODIAN))
    pin_custodian(home, town.custodian.keyring.identity.public.jwks)
    (path / "records.db").unlink()
    return wire.opens(path)


def test_a_new_epoch_reaches_every_member(town: Town, custodian: Gateway, kent: Gateway) -> None:
    """Wrapped to each logged sealing key; the hub sees boxes."""
    epoch = custodian.open_epoch([MemberId("mbr_kent")])
    town.slot()
    kent.refresh()
    held = {one["epoch"]: one["held"] for one in kent.epochs()}
    assert held[epoch] is False
    assert kent.epoch() in held
    assert custodian.home.keyring().linkage.keys() == {epoch}


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_epoch_that_was_cut_off_is_sent_again_not_made_again(
    town: Town, wire: Wire, custodian: Gateway, kent: Gateway, tmp_path: Path, when: str
) -> None:
    """Its key is kept before it is sent, so that the hub never holds an epoch that nobody can open."""
    kent.epoch()
    for number in range(len(wire.calls), len(wire.calls) + 10):
        (wire.dies_before if when == "before" else wire.dies_after).add(number)
    with pytest.raises(HubUnreachable):
        custodian.open_epoch([MemberId("mbr_kent")])
    wire.dies_before.clear()
    wire.dies_after.clear()
    (kept,) = custodian.home.keyring().linkage
    custodian.close()
    again = wire.opens(tmp_path / "custodian")
    assert again.open_epoch([MemberId("mbr_kent")]) == kept
    assert again.open_epoch([MemberId("mbr_kent")]) != kept


def test_members_that_joined_since_get_the_key_too(
    town: Town, custodian: Gateway, kent: Gateway, medway: Gateway
) -> None:
    """Under the same epoch."""
    epoch = custodian.open_epoch([MemberId("mbr_kent")])
    town.slot()
    custodian.papers.wrap_again(epoch, [MEDWAY])
    assert medway.transport.get(f"/v1/epochs/{epoch}/wrapped-key")
    with pytest.raises(GatewayFault, match="epoch-unknown"):
        custodian.papers.wrap_again(EpochId("ep_00000000000000000000000001"), [MEDWAY])


def test_an_epoch_whose_key_is_not_here_cannot_be_wrapped(
    town: Town, custodian: Gateway, medway: Gateway
) -> None:
    """The home that made it has it."""
    with pytest.raises(GatewayFault, match="linkage-key-gone"):
        custodian.papers.wrap_again(town.epoch, [MEDWAY])
