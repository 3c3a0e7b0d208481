"""The life of an agreement, and what does not get it to live: each refused, or harmless."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hub.exchange import agree
from hub.exchange.errors import Declined
from hub.exchange.stages import Paper, PaperKind, PaperState
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.errors import ProtocolError
from hub.protocols.mandate import Change, Suspension, sign_suspension
from hub.protocols.names import AgreementId, MemberId, NoticeType
from hub.protocols.signing import Typ, sign_document
from tests.simulators.town import Town, TownMember, example_agreement
from tests.story.people import ADA

KENT, MEDWAY, LAMBETH = (MemberId(f"mbr_{name}") for name in ("kent", "medway", "lambeth"))
NAME = "agr_kent-medway-movers"


@pytest.fixture
def town() -> Town:
    """Two neighbours and a third council; nothing is agreed."""
    town = Town()
    for member in (KENT, MEDWAY, LAMBETH):
        town.admits(member)
    return town


def document(town: Town, starts: int = -30, review: int = 300, **changes: Json) -> dict[str, Json]:
    """The worked example, beginning and reviewed so many days from now."""
    today = town.now.date()
    life: Json = {
        "starts": (today + timedelta(starts)).isoformat(),
        "review": (today + timedelta(review)).isoformat(),
        "grace_days": 0,
        "on_end": "stop_at_once",
    }
    return {**example_agreement("kent-medway-movers"), "life": life, **changes}


def signed(town: Town, text: Json, member: MemberId, typ: Typ = Typ.AGREEMENT) -> Any:  # noqa: ANN401
    """A member's pair of signatures."""
    return sign_document(canonical.encode(text), typ, town.members[member].keyring.identity)


def proposes(town: Town, text: Json, signatures: Json, member: MemberId) -> Paper:
    """A member brings a document and signatures."""
    with town.store.write() as work:
        return agree.propose(text, signatures, member, work, town.hub)


def names_at(recipient: TownMember) -> int:
    """How many names have come to a member."""
    return len(recipient.names())


def moves(town: Town) -> tuple[TownMember, TownMember]:
    """Ada moves from Kent to Medway, and everything that may happen happens."""
    kent, medway = town.members[KENT], town.members[MEDWAY]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    for _ in range(6):
        town.slot()
        kent.collects()
        medway.collects()
    return kent, medway


def one_algorithm(town: Town, text: Json) -> Json:
    """Ed25519 alone."""
    pair = signed(town, text, MEDWAY)
    return {**pair, "signatures": pair["signatures"][:1]}


@pytest.mark.parametrize(
    "bad",
    [
        lambda town, text: signed(town, text, LAMBETH),
        lambda town, text: signed(town, text, KENT),
        lambda town, text: signed(town, {**text, "title": "Another"}, MEDWAY),
        lambda town, text: signed(town, text, MEDWAY, Typ.MANDATE),
        one_algorithm,
    ],
    ids=[
        "a stranger's key",
        "the other party's key",
        "other bytes",
        "another kind of paper",
        "one algorithm",
    ],
)
def test_a_signature_that_does_not_hold_brings_nothing_into_force(
    town: Town, bad: Callable[[Town, Json], Json]
) -> None:
    """Kent has signed; Medway has not, whatever is brought in its name."""
    text = document(town)
    proposes(town, text, signed(town, text, KENT), KENT)
    with pytest.raises(ProtocolError):
        proposes(town, text, bad(town, text), MEDWAY)
    moves(town)
    assert names_at(town.members[MEDWAY]) == 0
    proposes(town, text, signed(town, text, MEDWAY), MEDWAY)
    town.slot()
    assert names_at(moves(town)[1]) > 0


def test_a_signature_after_the_end_brings_nothing_back(town: Town) -> None:
    """The same bytes, rightly signed, once more by both: ended is ended."""
    text = document(town)
    town.binds(text)
    town.suspends(NAME, KENT, Change.END)
    town.slot()
    for member in (KENT, MEDWAY):
        assert proposes(town, text, signed(town, text, member), member).state is PaperState.ENDED
    assert names_at(moves(town)[1]) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 3},
        {"version": 2, "supersedes": {"version": 1, "digest": canonical.digest(b"another")}},
        {"version": 2, "supersedes": {"version": 2, "digest": canonical.digest(b"another")}},
    ],
)
def test_versions_neither_overlap_nor_leave_a_gap(town: Town, wrong: dict[str, Json]) -> None:
    """Each names the very bytes that it follows; the one in force stays so until then."""
    text = document(town)
    town.binds(text)
    unnamed: Json = {"version": 2, "digest": canonical.digest(b"x")}
    following: dict[str, Json] = {**text, "supersedes": unnamed, **wrong}
    with pytest.raises(Declined, match="version-gap"):
        proposes(town, following, signed(town, following, KENT), KENT)
    with town.store.read() as work:
        states = [paper.state for paper in work.papers.all(PaperKind.AGREEMENT)]
    assert states == [PaperState.IN_FORCE]


def following(text: dict[str, Json], **changes: Json) -> dict[str, Json]:
    """The version that comes after a document and names its digest."""
    before: Json = {"version": text["version"], "digest": canonical.digest(canonical.encode(text))}
    version = text["version"]
    assert isinstance(version, int)
    return {**text, "version": version + 1, "supersedes": before, **changes}


def with_lambeth(text: dict[str, Json]) -> list[Json]:
    """The parties of a document, and Lambeth beside them."""
    parties = text["parties"]
    assert isinstance(parties, list)
    (one, *_) = parties
    assert isinstance(one, dict)
    return [*parties, {**one, "member": LAMBETH, "name": "Lambeth London Borough Council"}]


def test_who_is_no_party_proposes_no_version(town: Town) -> None:
    """Whoever knows the digest could write itself in: it would be in everybody's way."""
    text = document(town)
    town.binds(text)
    joined = following(text, parties=with_lambeth(text))
    with pytest.raises(Declined, match="party-missing"):
        proposes(town, joined, signed(town, joined, LAMBETH), LAMBETH)


def test_who_is_in_a_proposal_alone_ends_nothing(town: Town) -> None:
    """Asked to join by the next version, a member has no word on the one that binds."""
    text = document(town)
    town.binds(text)
    joined = following(text, parties=with_lambeth(text))
    proposes(town, joined, signed(town, joined, KENT), KENT)
    word = Suspension(AgreementId(NAME), 1, LAMBETH, Change.END, town.now)
    ended = sign_suspension(word, town.members[LAMBETH].keyring.identity)
    with town.store.write() as work, pytest.raises(ProtocolError, match="suspension-other"):
        agree.change_agreement(NAME, ended, LAMBETH, work, town.hub)
    assert names_at(moves(town)[1]) == 1


def test_a_proposal_that_never_bound_can_be_taken_back_by_the_next(town: Town) -> None:
    """A party written in by mistake need not sign itself out again."""
    text = document(town)
    town.binds(text)
    mistaken = following(text, parties=with_lambeth(text))
    proposes(town, mistaken, signed(town, mistaken, KENT), KENT)
    town.binds(following(mistaken, parties=text["parties"]))
    with town.store.read() as work:
        states = [paper.state for paper in work.papers.all(PaperKind.AGREEMENT)]
    assert states == [PaperState.SUPERSEDED, PaperState.SUPERSEDED, PaperState.IN_FORCE]


def test_of_two_versions_one_is_in_force(town: Town) -> None:
    """With the second one's entry the first is superseded."""
    text = document(town)
    town.binds(text)
    digest = canonical.digest(canonical.encode(text))
    town.binds({**text, "version": 2, "supersedes": {"version": 1, "digest": digest}})
    with town.store.read() as work:
        states = [paper.state for paper in work.papers.all(PaperKind.AGREEMENT)]
    assert states == [PaperState.SUPERSEDED, PaperState.IN_FORCE]
    assert names_at(moves(town)[1]) == 1


def test_nothing_flows_the_day_before_the_first_day(town: Town) -> None:
    """A gateway whose clock is a day ahead would send already: the hub's own clock holds it."""
    town.binds(document(town, starts=1))
    assert names_at(moves(town)[1]) == 0
    assert "R-AGREEMENT" in town.refusals()


def test_nothing_flows_the_day_after_the_last_day(town: Town) -> None:
    """A gateway whose clock is a day behind would send still: by the hub's own clock it has lapsed."""
    town.binds(document(town, review=1))
    town.days_pass(2)
    assert names_at(moves(town)[1]) == 0
    assert "R-EXPIRED" in town.refusals()
