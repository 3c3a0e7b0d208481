"""The nightly feed: tonight's extract beside the last one, what follows, and sending it.

    compare -> a person looks -> tell: [second person] -> one change after the other -> remember

Nothing is remembered before it is told: each change is noted, queued or withdrawn, and only then does
its row count as known. So a gateway that is killed goes on where it was, a hub that is down loses
nothing, and the same two nights twice give one notice a change.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters.member.errors import GatewayFault, HubUnreachable
from adapters.member.feed import (
    NOTICES,
    Change,
    Follows,
    Standing,
    State,
    changed,
    follows,
    opposite,
    resumed,
    speaks_of,
    standing,
)
from adapters.member.feed_book import FeedBook, Remembered
from adapters.member.feed_file import check_still, doubts_of, shape_of, weigh_changes
from adapters.member.files import Rows
from adapters.member.flagging import Wish
from adapters.member.outbox import Published, Unsent
from adapters.member.records import Waiting
from adapters.move import Found, Move
from hub.consent.flag_record import Kind, MadeBy
from hub.protocols import canonical
from hub.protocols.canonical import Json
from hub.protocols.names import NoticeId, NoticeType

if TYPE_CHECKING:
    from adapters.member.gateway import Gateway

LOOK: Final = "feed"
"""Kind of what waits for a person after a night."""

_HOME: Final = "the home is gone, or may as well lie in another area: look, then mend it in your tracker"
_FLAG: Final = "a flag has changed while a notice is open: write it down with hub flag set"
_OTHER: Final = (
    "names somebody else now: where it was given again, withdraw the earlier one's notices, end their flags,"
    " and note this; where it was not, mend it in your tracker"
)
_GONE: Final = "in the extract no more, and no notice says where: look whether somebody has to be told"

NIGHTS: Final = "feed-night"
APPROVALS: Final = "feed-approval"
ENDS_WHOLE: Final = "feed-ends-whole"

_OPPOSITE: Final = {
    Change.NEW_ARRIVAL: NoticeType.MOVED_OUT,
    Change.MOVED_OUT: NoticeType.NEW_ARRIVAL,
    Change.ENROLMENT: NoticeType.LEAVER,
    Change.LEAVER: NoticeType.CROSS_BORDER_ENROLMENT,
}
"""What is no longer so once this is: it is withdrawn while it is open."""


@dataclass(frozen=True, slots=True, repr=False)
class Due:
    """One change that is to be told, or looked at."""

    change: Change
    ref: str
    place: str
    who: bytes
    mark: bytes
    state: State
    move: Move | None
    other: bool = False
    """Whether the reference names another person than it did: nothing follows by machine."""


@dataclass
class Night:
    """What one extract says beside the last one. Nothing of it is sent or remembered yet."""

    first: bool
    follows: Follows
    rows: int = 0
    due: list[Due] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """Local references of who is in the extract no more, and of whom no open notice of ours speaks."""
    contradicted: list[str] = field(default_factory=list)
    """Places of rows whose reference stands in an earlier row that says something else."""
    without_ref: int = 0
    doubts: dict[str, str] = field(default_factory=dict)
    """What was doubted and accepted."""
    reason: str = ""
    ends_whole: bool = True
    gone_rows: list[bytes] = field(default_factory=list)
    clashing: set[bytes] = field(default_factory=set)
    differing: int = 0
    """People whose names, numbers, home or flags are not those of the last extract."""
    shields: list[str] = field(default_factory=list)
    """Local references of whom tonight's rows say that they are shielded."""

    @property
    def notices(self) -> list[Due]:
        """Changes that somebody outside is to be told of."""
        return [one for one in self.due if one.change is not Change.LOOK]

    @property
    def counts(self) -> dict[str, int]:
        """How many changes of each kind."""
        return dict(Counter(one.change.value for one in self.due))


@dataclass
class Told:
    """What one night's sending did."""

    told: Counter[str] = field(default_factory=Counter)
    refused: list[Unsent] = field(default_factory=list)
    later: str | None = None
    """Why the hub could not be asked; what was not told is told by the next run."""
    not_told: int = 0
    nothing: int = 0
    """Changes of people out of scope, or who live in the own area: nothing is sent of them."""
    second_person: bool = False
    """Nothing was sent: so many notices need another officer, who runs the same."""


@contextmanager
def nightly_feed(gateway: "Gateway") -> Iterator["Feed"]:
    """The nightly feed of a member's own extracts."""
    with closing(gateway.feed_book()) as book:
        yield Feed(gateway, book)


class Feed:
    """One member's nightly feed over its gateway."""

    def __init__(self, gateway: "Gateway", book: FeedBook) -> None:
        self._gateway = gateway
        self._book = book

    # --- compare ----------------------------------------------------------------------------------

    def compare(
        self, rows: Rows, path: Path, accept: str | None = None, progress: Callable[[int], None] | None = None
    ) -> Night:
        """Read tonight's extract beside the last one; raise `GatewayFault` where it is not to be believed.

        `accept` is the reason for which a person goes on although something speaks against the file.
        """
        whom, area = self._whom()
        shape, last = shape_of(path, rows.format.name), self._book.size()
        night = Night(first=last == 0, follows=whom, ends_whole=shape.ends_whole, reason=accept or "")
        self._book.begin()
        for number, move in enumerate(rows, start=1):
            self._look_at(move, standing(move, whom, area, self._today), night)
            if progress is not None:
                progress(number)
        check_still(path, shape)
        _check_refs(night)
        night.due = [one for one in night.due if one.who not in night.clashing]
        whole = self._gateway.records.place(ENDS_WHOLE) == "yes"
        doubts = doubts_of(shape, whole, night.rows, rows.left_out, last, self._book.absent())
        if not rows.left_out and not night.contradicted:
            self._look_for_missing(night)
        weigh_changes(doubts, max(len(night.due), night.differing), last)
        doubts.refuse(accept)
        night.doubts = doubts.found
        return night

    def _look_at(self, move: Move, now: Standing, night: Night) -> None:
        if move.local_ref is None:
            night.without_ref += 1
            return
        seen = self._book.see(move.local_ref, now)
        if seen.twice:
            if not seen.same:
                night.contradicted.append(move.place)
                night.clashing.add(seen.who)
            return
        night.rows += 1
        if seen.same:
            return
        before = seen.before
        if before is not None and not self._book.still_one(before, now):
            mark = self._book.person_mark(now)
            if not self._is_free(move.local_ref, mark):
                due = Due(
                    Change.LOOK, move.local_ref, move.place, seen.who, mark, now.state, move, other=True
                )
                night.due.append(due)
                return
            before = None
        night.differing += before is not None
        if Found.SHIELD in move.found:
            night.shields.append(move.local_ref)
        after = self._book.remembered(move.local_ref, now, move.to_address, before)
        self._book.hold(seen.who, after)
        change = (
            None if night.first else self._change(seen.who, seen.mark, before, now, move.local_ref, night)
        )
        if change is not None:
            told = _with_former_home(move, before)
            night.due.append(Due(change, move.local_ref, move.place, seen.who, seen.mark, now.state, told))

    def _change(
        self, who: bytes, mark: bytes, before: Remembered | None, now: Standing, ref: str, night: Night
    ) -> Change | None:
        begun = self._book.doing(who, mark)
        if begun is not None:
            return begun
        told = frozenset(self._open(ref))
        if before is None:
            return changed(None, now, told, night.follows)
        known, other = self._book.compare(before, now), self._book.begun(who)
        if other is not None:
            return resumed(other, known, now, told, night.follows)
        return changed(known, now, told, night.follows)

    def _is_free(self, ref: str, mark: bytes) -> bool:
        """Whether it may name somebody else: an officer has seen it, nothing of the earlier one stands."""
        book = self._gateway.flagging.book
        standing = any(not one.over for one in book.flags(ref)) or self._open(ref)
        return not standing and self._gateway.records.is_decided(self._item(ref, mark))

    def _look_for_missing(self, night: Night) -> None:
        """Who has vanished from a whole extract: our word that they are here is taken back, if it is open."""
        says_here = speaks_of(State.IN, night.follows)
        for who, before in self._book.missing():
            if says_here in self._open(before.ref) or self._book.doing(who, b"") is not None:
                night.due.append(Due(Change.WITHDRAWAL, before.ref, "not in it", who, b"", State.OVER, None))
            else:
                night.gone.append(before.ref)
                night.gone_rows.append(who)

    # --- tell -------------------------------------------------------------------------------------

    def tell(self, night: Night, officer: str, progress: Callable[[int], None] | None = None) -> Told:
        """Send what follows, and remember the extract; the same again does nothing."""
        told = Told()
        self._shield(night.shields, officer)
        if self._needs_second(night, officer):
            told.second_person = True
            return told
        self._keep_night(night, officer)
        held = {one.who for one in night.due} | night.clashing
        self._book.settle_all_but(frozenset(held))
        for who, ref in zip(night.gone_rows, night.gone, strict=True):
            self._ask(ref, who, _GONE)
            self._book.settle(who)
        for number, due in enumerate(night.due, start=1):
            self._tell_one(due, officer, night, told)
            if progress is not None:
                progress(number)
        sent = self._gateway.flush()
        told.refused += sent.refused
        told.later = told.later or sent.later
        return told

    def _shield(self, refs: list[str], officer: str) -> None:
        """Write shields into the flag book: they bind at once, and until a person ends them.

        An extract that has lost the column takes nobody's shield away.
        """
        book = self._gateway.flagging.book
        for ref in refs:
            if not any(one.record.kind is Kind.SHIELD and not one.over for one in book.flags(ref)):
                wish = Wish(ref, Kind.SHIELD, MadeBy.OFFICER, officer, evidence="nightly extract")
                self._gateway.flagging.set(wish)
        if refs:
            self._gateway.carry_flags()

    def _tell_one(self, due: Due, officer: str, night: Night, told: Told) -> None:
        if due.other:
            self._ask(due.ref, due.mark, _OTHER)
            return
        if told.later is not None:
            told.not_told += 1
            return
        self._book.do(due.who, due.mark, due.change)
        try:
            done = self._do(due, officer, night)
        except HubUnreachable as fault:
            told.later, told.not_told = fault.detail, told.not_told + 1
            return
        except GatewayFault as fault:
            told.refused.append(Unsent(due.place, fault.code, fault.detail))
            return
        if done.later is not None:
            told.later, told.not_told = done.later, told.not_told + 1
        elif done.refused:
            told.refused += done.refused
        else:
            told.nothing += done.out_of_scope + done.at_home
            told.told[due.change.value] += not (done.out_of_scope or done.at_home)
            self._book.settle(due.who)

    def _do(self, due: Due, officer: str, night: Night) -> Published:
        if due.change is Change.WITHDRAWAL:
            kind = speaks_of(opposite(due.state), night.follows)
            self._withdraw(self._open(due.ref).get(kind, []), "no_longer_so")
        elif due.change is Change.LOOK:
            self._ask(due.ref, due.mark, _HOME if due.state is State.UNSURE else _FLAG)
        elif due.change is Change.CORRECTION and due.move is not None:
            return self._correct(due, due.move, officer, night)
        elif due.change in NOTICES and due.move is not None:
            self._withdraw(self._open(due.ref).get(_OPPOSITE[due.change], []), "no_longer_so")
            return self._renew(due.ref, due.move, NOTICES[due.change], officer)
        return Published()

    def _correct(self, due: Due, move: Move, officer: str, night: Night) -> Published:
        """Tell whoever received the wrong facts; where nobody has, a better notice takes its place."""
        kind = speaks_of(due.state, night.follows)
        found = self._open(due.ref).get(kind, [])
        received = [one for one in found if self._received(one)]
        for notice in received:
            self._gateway.correct(notice, move, officer)
        return Published() if received else self._renew(due.ref, move, kind, officer)

    def _renew(self, ref: str, move: Move, kind: NoticeType, officer: str) -> Published:
        """Queue a notice, then withdraw what it takes the place of; a repetition withdraws nothing more."""
        earlier = self._open(ref).get(kind, [])
        done = self._gateway.queue(move, kind, officer)
        if done.stands is not None:
            self._withdraw([one for one in earlier if one != done.stands], "replaced")
        return done

    def _withdraw(self, notices: list[NoticeId], reason: str) -> None:
        for notice in notices:
            self._gateway.withdraw(notice, reason)

    def _ask(self, ref: str, mark: bytes, words: str) -> None:
        """Keep a question for a person, by local reference; the same row asks once."""
        body: Json = {"says": f"{ref}: {words}"}
        self._gateway.records.wait(Waiting(self._item(ref, mark), LOOK, None, "open", body))

    def _item(self, ref: str, mark: bytes) -> str:
        return f"fed_{self._book.digest(f'{ref} {canonical.b64u(mark)}')}"

    def _received(self, notice: NoticeId) -> bool:
        sent = self._gateway.records.sent(notice)
        return sent is not None and bool(self._gateway.records.told(sent))

    def _open(self, ref: str) -> dict[NoticeType, list[NoticeId]]:
        """Our open notices about a young person, by type, oldest first."""
        found: dict[NoticeType, list[NoticeId]] = {}
        for about in self._gateway.flagging.book.notices(ref):
            sent = self._gateway.records.sent(about.notice)
            if sent is not None and not sent.over:
                found.setdefault(NoticeType(sent.type), []).append(sent.notice)
        return found

    # --- who may, and what is kept of it ------------------------------------------------------------

    def _needs_second(self, night: Night, officer: str) -> bool:
        """Whether another officer has to run the same: kept is who ran it first, never who is told of."""
        most, notices = self._gateway.pinned.bulk_from, night.notices
        if most is None or len(notices) < most:
            return False
        lines = sorted(f"{canonical.b64u(one.who + one.mark)} {one.change}" for one in notices)
        plan = self._book.digest("\n".join(lines))
        first = self._gateway.records.page(APPROVALS, plan)
        if first is None:
            self._gateway.records.keep_page(APPROVALS, plan, plan, officer)
            return True
        return str(first).strip().casefold() == officer.strip().casefold()

    def _keep_night(self, night: Night, officer: str) -> None:
        doubts: dict[str, Json] = dict(night.doubts)
        page: Json = {
            "officer": officer,
            "rows": night.rows,
            "counts": {**night.counts},
            "accepted": doubts,
            "reason": night.reason,
        }
        at = canonical.instant(self._gateway.now)
        self._gateway.records.keep_page(NIGHTS, f"{at} {len(self.nights()):05}", "feed", page)
        self._gateway.records.set_place(ENDS_WHOLE, "yes" if night.ends_whole else "no")

    def nights(self) -> list[tuple[str, Json]]:
        """Every night that was sent: when, by whom, how many of what; what was accepted, and why."""
        return [(name.split()[0], page) for name, page in self._gateway.records.pages(NIGHTS)]

    def _whom(self) -> tuple[Follows, str | None]:
        pinned = self._gateway.pinned
        listed = self._gateway.terms_here().members.get(pinned.member)
        whom = None if listed is None else follows(listed.kind)
        if listed is None or whom is None:
            raise GatewayFault("feed-kind", "a nightly feed is for those who track an area or teach")
        area = pinned.area or listed.area
        if whom is Follows.AREA and area is None:
            raise GatewayFault("feed-no-area", "write the DfE code of your area into gateway.json: area")
        return whom, area

    @property
    def _today(self) -> date:
        return self._gateway.now.date()


def _check_refs(night: Night) -> None:
    if night.without_ref:
        raise GatewayFault(
            "feed-no-reference",
            f"{night.without_ref} rows have no local reference, by which a person is known again:"
            " place its column with --map COLUMN=local_ref",
        )


def _with_former_home(move: Move, before: Remembered | None) -> Move:
    """The row with the home that the last extract had, where the file itself names none."""
    if before is None or move.from_address is not None or before.state is not State.IN:
        return move
    return replace(move, from_address=before.home)
