"""A nightly feed over real gateways: one notice a change, whatever is killed, down, cut off or doubled."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.jsonl_file import write_line
from adapters.member.errors import GatewayFault
from adapters.member.feeding import Night, Told, nightly_feed
from adapters.member.files import Rows, open_rows
from adapters.member.gateway import Gateway
from adapters.move import Address, Found, Move, Wishes
from hub.protocols.names import MemberKind, NoticeType
from tests.adapters.member.conftest import come_to_rest
from tests.simulators.town import Town
from tests.simulators.wire import Wire
from tests.story.people import ADA, NEW_HOME, OLD_HOME

OFFICER = "A. Officer"
ADA_HERE = replace(ADA, from_address=None, to_address=OLD_HOME, local_ref="K-1")
ADA_GONE = replace(ADA_HERE, to_address=NEW_HOME)


def person(number: int) -> Move:
    """One more young person of Kent, who stays."""
    name = f"Person{'abcdefghijklmnopqrstuvwxyz'[number]}"
    home = Address((f"{number + 2} Sample Street", "Maidstone"), "ME14 1XQ")
    return replace(
        ADA_HERE,
        given=name,
        local_ref=f"K-{number + 2}",
        upn=None,
        to_address=home,
        dob=date(2010, 1, number + 1),
    )


OTHERS = [person(number) for number in range(20)]


class Tracker:
    """A tracking system that writes an extract every night, and the gateway's feed over it."""

    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self.gateway = gateway
        self.path = folder / "extract.jsonl"

    def writes(self, *people: Move, ending: str = "\n") -> None:
        """Tonight's extract."""
        self.path.write_text("\n".join(map(write_line, people)) + ending)

    def adds(self, line: str) -> None:
        """One more line, which nobody may be able to read."""
        with self.path.open("a") as file:
            file.write(line)

    def rows(self) -> Rows:
        """The extract as it is read."""
        return open_rows(self.path, home=self.gateway.home.path, kind="feed")

    def compares(self, accept: str | None = None) -> Night:
        """What follows, nothing sent."""
        with nightly_feed(self.gateway) as feed:
            return feed.compare(self.rows(), self.path, accept)

    def night(self, *people: Move, officer: str = OFFICER, accept: str | None = None) -> tuple[Night, Told]:
        """One night: written, compared, told."""
        self.writes(*people)
        return self.again(officer, accept)

    def again(self, officer: str = OFFICER, accept: str | None = None) -> tuple[Night, Told]:
        """The same extract once more."""
        with nightly_feed(self.gateway) as feed:
            night = feed.compare(self.rows(), self.path, accept)
            return night, feed.tell(night, officer)

    def sent(self) -> list[tuple[str, str]]:
        """Type and state of every notice that was made."""
        return sorted((one.type, one.state) for one in self.gateway.records.all_sent())


@pytest.fixture
def tracker(neighbours: tuple[Gateway, Gateway], tmp_path: Path) -> Tracker:
    """Kent's, with a first extract behind it."""
    found = Tracker(neighbours[0], tmp_path)
    found.night(ADA_HERE, *OTHERS)
    return found


def test_the_first_extract_is_remembered_and_tells_nothing(kent: Gateway, tmp_path: Path) -> None:
    """Everybody would be an arrival."""
    tracker = Tracker(kent, tmp_path)
    night, told = tracker.night(ADA_HERE, *OTHERS)
    assert (night.first, night.rows, night.due) == (True, 21, [])
    assert (told.told, tracker.sent()) == ({}, [])


def test_looking_sends_and_remembers_nothing(tracker: Tracker) -> None:
    """However often it is looked at."""
    tracker.writes(ADA_GONE, *OTHERS)
    assert [tracker.compares().counts for _ in range(2)] == [{"moved_out": 1}] * 2
    assert tracker.sent() == []


def test_the_same_two_nights_twice_give_one_notice_a_change(tracker: Tracker) -> None:
    """A re-run, and a night in which nothing changed, tell nothing."""
    night, told = tracker.night(ADA_GONE, *OTHERS, person(21))
    assert night.counts == {"moved_out": 1, "new_arrival": 1}
    assert told.told == {"moved_out": 1, "new_arrival": 1}
    for _ in range(2):
        night, told = tracker.again()
        assert (night.due, told.told) == ([], {})
    assert tracker.sent() == [("moved_out", "published"), ("new_arrival", "published")]


def test_who_moved_out_is_found_by_the_home_of_the_last_extract(
    tracker: Tracker, neighbours: tuple[Gateway, Gateway], town: Town
) -> None:
    """Tonight's row has the new home alone; the former one is what the notice is matched by."""
    kent, medway = neighbours
    tracker.night(replace(ADA_GONE, upn=None), *OTHERS)
    medway.publish([replace(ADA, upn=None)], NoticeType.NEW_ARRIVAL, OFFICER)
    come_to_rest(town, kent, medway)
    assert any(one.stage == "rest" for one in medway.received())


def test_who_comes_back_is_taken_back(tracker: Tracker) -> None:
    """The notice is withdrawn, and no second one is made."""
    tracker.night(ADA_GONE, *OTHERS)
    _, told = tracker.night(ADA_HERE, *OTHERS)
    assert told.told == {"withdrawal": 1}
    assert tracker.sent() == [("moved_out", "withdrawn")]
    tracker.night(ADA_GONE, *OTHERS)
    assert tracker.sent() == [("moved_out", "published"), ("moved_out", "withdrawn")]


def test_who_vanishes_after_arriving_is_withdrawn_and_others_are_named(tracker: Tracker) -> None:
    """A notice needs a name, which nothing here keeps: who is gone without a word is for a person."""
    newcomer = person(21)
    tracker.night(ADA_HERE, *OTHERS, newcomer)
    night, told = tracker.night(*OTHERS)
    assert told.told == {"withdrawal": 1}
    assert night.gone == ["K-1"]
    assert tracker.sent() == [("new_arrival", "withdrawn")]
    assert tracker.again()[0].gone == []


def test_a_mended_name_replaces_a_notice_that_nobody_has_received(tracker: Tracker) -> None:
    """The better one is sent, the other withdrawn: one stays open."""
    tracker.night(ADA_GONE, *OTHERS)
    _, told = tracker.night(replace(ADA_GONE, family="Examplton"), *OTHERS)
    assert told.told == {"correction": 1}
    assert tracker.sent() == [("moved_out", "published"), ("moved_out", "withdrawn")]


def test_a_mended_name_is_sent_to_who_received_the_wrong_one(
    tracker: Tracker, neighbours: tuple[Gateway, Gateway], town: Town
) -> None:
    """As a correction of that very notice."""
    kent, medway = neighbours
    tracker.night(ADA_GONE, *OTHERS)
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, OFFICER)
    come_to_rest(town, kent, medway)
    tracker.night(replace(ADA_GONE, family="Examplton"), *OTHERS)
    assert [kind for kind, _ in tracker.sent()] == ["correction", "moved_out"]


def test_a_hub_that_is_down_delays_and_doubles_nothing(tracker: Tracker, wire: Wire) -> None:
    """What is queued is kept; the row is known; the next poll sends it."""
    tracker.night(ADA_GONE, *OTHERS)
    wire.down = True
    _, told = tracker.night(ADA_GONE, *OTHERS, person(21))
    assert told.later is not None
    assert tracker.again()[0].due == []
    wire.down = False
    tracker.gateway.poll()
    assert tracker.sent() == [("moved_out", "published"), ("new_arrival", "published")]


def test_a_withdrawal_that_the_hub_does_not_hear_is_tried_by_the_next_run(
    tracker: Tracker, wire: Wire
) -> None:
    """Its row stays unknown until the hub has the word."""
    tracker.night(ADA_GONE, *OTHERS)
    wire.down = True
    _, told = tracker.night(ADA_HERE, *OTHERS)
    assert (told.not_told, told.told) == (1, {})
    wire.down = False
    assert tracker.again()[1].told == {"withdrawal": 1}


@pytest.mark.parametrize("where", ["do", "_do", "settle"])
def test_a_gateway_killed_in_between_goes_on_where_it_was(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Before, after and while a change is told: one notice open in the end, the wrong one withdrawn."""
    tracker.night(ADA_GONE, *OTHERS)
    better = replace(ADA_GONE, family="Examplton")

    class Killed(BaseException):
        """The process is gone."""

    def dies(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if where == "_do":
            patch.setattr(Gateway, "withdraw", dies)
        else:
            patch.setattr(f"adapters.member.feed_book.FeedBook.{where}", dies)
        with pytest.raises(Killed):
            tracker.night(better, *OTHERS)
    tracker.again()
    assert tracker.sent() == [("moved_out", "published"), ("moved_out", "withdrawn")]
    assert tracker.again()[0].due == []


def test_what_no_machine_can_tell_waits_for_a_person(tracker: Tracker) -> None:
    """By local reference, once, until it is noted: a home that is gone, somebody who has vanished."""
    for _ in range(2):
        tracker.night(replace(ADA_HERE, to_address=None), *OTHERS[:-1])
    said = [str(one.body) for one in tracker.gateway.waiting()]
    assert len(said) == 2
    assert sum("K-1: the home is gone" in words for words in said) == 1
    assert sum("K-21: in the extract no more" in words for words in said) == 1
    for one in tracker.gateway.waiting():
        tracker.gateway.note_reminder(one.item)
    assert tracker.gateway.waiting() == []


def test_a_flag_that_changes_in_the_extract_waits_for_a_person(tracker: Tracker) -> None:
    """It is not asserted by itself: the flag book has whose word it was."""
    tracker.night(ADA_GONE, *OTHERS)
    objects = Wishes(objection=frozenset({"contact"}))
    tracker.night(replace(ADA_GONE, wishes=objects), *OTHERS)
    (question,) = tracker.gateway.waiting()
    assert "hub flag set" in str(question.body)
    assert tracker.sent() == [("moved_out", "published")]


# --- what is not believed ------------------------------------------------------------------------


def refusal(tracker: Tracker, *people: Move, ending: str = "\n") -> str:
    """The code with which an extract is refused."""
    tracker.writes(*people, ending=ending)
    with pytest.raises(GatewayFault) as refused:
        tracker.compares()
    return refused.value.code


def test_a_shrunken_extract_is_refused_until_somebody_says_why(tracker: Tracker) -> None:
    """The reason and who gave it are kept."""
    assert refusal(tracker, *OTHERS[:12]) == "feed-shrunken"
    night, _ = tracker.again(accept="the oldest year has left")
    assert night.rows == 12
    with nightly_feed(tracker.gateway) as feed:
        page: Any = feed.nights()[-1][1]
    assert page["reason"] == "the oldest year has left"
    assert list(page["accepted"]) == ["feed-shrunken"]
    assert page["officer"] == OFFICER


def test_an_extract_that_ends_in_the_middle_of_a_line_is_refused(tracker: Tracker) -> None:
    """Where the last one ended whole: a writer that never ends its last line is believed."""
    assert refusal(tracker, ADA_HERE, *OTHERS, ending="") == "feed-half-written"
    tracker.again(accept="our system writes it so")
    tracker.writes(ADA_GONE, *OTHERS, ending="")
    assert tracker.compares().counts == {"moved_out": 1}


def test_an_extract_that_is_still_being_written_is_refused_whatever_anybody_says(tracker: Tracker) -> None:
    """Its size has changed while it was read."""
    tracker.writes(ADA_HERE, *OTHERS)
    with nightly_feed(tracker.gateway) as feed, pytest.raises(GatewayFault, match="feed-being-written"):
        feed.compare(tracker.rows(), tracker.path, "because", lambda _: tracker.adds("\n"))


def test_rows_that_cannot_be_read_make_nobody_vanish(tracker: Tracker) -> None:
    """Too many of them, and the extract is refused."""
    tracker.writes(*OTHERS)
    tracker.adds('{"given": "Ada"}\n')
    assert tracker.compares().gone == []
    tracker.adds('{"given": "Ada"}\n' * 6)
    with pytest.raises(GatewayFault, match="feed-unreadable"):
        tracker.compares()


def test_a_night_in_which_everything_changed_is_refused(kent: Gateway, tmp_path: Path) -> None:
    """Columns that have changed their meaning look like that."""
    many = [
        replace(person(n % 20), local_ref=f"K-{n}", dob=date(2009, 1 + n % 12, 1 + n // 12))
        for n in range(60)
    ]
    tracker = Tracker(kent, tmp_path)
    tracker.night(*many)
    assert refusal(tracker, *[replace(one, to_address=NEW_HOME) for one in many]) == "feed-upheaval"


def test_a_row_without_a_reference_is_refused(tracker: Tracker) -> None:
    """Nobody could be known again."""
    assert refusal(tracker, replace(ADA_HERE, local_ref=None), *OTHERS) == "feed-no-reference"


def test_a_reference_that_stands_twice_is_told_of_only_where_both_rows_agree(tracker: Tracker) -> None:
    """What contradicts itself is named by its row, and comes again next night."""
    night, _ = tracker.night(ADA_GONE, ADA_HERE, *OTHERS)
    assert night.contradicted == ["line 2"]
    assert tracker.sent() == []
    night, _ = tracker.night(ADA_GONE, ADA_GONE, *OTHERS)
    assert night.counts == {"moved_out": 1}


# --- two people, and what lies in the home ---------------------------------------------------------


def test_many_notices_need_a_second_officer_where_the_member_says_so(tracker: Tracker) -> None:
    """Another one, for the very same changes."""
    tracker.gateway.pinned = replace(tracker.gateway.pinned, bulk_from=2)
    both = [ADA_GONE, *OTHERS, person(21)]
    assert tracker.night(*both)[1].second_person
    assert tracker.again(officer=" a. officer ")[1].second_person
    assert tracker.sent() == []
    assert tracker.night(*both, person(22), officer="B. Second")[1].second_person
    told = tracker.night(*both, officer="B. Second")[1]
    assert sum(told.told.values()) == 2


def test_fewer_need_nobody_else(tracker: Tracker) -> None:
    """The setting is a number."""
    tracker.gateway.pinned = replace(tracker.gateway.pinned, bulk_from=2)
    assert tracker.night(ADA_GONE, *OTHERS)[1].told == {"moved_out": 1}


def test_nothing_of_an_extract_lies_in_the_home_in_clear(tracker: Tracker) -> None:
    """Neither names nor references, birthdays, postcodes."""
    tracker.night(ADA_GONE, *OTHERS)
    held = b"".join(path.read_bytes() for path in tracker.gateway.home.path.glob("feed.db*"))
    words = [word for one in [ADA_GONE, *OTHERS] for word in (one.given, one.family, one.local_ref or "K-")]
    for word in [*words, "2009-11-12", "ME14", "Maidstone", "F886499920001"]:
        assert word.encode() not in held


def test_a_member_without_an_area_is_told_what_to_write(wire: Wire, tmp_path: Path) -> None:
    """And a member that tracks nobody is told so."""
    charity = wire.joins("mbr_charity", tmp_path / "charity", MemberKind.VOLUNTARY_BODY)
    county = wire.joins("mbr_county", tmp_path / "county")
    for gateway, code in ((charity, "feed-kind"), (county, "feed-no-area")):
        tracker = Tracker(gateway, tmp_path)
        assert refusal(tracker, ADA_HERE) == code


# --- what would tell the wrong one -------------------------------------------------------------------

BEA = replace(
    ADA_GONE, given="Beatrice", family="Otherwise", dob=date(2010, 3, 4), upn="X884499921002", local_ref="K-1"
)
"""Somebody else, under the reference that was Ada's."""


def asked(tracker: Tracker) -> list[str]:
    """What waits for a person, in words."""
    return [str(one.body) for one in tracker.gateway.waiting()]


def test_a_reference_given_to_somebody_else_tells_nothing_by_machine(
    tracker: Tracker, neighbours: tuple[Gateway, Gateway], town: Town
) -> None:
    """Whoever received Ada's notice is not told of another child by way of a correction."""
    kent, medway = neighbours
    tracker.night(ADA_GONE, *OTHERS)
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, OFFICER)
    come_to_rest(town, kent, medway)
    sent = tracker.sent()
    for _ in range(2):
        tracker.night(BEA, *OTHERS)
    assert tracker.sent() == sent
    assert ["K-1: names somebody else now" in words for words in asked(tracker)] == [True]


def test_two_people_who_change_places_tell_nothing(tracker: Tracker) -> None:
    """Neither is found by the other's home, nor loses the shield that lies under their own reference."""
    first, second = OTHERS[0], OTHERS[1]
    swapped = [
        replace(first, local_ref=second.local_ref, to_address=NEW_HOME),
        replace(second, local_ref=first.local_ref),
    ]
    night, told = tracker.night(ADA_HERE, *swapped, *OTHERS[2:])
    assert (night.counts, told.told, tracker.sent()) == ({"look": 2}, {}, [])
    assert tracker.night(ADA_HERE, *OTHERS)[0].due == []


def test_a_reference_is_another_person_s_once_nothing_stands_and_an_officer_has_noted_it(
    tracker: Tracker,
) -> None:
    """While a notice or a flag of the earlier one is open, it is not."""
    tracker.night(ADA_GONE, *OTHERS)
    tracker.night(BEA, *OTHERS)
    (question,) = tracker.gateway.waiting()
    tracker.gateway.note_reminder(question.item)
    assert tracker.night(BEA, *OTHERS)[0].counts == {"look": 1}
    (open_,) = tracker.gateway.records.all_sent()
    tracker.gateway.withdraw(open_.notice, "no_longer_so")
    here = replace(BEA, to_address=OLD_HOME)
    night, _ = tracker.night(here, *OTHERS)
    assert night.counts == {"new_arrival": 1}
    assert tracker.again()[0].due == []


def test_another_authority_s_extract_of_the_same_length_is_refused(tracker: Tracker) -> None:
    """As many people, and none of them ours."""
    theirs = [replace(one, local_ref=f"M-{one.local_ref}", to_address=NEW_HOME) for one in [ADA, *OTHERS]]
    assert refusal(tracker, *theirs) == "feed-shrunken"


def test_day_and_month_exchanged_in_the_whole_extract_is_refused(tracker: Tracker) -> None:
    """Nothing may be to be told of it tonight, and every later notice would be wrong."""
    exchanged = [
        replace(one, dob=one.dob.replace(month=one.dob.day, day=one.dob.month))
        for one in [ADA_HERE, *OTHERS]
        if one.dob.day <= 12
    ]
    rest = [one for one in OTHERS if one.dob.day > 12]
    assert refusal(tracker, *exchanged, *rest) == "feed-upheaval"


def test_a_shield_that_appears_binds_at_once(tracker: Tracker) -> None:
    """It is asserted of the open notice the same night, not when somebody finds time to look."""
    tracker.night(ADA_GONE, *OTHERS)
    tracker.night(replace(ADA_GONE, found=frozenset({Found.SHIELD})), *OTHERS)
    (flag,) = tracker.gateway.flagging.book.flags("K-1")
    assert (flag.record.kind, flag.officer) == ("shield", OFFICER)
    (sent,) = tracker.gateway.records.all_sent()
    assert '"shield":true' in str(sent.body).replace("'", '"').replace(" ", "").replace("True", "true")


def test_a_shield_outlives_an_extract_that_lost_the_column(tracker: Tracker) -> None:
    """Only a person ends it: the move of the next night is under it still."""
    tracker.night(replace(ADA_HERE, found=frozenset({Found.SHIELD})), *OTHERS)
    tracker.night(ADA_HERE, *OTHERS)
    tracker.night(ADA_GONE, *OTHERS)
    assert tracker.sent() == [("moved_out", "published")]
    assert tracker.gateway.flagging.book.derived("K-1", tracker.gateway.now.date()).shield
    assert len(tracker.gateway.flagging.book.flags("K-1")) == 1


def test_what_was_told_and_not_remembered_is_taken_back_when_the_row_returns(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip in the postcode, sent by a gateway that was killed at once, and mended the next day."""

    class Killed(BaseException):
        """The process is gone."""

    def dies(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("adapters.member.feed_book.FeedBook.settle", dies)
        with pytest.raises(Killed):
            tracker.night(ADA_GONE, *OTHERS)
    _, told = tracker.night(ADA_HERE, *OTHERS)
    assert told.told == {"withdrawal": 1}
    assert [state for _, state in tracker.sent()] == ["withdrawn"]
    assert tracker.again()[0].due == []


def test_an_address_that_was_gone_for_a_night_is_no_arrival_when_it_is_back(tracker: Tracker) -> None:
    """What was last sure is what counts."""
    tracker.night(replace(ADA_HERE, to_address=None), *OTHERS)
    assert tracker.night(ADA_HERE, *OTHERS)[0].due == []
    assert tracker.sent() == []
