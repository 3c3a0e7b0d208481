"""Whether the process answers, whether it can serve, which hub it is."""

import time

import pytest

from hub import __version__
from hub.exchange.errors import HubFault
from tests.simulators.web_member import WebHub


def test_a_process_that_runs_says_so(web_hub: WebHub) -> None:
    """Liveness needs nothing but the process."""
    with web_hub.serving() as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/version").json() == {"version": __version__, "mode": "demo"}


def test_a_process_that_can_serve_is_ready(web_hub: WebHub) -> None:
    """Database, checkpoint and sequencer, each by name."""
    with web_hub.serving() as client:
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert set(answer.json()["checks"]) == {"database", "checkpoint", "sequencer"}


def test_a_hub_that_no_longer_signs_is_not_ready(web_hub: WebHub) -> None:
    """Without a checkpoint for longer than ten slots, and half a minute, it asks for no more callers."""
    with web_hub.serving() as client:
        web_hub.service.signed_at = time.monotonic() - 31
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "checks": {"database": True, "checkpoint": False, "sequencer": True},
    }


def test_a_hub_without_its_database_is_not_ready(web_hub: WebHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that does not answer is named, without its words."""
    with web_hub.serving() as client:

        def away() -> None:
            raise HubFault("store-unreachable", "/secret/path")

        monkeypatch.setattr(type(web_hub.store), "read", lambda _: away())
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, False)
    assert "secret" not in answer.text
