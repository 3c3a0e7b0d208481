"""The member's own systems are told by thin, signed events: once each, again for three days, never a name."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.member.cli import app
from adapters.member.errors import GatewayFault
from adapters.member.gateway import Gateway
from adapters.member.webhook_book import Event, WebhookBook
from adapters.member.webhook_guard import Target
from adapters.member.webhooks import OVERLAP, PAUSES, SHELF, Webhook, Webhooks, webhooks_of
from hub.protocols import canonical
from hub.protocols.errors import Untrusted
from hub.protocols.webhook import Believed, check_webhook
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import Town
from tests.simulators.wire import Wire

URL = "https://tracker.example/hook"
PUBLIC = "93.184.216.34"


@dataclass
class Tracker:
    """A receiver that answers as told, and remembers what it was sent."""

    answers: list[int] = field(default_factory=list)
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    address: str = PUBLIC

    def call(self, target: Target, headers: dict[str, str], body: bytes) -> int:
        """One POST."""
        assert target.address == self.address
        self.seen.append((headers, body))
        answer = self.answers.pop(0) if self.answers else 204
        if not answer:
            raise GatewayFault("webhook-unanswered", "no answer (ConnectError)")
        return answer

    def resolve(self, _host: str, _port: int) -> list[str]:
        """Its address."""
        return [self.address]

    @property
    def items(self) -> list[tuple[str, str]]:
        """Kind and item of each event, as they came."""
        found = [json.loads(body) for _, body in self.seen]
        return [(one["type"], one["data"]["item"]) for one in found]


@pytest.fixture
def tracker() -> Tracker:
    """Medway's."""
    return Tracker()


@pytest.fixture
def hooks(medway: Gateway, tracker: Tracker, tmp_path: Path) -> Iterator[Webhooks]:
    """Medway's webhooks."""
    with closing(WebhookBook(tmp_path / "webhooks.db")) as book:
        yield Webhooks(medway, book, tracker.call, tracker.resolve)


@pytest.fixture
def told(hooks: Webhooks, neighbours: tuple[Gateway, Gateway], town: Town) -> Webhook:
    """A webhook, and Ada's release to Medway after it was added."""
    made = hooks.add(URL)
    move(*neighbours)
    come_to_rest(town, *neighbours)
    return made


def test_what_came_is_told_once_by_id_alone(
    hooks: Webhooks, told: Webhook, tracker: Tracker, medway: Gateway
) -> None:
    """Both stages of the release, and nothing that names or describes anybody."""
    assert hooks.look() == []
    assert sorted(tracker.items) == sorted(("inbox.delivery", one.item) for one in medway.received())
    assert hooks.look() == []
    assert len(tracker.seen) == 2
    for _, body in tracker.seen:
        assert set(json.loads(body)) == {"type", "timestamp", "data"}
        assert not [word for word in (b"Ada", b"Exampleton", b"mbr_", b"ntc_") if word in body]
    assert {telling.state for _, telling in hooks.book.tellings()} == {"delivered"}
    assert told.state == "active"


def test_a_receiver_can_check_every_message(
    hooks: Webhooks, told: Webhook, tracker: Tracker, medway: Gateway
) -> None:
    """By the secret or by the public key, and by nobody else's."""
    hooks.look()
    for headers, body in tracker.seen:
        for believed in (Believed(secrets=(told.secret,)), Believed(keys=(told.key.public,))):
            assert check_webhook(headers, body, believed, medway.now).startswith("evt_")
        with pytest.raises(Untrusted):
            check_webhook(headers, body, Believed(secrets=(bytes(32),)), medway.now)


def test_a_webhook_is_told_what_comes_and_not_what_has_been(
    hooks: Webhooks, neighbours: tuple[Gateway, Gateway], town: Town, tracker: Tracker
) -> None:
    """A new receiver is not flooded with a year."""
    move(*neighbours)
    come_to_rest(town, *neighbours)
    hooks.add(URL)
    hooks.look()
    assert tracker.seen == []


def test_a_receiver_that_does_not_answer_holds_no_other_up(
    hooks: Webhooks, told: Webhook, tracker: Tracker
) -> None:
    """It is asked once a look, however much waits for it; what waits keeps its turn."""
    other = hooks.add(URL)
    for number in range(3):
        event = Event(f"evt_{number}", "inbox.waiting", f"item {number}", told.made_at)
        hooks.book.note(event, [told.hook, other.hook])
    first, second = sorted([told.hook, other.hook])
    tracker.answers = [0]
    said = hooks.look()
    assert len(said) == 1
    assert first in said[0]
    done = [telling.hook for _, telling in hooks.book.tellings() if telling.state == "delivered"]
    assert set(done) == {second}
    assert len(done) >= 3
    assert hooks.look() == []
    waits = [telling for _, telling in hooks.book.tellings() if telling.state == "pending"]
    assert [telling.attempts for telling in waits] == [1]


@pytest.mark.usefixtures("told")
def test_what_is_not_answered_is_tried_again_for_three_days(
    hooks: Webhooks, tracker: Tracker, town: Town
) -> None:
    """Later and later, with the same id and a fresh instant; then it is given up and can be sent by hand."""
    tracker.answers = [500, 302] * 10
    begun, tries = town.now, 0
    while any(telling.state == "pending" for _, telling in hooks.book.tellings()) or not tries:
        before = len(tracker.seen)
        said = hooks.look()
        assert len(said) == len(tracker.seen) - before
        tries += 1
        town.now = max([telling.next for _, telling in hooks.book.tellings()])
    assert tries == len(PAUSES) + 1
    assert timedelta(days=3) < town.now - begun < timedelta(days=4)
    assert len({headers["webhook-id"] for headers, _ in tracker.seen}) == 2
    assert {telling.state for _, telling in hooks.book.tellings()} == {"failed"}
    tracker.answers = []
    (event, _), *_ = hooks.book.tellings()
    assert [one.state for one in hooks.redeliver(event.event)] == ["delivered"]


@pytest.mark.usefixtures("told")
def test_nothing_is_tried_before_its_time(hooks: Webhooks, tracker: Tracker) -> None:
    """A receiver that is down is not hammered."""
    tracker.answers = [503, 503]
    hooks.look()
    hooks.look()
    assert len(tracker.seen) == 2


def test_a_receiver_that_is_gone_is_told_nothing_more(
    hooks: Webhooks, told: Webhook, tracker: Tracker
) -> None:
    """410 means never again."""
    tracker.answers = [410]
    hooks.look()
    assert hooks.get(told.hook).state == "gone"
    assert hooks.look() == []


def test_a_webhook_that_was_removed_meanwhile_does_not_come_back(
    hooks: Webhooks, told: Webhook, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its receiver says that it is gone while an officer removes it: the secret stays destroyed."""

    def gone(*_: object) -> int:
        hooks.remove(told.hook)
        return 410

    monkeypatch.setattr(hooks, "_call", gone)
    hooks.look()
    assert hooks.all() == []
    assert tracker.seen == []


@pytest.mark.usefixtures("told")
def test_a_name_that_leads_inside_later_is_not_called(hooks: Webhooks, tracker: Tracker) -> None:
    """It is looked at before every call, not only when it is added."""
    tracker.address = "10.0.0.1"
    assert all("webhook-private" in line for line in hooks.look())
    assert tracker.seen == []


def test_a_url_that_leads_inside_is_not_added(hooks: Webhooks, tracker: Tracker) -> None:
    """And nothing is kept of it."""
    tracker.address = "192.168.0.9"
    with pytest.raises(GatewayFault, match="webhook-private"):
        hooks.add(URL)
    assert hooks.all() == []


def test_an_exchanged_secret_signs_beside_the_new_one_for_a_day(
    hooks: Webhooks, told: Webhook, tracker: Tracker, town: Town
) -> None:
    """The receiver changes when it likes."""
    fresh = hooks.rotate(told.hook)
    assert fresh.secret != told.secret
    for one, held in ((told, True), (fresh, True)):
        hooks.test(told.hook)
        assert _is_believed(tracker, one, town) is held
    town.now += OVERLAP
    hooks.test(told.hook)
    assert (_is_believed(tracker, told, town), _is_believed(tracker, fresh, town)) == (False, True)


def _is_believed(tracker: Tracker, hook: Webhook, town: Town) -> bool:
    headers, body = tracker.seen[-1]
    try:
        check_webhook(headers, body, Believed((hook.secret,), (hook.key.public,)), town.now)
    except Untrusted:
        return False
    return True


def test_a_removed_webhook_is_told_nothing_and_its_secret_is_gone(
    hooks: Webhooks, told: Webhook, tracker: Tracker, medway: Gateway
) -> None:
    """Also what was due, and what signed before it was exchanged."""
    fresh = hooks.rotate(told.hook)
    tracker.answers = [500, 500]
    hooks.look()
    hooks.remove(told.hook)
    assert hooks.all() == []
    assert hooks.look() == []
    assert len(tracker.seen) == 2
    assert [telling for _, telling in hooks.book.tellings() if telling.state == "pending"] == []
    kept = str(medway.records.pages(SHELF))
    assert not [one for one in (told, fresh) if canonical.b64u(one.secret) in kept]
    assert not [one for one in (told, fresh) if canonical.b64u(one.key.seed) in kept]
    with pytest.raises(GatewayFault, match="webhook-unknown"):
        hooks.test(told.hook)


def test_a_ping_is_answered_at_once_or_not_at_all(hooks: Webhooks, tracker: Tracker) -> None:
    """It is not repeated; every ping is one of its own."""
    made = hooks.add(URL)
    assert hooks.test(made.hook).state == "delivered"
    tracker.answers = [500]
    assert (hooks.test(made.hook).state, hooks.test(made.hook).state) == ("failed", "delivered")
    assert len(hooks.book.tellings()) == 3


def test_an_event_that_is_not_kept_cannot_be_sent_again(hooks: Webhooks) -> None:
    """It is said so."""
    with pytest.raises(GatewayFault, match="event-unknown"):
        hooks.redeliver("evt_none")


# --- at a terminal -----------------------------------------------------------------------------------


def test_webhooks_by_hand(medway: Gateway, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret is shown once, when it is made; the log says how each telling went."""
    monkeypatch.setattr("adapters.member.gateway.Gateway", wire.opens)
    where = ["--home", str(medway.home.path)]

    def run(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["webhook", *words, *where])
        assert result.exit_code == code, result.output
        return result

    url = "http://127.0.0.1:9/hook"
    assert "private network" in run("add", "https://127.0.0.1:9/hook", code=1).stderr
    made = json.loads(run("add", url, "--insecure-allow-loopback", "--json").stdout)
    assert made["secret"].startswith("whsec_")
    assert made["public_key"].startswith("whpk_")
    assert made["secret"] not in run("list").stdout
    assert "webhook-unanswered" in run("test", made["webhook"], code=1).stdout
    assert "ping" in run("log").stdout
    event = json.loads(run("log", "--json").stdout)["log"][0]["event"]
    assert json.loads(run("redeliver", event, "--json", code=1).stdout)["told"][0]["state"] == "pending"
    assert run("rotate", made["webhook"]).stdout.count("whsec_") == 1
    run("remove", made["webhook"])
    assert "None yet" in run("list").stdout
    with webhooks_of(medway) as kept:
        assert kept.all() == []
