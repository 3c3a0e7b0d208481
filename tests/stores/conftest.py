"""Every store, each in turn, under the same tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.exchange.store.memory import MemoryStore
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore
from tests.stores.made_up import INDEX_KEY

AnyStore = MemoryStore | SqlStore


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema and nothing in it, made once."""
    path = tmp_path_factory.mktemp("schema") / "hub.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_path(empty_database: Path, tmp_path: Path) -> Path:
    """The path of a fresh database."""
    path = tmp_path / "hub.db"
    path.write_bytes(empty_database.read_bytes())
    return path


@pytest.fixture
def sqlite(sqlite_path: Path) -> Iterator[SqlStore]:
    """A fresh SQLite store."""
    store = SqlStore(f"sqlite:///{sqlite_path}", INDEX_KEY)
    yield store
    store.close()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest) -> AnyStore:
    """The store under test."""
    if request.param == "memory":
        return MemoryStore()
    made: SqlStore = request.getfixturevalue("sqlite")
    return made
