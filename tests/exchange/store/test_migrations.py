"""`hub.exchange.store.migrations`: the schema's history."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from hub.exchange.store.migrations import at_head, downgrade, upgrade
from hub.exchange.store.tables import Row
from hub.exchange.store.unit_of_work import open_engine


def url_in(folder: Path) -> str:
    """A database that is not there yet."""
    return f"sqlite:///{folder / 'hub.db'}"


def test_an_empty_database_is_brought_to_the_head(tmp_path: Path) -> None:
    """One call at the start; a second one changes nothing."""
    url = url_in(tmp_path)
    assert not at_head(url)
    upgrade(url)
    assert at_head(url)
    upgrade(url)
    assert at_head(url)


def test_the_history_ends_in_the_schema_of_the_tables(tmp_path: Path) -> None:
    """A column that is added to a table without a migration would be missing on every server."""
    url = url_in(tmp_path)
    upgrade(url)
    engine = open_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Row.metadata) == []
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        spelled: dict[str, str] = {name: sql for name, sql in rows}  # noqa: C416 - no pairs to the type checker
    engine.dispose()
    assert spelled.keys() - {"alembic_version", "sqlite_sequence"} == set(Row.metadata.tables)
    for name, held in Row.metadata.tables.items():
        options = held.dialect_options["sqlite"]
        assert ("WITHOUT ROWID" in spelled[name]) is not options["with_rowid"]
        assert ("AUTOINCREMENT" in spelled[name]) is bool(options["autoincrement"])


def test_the_history_can_be_walked_back(tmp_path: Path) -> None:
    """Down to nothing and up again."""
    url = url_in(tmp_path)
    upgrade(url)
    downgrade(url, "base")
    engine = open_engine(url)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    engine.dispose()
    assert not at_head(url)
    upgrade(url)
    assert at_head(url)
