"""A hub behind its own routes, with members that have keys and an open epoch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.exchange.store.migrations import upgrade
from hub.protocols.names import MemberId, MemberKind
from tests.simulators.web_member import Line, Picture, WebHub, WebMember


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


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory, schema: Path) -> Picture:
    """Kent, Medway and the custodian, admitted over HTTP, with a linkage epoch in force: made once."""
    hub = WebHub(tmp_path_factory.mktemp("settled"), schema)
    with hub.serving() as client:
        custodian = hub.admits(client, "mbr_custodian", MemberKind.OBSERVER)
        kent = hub.admits(client, "mbr_kent", MemberKind.AUTHORITY, "886")
        medway = hub.admits(client, "mbr_medway", MemberKind.AUTHORITY, "887")
        answer = hub.opens_epoch(custodian, kent, medway)
        assert answer.status_code == 201, answer.text
    return hub.picture()


@pytest.fixture
def web_hub(tmp_path: Path, schema: Path) -> WebHub:
    """A hub with nobody in it."""
    return WebHub(tmp_path, schema)


@pytest.fixture
def region(tmp_path: Path, settled: Picture) -> Iterator[Region]:
    """A copy of the settled region, running."""
    hub = settled.restored(tmp_path)
    with hub.serving() as client:
        members = {name: settled.member(hub, client, name) for name in settled.seeds}
        yield Region(
            hub,
            client,
            members[MemberId("mbr_custodian")],
            members[MemberId("mbr_kent")],
            members[MemberId("mbr_medway")],
        )
