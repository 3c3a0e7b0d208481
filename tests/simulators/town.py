"""A whole region in memory, in the domain's words: members with keys, a hub, a clock that obeys.

    town = Town()
    kent = town.admits("mbr_kent", "886")
    town.agrees("kent-medway-movers")
    kent.publishes(move, NoticeType.MOVED_OUT)
    town.night_passes()
    medway.collects()

Members use the gateway's own code (compose, key grants, comparison) and bring what it makes
straight to the hub's functions: everything but the wire is real. `check_log` verifies the tree
from outside after every slot.
"""

import json
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from adapters.member import blind_grants, key_grants
from adapters.member.compose import Addressee, compose
from adapters.member.confirm import compare
from adapters.member.directory import Listing
from adapters.member.home import Pinned
from adapters.member.keyring import Keyring, directory_documents, new_keyring
from adapters.member.records import Sent
from adapters.member.renewal import make_anew
from adapters.member.terms import Telling, Terms, could_get
from adapters.move import Move
from adapters.scope import scope_throughout
from hub.consent.documents import read_agreement
from hub.consent.flags import NO_FLAGS, Flags
from hub.consent.question import EvidenceClass, Scope
from hub.exchange import agree, enrol, lodge, reception
from hub.exchange.decide import read_terms
from hub.exchange.errors import Declined
from hub.exchange.ports import Hub, Store, Work
from hub.exchange.publish import Admission, read_admission
from hub.exchange.sequencer import Slot, expire_due, run_slot
from hub.exchange.stages import InboxItem, ItemKind, PaperKind, Passage, Standing, StoredNotice
from hub.exchange.store.memory import MemoryStore
from hub.protocols import canonical, merkle
from hub.protocols.acknowledgement import (
    Acknowledgement,
    Answer,
    Approval,
    Confirmation,
    Level,
    Outcome,
    OutcomeKind,
    sign_acknowledgement,
    sign_approval,
    sign_confirmation,
    sign_outcome,
)
from hub.protocols.blind_key import read_blind_request
from hub.protocols.canonical import Json, Reader
from hub.protocols.checkpoint import verify_checkpoint
from hub.protocols.delivery import CheckedDelivery, Stage, check_delivery, read_delivery
from hub.protocols.dispute import (
    Act,
    DisputeMessage,
    Grievance,
    Result,
    open_text,
    reread_message,
    seal_text,
    sign_message,
    text_key_id,
)
from hub.protocols.dispute import digest_of as dispute_digest
from hub.protocols.epoch import make_epoch, sign_epoch
from hub.protocols.key_grant import read_request
from hub.protocols.keys import (
    KeyUse,
    SealingKey,
    SealingPublicKey,
    SigningKey,
    VerifyingKey,
    entry_for,
    sign_entry,
)
from hub.protocols.lead import LeadWord, sign_lead
from hub.protocols.limits import ASSERTION_AGE
from hub.protocols.mandate import Change, Mandate, Suspension, sign_mandate, sign_suspension
from hub.protocols.names import (
    AgreementId,
    Digest,
    DisclosureId,
    DisputeId,
    EpochId,
    KeyId,
    MemberId,
    MemberKind,
    NoticeId,
    NoticeType,
    Part,
    RequestId,
    new_id,
)
from hub.protocols.notice import Assertion, assertion_json
from hub.protocols.restatement import Restatement, Retraction, sign_restatement, sign_retraction
from hub.protocols.sealing import open_box, open_part
from hub.protocols.signing import Typ, sign_document, typ_of

AGREEMENTS: Final = Path(__file__).parents[2] / "agreements" / "examples"
CUSTODIAN: Final = MemberId("mbr_custodian")


@dataclass
class NullGuard:
    """Remembers the last signed head in memory; a development double, for tests alone."""

    kept: tuple[int, bytes] | None = None

    def last(self) -> tuple[int, bytes] | None:
        """Size and root last signed."""
        return self.kept

    def remember(self, size: int, root: bytes) -> None:
        """Keep what is about to be signed."""
        self.kept = (size, root)


@dataclass
class Opened:
    """A delivery as its recipient opened it."""

    item: DisclosureId
    checked: CheckedDelivery
    counter: NoticeId | None
    facts: dict[Part, Json]


@dataclass(frozen=True)
class Brought:
    """Something that a member brought to the hub, which it, or somebody who copied it, may bring again."""

    receive: Callable[..., None]
    what: tuple[object, ...]
    member: MemberId

    def again(self, town: "Town", by: MemberId | None = None) -> None:
        """Bring it again, as it was, by the same member or by another."""
        with town.store.write() as work:
            self.receive(*self.what, by or self.member, work, town.hub)


class Town:
    """A region: its hub, its members, its clock."""

    def __init__(self, store: Store | None = None, seed: int = 1) -> None:
        self.chance = random.Random(seed)
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self.store: Store = store or MemoryStore()
        self.hub = Hub(
            origin="hub.example",
            key=SigningKey.from_seed(self.chance.randbytes(32)),
            index_key=self.chance.randbytes(32),
            slot=timedelta(seconds=1),
            quota_floor=20,
            quota_factor=3,
            now=lambda: self.now,
            chance=self.chance.randbytes,
            guard=NullGuard(),
        )
        self.members: dict[str, TownMember] = {}
        self.linkage_key = self.chance.randbytes(32)
        self.sizes: list[int] = []
        self.brought: list[Brought] = []
        self.custodian = self._enrol(CUSTODIAN, MemberKind.OBSERVER, None)
        self.epoch = self._open_epoch()

    # --- who takes part ---------------------------------------------------------------------------

    def admits(
        self,
        member: str,
        kind: MemberKind = MemberKind.AUTHORITY,
        area: str | None = None,
        acts_for: str | None = None,
        *,
        made_up: bool = False,
    ) -> "TownMember":
        """Invite, enrol and approve a member, and give it the linkage key."""
        authority = None if acts_for is None else MemberId(acts_for)
        admitted = self._enrol(MemberId(member), kind, area, authority, made_up=made_up)
        self.slot()
        return admitted

    def goes_live(self, *members: MemberId) -> None:
        """Put members into the live realm, as an agreement with anybody there would."""
        with self.store.write() as work:
            for one in members:
                known = work.members.get(one)
                assert known is not None
                work.members.put(replace(known, standing=Standing.LIVE))

    def agrees(self, example: str, changes: Mapping[str, Json] | None = None) -> AgreementId:
        """Bring one of the worked examples into force: proposed, signed by every party, recorded."""
        return self.binds(example_agreement(example) | dict(changes or {}))

    def binds(self, document: dict[str, Json]) -> AgreementId:
        """Bring an agreement into force: proposed, signed by every party, recorded."""
        agreement = read_agreement(document)
        for party in agreement.parties:
            signed = sign_document(
                canonical.encode(document), Typ.AGREEMENT, self.members[party.member].keyring.identity
            )
            with self.store.write() as work:
                agree.propose(document, signed, party.member, work, self.hub)
        self.slot()
        return agreement.id

    def mandates(self, authority: str, company: str, days: int = 365) -> None:
        """An authority lets a careers company act for it."""
        self._lodge(PaperKind.MANDATE, Typ.MANDATE, authority, company, days)

    def asks_for_notices(self, authority: str, institution: str) -> None:
        """An authority lodges its standing request with an institution."""
        self._lodge(PaperKind.STANDING_REQUEST, Typ.STANDING_REQUEST, authority, institution)

    def suspends(self, agreement: str, party: str, change: Change = Change.SUSPEND) -> None:
        """One party suspends, resumes or ends an agreement."""
        member = MemberId(party)
        with self.store.write() as work:
            paper = work.papers.get(PaperKind.AGREEMENT, agreement)
            assert paper is not None
            word = Suspension(AgreementId(agreement), paper.version, member, change, self.now)
            signed = sign_suspension(word, self.members[member].keyring.identity)
            agree.change_agreement(agreement, signed, member, work, self.hub)

    # --- time ---------------------------------------------------------------------------------------

    def slot(self, *faults: str) -> Slot:
        """One slot passes, with these faults; log and books are verified from outside."""
        expire_due(self.store, self.hub)
        done = run_slot(self.store, self.hub)
        assert done.faults == faults
        self.now += self.hub.slot
        self.sizes.append(done.size)
        self.check_log()
        self.check_books()
        return done

    def night_passes(self) -> None:
        """Slots pass, and gateways look into their inboxes, until nobody has anything more to do."""
        for _ in range(20):
            self.slot()
            collected = sum(member.collects() for member in list(self.members.values()))
            with self.store.read() as work:
                waiting = work.outbox.waiting()
            if not collected and not waiting:
                return
        raise AssertionError("the town does not come to rest")

    def days_pass(self, days: int) -> None:
        """Time goes on; nothing happens."""
        self.now += timedelta(days=days)

    # --- what everybody can check ---------------------------------------------------------------------

    def check_log(self) -> None:
        """The signed checkpoint is the tree of all leaves, and covers the one before."""
        with self.store.read() as work:
            signed = work.log.signed()
            assert signed is not None
            size, note = signed
            checkpoint = verify_checkpoint(note, self.hub.log_key)
            frontier = merkle.Frontier()
            for leaf in work.log.leaves(0, size):
                frontier, _ = frontier.append(merkle.leaf_hash(leaf))
            assert (checkpoint.size, checkpoint.root) == (size, frontier.root())
            assert size % 16 == 0

    def check_books(self) -> None:
        """What lies in inboxes is what the log says, item by item; each notice has its entries once.

        I2, I3: a delivery has its own release entry, which names clause and basis of every part; a key
        request and an officer's task have theirs. I5: one entry for each notice kept, and at most
        one disposition.
        """
        with self.store.read() as work:
            records = self._records(work)
            items = [
                item
                for member in self.members
                for item in work.inboxes.page(MemberId(member), 0, 10**6, work.log.size())
            ]
        for item in items:
            record = records[item.log_index]
            if item.kind in _TELLS:
                assert record["kind"] == _TELLS[item.kind], (item.kind, record["kind"])
            if item.kind is ItemKind.DELIVERY:
                _check_release(item, record)
            if item.kind is ItemKind.KEY_REQUEST:
                assert isinstance(record["fact"], dict)
                assert record["fact"]["clause"]
        delivered = [item.log_index for item in items if item.kind is ItemKind.DELIVERY]
        releases = [index for index, record in records.items() if record["kind"] == "release"]
        assert sorted(delivered) == releases
        for kind in ("published", "disposition"):
            named = [record["notice"] for record in records.values() if record["kind"] == kind]
            assert len(named) == len(set(map(str, named))), f"a notice has two entries of {kind}"

    def entries(self, kind: str) -> list[dict[str, Json]]:
        """Records of a kind in the log, as an auditor with every opening would read them."""
        with self.store.read() as work:
            return [record for record in self._records(work).values() if record["kind"] == kind]

    def _records(self, work: Work) -> dict[int, dict[str, Json]]:
        entries = [work.log.entry(index) for index in range(work.log.size())]
        return {
            entry.index: entry.opening.record
            for entry in entries
            if entry and entry.opening and isinstance(entry.opening.record, dict)
        }

    def refusals(self) -> set[str]:
        """Every reason code that any refusal in the log names."""
        records = self.entries("refused") + self.entries("held") + self.entries("withheld")
        decisions = [one for record in records for one in Reader(record, "refusal").objects("decisions")]
        return {reason.text("code") for one in decisions for reason in one.objects("reasons")}

    def admission(self) -> Admission:
        """Who may publish now."""
        with self.store.read() as work:
            return read_admission(work, self.now)

    def terms(self) -> Terms:
        """What binds, as every gateway here has verified it."""
        with self.store.read() as work:
            read = read_terms(work, self.now)
        return Terms(read.agreements, read.mandates, read.requests)

    def notice(self, notice: NoticeId) -> StoredNotice:
        """A notice as the hub keeps it."""
        with self.store.read() as work:
            stored = work.notices.get(notice)
        assert stored is not None
        return stored

    def passages(self, notice: NoticeId) -> list[Passage]:
        """The ways of a notice to its recipients, both directions of its matches."""
        with self.store.read() as work:
            return [*work.passages.of_notice(notice)]

    # --- the directory every gateway here looks into --------------------------------------------------------

    def listing(self, member: MemberId) -> Listing:
        """A member as listed."""
        with self.store.read() as work:
            found = work.members.get(member)
        assert found is not None
        return Listing(found.member, found.name, found.kind, found.role, found.area)

    def signing_key(self, member: MemberId, key_id: KeyId) -> VerifyingKey:
        """A member's signing key."""
        key = self.members[member].keyring.signing.public
        assert key.key_id == key_id
        return key

    def sealing_key(self, member: MemberId, key_id: KeyId | None = None) -> SealingPublicKey:
        """A member's sealing key."""
        key = self.members[member].keyring.sealing[-1].public
        assert key_id in {None, key.key_id}
        return key

    def _enrol(
        self,
        member: MemberId,
        kind: MemberKind,
        area: str | None,
        acts_for: MemberId | None = None,
        *,
        made_up: bool = False,
    ) -> "TownMember":
        keyring = new_keyring()
        with self.store.write() as work:
            name = member.removeprefix("mbr_").title()
            code = enrol.invite(member, name, kind, work, self.hub, area=area, made_up=made_up)
            documents = directory_documents(keyring, member, self.now - timedelta(days=1))
            enrol.redeem(code, keyring.identity.public.jwks, documents, work, self.hub)
            enrol.approve(member, keyring.identity.public.key_id[:10], work, self.hub)
        self.members[member] = TownMember(self, member, keyring, acts_for)
        return self.members[member]

    def _open_epoch(self) -> EpochId:
        epoch = EpochId(new_id("ep", self.now, self.chance.randbytes(10)))
        made = make_epoch(
            epoch, self.now - timedelta(days=1), self.now + timedelta(days=300), self.linkage_key
        )
        document = sign_epoch(made, self.custodian.keyring.identity)
        with self.store.write() as work:
            lodge.open_epoch(document, {}, CUSTODIAN, work, self.hub)
        self.slot()
        return epoch

    def rotates(self, overlap: timedelta) -> EpochId:
        """The custodian opens the next epoch and lets the last one end after an overlap."""
        with self.store.write() as work:
            kept = work.papers.get(PaperKind.EPOCH, self.epoch)
            assert kept is not None
            ends = make_epoch(self.epoch, kept.valid_from, self.now + overlap, self.linkage_key)
            document = sign_epoch(ends, self.custodian.keyring.identity)
            lodge.open_epoch(document, {}, CUSTODIAN, work, self.hub)
        self.linkage_key = self.chance.randbytes(32)
        self.epoch = self._open_epoch()
        return self.epoch

    def _lodge(self, kind: PaperKind, typ: Typ, authority: str, other: str, days: int = 365) -> None:
        member = MemberId(authority)
        mandate = Mandate(member, MemberId(other), self.now, self.now + timedelta(days=days))
        signed = sign_mandate(mandate, typ, self.members[member].keyring.identity)
        with self.store.write() as work:
            lodge.lodge(kind, signed, member, work, self.hub)
        self.slot()


_TELLS: Final = {
    ItemKind.DELIVERY: "release",
    ItemKind.KEY_REQUEST: "key_request",
    ItemKind.OFFICER_TASK: "officer_task",
    ItemKind.ACKNOWLEDGEMENT: "acknowledgement",
    ItemKind.OUTCOME: "outcome",
    ItemKind.LEAD: "lead",
    ItemKind.DISPUTE: "dispute",
    ItemKind.ALARM: "alarm",
}
"""The kind of entry that stands behind each kind of item."""


def example_agreement(example: str) -> dict[str, Json]:
    """One of the worked examples."""
    document: dict[str, Json] = json.loads((AGREEMENTS / f"{example}.json").read_text("utf-8"))
    return document


def _check_release(item: InboxItem, record: dict[str, Json]) -> None:
    assert record["delivery"] == item.item
    assert record["recipient"] == item.member
    parts = record["parts"]
    assert isinstance(parts, list)
    assert parts
    for part in parts:
        assert isinstance(part, dict)
        assert isinstance(part["ground"], dict)
        assert part["ground"]["agreement"]
        assert part["ground"]["clause"]
        assert part["ground"]["basis"]
    assert item.parts == [part["part"] for part in parts if isinstance(part, dict)]


def _is_look(task: InboxItem) -> bool:
    return isinstance(task.body, dict) and "look" in task.body


@dataclass
class TownMember:
    """A member of the town and its gateway."""

    town: Town
    member: MemberId
    keyring: Keyring
    acts_for: MemberId | None
    sent: dict[NoticeId, Sent] = field(default_factory=dict)
    people: list[Json] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)
    tasks: list[InboxItem] = field(default_factory=list)
    told: list[InboxItem] = field(default_factory=list)
    looked: set[NoticeId | None] = field(default_factory=set)
    """Own notices whose match an officer here has confirmed by a second look: a person compares."""
    granted: list[key_grants.Granted | key_grants.Held] = field(default_factory=list)
    granted_blindly: list[blind_grants.BlindlyGranted | key_grants.Held] = field(default_factory=list)
    place: int = 0
    grants: bool = True
    answers: bool = True

    def publishes(self, move: Move, kind: NoticeType, to: str | None = None) -> NoticeId:
        """Compose a notice with the gateway's code and bring it to the hub."""
        pinned = Pinned(
            "http://hub.example",
            self.member,
            "name",
            "",
            None,
            CUSTODIAN,
            None,
            "Team",
            "01",
            "a@b",
            self.acts_for,
        )
        keyring = self.keyring.with_linkage(self.town.epoch, self.town.linkage_key)
        addressee = None if to is None else self._addressee(MemberId(to), kind, move)
        made = compose(move, kind, pinned, keyring, self.town.epoch, "A. Officer", self.town.now, addressee)
        self.sent[made.sent.notice] = made.sent
        reception.receive_notice(
            made.envelope, self.member, self.town.admission(), self.town.store, self.town.hub
        )
        return made.sent.notice

    def collects(self) -> int:
        """Look into the inbox and do what the gateway does by itself; returns how many items came."""
        with self.town.store.read() as work:
            signed = work.log.signed()
            assert signed is not None
            waiting = work.inboxes.page(self.member, self.place, 500, signed[0])
            items = reception.shown(waiting, work, self.town.hub)
        for item in items:
            self._take(item)
            self.place = item.sequence
        return len(items)

    def names(self) -> list[Json]:
        """The family names of everybody whose identity part was opened here."""
        return [
            facts["family"]
            for opened in self.opened
            if isinstance(facts := opened.facts.get(Part.IDENTITY), dict)
        ]

    def parts(self) -> set[Part]:
        """Every part that was opened here."""
        return {part for opened in self.opened for part in opened.facts}

    def approves(
        self, task: InboxItem, *, approve: bool = True, officer: str = "N. Officer", named: bool = False
    ) -> None:
        """A named officer answers a task, and says whether this side may be named to the other."""
        assert task.about is not None
        approval = Approval(task.item, self.member, task.about, approve, officer, self.town.now, named)
        if approve and _is_look(task):
            self.looked.add(task.about)
        self._brings(reception.receive_approval, task.item, sign_approval(approval, self.keyring.signing))

    def renews(self, notice: NoticeId) -> str:
        """Make the tokens of an own notice anew for the newest epoch; return what was sent."""
        sent, keyring = self.sent[notice], self.keyring.with_linkage(self.town.epoch, self.town.linkage_key)
        assert isinstance(sent.body, dict)
        made = make_anew(notice, sent.body, keyring, self.town.epoch, self.town.now)
        assert made is not None
        self._brings(reception.receive_renewal, notice, str(made["renewal"]), made["tokens"])
        self.sent[notice] = replace(sent, body={**sent.body, "renewed": {**made, "at_hub": True}})
        return str(made["renewal"])

    def leads(self, task: InboxItem, *, ours: bool) -> None:
        """A named officer says who leads a young person that two members count."""
        assert task.about is not None
        word = LeadWord(task.item, self.member, task.about, ours, "N. Officer", self.town.now)
        self._brings(reception.receive_lead, task.item, sign_lead(word, self.keyring.signing))

    def looks(self) -> list[InboxItem]:
        """Second looks that wait for this member's officers, as they may be shown now."""
        return [task for task in self.sees(ItemKind.OFFICER_TASK) if not task.stopped and _is_look(task)]

    def reports(self, opened: Opened, outcome: OutcomeKind) -> None:
        """Say what became of a delivery."""
        said = Outcome(opened.item, opened.checked.record.manifest, outcome, self.town.now)
        self._brings(reception.receive_outcome, opened.item, sign_outcome(said, self.keyring.signing))

    def asserts(self, notice: NoticeId, at: datetime | None = None, **changes: object) -> str:
        """Assert anew what is safe for 30 days, with changed flags where given; return what was sent."""
        stored = self.town.notice(notice)
        flags: Flags = replace(stored.flags, **changes)  # type: ignore[arg-type]  # replace() checks the names itself
        body: Json = {name: [*v] if isinstance(v, list) else v for name, v in flags.to_json().items()}
        assertion = Assertion(stored.manifest.assertion.scope, body, at or self.town.now)
        signed = sign_restatement(Restatement(notice, assertion), self.keyring.signing)
        self._brings(reception.receive_assertion, notice, signed)
        sent = self.sent[notice]
        assert isinstance(sent.body, dict)
        self.sent[notice] = replace(sent, body=sent.body | {"assertion": assertion_json(assertion)})
        return signed

    def seals_anew(self) -> None:
        """Make another sealing key and have it in the directory."""
        made = SealingKey.generate(self.keyring.sealing[-1].suite.id)
        self.keyring = replace(self.keyring, sealing=(*self.keyring.sealing, made))
        entry = entry_for(
            self.member, KeyUse.SEALING, made.public, self.town.now, self.town.now + timedelta(days=365)
        )
        with self.town.store.write() as work:
            document = sign_entry(entry, self.keyring.identity)
            enrol.register_key(self.member, document, work, self.town.hub)
        self.town.slot()

    def withdraws(self, notice: NoticeId) -> None:
        """Withdraw a notice."""
        word = Retraction(notice, "sent_in_error", self.town.now)
        signed = sign_retraction(word, self.keyring.signing)
        self._brings(reception.receive_withdrawal, notice, signed)

    def confirms(self, opened: Opened, answer: Answer, officer: str | None = None) -> None:
        """Sign the comparison in clear text, by machine or as an officer."""
        said = Confirmation(opened.item, opened.checked.record.manifest, answer, officer, self.town.now)
        self._brings(
            reception.receive_confirmation, opened.item, sign_confirmation(said, self.keyring.signing)
        )

    def contests(
        self, entry: int, other: str, words: str, grievance: Grievance = Grievance.WITHHELD
    ) -> DisputeId:
        """Open a dispute about a release that stands at this place of the log."""
        (record,) = [one for one in self.may_read() if one["index"] == entry] or [{}]
        notice = NoticeId(str(record.get("notice", new_id("ntc", self.town.now, bytes(10)))))
        name = DisputeId(new_id("dsp", self.town.now, self.town.hub.chance(10)))
        text = seal_text(words, name, self.town.sealing_key(MemberId(other)))
        message = DisputeMessage(
            dispute=name,
            act=Act.OPEN,
            entry=entry,
            notice=notice,
            sender=self.member,
            recipient=MemberId(other),
            grievance=grievance,
            result=None,
            follows=None,
            text=dispute_digest(text),
            officer="D. P. Officer",
            signed_at=self.town.now,
        )
        signed = sign_message(message, self.keyring.signing)
        self._brings(reception.receive_message, None, Act.OPEN, signed, text)
        return name

    def writes(self, dispute: DisputeId, words: str, result: Result | None = None) -> None:
        """Answer in a thread after reading it, or close it."""
        with self.town.store.read() as work:
            last = work.disputes.letters(dispute)[-1].jws
            found = work.disputes.get(dispute)
        assert found is not None
        (other,) = found.parties - {self.member} if self.member in found.parties else {found.other}
        act = Act.ANSWER if result is None else Act.CLOSE
        text = seal_text(words, dispute, self.town.sealing_key(other))
        message = replace(
            reread_message(last),
            act=act,
            sender=self.member,
            recipient=other,
            result=result,
            follows=dispute_digest(last),
            text=dispute_digest(text),
            signed_at=self.town.now,
        )
        signed = sign_message(message, self.keyring.signing)
        self._brings(reception.receive_message, dispute, act, signed, text)

    def reads(self, dispute: DisputeId) -> list[str]:
        """The words of a thread that are for this member."""
        with self.town.store.read() as work:
            reception.thread(dispute, self.member, work)
            letters = work.disputes.letters(dispute)
        key = self.keyring.sealing[-1]
        mine = [one.text for one in letters if text_key_id(one.text) == key.public.key_id]
        return [open_text(text, dispute, key) for text in mine]

    def fetches(self, item: DisclosureId) -> bytes:
        """Fetch a delivery's bytes, as over the wire: a decline is noted, and raised."""
        try:
            with self.town.store.read() as work:
                return reception.fetch_delivery(item, self.member, work, self.town.hub)
        except Declined as fault:
            if fault.code == "delivery-stopped":
                with self.town.store.write() as work:
                    reception.note_stopped(item, self.member, work, self.town.hub)
            raise

    def sees(self, kind: ItemKind | None = None) -> list[InboxItem]:
        """What the inbox shows, from its beginning, as it may be shown now."""
        with self.town.store.read() as work:
            signed = work.log.signed()
            items = work.inboxes.page(self.member, 0, 10_000, signed[0] if signed else 0)
            found = reception.shown(items, work, self.town.hub)
        return [item for item in found if kind in {None, item.kind}]

    def may_read(self) -> list[dict[str, Json]]:
        """Every record of the log that this member may open, with its place."""
        with self.town.store.read() as work:
            entries = work.log.entries_for(self.member, -1, 100_000, work.log.size())
            return [
                {**entry.opening.record, "index": entry.index}
                for entry in entries
                if entry.opening and isinstance(entry.opening.record, dict)
            ]

    def _brings(self, receive: Callable[..., None], *what: object) -> None:
        """Bring something signed to the hub, and let the town remember it, so that it can be replayed."""
        with self.town.store.write() as work:
            receive(*what, self.member, work, self.town.hub)
        self.town.brought.append(Brought(receive, what, self.member))

    def _take(self, item: InboxItem) -> None:
        if item.kind is ItemKind.DELIVERY and not item.stopped:
            with suppress(Declined):  # stopped at its hand-over
                self._open(item)
        elif item.stopped:
            return
        elif item.kind is ItemKind.KEY_REQUEST:
            self._grant(item)
        elif item.kind is ItemKind.OFFICER_TASK:
            self.tasks.append(item)
        else:
            self.told.append(item)
            if item.kind is ItemKind.STOPPED:
                self._erase(item)

    def _erase(self, recall: InboxItem) -> None:
        """Destroy what was opened of a recalled notice, and sign that it is done."""
        for opened in self.opened:
            if opened.checked.record.notice == recall.about and opened.facts:
                opened.facts.clear()
                self._acknowledge(opened, Level.ERASED)

    def _open(self, item: InboxItem) -> None:
        delivery = read_delivery(self.fetches(item.item))
        record = delivery.opening.record
        assert isinstance(record, dict)
        sender = self.town.members[MemberId(str(record["sender"]))]
        checked = check_delivery(delivery, self.member, sender.keyring.signing.public, self.town.hub.log_key)
        keys = open_box(checked.box, checked.manifest.notice, self.keyring.sealing[-1])
        facts = {
            part: open_part(part, jwe, keys[part], checked.manifest.entry(part).plain_digest)
            for part, jwe in checked.parts.items()
            if part in keys
        }
        body = item.body
        assert isinstance(body, dict)
        counter = body["counter"]
        opened = Opened(item.item, checked, None if counter is None else NoticeId(str(counter)), facts)
        self.opened.append(opened)
        self._acknowledge(opened)
        if checked.record.stage is Stage.IDENTITY and self.answers and opened.counter not in self.looked:
            self.confirms(opened, self._compare(opened))

    def _acknowledge(self, opened: Opened, level: Level = Level.OPENED) -> None:
        checked = opened.checked
        said = Acknowledgement(
            opened.item,
            checked.record.manifest,
            {part.part: Digest(part.cipher_digest) for part in checked.record.parts},
            checked.log_index,
            checked.checkpoint.size,
            level,
            self.town.now,
        )
        self._brings(
            reception.receive_acknowledgement, opened.item, sign_acknowledgement(said, self.keyring.signing)
        )

    def _compare(self, opened: Opened) -> Answer:
        theirs = opened.facts[Part.IDENTITY]
        if opened.counter is None:
            same = [person for person in self.people if compare(theirs, person) is Answer.SAME]
            return Answer.SAME if same else Answer.UNSURE
        body = self.sent[opened.counter].body
        assert isinstance(body, dict)
        return compare(theirs, body["identity"])

    def _grant(self, item: InboxItem) -> None:
        if not self.grants:
            return
        body = item.body
        assert isinstance(body, dict)
        if typ_of(str(body["request"])) is Typ.BLIND_KEY_REQUEST:
            self._grant_blindly(str(body["request"]))
            return
        request = read_request(str(body["request"]), self.town.hub.key.public)
        pinned = Pinned("", self.member, "", "", None, CUSTODIAN, None, "", "", "", self.acts_for)
        decided = key_grants.answer(
            request,
            self.sent.get(request.notice),
            pinned,
            self.keyring,
            self.town,  # type: ignore[arg-type]  # the town answers what a directory answers
            self.town.terms(),
            self.town.now,
        )
        self.granted.append(decided)
        if isinstance(decided, key_grants.Granted):
            answered = RequestId(request.request)
            self._brings(reception.receive_grant, answered, decided.grant, decided.box)

    def _grant_blindly(self, jws: str) -> None:
        request = read_blind_request(jws, self.town.hub.key.public)
        pinned = Pinned("", self.member, "", "", None, CUSTODIAN, None, "", "", "", self.acts_for)
        decided = blind_grants.answer(
            request,
            self.sent.get(request.notice),
            pinned,
            self.keyring,
            self.town,  # type: ignore[arg-type]  # the town answers what a directory answers
            self.town.terms(),
            self.town.now,
            "N. Officer",
        )
        self.granted_blindly.append(decided)
        if isinstance(decided, blind_grants.BlindlyGranted):
            self._brings(reception.receive_blind_grant, request.request, decided.grant, decided.boxes)

    def _addressee(self, member: MemberId, kind: NoticeType, move: Move) -> Addressee:
        scope = scope_throughout(move, self.town.now.date(), ASSERTION_AGE.days, kind.value)
        telling = Telling(
            kind,
            self.town.listing(self.member),
            self.town.listing(member),
            self.acts_for,
            None,
            None if scope is None else Scope(scope),
            NO_FLAGS,
            self.town.now,
            EvidenceClass.RECIPIENT_NAMED,
        )
        return Addressee(
            member, self.town.sealing_key(member), could_get(telling, self.town.terms(), self.town.now)
        )
