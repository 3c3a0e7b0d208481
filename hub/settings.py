"""The settings of a hub: the environment, read once into one frozen object.

Decides what an operator may set, in which unit, and what is too weak to run with. Every setting is
an environment variable `HUB_...`; one that may hold a password can be given as a file instead
(`HUB_DATABASE_URL_FILE`). Key files are always files. In live mode weak settings are refused, all
of them named at once, each with the variable to change; no value is ever printed.

It opens no database and makes no key: `app`, `worker` and `cli` do that with what they find here.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from hub.protocols.canonical import b64u, unb64u
from hub.protocols.errors import MalformedMessage
from hub.protocols.names import READABLE_ID

PREFIX: Final = "HUB_"

KEY_BYTES: Final = 32
"""Bytes of the hub's key and of its index key; the file holds them as 43 characters of base64url."""

LIVE_SLOT: Final = timedelta(minutes=1)
"""Shortest slot in live mode: a shorter one lets the growth of the log follow single notices (I9)."""

MAY_BE_FILES: Final = ("database_url", "redis_url")
"""Settings that may hold a password, and so may be given as a file."""

_TOO_OPEN: Final = stat.S_IRWXO | stat.S_IWGRP
_CONTAINER_SECRETS: Final = Path("/run/secrets")  # seen by one container alone, and always 0444 there


class Mode(StrEnum):
    """What the hub is run for."""

    DEMO = "demo"
    """Made-up members on one computer."""
    TEST = "test"
    """Made-up members, a movable clock, answers by themselves."""
    LIVE = "live"
    """Real members."""


class SettingsError(Exception):
    """The hub must not start like this; each line names one variable and what to do."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


class Settings(BaseSettings):
    """Everything that an operator can set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    mode: Mode = Mode.DEMO
    public_origin: str = "http://127.0.0.1:8000"
    """Scheme, host and port by which members know the hub; proofs are compared with it."""
    data_dir: Path = Path("hub-data")
    """Folder of the embedded database, its backups, and of what is not set otherwise below."""
    database_url: SecretStr | None = None
    """SQLAlchemy address; unset: SQLite in the data folder."""
    redis_url: SecretStr | None = None
    """Redis for nudges and used proofs; unset: the hub's own process does both."""
    key_file: Path | None = None
    """The hub's signing key: promises, checkpoints, access tokens."""
    index_key_file: Path | None = None
    """The second key over identifier tokens; a stolen database is worth nothing without it."""
    last_checkpoint_file: Path | None = None
    """Where the last signed checkpoint is remembered, so that a restored database is noticed."""
    slot_seconds: Annotated[int, Field(ge=1, le=3600)] | None = None
    """Length of a slot of the log, in seconds; unset: 300 in live mode, 1 otherwise."""
    quota_floor: Annotated[int, Field(ge=1)] = 20
    """Notices a day that every member may publish, however few it usually has."""
    quota_factor: Annotated[int, Field(ge=1, le=100)] = 3
    """A member's daily quota is this many times its own median day."""
    witnesses: Annotated[int, Field(ge=0, le=15)] = 2
    """Other members that have to cosign the log before an address is handed over (fewer, where the
    region has fewer); 0: none."""
    poll_wait_max_seconds: Annotated[int, Field(ge=0, le=60)] = 20
    """Longest that a poll of the inbox waits for something to come, in seconds."""
    polls_per_member: Annotated[int, Field(ge=1)] = 4
    """Polls of one member that may wait at the same time, in each process."""
    polls_waiting_max: Annotated[int, Field(ge=1)] = 4_096
    """Polls of all members that may wait at the same time, in each process."""
    custodian: Annotated[str, Field(pattern=READABLE_ID.pattern)] = "mbr_custodian"
    """The member that signs linkage epochs; the hub itself never holds a linkage key."""
    dpop_nonces: bool | None = None
    """Whether proofs need the hub's nonce; unset: in live mode."""
    requests_per_second: Annotated[int, Field(ge=1)] | None = None
    """Requests a second that a member may make for long; unset: 100 in live mode, else 100,000."""
    requests_burst: Annotated[int, Field(ge=1)] | None = None
    """Requests that a member may make at once; unset: ten seconds' worth."""
    metrics_bind: str = "127.0.0.1:9464"
    """Address and port of the metrics alone; empty: none."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced: the environment is a parameter
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no hidden file sets anything
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - files are named one by one
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from `load_settings` alone: nothing is read behind its back."""
        return (init_settings,)

    @field_validator("public_origin")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        whole = (
            parts.scheme in {"http", "https"}
            and parts.hostname
            and f"{parts.scheme}://{parts.netloc}" == value
        )
        if not whole or parts.username is not None or value != value.lower():
            raise ValueError(
                "write scheme and host, with the port if it is not the usual one: https://hub.example"
            )
        return value

    @field_validator("metrics_bind")
    @classmethod
    def _is_bind(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if value and not (port.isdecimal() and 0 < int(port) < 65_536 and _is_address(host.strip("[]"))):
            raise ValueError("write an IP address and a port: 127.0.0.1:9464")
        return value

    @property
    def database(self) -> str:
        """Address of the database; it may hold a password."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'hub.db'}"

    @property
    def signing_key_path(self) -> Path:
        """Where the hub's own key is."""
        return self.key_file or self.data_dir / "keys" / "hub.key"

    @property
    def index_key_path(self) -> Path:
        """Where the second key over identifier tokens is."""
        return self.index_key_file or self.data_dir / "keys" / "index.key"

    @property
    def checkpoint_path(self) -> Path:
        """Where the last signed checkpoint is remembered."""
        return self.last_checkpoint_file or self.data_dir / "last-checkpoint"

    @property
    def slot(self) -> timedelta:
        """Length of a slot of the log."""
        return timedelta(seconds=self.slot_seconds or (300 if self.live else 1))

    @property
    def nonces_required(self) -> bool:
        """Whether proofs need the hub's nonce."""
        return self.live if self.dpop_nonces is None else self.dpop_nonces

    @property
    def rate(self) -> int:
        """Requests a second that a member may make for long."""
        return self.requests_per_second or (100 if self.live else 100_000)

    @property
    def burst(self) -> int:
        """Requests that a member may make at once."""
        return self.requests_burst or 10 * self.rate

    @property
    def live(self) -> bool:
        """Whether real members are served."""
        return self.mode is Mode.LIVE


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings from an environment; raise `SettingsError` for wrong or weak ones.

    In live mode an unknown `HUB_` variable is refused too: a misspelt safeguard is no safeguard.
    """
    given, faults, unknown = _gather(environment)
    try:
        settings = Settings(**given)
    except ValidationError as error:
        faults.extend(_explain(error))
        raise SettingsError(faults) from None
    if settings.live:
        faults.extend([*unknown, *_weaknesses(settings)])
    if faults:
        raise SettingsError(faults)
    return settings


def read_key(path: Path, *, strict: bool) -> bytes:
    """Return the 32 bytes of a key file; `strict` refuses one that is open to others.

    Its owner and, to read, its group may have it. Raises `SettingsError`.
    """
    try:
        text = path.read_text("ascii").strip()
        key = unb64u(text, KEY_BYTES)
    except (OSError, UnicodeDecodeError, MalformedMessage):
        raise SettingsError([f"{path}: a key file of {KEY_BYTES} bytes in base64url was expected"]) from None
    if strict and path.stat().st_mode & _TOO_OPEN and not path.is_relative_to(_CONTAINER_SECRETS):
        raise SettingsError(
            [f"{path}: others can read or change this key: chmod 600, and replace it if they may have"]
        )
    return key


def write_key(path: Path, key: bytes) -> None:
    """Write a new key file that nobody else can read; an existing one is never overwritten.

    Raises `FileExistsError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(b64u(key) + "\n")
        file.flush()
        os.fsync(file.fileno())


def describe_settings(settings: Settings, environment: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return (variable, value, origin) of every setting, secrets masked, for `hub config show`."""
    return [
        (_variable(name), str(getattr(settings, name)), _origin(name, environment))
        for name in Settings.model_fields
    ]


def _gather(environment: Mapping[str, str]) -> tuple[dict[str, Any], list[str], list[str]]:
    """Return what is set, what is wrong with it, and what nobody knows."""
    given: dict[str, Any] = {}
    faults: list[str] = []
    unknown: list[str] = []
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or value == "":
            continue
        name = variable.removeprefix(PREFIX).lower()
        inside = name.removesuffix("_file")
        if name in Settings.model_fields:
            given[name] = value
        elif name != inside and inside in MAY_BE_FILES:
            faults.extend(_take_file(given, inside, value, environment))
        else:
            unknown.append(f"{variable}: there is no such setting")
    return given, faults, unknown


def _take_file(given: dict[str, Any], name: str, path: str, environment: Mapping[str, str]) -> Iterator[str]:
    if environment.get(_variable(name)):
        yield f"{_variable(name)}: set either this or {_variable(name)}_FILE, not both"
        return
    try:
        given[name] = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        yield f"{_variable(name)}_FILE: the file cannot be read"


def _explain(error: ValidationError) -> Iterator[str]:
    # `input` and `ctx` are left out: they hold the value
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        yield f"{_variable(str(fault['loc'][0]))}: {fault['msg']}"


def _weaknesses(settings: Settings) -> Iterator[str]:
    if not settings.public_origin.startswith("https://"):
        yield "HUB_PUBLIC_ORIGIN: live mode needs https"
    if settings.slot < LIVE_SLOT:
        yield f"HUB_SLOT_SECONDS: live mode needs at least {LIVE_SLOT.seconds}"
    if not settings.witnesses:
        yield "HUB_WITNESSES: live mode needs at least one"
    if not settings.nonces_required:
        yield "HUB_DPOP_NONCES: live mode needs nonces; leave it unset"
    if ":memory:" in settings.database or settings.database == "sqlite://":
        yield "HUB_DATABASE_URL: live mode needs a database that outlives the process"
    if not settings.data_dir.is_absolute():
        yield "HUB_DATA_DIR: live mode needs an absolute path"
    if settings.rate > 10_000:
        yield "HUB_REQUESTS_PER_SECOND: live mode needs a limit of at most 10000"
    yield from _places(settings)


def _places(settings: Settings) -> Iterator[str]:
    """What is outside the database must not be lost, stolen or restored together with it."""
    outside = ("key_file", "index_key_file", "last_checkpoint_file")
    data = settings.data_dir.resolve()
    for name in outside:
        path: Path | None = getattr(settings, name)
        if path is None:
            yield f"{_variable(name)}: live mode needs this set"
        elif not path.is_absolute() or path.resolve().is_relative_to(data):
            yield f"{_variable(name)}: live mode needs an absolute path outside HUB_DATA_DIR"
        elif name != "last_checkpoint_file":
            yield from _key_faults(name, path)
    if settings.key_file is not None and settings.key_file == settings.index_key_file:
        yield "HUB_INDEX_KEY_FILE: this is the same file as HUB_KEY_FILE"


def _key_faults(name: str, path: Path) -> Iterator[str]:
    try:
        read_key(path, strict=True)
    except SettingsError as error:
        yield from (f"{_variable(name)}: {line}" for line in error.lines)


def _origin(name: str, environment: Mapping[str, str]) -> str:
    if environment.get(_variable(name)):
        return "environment"
    return "file" if name in MAY_BE_FILES and environment.get(f"{_variable(name)}_FILE") else "default"


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
