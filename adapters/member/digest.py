"""What waits, in a few lines that may lie in anybody's mailbox: counts and ages, never a name or an id.

Sent by whoever runs the gateway, once a day: to standard output, into a maildir, or by SMTP with STARTTLS.
A mailbox is outside the gateway, so a digest says how many of what kind and how old the oldest is, and where
to look; it names no young person, no member and no notice. What is uncollected by others, and what has not
reached the hub, is said as well: nobody would notice otherwise.
"""

import os
import smtplib
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters.member.errors import GatewayFault
from adapters.member.recalls import RecallState

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway

LINK: Final = "http://127.0.0.1:8001/"

SUBMISSION: Final = 587
"""Port at which mail is handed over (RFC 6409)."""

ALARM_AFTER: Final = timedelta(days=2)
"""Two working days is what section 13 gives a college; what waits longer is said first."""

UNCOLLECTED_AFTER: Final = timedelta(days=5)
"""A named recipient that has not opened a notice after this is to be rung."""

_UNANSWERED: Final = frozenset({"opened", "same", "unsure"})
"""States of a delivery of which nobody has said what became of it."""

_CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_WORDS: Final = {
    "unsure": "matches to be looked at",
    "second_look": "second looks",
    "officer_task": "matches to be approved",
    "key_request": "restricted key requests",
    "recall": "recalls to be done in your own system",
    "feed": "people of the nightly feed to be looked at",
    "flag": "flags that lapse or have passed to the young person",
    "reminder": "agreements that are due to lapse or to be reviewed",
    "dispute": "disputes",
    "lead": "questions who leads",
    "alarm": "alarms of the hub",
    "fault": "items that did not hold",
    "fork": "FORKS OF THE LOG",
}


@dataclass(frozen=True, slots=True)
class Line:
    """So many of a kind, and since when the oldest waits."""

    words: str
    count: int
    oldest: datetime | None
    urgent: bool = False


@dataclass
class Digest:
    """What waits at one gateway at one instant."""

    at: datetime
    lines: list[Line] = field(default_factory=list)

    @property
    def count(self) -> int:
        """All that waits."""
        return sum(line.count for line in self.lines)

    @property
    def urgent(self) -> bool:
        """Whether something waits longer than it may."""
        return any(line.urgent for line in self.lines)

    def text(self, link: str = LINK) -> str:
        """The digest for a person: what is urgent first."""
        ordered = sorted(self.lines, key=lambda line: (not line.urgent, line.words))
        said = [f"{line.count:5}  {line.words}{_age(line.oldest, self.at)}" for line in ordered]
        return "\n".join([*said, "", f"Look on the gateway's own machine: {link}", ""])

    def json(self) -> dict[str, object]:
        """The same for a program."""
        return {
            "count": self.count,
            "urgent": self.urgent,
            "lines": [
                {
                    "what": line.words,
                    "count": line.count,
                    "oldest_days": None if line.oldest is None else max(0, (self.at - line.oldest).days),
                    "urgent": line.urgent,
                }
                for line in self.lines
            ],
        }


def digest_of(gateway: "Gateway") -> Digest:
    """What waits at a gateway, from its own records; the hub is not asked."""
    now = gateway.now
    found = Digest(now)
    unseen = [
        one.item for one in gateway.received() if one.state in _UNANSWERED and not gateway.seen(one.item)
    ]
    _add(found, "deliveries that nobody has looked at", unseen, ALARM_AFTER)
    waiting = gateway.waiting()
    for kind, _ in sorted(Counter(one.kind for one in waiting).items()):
        items = [one.item for one in waiting if one.kind == kind]
        _add(found, _WORDS.get(kind, "other things"), items, ALARM_AFTER)
    sent = gateway.records.all_sent()
    queued = [one.notice for one in sent if one.state == "queued"]
    _add(found, "notices that have not reached the hub", queued, timedelta(0))
    named = [one.notice for one in sent if one.state == "published" and one.recipient is not None]
    late = [one for one in named if _older(one, now, UNCOLLECTED_AFTER)]
    _add(found, "notices that their recipient has not collected: ring them", late, UNCOLLECTED_AFTER)
    recalls = [one.recall for one in gateway.recalls_about(None) if one.state is RecallState.SENT]
    _add(found, "recalls that nobody has signed yet", recalls, ALARM_AFTER)
    return found


def _add(found: Digest, words: str, ids: Iterable[str], after: timedelta) -> None:
    listed = [*ids]
    if listed:
        moments = [moment for moment in map(made_at, listed) if moment is not None]
        oldest = min(moments, default=None)
        urgent = oldest is not None and found.at - oldest > after
        found.lines.append(Line(words, len(listed), oldest, urgent))


def made_at(name: str) -> datetime | None:
    """When something was named: the first 48 bits of its UUIDv7 (RFC 9562); None where the id has none."""
    _, _, text = name.partition("_")
    if len(text) != 26 or any(sign not in _CROCKFORD for sign in text):
        return None
    value = 0
    for sign in text:
        value = value << 5 | _CROCKFORD.index(sign)
    return datetime.fromtimestamp((value >> 80 & (2**48 - 1)) / 1000, UTC)


def _older(name: str, now: datetime, than: timedelta) -> bool:
    moment = made_at(name)
    return moment is not None and now - moment > than


def _age(oldest: datetime | None, now: datetime) -> str:
    if oldest is None:
        return ""
    days = (now - oldest).days
    return f", the oldest {days} days old" if days > 1 else ", the oldest from today or yesterday"


# --- where it goes -----------------------------------------------------------------------------------


def message_of(digest: Digest, to: str, sender: str, link: str = LINK) -> EmailMessage:
    """The digest as a mail; the subject tells the count alone."""
    message = EmailMessage()
    mark = "Urgent: " if digest.urgent else ""
    message["Subject"] = f"{mark}{digest.count} things wait at the gateway"
    message["From"] = sender
    message["To"] = to
    message.set_content(digest.text(link))
    return message


def put_into_maildir(message: EmailMessage, folder: Path, now: datetime) -> Path:
    """Write a mail into a maildir's new/, whole or not at all."""
    for name in ("tmp", "new", "cur"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{int(now.timestamp())}.{os.getpid()}_{os.urandom(4).hex()}.{socket.gethostname()}"
    unfinished = folder / "tmp" / name
    with unfinished.open("xb") as file:
        file.write(message.as_bytes())
        file.flush()
        os.fsync(file.fileno())
    return unfinished.rename(folder / "new" / name)


@dataclass(frozen=True, slots=True, repr=False)
class MailServer:
    """Where mails are handed over; always under STARTTLS."""

    host: str
    port: int = SUBMISSION
    user: str = ""
    word: str = ""


def read_server(text: str, user: str, word: str) -> MailServer:
    """Read HOST or HOST:PORT; raise `GatewayFault` for another form."""
    host, colon, port = text.partition(":")
    if not host or (colon and not port.isdecimal()):
        raise GatewayFault("mail-server", "write the mail server as HOST or HOST:PORT")
    return MailServer(host, int(port) if port else SUBMISSION, user, word)


def send_by_smtp(
    message: EmailMessage,
    server: MailServer,
    connect: Callable[..., smtplib.SMTP] = smtplib.SMTP,
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
) -> None:
    """Hand a mail over under STARTTLS with a verified certificate.

    Raises `GatewayFault` where the server does not take it, or has no STARTTLS.
    """
    try:
        with connect(server.host, server.port, timeout=30) as smtp:
            smtp.starttls(context=context())
            if server.user:
                smtp.login(server.user, server.word)
            smtp.send_message(message)
    except (OSError, smtplib.SMTPException) as fault:
        kind = type(fault).__name__
        raise GatewayFault("mail-refused", f"the mail server did not take the digest ({kind})") from None
