"""Webhooks of one home, the events they are told of, and how each telling went.

`webhooks.db` holds ids, instants and statuses, which name nobody. Secrets and keys lie sealed in the home's
records, beside everything else that is secret.
"""

import sqlite3
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from hub.protocols import canonical

PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"

_SCHEMA: Final = """
create table if not exists event (
  event text primary key, kind text not null, item text not null, at text not null, unique (kind, item));
create table if not exists telling (
  event text not null, hook text not null, state text not null, attempts integer not null, next text not null,
  last text not null, primary key (event, hook));
create index if not exists telling_next on telling (state, next);
"""


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to an item; the item's id is all that is told."""

    event: str
    kind: str
    item: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Telling:
    """One event on its way to one webhook."""

    event: str
    hook: str
    state: str
    attempts: int
    next: datetime
    last: str
    """How the last attempt ended: an HTTP status, or a code."""


class WebhookBook:
    """Events and tellings of one home; several threads may use it."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        path.chmod(0o600)
        self._db.executescript("pragma journal_mode=wal;" + _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def note(self, event: Event, hooks: list[str]) -> bool:
        """Keep an event and whom it is to be told; False where it was kept before."""
        at = canonical.instant(event.at)
        with self._lock:
            self._db.execute("begin immediate")
            row = (event.event, event.kind, event.item, at)
            fresh = self._db.execute("insert or ignore into event values (?,?,?,?)", row).rowcount == 1
            rows = [(event.event, hook, PENDING, 0, at, "") for hook in hooks if fresh]
            self._db.executemany("insert into telling values (?,?,?,?,?,?)", rows)
            self._db.execute("commit")
        return fresh

    def events(self) -> set[tuple[str, str]]:
        """Kind and item of every event that is kept."""
        return {(str(kind), str(item)) for kind, item in self._rows("select kind, item from event")}

    def event(self, name: str) -> Event | None:
        """One event."""
        rows = self._rows("select * from event where event = ?", name)
        return _event(*rows[0]) if rows else None

    def hooks_due(self, now: datetime) -> list[str]:
        """Webhooks with a telling whose next attempt has come."""
        statement = "select distinct hook from telling where state = 'pending' and next <= ? order by hook"
        return [str(hook) for (hook,) in self._rows(statement, canonical.instant(now))]

    def due(self, hook: str, now: datetime) -> list[Telling]:
        """Tellings of one webhook whose next attempt has come, oldest first."""
        statement = (
            "select * from telling where hook = ? and state = 'pending' and next <= ?"
            " order by next, event limit 100"
        )
        return [_telling(*row) for row in self._rows(statement, hook, canonical.instant(now))]

    def tellings(self, most: int = 200) -> list[tuple[Event, Telling]]:
        """The delivery log, newest first."""
        rows = self._rows(
            "select e.*, t.* from telling t join event e using (event)"
            " order by e.at desc, e.event desc limit ?",
            most,
        )
        return [(_event(*row[:4]), _telling(*row[4:])) for row in rows]

    def keep(self, telling: Telling) -> None:
        """Keep how an attempt went, or that there is one to come."""
        at = canonical.instant(telling.next)
        row = (telling.event, telling.hook, telling.state, telling.attempts, at, telling.last)
        with self._lock:
            self._db.execute("insert or replace into telling values (?,?,?,?,?,?)", row)

    def drop(self, hook: str) -> None:
        """Tell a webhook nothing more."""
        with self._lock:
            self._db.execute("delete from telling where hook = ? and state = 'pending'", (hook,))

    def _rows(self, statement: str, *values: object) -> list[tuple[str, ...]]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()


def _event(event: str, kind: str, item: str, at: str) -> Event:
    return Event(event, kind, item, canonical.parse_instant(at))


def _telling(event: str, hook: str, state: str, attempts: object, next_at: str, last: str) -> Telling:
    return Telling(event, hook, state, int(str(attempts)), canonical.parse_instant(next_at), last)
