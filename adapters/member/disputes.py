"""Disputes about releases: contest one, read the thread, answer it, close it.

A message is written here, signed, and its words sealed to the other party; the hub passes them on
and keeps the order. What comes back is believed once every message is signed by a logged key of
whoever wrote it, follows the one before it, and is about a release that the log proves between the
two. Threads stay here, sealed, when the hub has forgotten them; own words are kept before they are
sent, since nobody but the other side could open them again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from secrets import token_bytes
from typing import Final

from adapters.member.auditor import Auditor
from adapters.member.directory import Directory
from adapters.member.errors import GatewayFault, HubUnreachable
from adapters.member.home import Pinned
from adapters.member.keyring import Keyring
from adapters.member.records import Records, Waiting
from adapters.member.transport import Transport
from hub.protocols import canonical
from hub.protocols.canonical import Json, Reader
from hub.protocols.delivery import ReleaseRecord, read_opening, read_release
from hub.protocols.dispute import (
    Act,
    DisputeMessage,
    Grievance,
    Result,
    digest_of,
    open_text,
    read_message,
    reread_message,
    seal_text,
    sign_message,
    text_key_id,
)
from hub.protocols.errors import Untrusted
from hub.protocols.names import Digest, DisputeId, MemberId, NoticeId, new_id, parse_id
from hub.protocols.proof import parse_proof
from hub.protocols.signing import Typ, key_id_of

KIND: Final = "dispute"
"""Of what waits for a person, and of the shelf on which threads are kept."""

WORDS: Final = "dispute-words"
"""The shelf of what this member wrote itself, by the digest of what was sealed."""

CLOSED: Final = "closed"


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a thread, in clear text."""

    sender: MemberId
    act: Act
    result: Result | None
    officer: str
    signed_at: datetime
    words: str | None
    """None where another gateway of this member wrote it."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A dispute as this member sees it."""

    dispute: DisputeId
    opener: MemberId
    other: MemberId
    """The other party than this member."""
    notice: NoticeId
    entry: int
    grievance: Grievance
    state: str
    result: Result | None
    due_at: datetime | None
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Contestable:
    """A release of which this member is a party: what a dispute can be about."""

    entry: int
    notice: NoticeId
    other: MemberId
    sent: bool
    stage: str
    released_at: datetime


class Disputes:
    """One member's disputes."""

    def __init__(
        self,
        pinned: Pinned,
        keyring: Callable[[], Keyring],
        records: Records,
        transport: Transport,
        directory: Directory,
        auditor: Auditor,
        now: Callable[[], datetime],
    ) -> None:
        self._member = pinned.member
        self._keyring = keyring
        self._records = records
        self._transport = transport
        self._directory = directory
        self._auditor = auditor
        self._now = now

    def releases(self) -> list[Contestable]:
        """Every release to or from this member, as the log has it."""
        found = list[Contestable]()
        for one in self._transport.pages("/v1/disclosures"):
            record = one.object("opening").value("record")
            if isinstance(record, dict) and record.get("kind") == "release":
                release = read_release(record)
                found.append(
                    Contestable(
                        one.integer("log_index"),
                        release.notice,
                        self._other(release.sender, release.recipient),
                        release.sender == self._member,
                        release.stage.value,
                        release.released_at,
                    )
                )
        return found

    def open(self, what: str, grievance: Grievance, words: str, officer: str) -> DisputeId:
        """Contest a release: the place of its entry in the log, or the id of a delivery that came here."""
        entry = self._entry(what)
        release = self._release(entry)
        name = DisputeId(new_id("dsp", self._now(), token_bytes(10)))
        other = self._other(release.sender, release.recipient)
        message = DisputeMessage(
            dispute=name,
            act=Act.OPEN,
            entry=entry,
            notice=release.notice,
            sender=self._member,
            recipient=other,
            grievance=grievance,
            result=None,
            follows=None,
            text=Digest(""),
            officer=officer,
            signed_at=self._now(),
        )
        self._send("/v1/disputes", message, words)
        return name

    def answer(self, dispute: str, words: str, officer: str) -> None:
        """Answer in a thread, or ask further, after what stands there now."""
        self._follow(dispute, Act.ANSWER, None, words, officer)

    def close(self, dispute: str, result: Result, words: str, officer: str) -> None:
        """Close a thread with an outcome that goes against this member, or withdraw its own."""
        self._follow(dispute, Act.CLOSE, result, words, officer)

    def read(self, dispute: str) -> Thread:
        """One thread in clear text, as it stands; what waited for somebody to read it does so no longer."""
        thread = self._known(DisputeId(parse_id(dispute, "dsp")))
        self._settle(thread.dispute)
        return thread

    def all(self) -> list[Thread]:
        """Every thread, the newest last; as they were read last where the hub does not answer."""
        try:
            listed = [one.id("dispute", "dsp") for one in self._transport.pages("/v1/disputes")]
        except HubUnreachable:
            listed = []
        for name in listed:
            kept = self._records.page(KIND, name)
            if kept is None or _thread(kept).state != CLOSED:
                self._sync(DisputeId(name))
        return [_thread(page) for _, page in sorted(self._records.pages(KIND))]

    def take(self, name: str, item: Reader) -> int:
        """Take what the hub says of a thread, once entry and messages hold; how many things wait for it."""
        body, record = item.object("body"), Reader(item.object("opening").value("record"), "record")
        said = [_step(one) for one in (body, record)]
        if record.text("kind") != KIND or said[0] != said[1]:
            raise Untrusted("dispute-not-logged", "the log entry beside this is about something else")
        dispute, act, digest = said[0]
        thread = self._sync(dispute, must_hold=digest)
        waiting: Json = {"dispute": dispute, "act": act, "says": _words_for(thread, act)}
        return int(self._records.wait(Waiting(name, KIND, thread.notice, "open", waiting)))

    # --- writing ----------------------------------------------------------------------------------

    def _follow(self, dispute: str, act: Act, result: Result | None, words: str, officer: str) -> None:
        name = DisputeId(parse_id(dispute, "dsp"))
        thread = self._sync(name)
        last = self._letters(name)[-1][0]
        message = DisputeMessage(
            dispute=name,
            act=act,
            entry=thread.entry,
            notice=thread.notice,
            sender=self._member,
            recipient=thread.other,
            grievance=thread.grievance,
            result=result,
            follows=digest_of(last),
            text=Digest(""),
            officer=officer,
            signed_at=self._now(),
        )
        self._send(f"/v1/disputes/{name}/{'outcome' if act is Act.CLOSE else 'messages'}", message, words)
        self._settle(name)

    def _send(self, path: str, message: DisputeMessage, words: str) -> None:
        """Seal, keep our own words, send, and read the thread as it then stands."""
        text = seal_text(words, message.dispute, self._directory.sealing_key(message.recipient))
        digest = digest_of(text)
        self._records.keep_page(WORDS, digest, message.dispute, {"words": words})
        signed = sign_message(replace(message, text=digest), self._keyring().signing)
        self._transport.post(path, {"message": signed, "text": text})
        self._sync(message.dispute)

    # --- reading ----------------------------------------------------------------------------------

    def _known(self, name: DisputeId) -> Thread:
        """From the hub where it still has it, else as it was kept here."""
        kept = self._records.page(KIND, name)
        if kept is not None and _thread(kept).state == CLOSED:
            return _thread(kept)
        return self._sync(name)

    def _letters(self, name: DisputeId) -> list[tuple[str, str]]:
        page = Reader(self._transport.get(f"/v1/disputes/{name}/messages"), "dispute")
        found = [
            (one.text("message", max=16_384), one.text("text", max=8192)) for one in page.objects("data")
        ]
        if not found:
            raise Untrusted("dispute-empty", "the hub shows a dispute without a message")
        return found

    def _sync(self, name: DisputeId, must_hold: str | None = None) -> Thread:
        """Verify a thread as the hub shows it, and keep it here in clear text, sealed."""
        listed = Reader(self._transport.get(f"/v1/disputes/{name}"), "dispute")
        letters = self._letters(name)
        messages = self._verified(name, letters)
        if must_hold not in {None, *(digest_of(jws) for jws, _ in letters)}:
            raise Untrusted("dispute-cut", "the hub leaves out a message of the thread that its log names")
        first, last = messages[0], messages[-1]
        if self._records.page(KIND, name) is None:
            self._check_release(first)
        state, due = listed.text("state", max=40), listed.nullable_text("due_at", max=40)
        if (state == CLOSED) is not (last.act is Act.CLOSE):
            raise Untrusted(
                "dispute-state", "the hub says that a dispute is closed, or open, against its thread"
            )
        thread = Thread(
            dispute=name,
            opener=first.sender,
            other=self._other(first.sender, first.recipient),
            notice=first.notice,
            entry=first.entry,
            grievance=first.grievance,
            state=state,
            result=last.result,
            due_at=None if due is None else canonical.parse_instant(due),
            said=tuple(
                Said(one.sender, one.act, one.result, one.officer, one.signed_at, self._words(one, text))
                for one, (_, text) in zip(messages, letters, strict=True)
            ),
        )
        self._records.keep_page(KIND, name, thread.other, _page(thread))
        return thread

    def _verified(self, name: DisputeId, letters: list[tuple[str, str]]) -> list[DisputeMessage]:
        """Each message signed by a logged key of its writer, in its place, with the words it names."""
        found = list[DisputeMessage]()
        before: Digest | None = None
        for jws, text in letters:
            claimed = reread_message(jws)  # whose key to look for; believed only once that key has signed it
            key = self._directory.signing_key(claimed.sender, key_id_of(jws, Typ.DISPUTE))
            message = read_message(jws, key)
            first = found[0] if found else message
            same = (message.entry, message.notice, message.grievance, {message.sender, message.recipient})
            if same != (first.entry, first.notice, first.grievance, {first.sender, first.recipient}):
                raise Untrusted("dispute-other", "a message of the thread is about something else")
            if (message.dispute, message.follows, message.text) != (name, before, digest_of(text)):
                raise Untrusted(
                    "dispute-order", "a message is not in the place of the thread that it was signed for"
                )
            before = digest_of(jws)
            found.append(message)
        return found

    def _words(self, message: DisputeMessage, text: str) -> str | None:
        if message.recipient == self._member:
            return open_text(text, message.dispute, self._keyring().sealing_key(text_key_id(text)))
        page = self._records.page(WORDS, message.text)
        return None if page is None else Reader(page, "words").text("words", max=4096)

    def _check_release(self, first: DisputeMessage) -> None:
        """The thread is about a release between just these two."""
        release = self._release(first.entry)
        ends = {release.sender, release.recipient}
        if release.notice != first.notice or ends != {first.sender, first.recipient}:
            raise Untrusted("dispute-other", "the dispute names another release than its entry records")

    def _release(self, entry: int) -> ReleaseRecord:
        """The release at a place of the log, proved."""
        shown = Reader(self._transport.get(f"/v1/disclosures/{entry}"), "entry")
        opening, proof = read_opening(shown.object("opening")), shown.text("proof", max=16_384)
        self._auditor.prove(opening, proof)
        if parse_proof(proof).index != entry:
            raise Untrusted("entry-other", "the hub shows another entry than the one asked for")
        if not isinstance(opening.record, dict) or opening.record.get("kind") != "release":
            raise GatewayFault("entry-no-release", "only a release can be contested: hub dispute releases")
        return read_release(opening.record)

    def _entry(self, what: str) -> int:
        if what.isascii() and what.isdigit() and len(what) <= 15:
            return int(what)
        for one in self._records.all_received():
            if one.item == what:
                return one.log_index
        raise GatewayFault(
            "entry-unknown", "name a delivery that came here, or an entry: hub dispute releases"
        )

    def _other(self, one: MemberId, two: MemberId) -> MemberId:
        if self._member not in {one, two}:
            raise Untrusted("dispute-other", "this is between two other members")
        return two if one == self._member else one

    def _settle(self, name: DisputeId) -> None:
        for waiting in self._records.waiting(KIND):
            if isinstance(waiting.body, dict) and waiting.body.get("dispute") == name:
                self._records.decided(waiting.item, "read")


def thread_summary(thread: Thread, *, words: bool = False) -> dict[str, Json]:
    """A thread for a program; what was said only where asked for."""
    page = _page(thread)
    if not words:
        page["messages"] = len(thread.said)
        del page["said"]
    return page


def _page(thread: Thread) -> dict[str, Json]:
    return {
        "dispute": thread.dispute,
        "opener": thread.opener,
        "other": thread.other,
        "notice": thread.notice,
        "entry": thread.entry,
        "grievance": thread.grievance.value,
        "state": thread.state,
        "result": None if thread.result is None else thread.result.value,
        "due_at": None if thread.due_at is None else canonical.instant(thread.due_at),
        "said": [
            {
                "from": one.sender,
                "act": one.act.value,
                "result": None if one.result is None else one.result.value,
                "officer": one.officer,
                "signed_at": canonical.instant(one.signed_at),
                "words": one.words,
            }
            for one in thread.said
        ],
    }


def _thread(page: Json) -> Thread:
    reader = Reader(page, "dispute")
    result, due = reader.nullable_text("result"), reader.nullable_text("due_at")
    return Thread(
        dispute=DisputeId(reader.id("dispute", "dsp")),
        opener=MemberId(reader.id("opener", "mbr")),
        other=MemberId(reader.id("other", "mbr")),
        notice=NoticeId(reader.id("notice", "ntc")),
        entry=reader.integer("entry"),
        grievance=reader.choice("grievance", Grievance),
        state=reader.text("state"),
        result=None if result is None else Result(result),
        due_at=None if due is None else canonical.parse_instant(due),
        said=tuple(map(_said, reader.objects("said"))),
    )


def _said(reader: Reader) -> Said:
    result = reader.nullable_text("result")
    return Said(
        sender=MemberId(reader.id("from", "mbr")),
        act=reader.choice("act", Act),
        result=None if result is None else Result(result),
        officer=reader.text("officer"),
        signed_at=reader.instant("signed_at"),
        words=reader.nullable_text("words", max=4096),
    )


def _step(reader: Reader) -> tuple[DisputeId, str, str | None]:
    return (
        DisputeId(reader.id("dispute", "dsp")),
        reader.text("act", max=40),
        reader.nullable_text("message", max=43),
    )


def _words_for(thread: Thread, act: str) -> str:
    """What a list of waiting things says of it, without a word of what was said."""
    due = "" if thread.due_at is None else f", an answer is due by {thread.due_at:%d %B %Y}"
    return f"{act}, with {thread.other}: {thread.grievance.value}, entry {thread.entry}{due}"
