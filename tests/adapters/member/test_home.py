"""A member's home: settings, secrets and the token, whole and closed to others."""

import json
import stat
from pathlib import Path

import pytest

from adapters.member.errors import GatewayFault
from adapters.member.home import Home, Pinned
from adapters.member.keyring import new_keyring
from hub.protocols.names import EpochId, MemberId

PINNED = Pinned("https://hub.example", MemberId("mbr_kent"), "Kent", "vkey", {}, MemberId("mbr_custodian"),
                None, "Team", "01632 960000", "team@example.org")  # fmt: skip


def epoch(number: int) -> EpochId:
    """An epoch's id."""
    return EpochId(f"ep_{number:026}")


def test_settings_come_back_as_they_were_pinned(tmp_path: Path) -> None:
    """What people have checked is kept as they checked it."""
    Home(tmp_path / "new").pin(PINNED)
    assert Home(tmp_path / "new").pinned() == PINNED


def test_a_folder_that_is_no_home_says_what_to_do(tmp_path: Path) -> None:
    """The next step is named."""
    with pytest.raises(GatewayFault, match="hub gateway init"):
        Home(tmp_path).pinned()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"hub_url": "x"}', '{"surprise": 1}'])
def test_spoilt_settings_are_refused(tmp_path: Path, text: str) -> None:
    """A hand that has spoilt the file is told, not shown a traceback."""
    (tmp_path / "gateway.json").write_text(text)
    with pytest.raises(GatewayFault, match="home-settings"):
        Home(tmp_path).pinned()


def test_without_a_passphrase_a_key_file_is_made_that_only_its_owner_can_read(tmp_path: Path) -> None:
    """The keyring opens with it, and not without it."""
    home = Home(tmp_path)
    keyring = new_keyring()
    home.keep(keyring)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert Home(tmp_path).keyring() == keyring
    (tmp_path / "key").unlink()
    with pytest.raises(GatewayFault, match="key-missing"):
        Home(tmp_path).keyring()
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("words", ["correct horse battery staple", "short", "x" * 42, "x y" * 14 + "z"])
def test_guesses_at_a_passphrase_are_dear_whatever_file_it_came_from(
    tmp_path: Path, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only 32 random bytes need no stretching: each start of a gateway is quicker for it."""
    random_home, chosen_home = Home(tmp_path / "random"), Home(tmp_path / "chosen")
    random_home.keep(new_keyring())
    monkeypatch.setenv("HUB_GATEWAY_PASSPHRASE", words)
    chosen_home.keep(new_keyring())
    costs = [
        json.loads((tmp_path / name / "keyring").read_bytes())["memory"] for name in ("random", "chosen")
    ]
    assert costs[0] < 1024
    assert costs[1] >= 65_536


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """Until somebody has closed it."""
    Home(tmp_path).keep(new_keyring())
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(GatewayFault, match="chmod 600"):
        Home(tmp_path).keyring()


def test_a_passphrase_needs_no_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment, or from a file that the environment names."""
    monkeypatch.setenv("HUB_GATEWAY_PASSPHRASE", "correct horse")
    keyring = new_keyring()
    Home(tmp_path / "home").keep(keyring)
    assert not (tmp_path / "home" / "key").exists()
    (tmp_path / "secret").write_text("correct horse\n")
    monkeypatch.delenv("HUB_GATEWAY_PASSPHRASE")
    monkeypatch.setenv("HUB_GATEWAY_PASSPHRASE_FILE", str(tmp_path / "secret"))
    assert Home(tmp_path / "home").keyring() == keyring
    (tmp_path / "secret").write_text("another\n")
    with pytest.raises(GatewayFault, match="keyring-closed"):
        Home(tmp_path / "home").keyring()
    monkeypatch.setenv("HUB_GATEWAY_PASSPHRASE_FILE", str(tmp_path / "missing"))
    with pytest.raises(GatewayFault, match="passphrase-file"):
        Home(tmp_path / "home").keyring()


def test_a_home_without_keys_says_so(tmp_path: Path) -> None:
    """Before it looks for a secret."""
    with pytest.raises(GatewayFault, match="no-keyring"):
        Home(tmp_path).keyring()


def test_two_processes_that_learn_keys_lose_none(tmp_path: Path) -> None:
    """Each change starts from what lies on disk, not from what a process once read."""
    first, second = Home(tmp_path), Home(tmp_path)
    first.keep(new_keyring())
    first.change(lambda keyring: keyring.with_linkage(epoch(1), b"\x01" * 32))
    second.change(lambda keyring: keyring.with_linkage(epoch(2), b"\x02" * 32))
    first.change(lambda keyring: keyring.with_linkage(epoch(3), b"\x03" * 32))
    assert set(Home(tmp_path).keyring().linkage) == {epoch(1), epoch(2), epoch(3)}


def test_the_token_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    """Random for each home, long, and refused where others can read it."""
    token = Home(tmp_path).token()
    assert len(token) >= 43
    assert Home(tmp_path).token() == token
    other = tmp_path / "other"
    other.mkdir()
    assert Home(other).token() != token
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    (tmp_path / "token").chmod(0o640)
    with pytest.raises(GatewayFault, match="chmod 600"):
        Home(tmp_path).token()
