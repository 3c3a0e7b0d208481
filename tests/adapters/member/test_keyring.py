"""A member's keys at rest: sealed, whole, and of use to nobody without the secret."""

import os
import stat
from pathlib import Path

import pytest

from adapters.member.errors import GatewayFault
from adapters.member.keyring import (
    KEY_PERIOD,
    directory_documents,
    load_keyring,
    new_keyring,
    save_keyring,
    write_private,
)
from hub.protocols.at_rest import VaultCost
from hub.protocols.keys import KeyUse, read_entry
from hub.protocols.names import EpochId, KeyId, MemberId
from tests.conftest import START

EPOCH = EpochId("ep_01m83t4gh0fytvzyg92hgq8aqv")
SECRET = b"a passphrase"
CHEAP = VaultCost(8, 1, 1)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """Every key comes back as it was."""
    keyring = new_keyring().with_linkage(EPOCH, b"\x07" * 32)
    save_keyring(tmp_path / "keyring", keyring, SECRET, CHEAP)
    assert load_keyring(tmp_path / "keyring", SECRET) == keyring


def test_the_file_holds_no_key_in_clear_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """A copied file is useless without its secret."""
    keyring = new_keyring().with_linkage(EPOCH, b"\x07" * 32)
    save_keyring(tmp_path / "keyring", keyring, SECRET, CHEAP)
    kept = (tmp_path / "keyring").read_bytes()
    secrets = [
        keyring.signing.seed,
        keyring.access.seed,
        keyring.vault,
        *keyring.identity_seeds,
        b"\x07" * 32,
    ]
    assert not [secret for secret in secrets if secret in kept]
    assert stat.S_IMODE((tmp_path / "keyring").stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", ["secret", "flipped", "cut", "empty"])
def test_another_secret_or_a_changed_file_opens_nothing(tmp_path: Path, damage: str) -> None:
    """It is said in words, with a code, and never as a raw error."""
    path = tmp_path / "keyring"
    save_keyring(path, new_keyring(), SECRET, CHEAP)
    kept = path.read_bytes()
    changed = {"secret": kept, "flipped": kept[:-1] + bytes([kept[-1] ^ 1]), "cut": kept[:-9], "empty": b""}
    path.write_bytes(changed[damage])
    with pytest.raises(GatewayFault) as caught:
        load_keyring(path, b"another" if damage == "secret" else SECRET)
    assert caught.value.code == "keyring-closed"


def test_a_home_without_keys_says_so(tmp_path: Path) -> None:
    """The next step is named."""
    with pytest.raises(GatewayFault, match="no-keyring"):
        load_keyring(tmp_path / "keyring", SECRET)


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file takes the old one's place only when all of it is on disk."""
    path = tmp_path / "keyring"
    write_private(path, b"old")

    def crash(_: int) -> None:
        raise OSError("the power is gone")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="power"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    monkeypatch.undo()
    write_private(path, b"new")
    assert path.read_bytes() == b"new"


def test_what_a_crash_left_open_to_others_is_not_written_to(tmp_path: Path) -> None:
    """A half-written file of any mode is replaced, not reused."""
    left = tmp_path / "keyring.new"
    left.write_bytes(b"half")
    left.chmod(0o666)
    write_private(tmp_path / "keyring", b"whole")
    assert stat.S_IMODE((tmp_path / "keyring").stat().st_mode) == 0o600


def test_a_repr_says_nothing() -> None:
    """A repr ends in logs and tracebacks."""
    assert repr(new_keyring()) == "Keyring(...)"


def test_a_box_for_another_key_is_refused() -> None:
    """The gateway opens only boxes for keys that it holds."""
    keyring = new_keyring()
    assert keyring.sealing_key(keyring.sealing[0].key_id) is keyring.sealing[0]
    with pytest.raises(GatewayFault, match="box-other-key"):
        keyring.sealing_key(KeyId("A" * 43))


def test_directory_documents_are_signed_by_the_identity_key() -> None:
    """One for each use, good for a year and a quarter, readable under the identity's public half."""
    keyring, member = new_keyring(), MemberId("mbr_kent")
    entries = [
        read_entry(one, keyring.identity.public) for one in directory_documents(keyring, member, START)
    ]
    assert [entry.use for entry in entries] == [KeyUse.SIGNING, KeyUse.ACCESS, KeyUse.SEALING]
    assert {entry.key_id for entry in entries} == {
        keyring.signing.key_id,
        keyring.access.key_id,
        keyring.sealing[0].key_id,
    }
    assert all(entry.valid_until - entry.valid_from == KEY_PERIOD for entry in entries)
