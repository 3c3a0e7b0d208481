"""The gateway's own records: what it sent, what waits, what it received. Sealed row by row.

One SQLite file per home. Ids, states and digests lie in clear; every body that holds facts, a
content key or a person is sealed under the keyring's vault key, bound to its row. What is not yet
at the hub waits in `sent` with state `queued` and survives any crash. What is over is forgotten:
content keys and clear text go, the row stays, so that nothing is done twice.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub.protocols import canonical
from hub.protocols.at_rest import rest_open, rest_seal
from hub.protocols.canonical import Json
from hub.protocols.names import Digest, DisclosureId, MemberId, NoticeId
from hub.protocols.subkeys import subkey

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
create table if not exists known (who text primary key, born text not null, body blob not null);
create index if not exists known_born on known (born);
create table if not exists told (notice text not null, member text not null, primary key (notice, member));
create table if not exists place (name text primary key, value text not null);
"""

OVER: Final = frozenset({"refused", "withdrawn", "closed", "expired"})
"""States of a notice from which nothing more comes; its row of the file may be sent again."""

_FORGOTTEN: Final[Json] = {"forgotten": True}


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

    @property
    def over(self) -> bool:
        """Whether nothing more may leave under this notice."""
        return self.state in OVER


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
    """The records of one home; several threads and processes may use them at once."""

    def __init__(self, path: Path, vault: bytes) -> None:
        self._vault = vault
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        path.chmod(0o600)
        self._db.executescript("pragma journal_mode=wal; pragma synchronous=full; pragma secure_delete=on;")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written inside is written whole or not at all."""
        with self._lock:
            self._db.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    # --- sent -----------------------------------------------------------------------------------

    def queue(self, sent: Sent) -> bool:
        """Keep a notice that is to be published; False where this very source row was sent before.

        A row whose earlier notice is over (refused, withdrawn) is new again.
        """
        row = (
            sent.notice, sent.digest, sent.type, sent.recipient, "queued", sent.source, None,
            self._seal(sent.body, f"sent:{sent.notice}"),
        )  # fmt: skip
        with self.together():
            self._free_source(sent.source)
            return self._change("insert into sent values (?,?,?,?,?,?,?,?) on conflict do nothing", row)

    def queued(self, limit: int) -> list[Sent]:
        """Notices that the hub has not promised to keep yet, oldest first."""
        return self._sent("where state = 'queued' order by notice limit ?", limit)

    def promised(self, notice: NoticeId, promise: str) -> None:
        """The hub has promised to log it."""
        self._change(
            "update sent set state = 'published', promise = ? where notice = ? and state = 'queued'",
            (promise, notice),
        )

    def set_sent(self, notice: NoticeId, state: str) -> None:
        """Note what became of a notice; one that waits to be published, or is over, stays as it is."""
        self._change(
            "update sent set state = ? where notice = ? and state not in"
            " ('queued','refused','withdrawn','closed','expired')",
            (state, notice),
        )

    def refuse(self, notice: NoticeId) -> None:
        """Note that the hub did not take a queued notice, and forget what it held."""
        self.forget(notice, "refused")

    def forget(self, notice: NoticeId, state: str) -> None:
        """End a notice: content keys, tokens and clear identity are destroyed, the row stays."""
        sealed = self._seal(_FORGOTTEN, f"sent:{notice}")
        self._change("update sent set state = ?, body = ? where notice = ?", (state, sealed, notice))
        # What was overwritten must not live on in the write-ahead log.
        self._rows("pragma wal_checkpoint(truncate)")

    def rewrite(self, notice: NoticeId, body: Json) -> None:
        """Keep a notice's body with something in it changed."""
        sealed = self._seal(body, f"sent:{notice}")
        self._change("update sent set body = ? where notice = ?", (sealed, notice))

    def sent(self, notice: NoticeId) -> Sent | None:
        """One notice this member made."""
        found = self._sent("where notice = ?", notice)
        return found[0] if found else None

    def tell(self, notice: NoticeId, member: MemberId) -> None:
        """Note that a member was given the key of a notice of ours."""
        self._change("insert into told values (?,?) on conflict do nothing", (notice, member))

    def told(self, sent: Sent) -> list[MemberId]:
        """Members that could have opened a notice of ours."""
        rows = self._rows("select member from told where notice = ? order by member", (sent.notice,))
        named = [] if sent.recipient is None else [sent.recipient]
        return [*named, *(MemberId(member) for (member,) in rows)]

    def all_sent(self) -> list[Sent]:
        """Every notice this member made, oldest first."""
        return self._sent("order by notice limit ?", -1)

    def _free_source(self, source: str) -> None:
        self._change(
            "update sent set source = source || ':' || notice where source = ? and state in"
            " ('refused','withdrawn','expired')",
            (source,),
        )

    def _sent(self, where: str, value: object) -> list[Sent]:
        rows = self._rows(f"select * from sent {where}", (value,))  # noqa: S608 - fixed clauses
        return [self._read_sent(*row) for row in rows]

    # --- received -------------------------------------------------------------------------------

    def receive(self, received: Received) -> None:
        """Keep an opened delivery; the same one again changes nothing."""
        row = (
            received.item, received.notice, received.sender, received.stage, received.counter, received.state,
            received.log_index, received.log_size, self._seal(received.body, f"received:{received.item}"),
        )  # fmt: skip
        self._change("insert into received values (?,?,?,?,?,?,?,?,?) on conflict do nothing", row)

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
        self._change("update received set state = ? where item = ?", (state, item))

    def forget_facts(self, notice: NoticeId, state: str) -> None:
        """Destroy what was opened of a notice: it is not about anybody of ours."""
        for one in self.of_notice(notice):
            about = one.body.get("about") if isinstance(one.body, dict) else None
            evidence = one.body.get("evidence") if isinstance(one.body, dict) else None
            body: Json = {"facts": {}, "about": about, "evidence": evidence, "forgotten": True}
            sealed = self._seal(body, f"received:{one.item}")
            self._change("update received set state = ?, body = ? where item = ?", (state, sealed, one.item))
        self._rows("pragma wal_checkpoint(truncate)")

    def _received(self, where: str, value: object) -> list[Received]:
        rows = self._rows(f"select * from received {where}", (value,))  # noqa: S608 - fixed clauses
        return [self._read_received(*row) for row in rows]

    # --- waiting for a person -----------------------------------------------------------------------

    def wait(self, waiting: Waiting) -> None:
        """Keep something for a person to decide; the same one again changes nothing."""
        row = (
            waiting.item, waiting.kind, waiting.notice, waiting.state,
            self._seal(waiting.body, f"waiting:{waiting.item}"),
        )  # fmt: skip
        self._change("insert into waiting values (?,?,?,?,?) on conflict do nothing", row)

    def waiting(self, kind: str | None = None) -> list[Waiting]:
        """What waits for a person."""
        rows = self._rows("select * from waiting where state = 'open' order by item")
        found = [self._read_waiting(*row) for row in rows]
        return [one for one in found if kind is None or one.kind == kind]

    def decided(self, item: str, how: str = "decided") -> None:
        """A person has decided; `how` says which way, where that matters later."""
        body = self._seal({}, f"waiting:{item}")
        self._change("update waiting set state = ?, body = ? where item = ?", (how, body, item))

    def approved_here(self, notice: NoticeId) -> bool:
        """Whether a named officer of ours has approved a match of this notice."""
        return bool(self._rows("select 1 from waiting where notice = ? and state = 'approved'", (notice,)))

    # --- the caseload, and places ------------------------------------------------------------------

    def know(self, people: Iterable[tuple[str, str, Json]]) -> int:
        """Keep the member's own caseload (reference, date of birth, identity), in place of the last one."""
        rows = [(who, self._tag(dob), self._seal(person, f"known:{who}")) for who, dob, person in people]
        with self.together():
            self._db.execute("delete from known")
            self._db.executemany("insert or replace into known values (?,?,?)", rows)
            (count,) = self._db.execute("select count(*) from known").fetchone()
        return int(count)

    def caseload_born(self, dob: str) -> list[Json]:
        """Everybody of the member's own caseload with this date of birth."""
        rows = self._rows("select who, body from known where born = ? order by who", (self._tag(dob),))
        return [self._open(body, f"known:{who}") for who, body in rows]

    def place(self, name: str) -> str | None:
        """Where we had come to: a cursor, a checkpoint."""
        rows = self._rows("select value from place where name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def set_place(self, name: str, value: str) -> None:
        """Note where we have come to."""
        self._change(
            "insert into place values (?,?) on conflict (name) do update set value = excluded.value",
            (name, value),
        )

    # --- rows -----------------------------------------------------------------------------------------

    def _rows(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def _change(self, statement: str, values: tuple[object, ...]) -> bool:
        with self._lock:
            return self._db.execute(statement, values).rowcount == 1

    def _tag(self, dob: str) -> str:
        """Finds a birthday without telling it: the records file may be read by others than its key."""
        return canonical.b64u(subkey(self._vault, f"born: {dob}"))

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
