"""A hub whose database is an older one, or that has forgotten what it signed, neither signs nor promises."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub import app, cli
from hub.app import build, put_together
from hub.assembly import Assembly, assemble
from hub.exchange.errors import HubFault
from hub.exchange.sequencer import run_slot
from hub.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder of a hub that has signed three slots; beside it the database of the second."""
    hub = opened(tmp_path / "hub")
    for size in (0, 16):
        assert run_slot(hub.store, hub.hub).size == size
    hub.close()
    shutil.copy(tmp_path / "hub" / "hub.db", tmp_path / "older.db")
    hub = opened(tmp_path / "hub")
    assert run_slot(hub.store, hub.hub).size == 32
    (tmp_path / "kept-by-a-member").write_text(checkpoint(hub), "utf-8")
    hub.close()
    return tmp_path / "hub"


@pytest.fixture
def older(folder: Path) -> Path:
    """The same folder with the older database restored into it."""
    for file in folder.glob("hub.db*"):
        file.unlink()
    shutil.copy(folder.parent / "older.db", folder / "hub.db")
    return folder


@pytest.fixture
def forgetful(folder: Path) -> Path:
    """The same folder without the file that remembers what was signed."""
    (folder / "last-checkpoint").unlink()
    return folder


def opened(folder: Path) -> Assembly:
    """The hub of a folder."""
    return assemble(Settings(data_dir=folder, public_origin="http://127.0.0.1:8000", metrics_bind=""))


def checkpoint(hub: Assembly) -> str:
    """The checkpoint last signed."""
    with hub.store.read() as work:
        signed = work.log.signed()
    assert signed is not None
    return signed[1]


def say(folder: Path, *words: str) -> tuple[int, str]:
    """Say one command; return its code and what it said."""
    done = CliRunner().invoke(cli.app, [*words, "--data", str(folder)])
    return done.exit_code, done.output


def refused(folder: Path, code: str) -> bool:
    """Whether the hub of this folder neither begins to serve nor signs, for this reason."""
    hub = opened(folder)
    before = checkpoint(hub)
    for act in (lambda: build(hub), lambda: run_slot(hub.store, hub.hub)):
        with pytest.raises(HubFault, match=code):
            act()
    still = checkpoint(hub) == before
    hub.close()
    return still


@pytest.mark.parametrize(("state", "code"), [("older", "log-rolled-back"), ("forgetful", "guard-missing")])
def test_it_does_not_begin(
    request: pytest.FixtureRequest, state: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restored database, or a lost memory of what was signed: nothing is served, nothing signed (I8)."""
    folder: Path = request.getfixturevalue(state)
    assert refused(folder, code)
    monkeypatch.setattr("uvicorn.run", lambda *_, **__: build(opened(folder)))
    exit_code, said = say(folder, "serve", "--port", "8000")
    assert exit_code == 1
    assert said.startswith(f"{code}: ")


def test_a_new_database_beside_an_old_memory_does_not_begin(folder: Path) -> None:
    """Also where the database is empty, and could grow past what was signed in one slot."""
    for file in folder.glob("hub.db*"):
        file.unlink()
    hub = opened(folder)
    for act in (lambda: build(hub), lambda: run_slot(hub.store, hub.hub)):
        with pytest.raises(HubFault, match="log-rolled-back"):
            act()
    hub.close()


def test_what_a_member_has_kept_brings_the_memory_back(forgetful: Path) -> None:
    """The operator gives the checkpoint of a member; the log contains it, and goes on."""
    code, said = say(forgetful, "log", "remember", str(forgetful.parent / "kept-by-a-member"))
    assert (code, said.strip()) == (0, "The log is remembered as signed with 32 entries.")
    hub = opened(forgetful)
    assert run_slot(hub.store, hub.hub).size == 48
    hub.close()


def test_an_older_database_is_found_out_by_what_a_member_has_kept(older: Path) -> None:
    """With the memory gone too, the member's checkpoint is larger than the log: nothing is remembered."""
    (older / "last-checkpoint").unlink()
    code, said = say(older, "log", "remember", str(older.parent / "kept-by-a-member"))
    assert (code, said.partition(":")[0]) == (1, "log-rolled-back")
    assert not (older / "last-checkpoint").exists()


def test_a_checkpoint_of_somebody_else_is_not_remembered(forgetful: Path, tmp_path: Path) -> None:
    """Only what this hub has signed itself counts."""
    other = opened(tmp_path / "other")
    run_slot(other.store, other.hub)
    (tmp_path / "foreign").write_text(checkpoint(other), "utf-8")
    other.close()
    code, _ = say(forgetful, "log", "remember", str(tmp_path / "foreign"))
    assert code == cli.UNPROVED


@pytest.fixture
def running(tmp_path: Path) -> Iterator[app.Service]:
    """A service that is put together, its sequencer not started."""
    hub = opened(tmp_path / "hub")
    service = put_together(hub)
    yield service
    service.writer.close()
    hub.close()


@pytest.mark.parametrize("code", ["log-rolled-back", "guard-missing", "log-fork"])
def test_who_cannot_sign_any_more_promises_no_more(
    running: app.Service, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database changed under a running hub: nothing more is taken, since nothing would be carried (I5)."""
    sequencer = running.sequencer
    assert sequencer is not None
    running.writer.submit(lambda _: None).result(10)

    def failing(*_: object) -> None:
        raise HubFault(code, "x")

    monkeypatch.setattr(app, "run_slot", failing)
    sequencer.run_once()
    assert sequencer.failed == code
    with pytest.raises(HubFault, match="writer-closed"):
        running.writer.submit(lambda _: None)
