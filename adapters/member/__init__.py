"""The gateway: the member's own process, where keys and clear text are and stay."""
