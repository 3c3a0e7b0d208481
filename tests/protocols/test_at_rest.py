"""Bytes that lie still: the hub's erasable layer, and a keyring under a passphrase."""

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.at_rest import VAULT_COST, VaultCost, rest_open, rest_seal, vault_open, vault_seal
from hub.protocols.canonical import Json, b64u, decode, encode
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from tests.protocols.mutations import assert_bytes_guarded

KEY, NONCE = bytes(range(32)), bytes(range(12))
CHEAP = VaultCost(memory=8, iterations=1, lanes=1)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_was_put_to_rest_comes_back_under_its_key_and_label(blob: bytes, label: str) -> None:
    """The key and the label of the place open it."""
    assert rest_open(rest_seal(blob, KEY, NONCE, label), KEY, label) == blob


def test_another_key_or_place_opens_nothing() -> None:
    """Stored bytes that were moved to another place, or whose key is gone, stay shut."""
    sealed = rest_seal(b"part", KEY, NONCE, "ntc_1/identity")
    for key, label in ((bytes(32), "ntc_1/identity"), (KEY, "ntc_2/identity"), (b"short", "ntc_1/identity")):
        with pytest.raises(Untrusted, match="rest-unreadable"):
            rest_open(sealed, key, label)


def test_every_cut_and_every_changed_byte_at_rest_is_refused() -> None:
    """No truncation and no flipped byte of stored bytes goes unnoticed."""
    sealed = rest_seal(b"part", KEY, NONCE, "here")
    assert_bytes_guarded(sealed, lambda changed: rest_open(changed, KEY, "here"))


@pytest.mark.parametrize("passphrase", ["correct horse", "fünf Wörter", b"\x00\xffkey file"])
def test_a_vault_opens_under_its_passphrase_alone(passphrase: str | bytes) -> None:
    """Text and the bytes of a key file serve alike; another passphrase is refused."""
    vault = vault_seal(b"keyring", passphrase, CHEAP)
    assert vault_open(vault, passphrase) == b"keyring"
    with pytest.raises(Untrusted, match="vault-unreadable"):
        vault_open(vault, "guess")


def test_two_vaults_of_one_passphrase_share_nothing() -> None:
    """Salt and nonce are drawn anew for each vault."""
    first, second = (decode(vault_seal(b"keyring", "p", CHEAP)) for _ in range(2))
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert all(first[name] != second[name] for name in ("salt", "nonce", "sealed"))


def test_the_usual_cost_is_the_recommended_one() -> None:
    """Without a word about cost, a vault takes 64 MiB and three passes, and says so in clear."""
    assert VaultCost(65_536, 3, 4) == VAULT_COST
    vault = vault_seal(b"keyring", "p")
    named = decode(vault)
    assert isinstance(named, dict)
    assert (named["kdf"], named["memory"], named["iterations"], named["lanes"]) == ("argon2id", 65_536, 3, 4)
    assert vault_open(vault, "p") == b"keyring"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"form": 2}, "form-unknown"),
        ({"kdf": "md5"}, "form-unknown"),
        ({"memory": 2**30}, "field-range"),
        ({"memory": 7}, "field-range"),
        ({"iterations": 0}, "field-range"),
        ({"lanes": 10_000}, "field-range"),
        ({"salt": b64u(bytes(8))}, "binary-size"),
        ({"hint": "my dog"}, "field-unknown"),
        ({"iterations": 2}, "vault-unreadable"),
        ({"salt": b64u(bytes(16))}, "vault-unreadable"),
    ],
)
def test_a_vault_that_was_tampered_with_is_refused(change: dict[str, Json], code: str) -> None:
    """Another form, a cost that would take the whole machine, and changed parameters are refused."""
    vault = decode(vault_seal(b"keyring", "p", CHEAP))
    assert isinstance(vault, dict)
    with pytest.raises(ProtocolError, match=code):
        vault_open(encode({**vault, **change}), "p")


def test_every_cut_and_every_changed_byte_of_a_vault_is_refused() -> None:
    """No truncation and no flipped byte of a keyring goes unnoticed."""
    assert_bytes_guarded(vault_seal(b"k", "p", CHEAP), lambda changed: vault_open(changed, "p"))


def test_a_vault_is_not_json_of_another_spelling() -> None:
    """White space within a vault is a change like any other."""
    with pytest.raises(MalformedMessage, match="json-not-canonical"):
        vault_open(vault_seal(b"k", "p", CHEAP) + b"\n", "p")


def test_the_given_randomness_is_used() -> None:
    """A vault repeats byte for byte from the same salt and nonce."""
    assert vault_seal(b"k", "p", CHEAP, bytes) == vault_seal(b"k", "p", CHEAP, bytes)
    assert vault_seal(b"k", "p", CHEAP, os.urandom) != vault_seal(b"k", "p", CHEAP, bytes)


def test_two_vaults_may_be_opened_at_once() -> None:
    """Two gateways of one process open their keyrings at the same time and neither waits for ever."""
    vault, opened = vault_seal(b"keyring", "correct horse", VaultCost(1024, 3, 4)), list[bytes]()
    opening = [
        threading.Thread(target=lambda: opened.append(vault_open(vault, "correct horse")), daemon=True)
        for _ in range(4)
    ]
    for thread in opening:
        thread.start()
    for thread in opening:
        thread.join(30)
    assert opened == [b"keyring"] * 4
