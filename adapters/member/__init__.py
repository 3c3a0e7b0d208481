"""The gateway: the member's own process, where keys and clear text are and stay."""

from adapters.member.gateway import Gateway, Published

__all__ = ["Gateway", "Published"]
