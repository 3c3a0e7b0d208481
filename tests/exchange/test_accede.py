"""One document, many signers: others join what is open to them, each by its own signature, for itself."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from hub.consent.documents import agreement_digest
from hub.consent.question import Actor, Role
from hub.exchange import reception
from hub.exchange.accede import accede, change_accession
from hub.exchange.errors import Declined, NotYours
from hub.exchange.stages import Paper, PaperState, Standing
from hub.exchange.store.audit import audit_store
from hub.exchange.store.unit_of_work import SqlStore, SqlWork
from hub.protocols import canonical
from hub.protocols.accession import Accession, sign_accession
from hub.protocols.canonical import Json
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.mandate import Change, Suspension, sign_suspension
from hub.protocols.names import AgreementId, MemberId, MemberKind
from tests.simulators.town import Town, example_agreement

KENT, MEDWAY, SURREY, COLLEGE = (
    MemberId(f"mbr_{name}") for name in ("kent", "medway", "surrey", "thames-college")
)
NAME = AgreementId("agr_kent-medway-movers")


def open_document() -> dict[str, Any]:
    """The worked example of two councils, open to others."""
    return {**example_agreement("kent-medway-movers"), "accession": {"groups": ["councils"]}}


def party(member: MemberId = SURREY, **changes: Json) -> dict[str, Json]:
    """A newcomer, as the form describes a party."""
    founder = open_document()["parties"][0]
    return {**founder, "member": member, "name": "Surrey County Council", **changes}


@pytest.fixture
def region(sqlite: SqlStore) -> Town:
    """Kent and Medway have an open agreement in force; Surrey and a college are there too."""
    town = Town(sqlite)
    for member in (KENT, MEDWAY, SURREY):
        town.admits(member)
    town.admits(COLLEGE, MemberKind.COLLEGE)
    town.binds(open_document())
    return town


def joins(
    town: Town,
    member: MemberId = SURREY,
    signer: MemberId | None = None,
    as_party: Mapping[str, Json] | None = None,
    **changes: Any,  # noqa: ANN401 - fields of an accession
) -> Paper:
    """A member signs its accession and brings it."""
    facts = {
        "agreement": NAME,
        "version": 1,
        "digest": agreement_digest(open_document()),
        "party": dict(as_party or party(member)),
        "signed_at": town.now,
    }
    signed = sign_accession(
        Accession(**{**facts, **changes}), town.members[signer or member].keyring.identity
    )
    with town.store.write() as work:
        return accede(NAME, signed, member, work, town.hub)


def says(town: Town, member: MemberId, change: Change, version: int = 1) -> Paper:
    """A member's word on the agreement, as the route takes it."""
    word = sign_suspension(
        Suspension(NAME, version, member, change, town.now), town.members[member].keyring.identity
    )
    with town.store.write() as work:
        return reception.change_agreement(NAME, word, member, work, town.hub)


def bound(town: Town, one: MemberId, other: MemberId) -> bool:
    """Whether an agreement in force reads from the one to the other."""
    actors = [Actor(member, MemberKind.AUTHORITY, Role.TRACKING_TEAM) for member in (one, other)]
    courses = town.terms().agreements.between(*actors)
    return any(course.standing(town.now).value == "in_force" for course in courses)


def test_an_accession_binds_once_it_is_in_the_log_and_with_everybody_there(region: Town) -> None:
    """Not before; and the newcomer goes live with it."""
    assert joins(region).state is PaperState.PROPOSED
    assert not bound(region, SURREY, KENT)
    region.slot()
    assert bound(region, SURREY, KENT)
    assert bound(region, MEDWAY, SURREY)
    assert not bound(region, COLLEGE, KENT)
    assert len(region.entries("accession")) == 1
    with region.store.read() as work:
        member = work.members.get(SURREY)
        assert list(audit_store(cast("SqlWork", work), region.hub)) == []
    assert member is not None
    assert member.standing is Standing.LIVE


def test_the_same_accession_again_changes_nothing(region: Town) -> None:
    """Twice is harmless, before and after it binds."""
    first = joins(region)
    assert joins(region) == first
    region.slot()
    assert joins(region).version == 1
    region.slot()
    assert len(region.entries("accession")) == 1


def test_151_authorities_need_one_document(region: Town) -> None:
    """Whoever joins second stands with whoever joined first, and no party signs anew."""
    essex = MemberId("mbr_essex")
    region.admits(essex)
    joins(region)
    joins(region, essex)
    region.slot()
    assert bound(region, SURREY, essex)
    assert bound(region, essex, SURREY)


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        ({"signer": KENT}, "signature-missing"),
        ({"version": 2}, "accession-other"),
        ({"digest": canonical.digest(b"other bytes")}, "accession-other"),
        ({"agreement": AgreementId("agr_other")}, "accession-other"),
        ({"as_party": party(KENT)}, "accession-other"),
        ({"as_party": party(group="institutions")}, "accession-closed"),
        ({"as_party": party(dpo="nobody")}, "agreement-malformed"),
        ({"member": COLLEGE, "as_party": party(COLLEGE)}, "member-kind"),
        ({"member": KENT, "as_party": party(KENT)}, "party-known"),
    ],
)
def test_an_accession_that_does_not_fit_is_refused(region: Town, what: dict[str, Any], fault: str) -> None:
    """Wrong key, other bytes, somebody else, another group, another kind of member: nobody has joined."""
    with pytest.raises((Untrusted, Declined, MalformedMessage), match=fault):
        joins(region, **what)
    region.slot()
    assert region.entries("accession") == []


def test_nobody_joins_what_is_not_open_or_does_not_bind(town: Town) -> None:
    """An agreement of two stays one of two, and for anybody else is not there at all (I7)."""
    town.admits(SURREY)
    digest = agreement_digest(example_agreement("kent-medway-movers"))
    with pytest.raises(NotYours):
        joins(town, digest=digest)
    says(town, KENT, Change.END)
    with pytest.raises(NotYours):
        joins(town, digest=digest)


def test_who_joined_stops_for_itself_alone_and_at_once(region: Town) -> None:
    """The others go on; it comes back by its own word, and leaves for good by another."""
    joins(region)
    region.slot()
    assert says(region, SURREY, Change.SUSPEND).state is PaperState.SUSPENDED
    assert not bound(region, SURREY, KENT)
    assert bound(region, KENT, MEDWAY)
    with pytest.raises(Declined, match="agreement-state"):
        says(region, SURREY, Change.SUSPEND)
    says(region, SURREY, Change.RESUME)
    assert bound(region, SURREY, KENT)
    region.slot()
    assert says(region, SURREY, Change.END).state is PaperState.ENDED
    assert not bound(region, SURREY, KENT)
    with pytest.raises(NotYours):
        says(region, SURREY, Change.RESUME)
    region.slot()
    with region.store.read() as work:
        assert list(audit_store(cast("SqlWork", work), region.hub)) == []


def test_who_left_may_join_again_by_a_new_signature(region: Town) -> None:
    """A second accession, with its own entry."""
    joins(region)
    region.slot()
    signed_at = region.now
    says(region, SURREY, Change.END)
    region.slot()
    with pytest.raises(Declined, match="paper-over"):
        joins(region, signed_at=signed_at - region.hub.slot)
    assert joins(region).version == 2
    region.slot()
    assert bound(region, SURREY, KENT)
    assert len(region.entries("accession")) == 2


def test_a_word_about_another_version_or_by_another_is_refused(region: Town) -> None:
    """The word names what was joined, and its signer is who joined."""
    joins(region)
    region.slot()
    with pytest.raises(Untrusted, match="suspension-other"):
        says(region, SURREY, Change.SUSPEND, version=2)
    word = Suspension(NAME, 1, SURREY, Change.SUSPEND, region.now)
    forged = sign_suspension(word, region.members[KENT].keyring.identity)
    with region.store.write() as work, pytest.raises(Untrusted, match="signature-missing"):
        change_accession(NAME, forged, SURREY, work, region.hub)
    assert bound(region, SURREY, KENT)


def test_a_party_of_the_document_stops_it_for_everybody(region: Town) -> None:
    """What its founders no longer stand behind, nobody else stands behind either."""
    joins(region)
    region.slot()
    says(region, KENT, Change.SUSPEND)
    assert not bound(region, SURREY, MEDWAY)


def test_a_new_version_is_joined_anew(region: Town) -> None:
    """Nobody is bound to words that it has not signed."""
    joins(region)
    region.slot()
    before = open_document()
    region.binds({**before, "version": 2, "supersedes": {"version": 1, "digest": agreement_digest(before)}})
    assert bound(region, KENT, MEDWAY)
    assert not bound(region, SURREY, KENT)
