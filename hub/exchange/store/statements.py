"""How statements reach the database: written once in SQLAlchemy Core, compiled once, run bare.

Core writes the SQL of SQLite and of PostgreSQL from one expression; compiling takes far longer
than a small statement runs, so each is compiled at its first use and afterwards costs a look-up.
What is handed to the driver is its own text and a tuple: no unit of work of an ORM stands between.
Faults of the database become `HubFault` with a code of ours; no text of theirs is passed on, since
it may quote a value.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Table, bindparam, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.elements import BindParameter

from hub.exchange.errors import HubFault

Fields = tuple[Any, ...]
"""A row as the driver gives it; whoever asked knows the columns."""

Values = Mapping[str, object]

KEEP_FIRST: Final = " ON CONFLICT DO NOTHING"
"""Leave the row that is there; both databases spell it alike."""


class Prepared:
    """One statement, with the text and the order of its values for each kind of database."""

    __slots__ = ("_compiled", "_ending", "_statement")

    def __init__(self, statement: ClauseElement, ending: str = "") -> None:
        self._statement = statement
        self._ending = ending
        self._compiled: dict[str, tuple[str, Callable[[Values], object]]] = {}

    def for_dialect(self, dialect: Dialect) -> tuple[str, Callable[[Values], object]]:
        """The text, and what brings named values into the form that the driver takes."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        return found

    def _compile(self, dialect: Dialect) -> tuple[str, Callable[[Values], object]]:
        compiled = self._statement.compile(dialect=dialect)
        binds: dict[str, BindParameter[Any]] = getattr(compiled, "binds", {})
        fixed = {name: bind.effective_value for name, bind in binds.items() if not bind.required}
        order: list[str] | None = getattr(compiled, "positiontup", None)

        def named(values: Values) -> object:
            return {**fixed, **values}

        take = _taker(order or ())

        def placed(values: Values) -> object:
            return take({**fixed, **values} if fixed else values)

        text = str(compiled) + self._ending
        if "POSTCOMPILE" in text:
            raise HubFault("statement-unfinished", "a statement with a list in it cannot be prepared once")
        return text, named if order is None else placed


def _taker(order: Sequence[str]) -> Callable[[Values], object]:
    """What takes the named values in this order as a tuple."""
    match order:
        case []:
            return lambda _: ()
        case [name]:
            return lambda values: (values[name],)
        case _:
            return itemgetter(*order)


class PreparedRows:
    """An insert of many rows at once.

    A driver gives up Python's lock at every step of a statement and gets it back when the other
    threads let it: a row at a time that is most of the time there is. Rows therefore go in groups
    of a few sizes, so that few texts have to be compiled.
    """

    __slots__ = ("_columns", "_ending", "_prepared", "_table")

    SIZES: Final = (64, 16, 4, 1)

    def __init__(self, table: Table, ending: str = "", *, numbered: str | None = None) -> None:
        """`numbered` is the column that the database fills in by itself."""
        self._table = table
        self._columns = [column for column in table.c if column.name != numbered]
        self._ending = ending
        self._prepared: dict[int, tuple[Prepared, list[tuple[int, str, str]]]] = {}

    def groups(self, rows: Sequence[Values]) -> Iterator[tuple[Prepared, dict[str, object]]]:
        """Statements, each with its values, that insert all rows in their order."""
        start = 0
        for size in self.SIZES:
            while len(rows) - start >= size:
                prepared, places = self._of(size)
                yield prepared, {name: rows[start + row][column] for row, column, name in places}
                start += size

    def _of(self, size: int) -> tuple[Prepared, list[tuple[int, str, str]]]:
        if size not in self._prepared:
            places = [
                (row, column, f"{column.name}_{row}") for row in range(size) for column in self._columns
            ]
            rows: list[dict[str, object]] = [{} for _ in range(size)]
            for row, column, name in places:
                rows[row][column.name] = bindparam(name, type_=column.type)
            named = [(row, column.name, name) for row, column, name in places]
            self._prepared[size] = (Prepared(insert(self._table).values(rows), self._ending), named)
        return self._prepared[size]


def replacing(*keys: str, columns: Iterable[str], where: str = "") -> str:
    """The ending of an insert that replaces `columns` of the row with these keys, if there is one."""
    new = ", ".join(f"{column} = excluded.{column}" for column in columns)
    return f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {new}" + (f" WHERE {where}" if where else "")


class Line:
    """An open connection inside a unit of work.

    What may not write raises before it reaches the database. Where the database has given up the
    whole transaction (a full disk), every later change raises too: it would commit by itself.
    """

    __slots__ = ("_connection", "_dialect", "_errors", "_refusing")

    def __init__(self, connection: DBAPIConnection, dialect: Dialect, *, writable: bool) -> None:
        self._connection: Any = connection  # the driver's own type: what it offers beside PEP 249 is used
        self._dialect = dialect
        self._errors = dialect.loaded_dbapi.Error
        self._refusing = None if writable else read_only()

    def rows(self, prepared: Prepared, **values: object) -> list[Fields]:
        """All rows of a query."""
        text, order = prepared.for_dialect(self._dialect)
        try:
            found: list[Fields] = self._connection.execute(text, order(values)).fetchall()
        except self._errors as error:
            raise self._fault(error) from error
        return found

    def row(self, prepared: Prepared, **values: object) -> Fields | None:
        """The first row of a query, or None."""
        text, order = prepared.for_dialect(self._dialect)
        try:
            found: Fields | None = self._connection.execute(text, order(values)).fetchone()
        except self._errors as error:
            raise self._fault(error) from error
        return found

    def change(self, prepared: Prepared, **values: object) -> int:
        """Run a statement that writes; return how many rows it touched."""
        self.check_writable()
        text, order = prepared.for_dialect(self._dialect)
        try:
            touched: int = self._connection.execute(text, order(values)).rowcount
        except self._errors as error:
            raise self._fault(error) from error
        return touched

    def change_for(self, prepared: Prepared, **values: object) -> Fields | None:
        """Run a statement that writes and returns one row, or none."""
        self.check_writable()
        found = self.rows(prepared, **values)  # all rows: the statement has ended once they are read
        return found[0] if found else None

    def change_many(self, prepared: Prepared, values: Iterable[Values]) -> None:
        """Run one writing statement for each set of values."""
        self.check_writable()
        text, order = prepared.for_dialect(self._dialect)
        try:
            self._connection.cursor().executemany(text, [order(each) for each in values])
        except self._errors as error:
            raise self._fault(error) from error

    def insert_rows(self, rows: PreparedRows, values: Sequence[Values]) -> None:
        """Insert many rows, given by every column of the table."""
        self.check_writable()
        for prepared, named in rows.groups(values):
            self.change(prepared, **named)

    def insert_for(self, rows: PreparedRows, values: Sequence[Values]) -> list[Fields]:
        """Insert many rows; return what the statement says of each, in no order that is promised."""
        self.check_writable()
        return [row for prepared, named in rows.groups(values) for row in self.rows(prepared, **named)]

    def begin(self, words: str) -> None:
        """Begin a transaction."""
        self._say(words)

    def commit(self) -> None:
        """Make everything last; raise the fault that ended the transaction, if one did."""
        if self.broken:
            self.check_writable()
        self._say("COMMIT")

    def roll_back(self) -> None:
        """Undo everything; a database that has done so by itself, or is gone, is left alone."""
        with suppress(self._errors):
            self._connection.execute("ROLLBACK")

    def save(self, point: str) -> None:
        """Set a savepoint."""
        self.check_writable()
        self._say(f"SAVEPOINT {point}")

    def release(self, point: str) -> None:
        """Keep what was done since the savepoint as part of the transaction."""
        self.check_writable()
        self._say(f"RELEASE {point}")

    def back_to(self, point: str) -> None:
        """Undo what was done since the savepoint, unless everything has been undone already."""
        if not self.broken:
            self._say(f"ROLLBACK TO {point}")
            self._say(f"RELEASE {point}")

    def check_writable(self) -> None:
        """Raise `HubFault` in a unit of work that only reads, or whose transaction has ended early."""
        if self._refusing is not None:
            raise self._refusing

    @property
    def broken(self) -> bool:
        """Whether the database has given up the transaction."""
        return self._refusing is not None and self._refusing.code != READ_ONLY

    def _say(self, text: str) -> None:
        try:
            self._connection.execute(text)
        except self._errors as error:
            raise self._fault(error) from error

    def _fault(self, error: Exception) -> HubFault:
        fault = fault_of(error)
        if self._refusing is None and not getattr(self._connection, "in_transaction", True):
            self._refusing = fault
        return fault


READ_ONLY: Final = "store-read-only"


def read_only() -> HubFault:
    """What a unit of work that only reads answers to a change."""
    return HubFault(READ_ONLY, "something was to be changed in a unit of work that only reads")


_FAULTS: Final = {
    "SQLITE_FULL": ("store-full", "the disk is full: make room; nothing was kept"),
    "SQLITE_IOERR": (
        "store-unwritable",
        "the disk does not take what is written: look at it; nothing was kept",
    ),
    "SQLITE_READONLY": (
        "store-unwritable",
        "the database cannot be written: look at its rights; nothing was kept",
    ),
    "SQLITE_CANTOPEN": (
        "store-unreachable",
        "the database cannot be opened: look at its path and its rights",
    ),
    "SQLITE_BUSY": ("store-busy", "another process holds the database: try again"),
    "SQLITE_LOCKED": ("store-busy", "another process holds the database: try again"),
    "SQLITE_CORRUPT": ("store-damaged", "the database is damaged: stop, run `hub fsck`, restore"),
    "SQLITE_NOTADB": ("store-damaged", "the database is damaged: stop, run `hub fsck`, restore"),
    "SQLITE_CONSTRAINT": ("store-constraint", "two things of one name, or one that points at nothing"),
}


def fault_of(error: BaseException) -> HubFault:
    """What a driver's error means to the hub; extended codes count as the plain one they begin with."""
    name = getattr(error, "sqlite_errorname", "")
    plain = "_".join(name.split("_")[:2])
    return HubFault(
        *_FAULTS.get(plain, ("store-failed", "the database refused a statement; see the cause in the log"))
    )
