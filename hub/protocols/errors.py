"""Faults a message can have, by whose act must change.

`MalformedMessage`: the sender's software must send something else. `Untrusted`: a key or a
signature is not what it must be; nothing in the message may be believed. Codes are part of the
published contract and never change their meaning. Texts name the place and the next step, never
a value taken from the message: it may be personal.
"""


class ProtocolError(Exception):
    """A message cannot be used; `code` is stable, `detail` is for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class MalformedMessage(ProtocolError):
    """The message does not have the form that its kind must have."""


class Untrusted(ProtocolError):
    """A signature, key, proof or digest does not hold."""
