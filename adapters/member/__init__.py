"""The gateway: the member's own process, where keys and clear text are and stay."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.member.files import open_rows
    from adapters.member.gateway import Gateway
    from adapters.member.outbox import Published
    from hub.protocols.names import NoticeType

__all__ = ["Gateway", "NoticeType", "Published", "open_rows"]


def __getattr__(name: str) -> object:
    """Load the gateway when it is asked for: `hub --help` shall not wait for it."""
    if name not in __all__:
        raise AttributeError(name)
    from adapters.member import files, gateway  # noqa: PLC0415 - see above

    return getattr(files if name == "open_rows" else gateway, name)
