"""Whether a database has this version's schema, told without the machinery that could change it.

Asked at every start, where the answer is nearly always yes: importing the migrations takes longer
than everything else that a start does with the database. `migrations.at_head` says the same.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from hub.exchange.store.unit_of_work import open_engine

_VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"
_ASK: Final = text("SELECT version_num FROM alembic_version")


def is_current(url: str) -> bool:
    """Whether the database stands at the newest revision there is; False for an empty one."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            found = connection.execute(_ASK).scalars().all()
    except DatabaseError:
        return False
    finally:
        engine.dispose()
    return found == [newest_revision()]


def newest_revision() -> str:
    """The number that the newest migration's file begins with, which is its revision."""
    return max(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))
