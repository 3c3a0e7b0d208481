"""The town's hub at the other end of a wire: what a real gateway talks to in a test, in one process.

    wire = Wire(town)
    kent = wire.joins("mbr_kent", tmp_path / "kent", area="886")
    kent.publish([move], NoticeType.MOVED_OUT, "A. Officer")

It answers the hub's REST resources with the hub's own functions, and checks token and proof of
every call. `dies` makes calls fail as a broken line does: before anything was done, or after it
was, with the answer lost.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

import httpx

from adapters.member.gateway import Gateway
from adapters.member.home import Home
from adapters.member.joining import Desk, join, pin_custodian
from hub.exchange import agree, enrol, lodge, reception
from hub.exchange.decide import stand_apart
from hub.exchange.errors import Declined, NotYours
from hub.exchange.ports import Work
from hub.exchange.stages import Dispute, InboxItem, KeyUse, PaperKind, PaperState, Standing
from hub.exchange.web.agreements import is_open
from hub.protocols import canonical
from hub.protocols.access import check_client_assertion, check_proof
from hub.protocols.canonical import Json
from hub.protocols.dispute import Act
from hub.protocols.epoch import read_epoch, wrap_linkage_key
from hub.protocols.errors import ProtocolError
from hub.protocols.keys import VerifyingKey
from hub.protocols.names import (
    DisclosureId,
    DisputeId,
    EpochId,
    KeyId,
    MemberId,
    MemberKind,
    NoticeId,
    RequestId,
)
from hub.protocols.problem import PROBLEMS
from hub.protocols.tiles import bundle_bytes, parse_tile_path, tile_bytes, width_at
from tests.simulators.town import CUSTODIAN, Town, TownMember

URL = "http://127.0.0.1:8000"

Answer = tuple[int, Json | bytes]
Route = Callable[["Call", Work], Answer]


@dataclass(frozen=True)
class Call:
    """One request: who, what, with which path words."""

    member: MemberId
    words: tuple[str, ...]
    params: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Json]:
        """The body as an object."""
        value = canonical.decode(self.body)
        assert isinstance(value, dict)
        return value

    def text(self, name: str) -> str:
        """One text of the body."""
        return str(self.json[name])


@dataclass
class Wire:
    """A hub that answers over HTTP, without a socket."""

    town: Town
    calls: list[str] = field(default_factory=list)
    dies_before: set[int] = field(default_factory=set)
    """Numbers of calls at which the line breaks before the hub hears anything."""
    dies_after: set[int] = field(default_factory=set)
    """Numbers of calls at which the line breaks before the answer is heard."""
    tampers: Callable[[str, Answer], Answer] = lambda _, answer: answer
    """What somebody on the hub's side makes of an answer."""
    heard: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict)
    """Every answer that a member was given: what was asked, and the bytes."""
    down: bool = False
    nonce: str | None = None
    page: int = 500

    def client(self) -> httpx.Client:
        """A client whose every request comes here."""
        return httpx.Client(transport=httpx.MockTransport(self._answer))

    def joins(
        self,
        member: str,
        path: Path,
        kind: MemberKind = MemberKind.AUTHORITY,
        area: str | None = None,
        acts_for: str | None = None,
    ) -> Gateway:
        """Invite a member, let its gateway join, approve it, and give it the linkage key."""
        named = MemberId(member)
        with self.town.store.write() as work:
            title = member.removeprefix("mbr_").title()
            code = enrol.invite(named, title, kind, work, self.town.hub, area=area)
        desk = Desk(title, "Tracking team", "01632 960000", "tracking@example.org")
        acting = None if acts_for is None else MemberId(acts_for)
        join(path, URL, code, named, desk, self.town.now, acting, self.client())
        pin_custodian(Home(path), self.town.custodian.keyring.identity.public.jwks)
        keyring = Home(path).keyring()
        with self.town.store.write() as work:
            enrol.approve(named, keyring.identity.public.key_id[:10], work, self.town.hub)
            document = work.papers.all(PaperKind.EPOCH)[-1].document
            epoch = read_epoch(document, self.town.custodian.keyring.identity.public)
            box = wrap_linkage_key(self.town.linkage_key, epoch, keyring.sealing[-1].public)
            work.papers.put_wrapped_key(self.town.epoch, named, box)
        self.town.members[named] = TownMember(self.town, named, keyring, acting)
        self.town.slot()
        return self.opens(path)

    def opens(self, path: Path) -> Gateway:
        """Start a gateway over a home that has joined."""
        return Gateway(path, lambda: self.town.now, self.client())

    # --- one request ------------------------------------------------------------------------------

    def _answer(self, request: httpx.Request) -> httpx.Response:
        number = len(self.calls)
        self.calls.append(f"{request.method} {request.url.path}")
        if self.down or number in self.dies_before:
            raise httpx.ConnectError("the line is broken", request=request)
        status, body = self._do(request)
        status, body = self.tampers(self.calls[number], (status, body))
        if number in self.dies_after:
            raise httpx.ReadError("the line is broken", request=request)
        content = body if isinstance(body, bytes) else canonical.encode(body)
        asker = request.headers.get("Authorization", "").removeprefix("DPoP ")
        self.heard.setdefault(asker, []).append((self.calls[number], content))
        headers = {} if self.nonce is None else {"DPoP-Nonce": self.nonce}
        return httpx.Response(status, content=content, headers=headers, request=request)

    def _do(self, request: httpx.Request) -> Answer:
        method, path = request.method, request.url.path
        words = tuple(path.strip("/").split("/"))
        try:
            if path == "/oauth/token":
                return self._token(request)
            if words[0] in {"log", ".well-known"} or path == "/v1/enrolments":
                return self._public(request, words)
            call = Call(self._caller(request), words, dict(request.url.params), request.content)
            route, writes = _route(method, words)
            if writes:
                with self.town.store.write() as work:
                    return route(self)(call, work)
            with self.town.store.read() as work:
                return route(self)(call, work)
        except NotYours:
            return _problem("not-found")
        except (Declined, ProtocolError) as fault:
            return _problem(fault.code)

    def _token(self, request: httpx.Request) -> Answer:
        form = dict(parse_qsl(request.content.decode()))
        member = MemberId(form["client_id"])
        proof = check_proof(
            request.headers["DPoP"], "POST", f"{URL}/oauth/token", self.town.now, nonce_ok=self._nonce_ok()
        )
        key = self._access_keys(member).get(proof.key_id)
        if key is None:
            raise Declined("client-untrusted", "another access key")
        check_client_assertion(form["client_assertion"], URL, key, self.town.now)
        return 200, {"access_token": member, "token_type": "DPoP", "expires_in": 600, "scope": "inbox:read"}

    def _caller(self, request: httpx.Request) -> MemberId:
        scheme, _, member = request.headers["Authorization"].partition(" ")
        assert scheme == "DPoP"
        proof = check_proof(
            request.headers["DPoP"],
            request.method,
            URL + request.url.path,
            self.town.now,
            access_token=member,
            nonce_ok=self._nonce_ok(),
        )
        assert proof.key_id in self._access_keys(MemberId(member))
        return MemberId(member)

    def _nonce_ok(self) -> Callable[[str], bool] | None:
        return None if self.nonce is None else lambda nonce: nonce == self.nonce

    def _access_keys(self, member: MemberId) -> dict[KeyId, VerifyingKey]:
        with self.town.store.read() as work:
            found = [key for key in work.members.keys(member) if key.use is KeyUse.ACCESS]
        if not found:
            raise Declined("client-untrusted", "no access key")
        return {key.key_id: VerifyingKey.from_jwk(key.jwk) for key in found}

    # --- what anybody may have ----------------------------------------------------------------------

    def _public(self, request: httpx.Request, words: tuple[str, ...]) -> Answer:
        method, body = request.method, request.content
        if words[-1] == "enrolments":
            asked = canonical.decode(body)
            assert method == "POST"
            assert isinstance(asked, dict)
            assert isinstance(asked["entries"], list)
            with self.town.store.write() as work:
                code, identity = str(asked["code"]), asked["identity"]
                member = enrol.redeem(code, identity, asked["entries"], work, self.town.hub)
            return 201, {"member": member}
        if words[0] == ".well-known":
            hub = self.town.hub
            return 200, {
                "origin": URL,
                "log_origin": hub.origin,
                "log_vkey": hub.log_key.vkey,
                "hub_key": hub.key.public.jwk,
                "custodian": CUSTODIAN,
                "slot_seconds": 1,
                "witnesses": hub.witnesses,
                "suites": [],
                "version": "0",
                "mode": "test",
            }
        return self._log("/".join(words[1:]), int(request.url.params.get("after", 0)))

    def _log(self, path: str, after: int) -> Answer:
        with self.town.store.read() as work:
            if path == "checkpoint":
                signed = work.log.signed()
                assert signed is not None
                return 200, signed[1].encode()
            if path == "witnessing":
                note = reception.offered(work, self.town.hub, after)
                return _problem("not-found") if note is None else (200, note.encode())
            name = parse_tile_path(path)
            if width_at(name, work.log.size()) < name.width:
                return _problem("not-found")
            if name.level is not None:
                return 200, tile_bytes(name, work.log.node)
            return 200, bundle_bytes(work.log.leaves(256 * name.index, 256 * name.index + name.width))

    # --- members and keys ---------------------------------------------------------------------------------

    def members(self, call: Call, work: Work) -> Answer:
        """The directory."""
        members = {m.member: m for m in work.members.all()}
        every: list[Json] = [
            {
                "member": m.member,
                "name": m.name,
                "kind": m.kind.value,
                "role": m.role.value,
                "area": m.area,
                "apart": stand_apart(call.member, m.member, members) if call.member else None,
            }
            for m in members.values()
        ]
        return self._paged(every, call)

    def keys(self, call: Call, work: Work) -> Answer:
        """A member's keys with their entries."""
        keys = work.members.keys(MemberId(call.words[2]))
        identity = next((key for key in keys if key.use is KeyUse.IDENTITY), None)
        if identity is None:
            raise NotYours
        data: list[Json] = [
            {
                "document": key.document,
                "key_id": key.key_id,
                "use": key.use.value,
                "revoked_at_index": key.revoked_at_index,
                **self._entry(key.log_index, work),
            }
            for key in keys
            if key.use is not KeyUse.IDENTITY
        ]
        return 200, {
            "identity": {"jwks": identity.jwk, **self._entry(identity.log_index, work)},
            "data": data,
        }

    def register(self, call: Call, work: Work) -> Answer:
        """One more key."""
        key = enrol.register_key(call.member, call.json["document"], work, self.town.hub)
        return 201, {"key_id": key.key_id}

    def _entry(self, index: int | None, work: Work) -> dict[str, Json]:
        signed = work.log.signed()
        if index is None or signed is None or index >= signed[0]:
            return {"log_index": index, "opening": None, "proof": None}
        opening, proof = reception.opening_and_proof(index, work)
        return {"log_index": index, "opening": opening, "proof": proof}

    # --- notices --------------------------------------------------------------------------------------------

    def publish(self, call: Call, work: Work) -> Answer:
        """A batch, each line by itself."""
        admission = self.town.admission()
        results: list[Json] = []
        for line in call.body.split(b"\n"):
            try:
                keepable = reception.check_in(line, call.member, admission, self.town.hub)
                promise = reception.keep(keepable, work)
                results.append(
                    {"status": 202, "notice": keepable.checked.signed.manifest.notice, "promise": promise}
                )
            except (Declined, ProtocolError) as fault:
                status, told = _problem(fault.code)
                assert isinstance(told, dict)
                results.append({"status": status, "code": told["code"], "title": "no", "detail": "no"})
        return 200, {"results": results}

    def notice(self, call: Call, work: Work) -> Answer:
        """One own notice."""
        found = work.notices.get(NoticeId(call.words[2]))
        if found is None or found.sender != call.member:
            raise NotYours
        return 200, {"notice": found.notice, "state": found.state.value}

    def assert_again(self, call: Call, work: Work) -> Answer:
        """A renewed assertion."""
        reception.receive_assertion(
            NoticeId(call.words[2]), call.text("assertion"), call.member, work, self.town.hub
        )
        return 202, {}

    def renew(self, call: Call, work: Work) -> Answer:
        """Tokens made anew."""
        notice, tokens = NoticeId(call.words[2]), call.json["tokens"]
        reception.receive_renewal(notice, call.text("renewal"), tokens, call.member, work, self.town.hub)
        return 202, {}

    def withdraw(self, call: Call, work: Work) -> Answer:
        """A withdrawal."""
        reception.receive_withdrawal(
            NoticeId(call.words[2]), call.text("withdrawal"), call.member, work, self.town.hub
        )
        return 202, {}

    # --- the inbox ------------------------------------------------------------------------------------------

    def inbox(self, call: Call, work: Work) -> Answer:
        """A page of the inbox; never waits."""
        signed = work.log.signed()
        assert signed is not None
        after, limit = int(call.params.get("cursor", "0")), min(int(call.params["limit"]), self.page)
        items = work.inboxes.page(call.member, after, limit + 1, signed[0])
        shown = items[:limit]
        cursor = str(shown[-1].sequence) if shown else None
        data: list[Json] = [_item(item) for item in shown]
        return 200, {"data": data, "next_cursor": cursor, "has_more": len(items) > limit}

    def count(self, call: Call, work: Work) -> Answer:
        """How many items lie in the inbox."""
        signed = work.log.signed()
        assert signed is not None
        return 200, {"waiting": len(work.inboxes.page(call.member, 0, 1_000, signed[0]))}

    def item(self, call: Call, work: Work) -> Answer:
        """One item with its entry."""
        item = work.inboxes.get(DisclosureId(call.words[2]))
        if item is None or item.member != call.member:
            raise NotYours
        opening, proof = reception.proof_of(item, work)
        return 200, {**_item(item), "opening": opening, "proof": proof}

    def delivery(self, call: Call, work: Work) -> Answer:
        """A delivery's bytes."""
        return 200, reception.fetch_delivery(DisclosureId(call.words[2]), call.member, work, self.town.hub)

    def answer(self, call: Call, work: Work) -> Answer:
        """A confirmation, an acknowledgement, an outcome or an approval."""
        kind = call.words[3]
        receive = {
            "confirmation": reception.receive_confirmation,
            "acknowledgement": reception.receive_acknowledgement,
            "outcome": reception.receive_outcome,
            "approval": reception.receive_approval,
            "lead": reception.receive_lead,
        }[kind]
        receive(DisclosureId(call.words[2]), call.text(kind), call.member, work, self.town.hub)
        return 202, {}

    def grant(self, call: Call, work: Work) -> Answer:
        """A key grant."""
        box = call.json["box"]
        request = RequestId(call.words[2])
        reception.receive_grant(
            request,
            call.text("grant"),
            box if isinstance(box, str) else None,
            call.member,
            work,
            self.town.hub,
        )
        return 202, {}

    def cosign(self, call: Call, work: Work) -> Answer:
        """A witness's line."""
        size, line = call.json["size"], call.text("line")
        assert isinstance(size, int)
        reception.receive_cosignature(size, line, call.member, work, self.town.hub)
        return 202, {}

    def blind_grant(self, call: Call, work: Work) -> Answer:
        """A blind key grant, with a box for every candidate."""
        boxes = call.json["boxes"]
        assert isinstance(boxes, list)
        sealed = [str(box) for box in boxes]
        request = RequestId(call.words[2])
        reception.receive_blind_grant(request, call.text("grant"), sealed, call.member, work, self.town.hub)
        return 202, {}

    # --- papers ---------------------------------------------------------------------------------------------

    def agreements(self, call: Call, work: Work) -> Answer:
        """Agreements of the caller."""
        own = [
            paper
            for paper in work.papers.all(PaperKind.AGREEMENT)
            if _speaks_for(call.member, work) & {*paper.parties}
            or reception.joined(paper.name, call.member, work)
        ]
        data: list[Json] = [
            {
                "agreement": p.name,
                "version": p.version,
                "digest": p.digest,
                "state": p.state.value,
                "parties": [*p.parties],
                "signed_by": [*p.signed_by],
                "valid_from": canonical.instant(p.valid_from),
                "valid_until": None if p.valid_until is None else canonical.instant(p.valid_until),
                "log_index": p.log_index,
            }
            for p in own
        ]
        return self._paged(data, call)

    def agreement(self, call: Call, work: Work) -> Answer:
        """One version of an agreement."""
        version = int(call.words[4]) if len(call.words) > 4 else None
        paper = work.papers.get(PaperKind.AGREEMENT, call.words[2], version)
        if paper is None or not (_speaks_for(call.member, work) & {*paper.parties} or is_open(paper)):
            raise NotYours
        return 200, {
            "agreement": paper.name,
            "version": paper.version,
            "digest": paper.digest,
            "state": paper.state.value,
            "document": paper.document,
            "signed": paper.signed,
        }

    def propose(self, call: Call, work: Work) -> Answer:
        """An agreement by its first party."""
        agree.propose(call.json["document"], call.json["signed"], call.member, work, self.town.hub)
        return 201, {}

    def countersign(self, call: Call, work: Work) -> Answer:
        """Another party's signatures."""
        agree.countersign(call.words[2], call.json["signed"], call.member, work, self.town.hub)
        return 202, {}

    def suspend(self, call: Call, work: Work) -> Answer:
        """One party's word on an agreement."""
        reception.change_agreement(call.words[2], call.json["word"], call.member, work, self.town.hub)
        return 202, {}

    def accede(self, call: Call, work: Work) -> Answer:
        """A member joins an agreement that is open to others."""
        reception.accede(call.words[2], call.json["document"], call.member, work, self.town.hub)
        return 202, {}

    def accessions(self, call: Call, work: Work) -> Answer:
        """Who has joined it."""
        found = [p for p in work.papers.all(PaperKind.ACCESSION) if p.name.startswith(f"{call.words[2]}~")]
        data: list[Json] = [
            {"parties": [*p.parties], "state": p.state.value, "document": p.document} for p in found
        ]
        return 200, {"data": data, "next_cursor": None, "has_more": False}

    def mandates(self, call: Call, work: Work) -> Answer:
        """Mandates or standing requests of the caller, and mandates of whom it has agreements with."""
        partners = {call.member}
        for agreement in work.papers.all(PaperKind.AGREEMENT) if call.words[1] == "mandates" else ():
            if call.member in agreement.parties:
                partners.update(agreement.parties)
        data: list[Json] = [
            {
                "name": p.name,
                "parties": [*p.parties],
                "state": p.state.value,
                "valid_from": canonical.instant(p.valid_from),
                "valid_until": None,
                "document": p.document,
            }
            for p in work.papers.all(_PAPERS[call.words[1]])
            if call.member in p.parties or p.parties[0] in partners
        ]
        return self._paged(data, call)

    def lodge(self, call: Call, work: Work) -> Answer:
        """A mandate or a standing request by its authority."""
        lodge.lodge(_PAPERS[call.words[1]], call.json["document"], call.member, work, self.town.hub)
        return 201, {}

    def epochs(self, _call: Call, work: Work) -> Answer:
        """Every epoch."""
        data: list[Json] = [
            {
                "epoch": p.name,
                "document": p.document,
                "state": p.state.value,
                "suspended": [m.member for m in work.members.all() if m.standing is Standing.SUSPENDED],
                "wrapped_to": [
                    one.member
                    for one in work.members.all()
                    if work.papers.wrapped_key(EpochId(p.name), one.member) is not None
                ],
            }
            for p in work.papers.all(PaperKind.EPOCH)
            if p.state is not PaperState.SUPERSEDED
        ]
        return 200, {"data": data}

    def wrapped_key(self, call: Call, work: Work) -> Answer:
        """The linkage key as wrapped for the caller."""
        box = work.papers.wrapped_key(EpochId(call.words[2]), call.member)
        if box is None:
            raise NotYours
        return 200, {"box": box}

    def open_epoch(self, call: Call, work: Work) -> Answer:
        """An epoch by the custodian."""
        boxes = call.json["boxes"]
        assert isinstance(boxes, dict)
        sealed = {MemberId(member): str(box) for member, box in boxes.items()}
        lodge.open_epoch(call.json["document"], sealed, call.member, work, self.town.hub)
        return 201, {}

    # --- disputes -------------------------------------------------------------------------------------------

    def disclosures(self, call: Call, work: Work) -> Answer:
        """The entries that a member may open, or one with its proof."""
        signed = work.log.signed()
        assert signed is not None
        entries = work.log.entries_for(call.member, -1, 100_000, signed[0])
        shown = [self._entry(entry.index, work) for entry in entries]
        if len(call.words) == 2:
            every: list[Json] = [{"log_index": one["log_index"], "opening": one["opening"]} for one in shown]
            return self._paged(every, call)
        found = next((one for one in shown if str(one["log_index"]) == call.words[2]), None)
        if found is None:
            raise NotYours
        return 200, {**found}

    def disputes(self, call: Call, work: Work) -> Answer:
        """A member's disputes, one of them, or the messages of one."""
        if len(call.words) == 2:
            return self._paged(
                [{**_dispute(one)} for one in work.disputes.of_member(call.member, "", 99)], call
            )
        found = reception.thread(DisputeId(call.words[2]), call.member, work)
        if len(call.words) == 3:
            return 200, {**_dispute(found)}
        letters = work.disputes.letters(found.dispute)
        return 200, {"data": [{"message": one.jws, "text": one.text} for one in letters]}

    def dispute(self, call: Call, work: Work) -> Answer:
        """A message that opens, answers or closes."""
        name = DisputeId(call.words[2]) if len(call.words) == 4 else None
        act = Act.OPEN if name is None else Act.CLOSE if call.words[3] == "outcome" else Act.ANSWER
        message, text = call.text("message"), call.text("text")
        reception.receive_message(name, act, message, text, call.member, work, self.town.hub)
        return 202, {}

    def _paged(self, every: list[Json], call: Call) -> Answer:
        start = int(call.params.get("cursor", "0"))
        end = start + min(int(call.params.get("limit", "50")), self.page)
        more = end < len(every)
        return 200, {"data": every[start:end], "next_cursor": str(end) if more else None, "has_more": more}


def _speaks_for(member: MemberId, work: Work) -> set[MemberId]:
    mandates = work.papers.all(PaperKind.MANDATE)
    return {
        member,
        *(p.parties[0] for p in mandates if p.parties[1] == member and p.state is PaperState.IN_FORCE),
    }


_PAPERS = {"mandates": PaperKind.MANDATE, "standing-requests": PaperKind.STANDING_REQUEST}

_ROUTES: dict[tuple[str, str, int], tuple[Callable[[Wire], Route], bool]] = {
    ("GET", "members", 2): (lambda wire: wire.members, False),
    ("GET", "members", 4): (lambda wire: wire.keys, False),
    ("POST", "members", 4): (lambda wire: wire.register, True),
    ("POST", "notice-batches", 2): (lambda wire: wire.publish, True),
    ("GET", "notices", 3): (lambda wire: wire.notice, False),
    ("POST", "assertions", 4): (lambda wire: wire.assert_again, True),
    ("POST", "tokens", 4): (lambda wire: wire.renew, True),
    ("POST", "withdrawal", 4): (lambda wire: wire.withdraw, True),
    ("GET", "inbox", 2): (lambda wire: wire.inbox, False),
    ("GET", "count", 3): (lambda wire: wire.count, False),
    ("GET", "inbox", 3): (lambda wire: wire.item, False),
    ("GET", "delivery", 4): (lambda wire: wire.delivery, False),
    ("POST", "inbox", 4): (lambda wire: wire.answer, True),
    ("POST", "cosignatures", 2): (lambda wire: wire.cosign, True),
    ("POST", "grant", 4): (lambda wire: wire.grant, True),
    ("POST", "blind-grant", 4): (lambda wire: wire.blind_grant, True),
    ("GET", "disclosures", 2): (lambda wire: wire.disclosures, False),
    ("GET", "disclosures", 3): (lambda wire: wire.disclosures, False),
    ("GET", "disputes", 2): (lambda wire: wire.disputes, False),
    ("GET", "disputes", 3): (lambda wire: wire.disputes, False),
    ("GET", "disputes", 4): (lambda wire: wire.disputes, False),
    ("POST", "disputes", 2): (lambda wire: wire.dispute, True),
    ("POST", "disputes", 4): (lambda wire: wire.dispute, True),
    ("GET", "agreements", 2): (lambda wire: wire.agreements, False),
    ("GET", "agreements", 3): (lambda wire: wire.agreement, False),
    ("GET", "agreements", 5): (lambda wire: wire.agreement, False),
    ("POST", "agreements", 2): (lambda wire: wire.propose, True),
    ("POST", "signatures", 4): (lambda wire: wire.countersign, True),
    ("GET", "accessions", 4): (lambda wire: wire.accessions, False),
    ("POST", "accessions", 4): (lambda wire: wire.accede, True),
    ("POST", "suspension", 4): (lambda wire: wire.suspend, True),
    ("GET", "mandates", 2): (lambda wire: wire.mandates, False),
    ("POST", "mandates", 2): (lambda wire: wire.lodge, True),
    ("GET", "standing-requests", 2): (lambda wire: wire.mandates, False),
    ("POST", "standing-requests", 2): (lambda wire: wire.lodge, True),
    ("GET", "epochs", 2): (lambda wire: wire.epochs, False),
    ("GET", "epochs", 4): (lambda wire: wire.wrapped_key, False),
    ("POST", "epochs", 2): (lambda wire: wire.open_epoch, True),
}


def _route(method: str, words: tuple[str, ...]) -> tuple[Callable[[Wire], Route], bool]:
    for word in (words[-1], words[1]):
        found = _ROUTES.get((method, word, len(words)))
        if found is not None:
            return found
    raise NotYours


def _dispute(dispute: Dispute) -> dict[str, Json]:
    due = None if dispute.due_at is None else canonical.instant(dispute.due_at)
    return {"dispute": dispute.dispute, "state": dispute.state.value, "due_at": due}


def _item(item: InboxItem) -> dict[str, Json]:
    return {
        "item": item.item,
        "kind": item.kind.value,
        "about": item.about,
        "passage": item.passage,
        "put_at": canonical.instant(item.put_at),
        "stopped": item.stopped,
        "body": item.body,
    }


def _problem(code: str) -> Answer:
    kind = PROBLEMS.get(code)
    status = 410 if code == "delivery-stopped" else 409 if kind is None else kind.status
    return status, {"code": code, "title": "no", "detail": "this is not done", "status": status}
