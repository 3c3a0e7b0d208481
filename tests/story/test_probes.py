"""A curious member: what it can find out by forging notices, by asking, and by watching the log grow.

Whoever probes sees its own inbox, the entries that it may open with their places in the log, the state of
its own notices, and the size of every checkpoint. The tests compare all of that with what it sees of a
control, a notice about nobody.
"""

import itertools
from dataclasses import replace

import pytest

from adapters.move import Move
from hub.exchange import sequencer
from hub.exchange.stages import ItemKind
from hub.exchange.states import PassageState
from hub.protocols.names import NoticeType, Part
from tests.simulators.town import Town, TownMember
from tests.story.people import ADA, ADA_KNOWN_BY_NAME, SHIELDED

NOBODY = replace(ADA_KNOWN_BY_NAME, given="Nobody", family="Whatsoever")
CONTROL = replace(ADA_KNOWN_BY_NAME, given="Nemo", family="Otherwise")


@pytest.fixture
def town() -> Town:
    """Kent and Medway, neighbours with an agreement in force; Medway is curious."""
    town = Town()
    town.admits("mbr_kent", area="886")
    town.admits("mbr_medway", area="887")
    town.agrees("kent-medway-movers")
    return town


def seen(prober: TownMember) -> list[object]:
    """What the prober can see, without what differs always: ids, digests and instants."""
    always = {"notice", "manifest", "at", "item"}
    about = [record for record in prober.may_read() if "notice" in record]
    records = [{k: v for k, v in record.items() if k not in always} for record in about]
    items = [{"item": item.kind.value, "stopped": item.stopped} for item in prober.sees()]
    sizes = [{"size": size} for size in prober.town.sizes]
    return [*records, *items, *sizes]


def probed(town: Town, prober: str, forged: Move, kind: NoticeType) -> list[object]:
    """What a prober sees who forges a notice between two controls, waits, and withdraws all three."""
    member = town.members[prober]
    notices = [member.publishes(move, kind) for move in (NOBODY, forged, CONTROL)]
    town.slot()
    town.slot()
    for notice in notices:
        member.asserts(notice)
    town.slot()
    for notice in notices:
        member.withdraws(notice)
    town.slot()
    return seen(member)


def both_ways(build: object, prober: str, forged: Move, kind: NoticeType) -> None:
    """Assert that a prober sees the same whether the person it guesses is there or not."""
    assert callable(build)
    there, absent = build(present=True), build(present=False)
    assert probed(there, prober, forged, kind) == probed(absent, prober, forged, kind)


def region(*, present: bool, agreed: bool = True, holder: str = "mbr_kent") -> Town:
    """A region in which Ada has, or has not, an open notice."""
    town = Town()
    town.admits("mbr_kent", area="886")
    town.admits("mbr_medway", area="887")
    if agreed:
        town.agrees("kent-medway-movers")
    who = (
        ADA
        if present
        else replace(ADA, given="Zoe", family="Elsewhere", upn="X884499921002", from_address=None)
    )
    kind = NoticeType.MOVED_OUT if holder == "mbr_kent" else NoticeType.NEW_ARRIVAL
    town.members[holder].publishes(who, kind)
    town.slot()
    return town


def test_name_and_birthday_of_somebody_who_is_leaving_learn_nothing() -> None:
    """I9, I11: a forged arrival sees the same to the leaf, whether there is an open notice or not."""
    both_ways(region, "mbr_medway", ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)


def test_name_and_birthday_of_somebody_who_has_arrived_learn_nothing() -> None:
    """I9, I11: so does a forged departure."""

    def build(*, present: bool) -> Town:
        return region(present=present, holder="mbr_medway")

    both_ways(build, "mbr_kent", ADA_KNOWN_BY_NAME, NoticeType.MOVED_OUT)


def test_without_an_agreement_not_even_everything_that_is_known_learns_anything() -> None:
    """I4, I9: with numbers and former home, and no agreement: the fact of the match is not told."""

    def build(*, present: bool) -> Town:
        return region(present=present, agreed=False)

    both_ways(build, "mbr_medway", ADA, NoticeType.NEW_ARRIVAL)


def test_a_second_claimant_learns_nothing_and_stops_the_first() -> None:
    """I9, I10: a forged competitor sees nothing; what has not left waits for a person from then on."""

    def build(*, present: bool) -> Town:
        town = region(present=present)
        town.admits("mbr_lambeth", area="208")
        town.agrees("kent-lambeth-movers")
        town.members["mbr_kent"].grants = False
        town.members["mbr_medway"].publishes(ADA, NoticeType.NEW_ARRIVAL)
        town.slot()
        return town

    both_ways(build, "mbr_lambeth", ADA, NoticeType.NEW_ARRIVAL)


def test_the_place_of_an_entry_tells_nothing_of_the_notice_before(town: Town) -> None:
    """I9: a notice takes as many leaves match or not, so that the next one's place says nothing."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    places = []
    for probe in (ADA_KNOWN_BY_NAME, NOBODY):
        first, second = (medway.publishes(one, NoticeType.NEW_ARRIVAL) for one in (probe, CONTROL))
        town.slot()
        index = {record["notice"]: record["index"] for record in medway.may_read() if "notice" in record}
        places.append((index[second] - index[first], index[first] % 16, town.sizes[-1] - town.sizes[-2]))  # type: ignore[operator]  # indexes
    assert places[0] == places[1]


def test_filling_a_slot_to_the_brim_tells_nothing(town: Town) -> None:
    """I9: with as many notices of its own as fit, a prober sees no match spill into the next sixteen."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    grown = []
    for probe in (ADA_KNOWN_BY_NAME, NOBODY):
        for number in range(7):
            medway.publishes(replace(NOBODY, given=f"Nemo{probe.given}{number}"), NoticeType.NEW_ARRIVAL)
        medway.publishes(probe, NoticeType.NEW_ARRIVAL)
        town.slot()
        grown.append(town.sizes[-1] - town.sizes[-2])
    assert grown[0] == grown[1]


@pytest.mark.parametrize("agreed", [True, False])
def test_work_that_comes_of_a_hidden_match_moves_nothing_else(
    monkeypatch: pytest.MonkeyPatch, agreed: bool
) -> None:
    """I9: what is asserted of a guess is decided again for each match; no entry beside it changes its place.

    A batch holds so many errands; were this work among them, the last notice published beside it would
    be entered in a later batch than where nobody had been met.
    """
    monkeypatch.setattr(sequencer, "BATCH", 4)
    places = []
    for present in (True, False):
        town = region(present=present, agreed=agreed)
        medway = town.members["mbr_medway"]
        guess = medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
        town.slot()
        medway.asserts(guess)
        for number in range(4):
            medway.publishes(replace(NOBODY, given=f"Nemo{number}"), NoticeType.NEW_ARRIVAL)
        town.slot()
        places.append([one["index"] for one in medway.may_read() if one["kind"] == "published"])
    assert places[0] == places[1]


@pytest.mark.parametrize("fill", range(16))
def test_asserting_no_and_yes_of_a_guess_makes_no_slot_longer(fill: int) -> None:
    """I9: however full a prober makes the slot in which what it asserts turns a no into a yes, or back."""
    grown = []
    for present in (True, False):
        town = region(present=present)
        medway = town.members["mbr_medway"]
        guess = medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
        town.slot()
        for objection in (frozenset({Part.IDENTITY}), frozenset[Part]()):
            medway.asserts(guess, objection=objection)
            for number in range(fill):
                medway.publishes(replace(NOBODY, given=f"Nemo{number}"), NoticeType.NEW_ARRIVAL)
            town.slot()
        states = [one.state for one in town.passages(guess)]
        assert states == ([PassageState.AWAITING_OFFICER] * 2 if present else [])
        grown.append([b - a for a, b in itertools.pairwise(town.sizes)])
    assert grown[0][-2:] == grown[1][-2:]


def test_asserting_again_and_again_does_not_make_a_hidden_refusal_show(town: Town) -> None:
    """I9: deciding again what stays refused enters nothing; an assertion takes three, as of nobody."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    notice = medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.slot()
    refused = len(town.entries("refused")) + len(town.entries("held"))
    for flag in (True, False) * 10:
        medway.asserts(notice, shield=flag)
    town.slot()
    assert len(town.entries("refused")) + len(town.entries("held")) == refused
    assert town.sizes[-1] - town.sizes[-2] == 64
    assert medway.sees() == []


def test_a_disposition_reads_alike_for_a_refusal_and_for_no_match(town: Town) -> None:
    """I4: how a notice ended says no more than its sender was told."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    for probe in (ADA_KNOWN_BY_NAME, NOBODY):
        medway.withdraws(medway.publishes(probe, NoticeType.NEW_ARRIVAL))
        town.slot()
    ends = [record for record in medway.may_read() if record["kind"] == "disposition"]
    assert [end["how"] for end in ends] == ["unanswered", "unanswered"]


def test_an_officers_no_reads_like_no_match(town: Town) -> None:
    """I4: the other side of a match that an officer refused is told nothing, then or later."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    notice = medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    kent.approves(kent.tasks[0], approve=False)
    town.night_passes()
    medway.withdraws(notice)
    town.night_passes()
    about = [record for record in medway.may_read() if record.get("notice") == notice]
    assert [record["kind"] for record in about] == ["published", "disposition"]
    assert about[1]["how"] == "unanswered"
    assert medway.sees() == []


def test_a_trap_that_was_laid_first_shows_an_officer_no_more_than_that_it_closed(town: Town) -> None:
    """I11: who lies in wait on name and birthday is asked first, and learns no name, no side and no part.

    Neither order of asking is safe from both a forged arrival and a forged departure; this one is safe
    from every question about what is there already. See the threat model.
    """
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.slot()
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.night_passes()
    (task,) = medway.tasks
    assert isinstance(task.body, dict)
    assert set(task.body) == {"notice", "codes", "fact", "people"}
    assert "kent" not in str(task.body).replace("agr_kent-medway-movers", "")
    medway.approves(task)
    town.night_passes()
    assert medway.opened == []
    assert len(kent.tasks) == 1
    kent.approves(kent.tasks[0], approve=False)
    town.night_passes()
    assert (medway.opened, kent.opened, town.entries("release")) == ([], [], [])


def test_a_shield_on_the_arrival_shows_a_forged_departure_nothing() -> None:
    """Shield: who looks for somebody in hiding, with all her numbers, is not even asked."""

    def build(*, present: bool) -> Town:
        town = Town()
        town.admits("mbr_kent", area="886")
        town.admits("mbr_medway", area="887")
        town.agrees("kent-medway-movers")
        hidden = (
            SHIELDED if present else replace(SHIELDED, given="Zoe", upn="X884499921002", from_address=None)
        )
        town.members["mbr_medway"].publishes(hidden, NoticeType.NEW_ARRIVAL)
        town.slot()
        return town

    both_ways(build, "mbr_kent", ADA, NoticeType.MOVED_OUT)


def test_a_no_of_one_side_stops_both_directions(town: Town) -> None:
    """I10: after a named officer's no, nothing goes either way, whoever had said yes before."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    notice = medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    kent.approves(kent.tasks[0])
    town.night_passes()
    medway.approves(medway.tasks[0], approve=False)
    town.night_passes()
    assert {passage.state for passage in town.passages(notice)} == {PassageState.STOPPED}
    assert town.entries("release") == town.entries("key_request") == []


def test_a_yes_can_be_taken_back_before_anything_is_opened(town: Town) -> None:
    """I10: an officer who thinks again stops what the yes has set in motion."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    kent.approves(kent.tasks[0])
    town.night_passes()
    medway.grants = kent.grants = False
    medway.approves(medway.tasks[0])
    town.slot()
    assert town.entries("key_request") != []
    kent.approves(kent.tasks[0], approve=False)
    town.night_passes()
    assert (medway.opened, kent.opened) == ([], [])
    assert all(item.stopped for item in kent.sees(ItemKind.KEY_REQUEST) + medway.sees(ItemKind.KEY_REQUEST))


def test_one_approval_twice_is_not_two(town: Town) -> None:
    """I10: the same officer's yes, said again, does not stand for the other side's."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    for _ in range(3):
        kent.approves(kent.tasks[0])
        town.night_passes()
    assert medway.opened == []
    assert town.entries("key_request") == []
    assert len(medway.tasks) == len(kent.tasks) == 1


def test_who_lays_out_many_notices_is_not_served_by_machine(town: Town) -> None:
    """I11: notices of a day beyond its quota are served by no machine, also when a later one meets them."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    trap = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    for number in range(20):
        medway.publishes(replace(NOBODY, given=f"Nobody{number}"), NoticeType.NEW_ARRIVAL)
    town.slot()
    town.days_pass(1)
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.night_passes()
    assert "R-QUOTA" in town.refusals()
    assert (kent.opened, medway.opened, town.entries("key_request")) == ([], [], [])
    medway.asserts(trap)
    town.night_passes()
    assert town.entries("key_request") == []
    assert [item.kind for item in medway.sees()] == [ItemKind.ALARM]


def test_a_day_within_the_quota_is_served(town: Town) -> None:
    """I11: the twentieth notice of a day is within the quota, and nobody is alarmed."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    for number in range(19):
        medway.publishes(replace(NOBODY, given=f"Nobody{number}"), NoticeType.NEW_ARRIVAL)
    town.slot()
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.night_passes()
    assert Part.IDENTITY in medway.parts()
    assert medway.sees(ItemKind.ALARM) == []


def test_refusals_do_not_alarm_or_count_for_the_other_side(town: Town) -> None:
    """I4: what is counted of a refusal is counted for the sender of each notice by itself."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.slot()
    day = town.now.date()
    with town.store.read() as work:
        counts = [work.refusals.counts(m.member, day, day.replace(day=28)) for m in (kent, medway)]
    assert counts == [{"R-EVIDENCE": 1}, {"R-EVIDENCE": 1}]


IN_DOUBT = replace(ADA_KNOWN_BY_NAME, given="Petra")


@pytest.mark.parametrize("agreed", [True, False])
@pytest.mark.parametrize(
    ("prober", "kind"),
    [("mbr_medway", NoticeType.NEW_ARRIVAL), ("mbr_kent", NoticeType.MOVED_OUT)],
)
def test_a_guess_that_brings_about_a_second_look_learns_nothing(
    agreed: bool, prober: str, kind: NoticeType
) -> None:
    """I9: with a permit the holder's officer is asked, without one nobody; the guesser sees no difference."""

    def build(*, present: bool) -> Town:
        holder = "mbr_kent" if prober == "mbr_medway" else "mbr_medway"
        return region(present=present, agreed=agreed, holder=holder)

    both_ways(build, prober, IN_DOUBT, kind)


@pytest.mark.parametrize("guess", [ADA, ADA_KNOWN_BY_NAME, IN_DOUBT])
def test_a_forged_duplicate_learns_nothing(guess: Move) -> None:
    """I9: who says that somebody has come to it too, knowing everything, is told nothing by itself."""

    def build(*, present: bool) -> Town:
        return region(present=present, holder="mbr_medway")

    both_ways(build, "mbr_kent", guess, NoticeType.NEW_ARRIVAL)


@pytest.mark.parametrize("later", range(9))
def test_a_second_look_takes_only_the_room_that_a_slot_has(later: int) -> None:
    """I9: however full a prober makes the slots that follow, a look it brought about makes none longer."""
    grown = []
    for present in (True, False):
        town = region(present=present)
        medway = town.members["mbr_medway"]
        medway.publishes(IN_DOUBT, NoticeType.NEW_ARRIVAL)
        town.slot()
        for number in range(later):
            medway.publishes(replace(NOBODY, given=f"Nemo{number}"), NoticeType.NEW_ARRIVAL)
        before = len(town.sizes)
        for _ in range(3):
            town.slot()
        grown.append([b - a for a, b in itertools.pairwise(town.sizes[before - 1 :])])
        assert len(town.members["mbr_kent"].looks()) == present
    assert grown[0] == grown[1]
