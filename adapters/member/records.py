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
from hub.protocols.canonical import Json, Reader
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
create table if not exists answered (item text primary key, state text not null, body blob not null);
create table if not exists known (who text primary key, born text not null, body blob not null);
create index if not exists known_born on known (born);
create table if not exists told (notice text not null, member text not null, primary key (notice, member));
create table if not exists place (name text primary key, value text not null);
create table if not exists book (
  shelf text not null, name text not null, about text not null, body blob not null,
  primary key (shelf, name));
create index if not exists book_about on book (shelf, about);
"""

OVER: Final = frozenset({"refused", "withdrawn", "closed", "expired", "merged"})
"""States of a notice from which nothing more comes; its row of the file may be sent again."""

UNNAMED: Final = MemberId("mbr_unnamed")
"""Stands, among those who were let into a notice, for the one of whom we may not learn who it is."""

UNHEARD: Final = "unheard"
"""State of an answer to a key request until the hub is heard to have taken it."""

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


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """An answer to a key request, as it was or will be sent: `request` and `grant` are signed documents."""

    item: str
    state: str
    name: str
    request: str
    grant: str
    box: str | None
    officer: str | None
    boxes: tuple[str, ...] = ()
    """The boxes for the candidates of a blind request, in their order; none where it is a no."""


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
            if self._db.in_transaction:
                yield  # part of a larger whole
                return
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
            " ('queued','refused','withdrawn','closed','expired','merged')",
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

    def of_source(self, source: str) -> Sent | None:
        """The notice that stands for a row of a file."""
        found = self._sent("where source = ?", source)
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

    def forget_parts(self, item: DisclosureId, parts: frozenset[str]) -> None:
        """Destroy some of what was opened; where nothing is left, the whole delivery is recalled."""
        one = self.received(item)
        facts = one.body.get("facts") if one is not None and isinstance(one.body, dict) else None
        if one is None or not isinstance(one.body, dict) or not isinstance(facts, dict):
            return
        left = {part: fact for part, fact in facts.items() if part not in parts}
        if len(left) == len(facts):
            return
        before = one.body.get("recalled")
        gone = (facts.keys() & parts) | (set(map(str, before)) if isinstance(before, list) else set())
        body: Json = {**one.body, "facts": left, "recalled": [*sorted(gone)]}
        state = one.state if left else "recalled"
        sealed = self._seal(body, f"received:{item}")
        self._change("update received set state = ?, body = ? where item = ?", (state, sealed, item))
        self._rows("pragma wal_checkpoint(truncate)")

    def note_corrected(self, item: DisclosureId, by: NoticeId) -> None:
        """Note beside what was opened which notice corrects it."""
        one = self.received(item)
        if one is not None and isinstance(one.body, dict):
            sealed = self._seal({**one.body, "corrected_by": by}, f"received:{item}")
            self._change("update received set body = ? where item = ?", (sealed, item))

    def _received(self, where: str, value: object) -> list[Received]:
        rows = self._rows(f"select * from received {where}", (value,))  # noqa: S608 - fixed clauses
        return [self._read_received(*row) for row in rows]

    # --- waiting for a person -----------------------------------------------------------------------

    def wait(self, waiting: Waiting) -> bool:
        """Keep something for a person to decide; False, and nothing changes, where it was kept before."""
        row = (
            waiting.item, waiting.kind, waiting.notice, waiting.state,
            self._seal(waiting.body, f"waiting:{waiting.item}"),
        )  # fmt: skip
        return self._change("insert into waiting values (?,?,?,?,?) on conflict do nothing", row)

    def waiting(self, kind: str | None = None) -> list[Waiting]:
        """What waits for a person."""
        rows = self._rows("select * from waiting where state = 'open' order by item")
        found = [self._read_waiting(*row) for row in rows]
        return [one for one in found if kind is None or one.kind == kind]

    def decided(self, item: str, how: str = "decided") -> None:
        """A person has decided; `how` says which way, where that matters later."""
        body = self._seal({}, f"waiting:{item}")
        self._change("update waiting set state = ?, body = ? where item = ?", (how, body, item))

    def is_decided(self, item: str) -> bool:
        """Whether a person was asked this, and has answered."""
        return bool(self._rows("select 1 from waiting where item = ? and state != 'open'", (item,)))

    def settle(self, item: str, how: str, body: Json) -> None:
        """A person has answered; what the thing was about is kept beside the answer."""
        sealed = self._seal(body, f"waiting:{item}")
        self._change("update waiting set state = ?, body = ? where item = ?", (how, sealed, item))

    def of_kind(self, kind: str) -> list[Waiting]:
        """Everything of a kind that waits, or waited, for a person."""
        rows = self._rows("select * from waiting where kind = ? order by item", (kind,))
        return [self._read_waiting(*row) for row in rows]

    def approved_here(self, notice: NoticeId) -> bool:
        """Whether a named officer of ours has approved a match of this notice."""
        return bool(self._rows("select 1 from waiting where notice = ? and state = 'approved'", (notice,)))

    def named_here(self, notice: NoticeId) -> bool:
        """Whether all officers of ours who approved the newest match of this notice let us be named."""
        query = "select * from waiting where notice = ? and state = 'approved' order by item"
        bodies = [self._read_waiting(*row).body for row in self._rows(query, (notice,))]
        return bool(bodies) and isinstance(bodies[-1], dict) and bodies[-1].get("named") is True

    # --- answers to key requests --------------------------------------------------------------------

    def keep_answer(self, answer: KeyAnswer, lets_in: tuple[NoticeId, MemberId] | None) -> None:
        """Keep an answer that is about to be sent, in place of an earlier one, with whom its box lets in."""
        body: Json = {
            "name": answer.name,
            "request": answer.request,
            "grant": answer.grant,
            "box": answer.box,
            "officer": answer.officer,
            "boxes": list(answer.boxes),
        }
        row = (answer.item, answer.state, self._seal(body, f"answered:{answer.item}"))
        with self.together():
            self._change("insert or replace into answered values (?,?,?)", row)
            if lets_in is not None:
                self.tell(*lets_in)

    def key_answer(self, item: str) -> KeyAnswer | None:
        """What was said to one key request."""
        found = self._answers("where item = ?", item)
        return found[0] if found else None

    def unheard(self) -> list[KeyAnswer]:
        """Answers that the hub was never heard to take, oldest first."""
        return self._answers("where state = ? order by item", UNHEARD)

    def heard(self, item: str, state: str) -> None:
        """Note how an answer ended."""
        self._change("update answered set state = ? where item = ?", (state, item))

    def _answers(self, where: str, value: object) -> list[KeyAnswer]:
        rows = self._rows(f"select * from answered {where}", (value,))  # noqa: S608 - fixed clauses
        return [self._read_answer(*row) for row in rows]

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

    def known(self, who: str) -> Json:
        """Who the member's own caseload has under a local reference; None where nobody."""
        rows = self._rows("select body from known where who = ?", (who,))
        return self._open(rows[0][0], f"known:{who}") if rows else None

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

    # --- the book: what is kept beyond a notice's own end ---------------------------------------------

    def keep_page(self, shelf: str, name: str, about: str, body: Json) -> None:
        """Keep a sealed page, in place of an earlier one; it is found again by what it is about."""
        sealed = self._seal(body, f"book:{shelf}:{name}")
        tag = self._tag_of(f"{shelf}: {about}")
        self._change("insert or replace into book values (?,?,?,?)", (shelf, name, tag, sealed))

    def page(self, shelf: str, name: str) -> Json | None:
        """One page by its name."""
        rows = self._rows("select body from book where shelf = ? and name = ?", (shelf, name))
        return self._open(rows[0][0], f"book:{shelf}:{name}") if rows else None

    def pages(self, shelf: str, about: str | None = None) -> list[tuple[str, Json]]:
        """The pages of a shelf, or those about one thing, by name."""
        values = (shelf, None if about is None else self._tag_of(f"{shelf}: {about}"))
        rows = self._rows(
            "select name, body from book where shelf = ?1 and (?2 is null or about = ?2) order by name",
            values,
        )
        return [(name, self._open(body, f"book:{shelf}:{name}")) for name, body in rows]

    # --- rows -----------------------------------------------------------------------------------------

    def _rows(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def _change(self, statement: str, values: tuple[object, ...]) -> bool:
        with self._lock:
            return self._db.execute(statement, values).rowcount == 1

    def _tag(self, dob: str) -> str:
        """Finds a birthday without telling it: the records file may be read by others than its key."""
        return self._tag_of(f"born: {dob}")

    def _tag_of(self, text: str) -> str:
        return canonical.b64u(subkey(self._vault, text))

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

    def _read_answer(self, item: str, *row: Any) -> KeyAnswer:  # noqa: ANN401 - columns as SQLite gives them
        state, body = row
        kept = Reader(self._open(body, f"answered:{item}"), "answer")
        return KeyAnswer(
            item,
            state,
            kept.text("name"),
            kept.text("request", max=65_536),
            kept.text("grant", max=65_536),
            kept.nullable_text("box", max=65_536),
            kept.nullable_text("officer"),
            tuple(kept.list_of_text("boxes", max=8_192)) if kept.has("boxes") else (),
        )
