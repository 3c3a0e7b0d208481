"""A hub behind its own routes, with members that have keys and an open epoch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.exchange.store.migrations import upgrade
from hub.protocols.names import MemberKind
from tests.simulators.web_member import Line, WebHub, WebMember


@dataclass
class Region:
    """A hub and the members that every test here knows."""

    hub: WebHub
    client: Line
    custodian: WebMember
    kent: WebMember
    medway: WebMember


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema and nothing in it, made once."""
    path = tmp_path_factory.mktemp("web-schema") / "hub.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def web_hub(tmp_path: Path, schema: Path) -> WebHub:
    """A hub with nobody in it."""
    return WebHub(tmp_path, schema)


@pytest.fixture
def region(web_hub: WebHub) -> Iterator[Region]:
    """Kent, Medway and the custodian, admitted, with a linkage epoch in force."""
    with web_hub.serving() as client:
        custodian = web_hub.admits(client, "mbr_custodian", MemberKind.OBSERVER)
        kent = web_hub.admits(client, "mbr_kent", MemberKind.AUTHORITY, "886")
        medway = web_hub.admits(client, "mbr_medway", MemberKind.AUTHORITY, "887")
        answer = web_hub.opens_epoch(custodian, kent, medway)
        assert answer.status_code == 201, answer.text
        yield Region(web_hub, client, custodian, kent, medway)
