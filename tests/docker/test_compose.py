"""The container files, read without a container engine: what they promise stands in them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.settings import MAY_BE_FILES, PREFIX, Settings

DOCKER = Path(__file__).parents[2] / "docker"


@pytest.fixture
def compose() -> dict[str, Any]:
    """Read compose.yml."""
    read: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yml").read_text("utf-8"))
    return read


@pytest.fixture
def hub(compose: dict[str, Any]) -> dict[str, Any]:
    """Give the one service of compose.yml."""
    service: dict[str, Any] = compose["services"]["hub"]
    return service


@pytest.fixture
def instructions() -> list[tuple[str, str]]:
    """Read the Dockerfile as (instruction, rest), with continued lines joined and comments left out."""
    text = (DOCKER / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    words = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(first.upper(), rest) for first, rest in words]


def test_the_embedded_shape_is_one_service(compose: dict[str, Any]) -> None:
    """The embedded shape needs no database, queue or cache beside the hub."""
    assert list(compose["services"]) == ["hub"]


def test_the_service_runs_with_nothing_it_does_not_need(hub: dict[str, Any]) -> None:
    """Not root, a root file system that cannot be written, no capability, no way to gain one."""
    assert hub["user"] == "10001:10001"
    assert hub["read_only"] is True
    assert hub["cap_drop"] == ["ALL"]
    assert "cap_add" not in hub
    assert hub["security_opt"] == ["no-new-privileges:true"]
    assert hub.get("privileged", False) is False
    assert [line.split(":")[0] for line in hub["tmpfs"]] == ["/tmp"]


def test_the_hub_is_not_reachable_without_the_proxy(hub: dict[str, Any]) -> None:
    """Published ports are on loopback: what listens on the network has TLS."""
    assert all(port.startswith("127.0.0.1:") for port in hub["ports"])
    assert "network_mode" not in hub


def test_keys_come_from_files_and_never_from_the_environment(
    compose: dict[str, Any], hub: dict[str, Any]
) -> None:
    """Each secret is a file, and each key setting points at one of them."""
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())
    assert set(hub["secrets"]) == set(compose["secrets"])
    keys = {name: value for name, value in hub["environment"].items() if name.endswith("KEY_FILE")}
    assert sorted(keys.values()) == sorted(f"/run/secrets/{name}" for name in hub["secrets"])


def test_every_setting_is_one_that_the_hub_knows(hub: dict[str, Any]) -> None:
    """Live mode refuses an unknown setting, so the file must not name one."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known |= {f"{PREFIX}{name.upper()}_FILE" for name in MAY_BE_FILES}
    assert set(hub["environment"]) <= known


def test_the_checkpoint_is_kept_apart_from_the_data(compose: dict[str, Any], hub: dict[str, Any]) -> None:
    """A restored database must not bring along the memory that would notice it."""
    places = dict(line.split(":", 1) for line in hub["volumes"])
    assert set(places) == set(compose["volumes"])
    remembered = Path(hub["environment"]["HUB_LAST_CHECKPOINT_FILE"])
    data = Path(hub["environment"]["HUB_DATA_DIR"])
    assert str(data) in places.values()
    assert str(remembered.parent) in places.values()
    assert not remembered.is_relative_to(data)


def test_the_image_installs_nothing_unpinned(instructions: list[tuple[str, str]]) -> None:
    """Every pip install checks hashes, or takes the wheel just built and asks no index."""
    installs = [
        step
        for word, rest in instructions
        if word == "RUN"
        for step in rest.split("&&")
        if "pip install" in step
    ]
    assert len(installs) == 3
    assert all("--require-hashes" in step or "--no-index" in step for step in installs)
    assert not [rest for word, rest in instructions if word == "ADD"]


def test_the_image_is_built_in_stages_and_ends_without_root(instructions: list[tuple[str, str]]) -> None:
    """The last stage has no build tool; whatever starts in it is user 10001."""
    stages = [number for number, (word, _) in enumerate(instructions) if word == "FROM"]
    last = instructions[stages[-1] :]
    assert len(stages) == 2
    assert [rest for word, rest in last if word == "USER"] == ["10001:10001"]
    assert not [rest for word, rest in last if word == "RUN" and "pip" in rest]
    assert last.index(("USER", "10001:10001")) < [word for word, _ in last].index("ENTRYPOINT")


def test_the_base_image_has_a_version(instructions: list[tuple[str, str]]) -> None:
    """A base image without a tag is another one tomorrow."""
    [version] = [
        rest.split("=")[1] for word, rest in instructions if word == "ARG" and rest.startswith("PYTHON=")
    ]
    assert re.fullmatch(r"3\.1[1-9]-slim", version)
    assert all(rest.startswith("python:${PYTHON}") for word, rest in instructions if word == "FROM")


def test_the_health_check_asks_healthz(instructions: list[tuple[str, str]]) -> None:
    """A container whose process no longer answers is seen."""
    [check] = [rest for word, rest in instructions if word == "HEALTHCHECK"]
    assert "127.0.0.1:8000/healthz" in check
