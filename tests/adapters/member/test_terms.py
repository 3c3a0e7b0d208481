"""What binds, as the gateway has verified it: bad papers count for nothing and harm no others."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from adapters.member.gateway import Gateway
from adapters.member.terms import ask, could_get
from hub.consent.question import Category, EvidenceClass
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.names import AgreementId, MemberId, NoticeType, Part
from tests.simulators.town import Town
from tests.simulators.wire import Answer, Wire
from tests.story.people import ADA, INSTRUCTED

Neighbours = tuple[Gateway, Gateway]
MEDWAY = MemberId("mbr_medway")


def permitted(gateway: Gateway, town: Town) -> set[Part]:
    """The parts that Kent's own copy of the agreements lets Medway have."""
    telling = gateway.outbox.telling(ADA, NoticeType.MOVED_OUT, MEDWAY, EvidenceClass.STRONG)
    return set(could_get(telling, gateway.terms(), town.now))


def test_an_agreement_in_force_permits_what_it_lists(town: Town, neighbours: Neighbours) -> None:
    """The same decision as the hub's, by the same function."""
    kent, _ = neighbours
    assert permitted(kent, town) == {Part.IDENTITY, Part.ADDRESS, Part.PARTICIPATION, Part.CONTACT, Part.SEND}
    telling = kent.outbox.telling(INSTRUCTED, NoticeType.MOVED_OUT, MEDWAY, EvidenceClass.STRONG)
    refused = ask(telling, Category.PARTICIPATION, kent.terms(), town.now)
    assert [reason.code for reason in refused.reasons] == ["R-INSTRUCTION"]


def test_what_was_read_is_used_for_a_minute(town: Town, wire: Wire, neighbours: Neighbours) -> None:
    """Then it is read anew, and an agreement that was verified is not fetched again."""
    kent, _ = neighbours
    kent.terms()
    calls = len(wire.calls)
    kent.terms()
    assert len(wire.calls) == calls
    town.now += timedelta(seconds=61)
    kent.terms()
    fresh = wire.calls[calls:]
    assert "GET /v1/agreements" in fresh
    assert not [call for call in fresh if "/versions/" in call]


def of_version(change: Callable[[dict[str, Json]], None]) -> Callable[[str, Answer], Answer]:
    """Somebody on the hub's side changes what it shows of an agreement."""

    def tamper(call: str, answer: Answer) -> Answer:
        status, body = answer
        if "/versions/" in call and isinstance(body, dict):
            body = canonical.decode(canonical.encode(body))
            assert isinstance(body, dict)
            change(body)
        return status, body

    return tamper


def more_parts(body: dict[str, Json]) -> None:
    """A clause that nobody has signed."""
    document = body["document"]
    assert isinstance(document, dict)
    document["title"] = "Another title"


def one_signature_less(body: dict[str, Json]) -> None:
    """One party has not signed."""
    signed = body["signed"]
    assert isinstance(signed, dict)
    assert isinstance(signed["signatures"], list)
    signed["signatures"] = signed["signatures"][:2]


def no_document(body: dict[str, Json]) -> None:
    """Something else than an agreement."""
    body["document"] = {}


@pytest.mark.parametrize("change", [more_parts, one_signature_less, no_document])
def test_an_agreement_that_does_not_hold_permits_nothing_and_is_named(
    town: Town, wire: Wire, kent: Gateway, medway: Gateway, change: Callable[[dict[str, Json]], None]
) -> None:
    """Whatever state the hub says it is in."""
    wire.tampers = of_version(change)
    town.agrees("kent-medway-movers")
    assert permitted(kent, town) == set()
    assert len(kent.terms().doubted) == 1
    assert kent.terms().doubted[0].startswith("agr_kent-medway-movers: ")


def test_another_digest_than_listed_is_doubted(
    town: Town, wire: Wire, kent: Gateway, medway: Gateway
) -> None:
    """The list and the document must be about the same bytes."""

    def tamper(call: str, answer: Answer) -> Answer:
        status, body = answer
        if call == "GET /v1/agreements" and isinstance(body, dict):
            assert isinstance(body["data"], list)
            for one in body["data"]:
                assert isinstance(one, dict)
                one["digest"] = "A" * 43
        return status, body

    wire.tampers = tamper
    town.agrees("kent-medway-movers")
    assert kent.terms().doubted == ("agr_kent-medway-movers: agreement-other-bytes",)


@pytest.mark.parametrize("state", ["strange", "draft"])
def test_a_state_that_is_not_known_is_doubted(
    town: Town, wire: Wire, kent: Gateway, medway: Gateway, state: str
) -> None:
    """And never raises past the others."""

    def tamper(call: str, answer: Answer) -> Answer:
        status, body = answer
        if call == "GET /v1/agreements" and isinstance(body, dict):
            assert isinstance(body["data"], list)
            for one in body["data"]:
                assert isinstance(one, dict)
                one["state"] = state
        return status, body

    wire.tampers = tamper
    town.agrees("kent-medway-movers")
    assert kent.terms().doubted == ("agr_kent-medway-movers: agreement-state",)


def test_a_suspended_agreement_permits_nothing(town: Town, neighbours: Neighbours) -> None:
    """Its signatures hold; its state does not."""
    kent, _ = neighbours
    town.suspends(AgreementId("agr_kent-medway-movers"), "mbr_medway")
    kent.refresh()
    assert permitted(kent, town) == set()
    assert kent.terms().doubted == ()


@pytest.mark.parametrize("parties", [[], ["nobody"], ["mbr_thames-careers", "mbr_kent"]])
def test_a_mandate_that_its_authority_did_not_sign_is_doubted(
    town: Town, wire: Wire, kent: Gateway, company: Gateway, parties: list[Json]
) -> None:
    """The hub's list is not the authority's word."""
    town.mandates("mbr_kent", "mbr_thames-careers")

    def tamper(call: str, answer: Answer) -> Answer:
        status, body = answer
        if call == "GET /v1/mandates" and isinstance(body, dict):
            assert isinstance(body["data"], list)
            for one in body["data"]:
                assert isinstance(one, dict)
                one["parties"] = parties
        return status, body

    wire.tampers = tamper
    assert kent.terms().mandates == frozenset()
    assert kent.terms().doubted[0].startswith("mandate: ")


def test_a_member_with_one_mandate_acts_for_that_authority(
    town: Town, kent: Gateway, company: Gateway
) -> None:
    """Where a question names nobody, the only mandate is meant."""
    town.mandates("mbr_kent", "mbr_thames-careers")
    question, _ = kent.dry_run(ADA, NoticeType.MOVED_OUT, company.pinned.member)[0]
    assert (question.recipient.acts_for, question.recipient.mandate) == ("mbr_kent", True)
