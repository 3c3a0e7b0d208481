"""Reminders of reviews reach the inbox: once each, shown where officers and trackers look."""

from adapters.member.gateway import Gateway
from adapters.member.summaries import taken_summary, waiting_summary
from hub.protocols.canonical import Json
from hub.protocols.mandate import Change
from tests.adapters.member.conftest import come_to_rest
from tests.simulators.town import Town

NAME = "agr_kent-medway-movers"


def reviewed_in(town: Town, days: int) -> None:
    """An agreement whose review is so many days ahead."""
    review = town.now.date().fromordinal(town.now.date().toordinal() + days).isoformat()
    life: Json = {"starts": "2025-01-01", "review": review, "grace_days": 10, "on_end": "stop_at_once"}
    town.agrees("kent-medway-movers", {"life": life})


def items(gateway: Gateway) -> list[str]:
    """The reminders that wait."""
    return [one.item for one in gateway.waiting() if one.kind == "reminder"]


def test_each_party_is_told_once_at_each_mark(town: Town, kent: Gateway, medway: Gateway) -> None:
    """90, 30 and 7 days ahead, and of the lapse; a mark that is past gives way to the next."""
    reviewed_in(town, 91)
    told = dict[int, list[str]]()
    day = 0
    for days in (1, 1, 58, 1, 22, 1, 17, 1, 1):
        for gateway in (kent, medway):
            for says in gateway.poll().reminded:
                told.setdefault(day, []).append(says)
            assert gateway.poll().reminded == []
        town.days_pass(days)
        day += days
    assert [len(says) for says in told.values()] == [2, 2, 2, 2]
    assert [*told] == [1, 61, 84, 102]
    assert items(kent) == items(medway) == [f"{NAME}.v1.0"]


def test_a_reminder_is_shown_by_pull_and_list_and_goes_when_noted(
    town: Town, kent: Gateway, medway: Gateway
) -> None:
    """As one thing among those that wait for a person."""
    reviewed_in(town, 6)
    taken = kent.poll()
    assert "is to be reviewed by" in taken_summary(taken)["reminded"][0]
    (waiting,) = (one for one in kent.waiting() if one.kind == "reminder")
    assert waiting_summary(waiting)["about"]["days_before"] == 7
    kent.note_reminder(waiting.item)
    town.days_pass(1)
    assert kent.poll().reminded == []
    assert items(kent) == []


def test_what_was_ended_is_not_called_to_mind_any_more(town: Town, kent: Gateway, medway: Gateway) -> None:
    """Its reminder goes by itself."""
    reviewed_in(town, 20)
    come_to_rest(town, kent, medway)
    assert items(medway) == [f"{NAME}.v1.30"]
    town.suspends(NAME, "mbr_kent", Change.END)
    town.days_pass(1)
    medway.poll()
    assert items(medway) == []
