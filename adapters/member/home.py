"""A member's home: one folder with its settings, its sealed keyring and its records.

home/gateway.json    who we are, which hub, and what was pinned out of band
home/key             the key file, where no passphrase is used (mode 600)
home/keyring         every secret, sealed
home/records.db      notices sent and received, sealed row by row
home/mappings/       how this member's own files are read
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from adapters.member.errors import GatewayFault
from adapters.member.keyring import Keyring, load_keyring, save_keyring, write_private
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.names import MemberId

PASSPHRASE: Final = "HUB_GATEWAY_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret


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


class Home:
    """A folder that holds one member's gateway."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._secret: bytes | None = None

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
                "no-home", "this folder is no gateway's home: run `hub gateway init` in it"
            ) from None
        except (TypeError, ValueError):
            raise GatewayFault(
                "home-settings", "gateway.json cannot be read: compare it with docs/gateway.md"
            ) from None

    def pin(self, pinned: Pinned) -> None:
        """Write the settings."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_private(self.path / "gateway.json", json.dumps(asdict(pinned), indent=2).encode())

    def keyring(self) -> Keyring:
        """Open the keyring."""
        return load_keyring(self.path / "keyring", self._open())

    def keep(self, keyring: Keyring) -> None:
        """Write the keyring back, sealed."""
        self.path.mkdir(parents=True, exist_ok=True)
        save_keyring(self.path / "keyring", keyring, self._open())

    def _open(self) -> bytes:
        """The secret over the keyring: a passphrase from the environment, else the key file."""
        if self._secret is None:
            passphrase = os.environ.get(PASSPHRASE)
            self._secret = passphrase.encode() if passphrase else self._key_file()
        return self._secret

    def _key_file(self) -> bytes:
        path = self.path / "key"
        if not path.exists():
            write_private(path, canonical.b64u(os.urandom(32)).encode())
        if path.stat().st_mode & 0o077:
            raise GatewayFault("key-file-open", "others can read the key file: chmod 600 it, then try again")
        return path.read_bytes()
