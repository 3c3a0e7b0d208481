"""Who takes part, with which keys, under which papers; and whose word ends or replaces one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.member.keyring import Keyring, directory_documents, new_keyring
from hub.consent.question import Role
from hub.exchange import enrol
from hub.exchange.errors import Declined, NotYours
from hub.exchange.stages import KeyUse, Member, Paper, PaperKind, PaperState, RegisteredKey, Standing
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.epoch import make_epoch, sign_epoch
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.keys import DocumentKey, DocumentPublicKey, SigningKey, entry_for, sign_entry
from hub.protocols.keys import KeyUse as DirectoryUse
from hub.protocols.limits import AGREEMENT_BODY_BYTES, SIGNED_DOCUMENT_BYTES
from hub.protocols.mandate import Change, Mandate, Suspension, sign_mandate, sign_suspension
from hub.protocols.names import AgreementId, EpochId, KeyId, MemberId, MemberKind, new_id
from hub.protocols.signing import Typ, countersign, sign_document, signers, verify_document
from tests.simulators.town import CUSTODIAN, Town, example_agreement

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


def agreement(town: Town) -> Paper:
    """The agreement between Kent and Medway as it stands."""
    with town.store.read() as work:
        paper = work.papers.get(PaperKind.AGREEMENT, MOVERS)
    assert paper is not None
    return paper


# --- members and keys -----------------------------------------------------------------------------------


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


# --- agreements -----------------------------------------------------------------------------------------


def proposed(town: Town, document: dict[str, Json], by: MemberId) -> Paper:
    """What one party's proposal makes."""
    signed = sign_document(canonical.encode(document), Typ.AGREEMENT, town.members[by].keyring.identity)
    with town.store.write() as work:
        return enrol.propose(document, signed, by, work, town.hub)


def second_version(town: Town, **changes: Json) -> dict[str, Json]:
    """The next version of the agreement."""
    supersedes: Json = {"version": 1, "digest": agreement(town).digest}
    return example_agreement("kent-medway-movers") | {"version": 2, "supersedes": supersedes} | changes


def test_an_agreement_binds_when_all_have_signed_and_it_is_in_the_log() -> None:
    """Not with one signature, and not before its entry."""
    town = Town()
    for member in (KENT, MEDWAY):
        town.admits(member)
    document = example_agreement("kent-medway-movers")
    assert proposed(town, document, KENT).signed_by == (KENT,)
    town.slot()
    assert agreement(town).state is PaperState.PROPOSED
    paper = proposed(town, document, MEDWAY)
    assert (paper.state, paper.signed_by, paper.log_index) == (PaperState.PROPOSED, (KENT, MEDWAY), None)
    town.slot()
    bound = agreement(town)
    assert (bound.state, bound.log_index is not None) == (PaperState.IN_FORCE, True)
    keys = [
        DocumentPublicKey.from_jwks(town.members[one].keyring.identity.public.jwks) for one in (KENT, MEDWAY)
    ]
    assert verify_document(bound.signed, Typ.AGREEMENT, keys) == canonical.encode(document)


def test_signing_twice_is_signing_once() -> None:
    """I5: neither a second pair of signatures nor a second entry."""
    town = Town()
    for member in (KENT, MEDWAY):
        town.admits(member)
    document = example_agreement("kent-medway-movers")
    for member in (KENT, KENT, MEDWAY, MEDWAY, KENT):
        proposed(town, document, member)
    town.slot()
    assert len(town.entries("agreement")) == 1
    signed = agreement(town).signed
    assert isinstance(signed, dict)
    assert isinstance(signed["signatures"], list)
    assert len(signed["signatures"]) == 4
    assert proposed(town, document, KENT).state is PaperState.IN_FORCE


def test_nobody_brings_a_signature_in_another_partys_name() -> None:
    """A document that Kent brings with a pair that looks like Medway's is kept with Kent's alone."""
    town = Town()
    for member in (KENT, MEDWAY):
        town.admits(member)
    document = example_agreement("kent-medway-movers")
    payload = canonical.encode(document)
    ours = sign_document(payload, Typ.AGREEMENT, town.members[KENT].keyring.identity)
    theirs = sign_document(
        canonical.encode({"another": "text"}), Typ.AGREEMENT, town.members[MEDWAY].keyring.identity
    )
    assert isinstance(ours, dict)
    assert isinstance(theirs, dict)
    assert isinstance(ours["signatures"], list)
    assert isinstance(theirs["signatures"], list)
    forged: Json = {"payload": ours["payload"], "signatures": [*ours["signatures"], *theirs["signatures"]]}
    with town.store.write() as work:
        paper = enrol.propose(document, forged, KENT, work, town.hub)
    assert paper.signed_by == (KENT,)
    assert signers(paper.signed) == {town.members[KENT].keyring.identity.key_id}
    proposed(town, document, MEDWAY)
    town.slot()
    assert agreement(town).state is PaperState.IN_FORCE


def test_a_countersigned_copy_is_taken_for_its_bringers_pair(town: Town) -> None:
    """Medway signs on the copy that Kent has signed: both pairs are in it, its own is taken."""
    document = second_version(town)
    kent = sign_document(canonical.encode(document), Typ.AGREEMENT, town.members[KENT].keyring.identity)
    both = countersign(kent, Typ.AGREEMENT, town.members[MEDWAY].keyring.identity)
    with town.store.write() as work:
        paper = enrol.propose(document, both, MEDWAY, work, town.hub)
    assert paper.signed_by == (MEDWAY,)


def test_only_parties_propose_and_sign(town: Town) -> None:
    """I7: a stranger cannot bring it, and cannot even tell that it is there."""
    town.admits(LAMBETH, area="208")
    document = example_agreement("kent-medway-movers")
    with pytest.raises(Declined, match="party-missing"):
        proposed(town, document, LAMBETH)
    signed = sign_document(canonical.encode(document), Typ.AGREEMENT, town.members[LAMBETH].keyring.identity)
    with town.store.write() as work:
        for name in (MOVERS, "agr_nothing-here"):
            with pytest.raises(NotYours):
                enrol.countersign(name, signed, LAMBETH, work, town.hub)


def test_signatures_over_other_bytes_bind_nobody(town: Town) -> None:
    """Kent signs version 3 and says that it is version 2."""
    document = second_version(town)
    other = canonical.encode(document | {"version": 3})
    signed = sign_document(other, Typ.AGREEMENT, town.members[KENT].keyring.identity)
    with town.store.write() as work, pytest.raises(Untrusted, match="agreement-other-bytes"):
        enrol.propose(document, signed, KENT, work, town.hub)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 3},
        {"supersedes": {"version": 1, "digest": "A" * 43}},
        {"supersedes": {"version": 9, "digest": "A" * 43}},
    ],
)
def test_a_new_version_follows_the_newest_and_names_it(town: Town, changes: dict[str, Json]) -> None:
    """Neither a gap nor another predecessor."""
    with pytest.raises(Declined, match="version-gap"):
        proposed(town, second_version(town, **changes), KENT)


def test_a_first_version_is_number_one() -> None:
    """Nothing follows what is not there."""
    town = Town()
    for member in (KENT, MEDWAY):
        town.admits(member)
    document = example_agreement("kent-medway-movers") | {
        "version": 2,
        "supersedes": {"version": 1, "digest": "A" * 43},
    }
    with pytest.raises(Declined, match="version-gap"):
        proposed(town, document, KENT)


def test_a_text_that_is_no_agreement_is_refused(town: Town) -> None:
    """It is read in full before anything is kept."""
    with pytest.raises(MalformedMessage, match="agreement-malformed"):
        proposed(town, {"id": "agr_nothing"}, KENT)


Word = tuple[MemberId, Change]


def says(town: Town, *words: Word) -> PaperState:
    """The state of the agreement after these words."""
    for member, change in words:
        town.suspends(MOVERS, member, change)
    return agreement(town).state


def test_every_party_must_stand_by_it(town: Town) -> None:
    """I6: one suspends and it stops; both suspend, and each has to resume for itself."""
    suspend, resume = Change.SUSPEND, Change.RESUME
    assert says(town, (KENT, suspend)) is PaperState.SUSPENDED
    assert says(town, (KENT, resume)) is PaperState.IN_FORCE
    assert says(town, (KENT, suspend), (MEDWAY, suspend), (KENT, resume)) is PaperState.SUSPENDED
    assert agreement(town).signed_by == (KENT,)
    assert says(town, (MEDWAY, resume)) is PaperState.IN_FORCE
    assert says(town, (MEDWAY, Change.END)) is PaperState.ENDED


@pytest.mark.parametrize(
    ("words", "last"),
    [
        ([], (KENT, Change.RESUME)),
        ([(KENT, Change.SUSPEND)], (KENT, Change.SUSPEND)),
        ([(KENT, Change.SUSPEND)], (MEDWAY, Change.RESUME)),
        ([(KENT, Change.END)], (MEDWAY, Change.RESUME)),
        ([(KENT, Change.END)], (KENT, Change.END)),
    ],
)
def test_a_word_that_fits_nothing_is_declined(town: Town, words: list[Word], last: Word) -> None:
    """Nothing to resume, said before, another's to say, or over."""
    says(town, *words)
    with pytest.raises(Declined, match="agreement-state"):
        says(town, last)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"agreement": AgreementId("agr_kent-lambeth-movers")}, "suspension-other"),
        ({"version": 2}, "suspension-other"),
        ({"member": MEDWAY}, "suspension-other"),
    ],
)
def test_a_word_is_about_this_version_and_by_this_member(
    town: Town, changes: dict[str, Any], fault: str
) -> None:
    """A word about another agreement, an older version, or in another's name stops nothing."""
    said = replace(Suspension(AgreementId(MOVERS), 1, KENT, Change.SUSPEND, town.now), **changes)
    word = sign_suspension(said, town.members[KENT].keyring.identity)
    with town.store.write() as work, pytest.raises(Untrusted, match=fault):
        enrol.change_agreement(MOVERS, word, KENT, work, town.hub)


def test_a_strangers_word_is_about_nothing(town: Town) -> None:
    """I7: not a party, or no such agreement: one answer."""
    town.admits(LAMBETH, area="208")
    word = sign_suspension(
        Suspension(AgreementId(MOVERS), 1, LAMBETH, Change.END, town.now),
        town.members[LAMBETH].keyring.identity,
    )
    with town.store.write() as work:
        for name, who in ((MOVERS, LAMBETH), ("agr_nothing-here", KENT)):
            with pytest.raises(NotYours):
                enrol.change_agreement(name, word, who, work, town.hub)


def with_identity(town: Town, member: MemberId) -> DocumentKey:
    """A member that is admitted, with an identity key and nothing else."""
    key = DocumentKey.generate()
    with town.store.write() as work:
        work.members.put(
            Member(
                member,
                "Council",
                MemberKind.AUTHORITY,
                Role.TRACKING_TEAM,
                Standing.LIVE,
                made_up=False,
                area=None,
                allowance=None,
            )
        )
        until = town.now + timedelta(days=365)
        identity = (
            key.key_id,
            member,
            KeyUse.IDENTITY,
            key.public.jwks,
            None,
            None,
            town.now,
            until,
            0,
            None,
        )
        work.members.put_key(RegisteredKey(*identity))
    return key


def test_all_authorities_of_england_sign_one_agreement() -> None:
    """151 parties: each signs with both algorithms, it binds, and the whole stays under the limits."""
    town, document = Town(), example_agreement("kent-medway-movers")
    keys = {member: with_identity(town, member) for member in (MemberId(f"mbr_c{n:03}") for n in range(151))}
    parties = document["parties"]
    assert isinstance(parties, list)
    assert isinstance(parties[0], dict)
    document["parties"] = [{**parties[0], "member": member} for member in keys]
    first, *others = keys
    signed = {one: sign_document(canonical.encode(document), Typ.AGREEMENT, key) for one, key in keys.items()}
    with town.store.write() as work:
        enrol.propose(document, signed[first], first, work, town.hub)
        for member in others:
            enrol.countersign(MOVERS, signed[member], member, work, town.hub)
    town.slot()
    bound = agreement(town)
    assert (bound.state, len(bound.signed_by)) == (PaperState.IN_FORCE, 151)
    identities = [DocumentPublicKey.from_jwks(key.public.jwks) for key in keys.values()]
    assert verify_document(bound.signed, Typ.AGREEMENT, identities) == canonical.encode(document)
    whole = len(canonical.encode(bound.signed))
    assert whole * 400 // 151 < SIGNED_DOCUMENT_BYTES
    assert len(canonical.encode({"document": document, "signed": bound.signed})) < AGREEMENT_BODY_BYTES


# --- a newer version that is only proposed ----------------------------------------------------------------


def states(town: Town, kind: PaperKind = PaperKind.AGREEMENT) -> list[PaperState]:
    """The state of each version, the oldest first."""
    with town.store.read() as work:
        return [paper.state for paper in work.papers.all(kind)]


def says_of(town: Town, version: int, member: MemberId, change: Change) -> Paper:
    """One party's word on one version."""
    word = sign_suspension(
        Suspension(AgreementId(MOVERS), version, member, change, town.now),
        town.members[member].keyring.identity,
    )
    with town.store.write() as work:
        return enrol.change_agreement(MOVERS, word, member, work, town.hub)


@pytest.mark.parametrize("by", [KENT, MEDWAY])
def test_a_proposal_keeps_nobody_from_stopping_what_binds(town: Town, by: MemberId) -> None:
    """I6: neither its author nor the other party; and the entry says which version it was."""
    proposed(town, second_version(town), KENT)
    assert says_of(town, 1, by, Change.SUSPEND).state is PaperState.SUSPENDED
    assert states(town) == [PaperState.SUSPENDED, PaperState.PROPOSED]
    assert says_of(town, 1, by, Change.RESUME).state is PaperState.IN_FORCE
    assert says_of(town, 1, by, Change.END).state is PaperState.ENDED
    town.slot()
    assert [entry["facts"] for entry in town.entries("agreement_changed")] == [
        {"what": "agreement_changed", "version": 1, "change": change, "by": by}
        for change in ("suspend", "resume", "end")
    ]


def test_what_is_proposed_or_replaced_is_not_stopped(town: Town) -> None:
    """A word is about what binds: it says so where it is about something else."""
    document = second_version(town)
    proposed(town, document, KENT)
    with pytest.raises(Declined, match="agreement-state"):
        says_of(town, 2, KENT, Change.SUSPEND)
    proposed(town, document, MEDWAY)
    town.slot()
    with pytest.raises(Declined, match="agreement-state"):
        says_of(town, 1, KENT, Change.SUSPEND)
    assert says_of(town, 2, KENT, Change.SUSPEND).state is PaperState.SUSPENDED


@pytest.mark.parametrize("change", [Change.SUSPEND, Change.END])
def test_who_stops_does_not_start_it_again_by_an_older_signature(town: Town, change: Change) -> None:
    """Kent signed the next version, then stopped this one: the other's signature must not undo that."""
    document = second_version(town)
    proposed(town, document, KENT)
    says_of(town, 1, KENT, change)
    assert proposed(town, document, MEDWAY).signed_by == (MEDWAY,)
    town.slot()
    assert states(town)[1] is PaperState.PROPOSED
    again = proposed(town, document, KENT)
    assert signers(again.signed) == {town.members[one].keyring.identity.key_id for one in (KENT, MEDWAY)}
    town.slot()
    after = PaperState.ENDED if change is Change.END else PaperState.SUPERSEDED
    assert states(town) == [after, PaperState.IN_FORCE]


def test_a_stop_overtakes_a_version_that_is_signed_and_not_yet_in_the_log(town: Town) -> None:
    """The last signature is there, its entry is not: one party's stop still counts."""
    document = second_version(town)
    for member in (KENT, MEDWAY):
        proposed(town, document, member)
    says_of(town, 1, MEDWAY, Change.SUSPEND)
    town.slot()
    assert states(town) == [PaperState.SUSPENDED, PaperState.PROPOSED]
    assert len(town.entries("agreement")) == 1
    proposed(town, document, MEDWAY)
    town.slot()
    assert states(town) == [PaperState.SUPERSEDED, PaperState.IN_FORCE]
    assert len(town.entries("agreement")) == 2


def test_a_party_that_is_new_in_a_proposal_stops_nothing_that_binds_others(town: Town) -> None:
    """Lambeth is to join with version 2: version 1 is not its to stop, and not its to read of."""
    town.admits(LAMBETH, area="208")
    document = second_version(town)
    parties = document["parties"]
    assert isinstance(parties, list)
    assert isinstance(parties[0], dict)
    joined: Json = [*parties, {**parties[0], "member": LAMBETH}]
    proposed(town, document | {"parties": joined}, KENT)
    for change in Change:
        with pytest.raises(Untrusted, match="suspension-other"):
            says_of(town, 1, LAMBETH, change)
    assert states(town) == [PaperState.IN_FORCE, PaperState.PROPOSED]
    says_of(town, 1, KENT, Change.SUSPEND)
    town.slot()
    told = [one["kind"] for one in town.members[LAMBETH].may_read()]
    assert "agreement_changed" not in told


# --- mandates, standing requests, epochs ------------------------------------------------------------------


def lodged(town: Town, kind: PaperKind, typ: Typ, by: MemberId, mandate: Mandate) -> Paper:
    """What lodging this makes."""
    signed = sign_mandate(mandate, typ, town.members[by].keyring.identity)
    with town.store.write() as work:
        return enrol.lodge(kind, signed, by, work, town.hub)


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
            enrol.open_epoch(foreign, {}, CUSTODIAN, work, town.hub)
        document = sign_epoch(epoch, town.custodian.keyring.identity)
        for _ in range(2):
            assert enrol.open_epoch(document, {KENT: "a box"}, CUSTODIAN, work, town.hub) == name
        assert work.papers.wrapped_key(name, KENT) == "a box"
        assert work.papers.wrapped_key(name, MEDWAY) is None
    town.slot()
    assert len([entry for entry in town.entries("epoch") if entry["name"] == name]) == 1


def odd_documents() -> list[Callable[[Json], Json]]:
    """Ways to break a signed document."""
    return [
        lambda _document: None,
        lambda _document: {},
        lambda document: {**document, "signatures": []} if isinstance(document, dict) else None,
        lambda document: {**document, "payload": "e30"} if isinstance(document, dict) else None,
    ]


@pytest.mark.parametrize("broken", odd_documents())
def test_broken_papers_are_refused_with_a_type(town: Town, broken: Callable[[Json], Json]) -> None:
    """Never a fault of another kind, and nothing is kept."""
    document = second_version(town)
    signed = sign_document(canonical.encode(document), Typ.AGREEMENT, town.members[KENT].keyring.identity)
    with town.store.write() as work:
        with pytest.raises(ProtocolError):
            enrol.propose(document, broken(signed), KENT, work, town.hub)
        with pytest.raises(ProtocolError):
            enrol.lodge(PaperKind.MANDATE, broken(signed), KENT, work, town.hub)
        with pytest.raises(ProtocolError):
            enrol.change_agreement(MOVERS, broken(signed), KENT, work, town.hub)
        with pytest.raises(ProtocolError):
            enrol.register_key(KENT, broken(signed), work, town.hub)
    assert agreement(town).version == 1
