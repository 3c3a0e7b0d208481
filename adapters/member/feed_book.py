"""What is kept of the last extract: keyed fingerprints, and sealed what a later notice needs.

One SQLite file in the home, `feed.db`. A row is found by a keyed fingerprint of the local reference;
another fingerprint tells whether anything that matters has changed; sealed beside it lie the reference
itself, the last sure state, and the former home, which is what a later `moved_out` is found by. Nothing
of an extract lies there in clear, and without the keyring nothing of it can be tested by guessing.
"""

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final

from adapters.member.feed import Before, Change, Standing, State
from adapters.member.feed_person import Person, still_one
from adapters.move import Address
from hub.protocols import canonical
from hub.protocols.at_rest import rest_open, rest_seal
from hub.protocols.canonical import Json, Reader
from hub.protocols.subkeys import subkey

_SCHEMA: Final = """
create table if not exists person (
  who blob primary key, print blob not null, body blob not null) without rowid;
create table if not exists doing (
  who blob primary key, print blob not null, change text not null) without rowid;
create temp table tonight (who blob primary key, print blob not null, body blob) without rowid;
"""

_PRINT_BYTES: Final = 16

_PERSON: Final = tuple(field.name for field in fields(Person))

LONG: Final = 65_536
"""Characters of a text that came from a cell: as many as a line of a file may have."""


@dataclass(frozen=True, slots=True, repr=False)
class Remembered:
    """One young person of the last extract, opened."""

    ref: str
    state: State
    area: str
    person: Person
    """Fingerprints of what names them; empty where the file had none."""
    prints: tuple[str, str]
    """Fingerprints of home and flags."""
    home: Address | None


class FeedBook:
    """The fingerprints of one member's last extract, and of the one that is being read."""

    def __init__(self, path: Path, vault: bytes) -> None:
        self._key = subkey(vault, "nightly feed")
        self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
        path.chmod(0o600)
        self._db.executescript("pragma journal_mode=wal; pragma synchronous=full; pragma secure_delete=on;")
        self._db.executescript("pragma temp_store=memory;" + _SCHEMA)

    def close(self) -> None:
        """Close the file; what was read tonight and not kept is gone."""
        self._db.close()

    def begin(self) -> None:
        """Start to read an extract."""
        self._db.execute("delete from tonight")

    def size(self) -> int:
        """How many young people the last extract had."""
        (count,) = self._db.execute("select count(*) from person").fetchone()
        return int(count)

    def absent(self) -> int:
        """How many of them are not in tonight's."""
        statement = "select count(*) from person where who not in (select who from tonight)"
        (count,) = self._db.execute(statement).fetchone()
        return int(count)

    def see(self, ref: str, now: Standing) -> "Seen":
        """Note a row of tonight's extract; tell what is remembered, where that differs."""
        who, mark = self._print("who", ref), self._print("row", "\n".join(_texts(now)))
        known = self._db.execute("select print, body from person where who = ?", (who,)).fetchone()
        twice = self._db.execute("select print from tonight where who = ?", (who,)).fetchone()
        if twice is not None:
            return Seen(who, mark, None, twice=True, same=twice[0] == mark)
        same = known is not None and known[0] == mark and self._begun(who) in {None, mark}
        self._db.execute("insert into tonight values (?,?,null)", (who, mark))
        before = None if known is None or same else self._open(who, known[1])
        return Seen(who, mark, before, twice=False, same=same)

    def compare(self, before: Remembered, now: Standing) -> Before:
        """What is remembered, as far as it has changed."""
        home, flags = (kept == mark for kept, mark in zip(before.prints, self._prints(now), strict=True))
        same = before.person == self._person(now)
        return Before(before.state, before.area, same_person=same, same_home=home, same_flags=flags)

    def still_one(self, before: Remembered, now: Standing) -> bool:
        """Whether the reference names whom it named in the last extract."""
        return still_one(before.person, self._person(now))

    def hold(self, who: bytes, remembered: Remembered) -> None:
        """Have ready what is to be remembered of a row once it is settled."""
        body = rest_seal(canonical.encode(_body(remembered)), self._key, os.urandom(12), canonical.b64u(who))
        self._db.execute("update tonight set body = ? where who = ?", (body, who))

    def remembered(
        self, ref: str, now: Standing, home: Address | None, before: Remembered | None
    ) -> Remembered:
        """What is to be remembered of a row: an unsure state leaves the last sure one, and its home."""
        sure = now.state is not State.UNSURE or before is None
        if sure or before is None:  # the second for the type alone
            return Remembered(ref, now.state, now.area, self._person(now), self._prints(now), home)
        prints = self._prints(now)
        return Remembered(ref, before.state, before.area, self._person(now), prints, before.home)

    def settle_all_but(self, people: frozenset[bytes]) -> None:
        """Remember every row of tonight that has changed, but those of these people."""
        rows = self._db.execute("select * from tonight where body is not null").fetchall()
        self._db.execute("begin immediate")
        chosen = [row for row in rows if row[0] not in people]
        self._db.executemany("insert or replace into person values (?,?,?)", chosen)
        self._db.executemany("delete from doing where who = ?", [(row[0],) for row in chosen])
        self._db.execute("commit")

    def do(self, who: bytes, mark: bytes, change: Change) -> None:
        """Note what is about to be told: a killed gateway goes on with it, and does not judge anew."""
        self._db.execute("insert or replace into doing values (?,?,?)", (who, mark, change.value))

    def doing(self, who: bytes, mark: bytes) -> Change | None:
        """What was being told of this very row when the gateway was killed."""
        row = self._db.execute("select change from doing where who = ? and print = ?", (who, mark)).fetchone()
        return None if row is None else Change(row[0])

    def begun(self, who: bytes) -> Change | None:
        """What was being told of somebody, by this row or by another one, when the gateway was killed."""
        row = self._db.execute("select change from doing where who = ?", (who,)).fetchone()
        return None if row is None else Change(row[0])

    def settle(self, who: bytes) -> None:
        """Remember one row of tonight, whose change was told; forget somebody who is in it no more."""
        row = self._db.execute("select * from tonight where who = ? and body is not null", (who,)).fetchone()
        self._db.execute("begin immediate")
        if row is None:
            self._db.execute("delete from person where who = ?", (who,))
        else:
            self._db.execute("insert or replace into person values (?,?,?)", row)
        self._db.execute("delete from doing where who = ?", (who,))
        self._db.execute("commit")

    def missing(self) -> Iterator[tuple[bytes, Remembered]]:
        """Who was in the last extract and is not in tonight's."""
        rows = self._db.execute(
            "select who, body from person where who not in (select who from tonight)"
        ).fetchall()
        for who, body in rows:
            yield who, self._open(who, body)

    def person_mark(self, now: Standing) -> bytes:
        """A fingerprint of whom a row names, whatever else it says."""
        return self._print("whole person", "\n".join(astuple(now.person)))

    def digest(self, words: str) -> str:
        """A keyed digest, to tell whether two plans are one."""
        return canonical.b64u(self._print("plan", words))

    def _begun(self, who: bytes) -> bytes | None:
        row = self._db.execute("select print from doing where who = ?", (who,)).fetchone()
        return None if row is None else bytes(row[0])

    def _prints(self, now: Standing) -> tuple[str, str]:
        return canonical.b64u(self._print("home", now.home)), canonical.b64u(self._print("flags", now.flags))

    def _person(self, now: Standing) -> Person:
        named = zip(_PERSON, astuple(now.person), strict=True)
        return Person(*(canonical.b64u(self._print(name, text)) if text else "" for name, text in named))

    def _print(self, kind: str, text: str) -> bytes:
        return subkey(self._key, f"{kind}: {text}")[:_PRINT_BYTES]

    def _open(self, who: bytes, body: bytes) -> Remembered:
        kept = Reader(canonical.decode(rest_open(body, self._key, canonical.b64u(who))), "feed")
        home = kept.nullable_object("home")
        address = None
        if home is not None:
            address = Address(
                tuple(home.list_of_text("lines", max=LONG)), home.nullable_text("postcode", max=LONG)
            )
        living, flags = kept.list_of_text("prints")
        person = Person(*kept.list_of_text("person"))
        state = State(kept.text("state"))
        return Remembered(
            kept.text("ref", max=LONG), state, kept.text("area"), person, (living, flags), address
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """A row of tonight beside the last extract."""

    who: bytes
    mark: bytes
    before: Remembered | None
    twice: bool
    """Whether the reference stood in an earlier row of this extract."""
    same: bool
    """As last night; where it stood twice, as the earlier row."""


def _texts(now: Standing) -> tuple[str, ...]:
    return (now.state.value, now.area, *astuple(now.person), now.home, now.flags)


def _body(one: Remembered) -> Json:
    home: Json = None
    if one.home is not None:
        home = {"lines": [*one.home.lines], "postcode": one.home.postcode}
    return {
        "ref": one.ref,
        "state": one.state.value,
        "area": one.area,
        "person": [*astuple(one.person)],
        "prints": [*one.prints],
        "home": home,
    }
