"""Who takes part, and with which keys."""

from datetime import timedelta

import pytest

from adapters.member.keyring import Keyring, directory_documents, new_keyring
from hub.exchange import enrol
from hub.exchange.errors import Declined, NotYours
from hub.exchange.stages import KeyUse, Standing
from hub.protocols.canonical import Json
from hub.protocols.errors import Untrusted
from hub.protocols.keys import DocumentKey, SigningKey, entry_for, sign_entry
from hub.protocols.keys import KeyUse as DirectoryUse
from hub.protocols.names import KeyId, MemberId, MemberKind
from tests.simulators.town import Town

KENT, MEDWAY, LAMBETH = MemberId("mbr_kent"), MemberId("mbr_medway"), MemberId("mbr_lambeth")
MOVERS = "agr_kent-medway-movers"


def invited(town: Town, member: MemberId = LAMBETH) -> str:
    """The code of a fresh invitation."""
    with town.store.write() as work:
        return enrol.invite(member, "Lambeth", MemberKind.AUTHORITY, work, town.hub, area="208")


def redeemed(town: Town, code: str, keyring: Keyring, member: MemberId = LAMBETH) -> MemberId:
    """Whoever redeems a code with these keys."""
    documents = directory_documents(keyring, member, town.now - timedelta(days=1))
    with town.store.write() as work:
        return enrol.redeem(code, keyring.identity.public.jwks, documents, work, town.hub)


def test_a_member_is_invited_redeems_once_and_is_approved_to_trial(town: Town) -> None:
    """Its four keys are in the log a slot later."""
    keyring, code = new_keyring(), invited(town)
    assert redeemed(town, code, keyring) == LAMBETH
    with pytest.raises(Declined, match="invitation-unknown"):
        redeemed(town, code, new_keyring())
    with town.store.write() as work:
        admitted = enrol.approve(LAMBETH, keyring.identity.public.key_id[:8], work, town.hub)
        assert admitted.standing is Standing.TRIAL
        assert {key.log_index for key in work.members.keys(LAMBETH)} == {None}
    town.slot()
    with town.store.read() as work:
        keys = work.members.keys(LAMBETH)
    assert {key.use for key in keys} == set(KeyUse)
    assert all(key.log_index is not None for key in keys)


def test_a_code_ends_after_a_fortnight_and_no_other_opens(town: Town) -> None:
    """Unknown, too old, and one letter away are one answer."""
    code = invited(town)
    town.days_pass(14)
    for wrong in (code, code[:-1] + "A", ""):
        with pytest.raises(Declined, match="invitation-unknown"):
            redeemed(town, wrong, new_keyring())


def test_nobody_is_approved_whose_fingerprint_was_not_read_in_full(town: Town) -> None:
    """Eight letters at least, and the right ones; a member that has not redeemed has none."""
    keyring = new_keyring()
    code = invited(town)
    with town.store.write() as work:
        with pytest.raises(Declined, match="identity-unknown"):
            enrol.approve(LAMBETH, "A" * 8, work, town.hub)
        with pytest.raises(NotYours):
            enrol.approve(MemberId("mbr_nobody"), "A" * 8, work, town.hub)
    redeemed(town, code, keyring)
    key_id = keyring.identity.public.key_id
    for fingerprint in ("", key_id[:7], "A" * 8, key_id + "A"):
        with town.store.write() as work, pytest.raises(Declined, match="fingerprint-differs"):
            enrol.approve(LAMBETH, fingerprint, work, town.hub)


def test_an_admitted_member_is_not_admitted_or_invited_again(town: Town) -> None:
    """An operator's slip does not put a live member back on trial, nor hand out a second identity."""
    key_id = town.members[KENT].keyring.identity.public.key_id
    with town.store.write() as work, pytest.raises(Declined, match="member-known"):
        enrol.approve(KENT, key_id, work, town.hub)
    with town.store.write() as work, pytest.raises(Declined, match="member-known"):
        enrol.invite(KENT, "Kent", MemberKind.AUTHORITY, work, town.hub)


@pytest.mark.parametrize("bound", [True, False])
def test_a_suspended_member_comes_back_where_it_was(bound: bool) -> None:
    """Live where a real agreement binds it, on trial where none does; nothing flows in between."""
    town = Town()
    for member in (KENT, MEDWAY):
        town.admits(member)
    if bound:
        town.agrees("kent-medway-movers")
    with town.store.write() as work:
        assert enrol.suspend(KENT, work, town.hub).standing is Standing.SUSPENDED
        key_id = town.members[KENT].keyring.identity.public.key_id
        back = enrol.approve(KENT, key_id, work, town.hub)
        assert back.standing is (Standing.LIVE if bound else Standing.TRIAL)
        with pytest.raises(NotYours):
            enrol.suspend(MemberId("mbr_nobody"), work, town.hub)
    town.slot()
    assert len(town.entries("suspended")) == 1


def test_a_careers_company_comes_back_live_through_its_authority(town: Town) -> None:
    """It is party to no agreement itself."""
    company = MemberId("mbr_kent-careers")
    town.admits(company, MemberKind.CAREERS_COMPANY)
    town.mandates(KENT, company)
    with town.store.write() as work:
        enrol.suspend(company, work, town.hub)
        key_id = town.members[company].keyring.identity.public.key_id
        assert enrol.approve(company, key_id, work, town.hub).standing is Standing.LIVE


def test_a_key_is_registered_by_its_owner_with_its_identity_key(town: Town) -> None:
    """Another member's entry, or one signed by another identity, is refused."""
    made = SigningKey.generate()
    kent = town.members[KENT].keyring.identity
    until = town.now + timedelta(days=100)

    def document(member: MemberId, identity: DocumentKey) -> Json:
        return sign_entry(entry_for(member, DirectoryUse.SIGNING, made.public, town.now, until), identity)

    with town.store.write() as work:
        for wrong, fault in (
            (document(MEDWAY, kent), "key-other-member"),
            (document(KENT, town.members[MEDWAY].keyring.identity), "signature-missing"),
        ):
            with pytest.raises(Untrusted, match=fault):
                enrol.register_key(KENT, wrong, work, town.hub)
        registered = enrol.register_key(KENT, document(KENT, kent), work, town.hub)
        assert (registered.key_id, registered.log_index) == (made.key_id, None)
        assert enrol.register_key(KENT, document(KENT, kent), work, town.hub) == registered
        medway = town.members[MEDWAY].keyring.identity
        with pytest.raises(Declined, match="key-known"):
            enrol.register_key(MEDWAY, document(MEDWAY, medway), work, town.hub)


def test_nobody_enrols_with_an_identity_that_is_there(town: Town) -> None:
    """A public key can be copied from the directory; it is no proof of being its owner."""
    code = invited(town)
    stolen = town.members[KENT].keyring.identity.public.jwks
    with town.store.write() as work, pytest.raises(Declined, match="key-known"):
        enrol.redeem(code, stolen, [], work, town.hub)


def test_a_revoked_key_is_gone_at_once_and_an_identity_key_is_not_revoked(town: Town) -> None:
    """I6: from this instant; the entry follows. Another member's key is not there."""
    key = town.members[KENT].keyring.signing.key_id
    with town.store.write() as work:
        revoked = enrol.revoke_key(KENT, key, work, town.hub)
        assert revoked.revoked_at_index == work.log.size()
        assert enrol.revoke_key(KENT, key, work, town.hub) == revoked
        for other, who in ((key, MEDWAY), (KeyId("A" * 43), KENT)):
            with pytest.raises(NotYours):
                enrol.revoke_key(who, other, work, town.hub)
        with pytest.raises(Declined, match="key-identity"):
            enrol.revoke_key(KENT, town.members[KENT].keyring.identity.key_id, work, town.hub)
    town.slot()
    assert len(town.entries("key_revoked")) == 1
