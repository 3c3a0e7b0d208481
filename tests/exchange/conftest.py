"""A small region for tests of the broker's own modules."""

import pytest

from tests.simulators.town import Town
from tests.stores.conftest import empty_database, sqlite, sqlite_path

__all__ = ["empty_database", "sqlite", "sqlite_path", "town"]


@pytest.fixture
def town() -> Town:
    """Kent and Medway, neighbours with an agreement in force."""
    town = Town()
    town.admits("mbr_kent", area="886")
    town.admits("mbr_medway", area="887")
    town.agrees("kent-medway-movers")
    return town
