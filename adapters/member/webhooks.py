"""Tell the member's own systems that something has come: Standard Webhooks from the gateway.

An event is thin: its kind and an item's id, never a name; who is told fetches the item from the local API.
Each is told once to each webhook, or several times where an answer was lost: receivers go by the event's
id. What is not answered with a 2xx is tried again, later and later, for three days. A secret is exchanged
without a gap: for a day both sign.
"""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from adapters.member.errors import GatewayFault
from adapters.member.webhook_book import DELIVERED, FAILED, PENDING, Event, Telling, WebhookBook
from adapters.member.webhook_guard import UNANSWERED, Resolve, Target, call, resolve, target_of
from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.names import new_id
from hub.protocols.signature_keys import SigningKey
from hub.protocols.webhook import SECRET_BYTES, Signers, public_text, secret_text, webhook_headers

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway

SHELF: Final = "webhook"

DELIVERY: Final = "inbox.delivery"
WAITING: Final = "inbox.waiting"
PING: Final = "ping"
"""Kinds of events: something was delivered and opened; something waits for a person; a test."""

PAUSES: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds after each attempt before the next, as Standard Webhooks suggests: a little over three days."""

OVERLAP: Final = timedelta(hours=24)
"""How long an exchanged secret and key go on signing beside the new ones."""

Call = Callable[[Target, dict[str, str], bytes], int]


@dataclass(frozen=True, slots=True, repr=False)
class Webhook:
    """One receiver of events."""

    hook: str
    url: str
    loopback: bool
    """Whether it may lie on this machine: allowed by hand."""
    secret: bytes
    key: SigningKey
    made_at: datetime
    state: str = "active"
    """`active`, `removed`, or `gone` where the receiver has answered 410."""
    before: tuple[bytes, SigningKey] | None = None
    before_until: datetime | None = None

    @property
    def secret_text(self) -> str:
        """The secret, for a receiver that knows only `v1`."""
        return secret_text(self.secret)

    @property
    def public_text(self) -> str:
        """The public key, for a receiver that knows `v1a`."""
        return public_text(self.key.public)

    def signers(self, now: datetime) -> Signers:
        """Who signs now: the present ones first."""
        if self.before is None or self.before_until is None or self.before_until <= now:
            return Signers((self.secret,), (self.key,))
        return Signers((self.secret, self.before[0]), (self.key, self.before[1]))


@contextmanager
def webhooks_of(gateway: "Gateway") -> Iterator["Webhooks"]:
    """The webhooks of a gateway's home."""
    with closing(WebhookBook(gateway.home.path / "webhooks.db")) as book:
        yield Webhooks(gateway, book)


class Webhooks:
    """The webhooks of one home."""

    def __init__(
        self, gateway: "Gateway", book: WebhookBook, call: Call = call, resolve: Resolve = resolve
    ) -> None:
        self._gateway = gateway
        self.book = book
        self._call = call
        self._resolve = resolve

    # --- who is told ------------------------------------------------------------------------------

    def add(self, url: str, *, loopback: bool = False) -> Webhook:
        """Tell this URL from now on; raise `GatewayFault` where it may not be called."""
        target_of(url, loopback=loopback, resolve=self._resolve)
        self._catch_up()
        made = new_webhook(url, self._gateway.now, loopback=loopback)
        self._write(made)
        return made

    def all(self) -> list[Webhook]:
        """Every webhook that was not removed, oldest first."""
        found = [_read(name, page) for name, page in self._gateway.records.pages(SHELF)]
        return [one for one in found if one.state != "removed"]

    def get(self, hook: str) -> Webhook:
        """One webhook; raise `GatewayFault` where there is none."""
        for one in self.all():
            if one.hook == hook:
                return one
        raise GatewayFault("webhook-unknown", "no webhook of this id is kept here; see `hub webhook list`")

    def remove(self, hook: str) -> None:
        """Tell it nothing more; its secrets and keys are destroyed."""
        bare = replace(self.get(hook), state="removed", url="-", secret=bytes(SECRET_BYTES), before=None)
        self._write(replace(bare, key=SigningKey.from_seed(bytes(SECRET_BYTES)), before_until=None))
        self.book.drop(hook)

    def rotate(self, hook: str) -> Webhook:
        """Give it another secret and key; for a day the earlier ones sign as well."""
        old = self.get(hook)
        until = self._gateway.now + OVERLAP
        fresh = replace(
            old,
            secret=os.urandom(SECRET_BYTES),
            key=SigningKey.generate(),
            before=(old.secret, old.key),
            before_until=until,
        )
        self._write(fresh)
        return fresh

    # --- what is told ------------------------------------------------------------------------------

    def look(self) -> list[str]:
        """Note what has come since the last look, and tell what is due; say what went wrong."""
        active = {one.hook: one for one in self.all() if one.state == "active"}
        if not active:
            return []
        self._note_fresh([*active])
        now = self._gateway.now
        return [line for hook in self.book.hooks_due(now) for line in self._tell_due(hook, active, now)]

    def test(self, hook: str) -> Telling:
        """Send a ping now, once."""
        now = self._gateway.now
        name = new_id("evt", now, os.urandom(10))
        event = Event(name, PING, name, now)
        self.book.note(event, [])
        return self._attempt(Telling(event.event, hook, PENDING, len(PAUSES), now, ""), self.get(hook), event)

    def redeliver(self, event: str, hook: str | None = None) -> list[Telling]:
        """Send an event again now, to one webhook or to all; raise `GatewayFault` where it is not known."""
        found = self.book.event(event)
        if found is None:
            raise GatewayFault("event-unknown", "no event of this id is kept here; see `hub webhook log`")
        chosen = self.all() if hook is None else [self.get(hook)]
        now = self._gateway.now
        return [self._attempt(Telling(event, one.hook, PENDING, 0, now, ""), one, found) for one in chosen]

    def _catch_up(self) -> None:
        """A new webhook is told what comes, not what has been."""
        if not self.all():
            self._note_fresh([])

    def _note_fresh(self, hooks: list[str]) -> None:
        known = self.book.events()
        for event in fresh_events(self._gateway, known):
            self.book.note(event, hooks)

    def _tell_due(self, name: str, active: dict[str, Webhook], now: datetime) -> list[str]:
        """Tell one webhook what is due; one that does not answer is asked once a look: others wait."""
        said: list[str] = []
        for telling in self.book.due(name, now):
            hook, event = active.get(name), self.book.event(telling.event)
            if hook is None or event is None:
                self.book.keep(replace(telling, state=FAILED, last="removed"))
                continue
            done = self._attempt(telling, hook, event)
            said += [] if done.state == DELIVERED else [f"webhook {name}: {done.last}, {_next_words(done)}"]
            if done.last == UNANSWERED:
                break
        return said

    def _attempt(self, telling: Telling, hook: Webhook, event: Event) -> Telling:
        """One attempt, and what follows from its answer."""
        now = self._gateway.now
        try:
            status = tell(hook, event, now, self._call, self._resolve)
        except GatewayFault as fault:
            done = _failed(telling, fault.code, now)
        else:
            done = _after(telling, status, now)
            if status == HTTPStatus.GONE:
                self._end(hook.hook)
        self.book.keep(done)
        return done

    def _end(self, name: str) -> None:
        """Keep that a receiver is gone, of a webhook that nobody has removed or changed meanwhile."""
        for hook in self.all():
            if hook.hook == name:
                self._write(replace(hook, state="gone"))

    def _write(self, hook: Webhook) -> None:
        self._gateway.records.keep_page(SHELF, hook.hook, SHELF, _json(hook))


def fresh_events(gateway: "Gateway", known: Collection[tuple[str, str]]) -> list[Event]:
    """What has been delivered or waits for a person, and is not known yet by kind and item."""
    now = gateway.now
    found = [(DELIVERY, str(one.item)) for one in gateway.received() if one.state != "new"]
    found += [(WAITING, one.item) for one in gateway.waiting()]
    fresh = [pair for pair in found if pair not in known]
    return [Event(new_id("evt", now, os.urandom(10)), kind, item, now) for kind, item in fresh]


def new_webhook(url: str, now: datetime, *, loopback: bool) -> Webhook:
    """A webhook with a secret and a key of its own; it is not kept yet."""
    name = new_id("whk", now, os.urandom(10))
    return Webhook(name, url, loopback, os.urandom(SECRET_BYTES), SigningKey.generate(), now)


def tell(hook: Webhook, event: Event, now: datetime, call: Call, resolve: Resolve) -> int:
    """Send an event once, signed, and return the status; raise `GatewayFault` where it cannot go."""
    body = canonical.encode(_body(event))
    headers = webhook_headers(event.event, now, body, hook.signers(now))
    return call(target_of(hook.url, loopback=hook.loopback, resolve=resolve), headers, body)


def _body(event: Event) -> Json:
    return {"type": event.kind, "timestamp": canonical.instant(event.at), "data": {"item": event.item}}


def _after(telling: Telling, status: int, now: datetime) -> Telling:
    """A 2xx is an answer; 410 says never again (Standard Webhooks); a redirect is no answer."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return replace(telling, state=DELIVERED, attempts=telling.attempts + 1, next=now, last=str(status))
    if status == HTTPStatus.GONE:
        return replace(telling, state=FAILED, attempts=telling.attempts + 1, next=now, last=str(status))
    return _failed(telling, str(status), now)


def _failed(telling: Telling, why: str, now: datetime) -> Telling:
    if telling.attempts >= len(PAUSES):
        return replace(telling, state=FAILED, attempts=telling.attempts + 1, next=now, last=why)
    pause = timedelta(seconds=PAUSES[telling.attempts])
    return replace(telling, state=PENDING, attempts=telling.attempts + 1, next=now + pause, last=why)


def _next_words(telling: Telling) -> str:
    if telling.state == FAILED:
        return "given up: see `hub webhook log`"
    return f"tried again at {canonical.instant(telling.next)}"


def _json(hook: Webhook) -> Json:
    before: Json = None
    if hook.before is not None and hook.before_until is not None:
        before = {
            "secret": canonical.b64u(hook.before[0]),
            "key": canonical.b64u(hook.before[1].seed),
            "until": canonical.instant(hook.before_until),
        }
    return {
        "url": hook.url,
        "loopback": hook.loopback,
        "secret": canonical.b64u(hook.secret),
        "key": canonical.b64u(hook.key.seed),
        "made_at": canonical.instant(hook.made_at),
        "state": hook.state,
        "before": before,
    }


def _read(name: str, page: Json) -> Webhook:
    kept = Reader(page, "webhook")
    hook = Webhook(
        hook=name,
        url=kept.text("url", max=500),
        loopback=kept.boolean("loopback"),
        secret=kept.binary("secret", SECRET_BYTES),
        key=SigningKey.from_seed(kept.binary("key", 32)),
        made_at=kept.instant("made_at"),
        state=kept.text("state"),
    )
    before = kept.nullable_object("before")
    if before is None:
        return hook
    earlier = (before.binary("secret", SECRET_BYTES), SigningKey.from_seed(before.binary("key", 32)))
    return replace(hook, before=earlier, before_until=before.instant("until"))
