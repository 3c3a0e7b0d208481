"""Alterations by chance, of the log in the database and of the log as files: all are found, by name."""

import os
import random
import sqlite3
from pathlib import Path
from typing import Final

import pytest

from hub.exchange.store.unit_of_work import SqlStore
from hub.protocols.errors import ProtocolError
from hub.protocols.log_directory import files_of, verify_directory
from tests.exchange.store.test_audit import copy, findings, lived
from tests.simulators.web_member import WebHub

__all__ = ["copy", "lived"]


IN_THE_LOG: Final = {
    "log_entry": ("leaf",),
    "log_node": ("hash",),
    "log_head": ("frontier", "size"),
    "checkpoint": ("note", "size"),
    "opening": ("salt", "record", "parties"),
    "opening_party": ("member", "idx"),
}
"""Everything that the log is made of in the database."""

KEPT_WHOLE: Final = frozenset({"log_head", "checkpoint", "opening"})
"""No row is taken from these: a log without a head has a test of its own; an earlier checkpoint that is gone
is missed by nobody, since everything is proved under a later one; and a record that is gone with its salt is
what an erasure looks like, which it must."""

ALTERATIONS: Final = int(os.environ.get("ALTERATIONS", "15"))
"""How many alterations are tried of the database, and of the files; `make alterations` tries 500 of each."""


def otherwise(value: object, chance: random.Random) -> object:
    """The same value with one bit, letter or number changed."""
    if isinstance(value, int):
        return value + chance.choice((-1, 1))
    if isinstance(value, str):
        place = chance.randrange(len(value))
        return value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
    assert isinstance(value, bytes)
    return flipped(value, chance)


def flipped(data: bytes, chance: random.Random) -> bytes:
    """The same bytes with one bit changed."""
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def alter_one(path: Path, chance: random.Random) -> str:
    """Change or remove one row of the log, chosen by chance; tell what was done."""
    table, columns = chance.choice([*IN_THE_LOG.items()])
    connection = sqlite3.connect(path)
    row = chance.choice(connection.execute(f"select {', '.join(columns)} from {table}").fetchall())  # noqa: S608
    at = chance.randrange(len(columns))
    where = " and ".join(f"{column} = ?" for column in columns)
    if chance.random() < 0.2 and table not in KEPT_WHOLE:
        done = f"{table} without a row"
        connection.execute(f"delete from {table} where {where}", row)  # noqa: S608 - fixed names
    elif row[at] in {"", b""}:
        connection.close()
        return alter_one(path, chance)  # nothing is there to be changed
    else:
        done = f"{table}.{columns[at]}"
        new = otherwise(row[at], chance)
        connection.execute(f"update or replace {table} set {columns[at]} = ? where {where}", (new, *row))  # noqa: S608
    connection.commit()
    connection.close()
    return done


@pytest.mark.parametrize("seed", range(ALTERATIONS))
def test_any_alteration_of_the_log_is_found(lived: WebHub, copy: Path, seed: int) -> None:
    """Leaves, subtrees, head, checkpoints, openings, parties: whatever chance changes has a name."""
    done = alter_one(copy, random.Random(seed))
    assert findings(lived, copy), done


@pytest.mark.parametrize("seed", range(ALTERATIONS))
def test_any_alteration_of_the_published_log_is_found(lived: WebHub, copy: Path, seed: int) -> None:
    """A bit of any tile or entry, a file cut short, a file gone, two files exchanged: named each time."""
    chance = random.Random(seed)
    store = SqlStore(f"sqlite:///{copy}", lived.hub.index_key)
    with store.read() as work:
        signed = work.log.signed()
        assert signed is not None
        files = dict(files_of(signed[1], work.log.node, work.log.leaves))
    store.close()
    name, other = chance.sample(sorted(files), 2)
    place = chance.randrange(len(files[name]))
    changed = {
        "bit": {name: flipped(files[name], chance)},
        "short": {name: files[name][:place]},
        "exchanged": {name: files[other], other: files[name]},
    }
    how = chance.choice([*changed, "gone"])
    files |= changed.get(how, {})
    if how == "gone":
        del files[name]
    with pytest.raises(ProtocolError) as fault:
        verify_directory(files.__getitem__, lived.hub.log_key)
    assert fault.value.detail, how
