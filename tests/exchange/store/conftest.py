"""The fixtures of the stores, for what SQL alone has."""

from tests.stores.conftest import empty_database, sqlite, sqlite_path

__all__ = ["empty_database", "sqlite", "sqlite_path"]
