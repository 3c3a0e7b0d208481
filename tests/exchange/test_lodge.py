"""What an authority or the custodian signs alone: kept once, replaced, withdrawn."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.exchange import lodge
from hub.exchange.errors import Declined
from hub.exchange.stages import Paper, PaperKind, PaperState
from hub.protocols.epoch import make_epoch, sign_epoch
from hub.protocols.errors import Untrusted
from hub.protocols.mandate import Mandate, sign_mandate
from hub.protocols.names import EpochId, MemberId, MemberKind, new_id
from hub.protocols.signing import Typ
from tests.simulators.town import CUSTODIAN, Town

KENT, MEDWAY, LAMBETH = MemberId("mbr_kent"), MemberId("mbr_medway"), MemberId("mbr_lambeth")
MOVERS = "agr_kent-medway-movers"


def lodged(town: Town, kind: PaperKind, typ: Typ, by: MemberId, mandate: Mandate) -> Paper:
    """What lodging this makes."""
    signed = sign_mandate(mandate, typ, town.members[by].keyring.identity)
    with town.store.write() as work:
        return lodge.lodge(kind, signed, by, work, town.hub)


def test_a_mandate_that_has_ended_is_not_brought_back_by_a_copy(town: Town) -> None:
    """Others are shown what was signed: with an access key alone it is worth nothing a second time."""
    company = MemberId("mbr_kent-careers")
    town.admits(company, MemberKind.CAREERS_COMPANY)
    first = Mandate(KENT, company, town.now, town.now + timedelta(days=365))
    lodged(town, PaperKind.MANDATE, Typ.MANDATE, KENT, first)
    town.slot()
    assert (KENT, company) in town.terms().mandates
    over = Mandate(KENT, company, town.now - timedelta(days=1), town.now - timedelta(minutes=5))
    lodged(town, PaperKind.MANDATE, Typ.MANDATE, KENT, over)
    town.slot()
    with pytest.raises(Declined, match="paper-over"):
        lodged(town, PaperKind.MANDATE, Typ.MANDATE, KENT, first)
    assert (KENT, company) not in town.terms().mandates
    lodged(town, PaperKind.MANDATE, Typ.MANDATE, KENT, replace(first, valid_from=town.now))
    town.slot()
    assert (KENT, company) in town.terms().mandates


def test_a_mandate_is_the_authoritys_own_word_about_a_member(town: Town) -> None:
    """Not in another's name, not about a stranger, not of one kind for another."""
    company = MemberId("mbr_kent-careers")
    town.admits(company, MemberKind.CAREERS_COMPANY)
    until = town.now + timedelta(days=365)
    good = Mandate(KENT, company, town.now, until)
    with pytest.raises(Untrusted, match="mandate-other"):
        lodged(town, PaperKind.MANDATE, Typ.MANDATE, KENT, replace(good, authority=MEDWAY))
    with pytest.raises(Declined, match="member-unknown"):
        lodged(town, PaperKind.MANDATE, Typ.MANDATE, KENT, replace(good, other=MemberId("mbr_nobody")))
    with pytest.raises(Untrusted, match="typ-unexpected"):
        lodged(town, PaperKind.STANDING_REQUEST, Typ.MANDATE, KENT, good)
    first = lodged(town, PaperKind.MANDATE, Typ.MANDATE, KENT, good)
    second = lodged(town, PaperKind.MANDATE, Typ.MANDATE, KENT, good)
    assert (first.version, second.version, first.state) == (1, 2, PaperState.PROPOSED)
    town.slot()
    with town.store.read() as work:
        states = [paper.state for paper in work.papers.all(PaperKind.MANDATE)]
    assert states == [PaperState.SUPERSEDED, PaperState.IN_FORCE]


def test_a_mandate_is_withdrawn_at_once(town: Town) -> None:
    """I6: what binds ends with the word, not with its entry; also while another waits for its own."""
    company = MemberId("mbr_kent-careers")
    town.admits(company, MemberKind.CAREERS_COMPANY)
    good = Mandate(KENT, company, town.now, town.now + timedelta(days=365))
    lodged(town, PaperKind.MANDATE, Typ.MANDATE, KENT, good)
    town.slot()
    assert town.terms().mandates == {(KENT, company)}
    lodged(town, PaperKind.MANDATE, Typ.MANDATE, KENT, good)
    over = replace(good, valid_from=town.now - timedelta(days=2), valid_until=town.now - timedelta(days=1))
    lodged(town, PaperKind.MANDATE, Typ.MANDATE, KENT, over)
    assert town.terms().mandates == frozenset()
    town.slot()
    assert town.terms().mandates == frozenset()
    lodged(town, PaperKind.MANDATE, Typ.MANDATE, KENT, replace(good, valid_from=town.now))
    town.slot()
    assert town.terms().mandates == {(KENT, company)}


def test_an_epoch_is_the_custodians_and_is_kept_once(town: Town) -> None:
    """Anybody else's signature is refused; boxes are kept for members, unread."""
    name = EpochId(new_id("ep", town.now, bytes(10)))
    epoch = make_epoch(name, town.now, town.now + timedelta(days=30), bytes(range(32)))
    with town.store.write() as work:
        foreign = sign_epoch(epoch, town.members[KENT].keyring.identity)
        with pytest.raises(Untrusted):
            lodge.open_epoch(foreign, {}, CUSTODIAN, work, town.hub)
        document = sign_epoch(epoch, town.custodian.keyring.identity)
        for _ in range(2):
            assert lodge.open_epoch(document, {KENT: "a box"}, CUSTODIAN, work, town.hub) == name
        assert work.papers.wrapped_key(name, KENT) == "a box"
        assert work.papers.wrapped_key(name, MEDWAY) is None
    town.slot()
    assert len([entry for entry in town.entries("epoch") if entry["name"] == name]) == 1
