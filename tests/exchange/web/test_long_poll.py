"""Who waits for a checkpoint is woken by it, once, and not before."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from hub.exchange.errors import Declined
from hub.exchange.web.long_poll import Checkpoints, Seats
from hub.protocols.access import AccessToken
from hub.protocols.names import KeyId, MemberId

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def token(member: str, number: int = 1) -> AccessToken:
    """A token of a member."""
    until = NOW + timedelta(minutes=5)
    return AccessToken(MemberId(member), frozenset({"inbox:read"}), KeyId("k"), NOW, until, f"t{number}")


def test_everybody_who_waits_is_woken_together() -> None:
    """One announcement wakes all; the size is known then."""

    async def story() -> list[int]:
        checkpoints, woken = Checkpoints(), list[int]()

        async def wait() -> None:
            await checkpoints.wait(checkpoints.coming(), 60)
            woken.append(checkpoints.size)

        tasks = [asyncio.create_task(wait()) for _ in range(3)]
        await asyncio.sleep(0)
        assert woken == []
        checkpoints.announce(16)
        await asyncio.gather(*tasks)
        return woken

    assert asyncio.run(story()) == [16, 16, 16]


def test_what_is_signed_between_look_and_wait_is_not_missed() -> None:
    """The ticket is drawn before the look: an announcement after it ends the wait at once."""

    async def story() -> None:
        checkpoints = Checkpoints()
        ticket = checkpoints.coming()
        checkpoints.announce(16)
        await asyncio.wait_for(checkpoints.wait(ticket, 60), 1)

    asyncio.run(story())


def test_the_same_size_again_wakes_nobody() -> None:
    """A second look at the same checkpoint is no news."""

    async def story() -> bool:
        checkpoints = Checkpoints()
        checkpoints.announce(16)
        ticket = checkpoints.coming()
        checkpoints.announce(16)
        return ticket.is_set()

    assert asyncio.run(story()) is False


def test_a_wait_ends_by_itself() -> None:
    """After its seconds, with nothing announced."""

    async def story() -> None:
        checkpoints = Checkpoints()
        await checkpoints.wait(checkpoints.coming(), 0)

    asyncio.run(story())


def test_a_wake_is_no_checkpoint() -> None:
    """All wake and look again; the size is what it was."""

    async def story() -> int:
        checkpoints = Checkpoints()
        ticket = checkpoints.coming()
        checkpoints.wake()
        await asyncio.wait_for(checkpoints.wait(ticket, 60), 1)
        assert not checkpoints.coming().is_set()
        return checkpoints.size

    assert asyncio.run(story()) == 0


def test_a_member_has_a_few_seats_and_leaves_the_others_to_others() -> None:
    """One gateway in a loop does not keep the next council waiting; a seat left is free again."""
    seats = Seats(most=3, each=2)
    with ExitStack() as sitting:
        for number in range(2):
            sitting.enter_context(seats.taken(token("mbr_kent", number)))
        with pytest.raises(Declined, match="polls-full"), seats.taken(token("mbr_kent", 3)):
            pass
        sitting.enter_context(seats.taken(token("mbr_medway")))
        with pytest.raises(Declined, match="polls-full"), seats.taken(token("mbr_lambeth")):
            pass
    with seats.taken(token("mbr_lambeth")), seats.taken(token("mbr_kent")), seats.taken(token("mbr_kent")):
        pass


def test_a_seat_is_free_again_however_its_poll_ended() -> None:
    """Cut off, refused or served."""
    seats = Seats(most=1, each=1)
    for _ in range(2):
        with pytest.raises(asyncio.CancelledError), seats.taken(token("mbr_kent")):
            raise asyncio.CancelledError
    with seats.taken(token("mbr_medway")):
        pass


def test_who_sits_is_known_by_token() -> None:
    """So that a key that is revoked ends its own polls and no others."""
    seats = Seats(most=9, each=9)
    first, second = token("mbr_kent", 1), token("mbr_kent", 2)
    with seats.taken(first):
        assert not seats.all_admitted(lambda one: one != first)
        with seats.taken(second), seats.taken(second):
            assert not seats.all_admitted(lambda one: one != second)
        assert seats.all_admitted(lambda one: one != second)
    assert seats.all_admitted(lambda _: False)
