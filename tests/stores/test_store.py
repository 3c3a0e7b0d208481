"""What `ports` promises of every store. Each test runs on each of them."""

# ruff: noqa: PT012 - a unit of work fails at its end, after what it did

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.consent.flags import Flags
from hub.consent.question import Scope
from hub.exchange.errors import Declined, HubFault
from hub.exchange.ports import Work
from hub.exchange.stages import (
    Errand,
    ErrandKind,
    InboxItem,
    ItemKind,
    KeyUse,
    Look,
    PaperKind,
    PaperState,
    Realm,
    RefusalNote,
    Standing,
    StoredNotice,
)
from hub.exchange.states import DisputeState, NoticeState, PassageState
from hub.protocols.canonical import digest
from hub.protocols.dispute import Result
from hub.protocols.entry import Opening, check_opening
from hub.protocols.key_grant import counter_tokens, read_counter_tokens
from hub.protocols.merkle import leaf_hash, verify_inclusion
from hub.protocols.names import AgreementId, MatchId, MemberId, Part, new_id
from hub.protocols.token_record import SLOTS, rekey
from tests.stores.conftest import AnyStore
from tests.stores.made_up import (
    DAY,
    INDEX_KEY,
    KENT,
    LAMBETH,
    MEDWAY,
    NOW,
    SIGNER,
    assertion,
    checked,
    dispute,
    epoch,
    item,
    key,
    letter,
    member,
    name,
    notice_id,
    paper,
    parts,
    passage,
    request,
    tokens,
)

COMPARED_ONLY = next(slot.name for slot in SLOTS if not slot.posted)
LATER = NOW + timedelta(minutes=5)


def stored(work: Work, number: int) -> StoredNotice:
    """The notice of that number, which must be there."""
    found = work.notices.get(notice_id(number))
    assert found is not None
    return found


# --- units of work ------------------------------------------------------------------------------


def test_a_failed_unit_of_work_leaves_nothing(store: AnyStore) -> None:
    """A release and its entry cannot come apart (I3): both, or neither."""
    with pytest.raises(ZeroDivisionError), store.write() as work:
        work.notices.keep(checked(1), "promise")
        work.log.append(Opening({"kind": "published"}, bytes(32)), frozenset({KENT}), notice_id(1))
        work.inboxes.put(item(1))
        raise ZeroDivisionError
    with store.read() as work:
        assert work.notices.get(notice_id(1)) is None
        assert work.log.size() == 0
        assert work.outbox.waiting() == 0
        assert work.inboxes.page(MEDWAY, 0, 10, 99) == []


def test_a_failed_attempt_is_undone_alone(store: AnyStore) -> None:
    """One bad errand fails by itself; its neighbours in the same unit of work stand."""
    with store.write() as work:
        work.log.append(Opening({"n": 1}, bytes(32)), frozenset({KENT}), None)
        with pytest.raises(ZeroDivisionError), work.attempt():
            work.log.append(Opening({"n": 2}, bytes(32)), frozenset({KENT}), None)
            work.log.leaves(0, 2)  # brings the new entries into the tables
            work.members.put(member())
            raise ZeroDivisionError
        work.log.append(Opening({"n": 3}, bytes(32)), frozenset({KENT}), None)
    with store.read() as work:
        assert [entry.opening.record for entry in work.log.entries_for(KENT, -1, 9, 9) if entry.opening] == [
            {"n": 1},
            {"n": 3},
        ]
        assert work.members.get(KENT) is None


def test_an_attempt_inside_an_attempt_is_undone_with_it(store: AnyStore) -> None:
    """Undoing the outer attempt undoes what the inner one had kept."""
    with store.write() as work:
        with pytest.raises(ZeroDivisionError), work.attempt():
            with work.attempt():
                work.members.put(member(MEDWAY))
                work.inboxes.put(item(1))
            raise ZeroDivisionError
        with work.attempt():
            work.members.put(member(KENT))
    with store.read() as work:
        assert [each.member for each in work.members.all()] == [KENT]
    assert store.empty_poll(MEDWAY, 0)


def test_what_only_reads_cannot_change_anything(store: AnyStore) -> None:
    """A poll can never rewrite what it reads."""
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
    with store.read() as work:
        kept = stored(work, 1)
        for change in (
            lambda: work.members.put(member()),
            lambda: work.notices.keep(checked(2), "promise"),
            lambda: work.notices.forget(notice_id(1)),
            lambda: work.log.append(Opening({}, bytes(32)), frozenset(), None),
            lambda: work.outbox.add(Errand(ErrandKind.CARRY, "x"), NOW),
            lambda: work.inboxes.put(item(1)),
            lambda: work.index.add(kept),
            lambda: work.log.keep_signed(1, "note"),
        ):
            with pytest.raises(HubFault, match="store-read-only"):
                change()


def test_a_reader_keeps_its_view_while_others_write(store: AnyStore) -> None:
    """A page and the checkpoint it is read under belong together."""
    with store.read() as before:
        assert before.members.all() == []
        with store.write() as work:
            work.members.put(member())
        assert before.members.all() == []
    with store.read() as after:
        assert len(after.members.all()) == 1


def test_a_unit_of_work_cannot_begin_inside_another(store: AnyStore) -> None:
    """It would wait for itself for ever: it is told so instead."""
    with store.write(), pytest.raises(HubFault, match="store-nested"), store.write():
        pass


# --- notices ------------------------------------------------------------------------------------


def test_a_kept_notice_comes_back_as_it_was(store: AnyStore) -> None:
    """What was signed, what the hub decided on it, and its parts to the last byte."""
    notice = checked(1, recipient=MEDWAY)
    with store.write() as work:
        assert work.notices.keep(notice, "promise") is None
    with store.read() as work:
        kept = stored(work, 1)
        assert kept.manifest == notice.signed.manifest
        assert (kept.jws, kept.digest) == (notice.signed.jws, notice.signed.digest)
        assert kept.keyed == notice.keyed
        assert kept.signed_by == SIGNER.key_id
        assert (kept.scope, kept.flags, kept.realm) == (notice.scope, notice.flags, notice.realm)
        assert (kept.state, kept.log_index, kept.kept_at) == (NoticeState.OPEN, None, NOW)
        assert kept.asserted_at == notice.signed.manifest.assertion.asserted_at
        assert notice.signed.box is not None
        assert kept.box == notice.signed.box.jwe
        shown = read_counter_tokens(kept.counter_tokens, kept.manifest.tokens)
        assert (shown.name_birth, shown.evidence) == (
            notice.signed.tokens.name_birth,
            notice.signed.tokens.evidence,
        )
        assert work.notices.promise(notice_id(1)) == "promise"
        assert work.notices.parts(notice_id(1), Part) == parts(1)
        assert work.notices.parts(notice_id(1), [Part.SEND]) == {Part.SEND: parts(1)[Part.SEND]}


def test_keeping_a_notice_promises_to_carry_it(store: AnyStore) -> None:
    """The errand commits with the notice: what was promised is never forgotten (I5)."""
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
    with store.read() as work:
        (errand,) = work.outbox.claim(10, NOW)
        assert (errand.kind, errand.subject) == (ErrandKind.CARRY, notice_id(1))


def test_the_same_notice_again_gets_the_first_promise_and_no_second_effect(store: AnyStore) -> None:
    """A gateway that lost the answer asks again and is told the same (I5)."""
    with store.write() as work:
        work.notices.keep(checked(1), "first")
    with store.write() as work:
        assert work.notices.keep(checked(1), "second") == "first"
        assert work.outbox.waiting() == 1
        assert work.notices.promise(notice_id(1)) == "first"


def test_another_notice_of_the_same_id_is_declined(store: AnyStore) -> None:
    """An id is used once, whoever uses it."""
    with store.write() as work:
        work.notices.keep(checked(1), "first")
        with pytest.raises(Declined, match="notice-id-taken"):
            work.notices.keep(checked(1, sender=MEDWAY), "second")
        assert stored(work, 1).sender == KENT


def test_a_member_reads_on_through_its_own_notices(store: AnyStore) -> None:
    """By id, from where it was; another's are not among them (I7)."""
    with store.write() as work:
        for number in (3, 1, 2, 4):
            work.notices.keep(checked(number, sender=MEDWAY if number == 2 else KENT), "promise")
    with store.read() as work:
        first = work.notices.of_member(KENT, "", 2)
        assert [kept.notice for kept in first] == [notice_id(1), notice_id(3)]
        assert [kept.notice for kept in work.notices.of_member(KENT, first[-1].notice, 2)] == [notice_id(4)]


def test_a_notice_moves_only_as_the_table_of_states_says(store: AnyStore) -> None:
    """Open to closed to expired; never back."""
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
        work.notices.set_state(notice_id(1), NoticeState.OPEN, 7)
        work.notices.set_state(notice_id(1), NoticeState.CLOSED)
        assert (stored(work, 1).state, stored(work, 1).log_index) == (NoticeState.CLOSED, 7)
        with pytest.raises(HubFault, match="state-notice"):
            work.notices.set_state(notice_id(1), NoticeState.OPEN)
        with pytest.raises(HubFault, match="notice-unknown"):
            work.notices.set_state(notice_id(2), NoticeState.CLOSED)


def test_what_was_read_of_a_notice_follows_every_change_of_it(store: AnyStore) -> None:
    """Within one unit of work, too, a flag, a move, a loss and an undone step show at once (I6)."""
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
        assert stored(work, 1).log_index is None
        work.notices.set_state(notice_id(1), NoticeState.OPEN, 7)
        assert stored(work, 1).log_index == 7
        with pytest.raises(ZeroDivisionError), work.attempt():
            work.notices.set_state(notice_id(1), NoticeState.CLOSED)
            assert stored(work, 1).state is NoticeState.CLOSED
            raise ZeroDivisionError
        assert stored(work, 1).state is NoticeState.OPEN
        work.notices.assert_again(notice_id(1), assertion(flags=Flags(shield=True)))
        assert stored(work, 1).flags.shield
        work.notices.forget(notice_id(1))
        assert stored(work, 1).counter_tokens is None
    with store.read() as work:
        assert (stored(work, 1).state, stored(work, 1).log_index) == (NoticeState.OPEN, 7)


def test_a_new_assertion_replaces_scope_flags_and_time(store: AnyStore) -> None:
    """A flag that is set stops the flow the same second (I6); the manifest stays what was signed."""
    flags = Flags(shield=True, instruction=frozenset({Part.ADDRESS}))
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
        work.notices.assert_again(
            notice_id(1), assertion(at=LATER, scope=Scope.CARE_LEAVER_16_25, flags=flags)
        )
        kept = stored(work, 1)
        assert (kept.flags, kept.scope) == (flags, Scope.CARE_LEAVER_16_25)
        assert kept.asserted_at == LATER.replace(microsecond=0)
        assert kept.manifest == checked(1).signed.manifest
        with pytest.raises(HubFault, match="notice-unknown"):
            work.notices.assert_again(notice_id(2), assertion())


def test_a_scope_the_hub_does_not_know_puts_nobody_in_scope(store: AnyStore) -> None:
    """Unknown is not yes."""
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
        work.notices.assert_again(notice_id(1), replace(assertion(), scope="age_99"))
        assert stored(work, 1).scope is None


def test_a_forgotten_notice_has_nothing_left_that_opens_or_is_found(store: AnyStore) -> None:
    """Parts, box, tokens and published tokens are gone; the row, its promise and its state stay."""
    with store.write() as work:
        work.notices.keep(checked(1, recipient=MEDWAY), "promise")
        work.index.add(stored(work, 1))
        work.notices.forget(notice_id(1))
        kept = stored(work, 1)
        assert work.notices.parts(notice_id(1), Part) == {}
        assert (kept.box, kept.counter_tokens) == (None, None)
        assert not any(kept.keyed.tokens[8:])
        assert not any(kept.keyed.filters)
        assert (kept.state, work.notices.promise(notice_id(1))) == (NoticeState.OPEN, "promise")
        work.notices.keep(checked(2, sender=MEDWAY, record=tokens(2, like=1, sharing=("upn",))), "promise")
        assert work.index.candidates(stored(work, 2)) == []
        work.notices.forget(notice_id(1))  # a second time changes nothing
        with pytest.raises(HubFault, match="notice-unknown"):
            work.notices.forget(notice_id(9))


def test_a_forgotten_notice_takes_its_key_requests_along(store: AnyStore) -> None:
    """A request carries published tokens: they go with the notice, unless another still waits on them."""
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
        work.notices.keep(checked(2, sender=MEDWAY), "promise")
        own = passage(1, 1, 2, request=request(1, 1), box="box")
        live = passage(2, 2, 1, sender=MEDWAY, recipient=KENT, request=request(2, 2), box="box")
        ended = passage(3, 3, 1, request=request(3, 3), box="box", state=PassageState.STOPPED)
        for number, each in enumerate((own, live, ended), start=1):
            work.passages.add(each)
            asked = item(number, KENT, kind=ItemKind.KEY_REQUEST, passage=each.passage, body={"tokens": "T"})
            work.inboxes.put(asked)
        work.notices.forget(notice_id(1))
        found = {each.passage: work.passages.get(each.passage) for each in (own, live, ended)}
        assert found[live.passage] == live
        assert found[own.passage] == replace(own, request=None, box=None)
        assert found[ended.passage] == replace(ended, request=None, box=None)
        bodies = [(each.body, each.stopped) for each in work.inboxes.page(KENT, 0, 9, 99)]
        assert bodies == [(None, True), ({"tokens": "T"}, False), (None, True)]


def test_the_sweep_finds_what_has_ended_and_nothing_twice(store: AnyStore) -> None:
    """Open and closed notices whose time is over, the longest over first."""
    with store.write() as work:
        for number, days in ((1, 30), (2, 10), (3, 20), (4, 10)):
            work.notices.keep(checked(number, expires_in=timedelta(days=days)), "promise")
        work.notices.set_state(notice_id(3), NoticeState.CLOSED)
        assert work.notices.expired(NOW, 9) == []
        soon = NOW + timedelta(days=20)
        assert work.notices.expired(soon, 9) == [notice_id(2), notice_id(4), notice_id(3)]
        assert work.notices.expired(soon, 1) == [notice_id(2)]
        work.notices.set_state(notice_id(2), NoticeState.EXPIRED)
        assert work.notices.expired(soon, 9) == [notice_id(4), notice_id(3)]


def test_carried_notices_are_counted_by_member_and_day(store: AnyStore) -> None:
    """The quota is taken from a member's own earlier days, newest first (I11)."""
    days = [DAY - timedelta(days=back) for back in range(4)]
    with store.write() as work:
        assert [work.notices.count_carried(KENT, DAY) for _ in range(2)] == [1, 2]
        for number, day in enumerate(days[1:], start=3):
            for _ in range(number):
                work.notices.count_carried(KENT, day)
        work.notices.count_carried(MEDWAY, DAY)
    with store.read() as work:
        assert work.notices.carried_on(KENT, DAY) == 2
        assert work.notices.carried_on(LAMBETH, DAY) == 0
        assert work.notices.daily_counts(KENT, DAY, 2) == [3, 4]


# --- the index ----------------------------------------------------------------------------------


def test_a_notice_is_found_by_a_shared_posted_token_of_another_member(store: AnyStore) -> None:
    """Not by its own member, nor in another realm or epoch, nor by a token that is kept to compare only."""
    same = ("first_sound_birth",)
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
        work.index.add(stored(work, 1))
        for number, notice in {
            2: checked(2, sender=MEDWAY, record=tokens(2, like=1, sharing=same)),
            3: checked(3, sender=KENT, record=tokens(3, like=1, sharing=same)),
            4: checked(4, sender=MEDWAY, record=tokens(4, like=1, sharing=same), realm=Realm.LIVE),
            5: checked(5, sender=MEDWAY, record=tokens(5, like=1, sharing=same, era=2)),
            6: checked(6, sender=MEDWAY, record=tokens(6, like=1, sharing=(COMPARED_ONLY,))),
        }.items():
            work.notices.keep(notice, "promise")
            found = [
                (one.notice, one.tokens, one.open_filters())
                for one in work.index.candidates(stored(work, number))
            ]
            keyed = checked(1).keyed
            assert found == ([(notice_id(1), keyed.tokens, keyed.filters)] if number == 2 else [])


def test_only_what_was_carried_and_still_stands_is_found(store: AnyStore) -> None:
    """A notice that is closed, or was never made findable, is no candidate."""
    with store.write() as work:
        for number in (1, 2):
            work.notices.keep(
                checked(number, record=tokens(number, like=9, sharing=("upn", "band_1"))), "promise"
            )
        work.notices.keep(
            checked(3, sender=MEDWAY, record=tokens(3, like=9, sharing=("upn", "band_1"))), "promise"
        )
        work.index.add(stored(work, 1))
        work.index.add(stored(work, 1))
        assert [found.notice for found in work.index.candidates(stored(work, 3))] == [notice_id(1)]
        work.notices.set_state(notice_id(1), NoticeState.CLOSED)
        assert work.index.candidates(stored(work, 3)) == []
        work.index.add(stored(work, 1))
        assert work.index.candidates(stored(work, 3)) == []


def test_renewed_tokens_are_found_in_the_later_epoch_alone(store: AnyStore) -> None:
    """The old ones are gone at once; the new ones are found once the notice has been carried again."""
    again = tokens(1, like=8, sharing=("upn",), era=2)
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
        work.index.add(stored(work, 1))
        for number, era, like, slot in ((2, 1, 1, "uln"), (3, 2, 8, "upn")):
            record = tokens(number, like=like, sharing=(slot,), era=era)
            work.notices.keep(checked(number, sender=MEDWAY, record=record), "promise")
        assert [found.notice for found in work.index.candidates(stored(work, 2))] == [notice_id(1)]
        work.notices.renew_tokens(notice_id(1), again, rekey(again, INDEX_KEY), "signed")
        assert work.index.candidates(stored(work, 2)) == []
        assert work.index.candidates(stored(work, 3)) == []
        work.index.add(stored(work, 1))
        (found,) = work.index.candidates(stored(work, 3))
        keyed = rekey(again, INDEX_KEY)
        assert (found.notice, found.tokens, found.open_filters()) == (
            notice_id(1),
            keyed.tokens,
            keyed.filters,
        )
        kept = stored(work, 1)
        assert (kept.keyed, kept.renewed) == (keyed, "signed")
        assert kept.counter_tokens == counter_tokens(again, "signed")


def test_a_notice_without_a_body_gets_no_new_tokens(store: AnyStore) -> None:
    """Neither one that is not there nor one that is forgotten."""
    again = tokens(1, era=2)
    with store.write() as work:
        work.notices.keep(checked(1), "promise")
        work.notices.forget(notice_id(1))
        for number in (1, 9):
            with pytest.raises(HubFault, match="notice-unknown"):
                work.notices.renew_tokens(notice_id(number), again, rekey(again, INDEX_KEY), "signed")


def test_the_tokens_of_an_ended_epoch_are_dropped_step_by_step(store: AnyStore) -> None:
    """In both realms, and of no other epoch; the notices themselves stay."""
    with store.write() as work:
        for number, realm, era in ((1, Realm.TRIAL, 1), (2, Realm.LIVE, 1), (3, Realm.TRIAL, 2)):
            work.notices.keep(checked(number, record=tokens(number, era=era), realm=realm), "promise")
            work.index.add(stored(work, number))
    steps = 0
    with store.write() as work:
        while work.index.drop(epoch(1), 1):
            steps += 1
    assert steps >= 1
    with store.write() as work:
        assert not work.index.drop(epoch(1), 1)
        for number in (1, 2):
            assert not any(stored(work, number).keyed.filters)
            assert stored(work, number).state is NoticeState.OPEN
            work.index.add(stored(work, number))
        asking = tokens(4, like=3, sharing=("upn",), era=2)
        work.notices.keep(checked(4, sender=MEDWAY, record=asking), "promise")
        assert [found.notice for found in work.index.candidates(stored(work, 4))] == [notice_id(3)]
        for number, realm in ((5, Realm.TRIAL), (6, Realm.LIVE)):
            asking = tokens(number, like=number - 4, sharing=("upn",))
            work.notices.keep(checked(number, sender=MEDWAY, record=asking, realm=realm), "promise")
            assert work.index.candidates(stored(work, number)) == []


# --- members and papers -------------------------------------------------------------------------


def test_members_are_kept_and_changed(store: AnyStore) -> None:
    """By id; an operator's change replaces the row."""
    with store.write() as work:
        work.members.put(member(MEDWAY))
        work.members.put(member(KENT))
        work.members.put(member(KENT, standing=Standing.LIVE, made_up=False, allowance=40, area="886"))
    with store.read() as work:
        changed = member(KENT, standing=Standing.LIVE, made_up=False, allowance=40, area="886")
        assert list(work.members.all()) == [changed, member(MEDWAY)]
        assert work.members.get(LAMBETH) is None


def test_keys_are_registered_once_and_then_only_noted(store: AnyStore) -> None:
    """Where the entry stands and the revocation change; member, use and key do not."""
    with store.write() as work:
        work.members.put(member(KENT))
        work.members.put(member(MEDWAY))
        newer = key(2, valid_from=NOW + timedelta(days=1))
        for each in (newer, key(1)):
            work.members.put_key(each)
        logged = replace(key(1), log_index=16, revoked_at_index=32)
        work.members.put_key(logged)
        assert list(work.members.keys(KENT)) == [logged, newer]
        assert work.members.key(key(1).key_id) == logged
        assert work.members.key(key(9).key_id) is None


def test_nobody_takes_over_anothers_key(store: AnyStore) -> None:
    """A key registered for one member or one use stays there."""
    with store.write() as work:
        work.members.put(member(KENT))
        work.members.put(member(MEDWAY))
        work.members.put_key(key(1))
        for taken in (key(1, MEDWAY), key(1, KENT, KeyUse.ACCESS)):
            with pytest.raises(Declined, match="key-taken"):
                work.members.put_key(taken)
        assert work.members.key(key(1).key_id) == key(1)


def test_a_key_without_its_member_is_refused(store: AnyStore) -> None:
    """Nothing points at nothing."""
    with store.write() as work, pytest.raises(HubFault, match="store-constraint"), work.attempt():
        work.members.put_key(key(1))


def test_an_invitation_works_once_and_in_its_time(store: AnyStore) -> None:
    """Unknown, used and out of date give one answer."""
    code, late = digest(b"code"), digest(b"late")
    with store.write() as work:
        work.members.invite(KENT, code, LATER)
        work.members.invite(MEDWAY, late, NOW)
        assert work.members.redeem(code, NOW) == KENT
        assert work.members.redeem(code, NOW) is None
        assert work.members.redeem(late, NOW) is None
        assert work.members.redeem(digest(b"guess"), NOW) is None


def test_every_version_of_a_paper_is_kept(store: AnyStore) -> None:
    """The newest where none is named; a new state replaces that version's row alone."""
    with store.write() as work:
        for version in (2, 1):
            work.papers.put(paper("agr_b", version))
        work.papers.put(paper("agr_a"))
        work.papers.put(paper("agr_b", kind=PaperKind.MANDATE))
        ended = replace(
            paper("agr_b", 1),
            state=PaperState.ENDED,
            valid_until=LATER,
            signed_by=(MEDWAY, KENT),
            log_index=3,
        )
        work.papers.put(ended)
    with store.read() as work:
        assert work.papers.get(PaperKind.AGREEMENT, "agr_b") == paper("agr_b", 2)
        assert work.papers.get(PaperKind.AGREEMENT, "agr_b", 1) == ended
        assert work.papers.get(PaperKind.AGREEMENT, "agr_b", 7) is None
        assert work.papers.get(PaperKind.EPOCH, "agr_b") is None
        assert list(work.papers.all(PaperKind.AGREEMENT)) == [paper("agr_a"), ended, paper("agr_b", 2)]


def test_a_wrapped_linkage_key_waits_for_its_member(store: AnyStore) -> None:
    """One box a member and epoch; a new one replaces it."""
    with store.write() as work:
        work.papers.put_wrapped_key(epoch(), KENT, "old")
        work.papers.put_wrapped_key(epoch(), KENT, "new")
        assert work.papers.wrapped_key(epoch(), KENT) == "new"
        assert work.papers.wrapped_key(epoch(2), KENT) is None


# --- passages -----------------------------------------------------------------------------------


def test_a_passage_comes_back_as_it_was_saved(store: AnyStore) -> None:
    """Every field, the key request among them."""
    with store.write() as work:
        work.passages.add(passage(1, counter=2))
        moved = passage(
            1,
            counter=2,
            state=PassageState.AWAITING_SAME,
            request=request(1),
            box="box",
            approved_by=frozenset({KENT, MEDWAY}),
            same=True,
            look=Look.CLAIMANTS,
            looked_by=frozenset({f"{KENT}:a", f"{MEDWAY}:b"}),
            blind=True,
            named=True,
        )
        work.passages.save(moved)
    with store.read() as work:
        assert work.passages.get(moved.passage) == moved
        assert moved.request is not None
        assert work.passages.by_request(moved.request.request) == moved
        assert work.passages.by_request(request(2).request) is None
        assert work.passages.get(MatchId(name("mat", 9))) is None


def test_one_way_has_one_passage(store: AnyStore) -> None:
    """The same notice to the same recipient for the same counter-notice, or for none, begins once."""
    with store.write() as work:
        work.passages.add(passage(1))
        work.passages.add(passage(2, counter=2))
        work.passages.add(passage(3, counter=3))
        for again in (passage(4), passage(5, counter=2), passage(1, carried=8)):
            with pytest.raises(HubFault, match="passage-twice"):
                work.passages.add(again)
        assert [each.passage for each in work.passages.of_notice(notice_id(1))] == [
            passage(number).passage for number in (1, 2, 3)
        ]


def test_a_passage_moves_only_as_the_table_of_states_says(store: AnyStore) -> None:
    """A move that is not in the table is a fault, and the old state stays."""
    with store.write() as work:
        work.passages.add(passage(1))
        with pytest.raises(HubFault, match="state-passage"):
            work.passages.save(passage(1, state=PassageState.CLOSED))
        with pytest.raises(HubFault, match="passage-unknown"):
            work.passages.save(passage(2))
        assert work.passages.get(passage(1).passage) == passage(1)


def test_saving_a_passage_never_changes_its_ends(store: AnyStore) -> None:
    """Who sends what to whom is fixed when it begins."""
    with store.write() as work:
        work.passages.add(passage(1, counter=2))
        work.passages.save(passage(1, carried=5, counter=6, recipient=LAMBETH, same=True))
        assert work.passages.get(passage(1).passage) == passage(1, counter=2, same=True)


def test_contested_claims_of_a_member_are_counted_by_notice(store: AnyStore) -> None:
    """Its own notices alone, each once, whatever became of them; and no other reason to look."""
    claimants = Look.CLAIMANTS
    with store.write() as work:
        work.passages.add(passage(1, 1, 2, look=claimants))
        work.passages.add(passage(2, 1, 4, recipient=LAMBETH, look=claimants, state=PassageState.STOPPED))
        work.passages.add(passage(3, 3, 4, look=claimants))
        work.passages.add(passage(4, 5, 6, look=Look.TWIN))
        work.passages.add(passage(5, 2, 1, sender=MEDWAY, recipient=KENT, look=claimants))
        counts = [work.passages.claims_contested(one, NOW) for one in (KENT, MEDWAY, LAMBETH)]
    assert counts == [2, 1, 0]


def test_contested_claims_count_from_a_moment_on(store: AnyStore) -> None:
    """By when their ways began, to the millisecond; what was long ago is not held against a member."""
    with store.write() as work:
        for number, days in enumerate((0, 1, 30), start=1):
            begun = new_id("mat", NOW + timedelta(days=days), number.to_bytes(10))
            way = passage(number, number, number + 10, look=Look.CLAIMANTS)
            work.passages.add(replace(way, passage=MatchId(begun)))
        moments = (NOW, NOW + timedelta(milliseconds=1), NOW + timedelta(days=1), NOW + timedelta(days=31))
        assert [work.passages.claims_contested(KENT, moment) for moment in moments] == [3, 2, 2, 0]


def test_passages_are_found_from_both_notices_and_by_both_ends(store: AnyStore) -> None:
    """The carried and the counter-notice; those held back between parties of an agreement."""
    refused = PassageState.REFUSED
    with store.write() as work:
        work.passages.add(passage(3, 1, 2, state=refused))
        work.passages.add(passage(1, 2, 1, sender=MEDWAY, recipient=KENT, state=refused))
        work.passages.add(passage(2, 1, 4, recipient=LAMBETH, state=refused))
        work.passages.add(passage(4, 5, 6))
        work.passages.add(passage(5, 5, 7, state=PassageState.SECOND_LOOK, look=Look.TWIN))
        work.passages.add(passage(6, 5, 8, look=Look.COMPETITOR))
        assert [each.passage[-20:] for each in work.passages.of_notice(notice_id(2))] == [
            passage(number).passage[-20:] for number in (1, 3)
        ]
        found = work.passages.held_back_between(frozenset({KENT, MEDWAY}))
        assert [each.passage for each in found] == [passage(number).passage for number in (1, 3, 5, 6)]
        assert work.passages.held_back_between(frozenset({KENT})) == []


# --- inboxes and outbox -------------------------------------------------------------------------


def sequences(items: Sequence[InboxItem]) -> list[int]:
    """The numbers of items."""
    return [each.sequence for each in items]


def test_a_member_reads_on_from_its_last_number(store: AnyStore) -> None:
    """In order, its own only, as many as asked for (I7)."""
    with store.write() as work:
        for number in range(1, 7):
            work.inboxes.put(item(number, MEDWAY if number % 2 else KENT))
    with store.read() as work:
        first = work.inboxes.page(MEDWAY, 0, 2, 1)
        rest = work.inboxes.page(MEDWAY, first[-1].sequence, 9, 1)
        assert [each.item for each in (*first, *rest)] == [item(number).item for number in (1, 3, 5)]
        assert sequences([*first, *rest]) == sorted(set(sequences([*first, *rest])))
        assert work.inboxes.page(MEDWAY, rest[-1].sequence, 9, 1) == []


def test_an_item_shows_once_a_signed_checkpoint_covers_its_entry(store: AnyStore) -> None:
    """Before that there is no proof, and a delivery without proof is refused by its recipient (I3)."""
    with store.write() as work:
        for number, index in ((1, 0), (2, 15), (3, 16)):
            work.inboxes.put(item(number, log_index=index))
        assert len(work.inboxes.page(MEDWAY, 0, 9, 0)) == 0
        assert len(work.inboxes.page(MEDWAY, 0, 9, 15)) == 1
        assert len(work.inboxes.page(MEDWAY, 0, 9, 16)) == 2


def test_a_page_never_steps_over_what_is_not_covered_yet(store: AnyStore) -> None:
    """A reader goes on from the last number it saw; what it stepped over would be lost to it."""
    with store.write() as work:
        for number, index in ((1, 3), (2, 40), (3, 5)):
            work.inboxes.put(item(number, log_index=index))
        assert sequences(work.inboxes.page(MEDWAY, 0, 9, 16)) == [1]
        assert sequences(work.inboxes.page(MEDWAY, 0, 9, 48)) == [1, 2, 3]


def test_an_item_comes_back_as_it_was_put(store: AnyStore) -> None:
    """Key requests too, which lie sealed; the number is the store's."""
    with store.write() as work:
        plain = item(1, body={"a": [1, None, "é"]})
        sealed = item(2, kind=ItemKind.KEY_REQUEST, body={"tokens": "x"}, passage=None, about=None)
        for each in (plain, sealed):
            work.inboxes.put(each)
        assert work.inboxes.get(plain.item) == replace(plain, sequence=1)
        assert work.inboxes.get(sealed.item) == replace(sealed, sequence=2)
        assert list(work.inboxes.of_passage(MatchId(name("mat", 1)))) == [replace(plain, sequence=1)]
        assert work.inboxes.get(item(3).item) is None


def test_an_item_is_put_once(store: AnyStore) -> None:
    """A second one of the same id is our fault, not a second delivery."""
    with store.write() as work:
        work.inboxes.put(item(1))
        with pytest.raises(HubFault, match="item-twice"):
            work.inboxes.put(item(1, KENT))


def test_a_stopped_item_says_so(store: AnyStore) -> None:
    """It keeps its place in the page: what a member has once seen does not vanish."""
    with store.write() as work:
        work.inboxes.put(item(1))
        work.inboxes.stop(item(1).item)
        assert [each.stopped for each in work.inboxes.page(MEDWAY, 0, 9, 1)] == [True]
        with pytest.raises(HubFault, match="item-unknown"):
            work.inboxes.stop(item(2).item)


def test_an_empty_poll_is_answered_truly(store: AnyStore) -> None:
    """Before anything was put, after it, after an undone unit of work, and from its last number on."""
    assert store.empty_poll(MEDWAY, 0)
    with store.write() as work:
        work.inboxes.put(item(1))
    assert not store.empty_poll(MEDWAY, 0)
    assert store.empty_poll(MEDWAY, 1)
    assert store.empty_poll(KENT, 0)
    with pytest.raises(ZeroDivisionError), store.write() as work:
        work.inboxes.put(item(2))
        raise ZeroDivisionError
    assert store.empty_poll(MEDWAY, 1)


def test_work_that_is_due_is_claimed_oldest_first_and_stays_until_done(store: AnyStore) -> None:
    """A crash after a claim loses nothing."""
    with store.write() as work:
        for subject, due in (("a", NOW), ("b", LATER), ("c", NOW), ("d", NOW)):
            work.outbox.add(Errand(ErrandKind.RECORD, subject, {"what": subject}), due)
    with store.write() as work:
        assert [errand.subject for errand in work.outbox.claim(2, NOW)] == ["a", "c"]
        for errand in work.outbox.claim(9, NOW):
            assert errand.body == {"what": errand.subject}
            work.outbox.done(errand)
        assert work.outbox.waiting() == 1
        assert [errand.subject for errand in work.outbox.claim(9, LATER)] == ["b"]


def test_what_comes_of_matches_waits_in_queues_of_its_own(store: AnyStore) -> None:
    """Oldest first, only what is due, one kind at a time, and never in the way of other work."""
    with store.write() as work:
        for subject, due in (("a", NOW), ("b", LATER), ("c", NOW), ("d", NOW)):
            work.outbox.add(Errand(ErrandKind.LOOK, subject, {"first": True}), due)
        work.outbox.add(Errand(ErrandKind.RECONSIDER, "again"), NOW)
        work.outbox.add(Errand(ErrandKind.STOP, "other"), NOW)
    with store.write() as work:
        assert [errand.subject for errand in work.outbox.claim(9, NOW)] == ["other"]
        again = work.outbox.claim_of_match(ErrandKind.RECONSIDER, 9, NOW)
        assert [errand.subject for errand in again] == ["again"]
        assert [errand.subject for errand in work.outbox.claim_of_match(ErrandKind.LOOK, 2, NOW)] == [
            "a",
            "c",
        ]
        assert work.outbox.claim_of_match(ErrandKind.LOOK, 0, NOW) == []
        for errand in work.outbox.claim_of_match(ErrandKind.LOOK, 9, NOW):
            assert errand.body == {"first": True}
            work.outbox.done(errand)
        assert [errand.subject for errand in work.outbox.claim_of_match(ErrandKind.LOOK, 9, LATER)] == ["b"]


def test_a_number_is_never_used_again(store: AnyStore) -> None:
    """Also when the outbox has been empty: an old answer must not be taken for a new one's."""
    numbers = []
    for _ in range(3):
        with store.write() as work:
            work.outbox.add(Errand(ErrandKind.RECORD, "a"), NOW)
            (errand,) = work.outbox.claim(9, NOW)
            numbers.append(errand.number)
            work.outbox.done(errand)
    assert numbers == sorted(set(numbers))


def test_failed_work_is_put_off_and_counted(store: AnyStore) -> None:
    """It is tried again later, and whoever looks sees how often it has failed."""
    with store.write() as work:
        work.outbox.add(Errand(ErrandKind.RECORD, "a"), NOW)
        (errand,) = work.outbox.claim(9, NOW)
        work.outbox.put_off(errand, LATER, "no-sealing-key")
        assert work.outbox.claim(9, NOW) == []
        (again,) = work.outbox.claim(9, LATER)
        assert again == replace(errand, attempts=1)


# --- the log ------------------------------------------------------------------------------------


def opening(number: int) -> Opening:
    """A record with its salt."""
    return Opening({"kind": "made_up", "n": number}, number.to_bytes(32))


def test_entries_are_numbered_without_gaps_and_commit_to_their_openings(store: AnyStore) -> None:
    """Also across units of work, and after one that failed."""
    with store.write() as work:
        assert [work.log.append(opening(number), frozenset({KENT}), None) for number in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError), store.write() as work:
        work.log.append(opening(9), frozenset({KENT}), None)
        raise ZeroDivisionError
    with store.write() as work:
        assert work.log.append(opening(3), frozenset({MEDWAY}), notice_id(1)) == 3
        assert work.log.size() == 4
    with store.read() as work:
        for number, leaf in enumerate(work.log.leaves(0, 9)):
            check_opening(opening(number), leaf)
        entry = work.log.entry(3)
        assert entry is not None
        assert (entry.opening, entry.parties, entry.notice) == (opening(3), frozenset({MEDWAY}), notice_id(1))
        assert work.log.entry(4) is None


def test_a_member_sees_the_entries_that_concern_it_once_they_are_signed_for(store: AnyStore) -> None:
    """Not another's (I7), not before the checkpoint covers them, and it reads on by index."""
    with store.write() as work:
        for number in range(6):
            parties = frozenset({KENT, MEDWAY}) if number % 3 == 0 else frozenset({MEDWAY})
            work.log.append(opening(number), parties, None)
    with store.read() as work:
        assert [entry.index for entry in work.log.entries_for(KENT, -1, 9, 6)] == [0, 3]
        assert [entry.index for entry in work.log.entries_for(KENT, 0, 9, 6)] == [3]
        assert [entry.index for entry in work.log.entries_for(MEDWAY, -1, 2, 6)] == [0, 1]
        assert [entry.index for entry in work.log.entries_for(MEDWAY, -1, 9, 2)] == [0, 1]


def test_every_entry_is_provable_under_the_last_signed_checkpoint(store: AnyStore) -> None:
    """By RFC 9162, whatever the size of the tree then and now."""
    for size in (1, 5, 16, 21):
        with store.write() as work:
            while work.log.size() < size:
                work.log.append(opening(work.log.size()), frozenset(), None)
            root = work.log.root()
            work.log.keep_signed(size, f"note {size}")
        with store.write() as work:
            work.log.append(opening(99), frozenset(), None)  # the tree has grown since
            assert work.log.signed() == (size, f"note {size}")
            for index in range(size):
                proof = work.log.prove(index)
                assert (proof.index, proof.checkpoint_note) == (index, f"note {size}")
                leaf = leaf_hash(work.log.leaves(index, index + 1)[0])
                verify_inclusion(index, size, leaf, proof.hashes, root)
            with pytest.raises(HubFault, match="entry-not-covered"):
                work.log.prove(size)


def test_nothing_is_provable_before_anything_is_signed(store: AnyStore) -> None:
    """And a subtree that is not complete has no hash."""
    with store.write() as work:
        work.log.append(opening(0), frozenset(), None)
        assert work.log.signed() is None
        with pytest.raises(HubFault, match="entry-not-covered"):
            work.log.prove(0)
        with pytest.raises(HubFault, match="log-node-missing"):
            work.log.node(1, 0)


def test_a_checkpoint_gains_cosignatures(store: AnyStore) -> None:
    """The note of a size is replaced by the longer one."""
    with store.write() as work:
        work.log.keep_signed(16, "note")
        work.log.keep_signed(16, "note + witness")
        assert work.log.signed() == (16, "note + witness")


def test_erasing_a_notice_leaves_the_tree_and_nothing_that_reads(store: AnyStore) -> None:
    """Salt, record, parties and notice go; leaf, root and the other entries stay (I8)."""
    with store.write() as work:
        for number in range(4):
            work.log.append(opening(number), frozenset({KENT}), notice_id(number % 2))
        root, leaves = work.log.root(), work.log.leaves(0, 4)
        assert work.log.erase(notice_id(1)) == 2
        assert work.log.erase(notice_id(1)) == 0
    with store.read() as work:
        assert (work.log.root(), work.log.leaves(0, 4)) == (root, leaves)
        assert [entry.index for entry in work.log.entries_for(KENT, -1, 9, 9)] == [0, 2]
        erased = work.log.entry(1)
        assert erased is not None
        assert (erased.opening, erased.parties, erased.notice) == (None, frozenset(), None)


# --- refusals -----------------------------------------------------------------------------------


def test_refusals_are_counted_over_distinct_notices(store: AnyStore) -> None:
    """The same refusal noted again, or the same notice to two recipients, counts once (I4)."""
    silence = RefusalNote("R-SILENCE", None, None, None)
    clause = RefusalNote("R-EXPIRED", AgreementId("agr_kent-medway"), 2, "c1")
    with store.write() as work:
        for _ in range(2):
            work.refusals.note(passage(1), [silence, clause], NOW)
        work.refusals.note(passage(2, recipient=LAMBETH), [silence], NOW)
        work.refusals.note(passage(3, carried=3), [silence], NOW - timedelta(days=1))
        work.refusals.note(passage(4, carried=4, sender=MEDWAY), [silence], NOW)
    with store.read() as work:
        tomorrow = DAY + timedelta(days=1)
        assert work.refusals.counts(KENT, DAY, tomorrow) == {"R-SILENCE": 1, "R-EXPIRED": 1}
        assert work.refusals.counts(KENT, DAY - timedelta(days=1), tomorrow) == {
            "R-SILENCE": 2,
            "R-EXPIRED": 1,
        }
        assert work.refusals.counts(KENT, DAY - timedelta(days=1), DAY) == {"R-SILENCE": 1}
        assert work.refusals.counts(MemberId("mbr_nobody"), DAY, tomorrow) == {}


# --- disputes -----------------------------------------------------------------------------------


def test_a_dispute_and_its_thread_come_back_as_they_were_kept(store: AnyStore) -> None:
    """By id, by party, by entry; messages in their order."""
    with store.write() as work:
        work.disputes.add(dispute(1), letter(1, 1))
        work.disputes.add(dispute(2, opener=LAMBETH), letter(2, 1))
        work.disputes.append(letter(1, 2))
    with store.read() as work:
        assert work.disputes.get(dispute(1).dispute) == dispute(1)
        assert work.disputes.get(dispute(3).dispute) is None
        assert work.disputes.letters(dispute(1).dispute) == [letter(1, 1), letter(1, 2)]
        assert work.disputes.of_member(KENT, "", 9) == [dispute(1)]
        assert work.disputes.of_member(MEDWAY, "", 9) == [dispute(1), dispute(2, opener=LAMBETH)]
        assert work.disputes.of_member(MEDWAY, dispute(1).dispute, 9) == [dispute(2, opener=LAMBETH)]
        assert work.disputes.of_member(MEDWAY, "", 1) == [dispute(1)]
        assert work.disputes.of_entry(2) == [dispute(2, opener=LAMBETH)]
        assert work.disputes.all() == [dispute(1), dispute(2, opener=LAMBETH)]


def test_a_dispute_moves_as_the_table_allows(store: AnyStore) -> None:
    """State, result and clock move; who and what do not; a closed one stays closed."""
    with store.write() as work:
        work.disputes.add(dispute(1), letter(1, 1))
        closed = replace(
            dispute(1), state=DisputeState.CLOSED, result=Result.UPHELD, due_at=None, closed_at=LATER
        )
        work.disputes.save(replace(closed, opener=LAMBETH))
    with store.read() as work:
        assert work.disputes.get(dispute(1).dispute) == closed
    with pytest.raises(HubFault, match="state-dispute"), store.write() as work:
        work.disputes.save(dispute(1))
    with pytest.raises(HubFault, match="dispute-unknown"), store.write() as work:
        work.disputes.save(dispute(2))


def test_nothing_of_a_dispute_is_written_over(store: AnyStore) -> None:
    """A second thread of the same id, or a second message of the same number, is our own fault."""
    with store.write() as work:
        work.disputes.add(dispute(1), letter(1, 1))
    with pytest.raises(HubFault, match="dispute-twice"), store.write() as work:
        work.disputes.add(dispute(1), letter(1, 2))
    with pytest.raises(HubFault, match="letter-twice"), store.write() as work:
        work.disputes.append(letter(1, 1))
    with pytest.raises(HubFault, match="store-read-only"), store.read() as work:
        work.disputes.add(dispute(2), letter(2, 1))


def test_open_disputes_are_due_when_their_clock_has_run_out(store: AnyStore) -> None:
    """To the microsecond, the longest first; an answered one is not."""
    with store.write() as work:
        for number, minutes in ((1, 5), (2, 4), (3, 6)):
            work.disputes.add(
                replace(dispute(number), due_at=NOW + timedelta(minutes=minutes)), letter(number, 1)
            )
        work.disputes.add(dispute(4), letter(4, 1))
        work.disputes.save(replace(dispute(4), state=DisputeState.ANSWERED, due_at=None))
    with store.read() as work:
        assert [one.entry for one in work.disputes.due(LATER, 9)] == [2, 1]
        assert [one.entry for one in work.disputes.due(LATER - timedelta(microseconds=1), 9)] == [2]
        assert [one.entry for one in work.disputes.due(LATER, 1)] == [2]


def test_closed_disputes_are_forgotten_with_their_words(store: AnyStore) -> None:
    """Those closed before the moment, so many at a time; open ones stay."""
    with store.write() as work:
        for number in (1, 2, 3, 4):
            work.disputes.add(dispute(number), letter(number, 1))
        for number, closed_at in ((1, NOW), (2, NOW), (3, LATER)):
            work.disputes.save(
                replace(
                    dispute(number),
                    state=DisputeState.CLOSED,
                    result=Result.WITHDRAWN,
                    due_at=None,
                    closed_at=closed_at,
                )
            )
        assert work.disputes.drop_closed(LATER, 1) == 1
        assert work.disputes.drop_closed(LATER, 9) == 1
        assert work.disputes.drop_closed(LATER, 9) == 0
        assert [one.entry for one in work.disputes.all()] == [3, 4]
        assert work.disputes.letters(dispute(1).dispute) == []
