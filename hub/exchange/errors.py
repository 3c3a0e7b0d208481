"""Faults of the broker, and the answers it gives to requests that it will not serve.

`Declined` is the caller's: the request is well formed, but the hub will not do it; its code is
part of the published contract. `HubFault` is ours: the work cannot go on until an operator acts.
A lawful no about a release is neither: it is a result, `stages.Refused`.
"""


class Declined(Exception):
    """The hub will not do what was asked; `code` is stable, `detail` is for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class NotYours(Declined):
    """Not the caller's, or not there: one answer for both (I7)."""

    def __init__(self) -> None:
        super().__init__("not-found", "there is no such thing for you; check the id and your member")


class HubFault(Exception):
    """The hub cannot do its work; nothing was released."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Crowded(HubFault):
    """A notice shares tokens with more others than any person's record does: it cannot be judged."""


ENDS_THE_LOG = frozenset({"log-rolled-back", "guard-missing", "log-fork"})
"""Codes of faults after which a process must neither sign nor promise anything more."""


class LogFork(HubFault):
    """Somebody else moved the head of the log: this process must not write any more."""
