"""May I tell them this? The answer names agreement, version and clause, before there is any notice."""

from datetime import timedelta
from typing import Any

import pytest

from hub.consent.flags import Flags
from hub.protocols.mandate import Mandate, sign_mandate
from hub.protocols.names import MemberKind
from hub.protocols.signing import Typ
from tests.exchange.web.conftest import Region


def question(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """A mover of 16, matched strongly and confirmed, with no flags."""
    return {
        "notice_type": "moved_out",
        "purpose": "participation",
        "recipient": "mbr_medway",
        "scope": "age_16_17",
        "flags": Flags().to_json(),
        "evidence": "strong",
        "confirmed_same": True,
        **changes,
    }


def asked(region: Region, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Decisions by category."""
    answer = region.kent.posts("/v1/agreement-evaluations", question(**changes))
    assert answer.status_code == 200, answer.text
    return {one["category"]: one for one in answer.json()["data"]}


def test_without_an_agreement_every_part_is_refused_and_says_why(region: Region) -> None:
    """Eleven decisions, eleven refusals, each in a sentence."""
    found = asked(region)
    assert len(found) == 11
    assert not any(one["permitted"] for one in found.values())
    assert all(one["reasons"] and one["says"].startswith("Refused on") for one in found.values())


def test_a_permit_names_its_clause(region: Region) -> None:
    """Agreement, version, clause and basis, as a record of the real release would."""
    region.hub.agrees("kent-medway-movers", region.kent, region.medway)
    identity = asked(region)["identity"]
    assert (identity["permitted"], identity["agreement"], identity["version"]) == (
        True,
        "agr_kent-medway-movers",
        1,
    )
    assert identity["clause"]
    assert "Kent" in identity["says"]


def test_a_flag_changes_the_answer(region: Region) -> None:
    """A shielded address is refused with its own reason; names wait for officers."""
    region.hub.agrees("kent-medway-movers", region.kent, region.medway)
    found = asked(region, flags=Flags(shield=True).to_json())
    assert not found["address"]["permitted"]
    assert "R-SHIELD" in {reason["code"] for reason in found["address"]["reasons"]}


def test_a_mandate_that_is_not_held_cannot_be_claimed(region: Region) -> None:
    """Acting for an authority needs its mandate; with it, its agreements speak."""
    hub, kent = region.hub, region.kent
    company = hub.admits(region.client, "mbr_kent-careers", MemberKind.CAREERS_COMPANY)
    hub.agrees("kent-medway-movers", kent, region.medway)
    body = question(acts_for="mbr_kent")
    refused = company.posts("/v1/agreement-evaluations", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "mandate-missing")
    mandate = Mandate(kent.member, company.member, hub.now, hub.now + timedelta(days=100))
    kent.posts("/v1/mandates", {"document": sign_mandate(mandate, Typ.MANDATE, kent.identity)})
    hub.slot()
    answer = company.posts("/v1/agreement-evaluations", body)
    assert answer.status_code == 200
    assert {one["says"].partition(": ")[2][:20] for one in answer.json()["data"]}


def test_a_question_tells_nothing_of_whom_a_stranger_acts_for(region: Region) -> None:
    """Without an agreement the answer is the same whether the company has a mandate or none."""
    hub, kent = region.hub, region.kent
    company = hub.admits(region.client, "mbr_medway-careers", MemberKind.CAREERS_COMPANY)
    before = asked(region, recipient=company.member)
    mandate = Mandate(region.medway.member, company.member, hub.now, hub.now + timedelta(days=100))
    signed = sign_mandate(mandate, Typ.MANDATE, region.medway.identity)
    region.medway.posts("/v1/mandates", {"document": signed})
    assert asked(region, recipient=company.member) == before
    hub.slot()
    after = asked(region, recipient=company.member)
    assert [one["reasons"] for one in after.values()] == [one["reasons"] for one in before.values()]
    assert "acting for" not in "".join(one["says"] for one in after.values())
    hub.agrees("kent-medway-movers", kent, region.medway)
    agreed = asked(region, recipient=company.member)
    assert all("acting for Medway" in one["says"] for one in agreed.values())


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"recipient": "mbr_nobody"}, 422),
        ({"recipient": "nobody"}, 404),
        ({"notice_type": "gossip"}, 422),
        ({"flags": {}}, 400),
        ({"scope": "age_99"}, 422),
        ({"golden_record": True}, 422),
        ({"evidence": "a hunch"}, 422),
    ],
)
def test_a_question_of_another_form_is_refused(region: Region, changes: dict[str, Any], status: int) -> None:
    """Closed words, every flag, known fields, a member as recipient."""
    answer = region.kent.posts("/v1/agreement-evaluations", question(**changes))
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
