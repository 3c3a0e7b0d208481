"""Units of work over one SQL database: one connection writes, several read.

SQLite: write-ahead log, every commit flushed (`synchronous=FULL`), what is deleted overwritten
(`secure_delete`), foreign keys held. There is one write connection and a lock round it, so that a
unit of work never meets another half way; readers see the last commit and wait for nobody. What
belongs to PostgreSQL is said beside the statement that needs it; nothing here is written twice.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from os import urandom
from typing import Any, Final

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, PoolProxiedConnection

from hub.exchange.errors import HubFault
from hub.exchange.ports import (
    Disputes,
    Inboxes,
    Index,
    Log,
    Members,
    Notices,
    Outbox,
    Papers,
    Passages,
    Refusals,
)
from hub.exchange.store.disclosure_log import SqlLog
from hub.exchange.store.disputes import SqlDisputes
from hub.exchange.store.inboxes import LastNumbers, SqlInboxes
from hub.exchange.store.index import SqlIndex
from hub.exchange.store.inventory import SqlInventory
from hub.exchange.store.members import SqlMembers
from hub.exchange.store.notices import SqlNotices
from hub.exchange.store.outbox import SqlOutbox
from hub.exchange.store.papers import SqlPapers
from hub.exchange.store.passages import SqlPassages
from hub.exchange.store.refusals import SqlRefusals
from hub.exchange.store.sealed import Seals
from hub.exchange.store.statements import Line, fault_of
from hub.protocols.names import MemberId

WRITER_CACHE: Final = 32_768
"""KiB of pages the write connection keeps: the index's upper levels and the newest rows."""
READER_CACHE: Final = 4_096
"""KiB of pages of each read connection."""
WRITER_MAP: Final = 0x7FFF_0000
"""Bytes of the file that the write connection reads where the kernel has them: the most that SQLite allows.

A look-up reads some seventy pages that lie anywhere in the index; no cache of ours has them, and copying
them is half of its time. The price: where the disk cannot be read, or somebody cuts the file short under a
running hub, the process ends (SIGBUS) instead of raising. What it had promised was committed before.
"""
BUSY_MILLISECONDS: Final = 10_000
"""How long a statement waits for another process that writes, a backup for instance."""
WAL_PAGES: Final = 8_000
"""Pages of 4 KiB after which the log of writes is folded in: 32 MiB, some thousand notices."""

_BEGIN: Final = {"sqlite": ("BEGIN IMMEDIATE", "BEGIN")}
"""How a unit of work begins that writes, and one that reads."""
_BEGIN_ELSEWHERE: Final = ("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


class SqlWork:
    """`ports.Work`: everything done through it commits together."""

    __slots__ = (
        "_depth",
        "_inboxes",
        "_line",
        "_log",
        "_notices",
        "disputes",
        "inboxes",
        "index",
        "inventory",
        "line",
        "log",
        "members",
        "notices",
        "outbox",
        "papers",
        "passages",
        "refusals",
    )

    def __init__(self, line: Line, seals: Seals) -> None:
        self.line = line
        """For the stores at the door (replay, idempotency), which live in the same database."""
        outbox, index = SqlOutbox(line), SqlIndex(line, seals)
        self._inboxes = SqlInboxes(line, seals)
        self._log = SqlLog(line)
        self._depth = 0
        self.members: Members = SqlMembers(line)
        self.papers: Papers = SqlPapers(line)
        self._notices = SqlNotices(line, seals, outbox, index)
        self.notices: Notices = self._notices
        self.index: Index = index
        self.passages: Passages = SqlPassages(line, seals)
        self.inboxes: Inboxes = self._inboxes
        self.outbox: Outbox = outbox
        self.log: Log = self._log
        self.refusals: Refusals = SqlRefusals(line)
        self.disputes: Disputes = SqlDisputes(line)
        self.inventory = SqlInventory(line, seals)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A savepoint: what happens inside is undone alone if it fails."""
        point, mark, put = f"attempt_{self._depth}", self._log.mark(), len(self._inboxes.put_here)
        self.line.save(point)
        self._depth += 1
        try:
            yield
        except BaseException:
            self.line.back_to(point)
            self._log.back_to(mark)
            self._notices.look_again()
            del self._inboxes.put_here[put:]
            raise
        else:
            self.line.release(point)
        finally:
            self._depth -= 1

    def finish(self) -> None:
        """What has to be written last, just before the commit."""
        self._log.finish()

    @property
    def put_here(self) -> list[tuple[MemberId, int]]:
        """What this unit of work has put into inboxes."""
        return self._inboxes.put_here


class InTurn:
    """A lock whose holder, wanting it again at once, waits until those before it have had it.

    The threads that write are few: one for all requests, one that carries. Without turns the one
    that carries would take the lock back before the other has woken.
    """

    __slots__ = ("_next", "_now")

    def __init__(self) -> None:
        self._next = threading.Lock()
        self._now = threading.Lock()

    def __enter__(self) -> None:
        with self._next:
            self._now.acquire()

    def __exit__(self, *_: object) -> None:
        self._now.release()


class SqlStore:
    """`ports.Store` over one database. The schema must be there: see `migrations.upgrade`.

    `alone` says that this process is the only one that writes, so that it may answer an empty poll
    from memory.
    """

    def __init__(
        self, url: str, index_key: bytes, *, chance: Callable[[int], bytes] = urandom, alone: bool = True
    ) -> None:
        self._engine = open_engine(url)
        self._seals = Seals(index_key, chance)
        self._last = LastNumbers() if alone else None
        self._writing = InTurn()
        self._writer_thread: int | None = None
        self._write_connection = self._connect()
        self._idle: list[PoolProxiedConnection] = []
        self._closed = False
        self._begin = _BEGIN.get(self._dialect.name, _BEGIN_ELSEWHERE)
        self._set_writer_up()

    def write(self) -> AbstractContextManager[SqlWork]:
        """One unit of work that may change things; commits at the end, or not at all."""
        return self._write()

    def read(self) -> AbstractContextManager[SqlWork]:
        """A consistent view; changes made through it raise `HubFault("store-read-only")`."""
        return self._read()

    def empty_poll(self, member: MemberId, after: int) -> bool:
        """Whether surely nothing lies above `after` in a member's inbox, covered or not."""
        last = None if self._last is None else self._last.known(member)
        if last is None:
            with self._read() as work:
                last = work.inventory.last_number(member)
            if self._last is not None:
                self._last.note([(member, last)])
        return last <= after

    def vacuum_wal(self) -> bool:
        """Fold the log of writes into the database and empty it, so that what was erased is nowhere.

        False where a reader still holds an older view: call again. True where there is no such log.
        """
        if self._dialect.name != "sqlite":
            return True
        with self._writing:
            driver: Any = self._write_connection.dbapi_connection
            busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def close(self) -> None:
        """Close every connection; units of work that are under way end first.

        Whoever still reads closes its own connection: one that is closed under a statement in another
        thread takes the process with it.
        """
        self._closed = True
        self._close_idle()
        with self._writing:
            self._write_connection.close()
        self._engine.dispose()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    @property
    def _dialect(self) -> Dialect:
        return self._engine.dialect

    def _set_writer_up(self) -> None:
        if self._dialect.name == "sqlite":
            driver: Any = self._write_connection.dbapi_connection
            for setting in (f"cache_size=-{WRITER_CACHE}", f"mmap_size={WRITER_MAP}"):
                driver.execute(f"PRAGMA {setting}")

    @contextmanager
    def _write(self) -> Iterator[SqlWork]:
        if self._writer_thread == threading.get_ident():
            raise HubFault("store-nested", "a unit of work was begun inside another: use `attempt`")
        with self._writing:
            self._writer_thread = threading.get_ident()
            try:
                work = SqlWork(self._line(self._write_connection, writable=True), self._seals)
                with _transaction(work.line, self._begin[0]):
                    yield work
                    work.finish()
            finally:
                self._writer_thread = None
            if self._last is not None:
                self._last.note(work.put_here)

    @contextmanager
    def _read(self) -> Iterator[SqlWork]:
        connection = self._reader()
        try:
            work = SqlWork(self._line(connection, writable=False), self._seals)
            work.line.begin(self._begin[1])
            try:
                yield work
            finally:
                work.line.roll_back()  # there is nothing to commit, and a damaged file would refuse it
        finally:
            self._idle.append(connection)
            if self._closed:
                self._close_idle()

    def _reader(self) -> PoolProxiedConnection:
        if self._closed:
            raise HubFault("store-closed", "the store has been closed")
        try:
            return self._idle.pop()  # atomic, like append: no lock is needed round a list
        except IndexError:
            return self._connect()

    def _connect(self) -> PoolProxiedConnection:
        try:
            return self._engine.raw_connection()
        except DBAPIError as error:
            raise fault_of(error.orig or error) from error
        except self._dialect.loaded_dbapi.Error as error:
            raise fault_of(error) from error

    def _line(self, connection: PoolProxiedConnection, *, writable: bool) -> Line:
        driver = connection.dbapi_connection
        if driver is None:
            raise HubFault("store-closed", "the store has been closed")
        return Line(driver, self._dialect, writable=writable)


@contextmanager
def _transaction(line: Line, begin: str) -> Iterator[None]:
    line.begin(begin)
    try:
        yield
        line.commit()
    except BaseException:
        line.roll_back()
        raise


def open_engine(url: str) -> Engine:
    """An engine whose connections are set up as this store needs them."""
    engine = create_engine(url, poolclass=NullPool, connect_args=_connect_args(url))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_sqlite_up)
    return engine


def _connect_args(url: str) -> dict[str, object]:
    if url.startswith("sqlite"):
        # Units of work begin and end by our own words; a connection is used by one thread at a time.
        return {"isolation_level": None, "check_same_thread": False, "cached_statements": 512}
    return {"autocommit": True}


def _set_sqlite_up(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own type
    for setting in (
        f"busy_timeout={BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",  # NORMAL may lose the last commits with the power: a promise must not
        "foreign_keys=ON",
        "secure_delete=ON",  # FAST leaves freed overflow pages as they were, and parts lie on those
        "temp_store=MEMORY",
        f"cache_size=-{READER_CACHE}",
        f"wal_autocheckpoint={WAL_PAGES}",
    ):
        connection.execute(f"PRAGMA {setting}")
