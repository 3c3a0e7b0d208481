"""The log that a gateway sees only ever grows: rollback and fork are caught, and kept as evidence."""

from pathlib import Path

import pytest

from adapters.member.auditor import Auditor
from adapters.member.records import Records
from hub.protocols import merkle
from hub.protocols.checkpoint import Checkpoint, sign_checkpoint
from hub.protocols.entry import Opening, commit
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import SigningKey
from hub.protocols.log_directory import files_of
from hub.protocols.proof import LogProof, encode_proof
from hub.protocols.signed_note import NoteKey, NoteKind, parse_vkey, vkey

KEY = SigningKey.from_seed(b"\x01" * 32)
LOG = NoteKey("hub.example", NoteKind.LOG, KEY.public)


class MadeUpLog:
    """A log of numbered leaves that can tell two stories."""

    def __init__(self, story: str = "true", common: int = 0) -> None:
        self.leaves = [self.leaf("true" if index < common else story, index) for index in range(600)]
        frontier = merkle.Frontier()
        self.nodes: dict[tuple[int, int], bytes] = {}
        for leaf in self.leaves:
            frontier, nodes = frontier.append(merkle.leaf_hash(leaf))
            self.nodes |= {(node.level, node.index): node.hash for node in nodes}

    @staticmethod
    def leaf(story: str, index: int) -> bytes:
        """The data of one leaf."""
        return commit({"kind": story, "number": index}, bytes(32))

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree."""
        return self.nodes[level, index]

    def note(self, size: int) -> str:
        """The signed checkpoint at a size."""
        return sign_checkpoint(
            Checkpoint("hub.example", size, merkle.root_at(size, self.node)), KEY, "hub.example"
        )

    def files(self, size: int) -> dict[str, bytes]:
        """Everything that the log publishes at a size."""
        return dict(files_of(self.note(size), self.node, lambda first, end: self.leaves[first:end]))

    def proof(self, index: int, size: int) -> str:
        """The proof that a leaf is under the checkpoint at a size."""
        path = merkle.inclusion_proof(index, size, self.node)
        return encode_proof(LogProof(index, tuple(path), self.note(size)))


TRUE = MadeUpLog()


class Shown:
    """What the hub shows of its log: the files of whatever sizes it has shown."""

    def __init__(self, log: MadeUpLog = TRUE) -> None:
        self.log = log
        self.read_paths: list[str] = []

    def __call__(self, path: str) -> bytes:
        """One file; every partial tile there ever was is served, as the hub does."""
        self.read_paths.append(path)
        for size in (16, 32, 256, 300, 512, 600):
            if path in self.log.files(size):
                return self.log.files(size)[path]
        raise KeyError(path)


@pytest.fixture
def records(tmp_path: Path) -> Records:
    """Records of a gateway that has seen nothing."""
    return Records(tmp_path / "records.db", bytes(32))


def auditor(records: Records, log: MadeUpLog = TRUE) -> Auditor:
    """An auditor as a process has it that was just started."""
    return Auditor(LOG, Shown(log), records)


def test_the_first_checkpoint_is_believed_and_kept(records: Records) -> None:
    """There is nothing yet that it could contradict."""
    assert auditor(records).seen() is None
    auditor(records).accept(TRUE.note(16))
    seen = auditor(records).seen()
    assert seen is not None
    assert seen.size == 16


@pytest.mark.parametrize(("old", "new"), [(16, 32), (16, 300), (256, 300), (300, 600), (512, 600), (16, 16)])
def test_a_log_that_grew_is_accepted(records: Records, old: int, new: int) -> None:
    """Its tiles show that the larger tree begins with the smaller one."""
    auditor(records).accept(TRUE.note(old))
    assert auditor(records).accept(TRUE.note(new)).size == new
    seen = auditor(records).seen()
    assert seen is not None
    assert seen.size == new


def test_an_earlier_checkpoint_of_the_same_log_is_no_rollback(records: Records) -> None:
    """A reply that comes late, or from another replica, is shown to be the beginning of what was seen."""
    auditor(records).accept(TRUE.note(300))
    auditor(records).accept(TRUE.note(32))
    seen = auditor(records).seen()
    assert seen is not None
    assert seen.size == 300


@pytest.mark.parametrize(
    ("seen", "shown"),
    [(32, 32), (32, 300), (300, 32), (256, 600)],
    ids=["same size", "larger", "smaller", "tiles"],
)
def test_a_second_history_is_refused_and_kept_as_evidence(records: Records, seen: int, shown: int) -> None:
    """Two notes by one key that cannot both be true; the one seen first stays the one believed."""
    forked = MadeUpLog("forged", common=8)
    auditor(records).accept(TRUE.note(seen))
    log = forked if shown > seen else TRUE
    with pytest.raises(Untrusted) as caught:
        auditor(records, log).accept(forked.note(shown))
    assert caught.value.code == "log-forked"
    (evidence,) = records.waiting("fork")
    assert evidence.body == {"code": "log-forked", "seen": TRUE.note(seen), "shown": forked.note(shown)}
    kept = auditor(records).seen()
    assert kept is not None
    assert kept.size == seen
    with pytest.raises(Untrusted):
        auditor(records, log).accept(forked.note(shown))
    assert len(records.waiting("fork")) == 1


def test_tiles_that_do_not_give_the_signed_root_show_nothing(records: Records) -> None:
    """A hub cannot hide a second history behind tiles of the first; this alone accuses nobody."""
    forked = MadeUpLog("forged", common=8)
    auditor(records).accept(TRUE.note(32))
    with pytest.raises(Untrusted) as caught:
        auditor(records, TRUE).accept(forked.note(300))
    assert caught.value.code == "log-tiles"
    assert records.waiting("fork") == []


def test_a_checkpoint_that_was_held_to_the_log_is_not_held_again(records: Records) -> None:
    """Fifty deliveries under one checkpoint cost one check."""
    shown = Shown()
    one = Auditor(LOG, shown, records)
    one.accept(TRUE.note(256))
    one.accept(TRUE.note(300))
    read = len(shown.read_paths)
    assert read > 0
    one.accept(TRUE.note(300))
    one.accept(TRUE.note(256))
    assert len(shown.read_paths) == read


def test_an_entry_is_proved_in_the_log_that_was_seen(records: Records) -> None:
    """A good proof moves what was seen; the opening must be the entry's own."""
    opening = Opening({"kind": "true", "number": 5}, bytes(32))
    assert auditor(records).prove(opening, TRUE.proof(5, 32)).size == 32
    other = Opening({"kind": "true", "number": 6}, bytes(32))
    with pytest.raises(Untrusted):
        auditor(records).prove(other, TRUE.proof(5, 32))


def test_an_entry_of_a_second_history_is_refused(records: Records) -> None:
    """Though its proof holds under a checkpoint that the log's key has signed."""
    forked = MadeUpLog("forged")
    auditor(records).accept(TRUE.note(32))
    with pytest.raises(Untrusted, match="log-forked"):
        auditor(records, forked).prove(
            Opening({"kind": "forged", "number": 5}, bytes(32)), forked.proof(5, 300)
        )


def test_another_logs_checkpoint_is_not_looked_at(records: Records) -> None:
    """Only the pinned key speaks for this log."""
    stranger = SigningKey.from_seed(b"\x02" * 32)
    root = merkle.root_at(16, TRUE.node)
    note = sign_checkpoint(Checkpoint("hub.example", 16, root), stranger, "hub.example")
    with pytest.raises(Untrusted):
        auditor(records).accept(note)
    with pytest.raises(MalformedMessage):
        auditor(records).accept("no note")
    assert auditor(records).seen() is None
    assert parse_vkey(vkey("hub.example", KEY.public)) == LOG
