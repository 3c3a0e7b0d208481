"""The gateway's records: sealed, done once, and forgotten when over."""

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.member.records import Received, Records, Sent, Waiting
from hub.protocols.errors import Untrusted
from hub.protocols.names import Digest, DisclosureId, MemberId, NoticeId

VAULT = b"\x05" * 32
NOTICE = NoticeId("ntc_00000000000000000000000001")
ITEM = DisclosureId("dis_00000000000000000000000001")
SENT = Sent(
    NOTICE,
    Digest("d"),
    "moved_out",
    None,
    "queued",
    "row of Ada",
    None,
    {"keys": "secretsecret", "identity": "Ada"},
)
RECEIVED = Received(
    ITEM,
    NOTICE,
    MemberId("mbr_kent"),
    "identity",
    None,
    "opened",
    3,
    16,
    {"facts": {"identity": "Ada"}, "about": {}},
)


@pytest.fixture
def records(tmp_path: Path) -> Records:
    """Empty records."""
    return Records(tmp_path / "records.db", VAULT)


def on_disk(records: Records, tmp_path: Path) -> bytes:
    """Everything that lies in the home's files."""
    records.close()
    return b"".join(path.read_bytes() for path in tmp_path.iterdir())


def other(number: int) -> NoticeId:
    """Another notice's id."""
    return NoticeId(f"ntc_{number:026}")


def test_a_queued_notice_waits_until_it_is_promised(records: Records) -> None:
    """Oldest first; a promise is kept with it."""
    assert records.queue(SENT)
    assert [one.notice for one in records.queued(10)] == [NOTICE]
    records.promised(NOTICE, "the hub's word")
    assert records.queued(10) == []
    kept = records.sent(NOTICE)
    assert kept is not None
    assert (kept.state, kept.promise, kept.body) == ("published", "the hub's word", SENT.body)


def test_the_same_row_is_queued_once(records: Records) -> None:
    """Under whatever id it is composed the second time."""
    assert records.queue(SENT)
    assert not records.queue(replace(SENT, notice=other(2)))
    assert len(records.all_sent()) == 1


@pytest.mark.parametrize("state", ["refused", "withdrawn", "expired"])
def test_a_row_whose_notice_is_over_is_new_again(records: Records, state: str) -> None:
    """What was refused or withdrawn can be sent again, and its first notice stays on record."""
    records.queue(SENT)
    records.forget(NOTICE, state)
    assert records.queue(replace(SENT, notice=other(2)))
    assert [one.state for one in records.all_sent()] == [state, "queued"]


def test_a_row_whose_notice_has_arrived_is_not_sent_again(records: Records) -> None:
    """A closed notice has done its work."""
    records.queue(SENT)
    records.forget(NOTICE, "closed")
    assert not records.queue(replace(SENT, notice=other(2)))


def test_a_late_answer_does_not_bring_a_withdrawn_notice_back(records: Records) -> None:
    """What is over stays over, and what waits to be published stays queued."""
    records.queue(SENT)
    records.set_sent(NOTICE, "acknowledgement:opened")
    assert [one.state for one in records.all_sent()] == ["queued"]
    records.promised(NOTICE, "word")
    records.set_sent(NOTICE, "acknowledgement:opened")
    assert [one.state for one in records.all_sent()] == ["acknowledgement:opened"]
    records.forget(NOTICE, "withdrawn")
    records.set_sent(NOTICE, "outcome:in_caseload")
    records.promised(NOTICE, "word")
    assert [one.state for one in records.all_sent()] == ["withdrawn"]
    assert records.all_sent()[0].over


def test_bodies_are_sealed_on_disk(records: Records, tmp_path: Path) -> None:
    """No fact, key or person can be read without the vault key."""
    records.queue(SENT)
    records.receive(RECEIVED)
    records.wait(Waiting("item", "unsure", NOTICE, "open", {"why": "Ada"}))
    records.know([("Ada-ref", "2009-11-12", {"given": "Ada"})])
    kept = on_disk(records, tmp_path)
    assert NOTICE.encode() in kept
    for secret in (b'Ada"', b"secretsecret", b"2009-11-12", b"20091112", b"given"):
        assert secret not in kept


def test_what_is_forgotten_is_gone_from_the_disk(records: Records, tmp_path: Path) -> None:
    """Not even its ciphertext stays, in the file or in its log."""
    records.queue(SENT)
    sealed = sqlite3.connect(tmp_path / "records.db").execute("select body from sent").fetchone()[0]
    records.forget(NOTICE, "withdrawn")
    assert records.all_sent()[0].body == {"forgotten": True}
    assert sealed not in on_disk(records, tmp_path)


def test_a_row_put_in_anothers_place_does_not_open(records: Records, tmp_path: Path) -> None:
    """A sealed body belongs to its row."""
    records.queue(SENT)
    records.queue(replace(SENT, notice=other(2), source="another row"))
    with sqlite3.connect(tmp_path / "records.db") as database:
        database.execute("update sent set body = (select body from sent where notice = ?)", (other(2),))
    with pytest.raises(Untrusted):
        records.sent(NOTICE)


def test_another_vault_key_opens_nothing(records: Records, tmp_path: Path) -> None:
    """A copied file is useless without the keyring."""
    records.queue(SENT)
    with pytest.raises(Untrusted):
        Records(tmp_path / "records.db", b"\x06" * 32).all_sent()


def test_the_same_delivery_again_changes_nothing(records: Records) -> None:
    """A gateway that was killed takes an item twice; what a person did meanwhile stays."""
    records.receive(RECEIVED)
    records.set_received(ITEM, "same")
    records.receive(RECEIVED)
    assert [one.state for one in records.all_received()] == ["same"]


def test_facts_of_somebody_else_are_forgotten_in_both_stages(records: Records) -> None:
    """What is not about anybody of ours goes, and that it came stays."""
    second = replace(RECEIVED, item=DisclosureId("dis_00000000000000000000000002"), stage="rest")
    records.receive(RECEIVED)
    records.receive(second)
    records.forget_facts(NOTICE, "not_ours")
    for one in records.of_notice(NOTICE):
        assert isinstance(one.body, dict)
        assert (one.state, one.body["facts"], one.body["about"]) == ("not_ours", {}, {})


def test_what_waits_is_decided_once(records: Records) -> None:
    """And does not come back when the same item is taken again."""
    waiting = Waiting(ITEM, "officer_task", NOTICE, "open", {})
    records.wait(waiting)
    assert records.waiting() == records.waiting("officer_task") == [waiting]
    assert records.waiting("unsure") == []
    assert not records.approved_here(NOTICE)
    records.decided(ITEM, "approved")
    records.wait(waiting)
    assert records.waiting() == []
    assert records.approved_here(NOTICE)


def test_a_declined_task_is_no_approval(records: Records) -> None:
    """Only a yes counts as one."""
    records.wait(Waiting(ITEM, "officer_task", NOTICE, "open", {}))
    records.decided(ITEM, "declined")
    assert not records.approved_here(NOTICE)


def test_a_caseload_replaces_the_one_before(records: Records) -> None:
    """Who has left it is compared with no more."""
    assert records.know([("1", "2009-11-12", {"given": "Ada"}), ("2", "2009-11-12", {"given": "Ben"})]) == 2
    assert records.caseload_born("2009-11-12") == [{"given": "Ada"}, {"given": "Ben"}]
    assert records.know([("2", "2009-11-12", {"given": "Ben"}), ("3", "2010-01-02", {"given": "Cy"})]) == 2
    assert records.caseload_born("2009-11-12") == [{"given": "Ben"}]
    assert records.caseload_born("2009-11-13") == []


def test_recipients_of_a_notice_are_remembered(records: Records) -> None:
    """The named one and those that were given a key."""
    records.queue(SENT)
    records.tell(NOTICE, MemberId("mbr_medway"))
    records.tell(NOTICE, MemberId("mbr_medway"))
    assert records.told(SENT) == ["mbr_medway"]
    assert records.told(replace(SENT, recipient=MemberId("mbr_lambeth"))) == ["mbr_lambeth", "mbr_medway"]


def test_places_are_kept_and_moved(records: Records) -> None:
    """A cursor survives the process."""
    assert records.place("inbox") is None
    records.set_place("inbox", "1")
    records.set_place("inbox", "2")
    assert records.place("inbox") == "2"


def test_what_is_written_together_is_written_whole(records: Records) -> None:
    """A fault inside takes back what was written before it."""

    def fail() -> None:
        with records.together():
            records.set_place("inbox", "1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert records.place("inbox") is None


def test_several_threads_may_use_one_gateway(records: Records) -> None:
    """The poller and the local API write at once; nothing is lost and nothing is locked."""

    def queue(base: int) -> None:
        for number in range(base, base + 20):
            records.queue(replace(SENT, notice=other(number), source=f"row {number}"))

    threads = [threading.Thread(target=queue, args=(100 * (one + 1),)) for one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(records.queued(100)) == 80


def test_only_the_owner_can_read_the_file(records: Records, tmp_path: Path) -> None:
    """Ids and states lie in clear there."""
    assert (tmp_path / "records.db").stat().st_mode & 0o077 == 0
