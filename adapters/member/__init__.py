"""The gateway: the member's own process, where keys and clear text are and stay."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from adapters.member.files import open_rows
    from adapters.member.gateway import Gateway
    from adapters.member.outbox import Published
    from hub.protocols.names import NoticeType

__all__ = ["Gateway", "NoticeType", "Published", "open_rows"]

_HOMES: Final = {
    "Gateway": "adapters.member.gateway",
    "NoticeType": "hub.protocols.names",
    "Published": "adapters.member.outbox",
    "open_rows": "adapters.member.files",
}


def __getattr__(name: str) -> object:
    """Load the gateway when it is asked for: `hub --help` shall not wait for it."""
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(_HOMES[name]), name)
