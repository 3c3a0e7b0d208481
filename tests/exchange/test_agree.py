"""Whose word makes, replaces, stops or ends an agreement."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.consent.question import Role
from hub.exchange import agree, enrol, lodge
from hub.exchange.errors import Declined, NotYours
from hub.exchange.stages import KeyUse, Member, Paper, PaperKind, PaperState, RegisteredKey, Standing
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.keys import DocumentKey, DocumentPublicKey
from hub.protocols.limits import AGREEMENT_BODY_BYTES, CLOCK_SKEW, SIGNED_DOCUMENT_BYTES
from hub.protocols.mandate import Change, Suspension, sign_suspension
from hub.protocols.names import AgreementId, MemberId, MemberKind
from hub.protocols.signing import Typ, countersign, sign_document, signers, verify_document
from tests.simulators.town import Town, example_agreement

KENT, MEDWAY, LAMBETH = MemberId("mbr_kent"), MemberId("mbr_medway"), MemberId("mbr_lambeth")
MOVERS = "agr_kent-medway-movers"


def agreement(town: Town) -> Paper:
    """The agreement between Kent and Medway as it stands."""
    with town.store.read() as work:
        paper = work.papers.get(PaperKind.AGREEMENT, MOVERS)
    assert paper is not None
    return paper


def proposed(town: Town, document: dict[str, Json], by: MemberId) -> Paper:
    """What one party's proposal makes."""
    signed = sign_document(canonical.encode(document), Typ.AGREEMENT, town.members[by].keyring.identity)
    with town.store.write() as work:
        return agree.propose(document, signed, by, work, town.hub)


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
        paper = agree.propose(document, forged, KENT, work, town.hub)
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
        paper = agree.propose(document, both, MEDWAY, work, town.hub)
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
                agree.countersign(name, signed, LAMBETH, work, town.hub)


def test_signatures_over_other_bytes_bind_nobody(town: Town) -> None:
    """Kent signs version 3 and says that it is version 2."""
    document = second_version(town)
    other = canonical.encode(document | {"version": 3})
    signed = sign_document(other, Typ.AGREEMENT, town.members[KENT].keyring.identity)
    with town.store.write() as work, pytest.raises(Untrusted, match="agreement-other-bytes"):
        agree.propose(document, signed, KENT, work, town.hub)


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


def test_nobody_sits_down_on_anothers_name() -> None:
    """Medway and Lambeth cannot take an id that begins with Kent's name, not even without meaning to."""
    town = Town()
    for member in (KENT, MEDWAY, LAMBETH):
        town.admits(member)
    squatted = example_agreement("lambeth-southwark-movers") | {"id": MOVERS}
    with pytest.raises(Declined, match="agreement-name"):
        proposed(town, squatted, LAMBETH)
    theirs = example_agreement("kent-lambeth-movers") | {"id": MOVERS}
    assert proposed(town, theirs, LAMBETH).parties == (KENT, LAMBETH)


def test_the_longest_name_counts() -> None:
    """`agr_north-kent-college-...` is the college's where there is one, whoever North Kent is."""
    town = Town()
    town.admits(KENT)
    town.admits(MemberId("mbr_north-kent-college"), MemberKind.COLLEGE)
    town.admits(MemberId("mbr_north"))
    document = example_agreement("north-kent-college-enrolments")
    assert proposed(town, document, KENT).name == document["id"]


def test_whose_name_an_id_bears_takes_it_back_while_nothing_binds() -> None:
    """Lambeth names Kent and sits there first: Kent goes on with Medway, and needs Lambeth for nothing."""
    town = Town()
    for member in (KENT, MEDWAY, LAMBETH):
        town.admits(member)
    first = proposed(town, example_agreement("kent-lambeth-movers") | {"id": MOVERS}, LAMBETH)
    supersedes: Json = {"version": 1, "digest": first.digest}
    second = example_agreement("kent-medway-movers") | {"version": 2, "supersedes": supersedes}
    with pytest.raises(Declined, match="party-missing"):
        proposed(town, second, MEDWAY)
    proposed(town, second, KENT)
    proposed(town, second, MEDWAY)
    town.slot()
    assert (agreement(town).version, agreement(town).state) == (2, PaperState.IN_FORCE)


def test_a_name_that_comes_later_stands_in_nobodys_way(town: Town) -> None:
    """A company called Kent Medway is admitted: Kent and Medway go on under the id that they have."""
    town.admits(MemberId("mbr_kent-medway"), MemberKind.CAREERS_COMPANY)
    document = second_version(town)
    for member in (KENT, MEDWAY):
        proposed(town, document, member)
    town.slot()
    assert (agreement(town).version, agreement(town).state) == (2, PaperState.IN_FORCE)


def test_what_once_bound_is_nobodys_to_take_back(town: Town) -> None:
    """Kent's name or not: Medway is a party of what binds and stays one."""
    third = example_agreement("kent-lambeth-movers") | {"id": MOVERS, "version": 2}
    town.admits(LAMBETH, area="208")
    with pytest.raises(Declined, match="version-parties"):
        proposed(town, third | {"supersedes": {"version": 1, "digest": agreement(town).digest}}, KENT)


def joined_by(document: dict[str, Json], *others: MemberId) -> dict[str, Json]:
    """The same with more parties."""
    parties = document["parties"]
    assert isinstance(parties, list)
    assert isinstance(parties[0], dict)
    return document | {"parties": [*parties, *({**parties[0], "member": other} for other in others)]}


def test_nobody_is_left_out_of_what_is_only_proposed(town: Town) -> None:
    """Under nobody's name and nothing bound: whoever the proposal names stays in the next one."""
    town.admits(LAMBETH, area="208")
    name: Json = "agr_eastern-movers"
    first = proposed(town, joined_by(example_agreement("kent-medway-movers"), LAMBETH) | {"id": name}, KENT)
    supersedes: Json = {"version": 1, "digest": first.digest}
    second = example_agreement("kent-medway-movers") | {"id": name, "version": 2, "supersedes": supersedes}
    with pytest.raises(Declined, match="version-parties"):
        proposed(town, second, MEDWAY)


def test_who_is_bound_by_a_later_version_is_not_left_out_of_the_next(town: Town) -> None:
    """Lambeth stands in version 2 alone: version 3 has Lambeth too."""
    town.admits(LAMBETH, area="208")
    second = joined_by(second_version(town), LAMBETH)
    for member in (KENT, MEDWAY, LAMBETH):
        proposed(town, second, member)
    town.slot()
    third = second_version(town) | {
        "version": 3,
        "supersedes": {"version": 2, "digest": agreement(town).digest},
    }
    with pytest.raises(Declined, match="version-parties"):
        proposed(town, third, KENT)


def test_a_text_that_is_no_agreement_is_refused(town: Town) -> None:
    """It is read in full before anything is kept."""
    with pytest.raises(MalformedMessage, match="agreement-malformed"):
        proposed(town, {"id": "agr_nothing"}, KENT)


Word = tuple[MemberId, Change]


def says(town: Town, *words: Word) -> PaperState:
    """The state of the agreement after these words, each a second after the other."""
    for member, change in words:
        town.now += timedelta(seconds=1)
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
        agree.change_agreement(MOVERS, word, KENT, work, town.hub)


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
                agree.change_agreement(name, word, who, work, town.hub)


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
        agree.propose(document, signed[first], first, work, town.hub)
        for member in others:
            agree.countersign(MOVERS, signed[member], member, work, town.hub)
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
        return agree.change_agreement(MOVERS, word, member, work, town.hub)


def says_again(town: Town, word: Json, member: MemberId) -> Paper:
    """A signed word, brought as it is."""
    with town.store.write() as work:
        return agree.change_agreement(MOVERS, word, member, work, town.hub)


def word_of(town: Town, change: Change, ahead: timedelta = timedelta()) -> Json:
    """What Kent signs now, or by a clock that is ahead."""
    said = Suspension(AgreementId(MOVERS), 1, KENT, change, town.now + ahead)
    return sign_suspension(said, town.members[KENT].keyring.identity)


def test_an_old_resume_does_not_lift_a_later_suspension(town: Town) -> None:
    """I6: whoever kept a copy of the first resume cannot let it flow again after the second stop."""
    says_again(town, word_of(town, Change.SUSPEND), KENT)
    town.slot()
    resumed = word_of(town, Change.RESUME)
    assert says_again(town, resumed, KENT).state is PaperState.IN_FORCE
    town.slot()
    says_again(town, word_of(town, Change.SUSPEND), KENT)
    with pytest.raises(Declined, match="word-over"):
        says_again(town, resumed, KENT)
    assert agreement(town).state is PaperState.SUSPENDED
    town.slot()
    assert says_again(town, word_of(town, Change.RESUME), KENT).state is PaperState.IN_FORCE


def test_an_old_stop_takes_nobodys_place(town: Town) -> None:
    """A copy of an old stop, then of an old resume, would swallow the stop in between."""
    stopped = word_of(town, Change.SUSPEND)
    says_again(town, stopped, KENT)
    town.slot()
    says_again(town, word_of(town, Change.RESUME), KENT)
    with pytest.raises(Declined, match="word-over"):
        says_again(town, stopped, KENT)
    assert agreement(town).state is PaperState.IN_FORCE


def test_a_clock_that_is_behind_keeps_nobody_from_stopping(town: Town) -> None:
    """I6: what stops is taken whatever its instant."""
    says_again(town, word_of(town, Change.SUSPEND), KENT)
    says_again(town, word_of(town, Change.RESUME), KENT)
    stop = word_of(town, Change.SUSPEND, ahead=timedelta(hours=-1))
    assert says_again(town, stop, KENT).state is PaperState.SUSPENDED


def test_a_copy_of_a_resume_lifts_no_stop_that_is_dated_before_it(town: Town) -> None:
    """I6: stopped by a clock that is behind, and still no copy of what resumed before lets it flow."""
    says_again(town, word_of(town, Change.SUSPEND), KENT)
    town.now += timedelta(minutes=1)
    resumed = word_of(town, Change.RESUME)
    says_again(town, resumed, KENT)
    stop = word_of(town, Change.SUSPEND, ahead=timedelta(seconds=-1))
    assert says_again(town, stop, KENT).state is PaperState.SUSPENDED
    with pytest.raises(Declined, match="word-over"):
        says_again(town, resumed, KENT)
    assert agreement(town).state is PaperState.SUSPENDED
    town.now += timedelta(seconds=1)
    assert says_again(town, word_of(town, Change.RESUME), KENT).state is PaperState.IN_FORCE


def test_a_resume_from_the_future_would_outlive_the_next_suspension(town: Town) -> None:
    """What a clock may be ahead is borne (`CLOCK_SKEW`), a second more is not."""
    says_again(town, word_of(town, Change.SUSPEND), KENT)
    with pytest.raises(Declined, match="word-ahead"):
        says_again(town, word_of(town, Change.RESUME, ahead=CLOCK_SKEW + timedelta(seconds=1)), KENT)
    assert agreement(town).state is PaperState.SUSPENDED
    assert says_again(town, word_of(town, Change.RESUME, ahead=CLOCK_SKEW), KENT).state is PaperState.IN_FORCE


def test_a_second_stop_in_one_second_counts(town: Town) -> None:
    """I6: stopped, resumed and stopped again by the same reading of a clock: what stops is taken."""
    for change in (Change.SUSPEND, Change.RESUME, Change.SUSPEND):
        says_again(town, word_of(town, change), KENT)
    assert agreement(town).state is PaperState.SUSPENDED


def test_anothers_later_word_does_not_make_mine_old(town: Town) -> None:
    """Each party's words are held to its own: Medway's stop in the meantime is Medway's to lift."""
    says_again(town, word_of(town, Change.SUSPEND), KENT)
    resumed = word_of(town, Change.RESUME)
    town.now += timedelta(minutes=1)
    says_of(town, 1, MEDWAY, Change.SUSPEND)
    assert says_again(town, resumed, KENT).signed_by == (KENT,)
    assert says_of(town, 1, MEDWAY, Change.RESUME).state is PaperState.IN_FORCE


def test_every_word_is_kept_and_in_the_log(town: Town) -> None:
    """Who has stopped what can be proved, and not only told."""
    words = [word_of(town, change) for change in (Change.SUSPEND, Change.RESUME)]
    for word in words:
        says_again(town, word, KENT)
    town.slot()
    with town.store.read() as work:
        kept = work.papers.all(PaperKind.WORD)
    assert [paper.document for paper in kept] == words
    assert [entry["digest"] for entry in town.entries("word")] == [paper.digest for paper in kept]


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


def after(town: Town, paper: Paper) -> dict[str, Json]:
    """The same agreement once more, as the version that follows a proposal."""
    document = paper.document
    assert isinstance(document, dict)
    return document | {
        "version": paper.version + 1,
        "supersedes": {"version": paper.version, "digest": paper.digest},
    }


@pytest.mark.parametrize("change", [Change.SUSPEND, Change.END])
def test_who_stops_does_not_start_it_again_by_an_older_signature(town: Town, change: Change) -> None:
    """Kent signed the next version, then stopped this one: the other's signature must not undo that.

    Nor does a copy of Kent's own, which everybody has who has read the proposal.
    """
    document = second_version(town)
    copy = proposed(town, document, KENT).signed
    says_of(town, 1, KENT, change)
    assert proposed(town, document, MEDWAY).signed_by == (MEDWAY,)
    with town.store.write() as work, pytest.raises(Declined, match="signature-over"):
        agree.countersign(MOVERS, copy, KENT, work, town.hub)
    with pytest.raises(Declined, match="signature-over"):
        proposed(town, document, KENT)
    town.slot()
    assert states(town)[1] is PaperState.PROPOSED
    third = after(town, agreement(town))
    for member in (KENT, MEDWAY):
        proposed(town, third, member)
    town.slot()
    left = PaperState.ENDED if change is Change.END else PaperState.SUPERSEDED
    assert states(town) == [left, PaperState.SUPERSEDED, PaperState.IN_FORCE]


def test_a_stop_overtakes_a_version_that_is_signed_and_not_yet_in_the_log(town: Town) -> None:
    """The last signature is there, its entry is not: one party's stop still counts."""
    document = second_version(town)
    for member in (KENT, MEDWAY):
        proposed(town, document, member)
    says_of(town, 1, MEDWAY, Change.SUSPEND)
    town.slot()
    assert states(town) == [PaperState.SUSPENDED, PaperState.PROPOSED]
    assert len(town.entries("agreement")) == 1
    third = after(town, agreement(town))
    for member in (KENT, MEDWAY):
        proposed(town, third, member)
    town.slot()
    assert states(town) == [PaperState.SUPERSEDED, PaperState.SUPERSEDED, PaperState.IN_FORCE]
    assert len(town.entries("agreement")) == 2


def test_a_party_that_is_new_in_a_proposal_stops_nothing_that_binds_others(town: Town) -> None:
    """Lambeth is to join with version 2: version 1 is not its to stop, and not its to read of."""
    town.admits(LAMBETH, area="208")
    proposed(town, joined_by(second_version(town), LAMBETH), KENT)
    for change in Change:
        with pytest.raises(Untrusted, match="suspension-other"):
            says_of(town, 1, LAMBETH, change)
    assert states(town) == [PaperState.IN_FORCE, PaperState.PROPOSED]
    says_of(town, 1, KENT, Change.SUSPEND)
    town.slot()
    told = [one["kind"] for one in town.members[LAMBETH].may_read()]
    assert "agreement_changed" not in told


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
            agree.propose(document, broken(signed), KENT, work, town.hub)
        with pytest.raises(ProtocolError):
            lodge.lodge(PaperKind.MANDATE, broken(signed), KENT, work, town.hub)
        with pytest.raises(ProtocolError):
            agree.change_agreement(MOVERS, broken(signed), KENT, work, town.hub)
        with pytest.raises(ProtocolError):
            enrol.register_key(KENT, broken(signed), work, town.hub)
    assert agreement(town).version == 1
