"""Remembers the last signed checkpoint in a file beside the database, not in it.

A database that is restored from a backup forgets what has been signed since; this file does not,
as long as it is not restored with it. Written to a temporary file, flushed, renamed, and the folder
flushed too, so that after a power cut there is either the old word or the new one.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from hub.exchange.errors import HubFault, LogFork
from hub.protocols.canonical import Reader, b64u, decode_canonical, encode
from hub.protocols.errors import MalformedMessage

_ROOT_BYTES: Final = 32
_OWNER_ONLY: Final = 0o600


class FileGuard:
    """`ports.CheckpointGuard` in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def last(self) -> tuple[int, bytes] | None:
        """Size and root last signed; raise `HubFault` where the file is there and cannot be read."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable() from error
        try:
            return _parse(data)
        except MalformedMessage as error:
            raise _unreadable() from error

    def remember(self, size: int, root: bytes) -> None:
        """Keep what is about to be signed, before it is signed.

        Raises `LogFork` for another root at the same size, `HubFault` for a smaller size.
        """
        last = self.last()
        if last is not None and size < last[0]:
            raise HubFault("log-rolled-back", "the log is smaller than what was last signed")
        if last is not None and size == last[0] and root != last[1]:
            raise LogFork("log-fork", "the log of this size was signed with another root")
        if last != (size, root):
            self._replace(encode({"root": b64u(root), "size": size}))

    def _replace(self, data: bytes) -> None:
        beside = self._path.with_name(f".{self._path.name}.new")
        try:
            with suppress(FileNotFoundError):
                beside.unlink()
            self._write_out(beside, data)
            beside.replace(self._path)
            _flush_folder(self._path.parent)
        except OSError as error:
            raise HubFault("guard-unwritable", "the file of the last checkpoint cannot be written") from error

    @staticmethod
    def _write_out(path: Path, data: bytes) -> None:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def _parse(data: bytes) -> tuple[int, bytes]:
    reader = Reader(decode_canonical(data), "last checkpoint")
    last = reader.integer("size"), reader.binary("root", _ROOT_BYTES)
    reader.done()
    return last


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unreadable() -> HubFault:
    return HubFault(
        "guard-unreadable", "the file of the last checkpoint is there but cannot be read: do not delete it"
    )
