"""The gateway as one object: publish once, survive the hub, decide before sending, answer by name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.member import Gateway
from adapters.member.errors import GatewayFault, HubRefused, HubUnreachable
from adapters.move import Address, Establishment, Found, Move
from hub.consent.question import Category
from hub.protocols.acknowledgement import Answer, OutcomeKind
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.names import MemberId, MemberKind, NoticeId, NoticeType
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import Town
from tests.simulators.wire import Answer as Answered
from tests.simulators.wire import Wire
from tests.story.people import ADA, SHIELDED

MEDWAY = MemberId("mbr_medway")
Neighbours = tuple[Gateway, Gateway]


def another(number: int) -> Move:
    """One more person."""
    return replace(ADA, given=f"Ada{'abcdefghij'[number % 10]}", upn=None, place=f"row {number + 3}")


# --- publish ----------------------------------------------------------------------------------------


def test_what_is_published_is_promised_and_sent_once(kent: Gateway) -> None:
    """The same rows again change nothing, and a row that differs is another notice."""
    first = kent.publish([ADA, another(1)], NoticeType.MOVED_OUT, "A. Officer")
    assert (len(first.promised), first.queued, first.again, first.refused) == (2, 2, 0, [])
    second = kent.publish([ADA, another(1), another(2)], NoticeType.MOVED_OUT, "A. Officer")
    assert (len(second.promised), second.queued, second.again) == (1, 1, 2)
    assert {one.state for one in kent.records.all_sent()} == {"published"}
    assert all(one.promise for one in kent.records.all_sent())


def test_people_out_of_scope_are_dropped_before_hashing(kent: Gateway, wire: Wire) -> None:
    """They are counted, and nothing of them is kept or sent."""
    child = replace(ADA, dob=ADA.dob.replace(year=2016))
    grown = replace(ADA, dob=ADA.dob.replace(year=2001))
    soon = replace(ADA, dob=ADA.dob.replace(year=2006, month=12, day=1))
    done = kent.publish([child, grown, soon], NoticeType.MOVED_OUT, "A. Officer")
    assert (done.out_of_scope, done.queued) == (3, 0)
    assert kent.records.all_sent() == []
    assert "POST /v1/notice-batches" not in wire.calls


def test_progress_is_told_row_by_row(kent: Gateway) -> None:
    """Whatever becomes of the row."""
    told: list[int] = []
    kent.publish(
        [ADA, replace(ADA, dob=ADA.dob.replace(year=2001))], NoticeType.MOVED_OUT, "A. Officer", told.append
    )
    assert told == [1, 2]


def test_a_row_that_cannot_be_sealed_is_named_and_the_others_go(kent: Gateway) -> None:
    """A part that is too long costs its row and no other."""
    long = replace(another(1), establishment=Establishment(name="x" * 1500))
    done = kent.publish([long, ADA], NoticeType.MOVED_OUT, "A. Officer")
    assert len(done.promised) == 1
    assert [one.place for one in done.refused] == ["row 4"]
    assert "x" * 20 not in done.refused[0].detail


def test_a_publish_survives_the_hub_being_down(kent: Gateway, wire: Wire) -> None:
    """Everything is hashed, sealed, signed and kept; the next poll sends it."""
    kent.publish([another(1)], NoticeType.MOVED_OUT, "A. Officer")
    wire.down = True
    done = kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    assert (done.promised, done.queued) == ([], 1)
    assert done.later is not None
    with pytest.raises(HubUnreachable):
        kent.poll()
    wire.down = False
    kent.poll()
    assert [one.state for one in kent.records.all_sent()] == ["published", "published"]


def test_a_first_publish_needs_the_hub_once(kent: Gateway, wire: Wire) -> None:
    """Without an epoch nothing can be hashed, and nothing is pretended."""
    wire.down = True
    with pytest.raises(HubUnreachable):
        kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    assert kent.records.all_sent() == []


def results(*answers: dict[str, Json]) -> Callable[[str, Answered], Answered]:
    """The hub answers a batch in this way."""
    return lambda call, answer: (200, {"results": [*answers]}) if call.endswith("batches") else answer


def test_what_the_hub_does_not_take_now_stays_queued(kent: Gateway, wire: Wire) -> None:
    """A quota or a fault of the hub's is no refusal of the notice."""
    wire.tampers = results({"status": 429, "code": "quota-exceeded", "title": "no", "detail": "tomorrow"})
    done = kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    assert (done.later, done.refused) == ("tomorrow", [])
    wire.tampers = lambda _, answer: answer
    assert len(kent.flush().promised) == 1


def test_what_the_hub_refuses_is_named_and_can_be_sent_again(kent: Gateway, wire: Wire) -> None:
    """And its keys are not kept."""
    wire.tampers = results({"status": 403, "code": "member-may-not-publish", "title": "no", "detail": "ask"})
    done = kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    assert [one.code for one in done.refused] == ["member-may-not-publish"]
    assert kent.records.all_sent()[0].body == {"forgotten": True}
    wire.tampers = lambda _, answer: answer
    assert len(kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer").promised) == 1


def test_more_than_a_batch_is_sent_in_batches(
    kent: Gateway, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, and nobody twice."""
    monkeypatch.setattr("adapters.member.outbox.BATCH", 2)
    done = kent.publish([another(number) for number in range(5)], NoticeType.MOVED_OUT, "A. Officer")
    assert len(set(done.promised)) == 5
    assert wire.calls.count("POST /v1/notice-batches") == 3


def test_a_promise_about_something_else_is_not_believed(kent: Gateway, wire: Wire, town: Town) -> None:
    """The notice stays queued until the hub promises that very notice."""
    first = kent.publish([another(1)], NoticeType.MOVED_OUT, "A. Officer").promised[0]
    kept = kent.records.sent(first)
    assert kept is not None
    assert kept.promise is not None
    wire.tampers = results({"status": 202, "notice": first, "promise": kept.promise})
    with pytest.raises(Untrusted, match="promise-other"):
        kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    assert len(kent.records.queued(10)) == 1


@pytest.mark.parametrize("answers", [[], [{"status": 202}, {"status": 202}]])
def test_an_answer_for_another_number_is_malformed(
    kent: Gateway, wire: Wire, answers: list[dict[str, Json]]
) -> None:
    """Results go by their order, so there must be as many."""
    wire.tampers = results(*answers)
    with pytest.raises(MalformedMessage, match="results-count"):
        kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")


# --- named recipients ------------------------------------------------------------------------------


@pytest.fixture
def college(town: Town, wire: Wire, neighbours: Neighbours, tmp_path: Path) -> Gateway:
    """A college with an agreement, that Medway has asked to notify."""
    joined = wire.joins("mbr_north-kent-college", tmp_path / "college", MemberKind.COLLEGE)
    town.agrees("north-kent-college-enrolments")
    town.asks_for_notices("mbr_medway", "mbr_north-kent-college")
    return joined


def test_an_enrolment_goes_to_the_home_authority(
    town: Town, college: Gateway, neighbours: Neighbours
) -> None:
    """By the postcode of the home, with the key box made at once."""
    done = college.publish([ADA], NoticeType.CROSS_BORDER_ENROLMENT, "A. Officer")
    kept = college.records.sent(done.promised[0])
    assert kept is not None
    assert kept.recipient == MEDWAY
    come_to_rest(town, *neighbours, college)
    assert [one.sender for one in neighbours[1].received()] == ["mbr_north-kent-college"]


@pytest.mark.parametrize(
    ("postcode", "code"),
    [
        ("LS1 1BA", "route-no-member"),
        ("ZZ99 3VZ", "route-doubtful"),
        ("nonsense", "route-doubtful"),
        (None, "route-doubtful"),
    ],
)
def test_an_enrolment_whose_home_is_in_doubt_is_named(
    college: Gateway, postcode: str | None, code: str
) -> None:
    """A person decides; the other rows go."""
    lost = replace(another(1), to_address=Address((), postcode), from_address=None)
    done = college.publish([lost, ADA], NoticeType.CROSS_BORDER_ENROLMENT, "A. Officer")
    assert len(done.promised) == 1
    assert [(one.place, one.code) for one in done.refused] == [("row 4", code)]


def test_a_person_says_who_is_meant_where_a_postcode_does_not_tell(college: Gateway) -> None:
    """And a postcode that does tell is not overruled."""
    lost = replace(another(1), to_address=Address((), "nonsense"), from_address=None)
    done = college.publish(
        [lost, ADA], NoticeType.CROSS_BORDER_ENROLMENT, "A. Officer", in_doubt=MemberId("mbr_kent")
    )
    recipients = sorted(str(one.recipient) for one in college.records.all_sent())
    assert (len(done.promised), recipients) == (2, ["mbr_kent", "mbr_medway"])


def test_an_enrolment_in_the_own_area_crosses_no_border(college: Gateway, wire: Wire, tmp_path: Path) -> None:
    """It is counted and not sent."""
    college.home.pin(replace(college.pinned, area="887"))
    done = wire.opens(tmp_path / "college").publish([ADA], NoticeType.CROSS_BORDER_ENROLMENT, "A. Officer")
    assert (done.at_home, done.queued) == (1, 0)


def test_rows_whose_recipient_cannot_be_asked_for_are_left_for_later(college: Gateway, wire: Wire) -> None:
    """Nothing is half sent: the same file is given again."""
    college.epoch()
    college.refresh()
    wire.down = True
    done = college.publish([ADA, another(1)], NoticeType.CROSS_BORDER_ENROLMENT, "A. Officer")
    assert (done.not_read, done.queued, done.refused) == (2, 0, [])
    assert done.later is not None


# --- what binds ---------------------------------------------------------------------------------------


def test_a_dry_run_says_what_would_go_and_which_clause_says_no(neighbours: Neighbours, wire: Wire) -> None:
    """Before any personal data leaves: nothing is sent."""
    kent, _ = neighbours
    answers = {one.category: one for _, one in kent.dry_run(ADA, NoticeType.MOVED_OUT, MEDWAY)}
    assert set(answers) == set(Category)
    assert answers[Category.IDENTITY].permit is not None
    assert answers[Category.CARE].permit is None
    shielded = {one.category: one for _, one in kent.dry_run(SHIELDED, NoticeType.MOVED_OUT, MEDWAY)}
    assert shielded[Category.FACT_OF_MATCH].reasons[0].code == "R-SHIELD"
    assert not [call for call in wire.calls if "notice" in call]


def test_without_an_epoch_nothing_can_be_hashed(kent: Gateway, wire: Wire) -> None:
    """And it is said so."""
    wire.tampers = lambda call, answer: (200, {"data": []}) if call.endswith("/epochs") else answer
    with pytest.raises(GatewayFault, match="no-epoch"):
        kent.epoch()


def test_an_epoch_that_the_custodian_did_not_sign_is_refused(
    kent: Gateway, tmp_path: Path, wire: Wire
) -> None:
    """A hub cannot plant a linkage key that it knows."""
    kent.home.pin(replace(kent.pinned, custodian_identity=kent.identity))
    other = wire.opens(tmp_path / "kent")
    with pytest.raises(Untrusted):
        other.epoch()


def test_without_a_pinned_custodian_nothing_is_believed(kent: Gateway, tmp_path: Path, wire: Wire) -> None:
    """The next step is named."""
    kent.home.pin(replace(kent.pinned, custodian_identity=None))
    with pytest.raises(GatewayFault, match="pin-custodian"):
        wire.opens(tmp_path / "kent").epoch()


def test_a_linkage_key_is_learned_once_and_kept(
    kent: Gateway, tmp_path: Path, wire: Wire, town: Town
) -> None:
    """Over a restart too."""
    epoch = kent.epoch()
    kent.close()
    before = len(wire.calls)
    again = wire.opens(tmp_path / "kent")
    assert again.epoch() == epoch == town.epoch
    assert not [call for call in wire.calls[before:] if call.endswith("/wrapped-key")]
    assert again.epochs() == [{"epoch": epoch, "state": "in_force", "held": True}]


# --- answers of people -----------------------------------------------------------------------------------


def test_a_restricted_key_request_waits_for_an_officer(town: Town, neighbours: Neighbours) -> None:
    """Approved by both sides, still no machine gives the key of a shielded notice."""
    kent, medway = neighbours
    kent.publish([SHIELDED], NoticeType.MOVED_OUT, "A. Officer")
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "A. Officer")
    for gateway in (medway, kent):
        come_to_rest(town, kent, medway)
        (task,) = gateway.records.waiting("officer_task")
        gateway.approve_task(task.item, "N. Officer", approve=True, named=True)
    come_to_rest(town, kent, medway)
    (request,) = kent.records.waiting("key_request")
    assert medway.received() == []
    assert kent.grant_restricted(request.item, "N. Officer").granted == 1
    come_to_rest(town, kent, medway)
    assert [one.stage for one in medway.received()][:1] == ["identity"]
    assert kent.waiting() == []


def test_an_officer_may_decline(town: Town, neighbours: Neighbours) -> None:
    """The key, or the match itself; then nothing goes."""
    kent, medway = neighbours
    kent.publish([SHIELDED], NoticeType.MOVED_OUT, "A. Officer")
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "A. Officer")
    come_to_rest(town, kent, medway)
    (task,) = medway.records.waiting("officer_task")
    medway.approve_task(task.item, "N. Officer", approve=True, named=True)
    come_to_rest(town, kent, medway)
    (task,) = kent.records.waiting("officer_task")
    kent.approve_task(task.item, "N. Officer", approve=True, named=True)
    come_to_rest(town, kent, medway)
    (request,) = kent.records.waiting("key_request")
    taken = kent.grant_restricted(request.item, "N. Officer", grant=False)
    assert (taken.granted, taken.refused) == (0, 1)
    come_to_rest(town, kent, medway)
    assert medway.received() == []


def test_a_declined_match_goes_no_further(town: Town, neighbours: Neighbours) -> None:
    """One side's no is enough."""
    kent, medway = neighbours
    kent.publish([SHIELDED], NoticeType.MOVED_OUT, "A. Officer")
    medway.publish([ADA], NoticeType.NEW_ARRIVAL, "A. Officer")
    come_to_rest(town, kent, medway)
    (task,) = medway.records.waiting("officer_task")
    medway.approve_task(task.item, "N. Officer", approve=False)
    come_to_rest(town, kent, medway)
    assert kent.waiting() == []
    assert not medway.records.approved_here(NoticeId(str(task.notice)))


@pytest.mark.parametrize(
    "act",
    [
        lambda gateway: gateway.decide_unsure("dis_00000000000000000000000001", Answer.SAME, "N. Officer"),
        lambda gateway: gateway.grant_restricted("dis_00000000000000000000000001", "N. Officer"),
        lambda gateway: gateway.approve_task("dis_00000000000000000000000001", "N. Officer", approve=True),
        lambda gateway: gateway.report_outcome("dis_00000000000000000000000001", OutcomeKind.NOT_OURS),
        lambda gateway: gateway.acknowledge("dis_00000000000000000000000001"),
        lambda gateway: gateway.open("dis_00000000000000000000000001"),
        lambda gateway: gateway.withdraw(NoticeId("ntc_00000000000000000000000001"), "sent_in_error"),
    ],
)
def test_what_is_not_here_cannot_be_answered(kent: Gateway, act: Callable[[Gateway], object]) -> None:
    """And the next step is named."""
    with pytest.raises(GatewayFault, match="unknown"):
        act(kent)


def test_a_delivery_is_seen_when_somebody_opens_it(town: Town, neighbours: Neighbours) -> None:
    """And acknowledged to its sender when it has reached the people who work with it."""
    kent, medway = neighbours
    move(kent, medway)
    come_to_rest(town, kent, medway)
    item = medway.received()[0].item
    seen = [medway.seen(item)]
    medway.open(item)
    assert [*seen, medway.seen(item)] == [False, True]
    medway.acknowledge(medway.received()[1].item)
    come_to_rest(town, kent, medway)
    assert kent.records.all_sent()[0].state == "acknowledgement:actioned"


def test_a_queued_notice_is_withdrawn_without_the_hub(kent: Gateway, wire: Wire) -> None:
    """It was never there."""
    kent.epoch()
    wire.down = True
    kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    kent.withdraw(kent.records.all_sent()[0].notice, "sent_in_error")
    assert kent.records.all_sent()[0].state == "withdrawn"
    wire.down = False
    assert kent.flush().promised == []


def test_a_withdrawal_that_the_hub_did_not_hear_changes_nothing_here(kent: Gateway, wire: Wire) -> None:
    """It is said, and done again."""
    notice = kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer").promised[0]
    wire.down = True
    with pytest.raises(HubUnreachable):
        kent.withdraw(notice, "sent_in_error")
    kept = kent.records.sent(notice)
    assert kept is not None
    assert kept.state == "published"


# --- once a day -------------------------------------------------------------------------------------------


def test_what_was_asserted_is_renewed_while_it_is_true(town: Town, kent: Gateway, wire: Wire) -> None:
    """Not sooner than after twenty days, once, and with the flags that it had."""
    kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    town.slot()
    for days, renewed in ((19, 0), (2, 1), (1, 1), (20, 2)):
        town.days_pass(days)
        kent.poll()
        kent.poll()
        assert wire.calls.count(f"POST /v1/notices/{kent.records.all_sent()[0].notice}/assertions") == renewed


def test_who_has_grown_out_of_scope_is_renewed_no_more(town: Town, kent: Gateway, wire: Wire) -> None:
    """The notice stops by itself; nobody asserts what is not true."""
    kent.publish(
        [replace(ADA, dob=ADA.dob.replace(year=2006, month=12, day=30))], NoticeType.MOVED_OUT, "A. Officer"
    )
    town.days_pass(25)
    kent.poll()
    assert not [call for call in wire.calls if call.endswith("/assertions")]


def test_a_status_that_extends_the_scope_is_kept_for_renewal(town: Town, kent: Gateway, wire: Wire) -> None:
    """A plan carries a young person beyond nineteen."""
    grown = replace(ADA, dob=ADA.dob.replace(year=2004), found=frozenset({Found.EHC_PLAN}))
    kent.publish([grown], NoticeType.MOVED_OUT, "A. Officer")
    town.days_pass(25)
    kent.poll()
    assert [call for call in wire.calls if call.endswith("/assertions")]


def test_a_notice_that_the_hub_has_ended_is_not_renewed(town: Town, kent: Gateway, wire: Wire) -> None:
    """Its no is taken as an answer, and the others go on."""
    kent.publish([ADA, another(1)], NoticeType.MOVED_OUT, "A. Officer")
    town.days_pass(25)
    first = kent.records.all_sent()[0].notice
    wire.tampers = lambda call, answer: (
        (404, {"code": "not-found", "detail": "no"}) if call.endswith(f"{first}/assertions") else answer
    )
    kent.poll()
    assert len([call for call in wire.calls if call.endswith("/assertions")]) == 2


def test_a_notice_whose_time_is_over_is_forgotten(town: Town, kent: Gateway) -> None:
    """On the day after the 31 January that follows."""
    kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    town.days_pass(69)
    kent.poll()
    assert "keys" in str(kent.records.all_sent()[0].body)
    town.days_pass(1)
    kent.poll()
    assert (kent.records.all_sent()[0].state, kent.records.all_sent()[0].body) == (
        "expired",
        {"forgotten": True},
    )


def test_a_member_that_was_suspended_is_told(kent: Gateway, wire: Wire) -> None:
    """The hub's no is passed on as what it is."""
    wire.tampers = lambda call, answer: (
        (403, {"code": "access-withdrawn", "detail": "ring us"}) if call == "GET /v1/inbox" else answer
    )
    with pytest.raises(HubRefused, match="access-withdrawn"):
        kent.poll()


def test_a_gateway_is_closed_with_its_block(wire: Wire, kent: Gateway, tmp_path: Path) -> None:
    """Connections and records."""
    with wire.opens(tmp_path / "kent") as gateway:
        gateway.epoch()
    with pytest.raises(Exception, match="closed"):
        gateway.records.all_sent()
