"""Alembic's way in: one connection, one transaction round all steps."""

from alembic import context

from hub.exchange.store.tables import Row
from hub.exchange.store.unit_of_work import open_engine


def run() -> None:
    """Run the steps against the database that the caller has named."""
    engine = open_engine(context.config.attributes["url"])
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "BEGIN")
            context.configure(connection=connection, target_metadata=Row.metadata, transactional_ddl=True)
            context.run_migrations()
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


run()
