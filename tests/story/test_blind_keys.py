"""Somebody in hiding: the new area gets what it needs, and the old one never learns which it is.

Three areas share one agreement. The old area's officers approve, and its gateway makes a box for
each of the other two; the hub hands over one. Nothing that the old area sees, may read or can
provoke depends on which.
"""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.member.blind_grants import BlindlyGranted
from hub.exchange import reception
from hub.exchange.errors import Declined, NotYours
from hub.exchange.stages import ItemKind, Passage
from hub.exchange.states import PassageState
from hub.protocols import canonical
from hub.protocols.acknowledgement import Answer, OutcomeKind
from hub.protocols.blind_key import (
    BlindKeyRequest,
    SealedTo,
    read_blind_grant,
    read_blind_request,
    sign_blind_grant,
)
from hub.protocols.errors import ProtocolError
from hub.protocols.names import Digest, NoticeId, NoticeType, Part
from hub.protocols.sealing import seal_box
from tests.simulators.region import AREAS, region_agreement
from tests.simulators.town import Town, TownMember
from tests.story.people import ADA, ADA_KNOWN_BY_NAME, SHIELDED
from tests.story.test_recalls import recalls

OTHERS = ("mbr_lambeth", "mbr_medway")


@pytest.fixture
def town() -> Town:
    """Three areas with one agreement."""
    town = Town()
    for member, area in AREAS.items():
        town.admits(member, area=area)
    town.binds(region_agreement())
    return town


def met(town: Town, arrived: str = "mbr_medway") -> tuple[NoticeId, NoticeId]:
    """Ada, who is in hiding, has left Kent and has come to one of the others."""
    departure = town.members["mbr_kent"].publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    arrival = town.members[arrived].publishes(SHIELDED, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    return departure, arrival


def approved(town: Town, arrived: str = "mbr_medway", *, named: bool = False) -> tuple[NoticeId, NoticeId]:
    """The same, and officers of both sides have approved."""
    notices = met(town, arrived)
    there, kent = town.members[arrived], town.members["mbr_kent"]
    there.approves(there.tasks[0], named=named)
    town.night_passes()
    kent.approves(kent.tasks[0])
    town.night_passes()
    return notices


def seen(member: TownMember) -> str:
    """Everything that a member was ever shown or may read, with what the hub signed for it unpacked."""
    with member.town.store.read() as work:
        items = work.inboxes.page(member.member, 0, 10_000, work.log.size())
    bodies = [item.body for item in items if isinstance(item.body, dict)]
    signed = [
        canonical.decode(canonical.unb64u(segment))
        for body in bodies
        for name in ("request", "signed")
        for segment in str(body.get(name, "")).split(".")[:2]
        if segment
    ]
    headers = [[item.kind.value, item.about, item.passage] for item in items]
    about_people = [record for record in member.may_read() if record.get("notice") is not None]
    return json.dumps([headers, [*bodies], signed, about_people])


def way(town: Town, notice: NoticeId) -> Passage:
    """The way of this notice."""
    (found,) = [one for one in town.passages(notice) if one.notice == notice]
    return found


@pytest.mark.parametrize("arrived", OTHERS)
def test_the_new_area_gets_its_parts_and_the_old_one_no_name(town: Town, arrived: str) -> None:
    """Whoever of the two it is: names and further parts arrive, the address does not, Kent learns neither."""
    departure, arrival = approved(town, arrived)
    there, kent = town.members[arrived], town.members["mbr_kent"]
    assert {Part.IDENTITY, Part.PARTICIPATION} <= there.parts()
    assert Part.ADDRESS not in there.parts()
    assert (kent.opened, kent.granted) == ([], [])
    assert way(town, arrival).state is PassageState.REFUSED
    there.reports(there.opened[0], OutcomeKind.IN_CASELOAD)
    town.night_passes()
    assert way(town, departure).state is PassageState.CLOSED
    told = [item.body for item in kent.told if isinstance(item.body, dict)]
    assert {"opened", "in_caseload"} <= {body["says"] for body in told}


@pytest.mark.parametrize("named", [False, True])
def test_what_the_old_area_sees_names_neither_more_than_the_other(town: Town, named: bool) -> None:
    """Search: outside the list of candidates nothing of the new area, unless it let itself be named."""
    _, arrival = approved(town, named=named)
    medway, kent = town.members["mbr_medway"], town.members["mbr_kent"]
    text = seen(kent)
    medway.reports(medway.opened[0], OutcomeKind.IN_CASELOAD)
    town.night_passes()
    assert ("mbr_medway" in seen(kent)) is named  # the request is forgotten with the notice
    text += seen(kent)
    telling = [arrival, medway.keyring.signing.public.key_id, way(town, arrival).passage]
    assert any(word in text for word in telling) is named
    listed = [town.members[other].keyring.sealing[-1].public.key_id for other in OTHERS]
    assert [text.count(word) for word in (*OTHERS, *listed)] == [1, 1, 1, 1] or named
    assert ("mbr_lambeth" in text) is not named


def test_what_the_old_area_sees_has_one_shape_whoever_it_is() -> None:
    """As many items, entries and characters, in the same order, for either candidate."""

    def shape(arrived: str) -> list[tuple[str, int]]:
        town = Town()
        for member, area in AREAS.items():
            town.admits(member, area=area)
        town.binds(region_agreement())
        approved(town, arrived)
        there, kent = town.members[arrived], town.members["mbr_kent"]
        there.reports(there.opened[0], OutcomeKind.ALREADY_KNOWN)
        town.night_passes()
        items = [(item.kind.value, len(json.dumps(item.body))) for item in kent.sees()]
        entries = [(str(record["kind"]), len(json.dumps(record))) for record in kent.may_read()]
        return [*items, *entries, ("log", town.sizes[-1])]

    assert shape("mbr_medway") == shape("mbr_lambeth")


def test_a_request_lists_every_party_of_the_clause_alike(town: Town) -> None:
    """Sorted, each with its newest key, the sender not among them; the log says the same and no name."""
    approved(town)
    kent = town.members["mbr_kent"]
    (item,) = kent.sees(ItemKind.KEY_REQUEST)
    assert item.body is None  # answered by now: it is asked no longer
    (entry,) = [record for record in kent.may_read() if record["kind"] == "key_request"]
    assert "recipient" not in entry
    with town.store.read() as work:
        kept = work.inboxes.get(item.item)
    assert kept is not None
    assert isinstance(kept.body, dict)
    request = read_blind_request(str(kept.body["request"]), town.hub.key.public)
    assert [one.member for one in request.candidates] == [*OTHERS]
    assert [one.key for one in request.candidates] == [
        town.members[member].keyring.sealing[-1].public.key_id for member in OTHERS
    ]


def test_an_agreement_of_two_would_name_the_other_so_nobody_is_asked() -> None:
    """The clause in the officer's task would tell: the old area is asked nothing, unless it may be told."""
    for named in (False, True):
        town = Town()
        kent, medway = town.admits("mbr_kent", area="886"), town.admits("mbr_medway", area="887")
        town.agrees("kent-medway-movers")
        met(town)
        medway.approves(medway.tasks[0], named=named)
        town.night_passes()
        assert (kent.sees() != []) is named
        assert "R-SHIELD" in town.refusals()


def test_those_who_are_named_by_another_clause_too_are_no_candidates() -> None:
    """Kent and Lambeth have an agreement of their own besides, which would be the one named for Lambeth."""
    town = Town()
    for member, area in AREAS.items():
        town.admits(member, area=area)
    town.binds(region_agreement())
    town.agrees("kent-lambeth-movers")
    departure, _ = met(town)
    medway, kent = town.members["mbr_medway"], town.members["mbr_kent"]
    medway.approves(medway.tasks[0])
    town.night_passes()
    assert kent.sees() == []
    assert way(town, departure).state is PassageState.REFUSED


def test_every_officer_of_the_side_has_to_let_it_be_named() -> None:
    """One of two says no to that: the side is not named, and an agreement of two carries nothing."""
    for words in ((True, True), (True, False), (False, True)):
        town = Town()
        kent, medway = town.admits("mbr_kent", area="886"), town.admits("mbr_medway", area="887")
        town.agrees("kent-medway-movers", {"approval": {"officers_each_side": 2}})
        met(town)
        for number, word in enumerate(words):
            medway.approves(medway.tasks[0], officer=f"Officer {number}", named=word)
            town.night_passes()
        assert (kent.sees() != []) is all(words)


def test_the_old_areas_word_names_nobody_but_itself(town: Town) -> None:
    """Whether the arrival's side is named is for its own officers to say."""
    met(town)
    medway, kent = town.members["mbr_medway"], town.members["mbr_kent"]
    medway.approves(medway.tasks[0])
    town.night_passes()
    kent.approves(kent.tasks[0], named=True)
    town.night_passes()
    assert kent.opened == []
    assert "mbr_medway" not in seen(kent).replace('"mbr_medway"', "", 1)


def test_who_set_a_shield_learns_nothing_by_lifting_it(town: Town) -> None:
    """The old area's own shield brought the match to officers; gone, it does not bring a name."""
    departure = town.members["mbr_kent"].publishes(SHIELDED, NoticeType.MOVED_OUT)
    town.slot()
    medway, kent = town.members["mbr_medway"], town.members["mbr_kent"]
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    medway.approves(medway.tasks[0])
    town.night_passes()
    kent.asserts(departure, shield=False)
    town.night_passes()
    kent.approves(kent.tasks[0])
    town.night_passes()
    kent.asserts(departure, shield=False)
    town.night_passes()
    assert kent.opened == []
    assert kent.granted == []
    assert way(town, arrival).state is PassageState.REFUSED


def test_a_withdrawal_reaches_whoever_has_it_and_the_answer_names_nobody(town: Town) -> None:
    """Erased at the recipient; the sender gets the hub's word that it is."""
    departure, _ = approved(town)
    medway, kent = town.members["mbr_medway"], town.members["mbr_kent"]
    kent.withdraws(departure)
    town.night_passes()
    assert medway.parts() == set()
    assert "erased" in {item.body["says"] for item in kent.told if isinstance(item.body, dict)}
    text = seen(kent)
    assert medway.keyring.signing.public.key_id not in text
    assert text.count("mbr_medway") == text.count("mbr_lambeth")


def test_a_notice_that_mends_tells_nobody_by_being_carried(town: Town) -> None:
    """A recall to each candidate would come back from one: it goes to none, and each ends alike."""
    departure, _ = approved(town)
    kent, before = town.members["mbr_kent"], len(town.entries("release"))
    for to in OTHERS:
        recalls(kent, departure, to)
    town.night_passes()
    assert len(town.entries("release")) == before
    assert [town.passages(notice) for notice in town.members["mbr_kent"].sent if notice != departure] == []


def wrong_box(boxes: list[str], place: int) -> list[str]:
    """The box of this candidate made for another key, or no box at all."""
    return [boxes[1 - place] if number == place else box for number, box in enumerate(boxes)]


def broken_box(boxes: list[str], place: int) -> list[str]:
    """The box of this candidate is none."""
    return ["A" * len(box) if number == place else box for number, box in enumerate(boxes)]


@pytest.mark.parametrize("spoils", [wrong_box, broken_box])
@pytest.mark.parametrize("place", [0, 1])
def test_a_bad_box_is_refused_whosever_it_is(
    town: Town, spoils: Callable[[list[str], int], list[str]], place: int
) -> None:
    """Else a sender would learn, from what the hub refuses, whether it was the one that is needed."""
    kent = town.members["mbr_kent"]
    kent.grants = False
    departure, _ = approved(town)
    request = way(town, departure).request
    assert isinstance(request, BlindKeyRequest)
    kent.grants = True
    made = granted(town, kent)
    boxes = spoils([*made.boxes], place)
    grant = read_blind_grant(made.grant, kent.keyring.signing.public)
    sealed = tuple(
        SealedTo(one.candidate, Digest(canonical.digest(box.encode())))
        for one, box in zip(grant.boxes, boxes, strict=True)
    )
    jws = sign_blind_grant(replace(grant, boxes=sealed), kent.keyring.signing)
    with pytest.raises(ProtocolError) as fault, town.store.write() as work:
        reception.receive_blind_grant(request.request, jws, boxes, kent.member, work, town.hub)
    assert fault.value.code in {"box-other-key", "box-length", "jwe-malformed", "message-malformed"}


def granted(town: Town, kent: TownMember) -> BlindlyGranted:
    """What Kent's gateway would answer, not brought to the hub yet."""
    brings, kent._brings = kent._brings, lambda *_: None  # type: ignore[method-assign]  # to hold it back
    (item,) = kent.sees(ItemKind.KEY_REQUEST)
    kent._grant(item)
    kent._brings = brings  # type: ignore[method-assign]  # as before
    made = kent.granted_blindly[-1]
    assert isinstance(made, BlindlyGranted)
    return made


@pytest.mark.parametrize("place", [0, 1])
def test_an_answer_that_comes_again_is_answered_alike_whosever_box_is_changed(town: Town, place: int) -> None:
    """After the hub has acted, the request is closed: for the same boxes, and for any others."""
    departure, _ = approved(town)
    kent = town.members["mbr_kent"]
    made, request = kent.granted_blindly[-1], way(town, departure).request
    assert isinstance(made, BlindlyGranted)
    assert request is not None
    again = granted_anew(town, kent, request, place, made)
    for grant, boxes in ((made.grant, made.boxes), again):
        with pytest.raises(Declined, match="request-closed"), town.store.write() as work:
            reception.receive_blind_grant(request.request, grant, boxes, kent.member, work, town.hub)


def granted_anew(
    town: Town, kent: TownMember, request: object, place: int, made: BlindlyGranted
) -> tuple[str, tuple[str, ...]]:
    """Another grant, in which the box of one candidate is made anew."""
    assert isinstance(request, BlindKeyRequest)
    sealed = town.members[OTHERS[place]].keyring.sealing[-1].public
    boxes = tuple(
        seal_box({}, request.notice, sealed) if number == place else box
        for number, box in enumerate(made.boxes)
    )
    grant = read_blind_grant(made.grant, kent.keyring.signing.public)
    named = tuple(
        SealedTo(one.candidate, Digest(canonical.digest(box.encode())))
        for one, box in zip(grant.boxes, boxes, strict=True)
    )
    return sign_blind_grant(replace(grant, boxes=named), kent.keyring.signing), boxes


def revokes(town: Town, member: str) -> None:
    """The newest sealing key of a member is taken out of use."""
    key = town.members[member].keyring.sealing[-1].public.key_id
    with town.store.write() as work:
        registered = work.members.key(key)
        assert registered is not None
        work.members.put_key(replace(registered, revoked_at_index=1))


def test_a_revoked_key_asks_nobody_anew(town: Town) -> None:
    """To be asked again when one candidate's key is revoked would tell that it was the one (I6)."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.grants = False
    departure, _ = approved(town)
    kent.grants = True
    made, request = granted(town, kent), way(town, departure).request
    assert request is not None
    revokes(town, "mbr_medway")
    medway.seals_anew()
    with town.store.write() as work:
        reception.receive_blind_grant(request.request, made.grant, made.boxes, kent.member, work, town.hub)
    kent.asserts(departure)
    town.night_passes()
    assert len(kent.sees(ItemKind.KEY_REQUEST)) == 1
    assert medway.opened == []
    assert way(town, departure).state is PassageState.REFUSED


def test_who_confirmed_and_what_was_refused_then_is_for_the_recipient_alone(town: Town) -> None:
    """An officer's name says where she works, a refusal's reasons may say in which role."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    medway.answers = False
    approved(town)
    town.suspends("agr_three-areas-movers", "mbr_lambeth")
    medway.confirms(medway.opened[0], Answer.SAME, "M. Edway-Officer")
    town.night_passes()
    read = {str(record["kind"]) for record in kent.may_read()}
    assert "confirmation" in read
    assert "refused" not in read
    assert town.entries("refused")
    assert "Edway" not in seen(kent)
    assert "Edway" in json.dumps(medway.may_read())


def test_a_second_look_under_a_shield_names_nobody_either(town: Town) -> None:
    """By an agreement of two the old area's officer would see who asks: she is asked where it may be told."""
    for named in (False, True):
        town = Town()
        kent, medway = town.admits("mbr_kent", area="886"), town.admits("mbr_medway", area="887")
        town.agrees("kent-medway-movers")
        boris = replace(SHIELDED, given="Boris", family="Madeup", upn=None)
        arrival = medway.publishes(boris, NoticeType.NEW_ARRIVAL)
        town.slot()
        kent.publishes(replace(boris, given="Nigel"), NoticeType.MOVED_OUT)
        town.night_passes()
        (look,) = medway.looks()
        medway.approves(look, named=named)
        town.night_passes()
        assert (kent.sees() != []) is named
        assert (way(town, arrival).state is PassageState.REFUSED) is not named


def test_a_blind_release_is_contested_by_nobody_here(town: Town) -> None:
    """A dispute is signed; so it is answered like one about nothing, whomever it names."""
    approved(town)
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    (entry, *_) = [record["index"] for record in medway.may_read() if record["kind"] == "release"]
    assert isinstance(entry, int)
    for member, other in ((medway, "mbr_kent"), *((kent, other) for other in OTHERS)):
        with pytest.raises(NotYours):
            member.contests(entry, other, "made-up words")


def test_a_request_that_names_is_not_shown_once_there_is_a_shield(town: Town) -> None:
    """I6: officers approved on thin evidence, then she hides; what was asked openly is asked no more."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.grants = medway.grants = False
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    arrival = medway.publishes(ADA_KNOWN_BY_NAME, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    kent.approves(kent.tasks[0])
    town.night_passes()
    medway.approves(medway.tasks[0])
    town.night_passes()
    (item,) = kent.sees(ItemKind.KEY_REQUEST)
    assert item.body is not None
    medway.asserts(arrival, shield=True)
    (item,) = kent.sees(ItemKind.KEY_REQUEST)
    assert (item.stopped, item.body) == (True, None)
