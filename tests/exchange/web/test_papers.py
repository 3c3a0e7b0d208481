"""Mandates, standing requests and epochs over HTTP."""

from datetime import timedelta
from typing import Any

from hub.protocols import canonical
from hub.protocols.epoch import read_epoch, unwrap_linkage_key
from hub.protocols.mandate import Mandate, sign_mandate
from hub.protocols.names import MemberId, MemberKind
from hub.protocols.signing import Typ, sign_document
from tests.exchange.web.conftest import Region
from tests.simulators.town import example_agreement
from tests.simulators.web_member import WebMember


def paper(region: Region, by: WebMember, other: MemberId, typ: Typ) -> dict[str, Any]:
    """A signed mandate or standing request, from now on for a year."""
    mandate = Mandate(by.member, other, region.hub.now, region.hub.now + timedelta(days=365))
    return {"document": sign_mandate(mandate, typ, by.identity)}


def test_a_mandate_is_seen_by_whoever_has_to_decide_by_it(region: Region) -> None:
    """Both sides of it, and members with an agreement with the authority; nobody else."""
    hub, kent, medway = region.hub, region.kent, region.medway
    company = hub.admits(region.client, "mbr_kent-careers", MemberKind.CAREERS_COMPANY)
    lambeth = hub.admits(region.client, "mbr_lambeth", MemberKind.AUTHORITY, "208")
    answer = kent.posts("/v1/mandates", paper(region, kent, company.member, Typ.MANDATE))
    assert (answer.status_code, answer.json()["state"]) == (201, "proposed")
    assert medway.gets("/v1/mandates").json()["data"] == []
    hub.agrees("kent-medway-movers", kent, medway)
    for member in (kent, company, medway):
        (found,) = member.gets("/v1/mandates").json()["data"]
        assert (found["state"], found["parties"]) == ("in_force", ["mbr_kent", "mbr_kent-careers"])
    assert lambeth.gets("/v1/mandates").json()["data"] == []


def test_a_standing_request_is_between_its_two_sides(region: Region) -> None:
    """The authority that asks and the institution that is asked see it."""
    hub, kent = region.hub, region.kent
    college = hub.admits(region.client, "mbr_north-kent-college", MemberKind.COLLEGE)
    asked = paper(region, kent, college.member, Typ.STANDING_REQUEST)
    assert kent.posts("/v1/standing-requests", asked).status_code == 201
    hub.slot()
    for member, count in ((kent, 1), (college, 1), (region.medway, 0)):
        assert len(member.gets("/v1/standing-requests").json()["data"]) == count


def test_only_the_authority_itself_lodges(region: Region) -> None:
    """A mandate signed by somebody else, or lodged as the other kind of paper, is refused."""
    kent, medway = region.kent, region.medway
    forged = paper(region, medway, kent.member, Typ.MANDATE)
    assert kent.posts("/v1/mandates", forged).status_code == 422
    mandate = paper(region, kent, medway.member, Typ.MANDATE)
    assert kent.posts("/v1/standing-requests", mandate).status_code in {400, 422}
    assert kent.gets("/v1/mandates").json()["data"] == []


def test_a_retry_under_one_key_lodges_once(region: Region) -> None:
    """The same key and the same paper: one version (I5)."""
    kent = region.kent
    company = region.hub.admits(region.client, "mbr_kent-careers", MemberKind.CAREERS_COMPANY)
    body = paper(region, kent, company.member, Typ.MANDATE)
    answers = [kent.posts("/v1/mandates", body, Idempotency_Key="once") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(kent.gets("/v1/mandates").json()["data"]) == 1


def test_each_member_gets_its_own_wrapped_key(region: Region) -> None:
    """The box opens with the member's sealing key and gives the epoch's key; others have another box."""
    (listed,) = region.kent.gets("/v1/epochs").json()["data"]
    assert (listed["epoch"], listed["state"]) == (region.hub.epoch, "in_force")
    epoch = read_epoch(listed["document"], region.custodian.identity.public)
    path = f"/v1/epochs/{region.hub.epoch}/wrapped-key"
    box = region.kent.gets(path).json()["box"]
    assert unwrap_linkage_key(box, epoch, region.kent.sealing) == region.hub.linkage
    assert region.medway.gets(path).json()["box"] != box
    assert region.custodian.gets(path).status_code == 404


def test_only_the_custodian_opens_an_epoch(region: Region) -> None:
    """Another member's epoch is answered as if there were no such thing; boxes name members."""
    (listed,) = region.kent.gets("/v1/epochs").json()["data"]
    body = {"document": listed["document"], "boxes": {}}
    assert region.kent.posts("/v1/epochs", body).status_code == 404
    assert region.custodian.posts("/v1/epochs", body).status_code == 201
    bad = region.custodian.posts("/v1/epochs", body | {"boxes": {"nobody": "a.b.c.d.e"}})
    assert bad.status_code == 404


def test_proposing_an_agreement_to_somebody_shows_none_of_its_mandates(region: Region) -> None:
    """A document that the other side has not signed says nothing of what it has to show."""
    kent, hub = region.kent, region.hub
    company = hub.admits(region.client, "mbr_kent-careers", MemberKind.CAREERS_COMPANY)
    kent.posts("/v1/mandates", paper(region, kent, company.member, Typ.MANDATE))
    hub.slot()
    document = example_agreement("kent-medway-movers")
    signed = sign_document(canonical.encode(document), Typ.AGREEMENT, region.medway.identity)
    assert region.medway.posts("/v1/agreements", {"document": document, "signed": signed}).status_code == 201
    assert region.medway.gets("/v1/mandates").json()["data"] == []
