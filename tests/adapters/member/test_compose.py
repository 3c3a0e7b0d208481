"""A move becomes a signed notice: everything sealed, nothing in clear that need not be."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from adapters.member.compose import Addressee, Composed, compose
from adapters.member.errors import GatewayFault
from adapters.member.home import Pinned
from adapters.member.keyring import Keyring, new_keyring
from adapters.move import Address, Found, Move, Parent, Sureness, Told
from hub.consent.flags import Flags
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.names import EpochId, MemberId, NoticeType, Part
from hub.protocols.notice import Confidence, Manifest, Source, read_envelope, read_manifest, verify_notice
from hub.protocols.sealing import open_box, open_part
from tests.conftest import START
from tests.story.people import ADA, INSTRUCTED, SHIELDED

EPOCH = EpochId("ep_00000000000000000000000001")
KENT = MemberId("mbr_kent")
PINNED = Pinned(
    hub_url="https://hub.example",
    member=KENT,
    name="Kent",
    log_vkey="",
    hub_key=None,
    custodian=MemberId("mbr_custodian"),
    custodian_identity=None,
    team="Team",
    telephone="01632 960000",
    mailbox="team@example.org",
)


@pytest.fixture(scope="module")
def keyring() -> Keyring:
    """Kent's keys."""
    return new_keyring().with_linkage(EPOCH, b"\x07" * 32)


def made(
    keyring: Keyring, move: Move = ADA, kind: NoticeType = NoticeType.MOVED_OUT, to: Addressee | None = None
) -> Composed:
    """A notice of a move."""
    return compose(move, kind, PINNED, keyring, EPOCH, "A. Officer", START, to)


def manifest_of(composed: Composed, keyring: Keyring) -> Manifest:
    """What the hub may see."""
    return read_manifest(read_envelope(composed.envelope).manifest, keyring.signing.public)


def body_of(composed: Composed) -> dict[str, Json]:
    """What the gateway keeps."""
    assert isinstance(composed.sent.body, dict)
    return composed.sent.body


def test_a_notice_holds_under_its_senders_key(keyring: Keyring) -> None:
    """Signature, digests, sizes and suite, as the hub checks them."""
    composed = made(keyring)
    notice = verify_notice(read_envelope(composed.envelope), keyring.signing.public)
    said = notice.manifest
    assert (said.sender, said.type, said.officer) == (KENT, "moved_out", "A. Officer")
    assert (notice.digest, notice.manifest.notice) == (composed.sent.digest, composed.sent.notice)
    assert notice.box is None


def test_nothing_of_the_person_is_in_clear(keyring: Keyring) -> None:
    """Neither as it is written nor without separators, in either case (I1)."""
    composed = made(keyring)
    manifest = canonical.unb64u(read_envelope(composed.envelope).manifest.split(".")[1])
    sent = (composed.envelope + manifest).lower()
    for fact in (
        b"exampleton",
        b"2009-11-12",
        b"20091112",
        b"me14",
        b"me4 4tr",
        b"f886499920001",
        b"example road",
    ):
        assert fact not in sent


def test_every_part_is_there_and_opens_with_its_own_key(keyring: Keyring) -> None:
    """Also the parts that hold nothing: their ciphertexts tell no difference."""
    composed = made(keyring)
    envelope = read_envelope(composed.envelope)
    keys = body_of(composed)["keys"]
    assert isinstance(keys, dict)
    manifest = manifest_of(composed, keyring)
    opened = {
        part: open_part(part, jwe, canonical.unb64u(str(keys[part.value])), manifest.entry(part).plain_digest)
        for part, jwe in envelope.parts.items()
    }
    assert set(opened) == set(Part)
    assert opened[Part.IDENTITY] == {"given": "Ada", "family": "Exampleton", "dob": "2009-11-12"}
    assert opened[Part.CARE] is opened[Part.OFFENDING] is None
    assert len(set(keys.values())) == 10


@pytest.mark.parametrize(("days", "told"), [(31, True), (30, False), (0, False), (-1, False)])
def test_a_parent_is_not_told_of_who_is_18_within_thirty_days(
    keyring: Keyring,
    days: int,
    told: bool,
) -> None:
    """What is sealed today may be opened while today's word is believed; the part is padding then."""
    birthday = START.date() + timedelta(days=days)
    parent = Parent("P. Exampleton", Address(("3 Example Row",), "ME14 1XQ"))
    move = replace(ADA, dob=birthday.replace(year=birthday.year - 18), parent=parent)
    composed = made(keyring, move)
    keys = body_of(composed)["keys"]
    assert isinstance(keys, dict)
    jwe = read_envelope(composed.envelope).parts[Part.PARENT]
    digest = manifest_of(composed, keyring).entry(Part.PARENT).plain_digest
    opened = open_part(Part.PARENT, jwe, canonical.unb64u(str(keys["parent"])), digest)
    assert (opened is not None) is told


def test_a_named_recipients_box_holds_what_it_could_be_entitled_to(keyring: Keyring) -> None:
    """And no other key."""
    other = new_keyring()
    to = Addressee(MemberId("mbr_medway"), other.sealing[0].public, frozenset({Part.IDENTITY, Part.ADDRESS}))
    composed = made(keyring, kind=NoticeType.LEAVER, to=to)
    box = read_envelope(composed.envelope).box
    assert box is not None
    assert box.recipient == composed.sent.recipient == "mbr_medway"
    assert set(open_box(box.jwe, composed.sent.notice, other.sealing[0])) == {Part.IDENTITY, Part.ADDRESS}


def test_flags_and_scope_are_asserted_for_thirty_days(keyring: Keyring) -> None:
    """What the hub cannot see, it takes on this signature."""
    assertion = manifest_of(made(keyring, INSTRUCTED), keyring).assertion
    assert (assertion.scope, assertion.asserted_at) == ("age_16_17", START)
    assert Flags.from_json(assertion.flags).instruction == {Part.PARTICIPATION, Part.CONTACT}
    assert Flags.from_json(manifest_of(made(keyring, SHIELDED), keyring).assertion.flags).shield


def test_who_is_out_of_scope_is_not_composed(keyring: Keyring) -> None:
    """Not even hashed."""
    with pytest.raises(GatewayFault, match="out-of-scope"):
        made(keyring, replace(ADA, dob=ADA.dob.replace(year=2001)))


def test_no_day_of_the_manifest_is_a_birthday_or_in_the_future(keyring: Keyring) -> None:
    """Without a day of its own an event is of today."""
    today = START.date()
    assert manifest_of(made(keyring), keyring).event_on == today
    ahead = replace(ADA, event_date=today.replace(year=2027))
    assert manifest_of(made(keyring, ahead), keyring).event_on == today
    moved = today.replace(month=9)
    assert manifest_of(made(keyring, replace(ADA, event_date=moved)), keyring).event_on == moved


def test_it_ends_on_the_31_january_that_follows(keyring: Keyring) -> None:
    """June's leavers still meet the autumn's enrolment lists."""
    expires = manifest_of(made(keyring), keyring).expires_at
    assert canonical.instant(expires) == "2027-01-31T23:59:59Z" == body_of(made(keyring))["expires"]


def test_the_same_row_has_the_same_source_and_another_row_has_not(keyring: Keyring) -> None:
    """Keyed, so that facts cannot be guessed from it; the place in the file does not count."""
    source = made(keyring).sent.source
    assert made(keyring, replace(ADA, place="row 77")).sent.source == source
    assert made(keyring, replace(ADA, activity="310")).sent.source != source
    assert made(keyring, kind=NoticeType.NEW_ARRIVAL).sent.source != source
    other = new_keyring().with_linkage(EPOCH, b"\x07" * 32)
    assert made(other).sent.source != source


def test_a_row_that_was_only_verified_again_is_the_same_row(keyring: Keyring) -> None:
    """Every month's return has new dates of the same facts: nobody is told of them twice."""
    earlier = replace(ADA, verified=date(2026, 9, 10), ascertained=date(2026, 9, 10))
    later = replace(ADA, verified=date(2026, 10, 12), due_to_lapse=date(2027, 8, 31), lapsed=True)
    assert made(keyring, earlier).sent.source == made(keyring, later).sent.source
    assert made(keyring, replace(later, activity="310")).sent.source != made(keyring, later).sent.source


@pytest.mark.parametrize(
    ("told", "kind", "source"),
    [
        (None, NoticeType.MOVED_OUT, Source.OFFICER),
        (None, NoticeType.CROSS_BORDER_ENROLMENT, Source.COLLEGE),
        (Told.SCHOOL, NoticeType.MOVED_OUT, Source.SCHOOL),
        (Told.SELF, NoticeType.CROSS_BORDER_ENROLMENT, Source.SELF),
    ],
)
def test_a_notice_says_who_its_facts_come_from(
    keyring: Keyring, told: Told | None, kind: NoticeType, source: Source
) -> None:
    """As the record has it; where it has nothing, the type of the notice tells."""
    assert manifest_of(made(keyring, replace(ADA, told=told), kind), keyring).source is source


def test_a_notice_says_how_sure_it_is(keyring: Keyring) -> None:
    """Likely is said; a mere candidate is never composed, whatever way it came."""
    likely = manifest_of(made(keyring, replace(ADA, sureness=Sureness.LIKELY)), keyring)
    assert likely.confidence is Confidence.LIKELY
    with pytest.raises(GatewayFault, match="candidate"):
        made(keyring, replace(ADA, sureness=Sureness.CANDIDATE))


def test_what_a_renewal_needs_is_kept(keyring: Keyring) -> None:
    """The assertion, and the statuses that carry a scope beyond nineteen."""
    grown = replace(ADA, dob=ADA.dob.replace(year=2004), found=frozenset({Found.EHC_PLAN, Found.CARER}))
    kept = body_of(made(keyring, grown))
    assert kept["statuses"] == ["ehc_plan"]
    assert isinstance(kept["assertion"], dict)
    assert kept["assertion"]["scope"] == "ehcp_20_24"


@pytest.mark.parametrize(
    ("kind", "found", "purpose", "scope", "told"),
    [
        (
            NoticeType.CARE_LEAVER_MOVE,
            Found.CARE_LEAVER,
            "leaving_care",
            "care_leaver_16_25",
            {Part.IDENTITY, Part.ADDRESS, Part.CARE},
        ),
        (
            NoticeType.EHCP_MOVE,
            Found.EHC_PLAN,
            "send_transfer",
            "age_16_17",
            {Part.IDENTITY, Part.ADDRESS, Part.SEND},
        ),
    ],
)
def test_a_duty_towards_one_authority_carries_what_it_needs(
    keyring: Keyring, kind: NoticeType, found: Found, purpose: str, scope: str, told: set[Part]
) -> None:
    """Its own purpose and scope; what the type does not carry is sealed as padding."""
    to = Addressee(MemberId("mbr_medway"), new_keyring().sealing[0].public, frozenset({Part.IDENTITY}))
    composed = made(keyring, replace(ADA, found=ADA.found | {found}), kind, to)
    manifest = manifest_of(composed, keyring)
    assert (manifest.purpose, manifest.assertion.scope) == (purpose, scope)
    keys, parts = body_of(composed)["keys"], read_envelope(composed.envelope).parts
    assert isinstance(keys, dict)
    opened = {
        part: open_part(
            part, parts[part], canonical.unb64u(str(keys[part])), manifest.entry(part).plain_digest
        )
        for part in Part
    }
    assert {part for part, facts in opened.items() if facts is not None} - {Part.CONTACT} == told


def test_a_plans_move_of_somebody_without_a_plan_is_not_composed(keyring: Keyring) -> None:
    """The type speaks of nobody else."""
    with pytest.raises(GatewayFault, match="out-of-scope"):
        made(keyring, kind=NoticeType.EHCP_MOVE)
