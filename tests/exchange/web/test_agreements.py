"""Agreements over HTTP: proposed, signed by every party, suspended by one; seen by their parties."""

import json
from datetime import timedelta
from typing import Any

import pytest

from hub.protocols import canonical
from hub.protocols.mandate import Change, Mandate, Suspension, sign_mandate, sign_suspension
from hub.protocols.names import AgreementId, MemberKind
from hub.protocols.signing import Typ, sign_document
from tests.exchange.web.conftest import Region
from tests.simulators.web_member import EXAMPLES, WebMember

NAME = AgreementId("agr_kent-medway-movers")


def document() -> dict[str, Any]:
    """The worked example between the two."""
    read: dict[str, Any] = json.loads((EXAMPLES / "kent-medway-movers.json").read_text("utf-8"))
    return read


def signed(by: WebMember, text: dict[str, Any]) -> Any:  # noqa: ANN401
    """A party's signatures over an agreement."""
    return sign_document(canonical.encode(text), Typ.AGREEMENT, by.identity)


def test_an_agreement_binds_when_every_party_has_signed_and_it_is_logged(region: Region) -> None:
    """Proposed, countersigned, in force with the next slot: not before."""
    kent, medway, text = region.kent, region.medway, document()
    proposed = kent.posts("/v1/agreements", {"document": text, "signed": signed(kent, text)})
    assert (proposed.status_code, proposed.json()["state"]) == (201, "proposed")
    path = f"/v1/agreements/{NAME}/signatures"
    second = medway.posts(path, {"signed": signed(medway, text)})
    assert (second.status_code, second.json()["signed_by"]) == (202, ["mbr_kent", "mbr_medway"])
    assert medway.gets(f"/v1/agreements/{NAME}").json()["state"] == "proposed"
    region.hub.slot()
    found = medway.gets(f"/v1/agreements/{NAME}").json()
    assert (found["state"], found["document"]) == ("in_force", text)
    assert medway.gets(f"/v1/agreements/{NAME}/versions/1").json() == found
    assert kent.gets("/v1/agreements").json()["data"] == [
        {name: value for name, value in found.items() if name not in {"document", "signed"}}
    ]


def test_a_proposal_under_one_key_is_one_proposal(region: Region) -> None:
    """The same request again has the first answer, the same key with another body none (I5)."""
    kent, text = region.kent, document()
    body = {"document": text, "signed": signed(kent, text)}
    first = kent.posts("/v1/agreements", body, Idempotency_Key="k1")
    again = kent.posts("/v1/agreements", body, Idempotency_Key="k1")
    other = kent.posts("/v1/agreements", body | {"signed": {}}, Idempotency_Key="k1")
    medways = region.medway.posts("/v1/agreements", body, Idempotency_Key="k1")
    assert (again.status_code, again.content) == (201, first.content)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert medways.status_code == 422, "another member's key is another key; the signature is not Medway's"


def test_an_agreement_is_read_strictly(region: Region) -> None:
    """A clause outside the closed vocabulary is refused, and the problem names where."""
    kent, text = region.kent, document()
    text["clauses"][0]["purposes"] = ["enforcement"]
    answer = kent.posts("/v1/agreements", {"document": text, "signed": signed(kent, text)})
    assert 400 <= answer.status_code < 500
    assert "clause 1.1" in answer.json()["detail"]
    assert kent.gets("/v1/agreements").json()["data"] == []


def test_signatures_over_other_bytes_are_refused(region: Region) -> None:
    """A countersignature counts for the very document that was proposed."""
    kent, medway, text = region.kent, region.medway, document()
    kent.posts("/v1/agreements", {"document": text, "signed": signed(kent, text)})
    other = text | {"title": "Something else"}
    path = f"/v1/agreements/{NAME}/signatures"
    answer = medway.posts(path, {"signed": signed(medway, other)})
    assert (answer.status_code, answer.json()["code"]) == (422, "agreement-other-bytes")


def test_one_party_is_enough_to_stop(region: Region) -> None:
    """Suspended at once by either party's word; a stranger's word is not even about something there is."""
    region.hub.agrees("kent-medway-movers", region.kent, region.medway)
    lambeth = region.hub.admits(region.client, "mbr_lambeth", MemberKind.AUTHORITY, "208")

    def word(by: WebMember) -> Any:  # noqa: ANN401
        said = Suspension(NAME, 1, by.member, Change.SUSPEND, region.hub.now)
        return by.posts(f"/v1/agreements/{NAME}/suspension", {"word": sign_suspension(said, by.identity)})

    assert word(lambeth).status_code == 404
    answer = word(region.medway)
    assert (answer.status_code, answer.json()["state"]) == (202, "suspended")
    assert region.kent.gets(f"/v1/agreements/{NAME}").json()["state"] == "suspended"
    assert word(region.medway).status_code == 409


@pytest.mark.parametrize("held", [True, False])
def test_a_careers_company_sees_the_agreements_of_the_authority_it_acts_for(
    region: Region, held: bool
) -> None:
    """With a mandate in force, and only with one."""
    hub, kent = region.hub, region.kent
    company = hub.admits(region.client, "mbr_kent-careers", MemberKind.CAREERS_COMPANY)
    hub.agrees("kent-medway-movers", kent, region.medway)
    until = hub.now + timedelta(days=300)
    begin = hub.now if held else hub.now + timedelta(days=200)
    signed_ = sign_mandate(Mandate(kent.member, company.member, begin, until), Typ.MANDATE, kent.identity)
    assert kent.posts("/v1/mandates", {"document": signed_}).status_code == 201
    hub.slot()
    listed = [one["agreement"] for one in company.gets("/v1/agreements").json()["data"]]
    assert listed == ([NAME] if held else [])
    assert company.gets(f"/v1/agreements/{NAME}").status_code == (200 if held else 404)


def test_agreements_come_page_by_page(region: Region) -> None:
    """Every version of every agreement is listed once."""
    hub = region.hub
    lambeth = hub.admits(region.client, "mbr_lambeth", MemberKind.AUTHORITY, "208")
    hub.agrees("kent-medway-movers", region.kent, region.medway)
    hub.agrees("kent-lambeth-movers", region.kent, lambeth)
    first = region.kent.gets("/v1/agreements?limit=1").json()
    rest = region.kent.gets(f"/v1/agreements?limit=1&cursor={first['next_cursor']}").json()
    names = [one["agreement"] for one in first["data"] + rest["data"]]
    assert names == ["agr_kent-lambeth-movers", NAME]
