"""The linkage key is rotated while notices wait: who is made anew is not lost, the old key finds nobody."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.exchange import reception
from hub.exchange.errors import Declined
from hub.exchange.stages import InboxItem
from hub.exchange.store.audit import audit_store
from hub.exchange.store.index import posting_numbers
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore, SqlWork
from hub.protocols.canonical import Json, digest, unb64u
from hub.protocols.delivery import Stage
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.mandate import Change
from hub.protocols.names import EpochId, NoticeId, NoticeType
from hub.protocols.notice import read_envelope
from hub.protocols.restatement import Renewal, reread_renewal, sign_renewal
from hub.protocols.token_record import TokenRecord
from tests.simulators.town import Town
from tests.story.people import ADA

OVERLAP = timedelta(days=14)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Kent and Medway over a real database, some days after the first epoch was opened."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    upgrade(url)
    store = SqlStore(url, bytes(32))
    town = Town(store)
    town.admits("mbr_kent", area="886")
    town.admits("mbr_medway", area="887")
    town.agrees("kent-medway-movers")
    yield town
    store.close()


def counted(town: Town, query: str) -> int:
    """A count of rows in the hub's database."""
    with town.store.read() as work:
        assert isinstance(work, SqlWork)
        return int(work.line._connection.execute(query).fetchone()[0])


def held(town: Town, numbers: list[int]) -> int:
    """How many postings have one of these numbers."""
    among = ",".join(map(str, numbers))
    return counted(town, f"SELECT count(*) FROM posting WHERE tok IN ({among})")  # noqa: S608 - our own numbers


def test_a_match_is_found_across_a_rotation_and_the_old_rows_go(town: Town) -> None:
    """Published before it and after it, two notices meet once the older one's tokens are made anew."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    old = posting_numbers(town.notice(departure).keyed, 1)
    assert held(town, old) == len(old)
    town.days_pass(3)
    town.rotates(OVERLAP)
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert town.passages(arrival) == []
    signed = kent.renews(departure)
    assert held(town, old) == 0
    town.night_passes()
    for member in (kent, medway):
        assert [one.checked.record.stage for one in member.opened] == [Stage.IDENTITY, Stage.REST]
    assert town.notice(departure).renewed == signed
    town.check_log()
    town.check_books()


def test_what_was_not_made_anew_is_dropped_at_the_end_and_can_still_return(town: Town) -> None:
    """Until the overlap ends both epochs are taken; then the old rows are gone, and only the new is."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    first = EpochId(town.epoch)
    town.days_pass(3)
    town.rotates(OVERLAP)
    assert {first, town.epoch} <= town.admission().epochs
    town.days_pass(15)
    town.slot()
    assert town.admission().epochs == {town.epoch}
    assert counted(town, "SELECT count(*) FROM posting") == 0
    assert counted(town, "SELECT count(*) FROM tokens") == 0
    assert counted(town, "SELECT count(*) FROM era") == 0
    town.check_books()
    kent.renews(departure)
    arrival = medway.publishes(ADA, NoticeType.NEW_ARRIVAL)
    town.night_passes()
    assert town.passages(arrival) != []
    town.check_books()


DOUBTFUL = replace(ADA, given="Zoe", upn=None, from_address=None)
"""Ada's family name and birthday under another first name: officers have to look."""


def shown(task: InboxItem) -> Json:
    """What a second look shows of how names and birthday agree."""
    assert isinstance(task.body, dict)
    return task.body["levels"]


def words(levels: Json) -> list[Json]:
    """The same in words, for a person."""
    return [one["words"] for one in levels if isinstance(one, dict)] if isinstance(levels, list) else []


def epoch_ends(town: Town) -> None:
    """The linkage key is rotated, and what was not made anew is dropped."""
    town.days_pass(3)
    town.rotates(OVERLAP)
    town.days_pass(15)
    for member in town.members.values():
        for notice in member.sent:
            member.asserts(notice)
    town.slot()


def test_the_second_side_is_shown_what_the_first_was_though_the_tokens_are_gone(town: Town) -> None:
    """The epoch ends between the two questions: both officers judge by the same levels."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    medway.publishes(DOUBTFUL, NoticeType.NEW_ARRIVAL)
    town.slot()
    epoch_ends(town)
    (asked,) = kent.looks()
    kent.approves(asked)
    town.slot()
    (asked_next,) = medway.looks()
    assert shown(asked_next) == shown(asked)
    assert "the same last name" in words(shown(asked))


def test_nobody_is_asked_to_look_at_nothing(town: Town) -> None:
    """Where the tokens are gone before anybody was asked, the task waits until both were made anew."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    town.suspends("agr_kent-medway-movers", "mbr_kent")
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    arrival = medway.publishes(DOUBTFUL, NoticeType.NEW_ARRIVAL)
    town.slot()
    epoch_ends(town)
    town.suspends("agr_kent-medway-movers", "mbr_kent", Change.RESUME)
    for _ in range(2):
        town.slot()
    assert kent.looks() == medway.looks() == []
    kent.renews(departure)
    town.slot()
    assert kent.looks() == []
    medway.renews(arrival)
    town.slot()
    (asked,) = kent.looks()
    assert words(shown(asked))[-1] == "the same date of birth"
    assert "the same last name" in words(shown(asked))


def test_tokens_that_the_sender_did_not_sign_are_found_in_the_tables(town: Town) -> None:
    """Whoever writes into the database cannot lay another young person's tokens under a notice."""
    kent, medway = town.members["mbr_kent"], town.members["mbr_medway"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    town.days_pass(3)
    town.rotates(OVERLAP)
    signed = kent.renews(departure)
    town.slot()
    assert "renewal-unsigned" not in audited(town)
    forged = sign_renewal(reread_renewal(signed), medway.keyring.signing)
    with town.store.write() as work:
        assert isinstance(work, SqlWork)
        work.line._connection.execute("UPDATE notice SET renewed = ?", (forged,))
    assert "renewal-unsigned" in audited(town)


def test_a_renewal_is_entered_once_and_there_is_one_for_each_epoch(town: Town) -> None:
    """I5, I11: brought again it changes nothing; other tokens have to wait for the next epoch."""
    kent = town.members["mbr_kent"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    town.days_pass(3)
    town.rotates(OVERLAP)
    signed = kent.renews(departure)
    for _ in range(2):
        town.brought[-1].again(town)
        town.slot()
    (word,) = town.entries("renewal")
    assert (word["notice"], word["renewal"]) == (departure, digest(signed.encode()))
    assert [one["kind"] for one in kent.may_read() if one.get("notice") == departure] == [
        "published",
        "renewal",
    ]
    somebody = kent.publishes(replace(ADA, given="Bea"), NoticeType.MOVED_OUT)
    with pytest.raises(Declined, match="epoch-earlier"):
        brings(town, departure, TokenRecord.from_json(made_of(town, somebody)))
    town.days_pass(3)
    town.rotates(OVERLAP)
    kent.renews(departure)
    town.slot()
    assert len(town.entries("renewal")) == 2


@pytest.mark.parametrize("hand", ["taken back", "put in the place of another"])
def test_other_tokens_than_the_log_says_are_found_in_the_tables(town: Town, hand: str) -> None:
    """I8: what the sender signed of its tokens is held to its entry, also where it has signed both."""
    kent = town.members["mbr_kent"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    town.days_pass(3)
    town.rotates(OVERLAP)
    word = reread_renewal(kent.renews(departure))
    town.slot()
    assert "renewal-unlogged" not in audited(town)
    again = sign_renewal(replace(word, signed_at=town.now), kent.keyring.signing)
    with town.store.write() as work:
        assert isinstance(work, SqlWork)
        other = None if hand == "taken back" else again
        work.line._connection.execute("UPDATE notice SET renewed = ?", (other,))
    assert "renewal-unlogged" in audited(town)


def audited(town: Town) -> set[str]:
    """The codes of what the hub's own check finds in its tables."""
    with town.store.read() as work:
        assert isinstance(work, SqlWork)
        return {one.code for one in audit_store(work, town.hub)}


def brings(town: Town, about: NoticeId, record: TokenRecord, **changes: object) -> None:
    """Kent renews a notice with this record, signed with what is changed."""
    kent = town.members["mbr_kent"]
    renewal = Renewal(about, record.epoch, record.digests, town.now)
    signed = sign_renewal(replace(renewal, **changes), kent.keyring.signing)  # type: ignore[arg-type]  # names checked by replace()
    with town.store.write() as work:
        reception.receive_renewal(about, signed, record.to_json(), kent.member, work, town.hub)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("unknown epoch", "epoch-expired"),
        ("ended epoch", "epoch-expired"),
        ("own epoch", "epoch-earlier"),
        ("other digests", "token-digest"),
        ("other notice", "answer-other-notice"),
    ],
)
def test_a_renewal_that_does_not_hold_changes_nothing(town: Town, fault: str, code: str) -> None:
    """An epoch that is not in its time or no later one, digests or a notice not signed: a clear no each."""
    kent = town.members["mbr_kent"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    other = kent.publishes(replace(ADA, given="Bea"), NoticeType.MOVED_OUT)
    town.slot()
    before, stored = counted(town, "SELECT total(tok) FROM posting"), town.notice(departure)
    first = TokenRecord.from_json(made_of(town, other))
    unknown = EpochId("ep_" + "7" * 26)
    faults: dict[str, tuple[TokenRecord, dict[str, object]]] = {
        "unknown epoch": (replace(first, epoch=unknown), {}),
        "ended epoch": (first, {}),
        "own epoch": (first, {}),
        "other digests": (first, {"tokens": stored.manifest.tokens}),
        "other notice": (first, {"notice": other}),
    }
    record, changes = faults[fault]
    if fault == "ended epoch":
        town.days_pass(3)
        town.rotates(timedelta(days=1))
        town.now += timedelta(days=2)
    with pytest.raises((Declined, Untrusted), match=code):
        brings(town, departure, record, **changes)
    assert town.notice(departure) == stored
    assert counted(town, "SELECT total(tok) FROM posting") == before


@pytest.mark.parametrize("group", ["name_birth", "evidence", "other"])
def test_tokens_of_a_wrong_count_or_length_are_refused(town: Town, group: str) -> None:
    """One token less, or a filter cut short, is no record."""
    kent = town.members["mbr_kent"]
    departure = kent.publishes(ADA, NoticeType.MOVED_OUT)
    town.slot()
    tokens = made_of(town, departure)
    assert isinstance(tokens, dict)
    short = {**tokens, group: str(tokens[group])[:-11]}
    record = TokenRecord.from_json(tokens)
    signed = sign_renewal(Renewal(departure, record.epoch, record.digests, town.now), kent.keyring.signing)
    with pytest.raises(MalformedMessage), town.store.write() as work:
        reception.receive_renewal(departure, signed, short, kent.member, work, town.hub)


def made_of(town: Town, notice: NoticeId) -> Json:
    """The tokens that Kent published a notice with."""
    body = town.members["mbr_kent"].sent[notice].body
    assert isinstance(body, dict)
    return read_envelope(unb64u(str(body["envelope"]))).tokens.to_json()
