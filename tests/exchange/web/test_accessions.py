"""Joining an open agreement, and reminders of reviews, over HTTP: who may see and who may do."""

import json
from datetime import timedelta
from typing import Any

import pytest

from hub.protocols import canonical
from hub.protocols.accession import Accession, sign_accession
from hub.protocols.canonical import Json
from hub.protocols.mandate import Change, Mandate, Suspension, sign_mandate, sign_suspension
from hub.protocols.names import AgreementId, MemberId, MemberKind
from hub.protocols.signing import Typ, sign_document
from tests.exchange.web.conftest import Region
from tests.simulators.web_member import EXAMPLES, WebMember

NAME = AgreementId("agr_kent-medway-movers")
PATH = f"/v1/agreements/{NAME}"


def document(region: Region, days: int = 300, **changes: Json) -> dict[str, Any]:
    """The worked example between the two, reviewed in so many days."""
    read: dict[str, Any] = json.loads((EXAMPLES / "kent-medway-movers.json").read_text("utf-8"))
    read["life"] |= {"starts": "2026-01-01", "review": (region.hub.now + timedelta(days)).date().isoformat()}
    return {**read, **changes}


def binds(region: Region, text: dict[str, Any]) -> None:
    """Both sign it, and a slot passes."""
    for party in (region.kent, region.medway):
        signed = sign_document(canonical.encode(text), Typ.AGREEMENT, party.identity)
        assert party.posts("/v1/agreements", {"document": text, "signed": signed}).status_code in {201, 202}
    region.hub.slot()


def accession(region: Region, by: WebMember, text: dict[str, Any]) -> dict[str, Any]:
    """A newcomer's signed word."""
    party = {**text["parties"][0], "member": by.member, "name": "Surrey County Council"}
    digest = canonical.digest(canonical.encode(text))
    word = Accession(NAME, 1, digest, party, region.hub.now.replace(microsecond=0))
    return {"document": sign_accession(word, by.identity)}


@pytest.fixture
def surrey(region: Region) -> WebMember:
    """A third council."""
    return region.hub.admits(region.client, "mbr_surrey", MemberKind.AUTHORITY, "936")


def test_an_open_agreement_is_read_joined_and_left(region: Region, surrey: WebMember) -> None:
    """By id for whoever may join; in the newcomer's own list once it has."""
    text = document(region, accession={"groups": ["councils"]})
    binds(region, text)
    assert surrey.gets("/v1/agreements").json()["data"] == []
    assert surrey.gets(PATH).json()["document"] == text
    assert surrey.gets(f"{PATH}/versions/1").status_code == 200
    assert surrey.gets(f"{PATH}/versions/2").status_code == 404
    answer = surrey.posts(f"{PATH}/accessions", accession(region, surrey, text))
    assert (answer.status_code, answer.json()["state"]) == (202, "proposed")
    region.hub.slot()
    for member in (region.kent, surrey):
        (found,) = member.gets(f"{PATH}/accessions").json()["data"]
        assert (found["state"], found["parties"][0]) == ("in_force", "mbr_surrey")
    assert [one["agreement"] for one in surrey.gets("/v1/agreements").json()["data"]] == [NAME]
    word = sign_suspension(Suspension(NAME, 1, surrey.member, Change.END, region.hub.now), surrey.identity)
    assert surrey.posts(f"{PATH}/suspension", {"word": word}).json()["state"] == "ended"
    assert region.kent.gets(PATH).json()["state"] == "in_force"


def test_who_has_left_is_shown_what_it_had_joined_and_no_more(region: Region, surrey: WebMember) -> None:
    """I7: later versions are between others; who stays sees them, to join them too."""
    text = document(region, accession={"groups": ["councils"]})
    binds(region, text)
    surrey.posts(f"{PATH}/accessions", accession(region, surrey, text))
    region.hub.slot()
    supersedes = {"version": 1, "digest": canonical.digest(canonical.encode(text))}
    second = {**text, "version": 2, "supersedes": supersedes, "title": "Movers, as amended"}
    del second["accession"]
    signed = sign_document(canonical.encode(second), Typ.AGREEMENT, region.kent.identity)
    assert region.kent.posts("/v1/agreements", {"document": second, "signed": signed}).status_code == 201
    assert [one["version"] for one in surrey.gets("/v1/agreements").json()["data"]] == [1, 2]
    word = sign_suspension(Suspension(NAME, 1, surrey.member, Change.END, region.hub.now), surrey.identity)
    surrey.posts(f"{PATH}/suspension", {"word": word})
    assert [one["version"] for one in surrey.gets("/v1/agreements").json()["data"]] == [1]
    assert surrey.gets(f"{PATH}/versions/2").status_code == 404


def test_mandates_are_seen_on_both_sides_of_an_accession(region: Region, surrey: WebMember) -> None:
    """A newcomer's careers company may receive, and the newcomer may tell the others': both have to see."""
    hub, text = region.hub, document(region, accession={"groups": ["councils"]})
    binds(region, text)
    for authority in (surrey, region.kent):
        company = hub.admits(
            region.client, MemberId(f"{authority.member}-careers"), MemberKind.CAREERS_COMPANY
        )
        mandate = Mandate(authority.member, company.member, hub.now, hub.now + timedelta(days=9))
        authority.posts("/v1/mandates", {"document": sign_mandate(mandate, Typ.MANDATE, authority.identity)})
    hub.slot()
    surrey.posts(f"{PATH}/accessions", accession(region, surrey, text))
    assert len(region.medway.gets("/v1/mandates").json()["data"]) == 1
    hub.slot()
    for member in (surrey, region.kent, region.medway):
        assert len(member.gets("/v1/mandates").json()["data"]) == 2


def test_who_has_left_is_reminded_no_more(region: Region, surrey: WebMember) -> None:
    """From its accession's entry to its own end, and not before or after."""
    text = document(region, 7, accession={"groups": ["councils"]})
    binds(region, text)
    surrey.posts(f"{PATH}/accessions", accession(region, surrey, text))
    assert surrey.gets("/v1/reminders").json() == {"data": []}
    region.hub.slot()
    assert len(surrey.gets("/v1/reminders").json()["data"]) == 1
    word = sign_suspension(Suspension(NAME, 1, surrey.member, Change.END, region.hub.now), surrey.identity)
    surrey.posts(f"{PATH}/suspension", {"word": word})
    assert surrey.gets("/v1/reminders").json() == {"data": []}


def test_who_joined_the_version_before_is_not_reminded_of_the_next(region: Region, surrey: WebMember) -> None:
    """Nobody is party to words that it has not signed."""
    text = document(region, 7, accession={"groups": ["councils"]})
    binds(region, text)
    surrey.posts(f"{PATH}/accessions", accession(region, surrey, text))
    region.hub.slot()
    before: Json = {"version": 1, "digest": canonical.digest(canonical.encode(text))}
    binds(region, {**text, "version": 2, "supersedes": before})
    assert len(region.kent.gets("/v1/reminders").json()["data"]) == 1
    assert surrey.gets("/v1/reminders").json() == {"data": []}


def test_a_closed_agreement_does_not_exist_for_others(region: Region, surrey: WebMember) -> None:
    """Not yours and not there are one answer (I7)."""
    text = document(region)
    binds(region, text)
    assert surrey.gets(PATH).status_code == 404
    assert surrey.gets(f"{PATH}/accessions").status_code == 404
    assert surrey.gets("/v1/agreements/agr_not-there/accessions").status_code == 404
    refused = surrey.posts(f"{PATH}/accessions", accession(region, surrey, text))
    assert refused.status_code == 404


@pytest.mark.parametrize(("days", "before"), [(91, []), (90, [90]), (7, [7]), (1, [7])])
def test_reminders_are_each_partys_own(
    region: Region, surrey: WebMember, days: int, before: list[int]
) -> None:
    """The same ones however often they are asked for; none for who is no party."""
    binds(region, document(region, days))
    for member in (region.kent, region.medway):
        for _ in range(2):
            found = member.gets("/v1/reminders").json()["data"]
            assert [one["days_before"] for one in found] == before
            assert all(one["reminder"] == f"{NAME}.v1.{one['days_before']}" for one in found)
    assert surrey.gets("/v1/reminders").json() == {"data": []}
