"""Who may use a route: every route says it in one word, and a route that does not cannot be built.

The word is what is enforced before the route's own code runs: who is calling, and with which scope.
`own`, `party` and `custodian` say in addition what the route itself holds the thing to; there,
absent and forbidden are one answer (I7).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

NOTICES: Final = "notices:write"
INBOX: Final = "inbox:read"
DISCLOSURES: Final = "disclosures:read"


class Rule(StrEnum):
    """Whom a route serves."""

    PUBLIC = "public"
    """Anybody: nothing here is about a person or a single member's doings."""
    MEMBER = "member"
    """Any admitted member alike: the directory, the epochs."""
    OWN = "own"
    """A member, about its own notices, its own inbox, its own keys."""
    PARTY = "party"
    """Those whom the thing names: the parties of an agreement, of a mandate, of a log entry."""
    CUSTODIAN = "custodian"
    """The linkage custodian alone."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """What one route demands."""

    rule: Rule
    scope: str | None = None


KNOWN: Final[dict[str, Ruled]] = {
    "/oauth/token": Ruled(Rule.PUBLIC),  # the signed assertion in the body is the credential
    "/.well-known/oauth-authorization-server": Ruled(Rule.PUBLIC),
    "/.well-known/jwks.json": Ruled(Rule.PUBLIC),
    "/openapi.json": Ruled(Rule.PUBLIC),
}
"""Rules of routes that are built elsewhere, by path."""


def ruled(rule: Rule, scope: str | None = None) -> Callable[[Endpoint], Endpoint]:
    """Say whom an endpoint serves, and which scope a token needs for it."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.ruled = Ruled(rule, scope)  # type: ignore[attr-defined]  # read back by `rule_of`
        return endpoint

    return mark


def rule_of(endpoint: object, path: str) -> Ruled:
    """What a route demands; raise `TypeError` for one that does not say."""
    found = getattr(endpoint, "ruled", None) or KNOWN.get(path)
    if not isinstance(found, Ruled):
        raise TypeError(f"the route {path} does not say whom it serves: decorate it with @ruled(...)")
    return found
