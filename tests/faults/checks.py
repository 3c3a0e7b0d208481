"""What must hold after every fault, whatever was going on when it struck."""

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from adapters.member.home import Home
from hub.exchange.store.check import check_store
from hub.exchange.store.unit_of_work import SqlWork
from hub.protocols import merkle
from hub.protocols.checkpoint import verify_checkpoint
from hub.protocols.names import MemberId
from hub.protocols.signed_note import NoteKey
from tests.faults.region import FaultyRegion

ONCE: Final = {
    "published": "notice",
    "key_request": "request",
    "key_grant": "notice",
    "release": "delivery",
    "confirmation": "delivery",
    "acknowledgement": "delivery",
}
"""Kinds of entry of which there is one for each of these."""


@dataclass
class Watch:
    """Holds a region to what it has promised and signed so far."""

    region: FaultyRegion
    signed: list[tuple[int, bytes]] = field(default_factory=list)
    """Size and root of every checkpoint seen so far."""
    promised: int = 0
    released: int = 0

    def look(self) -> None:
        """Hold the store of a dead hub to everything that it has promised before it died."""
        promises = {member: promises_at(home) for member, home in self.region.homes.items()}
        assembly = self.region.assembly()
        try:
            with assembly.store.read() as work:
                findings = check_store(work, assembly.hub.log_key)
                assert not findings, findings
                self._check_promises(promises, work)
                self._check_log(work, assembly.hub.log_key)
                self._check_entries(work)
        finally:
            assembly.close()

    def _check_promises(self, promises: dict[MemberId, dict[str, tuple[str, str]]], work: SqlWork) -> None:
        """Every promise that a gateway holds is that of a kept notice: nothing is lost."""
        for member, given in promises.items():
            for name, (digest, promise) in given.items():
                kept = work.notices.get(name)  # type: ignore[arg-type]  # an id, as read from the file
                assert kept is not None, "a promised notice is lost"
                assert (kept.sender, kept.digest) == (member, digest)
                assert work.notices.promise(kept.notice) == promise
        self.promised = sum(map(len, promises.values()))

    def _check_log(self, work: SqlWork, key: NoteKey) -> None:
        """The log begins with everything that was ever signed."""
        last = work.log.signed()
        assert last is not None
        checkpoint = verify_checkpoint(last[1], key)
        for size, root in self.signed:
            assert size <= checkpoint.size, "the log has shrunk"
            assert merkle.root_at(size, work.log.node) == root, "the log has forked"
        self.signed.append((checkpoint.size, checkpoint.root))

    def _check_entries(self, work: SqlWork) -> None:
        """One entry for each notice, each key request, each release, each answer: nothing is doubled."""
        seen = Counter(told for told in (_told(work, index) for index in work.inventory.openings()) if told)
        doubled = [f"{times} {kind} {subject}" for (kind, subject), times in seen.items() if times > 1]
        assert not doubled, doubled
        self.released = sum(1 for kind, _ in seen if kind == "release")
        rows = self.region.ask("select passage, body from inbox where kind = 'delivery'")
        ways = Counter((passage, json.loads(body)["stage"]) for passage, body in rows)
        doubled = [f"{times} deliveries of {way}" for way, times in ways.items() if times > 1]
        assert not doubled, doubled


def _told(work: SqlWork, index: int) -> tuple[str, str] | None:
    """Kind and subject of an entry of which there may be one alone."""
    entry = work.log.entry(index)
    record = None if entry is None or entry.opening is None else entry.opening.record
    assert isinstance(record, dict)
    kind = str(record["kind"])
    return (kind, str(record[ONCE[kind]])) if kind in ONCE else None


def promises_at(home: Path) -> dict[str, tuple[str, str]]:
    """The promises that a gateway holds: notice -> (digest, promise); its file is only read."""
    rows = _records(home, "select notice, digest, promise from sent where promise is not null")
    return {notice: (digest, promise) for notice, digest, promise in rows}


def sent_by(home: Path) -> list[str]:
    """Every notice that a gateway has made."""
    return [notice for (notice,) in _records(home, "select notice from sent")]


def opened_by(home: Path) -> list[str]:
    """Every delivery that a gateway has opened."""
    return [item for (item,) in _records(home, "select item from received")]


def errands_of(home: Path) -> int:
    """How many errands a gateway has done so far: it grows while anything moves."""
    counts = [f"select count(*) from {table}" for table in ("sent", "received", "answered")]  # noqa: S608 - ours
    return sum(count for (count,) in _records(home, " union all ".join(counts)))


def _records(home: Path, words: str) -> list[Any]:
    if not Home(home).records.exists():
        return []
    connection = sqlite3.connect(f"file:{Home(home).records}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(words).fetchall()
    finally:
        connection.close()
