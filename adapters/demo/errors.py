"""What can go wrong in the demo, told in one line."""


class DemoFault(Exception):
    """The demo cannot go on: what happened, and what to do about it."""

    def __init__(self, happened: str, what_to_do: str) -> None:
        super().__init__(f"{happened}: {what_to_do}")
