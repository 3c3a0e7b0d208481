"""Tell one address what comes from now on, for as long as somebody listens: for who writes a receiver.

As a webhook tells it, with the same headers and bodies; but nothing is kept, and nothing is tried again.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.member.errors import GatewayFault
from adapters.member.webhook_guard import Resolve, call, resolve, target_of
from adapters.member.webhooks import Call, Webhook, fresh_events, new_webhook, tell

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway


@dataclass
class Listener:
    """One address, told what comes; this machine's own is allowed."""

    gateway: "Gateway"
    url: str
    call: Call = call
    resolve: Resolve = resolve
    hook: Webhook = field(init=False)
    known: set[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        """Begin here: what came before is not told. Raises `GatewayFault` where it may not be called."""
        target_of(self.url, loopback=True, resolve=self.resolve)
        self.hook = new_webhook(self.url, self.gateway.now, loopback=True)
        self.known = {(event.kind, event.item) for event in fresh_events(self.gateway, ())}

    def look(self) -> list[str]:
        """Tell what has come since the last look; say how each was answered."""
        said = []
        for event in fresh_events(self.gateway, self.known):
            self.known.add((event.kind, event.item))
            try:
                answer = str(tell(self.hook, event, self.gateway.now, self.call, self.resolve))
            except GatewayFault as fault:
                answer = fault.code
            said.append(f"{event.kind} {event.item} -> {answer}")
        return said
