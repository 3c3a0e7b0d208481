"""Every way to cut a message short or to change one byte of it, and what must come of it."""

from collections.abc import Callable, Iterator

import pytest

from hub.protocols.canonical import Json, decode, encode
from hub.protocols.errors import ProtocolError


def mutations(message: bytes) -> Iterator[bytes]:
    """Yield every truncation, and the message with one bit of each byte flipped, low and high."""
    for size in range(len(message)):
        yield message[:size]
    for place, byte in enumerate(message):
        # 0x01 mostly stays within base64url, so that the fault reaches the checks behind the form
        for bit in (0x01, 0x80):
            yield message[:place] + bytes([byte ^ bit]) + message[place + 1 :]


def assert_bytes_guarded(message: bytes, read: Callable[[bytes], object]) -> None:
    """Assert that `read` takes the message and refuses every mutation with a typed error."""
    read(message)
    for changed in mutations(message):
        with pytest.raises(ProtocolError):
            read(changed)


def assert_text_guarded(message: str, read: Callable[[str], object]) -> None:
    """Assert the same of a message that is text: a changed high bit is a character beyond ASCII."""
    assert_bytes_guarded(message.encode("ascii"), lambda changed: read(changed.decode("latin-1")))


def assert_document_guarded(document: Json, read: Callable[[Json], object]) -> None:
    """Assert the same of a JSON document, changed in the bytes that carry it."""
    assert_bytes_guarded(encode(document), lambda changed: read(decode(changed)))
