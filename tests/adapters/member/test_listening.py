"""`hub listen`: what comes is told to one address, signed as a webhook is, and nothing is kept."""

import pytest
from typer.testing import CliRunner

from adapters.member.cli import app
from adapters.member.errors import GatewayFault
from adapters.member.gateway import Gateway
from adapters.member.listening import Listener
from adapters.member.webhook_guard import Target
from hub.protocols.webhook import Believed, check_webhook
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import Town
from tests.simulators.wire import Wire

URL = "http://127.0.0.1:9000/hook"


def test_what_comes_is_told_once_and_can_be_checked(neighbours: tuple[Gateway, Gateway], town: Town) -> None:
    """With a secret of its own; a receiver that is down is told so and nothing is repeated."""
    _, medway = neighbours
    seen: list[str] = []

    def receives(target: Target, headers: dict[str, str], body: bytes) -> int:
        assert target.address == "127.0.0.1"
        believed = Believed((listener.hook.secret,), (listener.hook.key.public,))
        seen.append(check_webhook(headers, body, believed, medway.now))
        if len(seen) > 1:
            raise GatewayFault("webhook-unanswered", "no answer")
        return 204

    listener = Listener(medway, URL, receives)
    move(*neighbours)
    come_to_rest(town, *neighbours)
    said = listener.look()
    assert [line.rpartition(" ")[2] for line in said] == ["204", "webhook-unanswered"]
    assert all(line.startswith("inbox.delivery dis_") for line in said)
    assert listener.look() == []
    assert not (medway.home.path / "webhooks.db").exists()


def test_what_came_before_is_not_told(neighbours: tuple[Gateway, Gateway], town: Town) -> None:
    """It listens from now on."""
    move(*neighbours)
    come_to_rest(town, *neighbours)
    listener = Listener(neighbours[1], URL, lambda *_: 204)
    assert listener.look() == []


def test_an_address_inside_another_network_is_refused(medway: Gateway) -> None:
    """Loopback is allowed, and nothing else that is private."""
    with pytest.raises(GatewayFault, match="webhook-private"):
        Listener(medway, "https://10.0.0.1/hook")


def test_listening_by_hand_shows_what_its_messages_are_checked_with(
    medway: Gateway, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the answers, on standard error."""
    monkeypatch.setattr("adapters.member.gateway.Gateway", wire.opens)
    monkeypatch.setattr("adapters.member.errands.Errand.run_here", lambda errand: errand.once())
    result = CliRunner().invoke(app, ["listen", "--forward-to", URL, "--home", str(medway.home.path)])
    assert result.exit_code == 0, result.output
    assert "whsec_" in result.stderr
    assert "whpk_" in result.stderr
    assert result.stdout == ""
