"""Who waits for a checkpoint is woken by it, once, and not before."""

import asyncio

from hub.exchange.web.long_poll import Checkpoints


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
