"""The log as this gateway has seen it: it only ever grows, and our name in it is ours alone.

Decides whether a checkpoint that the hub shows belongs to the log that was seen before. The
largest one seen is kept. A larger one must begin with it, a smaller one must be its beginning,
one of the same size must be the same: shown from the log's public tiles, which need no trust,
because they must give both signed roots (RFC 9162 consistency; C2SP tiles). Where they do not,
the hub has signed two histories: nothing under the new one is opened, and both notes are kept as
evidence. The first checkpoint is believed as it comes.
"""

import threading
from collections.abc import Callable
from typing import Final

from adapters.member.records import Records, Waiting
from hub.protocols import canonical, entry
from hub.protocols.canonical import Json
from hub.protocols.checkpoint import Checkpoint, verify_checkpoint
from hub.protocols.entry import Opening
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.merkle import root_at
from hub.protocols.proof import parse_proof, verify_proof
from hub.protocols.signed_note import NoteKey
from hub.protocols.tiles import ReadFile, nodes_of_tiles

SEEN: Final = "checkpoint"
"""Where the records keep the note of the largest checkpoint seen."""

_CODES: Final = {"fork": "log-forked", "rollback": "log-rolled-back"}
"""Kinds of evidence against the hub, as they wait for a person, and the codes they are raised under."""


class Auditor:
    """Checks proofs, and every checkpoint that comes with one against those seen before.

    `read` gives a file of the log by its path below the log's prefix.
    """

    def __init__(self, log: NoteKey, read: ReadFile, records: Records) -> None:
        self._log = log
        self._read = read
        self._records = records
        self._lock = threading.Lock()
        self._known: dict[int, bytes] = {}

    def prove(self, opening: Opening, proof: str) -> Checkpoint:
        """Check that an opened entry is in the log that we know; return the checkpoint that shows it.

        Raises `Untrusted` or `MalformedMessage` where signature, proof or history do not hold.
        """
        parsed = parse_proof(proof)
        checkpoint = verify_proof(parsed, entry.commit(opening.record, opening.salt), self._log)
        self.accept(parsed.checkpoint_note)
        return checkpoint

    def accept(self, note: str) -> Checkpoint:
        """Hold a checkpoint to the largest one seen, and keep it where it is larger.

        Raises `Untrusted` ("log-forked") where the log has two histories, ("log-tiles") where its
        tiles do not show that it has one.
        """
        checkpoint = verify_checkpoint(note, self._log)
        with self._lock:
            if self._known.get(checkpoint.size) != checkpoint.root:
                self._accept(checkpoint, note)
                self._known = {**dict(list(self._known.items())[-64:]), checkpoint.size: checkpoint.root}
        return checkpoint

    def hold_head(self, read: Callable[[], str]) -> Checkpoint:
        """Hold what the hub calls its head to the largest checkpoint seen before: it may not have shrunk.

        `read` asks for the head. What another process of this home sees meanwhile is newer than the
        answer, and is nothing to hold it to. Raises `Untrusted` ("log-rolled-back") where the log has
        shrunk, and keeps both notes; as `accept` otherwise.
        """
        seen, note = self._records.place(SEEN), read()
        head = self.accept(note)
        if seen is not None and head.size < verify_checkpoint(seen, self._log).size:
            self._keep_evidence("rollback", seen, note)
            raise Untrusted(
                "log-rolled-back",
                "the hub's log is shorter than it was; both checkpoints are kept: ring the operator",
            )
        return head

    def seen(self) -> Checkpoint | None:
        """The largest checkpoint seen."""
        note = self._records.place(SEEN)
        return None if note is None else verify_checkpoint(note, self._log)

    def _accept(self, shown: Checkpoint, note: str) -> None:
        kept = self._records.place(SEEN)
        seen = None if kept is None else verify_checkpoint(kept, self._log)
        if kept is not None and seen is not None and not self._is_one_history(seen, shown):
            self._keep_evidence("fork", kept, note)
            raise Untrusted(
                "log-forked",
                "the hub has signed two histories of its log; both are kept: show them to the other members",
            )
        if seen is None or shown.size > seen.size:
            self._records.set_place(SEEN, note)

    def _is_one_history(self, one: Checkpoint, other: Checkpoint) -> bool:
        """The smaller tree is the beginning of the larger one, or there are two logs under one name."""
        smaller, larger = sorted((one, other), key=lambda checkpoint: checkpoint.size)
        if smaller.size == larger.size:
            return smaller.root == larger.root
        return self._root_of(smaller.size, larger) == smaller.root

    def _root_of(self, size: int, larger: Checkpoint) -> bytes:
        """The root at an earlier size, from tiles that are held to the larger signed root first."""
        nodes = nodes_of_tiles(self._read, larger.size)
        try:
            if root_at(larger.size, nodes) == larger.root:
                return root_at(size, nodes)
        except (LookupError, OSError, MalformedMessage):
            pass  # a tile that is not there, or is not one, shows nothing either
        raise Untrusted("log-tiles", "the log's tiles do not give the root that it signed; try again later")

    def _keep_evidence(self, kind: str, seen: str, shown: str) -> None:
        """Two notes by one key that cannot both be true: whoever has the key's public half can check."""
        body: Json = {"code": _CODES[kind], "seen": seen, "shown": shown}
        name = f"{kind}:{canonical.digest(shown.encode())}"
        self._records.wait(Waiting(name, kind, None, "open", body))
