"""A backup is one file and one passphrase: it makes a gateway again, and a drill proves it before it must."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.member import backup
from adapters.member.backup import back_up, drill, open_backup, recover
from adapters.member.cli import app
from adapters.member.errors import GatewayFault
from adapters.member.gateway import Gateway
from adapters.member.home import Home
from adapters.member.keyring import Keyring, new_keyring
from hub.protocols.at_rest import VaultCost, vault_seal
from hub.protocols.canonical import encode
from hub.protocols.names import EpochId, MemberId
from tests.adapters.member.conftest import move
from tests.simulators.town import Town
from tests.simulators.wire import Wire

WORDS = "correct horse battery staple"
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
CHEAP = VaultCost(memory=64, iterations=1, lanes=1)


@pytest.fixture
def saved(kent: Gateway, tmp_path: Path) -> Path:
    """Kent's backup."""
    file = tmp_path / "kent.backup"
    back_up(kent.home, file, WORDS, NOW, CHEAP)
    return file


def test_a_gateway_made_again_opens_what_was_addressed_to_it(
    neighbours: tuple[Gateway, Gateway], town: Town, wire: Wire, tmp_path: Path
) -> None:
    """On another machine, with the backup alone: the inbox is gone through again."""
    kent, medway = neighbours
    move(kent, medway)
    file = tmp_path / "medway.backup"
    fingerprint = back_up(medway.home, file, WORDS, NOW, CHEAP)
    medway.close()
    again = Home(tmp_path / "again")
    found = recover(file, WORDS, again)
    assert found.keyring.identity.public.key_id == fingerprint
    assert again.pinned() == medway.pinned
    assert again.keyring().identity_seeds == found.keyring.identity_seeds
    with wire.opens(again.path) as gateway:
        for _ in range(3):
            town.slot()
            gateway.poll()
            kent.poll()
        assert gateway.fingerprint == fingerprint
        assert [one.sender for one in gateway.received()][:1] == ["mbr_kent"]


def test_nothing_lies_in_a_backup_in_clear(saved: Path, kent: Gateway) -> None:
    """Not even whose it is; only its owner may read the file."""
    held = saved.read_bytes()
    assert b"mbr_kent" not in held
    assert b"identity" not in held
    assert saved.stat().st_mode & 0o077 == 0
    assert kent.pinned.member == open_backup(saved, WORDS).pinned.member


def refusal(do: object, *words: object) -> str:
    """The code with which something is refused."""
    assert callable(do)
    with pytest.raises(GatewayFault) as refused:
        do(*words)
    return refused.value.code


def test_another_passphrase_opens_nothing(saved: Path, tmp_path: Path) -> None:
    """And leaves nothing behind; nor does a file that was changed."""
    assert refusal(recover, saved, "incorrect horse battery", Home(tmp_path / "new")) == "backup-closed"
    assert not (tmp_path / "new").exists()
    saved.write_bytes(saved.read_bytes()[:-9] + b'AAAAAAA"}')
    assert refusal(open_backup, saved, WORDS) == "backup-closed"


def test_a_short_passphrase_or_a_name_that_is_taken_is_refused(
    kent: Gateway, saved: Path, tmp_path: Path
) -> None:
    """An older backup is never written over."""
    assert refusal(back_up, kent.home, tmp_path / "x", "short", NOW) == "passphrase-short"
    for weak in ("a" * 20, "abc" * 7, " " * 13 + "a", "  short    " + " " * 8):
        assert refusal(back_up, kent.home, tmp_path / "x", weak, NOW) == "passphrase-short"
    assert refusal(back_up, kent.home, saved, WORDS, NOW) == "backup-exists"


def test_a_recovery_that_was_cut_off_is_simply_repeated(
    saved: Path, tmp_path: Path, kent: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings are there and the keys are not; another member's settings are not written over."""

    class Killed(BaseException):
        """The process is gone."""

    def dies(*_: object) -> None:
        raise Killed

    home = Home(tmp_path / "new")
    with monkeypatch.context() as patch:
        patch.setattr(Home, "keep", dies)
        with pytest.raises(Killed):
            recover(saved, WORDS, home)
    recover(saved, WORDS, home)
    assert home.keyring().identity.key_id == kent.fingerprint
    other = Home(tmp_path / "other")
    other.pin(replace(kent.pinned, member=MemberId("mbr_other")))
    assert refusal(recover, saved, WORDS, other) == "home-taken"


def test_a_home_in_which_a_gateway_lives_is_not_written_over(saved: Path, kent: Gateway) -> None:
    """Its newer keys would be gone."""
    assert refusal(recover, saved, WORDS, kent.home) == "home-taken"


def test_a_backup_of_a_later_version_says_so(tmp_path: Path) -> None:
    """Its form is another, or its settings are."""
    file = tmp_path / "later"
    file.write_bytes(vault_seal(encode({"form": 2}), WORDS, CHEAP))
    assert refusal(open_backup, file, WORDS) == "backup-form"


def test_settings_that_this_version_does_not_know_are_refused(
    kent: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may matter."""
    monkeypatch.setattr(backup, "asdict", lambda _: {"unknown": 1})
    back_up(kent.home, tmp_path / "odd", WORDS, NOW, CHEAP)
    assert refusal(open_backup, tmp_path / "odd", WORDS) == "backup-form"


# --- the drill -------------------------------------------------------------------------------------


def test_a_drill_uses_every_key_and_installs_nothing(saved: Path, kent: Gateway, tmp_path: Path) -> None:
    """Beside its own home, or on a machine that has none."""
    done = drill(saved, WORDS, kent.home)
    assert (done.member, done.missing, done.made_at) == ("mbr_kent", (), NOW)
    assert done.keys == 3 + 1 + len(kent.home.keyring().linkage)
    assert drill(saved, WORDS, Home(tmp_path / "elsewhere")).missing == ()
    assert not (tmp_path / "elsewhere").exists()


def test_a_drill_names_the_keys_that_came_later(saved: Path, kent: Gateway) -> None:
    """A backup from before a rotation opens nothing that is sealed to the new key."""
    kent.home.change(lambda keyring: keyring.with_coming(NOW))
    assert ["sealing key" in words for words in drill(saved, WORDS, kent.home).missing] == [True]
    kent.home.change(lambda keyring: keyring.with_linkage(EpochId("ep_later"), bytes(32)))
    kent.home.change(Keyring.turned)
    missing = drill(saved, WORDS, kent.home).missing
    assert [words.rpartition(" ")[0] for words in missing] == [
        "signing key",
        "access key",
        "sealing key",
        "linkage key",
    ]


def test_a_drill_refuses_another_members_backup(saved: Path, medway: Gateway) -> None:
    """It would be taken for one's own until the day it is needed."""
    assert refusal(drill, saved, WORDS, medway.home) == "backup-other"


def test_a_drill_finds_a_key_that_does_not_work(
    kent: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is what it is for."""
    saved = tmp_path / "broken"
    back_up(kent.home, saved, WORDS, NOW, CHEAP)
    other = new_keyring()
    monkeypatch.setattr(backup, "seal_box", lambda keys, notice, _: _box_for(other, keys, notice))
    assert refusal(drill, saved, WORDS) == "backup-key"
    monkeypatch.setattr(backup, "open_box", lambda *_: {})
    assert refusal(drill, saved, WORDS) == "backup-key"


def _box_for(keyring: Keyring, keys: object, notice: object) -> object:
    from hub.protocols.sealing import seal_box  # noqa: PLC0415 - the one that is replaced above

    return seal_box(keys, notice, keyring.sealing[0].public)  # type: ignore[arg-type]  # as they were given


# --- at a terminal -----------------------------------------------------------------------------------


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guesses need not be dear here."""
    monkeypatch.setattr(backup, "vault_seal", lambda blob, words, **_: vault_seal(blob, words, CHEAP))


def run(*words: str, code: int = 0, typed: str | None = None) -> Result:
    """Run a command that must end with this exit code."""
    result = CliRunner().invoke(app, [*words], input=typed)
    assert result.exit_code == code, result.output
    return result


def test_backup_drill_and_recover_by_hand(kent: Gateway, tmp_path: Path, cheap: None) -> None:
    """The passphrase from a file, the environment, or the keyboard; it is never shown."""
    file, words = str(tmp_path / "b"), tmp_path / "words"
    words.write_text(WORDS + "\nsecond line\n")
    home = ["--home", str(kent.home.path)]
    made = run("key", "backup", file, "--passphrase-file", str(words), *home)
    assert kent.fingerprint in made.stdout
    tried = run("key", "drill", file, *home, typed=WORDS + "\n")
    assert "keys work" in tried.stdout
    assert WORDS not in tried.output
    again = run(
        "key", "recover", file, "--passphrase-file", str(words), "--home", str(tmp_path / "n"), "--json"
    )
    assert json.loads(again.stdout)["member"] == "mbr_kent"
    assert run("key", "recover", file, "--passphrase-file", str(words), *home, code=1).stderr.strip()


def test_an_old_backup_ends_the_drill_with_a_failure(
    kent: Gateway, tmp_path: Path, cheap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a timer notices."""
    monkeypatch.setenv("HUB_GATEWAY_BACKUP_PASSPHRASE", WORDS)
    file, home = str(tmp_path / "b"), ["--home", str(kent.home.path)]
    run("key", "backup", file, *home)
    kent.home.change(lambda keyring: replace(keyring, linkage={EpochId("ep_x"): bytes(32)}))
    assert "does not have" in run("key", "drill", file, *home, code=1).stdout


def test_a_passphrase_that_nobody_can_be_asked_for_is_said(kent: Gateway, saved: Path) -> None:
    """As under a timer: how to give it, not a traceback; and a file that is not there before that."""
    home = ["--home", str(kent.home.path)]
    assert "HUB_GATEWAY_BACKUP_PASSPHRASE" in run("key", "drill", str(saved), *home, code=1).stderr
    assert "does not exist" in run("key", "drill", str(saved) + "x", *home, code=2).stderr
