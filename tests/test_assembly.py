"""A hub is put together from its settings: keys, schema, store; and not from half of them."""

from pathlib import Path

import pytest

from hub.assembly import assemble
from hub.protocols.keys import SigningKey
from hub.settings import Mode, Settings, SettingsError, read_key, write_key


def demo(folder: Path) -> Settings:
    """Settings of a demo hub in a folder."""
    return Settings(data_dir=folder / "hub", public_origin="http://127.0.0.1:8000")


def test_a_demo_hub_makes_its_keys_once(tmp_path: Path) -> None:
    """The first start makes keys that nobody else can read; the second finds the same."""
    settings = demo(tmp_path)
    first = assemble(settings)
    first.close()
    second = assemble(settings)
    second.close()
    assert first.hub.key.key_id == second.hub.key.key_id
    assert (
        SigningKey.from_seed(read_key(settings.signing_key_path, strict=True)).key_id == first.hub.key.key_id
    )
    assert first.hub.index_key == read_key(settings.index_key_path, strict=True)
    assert first.hub.origin == "127.0.0.1:8000"


def test_a_live_hub_makes_no_key(tmp_path: Path) -> None:
    """Where real members are served, a missing key is an error, and no new one appears."""
    settings = demo(tmp_path).model_copy(update={"mode": Mode.LIVE})
    with pytest.raises(SettingsError, match="key file"):
        assemble(settings)
    assert not settings.index_key_path.exists()


def test_a_live_hub_needs_this_versions_schema(tmp_path: Path) -> None:
    """It does not migrate by itself: an operator does, with a backup at hand."""
    settings = demo(tmp_path).model_copy(update={"mode": Mode.LIVE})
    write_key(settings.index_key_path, bytes(32))
    write_key(settings.signing_key_path, bytes(range(32)))
    with pytest.raises(SettingsError, match="hub db upgrade"):
        assemble(settings)
