"""The gateway's own records: what it sent, what waits, what it received. Sealed row by row.

One SQLite file per home. Ids, states and digests lie in clear; every body that holds facts, a
content key or a person is sealed under the keyring's vault key, bound to its row. What is not yet
at the hub waits in `sent` with state `queued` and survives any crash.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub.protocols import canonical
from hub.protocols.at_rest import rest_open, rest_seal
from hub.protocols.canonical import Json
from hub.protocols.names import Digest, DisclosureId, MemberId, NoticeId

_SCHEMA: Final = """
create table if not exists sent (
  notice text primary key, digest text not null, type text not null, recipient text, state text not null,
  source text not null, promise text, body blob not null);
create unique index if not exists sent_source on sent (source);
create index if not exists sent_state on sent (state);
create table if not exists received (
  item text primary key, notice text not null, sender text not null, stage text not null, counter text,
  state text not null, log_index integer not null, log_size integer not null, body blob not null);
create index if not exists received_notice on received (notice);
create table if not exists waiting (
  item text primary key, kind text not null, notice text, state text not null, body blob not null);
create table if not exists known (who text primary key, body blob not null);
create table if not exists place (name text primary key, value text not null);
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A notice this member made: its state, and (sealed) the envelope, keys, tokens and person."""

    notice: NoticeId
    digest: Digest
    type: str
    recipient: MemberId | None
    state: str
    source: str
    promise: str | None
    body: Json


@dataclass(frozen=True, slots=True)
class Received:
    """A delivery that was verified and opened."""

    item: DisclosureId
    notice: NoticeId
    sender: MemberId
    stage: str
    counter: NoticeId | None
    state: str
    log_index: int
    log_size: int
    body: Json


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something a person has to decide: a restricted key request, an officer's task, an unsure match."""

    item: str
    kind: str
    notice: NoticeId | None
    state: str
    body: Json


class Records:
    """The records of one home; one connection, one process at a time."""

    def __init__(self, path: Path, vault: bytes) -> None:
        self._vault = vault
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript("pragma journal_mode=wal; pragma synchronous=full; pragma secure_delete=on;")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written inside is written whole or not at all."""
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    # --- sent -----------------------------------------------------------------------------------

    def queue(self, sent: Sent) -> bool:
        """Keep a notice that is to be published; False where this very source row was sent before."""
        row = (
            sent.notice, sent.digest, sent.type, sent.recipient, "queued", sent.source, None,
            self._seal(sent.body, f"sent:{sent.notice}"),
        )  # fmt: skip
        done = self._db.execute("insert into sent values (?,?,?,?,?,?,?,?) on conflict do nothing", row)
        return done.rowcount == 1

    def queued(self, limit: int) -> list[Sent]:
        """Notices that the hub has not promised to keep yet, oldest first."""
        return self._sent("where state = 'queued' order by notice limit ?", limit)

    def promised(self, notice: NoticeId, promise: str) -> None:
        """The hub has promised to log it."""
        self._db.execute(
            "update sent set state = 'published', promise = ? where notice = ?", (promise, notice)
        )

    def set_sent(self, notice: NoticeId, state: str) -> None:
        """Note what became of a notice."""
        self._db.execute("update sent set state = ? where notice = ?", (state, notice))

    def sent(self, notice: NoticeId) -> Sent | None:
        """One notice this member made."""
        found = self._sent("where notice = ?", notice)
        return found[0] if found else None

    def all_sent(self) -> list[Sent]:
        """Every notice this member made, oldest first."""
        return self._sent("order by notice limit ?", -1)

    def _sent(self, where: str, value: object) -> list[Sent]:
        rows = self._db.execute(f"select * from sent {where}", (value,))  # noqa: S608 - fixed clauses
        return [self._read_sent(*row) for row in rows]

    # --- received -------------------------------------------------------------------------------

    def receive(self, received: Received) -> None:
        """Keep an opened delivery; the same one again changes nothing."""
        row = (
            received.item, received.notice, received.sender, received.stage, received.counter, received.state,
            received.log_index, received.log_size, self._seal(received.body, f"received:{received.item}"),
        )  # fmt: skip
        self._db.execute("insert into received values (?,?,?,?,?,?,?,?,?) on conflict do nothing", row)

    def received(self, item: DisclosureId) -> Received | None:
        """One delivery."""
        found = self._received("where item = ?", item)
        return found[0] if found else None

    def all_received(self) -> list[Received]:
        """Every delivery, oldest first."""
        return self._received("order by item limit ?", -1)

    def of_notice(self, notice: NoticeId) -> list[Received]:
        """Both stages of one notice as received here."""
        return self._received("where notice = ? order by item", notice)

    def set_received(self, item: DisclosureId, state: str) -> None:
        """Note what became of a delivery."""
        self._db.execute("update received set state = ? where item = ?", (state, item))

    def _received(self, where: str, value: object) -> list[Received]:
        rows = self._db.execute(f"select * from received {where}", (value,))  # noqa: S608 - fixed clauses
        return [self._read_received(*row) for row in rows]

    # --- waiting for a person -----------------------------------------------------------------------

    def wait(self, waiting: Waiting) -> None:
        """Keep something for a person to decide."""
        row = (
            waiting.item, waiting.kind, waiting.notice, waiting.state,
            self._seal(waiting.body, f"waiting:{waiting.item}"),
        )  # fmt: skip
        self._db.execute("insert into waiting values (?,?,?,?,?) on conflict do nothing", row)

    def waiting(self, kind: str | None = None) -> list[Waiting]:
        """What waits for a person."""
        rows = self._db.execute("select * from waiting where state = 'open' order by item")
        found = [self._read_waiting(*row) for row in rows]
        return [one for one in found if kind is None or one.kind == kind]

    def decided(self, item: str) -> None:
        """A person has decided."""
        self._db.execute("update waiting set state = 'decided' where item = ?", (item,))

    # --- the caseload, and places ------------------------------------------------------------------

    def know(self, who: str, person: Json) -> None:
        """Keep one person of the member's own caseload, to compare deliveries with."""
        row = (who, self._seal(person, f"known:{who}"))
        self._db.execute(
            "insert into known values (?,?) on conflict (who) do update set body = excluded.body", row
        )

    def caseload(self) -> Iterator[tuple[str, Json]]:
        """The member's own caseload."""
        for who, body in self._db.execute("select who, body from known order by who"):
            yield who, self._open(body, f"known:{who}")

    def place(self, name: str) -> str | None:
        """Where we had come to: a cursor, a checkpoint."""
        row = self._db.execute("select value from place where name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_place(self, name: str, value: str) -> None:
        """Note where we have come to."""
        self._db.execute(
            "insert into place values (?,?) on conflict (name) do update set value = excluded.value",
            (name, value),
        )

    def _seal(self, body: Json, label: str) -> bytes:
        return rest_seal(canonical.encode(body), self._vault, os.urandom(12), label)

    def _open(self, sealed: bytes, label: str) -> Json:
        return canonical.decode(rest_open(sealed, self._vault, label))

    def _read_sent(self, notice: NoticeId, *row: Any) -> Sent:  # noqa: ANN401 - columns as SQLite gives them
        digest, kind, recipient, state, source, promise, body = row
        return Sent(
            notice, digest, kind, recipient, state, source, promise, self._open(body, f"sent:{notice}")
        )

    def _read_received(self, item: DisclosureId, *row: Any) -> Received:  # noqa: ANN401 - as SQLite gives them
        notice, sender, stage, counter, state, index, size, body = row
        opened = self._open(body, f"received:{item}")
        return Received(item, notice, sender, stage, counter, state, index, size, opened)

    def _read_waiting(self, item: str, *row: Any) -> Waiting:  # noqa: ANN401 - columns as SQLite gives them
        kind, notice, state, body = row
        return Waiting(item, kind, notice, state, self._open(body, f"waiting:{item}"))
