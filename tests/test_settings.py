"""Settings: read once, refused when wrong, and when weak in live mode."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

import hub.settings
from hub.protocols.canonical import b64u
from hub.settings import Mode, SettingsError, describe_settings, load_settings, read_key, write_key


@pytest.fixture
def live(tmp_path: Path) -> dict[str, str]:
    """An environment in which a hub may serve real members."""
    keys = tmp_path / "keys"
    write_key(keys / "hub.key", bytes(range(32)))
    write_key(keys / "index.key", bytes(range(1, 33)))
    return {
        "HUB_MODE": "live",
        "HUB_PUBLIC_ORIGIN": "https://hub.example",
        "HUB_DATA_DIR": str(tmp_path / "data"),
        "HUB_DATABASE_URL": "postgresql+psycopg://hub:secret@db.example/hub",
        "HUB_KEY_FILE": str(keys / "hub.key"),
        "HUB_INDEX_KEY_FILE": str(keys / "index.key"),
        "HUB_LAST_CHECKPOINT_FILE": str(tmp_path / "elsewhere" / "last"),
    }


def refusal(environment: dict[str, str]) -> str:
    """The lines with which an environment is refused."""
    with pytest.raises(SettingsError) as refused:
        load_settings(environment)
    return "\n".join(refused.value.lines)


def test_an_empty_environment_is_the_demonstration() -> None:
    """Nothing need be set to try the hub on one computer."""
    settings = load_settings({})

    assert settings.mode is Mode.DEMO
    assert settings.public_origin == "http://127.0.0.1:8000"
    assert settings.database == "sqlite:///hub-data/hub.db"
    assert settings.slot == timedelta(seconds=1)
    assert (settings.quota_floor, settings.quota_factor) == (20, 3)
    assert settings.nonces_required is False
    assert settings.redis_url is None
    assert settings.signing_key_path == Path("hub-data/keys/hub.key")
    assert settings.index_key_path == Path("hub-data/keys/index.key")
    assert settings.checkpoint_path == Path("hub-data/last-checkpoint")
    assert settings.burst == 10 * settings.rate


def test_what_is_set_is_taken() -> None:
    """Every setting has a variable of its own; an empty one counts as not set."""
    settings = load_settings(
        {
            "HUB_MODE": "test",
            "HUB_PUBLIC_ORIGIN": "http://127.0.0.1:9000",
            "HUB_DATA_DIR": "/srv/hub",
            "HUB_SLOT_SECONDS": "7",
            "HUB_QUOTA_FLOOR": "30",
            "HUB_QUOTA_FACTOR": "4",
            "HUB_POLL_WAIT_MAX_SECONDS": "0",
            "HUB_POLLS_PER_MEMBER": "2",
            "HUB_POLLS_WAITING_MAX": "8",
            "HUB_DPOP_NONCES": "true",
            "HUB_REQUESTS_PER_SECOND": "5",
            "HUB_REQUESTS_BURST": "6",
            "HUB_METRICS_BIND": "[::1]:9000",
            "HUB_REDIS_URL": "",
            "PATH": "/bin",
            "HUBRIS": "1",
        }
    )

    assert settings.slot == timedelta(seconds=7)
    assert (settings.quota_floor, settings.quota_factor) == (30, 4)
    assert settings.poll_wait_max_seconds == 0
    assert (settings.polls_per_member, settings.polls_waiting_max) == (2, 8)
    assert settings.nonces_required is True
    assert (settings.rate, settings.burst) == (5, 6)
    assert settings.metrics_bind == "[::1]:9000"
    assert settings.redis_url is None


def test_settings_never_change() -> None:
    """What was read at the start holds for the life of the process."""
    settings = load_settings({})

    with pytest.raises(ValidationError):
        settings.mode = Mode.LIVE


def test_the_process_environment_is_not_read_behind_the_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings come from the environment that is handed over, so that tests and tools agree."""
    monkeypatch.setenv("HUB_QUOTA_FLOOR", "999")

    assert load_settings({}).quota_floor == 20


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HUB_MODE", "production"),
        ("HUB_PUBLIC_ORIGIN", "county.example"),
        ("HUB_PUBLIC_ORIGIN", "https://county.example/"),
        ("HUB_PUBLIC_ORIGIN", "https://county.example/api"),
        ("HUB_PUBLIC_ORIGIN", "https://user:pw@county.example"),
        ("HUB_PUBLIC_ORIGIN", "https://County.example"),
        ("HUB_PUBLIC_ORIGIN", "ftp://county.example"),
        ("HUB_SLOT_SECONDS", "0"),
        ("HUB_SLOT_SECONDS", "soon"),
        ("HUB_QUOTA_FLOOR", "0"),
        ("HUB_QUOTA_FACTOR", "-1"),
        ("HUB_POLL_WAIT_MAX_SECONDS", "61"),
        ("HUB_DPOP_NONCES", "perhaps"),
        ("HUB_REQUESTS_PER_SECOND", "0"),
        ("HUB_METRICS_BIND", "localhost:9464"),
        ("HUB_METRICS_BIND", "192.0.2.7"),
        ("HUB_METRICS_BIND", "127.0.0.1:65536"),
    ],
)
def test_a_wrong_value_is_named_and_not_printed(variable: str, value: str) -> None:
    """The line names the variable; the value may be a secret that was put in the wrong place."""
    text = refusal({variable: value})

    assert text.startswith(f"{variable}: ")
    assert value not in text


def test_secrets_can_be_given_as_files(tmp_path: Path) -> None:
    """What may hold a password need not stand in the environment."""
    file = tmp_path / "database"
    file.write_text("postgresql+psycopg://hub:secret@db.example/hub\n")

    settings = load_settings({"HUB_DATABASE_URL_FILE": str(file)})

    assert settings.database == "postgresql+psycopg://hub:secret@db.example/hub"


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    """Where both the value and its file are given, nobody can know which was meant."""
    file = tmp_path / "redis"
    file.write_text("redis://a")

    assert "not both" in refusal({"HUB_REDIS_URL": "redis://b", "HUB_REDIS_URL_FILE": str(file)})


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file is a fault, never an unset setting."""
    assert refusal({"HUB_REDIS_URL_FILE": str(tmp_path / "none")}) == (
        "HUB_REDIS_URL_FILE: the file cannot be read"
    )


def test_secrets_are_masked_in_what_is_shown(tmp_path: Path) -> None:
    """`hub config show` tells each setting's value and where it came from, and no password."""
    file = tmp_path / "redis"
    file.write_text("redis://:hunter2@redis.example")
    environment = {
        "HUB_DATABASE_URL": "postgresql://hub:hunter2@db.example/hub",
        "HUB_REDIS_URL_FILE": str(file),
    }
    settings = load_settings(environment)

    shown = {name: (value, origin) for name, value, origin in describe_settings(settings, environment)}

    assert "hunter2" not in str(shown) + repr(settings) + str(settings)
    assert shown["HUB_DATABASE_URL"][1] == "environment"
    assert shown["HUB_REDIS_URL"][1] == "file"
    assert shown["HUB_QUOTA_FLOOR"] == ("20", "default")


def test_a_whole_live_environment_is_accepted(live: dict[str, str]) -> None:
    """With everything set and nothing weak the hub may serve real members."""
    settings = load_settings(live)

    assert settings.live
    assert settings.slot == timedelta(minutes=5)
    assert settings.nonces_required
    assert settings.rate == 100


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HUB_PUBLIC_ORIGIN", "http://hub.example"),
        ("HUB_SLOT_SECONDS", "59"),
        ("HUB_DPOP_NONCES", "false"),
        ("HUB_DATABASE_URL", "sqlite:///:memory:"),
        ("HUB_DATABASE_URL", "sqlite://"),
        ("HUB_DATA_DIR", "hub-data"),
        ("HUB_REQUESTS_PER_SECOND", "10001"),
        ("HUB_KEY_FILE", ""),
        ("HUB_INDEX_KEY_FILE", ""),
        ("HUB_LAST_CHECKPOINT_FILE", ""),
        ("HUB_LAST_CHECKPOINT_FILE", "last"),
        ("HUB_KEY_FILE", "/nowhere/hub.key"),
        ("HUB_QUOTA_FLOR", "100"),
    ],
)
def test_a_weak_setting_is_refused_in_live_mode(live: dict[str, str], variable: str, value: str) -> None:
    """A safeguard that is missing, misspelt or weak stops the hub from starting."""
    assert f"{variable}: " in refusal({**live, variable: value})


@pytest.mark.parametrize("variable", ["HUB_KEY_FILE", "HUB_INDEX_KEY_FILE", "HUB_LAST_CHECKPOINT_FILE"])
def test_what_must_survive_a_restore_is_not_in_the_data_folder(live: dict[str, str], variable: str) -> None:
    """Keys and the last checkpoint are not stolen, lost or restored together with the database."""
    inside = {**live, variable: f"{live['HUB_DATA_DIR']}/sub/file"}

    assert f"{variable}: live mode needs an absolute path outside HUB_DATA_DIR" in refusal(inside)


def test_one_key_is_not_used_twice(live: dict[str, str]) -> None:
    """The signing key and the index key are two keys."""
    assert "HUB_INDEX_KEY_FILE: " in refusal({**live, "HUB_INDEX_KEY_FILE": live["HUB_KEY_FILE"]})


@pytest.mark.parametrize(("mode", "borne"), [(0o600, True), (0o640, True), (0o644, False), (0o660, False)])
def test_a_key_is_closed_to_others(live: dict[str, str], mode: int, borne: bool) -> None:
    """A key file is its owner's; its group may read it, nobody else anything."""
    Path(live["HUB_KEY_FILE"]).chmod(mode)

    if borne:
        assert load_settings(live).live
    else:
        assert "HUB_KEY_FILE: " in refusal(live)


def test_a_secret_of_a_container_is_closed_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only one container sees the folder, the mode of its files says nothing."""
    monkeypatch.setattr(hub.settings, "_CONTAINER_SECRETS", tmp_path)
    path = tmp_path / "hub_key"
    path.write_text(b64u(bytes(32)))
    path.chmod(0o444)

    assert read_key(path, strict=True) == bytes(32)


def test_all_weaknesses_are_named_at_once() -> None:
    """An operator mends everything in one round."""
    lines = refusal({"HUB_MODE": "live"}).splitlines()

    assert {line.partition(":")[0] for line in lines} == {
        "HUB_PUBLIC_ORIGIN",
        "HUB_DATA_DIR",
        "HUB_KEY_FILE",
        "HUB_INDEX_KEY_FILE",
        "HUB_LAST_CHECKPOINT_FILE",
    }


def test_an_unknown_variable_stops_nothing_outside_live_mode() -> None:
    """On a developer's computer other tools may have variables that begin alike."""
    assert load_settings({"HUB_QUOTA_FLOR": "100"}).quota_floor == 20


def test_a_written_key_is_read_again_and_never_overwritten(tmp_path: Path) -> None:
    """A key file is made once, for its owner's eyes alone."""
    path = tmp_path / "keys" / "hub.key"
    write_key(path, bytes(range(32)))

    assert read_key(path, strict=True) == bytes(range(32))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_key(path, bytes(32))
    assert read_key(path, strict=True) == bytes(range(32))


@pytest.mark.parametrize("content", [b"", b"short", b64u(bytes(31)).encode(), b"\xff" * 43])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """A key of the wrong length or form is no key."""
    path = tmp_path / "hub.key"
    path.write_bytes(content)

    with pytest.raises(SettingsError):
        read_key(path, strict=False)


def test_a_key_that_others_can_read_is_borne_for_made_up_members(tmp_path: Path) -> None:
    """Outside live mode the permissions of a key file are not held against it."""
    path = tmp_path / "hub.key"
    path.write_text(b64u(bytes(32)))
    path.chmod(0o644)

    assert read_key(path, strict=False) == bytes(32)
    with pytest.raises(SettingsError, match="others can"):
        read_key(path, strict=True)
