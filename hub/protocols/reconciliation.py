"""A month between two members as one of them has it: a signed account, to be compared with the other's.

Decides what such an account says and where two of them differ. Both sides see the same log, so what
differs is what the hub has shown to one and not to the other, or what one has not collected. It
names deliveries, entries and parts, never a person.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.protocols import canonical, signing
from hub.protocols.canonical import Json, Reader
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.names import DisclosureId, MemberId, NoticeId
from hub.protocols.signing import Typ

MONTH: Final = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
_STATE: Final = re.compile(r"[a-z_]{1,40}(:[a-z_]{1,40})?")

OPEN: Final = "open"
"""State of what has not been answered, or not collected."""


@dataclass(frozen=True, slots=True)
class Line:
    """One release as this side has it: where it is entered, which parts, and how it stands here."""

    delivery: DisclosureId
    notice: NoticeId
    entry: int
    parts: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A notice for which a key was asked, and the entry of the request."""

    notice: NoticeId
    entry: int


@dataclass(frozen=True, slots=True)
class Account:
    """What `member` has sent to and received from `other` in a month, up to a size of the log."""

    member: MemberId
    other: MemberId
    month: str
    log_size: int
    sent: tuple[Line, ...]
    received: tuple[Line, ...]
    unreleased: tuple[Asked, ...]
    """Notices of either side for which a key was asked, and nothing was released: refused, or open."""
    signed_at: datetime


def sign_account(account: Account, key: SigningKey) -> str:
    """Sign an account with the member's signing key."""
    body: Json = {
        "member": account.member,
        "other": account.other,
        "month": account.month,
        "log_size": account.log_size,
        "sent": [_line_json(line) for line in account.sent],
        "received": [_line_json(line) for line in account.received],
        "unreleased": [{"notice": one.notice, "entry": one.entry} for one in account.unreleased],
        "signed_at": canonical.instant(account.signed_at),
    }
    return signing.sign(canonical.encode(body), Typ.RECONCILIATION, key)


def read_account(jws: str, member: VerifyingKey) -> Account:
    """Verify and read an account; raise `Untrusted` or `MalformedMessage`."""
    reader = Reader(canonical.decode(signing.verify(jws, Typ.RECONCILIATION, member)), "account")
    account = Account(
        member=MemberId(reader.id("member", "mbr")),
        other=MemberId(reader.id("other", "mbr")),
        month=reader.text("month", pattern=MONTH),
        log_size=reader.integer("log_size"),
        sent=tuple(_read_line(line) for line in reader.objects("sent")),
        received=tuple(_read_line(line) for line in reader.objects("received")),
        unreleased=tuple(_read_asked(one) for one in reader.objects("unreleased")),
        signed_at=reader.instant("signed_at"),
    )
    reader.done()
    return account


def differences(ours: Account, theirs: Account) -> list[str]:
    """Say in sentences where two accounts of one month differ; nothing where both say the same.

    What one side entered after the other had made its account is left out.
    """
    size = min(ours.log_size, theirs.log_size)
    return [
        *_between("we sent", "they received", _under(ours.sent, size), _under(theirs.received, size)),
        *_between("they sent", "we received", _under(theirs.sent, size), _under(ours.received, size)),
        *(
            f"{notice}: a key was asked and nothing released, in one account alone"
            for notice in sorted(_asked(ours, theirs, size) ^ _asked(theirs, ours, size))
        ),
    ]


def _between(sent: str, received: str, here: Sequence[Line], there: Sequence[Line]) -> Iterator[str]:
    left, right = ({line.delivery: line for line in lines} for lines in (here, there))
    for delivery in sorted(left.keys() | right.keys()):
        one, two = left.get(delivery), right.get(delivery)
        if one is None or two is None:
            yield f"{delivery}: in the account of what {received if one is None else sent} alone"
        elif (one.notice, one.entry, one.parts) != (two.notice, two.entry, two.parts):
            yield f"{delivery}: notice, entry or parts are others in the two accounts"
        elif two.state == OPEN:
            yield f"{delivery}: {sent}, and it is not collected (entry {one.entry})"


def _asked(one: Account, other: Account, size: int) -> set[NoticeId]:
    """What one account has as asked for in vain, without what was asked or released after the other's."""
    later = {line.notice for line in (*other.sent, *other.received) if line.entry >= size}
    return {asked.notice for asked in one.unreleased if asked.entry < size} - later


def _under(lines: Sequence[Line], size: int) -> list[Line]:
    return [line for line in lines if line.entry < size]


def _line_json(line: Line) -> Json:
    return {
        "delivery": line.delivery,
        "notice": line.notice,
        "entry": line.entry,
        "parts": [*line.parts],
        "state": line.state,
    }


def _read_asked(reader: Reader) -> Asked:
    asked = Asked(NoticeId(reader.id("notice", "ntc")), reader.integer("entry"))
    reader.done()
    return asked


def _read_line(reader: Reader) -> Line:
    line = Line(
        delivery=DisclosureId(reader.id("delivery", "dis")),
        notice=NoticeId(reader.id("notice", "ntc")),
        entry=reader.integer("entry"),
        parts=tuple(reader.list_of_text("parts")),
        state=reader.text("state", pattern=_STATE),
    )
    reader.done()
    return line
