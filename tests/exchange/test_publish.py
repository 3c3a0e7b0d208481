"""The door: which bytes are a notice that this member may publish now."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.member.compose import compose
from adapters.member.home import Pinned
from hub.exchange.errors import Declined
from hub.exchange.publish import Admission, check_notice, promise_for, read_admission
from hub.exchange.stages import KeyUse, PaperKind, PaperState, Realm, Standing
from hub.protocols.canonical import encode
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.keys import SigningKey
from hub.protocols.names import EpochId, MemberId, MemberKind, NoticeType, new_id
from hub.protocols.notice import (
    Box,
    Envelope,
    Manifest,
    read_envelope,
    read_manifest,
    sign_manifest,
    write_envelope,
)
from hub.protocols.promise import read_promise
from hub.protocols.sealing import box_length, seal_box
from hub.protocols.suites import HYBRID
from tests.simulators.town import CUSTODIAN, Town
from tests.story.people import ADA

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")


def envelope(town: Town, member: MemberId = KENT, acts_for: MemberId | None = None) -> bytes:
    """What a gateway publishes."""
    pinned = Pinned("", member, "", "", None, CUSTODIAN, None, "Team", "01", "a@b", acts_for)
    keyring = town.members[member].keyring.with_linkage(town.epoch, town.linkage_key)
    return compose(ADA, NoticeType.MOVED_OUT, pinned, keyring, town.epoch, "A. Officer", town.now).envelope


def changed(town: Town, **changes: Any) -> bytes:  # noqa: ANN401 - fields of a manifest
    """The same with other facts in its manifest, signed by Kent."""
    key = town.members[KENT].keyring.signing
    read = read_envelope(envelope(town))
    manifest: Manifest = replace(read_manifest(read.manifest, key.public), **changes)
    box = None
    if manifest.recipient is not None:
        made = seal_box({}, manifest.notice, town.members[MEDWAY].keyring.sealing[-1].public)
        box = Box(manifest.recipient, made)
    return write_envelope(Envelope(sign_manifest(manifest, key), read.tokens, read.parts, box))


def test_a_notice_of_an_admitted_member_is_checked_and_promised(town: Town) -> None:
    """What comes out is what was signed; the promise says until when it is in the log."""
    checked = check_notice(envelope(town), KENT, town.admission(), town.hub)
    assert (checked.realm, checked.kept_at, checked.scope) == (Realm.LIVE, town.now, "age_16_17")
    assert checked.signed.manifest.sender == KENT
    promised = read_promise(promise_for(checked, town.hub), town.hub.key.public)
    assert (promised.notice, promised.manifest) == (checked.signed.manifest.notice, checked.signed.digest)
    assert promised.in_log_by - promised.kept_at == 2 * town.hub.slot


def test_what_is_stored_is_keyed_once_more(town: Town) -> None:
    """A stolen index and one member's key are not enough: tokens are hashed under the hub's own key too."""
    checked = check_notice(envelope(town), KENT, town.admission(), town.hub)
    published = {
        checked.signed.tokens.tokens[i : i + 8] for i in range(8, len(checked.signed.tokens.tokens), 8)
    }
    kept = {checked.keyed.tokens[i : i + 8] for i in range(8, len(checked.keyed.tokens), 8)}
    assert not published & kept


def test_only_the_member_itself_publishes_in_its_name(town: Town) -> None:
    """I7: a notice that Medway copied from Kent is not Medway's to publish."""
    with pytest.raises(Untrusted, match="signing-key"):
        check_notice(envelope(town), MEDWAY, town.admission(), town.hub)


def test_a_sender_other_than_the_caller_is_refused(town: Town) -> None:
    """Kent signs a notice that says it is Medway's."""
    with pytest.raises(Untrusted, match="sender-other"):
        check_notice(changed(town, sender=MEDWAY), KENT, town.admission(), town.hub)


def no_key(admission: Admission, _town: Town) -> Admission:
    """The key is not registered."""
    return replace(admission, keys={})


def not_logged(admission: Admission, _town: Town) -> Admission:
    """The key's entry is not in the log yet."""
    return replace(admission, keys={k: replace(v, log_index=None) for k, v in admission.keys.items()})


def revoked(admission: Admission, _town: Town) -> Admission:
    """The key is revoked."""
    return replace(admission, keys={k: replace(v, revoked_at_index=9) for k, v in admission.keys.items()})


def over(admission: Admission, town: Town) -> Admission:
    """The key's time is over."""
    return replace(admission, keys={k: replace(v, valid_until=town.now) for k, v in admission.keys.items()})


def not_begun(admission: Admission, town: Town) -> Admission:
    """The key's time has not begun."""
    later = town.now + timedelta(hours=1)
    return replace(admission, keys={k: replace(v, valid_from=later) for k, v in admission.keys.items()})


@pytest.mark.parametrize("change", [no_key, not_logged, revoked, over, not_begun])
def test_a_key_that_does_not_count_does_not_publish(
    town: Town, change: Callable[[Admission, Town], Admission]
) -> None:
    """I6: the signature is right, and is not believed."""
    with pytest.raises(Untrusted, match="signing-key"):
        check_notice(envelope(town), KENT, change(town.admission(), town), town.hub)


@pytest.mark.parametrize(
    ("standing", "kind", "may"),
    [
        (Standing.LIVE, MemberKind.AUTHORITY, True),
        (Standing.TRIAL, MemberKind.AUTHORITY, True),
        (Standing.TRIAL, MemberKind.COLLEGE, True),
        (Standing.INVITED, MemberKind.AUTHORITY, False),
        (Standing.SUSPENDED, MemberKind.AUTHORITY, False),
        (Standing.LIVE, MemberKind.OBSERVER, False),
    ],
)
def test_who_may_publish(town: Town, standing: Standing, kind: MemberKind, may: bool) -> None:
    """Admitted members that are not observers."""
    admission = town.admission()
    members = {**admission.members, KENT: replace(admission.members[KENT], standing=standing, kind=kind)}
    data, changed_admission = envelope(town), replace(admission, members=members)
    if may:
        assert check_notice(data, KENT, changed_admission, town.hub).realm is members[KENT].realm
        return
    with pytest.raises(Declined, match="member-may-not-publish"):
        check_notice(data, KENT, changed_admission, town.hub)


def test_only_a_careers_company_says_that_it_acts_for_somebody(town: Town) -> None:
    """An authority does not speak for another."""
    with pytest.raises(Declined, match="acts-for"):
        check_notice(envelope(town, KENT, MEDWAY), KENT, town.admission(), town.hub)


def test_a_careers_company_may_say_for_whom_it_acts(town: Town) -> None:
    """Whether it has the mandate is decided with every release, not here."""
    company = MemberId("mbr_kent-careers")
    town.admits(company, MemberKind.CAREERS_COMPANY)
    checked = check_notice(envelope(town, company, KENT), company, town.admission(), town.hub)
    assert checked.signed.manifest.acts_for == KENT


@pytest.mark.parametrize(
    ("days", "seconds", "code"),
    [
        (0, -61, "notice-from-the-future"),
        (7, 1, "notice-stale"),
        (71, 0, "notice-stale"),
    ],
)
def test_a_notice_is_published_in_its_time(town: Town, days: int, seconds: int, code: str) -> None:
    """Not dated ahead, not older than a week, not ended."""
    data, admission = envelope(town), town.admission()
    town.now += timedelta(days=days, seconds=seconds)
    with pytest.raises(Declined, match=code):
        check_notice(data, KENT, admission, town.hub)


@pytest.mark.parametrize(("days", "seconds"), [(0, -60), (7, 0)])
def test_at_the_edges_of_its_time_it_still_is(town: Town, days: int, seconds: int) -> None:
    """A minute ahead is borne, and a gateway that was cut off for a week may deliver."""
    data, admission = envelope(town), town.admission()
    town.now += timedelta(days=days, seconds=seconds)
    assert check_notice(data, KENT, admission, town.hub).kept_at == town.now


def test_a_notice_that_has_ended_is_refused(town: Town) -> None:
    """The second of its end is too late."""
    data = changed(town, expires_at=town.now + timedelta(hours=1))
    town.now += timedelta(hours=1)
    with pytest.raises(Declined, match="notice-stale"):
        check_notice(data, KENT, town.admission(), town.hub)


def test_an_assertion_from_the_future_is_refused(town: Town) -> None:
    """What is safe for thirty days is counted from a moment that has been."""
    read = read_manifest(read_envelope(envelope(town)).manifest, town.members[KENT].keyring.signing.public)
    ahead = replace(read.assertion, asserted_at=town.now + timedelta(minutes=2))
    with pytest.raises(Declined, match="notice-from-the-future"):
        check_notice(changed(town, assertion=ahead), KENT, town.admission(), town.hub)


def test_flags_that_cannot_be_read_are_refused(town: Town) -> None:
    """An unknown flag is not silently no flag."""
    read = read_manifest(read_envelope(envelope(town)).manifest, town.members[KENT].keyring.signing.public)
    assert isinstance(read.assertion.flags, dict)
    for flags in ({}, read.assertion.flags | {"new": True}, read.assertion.flags | {"shield": "no"}):
        odd = replace(read.assertion, flags={**flags})
        with pytest.raises(MalformedMessage, match="flags-malformed"):
            check_notice(changed(town, assertion=odd), KENT, town.admission(), town.hub)


def test_a_scope_that_is_not_published_puts_nobody_in_scope(town: Town) -> None:
    """The notice is kept; no release can come of it (R-SCOPE)."""
    read = read_manifest(read_envelope(envelope(town)).manifest, town.members[KENT].keyring.signing.public)
    odd = replace(read.assertion, scope="age_12")
    assert check_notice(changed(town, assertion=odd), KENT, town.admission(), town.hub).scope is None


def test_tokens_are_of_an_epoch_in_force(town: Town) -> None:
    """Tokens of an epoch that is over, or never was, meet nobody and are refused at the door."""
    for epochs in (frozenset[EpochId](), frozenset({EpochId(new_id("ep", town.now, bytes(10)))})):
        with pytest.raises(Declined, match="epoch-expired"):
            check_notice(envelope(town), KENT, replace(town.admission(), epochs=epochs), town.hub)


@pytest.mark.parametrize(
    ("recipient", "fault", "code"),
    [
        (MemberId("mbr_nobody"), Declined, "recipient-unknown"),
        (KENT, MalformedMessage, "recipient-self"),
    ],
)
def test_a_named_recipient_is_another_member(
    town: Town, recipient: MemberId, fault: type[Exception], code: str
) -> None:
    """Neither a stranger nor oneself."""
    with pytest.raises(fault, match=code):
        check_notice(changed(town, recipient=recipient), KENT, town.admission(), town.hub)


def test_a_notice_to_a_named_member_keeps_its_box(town: Town) -> None:
    """It is the only case in which the hub has a key box before a match."""
    checked = check_notice(changed(town, recipient=MEDWAY), KENT, town.admission(), town.hub)
    assert checked.signed.box is not None
    assert len(checked.signed.box.jwe) == box_length(HYBRID)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\xff", encode({"manifest": ""})])
def test_anything_else_is_refused_with_a_type(town: Town, data: bytes) -> None:
    """Never a fault of another kind."""
    with pytest.raises(ProtocolError):
        check_notice(data, KENT, town.admission(), town.hub)


def test_a_key_of_nobody_is_not_looked_for_in_the_message(town: Town) -> None:
    """A notice signed by a key that came with no enrolment is refused by its name alone."""
    read = read_envelope(envelope(town))
    stranger = SigningKey.generate()
    manifest = read_manifest(read.manifest, town.members[KENT].keyring.signing.public)
    forged = write_envelope(replace(read, manifest=sign_manifest(manifest, stranger)))
    with pytest.raises(Untrusted, match="signing-key"):
        check_notice(forged, KENT, town.admission(), town.hub)


def test_the_admission_reads_keys_for_signing_and_epochs_in_force(town: Town) -> None:
    """Access and sealing keys sign no notice; an epoch counts from its entry to its end."""
    with town.store.write() as work:
        admission = read_admission(work, town.now)
        assert {key.use for key in admission.keys.values()} == {KeyUse.SIGNING}
        assert admission.epochs == {town.epoch}
        assert set(admission.verifying) == set(admission.keys)
        (paper,) = work.papers.all(PaperKind.EPOCH)
        assert read_admission(work, town.now + timedelta(days=300)).epochs == frozenset()
        work.papers.put(replace(paper, state=PaperState.PROPOSED))
        assert read_admission(work, town.now).epochs == frozenset()
        work.papers.put(replace(paper, valid_until=None))
        assert read_admission(work, town.now).epochs == frozenset()


def test_a_plans_move_is_an_authoritys_to_send(town: Town) -> None:
    """Regulation 15 binds the authority; a college that says so is told at the door."""
    admission = town.admission()
    data = changed(town, type=NoticeType.EHCP_MOVE, recipient=MEDWAY)
    assert check_notice(data, KENT, admission, town.hub).signed.manifest.type is NoticeType.EHCP_MOVE
    members = {**admission.members, KENT: replace(admission.members[KENT], kind=MemberKind.COLLEGE)}
    with pytest.raises(Declined, match="member-may-not-publish"):
        check_notice(data, KENT, replace(admission, members=members), town.hub)
