"""A digest tells a mailbox how much waits and since when, and names nobody, nowhere."""

import json
import smtplib
import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any, Self

import pytest
from typer.testing import CliRunner

from adapters.member.cli import app
from adapters.member.digest import (
    ALARM_AFTER,
    UNCOLLECTED_AFTER,
    MailServer,
    digest_of,
    made_at,
    message_of,
    put_into_maildir,
    read_server,
    send_by_smtp,
)
from adapters.member.errors import GatewayFault
from adapters.member.gateway import Gateway
from adapters.member.records import Waiting
from hub.protocols.names import NoticeType, new_id
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import Town
from tests.simulators.wire import Wire
from tests.story.people import ADA

Neighbours = tuple[Gateway, Gateway]


def words(gateway: Gateway) -> dict[str, int]:
    """How many of what wait."""
    return {line.words: line.count for line in digest_of(gateway).lines}


@pytest.fixture
def released(neighbours: Neighbours, town: Town) -> Neighbours:
    """Ada was released to Medway."""
    move(*neighbours)
    come_to_rest(town, *neighbours)
    return neighbours


def test_nothing_waits_at_first(kent: Gateway) -> None:
    """And nothing is sent then."""
    assert digest_of(kent).count == 0


def test_what_was_delivered_waits_until_somebody_looks(released: Neighbours) -> None:
    """Both stages."""
    _, medway = released
    assert words(medway) == {"deliveries that nobody has looked at": 2}
    for one in medway.received():
        medway.open(one.item)
    assert words(medway) == {}


def test_it_names_nobody(released: Neighbours, town: Town) -> None:
    """No young person, no member, no notice, in body or subject, whatever waits."""
    _, medway = released
    for kind in ("unsure", "recall", "fork", "unknown-kind"):
        body = {"says": "Ada Exampleton of mbr_kent"}
        medway.records.wait(Waiting(new_id("dis", town.now, bytes(10)) + kind, kind, None, "open", {**body}))
    mail = message_of(digest_of(medway), "team@example.org", "team@example.org").as_string()
    for word in ("Ada", "Exampleton", "mbr_", "ntc_", "dis_", "Kent"):
        assert word not in mail
    assert "FORKS OF THE LOG" in mail
    assert "other things" in mail


def test_what_waits_too_long_is_urgent_and_said_first(released: Neighbours, town: Town) -> None:
    """Two days, as a college has by law."""
    _, medway = released
    assert not digest_of(medway).urgent
    town.now += ALARM_AFTER + timedelta(hours=1)
    found = digest_of(medway)
    assert found.urgent
    assert "2 days old" in found.text()
    assert str(message_of(found, "a@example.org", "a@example.org")["Subject"]).startswith("Urgent: 2 ")


def test_what_has_not_reached_the_hub_is_urgent(kent: Gateway, wire: Wire, town: Town) -> None:
    """Nobody would notice otherwise."""
    kent.publish([], NoticeType.MOVED_OUT, "A. Officer")
    wire.down = True
    kent.publish([ADA], NoticeType.MOVED_OUT, "A. Officer")
    town.now += timedelta(minutes=1)
    found = digest_of(kent)
    assert [(line.words, line.urgent) for line in found.lines] == [
        ("notices that have not reached the hub", True)
    ]


def test_a_named_recipient_that_does_not_collect_is_to_be_rung(neighbours: Neighbours, town: Town) -> None:
    """After five days; a notice that is still to be matched has nobody to ring."""
    kent, _ = neighbours
    kent.publish([ADA], NoticeType.LEAVER, "A. Officer")
    kent.publish([ADA], NoticeType.NEW_ARRIVAL, "A. Officer")
    assert words(kent) == {}
    town.now += UNCOLLECTED_AFTER + timedelta(hours=1)
    assert words(kent) == {"notices that their recipient has not collected: ring them": 1}


def test_an_id_tells_when_it_was_made() -> None:
    """A readable one does not."""
    at = datetime(2026, 11, 21, 9, 0, 0, 123000, tzinfo=UTC)
    assert made_at(new_id("dis", at, bytes(10))) == at
    assert [made_at(name) for name in ("mbr_kent", "dis_" + "u" * 26, "")] == [None] * 3


# --- where it goes -----------------------------------------------------------------------------------


def test_a_maildir_gets_a_whole_mail(released: Neighbours, tmp_path: Path) -> None:
    """Under a name of its own, so that two do not overwrite each other."""
    _, medway = released
    mail = message_of(digest_of(medway), "team@example.org", "hub@example.org")
    paths = {put_into_maildir(mail, tmp_path / "box", medway.now) for _ in range(2)}
    assert {path.parent.name for path in paths} == {"new"}
    assert len(paths) == 2
    assert not list((tmp_path / "box" / "tmp").iterdir())
    kept = message_from_bytes(next(iter(paths)).read_bytes())
    assert kept["To"] == "team@example.org"


class NullServer:
    """A mail server that notes what it is asked; a development double, for tests alone."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.asked: list[str] = []
        self.fault = fault

    def __call__(self, host: str, port: int, timeout: float) -> "NullServer":
        """Connect."""
        assert timeout > 0
        self.asked.append(f"{host}:{port}")
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.asked.append("quit")

    def starttls(self, context: ssl.SSLContext) -> None:
        """Begin TLS."""
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        self.asked.append("starttls")
        if self.fault is not None:
            raise self.fault

    def login(self, user: str, _word: str) -> None:
        """Sign in."""
        self.asked.append(f"login {user}")

    def send_message(self, _message: object) -> None:
        """Take a mail."""
        self.asked.append("send")


def test_a_mail_leaves_only_under_tls(released: Neighbours) -> None:
    """The password too; a server without STARTTLS gets neither."""
    _, medway = released
    mail: Any = message_of(digest_of(medway), "team@example.org", "team@example.org")
    server: Any = NullServer()
    send_by_smtp(mail, MailServer("mail.example", user="hub", word="secret"), server)
    assert server.asked == ["mail.example:587", "starttls", "login hub", "send", "quit"]
    open_server: Any = NullServer(smtplib.SMTPNotSupportedError("no STARTTLS"))
    with pytest.raises(GatewayFault, match="mail-refused"):
        send_by_smtp(mail, MailServer("mail.example", user="hub", word="secret"), open_server)
    assert open_server.asked == ["mail.example:587", "starttls", "quit"]


def test_a_mail_server_is_a_host_and_perhaps_a_port() -> None:
    """Anything else is a usage fault."""
    assert (read_server("mail.example", "", "").port, read_server("mail.example:25", "", "").port) == (
        587,
        25,
    )
    for text in ("", ":25", "mail.example:smtp"):
        with pytest.raises(GatewayFault, match="mail-server"):
            read_server(text, "", "")


def test_digest_by_hand(
    released: Neighbours, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the screen, a program, or a maildir; nothing is written where nothing waits."""
    monkeypatch.setattr("adapters.member.gateway.Gateway", wire.opens)
    kent, medway = released
    for one in kent.received():
        kent.open(one.item)
    box = tmp_path / "box"

    def run(gateway: Gateway, *more: str) -> str:
        result = CliRunner().invoke(app, ["gateway", "digest", "--home", str(gateway.home.path), *more])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "2  deliveries" in run(medway)
    assert json.loads(run(medway, "--json"))["count"] == 2
    assert run(kent, "--maildir", str(box)) == "Nothing waits.\n"
    assert not box.exists()
    run(medway, "--maildir", str(box))
    assert len(list((box / "new").iterdir())) == 1
