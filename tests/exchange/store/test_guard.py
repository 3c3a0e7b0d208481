"""`hub.exchange.store.guard`: what was last signed is remembered outside the database."""

import os
from pathlib import Path

import pytest

from hub.exchange.errors import HubFault, LogFork
from hub.exchange.store.guard import FileGuard

ROOT, OTHER = b"r" * 32, b"o" * 32


def test_nothing_was_signed_before_the_first_time(tmp_path: Path) -> None:
    """A new hub begins."""
    assert FileGuard(tmp_path / "last").last() is None


def test_what_was_remembered_is_read_by_the_next_process(tmp_path: Path) -> None:
    """Size and root, readable by its owner alone, and no temporary file stays behind."""
    FileGuard(tmp_path / "last").remember(16, ROOT)
    FileGuard(tmp_path / "last").remember(32, OTHER)
    assert FileGuard(tmp_path / "last").last() == (32, OTHER)
    assert [path.name for path in tmp_path.iterdir()] == ["last"]
    assert (tmp_path / "last").stat().st_mode & 0o777 == 0o600


def test_it_is_flushed_before_it_takes_the_old_ones_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut there is the old word or the new one: file flushed, renamed, folder flushed."""
    steps: list[str] = []
    flush, rename = os.fsync, Path.replace

    def noted_flush(handle: int) -> None:
        steps.append("flush")
        flush(handle)

    def noted_rename(path: Path, to: Path) -> Path:
        steps.append("rename")
        return rename(path, to)

    monkeypatch.setattr(os, "fsync", noted_flush)
    monkeypatch.setattr(Path, "replace", noted_rename)
    FileGuard(tmp_path / "last").remember(16, ROOT)
    assert steps == ["flush", "rename", "flush"]


def test_a_leftover_of_a_crash_does_not_stop_it(tmp_path: Path) -> None:
    """The process died between writing and renaming: the old word counts, and the next one is taken."""
    guard = FileGuard(tmp_path / "last")
    guard.remember(16, ROOT)
    (tmp_path / ".last.new").write_bytes(b"half")
    assert guard.last() == (16, ROOT)
    guard.remember(32, ROOT)
    assert guard.last() == (32, ROOT)


def test_it_never_goes_backwards(tmp_path: Path) -> None:
    """A smaller log is a restored one; another root of the same size is a fork."""
    guard = FileGuard(tmp_path / "last")
    guard.remember(16, ROOT)
    guard.remember(16, ROOT)
    with pytest.raises(HubFault, match="log-rolled-back"):
        guard.remember(15, ROOT)
    with pytest.raises(LogFork):
        guard.remember(16, OTHER)
    assert guard.last() == (16, ROOT)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"root":"AA","size":1}', b'{"size":1,"root":"x"}', b"\xff", b"[1]"]
)
def test_a_damaged_file_is_a_fault_and_not_a_beginning(tmp_path: Path, data: bytes) -> None:
    """Taken as empty it would let a restored database go on."""
    (tmp_path / "last").write_bytes(data)
    with pytest.raises(HubFault, match="guard-unreadable"):
        FileGuard(tmp_path / "last").last()


def test_a_path_that_cannot_be_read_or_written_is_a_fault(tmp_path: Path) -> None:
    """A folder in its place; a folder that is not there."""
    with pytest.raises(HubFault, match="guard-unreadable"):
        FileGuard(tmp_path).last()
    with pytest.raises(HubFault, match="guard-unwritable"):
        FileGuard(tmp_path / "missing" / "last").remember(1, ROOT)
