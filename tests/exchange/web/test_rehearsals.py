"""The rehearsal in the gateway and the hub's evaluation are one answer, whatever is asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.member.directory import Directory, Listing, _listing
from adapters.member.terms import Telling, Terms, dry_run, read_terms
from adapters.member.transport import Transport
from hub.consent.flags import Flags
from hub.consent.question import EvidenceClass, Scope
from hub.exchange import enrol
from hub.protocols.canonical import Json, Reader
from hub.protocols.keys import DocumentPublicKey
from hub.protocols.mandate import Change, Mandate, Suspension, sign_mandate, sign_suspension
from hub.protocols.names import AgreementId, MemberId, MemberKind, NoticeType, Part
from hub.protocols.notice_types import TYPES
from hub.protocols.signing import Typ
from tests.exchange.web.conftest import Region
from tests.simulators.web_member import WebMember

MOVERS = AgreementId("agr_kent-medway-movers")


@dataclass
class Reading:
    """What a gateway reads over HTTP, as Kent."""

    region: Region
    identities: dict[MemberId, DocumentPublicKey]

    def get(self, path: str) -> Json:
        """One thing."""
        return cast("Json", self.region.kent.gets(path).json())

    def pages(self, path: str) -> Iterator[Reader]:
        """A list of things."""
        return (Reader(one, path) for one in self.region.kent.gets(path).json()["data"])

    def identity(self, member: MemberId) -> DocumentPublicKey:
        """The key that a member's papers are signed with."""
        return self.identities[member]

    def listing(self, member: MemberId) -> Listing:
        """A member as the directory lists it."""
        listed = {one.text("member"): one for one in self.pages("/v1/members")}
        return _listing(listed[member])

    def terms(self) -> Terms:
        """What binds, verified by the gateway's own code."""
        read = read_terms(cast("Transport", self), cast("Directory", self), lambda: self.region.hub.now)
        assert read.doubted == ()
        return read


@pytest.fixture
def reading(region: Region) -> Reading:
    """Kent has an agreement with Medway, for which a company acts, and none with Essex, which is on trial."""
    hub = region.hub
    company = hub.admits(region.client, MemberId("mbr_medway-careers"), MemberKind.CAREERS_COMPANY)
    essex = hub.admits(region.client, MemberId("mbr_essex"), MemberKind.AUTHORITY, "881")
    hub.agrees("kent-medway-movers", region.kent, region.medway)
    mandate = Mandate(region.medway.member, company.member, hub.now, hub.now + timedelta(days=99))
    signed = sign_mandate(mandate, Typ.MANDATE, region.medway.identity)
    assert region.medway.posts("/v1/mandates", {"document": signed}).status_code == 201
    hub.slot()
    known: list[WebMember] = [region.kent, region.medway, company, essex]
    return Reading(region, {one.member: one.identity.public for one in known})


def offline(reading: Reading, asked: dict[str, Any]) -> list[Any]:
    """The gateway's answer: what `hub decide --to` and `publish --dry-run` show."""
    telling = Telling(
        notice_type=NoticeType(asked["notice_type"]),
        sender=reading.listing(MemberId("mbr_kent")),
        recipient=reading.listing(MemberId(asked["recipient"])),
        acts_for=None,
        recipient_acts_for=None,
        scope=None if asked["scope"] is None else Scope(asked["scope"]),
        flags=Flags.from_json(asked["flags"]),
        asserted_at=reading.region.hub.now,
        evidence=EvidenceClass(asked["evidence"]),
    )
    answered = dry_run(telling, reading.terms(), reading.region.hub.now)
    return [
        [
            decision.category.value,
            None if decision.permit is None else decision.permit.clause,
            [[one.code.value, one.agreement, one.version, one.clause] for one in decision.reasons],
        ]
        for _, decision in answered
    ]


def at_the_hub(reading: Reading, asked: dict[str, Any]) -> list[Any]:
    """The hub's answer to the same."""
    answer = reading.region.kent.posts("/v1/agreement-evaluations", asked)
    assert answer.status_code == 200, answer.text
    return [
        [
            one["category"],
            one["clause"],
            [[why["code"], why["agreement"], why["version"], why["clause"]] for why in one["reasons"]],
        ]
        for one in answer.json()["data"]
    ]


def happens(reading: Reading, event: str) -> None:
    """Something that changes what may be told."""
    region = reading.region
    if event == "the agreement is suspended":
        said = Suspension(MOVERS, 1, region.medway.member, Change.SUSPEND, region.hub.now)
        word = sign_suspension(said, region.medway.identity)
        assert region.medway.posts(f"/v1/agreements/{MOVERS}/suspension", {"word": word}).status_code == 202
    elif event.startswith("mbr_"):
        with region.hub.store.write() as work:
            enrol.suspend(MemberId(event), work, region.hub.hub)


EVENTS = ["nothing", "the agreement is suspended", "mbr_medway", "mbr_medway-careers"]
PARTS = st.frozensets(st.sampled_from(list(Part)), max_size=3)
FLAGS = st.builds(Flags, instruction=PARTS, objection=PARTS, consent=PARTS, shield=st.booleans())
QUESTIONS = st.builds(
    lambda kind, recipient, scope, flags, evidence: {
        "notice_type": kind.value,
        "purpose": TYPES[kind].purpose,
        "recipient": recipient,
        "scope": scope,
        "flags": flags.to_json(),
        "evidence": evidence.value,
        "confirmed_same": True,
    },
    st.sampled_from(list(NoticeType)),
    st.sampled_from(["mbr_medway", "mbr_medway-careers", "mbr_essex"]),
    st.none() | st.sampled_from([scope.value for scope in Scope]),
    FLAGS,
    st.sampled_from(list(EvidenceClass)),
)


@pytest.mark.parametrize("event", EVENTS)
def test_the_gateway_and_the_hub_give_one_answer(reading: Reading, event: str) -> None:
    """Every permit with its clause, every refusal with its reasons; also where members stand apart."""
    happens(reading, event)

    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(QUESTIONS)
    def one_answer(asked: dict[str, Any]) -> None:
        assert offline(reading, asked) == at_the_hub(reading, asked)

    one_answer()


def test_between_members_that_stand_apart_nothing_may_be_told(reading: Reading) -> None:
    """Suspended, whatever is agreed; on trial and live."""
    asked = {
        "notice_type": "moved_out",
        "purpose": "participation",
        "recipient": "mbr_medway",
        "scope": "age_16_17",
        "flags": Flags().to_json(),
        "evidence": "strong",
        "confirmed_same": True,
    }
    assert any(clause for _, clause, _ in at_the_hub(reading, asked))
    trial = at_the_hub(reading, {**asked, "recipient": "mbr_essex"})
    assert all(reasons == [["R-RECIPIENT", None, None, None]] for _, _, reasons in trial)
    happens(reading, "mbr_medway")
    suspended = at_the_hub(reading, asked)
    assert all(reasons == [["R-SUSPENDED", None, None, None]] for _, _, reasons in suspended)
