"""`hub.exchange.witnessing`: whose line counts under a checkpoint, and what waits for how many of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.exchange.enrol import revoke_key, suspend
from hub.exchange.errors import Declined
from hub.exchange.stages import ItemKind
from hub.exchange.store.check import check_store
from hub.exchange.store.memory import MemoryStore
from hub.exchange.witnessing import (
    MOST_LINES,
    last_cosigned,
    offered,
    policy_of,
    receive_cosignature,
    witnessed_proof,
)
from hub.protocols.checkpoint import Checkpoint, cosign, sign_checkpoint, verify_checkpoint
from hub.protocols.delivery import Stage
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.names import MemberId, MemberKind, NoticeType
from hub.protocols.policy import verify_under
from hub.protocols.signature_keys import SigningKey
from hub.protocols.signed_note import parse_note
from tests.simulators.town import Town
from tests.story.people import ADA

KENT, MEDWAY, LAMBETH = (MemberId(f"mbr_{name}") for name in ("kent", "medway", "lambeth"))
CUSTODIAN = MemberId("mbr_custodian")


@pytest.fixture
def watched(town: Town) -> Town:
    """Kent, Medway and Lambeth; two others have to cosign."""
    town.hub = replace(town.hub, witnesses=2)
    town.admits(LAMBETH, area="208")
    town.goes_live(LAMBETH)
    return town


def offer(town: Town, after: int = 0) -> tuple[int, str]:
    """The checkpoint that is offered to who has cosigned so many entries."""
    with town.store.read() as work:
        note = offered(work, town.hub, after)
    assert note is not None
    return verify_checkpoint(note, town.hub.log_key).size, note


def line_of(town: Town, member: MemberId, note: str) -> str:
    """What a member's gateway would sign for a checkpoint now."""
    return cosign(note, town.members[member].keyring.signing, f"hub.example/{member}", town.now)


def bring(town: Town, member: MemberId, size: int, line: str) -> None:
    """A member brings a line."""
    with town.store.write() as work:
        receive_cosignature(size, line, member, work, town.hub)


def cosigns(town: Town, *members: MemberId) -> int:
    """These members cosign what is offered to each of them; the size that the last one signed."""
    size = 0
    for member in members:
        size, note = offer(town)
        bring(town, member, size, line_of(town, member, note))
    return size


def test_lines_are_kept_under_the_checkpoint_and_anybody_can_check_them(watched: Town) -> None:
    """The note that is served carries them; the published policy accepts it."""
    size = cosigns(watched, KENT, MEDWAY)
    with watched.store.read() as work:
        ((kept, note),) = work.log.checkpoints(size - 1, 1)
        assert verify_under(note, policy_of(work, watched.hub)).size == kept == size
        assert len(parse_note(note).signatures) == 3
        last = last_cosigned(work, watched.hub)
    assert last == (size, watched.now, frozenset({KENT, MEDWAY}))


def test_one_checkpoint_is_offered_until_enough_have_cosigned_it(watched: Town) -> None:
    """Members that poll one after the other, slot after slot, still cosign the same one."""
    first = cosigns(watched, KENT)
    watched.slot()
    assert offer(watched)[0] == first
    assert cosigns(watched, MEDWAY) == first
    watched.slot()
    assert cosigns(watched, LAMBETH) == first
    assert offer(watched)[0] == watched.sizes[-1] > first


def test_nobody_is_held_to_what_it_has_cosigned_though_somebody_is_missing(watched: Town) -> None:
    """A gateway that is down holds nobody up, and finds what the others have begun when it is back."""
    first = cosigns(watched, KENT)
    watched.slot()
    assert offer(watched, first)[0] == watched.sizes[-1] > first
    assert offer(watched, watched.sizes[-1])[0] == watched.sizes[-1]
    watched.now += timedelta(hours=20)
    assert offer(watched)[0] == first


def test_what_most_have_cosigned_comes_first(watched: Town) -> None:
    """Two lines want one more; a newer one with one line, or with enough of them, waits."""
    first = cosigns(watched, KENT, MEDWAY)
    watched.slot()
    size, note = offer(watched, first)
    bring(watched, KENT, size, line_of(watched, KENT, note))
    assert offer(watched)[0] == first
    assert cosigns(watched, LAMBETH) == first
    assert offer(watched)[0] == size


def test_the_same_line_again_changes_nothing(watched: Town) -> None:
    """I5: a retry has the same answer and no second effect; another line of one member has none either."""
    size, note = offer(watched)
    line = line_of(watched, KENT, note)
    bring(watched, KENT, size, line)
    kept = offer(watched)[1]
    bring(watched, KENT, size, line)
    watched.now += timedelta(seconds=1)
    with pytest.raises(Declined) as fault:
        bring(watched, KENT, size, line_of(watched, KENT, note))
    assert fault.value.code == "cosignature-kept"
    assert offer(watched)[1] == kept


def of_another_log(town: Town, note: str) -> str:
    """A line for a checkpoint of this name and size, but another tree."""
    other = Checkpoint("hub.example", verify_checkpoint(note, town.hub.log_key).size, bytes(32))
    return line_of(town, KENT, sign_checkpoint(other, town.hub.key, "hub.example"))


BAD: dict[str, tuple[Callable[[Town, str], str], str]] = {
    "another member's": (lambda town, note: line_of(town, MEDWAY, note), "cosignature-name"),
    "a stranger's": (
        lambda town, note: cosign(note, SigningKey.generate(), "stranger.example/w", town.now),
        "cosignature-name",
    ),
    "under a key that nobody has logged": (
        lambda town, note: cosign(note, SigningKey.generate(), "hub.example/mbr_kent", town.now),
        "cosignature-key",
    ),
    "of another log's checkpoint": (of_another_log, "signature-invalid"),
    "for another log's name": (
        lambda town, note: cosign(note, town.members[KENT].keyring.signing, "other/mbr_kent", town.now),
        "cosignature-name",
    ),
    "of yesterday": (
        lambda town, note: cosign(
            note, town.members[KENT].keyring.signing, "hub.example/mbr_kent", town.now - timedelta(days=1)
        ),
        "cosignature-time",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_line_that_does_not_count_is_refused_with_its_reason(watched: Town, what: str) -> None:
    """Unknown witness, unknown key, another log, another time; the checkpoint stays as it was."""
    make, code = BAD[what]
    size, note = offer(watched)
    with pytest.raises(Untrusted) as fault:
        bring(watched, KENT, size, make(watched, note))
    assert fault.value.code == code
    assert offer(watched)[1] == note


def test_what_is_no_line_is_refused(watched: Town) -> None:
    """Nothing is pasted under a checkpoint that is not exactly one line of signature."""
    size, note = offer(watched)
    line = line_of(watched, KENT, note)
    for bad in ("", "hello\n", line + line, note):
        with pytest.raises(MalformedMessage):
            bring(watched, KENT, size, bad)


@pytest.mark.parametrize("beyond", [-1, 1, 10**6])
def test_a_size_that_was_never_signed_is_refused(watched: Town, beyond: int) -> None:
    """Beyond the head, or between two slots."""
    size, note = offer(watched)
    with pytest.raises(Declined) as fault:
        bring(watched, KENT, size + beyond, line_of(watched, KENT, note))
    assert fault.value.code == "checkpoint-unknown"


def test_a_revoked_key_cosigns_no_more(watched: Town) -> None:
    """From the instant of its revocation."""
    size, note = offer(watched)
    line = line_of(watched, KENT, note)
    with watched.store.write() as work:
        revoke_key(KENT, watched.members[KENT].keyring.signing.key_id, work, watched.hub)
    watched.slot()
    with pytest.raises(Untrusted) as fault:
        bring(watched, KENT, size, line)
    assert fault.value.code == "cosignature-key"


def test_a_checkpoint_takes_no_more_lines_than_travel_with_a_proof(watched: Town) -> None:
    """Sixteen; whoever comes later is told so, and cosigns the next."""
    late = [watched.admits(f"mbr_town-{number:02}", area=f"{300 + number}") for number in range(MOST_LINES)]
    size, note = offer(watched)
    for one in late:
        bring(watched, one.member, size, line_of(watched, one.member, note))
    with pytest.raises(Declined) as fault:
        bring(watched, KENT, size, line_of(watched, KENT, note))
    assert fault.value.code == "checkpoint-witnessed"


def proved_under(town: Town, index: int, recipient: MemberId) -> int | str:
    """The size under which a recipient is given a proof, or why it is not."""
    with town.store.read() as work:
        try:
            note = witnessed_proof(index, [recipient], work, town.hub).checkpoint_note
        except (Declined, ProtocolError) as fault:
            return fault.code
    return verify_checkpoint(note, town.hub.log_key).size


def test_two_others_have_to_cosign_and_the_recipient_is_not_one_of_them(watched: Town) -> None:
    """Nor does an older checkpoint count, which the entry is not under."""
    index = watched.sizes[-1] - 1
    assert proved_under(watched, index, MEDWAY) == "delivery-unwitnessed"
    size = cosigns(watched, MEDWAY, KENT)
    assert proved_under(watched, index, MEDWAY) == "delivery-unwitnessed"
    assert proved_under(watched, index, LAMBETH) == size
    cosigns(watched, LAMBETH)
    assert proved_under(watched, index, MEDWAY) == size
    assert proved_under(watched, size, MEDWAY) == "delivery-unwitnessed"


def test_in_a_region_of_two_the_one_other_is_enough(town: Town) -> None:
    """Observers may cosign, and nobody waits for them; alone with the hub there is nobody to ask."""
    town.hub = replace(town.hub, witnesses=2)
    index = town.sizes[-1] - 1
    assert proved_under(town, index, MEDWAY) == "delivery-unwitnessed"
    size = cosigns(town, KENT)
    assert proved_under(town, index, MEDWAY) == size
    assert proved_under(town, index, KENT) == "delivery-unwitnessed"
    cosigns(town, CUSTODIAN)
    assert proved_under(town, index, KENT) == size


def test_without_witnesses_the_last_checkpoint_is_enough(town: Town) -> None:
    """A trial with a hub and one gateway works, where its operator has said so."""
    index = town.sizes[0] - 1
    assert proved_under(town, index, MEDWAY) == town.sizes[-1]


def test_the_second_stage_is_handed_over_once_it_is_witnessed(watched: Town) -> None:
    """Names and birthday go at once; everything else stays in the inbox until others have cosigned."""
    kent, medway = watched.members[KENT], watched.members[MEDWAY]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    for _ in range(4):  # matched, asked, granted, handed over, confirmed
        watched.slot()
        for member in (kent, medway):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(member, "_open", _but_the_rest(member._open))
                member.collects()
    rest = [item for item in medway.sees(ItemKind.DELIVERY) if item.stage is Stage.REST]
    assert rest
    with pytest.raises(Declined) as fault:
        medway.fetches(rest[0].item)
    assert fault.value.code == "delivery-unwitnessed"
    assert not medway.sees(ItemKind.DELIVERY)[0].stopped
    assert rest[0].log_index < cosigns(watched, KENT, LAMBETH)
    assert medway.fetches(rest[0].item)


def _but_the_rest(open_item: Callable[..., None]) -> Callable[..., None]:
    """A recipient that leaves second stages for later."""
    return lambda item: None if item.stage is Stage.REST else open_item(item)


def test_an_observer_is_a_witness_like_any_other(watched: Town) -> None:
    """It receives nothing, so nobody has a better reason to look."""
    observer = watched.admits("mbr_watch", MemberKind.OBSERVER)
    size = cosigns(watched, observer.member, KENT)
    assert proved_under(watched, size - 1, MEDWAY) == size


def test_lines_that_nobody_signed_are_found(watched: Town) -> None:
    """Fsck holds every line to the logged keys of the member that it names."""
    size = cosigns(watched, KENT, MEDWAY)
    store = watched.store
    assert isinstance(store, MemoryStore)
    with store.write() as work:
        assert check_store(work, watched.hub.log_key) == []
        ((_, note),) = work.log.checkpoints(size - 1, 1)
        other = sign_checkpoint(Checkpoint("hub.example", size, bytes(32)), watched.hub.key, "hub.example")
        for line in (
            cosign(note, SigningKey.generate(), "hub.example/mbr_lambeth", watched.now),
            cosign(note, SigningKey.generate(), "stranger.example", watched.now),
            line_of(watched, LAMBETH, other),
        ):
            work.log.keep_signed(size, note + line)
            (finding,) = check_store(work, watched.hub.log_key)
            assert (finding.code, finding.where) == ("checkpoint-cosignature", f"checkpoint {size}")


def test_who_is_suspended_or_made_up_is_no_witness(town: Town) -> None:
    """Nobody waits for them, nor does their line count: made-up members are the operator's own."""
    town.hub = replace(town.hub, witnesses=2)
    gone = town.admits("mbr_gone", area="301")
    town.goes_live(gone.member)
    with town.store.write() as work:
        suspend(gone.member, work, town.hub)
    puppet = town.admits("mbr_puppet", area="302", made_up=True)
    watch = town.admits("mbr_watch", MemberKind.OBSERVER, made_up=True)
    index = town.sizes[-1] - 1
    cosigns(town, puppet.member, watch.member)
    assert proved_under(town, index, MEDWAY) == "delivery-unwitnessed"
    size = cosigns(town, KENT)
    assert proved_under(town, index, MEDWAY) == size
