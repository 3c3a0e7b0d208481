"""What the web application, the workers and the command line all begin with: store, keys, guard.

Puts settings, database and key files together into the `Hub` that the exchange works with. In demo
and test mode a hub that has no keys makes them at its first start; in live mode they must be there,
and the database must have this version's schema. Nothing is decided here about members or notices.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from hub.exchange.ports import Hub
from hub.exchange.store.guard import FileGuard
from hub.exchange.store.schema_version import is_current
from hub.exchange.store.unit_of_work import SqlStore
from hub.protocols.keys import SigningKey
from hub.protocols.suites import self_test
from hub.settings import KEY_BYTES, Settings, SettingsError, read_key, write_key


@dataclass(frozen=True, slots=True)
class Assembly:
    """A hub ready to work: its settings, its store, its identity."""

    settings: Settings
    store: SqlStore
    hub: Hub

    def close(self) -> None:
        """Close the store; units of work that are under way must have ended."""
        self.store.close()


def assemble(settings: Settings, *, alone: bool = False) -> Assembly:
    """Open store and keys; `alone` where no other process will write while this one runs.

    Raises `SettingsError` for a missing key or an unusable schema, `HubFault` for a store that
    cannot be opened, `Untrusted` where the cryptography of this machine fails its self-test.
    """
    self_test()
    with _for_the_owner_alone():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        return _assemble(settings, alone=alone)


def _assemble(settings: Settings, *, alone: bool) -> Assembly:
    index_key = _key(settings.index_key_path, settings)
    hub = Hub(
        origin=urlsplit(settings.public_origin).netloc,
        key=SigningKey.from_seed(_key(settings.signing_key_path, settings)),
        index_key=index_key,
        slot=settings.slot,
        quota_floor=settings.quota_floor,
        quota_factor=settings.quota_factor,
        now=utc_now,
        chance=os.urandom,
        guard=FileGuard(settings.checkpoint_path),
        witnesses=settings.witnesses,
    )
    _check_schema(settings)
    return Assembly(settings, SqlStore(settings.database, index_key, alone=alone), hub)


@contextmanager
def _for_the_owner_alone() -> Iterator[None]:
    """Files made meanwhile, the database first of all, can be read by nobody else."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


def _check_schema(settings: Settings) -> None:
    if is_current(settings.database):
        return
    if settings.live:
        raise SettingsError(["the database has another version's schema: run `hub db upgrade`"])
    from hub.exchange.store.migrations import upgrade  # noqa: PLC0415 - a third of a second, needed once

    upgrade(settings.database)


def _key(path: Path, settings: Settings) -> bytes:
    """Read a key; make it where a hub that serves made-up members starts for the first time."""
    if not settings.live and not path.exists():
        with suppress(FileExistsError):  # another process of the same hub was first
            write_key(path, secrets.token_bytes(KEY_BYTES))
    return read_key(path, strict=settings.live)
