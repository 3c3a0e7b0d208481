"""The schema's history, and how a database is brought to its end.

`upgrade` is safe to call at every start: it does nothing to a database that is up to date. A
process that finds another version than its own refuses to serve (`at_head`).
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from hub.exchange.store.unit_of_work import open_engine

HERE: Final = Path(__file__).parent


def upgrade(url: str) -> None:
    """Bring a database up to this version's schema; an empty one gets all of it."""
    command.upgrade(_config(url), "head")


def downgrade(url: str, revision: str) -> None:
    """Take a database back to an earlier schema; what only the later one can hold is lost."""
    command.downgrade(_config(url), revision)


def at_head(url: str) -> bool:
    """Whether a database has exactly this version's schema."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_heads()
    finally:
        engine.dispose()
    return set(current) == set(ScriptDirectory(str(HERE)).get_heads())


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["url"] = url
    return config
