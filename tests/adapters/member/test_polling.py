"""The poller survives whatever happens to the hub, and does not hammer it."""

from collections.abc import Callable

import pytest

from adapters.member.errors import GatewayFault, HubRefused, HubUnreachable
from adapters.member.inbox import Taken
from adapters.member.polling import MOST_SECONDS, WAIT_SECONDS, Poller
from hub.protocols.errors import Untrusted


class NullGateway:
    """Answers polls as told; a development double, for tests alone."""

    def __init__(self, *answers: Taken | Exception) -> None:
        self.answers = list(answers)
        self.waits: list[int] = []
        self.after: Callable[[], None] = lambda: None

    def poll(self, wait: int) -> Taken:
        """The next answer."""
        self.waits.append(wait)
        if len(self.answers) == 1:
            self.after()
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def poller(gateway: NullGateway, lines: list[str] | None = None, chance: float = 1.0) -> Poller:
    """A poller without luck."""
    said = [] if lines is None else lines
    return Poller(gateway, said.append, chance=lambda: chance)  # type: ignore[arg-type]  # answers polls


DOWN = HubUnreachable("hub-unreachable", "no answer from the hub (ConnectError); try again later")


def test_a_poll_that_gets_through_is_followed_by_the_next() -> None:
    """The hub holds the line, so there is nothing to wait for here."""
    gateway = NullGateway(Taken(), Taken(delivered=1))
    one = poller(gateway)
    reached = [one.reached]
    assert (one.once(), one.once()) == (0.0, 0.0)
    reached.append(one.reached)
    assert reached == [False, True]
    assert gateway.waits == [0, WAIT_SECONDS]


def test_a_hub_that_is_full_is_asked_again_soon() -> None:
    """429 passes by itself: unlike a refusal, it does not make an inbox wait for minutes."""
    full = HubRefused(429, "polls-full", "4 polls of this member wait already")
    one = poller(NullGateway(full, full))
    assert [one.once(), one.once()] == [1.0, 2.0]


def test_pauses_double_up_to_five_minutes_and_begin_anew_after_a_success() -> None:
    """However long the hub is away, it is asked again."""
    one = poller(NullGateway(*[DOWN] * 12, Taken(), DOWN))
    pauses = [one.once() for _ in range(12)]
    assert pauses[:4] == [1.0, 2.0, 4.0, 8.0]
    assert pauses[-1] == MOST_SECONDS
    assert not one.reached
    assert one.once() == 0.0
    assert one.once() == 1.0


def test_a_fault_of_the_hubs_own_is_tried_again_soon() -> None:
    """It is not a no."""
    assert poller(NullGateway(HubRefused(500, "hub-fault", "repeat"))).once() == 1.0


def test_there_is_chance_in_every_pause() -> None:
    """A region must not come back all at once."""
    assert poller(NullGateway(DOWN), chance=0.5).once() == 0.5
    drawn = {Poller(NullGateway(DOWN), lambda _: None).once() for _ in range(20)}  # type: ignore[arg-type]  # as above
    assert len(drawn) > 1
    assert all(0.5 <= pause <= 1.0 for pause in drawn)


@pytest.mark.parametrize(
    "fault",
    [
        Untrusted("own-name", "a key under our name"),
        HubRefused(401, "client-untrusted", "no"),
        GatewayFault("x", "y"),
    ],
)
def test_what_does_not_hold_is_said_and_tried_at_the_slowest_pace(fault: Exception) -> None:
    """Whether to go on is for people; the process does not end by itself."""
    lines: list[str] = []
    one = poller(NullGateway(fault), lines)
    assert one.once() >= MOST_SECONDS / 2
    assert not one.reached
    assert len(lines) == 1


def test_what_was_done_is_said_without_naming_anybody() -> None:
    """One line where something came, and one for each thing that was not used."""
    lines: list[str] = []
    one = poller(NullGateway(Taken(), Taken(delivered=2, faults=["delivery dis_x: log-forked"])), lines)
    one.once()
    assert lines == []
    one.once()
    assert lines[0].startswith("2 deliveries")
    assert lines[1] == "not used: delivery dis_x: log-forked"


def test_a_hub_that_comes_back_is_greeted() -> None:
    """The log of the process tells when the outage ended."""
    lines: list[str] = []
    one = poller(NullGateway(DOWN, Taken()), lines)
    one.once()
    one.once()
    assert lines[-1] == "the hub answers again"


def test_it_runs_until_it_is_stopped() -> None:
    """On a thread of its own, which ends."""
    gateway = NullGateway(Taken(), Taken(), Taken())
    one = poller(gateway)
    gateway.after = one.stop
    one.run_here()
    assert len(gateway.waits) == 3
    threaded = NullGateway(Taken())
    two = poller(threaded)
    threaded.after = two._stopping.set
    two.start()
    two.stop()
    assert len(threaded.waits) == 1
