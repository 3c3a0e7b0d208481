"""A member's home: one folder with its settings, its sealed keyring and its records.

home/gateway.json    who we are, which hub, and what was pinned out of band
home/key             the key file, where no passphrase is used (mode 600)
home/keyring         every secret, sealed
home/records.db      notices sent and received, sealed row by row
home/columns/        how this member's own files are read
home/token           the local API's token (mode 600)
home/tlog-policy     optional: the witnesses that this member asks for, by their keys (C2SP tlog-policy)

Several processes may use one home at once (`hub gateway run` beside a command): what is read,
changed and written back is changed under a lock.
"""

import fcntl
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from adapters.member.errors import GatewayFault
from adapters.member.keyring import KEY_FILE_COST, Keyring, load_keyring, save_keyring, write_private
from hub.protocols import canonical
from hub.protocols.at_rest import VAULT_COST, VaultCost
from hub.protocols.canonical import Json
from hub.protocols.names import MemberId

PASSPHRASE: Final = "HUB_GATEWAY_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret

_KEY_FILE: Final = re.compile(rb"[A-Za-z0-9_-]{43}")
"""32 bytes in base64url. A passphrase of this very form is as long, and nobody chooses one by hand."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a gateway believes without asking: checked by people, out of band, when it joined."""

    hub_url: str
    member: MemberId
    name: str
    log_vkey: str
    hub_key: Json
    custodian: MemberId
    custodian_identity: Json
    team: str
    telephone: str
    mailbox: str
    acts_for: MemberId | None = None
    officer: str = ""
    """Who acts where a command does not say; the team where this is empty."""
    area: str | None = None
    """DfE code of the area in which this member lies: its own enrolments cross no border."""
    bulk_from: int | None = None
    """So many notices of one night's feed need a second officer; None where one is enough."""
    witnesses: int = 2
    """Other members that have to cosign the log before more than an identity part is opened here;
    fewer where the region has fewer, and none at 0. The file `tlog-policy` in the home overrules it."""


class Home:
    """A folder that holds one member's gateway."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._secret: bytes | None = None
        self._read_at: int | None = None

    @property
    def records(self) -> Path:
        """Where the sealed records lie."""
        return self.path / "records.db"

    def pinned(self) -> Pinned:
        """Read the settings; raise `GatewayFault` where this is not a gateway's home."""
        try:
            return Pinned(**json.loads((self.path / "gateway.json").read_text("utf-8")))
        except FileNotFoundError:
            raise GatewayFault(
                "no-home", "this folder is no gateway's home: run `hub gateway init` in it, or give --home"
            ) from None
        except (TypeError, ValueError):
            raise GatewayFault(
                "home-settings", "gateway.json cannot be read: compare it with docs/gateway.md"
            ) from None

    def pin(self, pinned: Pinned) -> None:
        """Write the settings."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.path / "gateway.json", json.dumps(asdict(pinned), indent=2).encode())

    def policy(self) -> str | None:
        """The member's own policy about witnesses, where it has one."""
        path = self.path / "tlog-policy"
        return path.read_text("utf-8") if path.exists() else None

    def keyring(self) -> Keyring:
        """Open the keyring; raise `GatewayFault` where there is none, or it does not open."""
        if not self.has_keyring():
            raise GatewayFault("no-keyring", "this home has no keys yet: run `hub gateway init` in it")
        self._read_at = self._written_at()
        return load_keyring(self.path / "keyring", self._open())

    def keyring_changed(self) -> bool:
        """Whether another process has written the keyring since it was read here."""
        return self._read_at != self._written_at()

    def _written_at(self) -> int | None:
        path = self.path / "keyring"
        return path.stat().st_mtime_ns if path.exists() else None

    def has_keyring(self) -> bool:
        """Whether keys were made here."""
        return (self.path / "keyring").exists()

    def keep(self, keyring: Keyring) -> None:
        """Write the keyring back, sealed; a new one makes its key file where no passphrase is set."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.has_keyring() and not _passphrase():
            self._make_key_file()
        secret = self._open()
        save_keyring(self.path / "keyring", keyring, secret, _cost_of(secret))
        self._read_at = self._written_at()

    def change(self, change: Callable[[Keyring], Keyring]) -> Keyring:
        """Change the keyring as it lies on disk now, so that no other process's key is lost."""
        with self._locked():
            changed = change(self.keyring())
            self.keep(changed)
        return changed

    def token(self) -> str:
        """The local API's token, made at first use; only its owner can read the file."""
        path = self.path / "token"
        with self._locked():
            if not path.exists():
                write_private(path, secrets.token_urlsafe(32).encode())
        _check_private(path, "token-file-open")
        return path.read_text("ascii").strip()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.path / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _open(self) -> bytes:
        """The secret over the keyring: a passphrase from the environment, else the key file."""
        if self._secret is None:
            passphrase = _passphrase()
            self._secret = passphrase.encode() if passphrase else self._key_file()
        return self._secret

    def _make_key_file(self) -> None:
        path = self.path / "key"
        if not path.exists():
            write_private(path, canonical.b64u(os.urandom(32)).encode())

    def _key_file(self) -> bytes:
        path = self.path / "key"
        if not path.exists():
            raise GatewayFault(
                "key-missing", f"set {PASSPHRASE} or {PASSPHRASE}_FILE, or put the key file back"
            )
        _check_private(path, "key-file-open")
        return path.read_bytes()


def _passphrase() -> str | None:
    """The passphrase itself, or the first line of the file that the environment names."""
    path = os.environ.get(f"{PASSPHRASE}_FILE")
    if path is None:
        return os.environ.get(PASSPHRASE) or None
    try:
        return Path(path).read_text("utf-8").splitlines()[0]
    except (OSError, ValueError, IndexError):
        raise GatewayFault("passphrase-file", f"{PASSPHRASE}_FILE names no file with a passphrase") from None


def _cost_of(secret: bytes) -> VaultCost:
    """Make guesses dear, unless the secret is 32 random bytes as `hub gateway init` writes them."""
    return KEY_FILE_COST if _KEY_FILE.fullmatch(secret) else VAULT_COST


def _check_private(path: Path, code: str) -> None:
    if path.stat().st_mode & 0o077:
        raise GatewayFault(code, f"others can read the file {path.name}: chmod 600 it, then try again")
