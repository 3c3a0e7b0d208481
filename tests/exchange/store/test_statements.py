"""`hub.exchange.store.statements`: one expression, the text of each database, and faults of our own."""

import pkgutil
import sqlite3
from importlib import import_module

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, bindparam, insert, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from hub.exchange import store
from hub.exchange.errors import HubFault
from hub.exchange.store.inventory import _HIGHEST, _INTEGRITY, _POINTERS
from hub.exchange.store.outbox import _CLAIM
from hub.exchange.store.statements import KEEP_FIRST, Line, Prepared, PreparedRows, fault_of, replacing

HELD = Table(
    "held",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("a", Text),
    Column("b", Integer, nullable=False),
)
SQLITE = SQLiteDialect_pysqlite()
SQLITE.dbapi = sqlite3  # type: ignore[assignment]  # the engine would have set the driver's module
POSTGRES = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
SQLITE_ONLY = {_HIGHEST, _INTEGRITY, _POINTERS}
"""What looks into SQLite's own books; another database is checked with its own tools."""


def line(*, writable: bool = True) -> Line:
    """A line to a database in memory, inside a transaction."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(
        "CREATE TABLE held (id INTEGER PRIMARY KEY, a TEXT, b INTEGER NOT NULL CHECK (b < 1000))"
    )
    connection.execute("BEGIN")
    return Line(connection, SQLITE, writable=writable)  # type: ignore[arg-type]  # a driver's connection, as PEP 249 has it


def test_every_statement_of_the_store_can_be_written_for_postgresql() -> None:
    """What is kept in SQLite today moves without a statement being written again."""
    seen = 0
    for module in pkgutil.iter_modules(store.__path__, "hub.exchange.store."):
        for name, value in vars(import_module(module.name)).items():
            if isinstance(value, Prepared) and value not in SQLITE_ONLY:
                text, order = value.for_dialect(POSTGRES)
                assert "?" not in text, name
                assert isinstance(order({}), dict)
                seen += 1
    assert seen > 50


def test_a_work_claim_skips_what_another_holds_on_postgresql() -> None:
    """SQLite has one writer and no such words."""
    assert "FOR UPDATE SKIP LOCKED" in _CLAIM.for_dialect(POSTGRES)[0]
    assert "FOR UPDATE" not in _CLAIM.for_dialect(SQLITE)[0]


def test_values_go_where_they_belong() -> None:
    """By name, whatever their order in the text, with those that the statement brings itself."""
    held = line()
    add = Prepared(insert(HELD).values(id=bindparam("id"), a=bindparam("a"), b=7))
    find = Prepared(
        select(HELD.c.b, HELD.c.a).where(HELD.c.a == bindparam("a"), HELD.c.id > bindparam("above"))
    )
    assert held.change(add, a="x", id=3) == 1
    assert held.rows(find, above=2, a="x") == [(7, "x")]
    assert held.row(find, above=3, a="x") is None


def test_a_value_that_is_missing_is_our_own_mistake() -> None:
    """Never a null that nobody meant."""
    with pytest.raises(KeyError):
        line().change(Prepared(insert(HELD)), id=1, a="x")


@pytest.mark.parametrize("count", [0, 1, 2, 5, 63, 64, 86, 130])
def test_many_rows_are_inserted_in_their_order(count: int) -> None:
    """In groups of 64, 16, 4 and 1, and none is left out."""
    held = line()
    rows = PreparedRows(HELD, numbered="id")
    held.insert_rows(rows, [{"a": str(n), "b": n} for n in range(count)])
    everything = Prepared(select(HELD.c.id, HELD.c.a, HELD.c.b).order_by(HELD.c.id))
    assert held.rows(everything) == [(n + 1, str(n), n) for n in range(count)]


def test_an_insert_may_keep_or_replace_what_is_there() -> None:
    """And the replacing may be held to a condition."""
    held, everything = line(), Prepared(select(HELD).order_by(HELD.c.id))
    held.change(Prepared(insert(HELD)), id=1, a="first", b=1)
    assert held.change(Prepared(insert(HELD), KEEP_FIRST), id=1, a="second", b=2) == 0
    assert held.rows(everything) == [(1, "first", 1)]
    if_same = Prepared(insert(HELD), replacing("id", columns=("b",), where="held.a = excluded.a"))
    assert held.change(if_same, id=1, a="other", b=3) == 0
    assert held.change(if_same, id=1, a="first", b=4) == 1
    assert held.rows(everything) == [(1, "first", 4)]


def test_a_list_of_unknown_length_cannot_be_prepared() -> None:
    """Its text would depend on the values."""
    with pytest.raises(HubFault, match="statement-unfinished"):
        line().rows(Prepared(select(HELD).where(HELD.c.id.in_([1, 2]))))


def test_what_only_reads_never_reaches_the_database() -> None:
    """Every way to write refuses; reading goes on."""
    held, add = line(writable=False), Prepared(insert(HELD))
    for write in (
        lambda: held.change(add, id=1, a="", b=1),
        lambda: held.change_for(add, id=1, a="", b=1),
        lambda: held.change_many(add, []),
        lambda: held.insert_rows(PreparedRows(HELD), []),
        lambda: held.save("point"),
    ):
        with pytest.raises(HubFault, match="store-read-only"):
            write()
    assert held.rows(Prepared(select(HELD))) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SQLITE_FULL", "store-full"),
        ("SQLITE_IOERR_FSYNC", "store-unwritable"),
        ("SQLITE_READONLY_DBMOVED", "store-unwritable"),
        ("SQLITE_CANTOPEN", "store-unreachable"),
        ("SQLITE_BUSY_SNAPSHOT", "store-busy"),
        ("SQLITE_LOCKED", "store-busy"),
        ("SQLITE_CORRUPT_INDEX", "store-damaged"),
        ("SQLITE_NOTADB", "store-damaged"),
        ("SQLITE_CONSTRAINT_UNIQUE", "store-constraint"),
        ("SQLITE_MISUSE", "store-failed"),
        ("", "store-failed"),
    ],
)
def test_a_drivers_error_becomes_a_fault_of_ours(name: str, code: str) -> None:
    """With a code to act on, and none of the driver's words: they may quote what was to be kept."""
    error = sqlite3.OperationalError("the value 'somebody' is wrong")
    if name:
        error.sqlite_errorname = name
    fault = fault_of(error)
    assert fault.code == code
    assert "somebody" not in str(fault)


def test_a_fault_inside_a_statement_says_nothing_of_its_values() -> None:
    """The text that is raised is ours."""
    held, add = line(), Prepared(insert(HELD))
    with pytest.raises(HubFault, match="store-constraint") as raised:
        held.change(add, id=1, a="somebody", b=5000)
    assert "somebody" not in str(raised.value)
    with pytest.raises(HubFault, match="store-constraint"):
        held.change_many(add, [{"id": 1, "a": "x", "b": 5000}])
    assert held.change(add, id=1, a="x", b=5) == 1  # the transaction is whole: only the statement failed
