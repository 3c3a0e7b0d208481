"""The quick look at the schema says what the migrations would say."""

from pathlib import Path

from hub.exchange.store.migrations import at_head, downgrade, upgrade
from hub.exchange.store.schema_version import is_current


def test_the_quick_look_agrees_with_the_migrations(tmp_path: Path) -> None:
    """Empty, upgraded, downgraded: both say the same each time."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    said = [(is_current(url), at_head(url))]
    upgrade(url)
    said.append((is_current(url), at_head(url)))
    downgrade(url, "base")
    said.append((is_current(url), at_head(url)))
    assert said == [(False, False), (True, True), (False, False)]
