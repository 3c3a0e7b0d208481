"""A member's system that talks HTTP: it enrols, gets bound tokens, proves every call, publishes.

Everything it says is made with `hub.protocols` and `hub.matching` alone, without the gateway, so that
a test can bend any of it: another key, an old proof, a changed byte.

    hub = WebHub(tmp_path)
    with hub.serving() as client:
        kent = hub.admits(client, "mbr_kent", MemberKind.AUTHORITY, "886")
        answer = kent.publishes(kent.notice())
"""

import asyncio
import itertools
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from starlette.types import ASGIApp

from hub.app import Service, application, put_together, with_edge
from hub.assembly import Assembly
from hub.consent.documents import read_agreement
from hub.consent.flags import Flags
from hub.consent.question import Purpose, Scope
from hub.exchange import enrol
from hub.exchange.ports import Hub
from hub.exchange.sequencer import Slot, run_slot
from hub.exchange.store.guard import FileGuard
from hub.exchange.store.migrations import upgrade
from hub.exchange.store.unit_of_work import SqlStore
from hub.matching.tokens import Person, make_tokens
from hub.protocols import canonical
from hub.protocols.access import ASSERTION_KIND, make_client_assertion, make_proof
from hub.protocols.acknowledgement import (
    Acknowledgement,
    Answer,
    Confirmation,
    Level,
    Outcome,
    OutcomeKind,
    sign_acknowledgement,
    sign_confirmation,
    sign_outcome,
)
from hub.protocols.canonical import Json
from hub.protocols.delivery import CheckedDelivery, check_delivery, read_delivery
from hub.protocols.epoch import make_epoch, sign_epoch, wrap_linkage_key
from hub.protocols.key_grant import KeyGrant, read_request, sign_grant
from hub.protocols.keys import DocumentKey, KeyUse, SealingKey, SigningKey, entry_for, sign_entry
from hub.protocols.names import EpochId, MemberId, MemberKind, NoticeId, NoticeType, Part, new_id
from hub.protocols.notice import (
    Assertion,
    Box,
    Confidence,
    Contact,
    Envelope,
    Manifest,
    Source,
    manifest_digest,
    part_entries,
    sign_manifest,
    write_envelope,
)
from hub.protocols.sealing import new_part_keys, seal_box, seal_part
from hub.protocols.signing import Typ, sign_document
from hub.protocols.suites import HYBRID
from hub.protocols.token_record import LinkageKey
from hub.settings import Settings

ORIGIN: Final = "http://hub.example"
CUSTODIAN: Final = MemberId("mbr_custodian")
EXAMPLES: Final = Path(__file__).parents[2] / "agreements" / "examples"
ADA: Final = Person(
    first_name="Ada",
    last_name="Quillfeather",
    dob=date(2009, 5, 3),
    former_postcode="CT1 1AA",
    current_postcode="ME7 1AA",
)


class Line:
    """Requests to an application in this process, one event loop for all of them; no socket is opened."""

    def __init__(self, app: ASGIApp, runner: asyncio.Runner) -> None:
        self.runner = runner
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url=ORIGIN)

    def request(self, method: str, path: str, **parts: Any) -> httpx.Response:  # noqa: ANN401 - as httpx
        """Make one request."""
        return self.runner.run(self.http.request(method, path, **parts))

    def get(self, path: str, **parts: Any) -> httpx.Response:  # noqa: ANN401 - as httpx
        """Read."""
        return self.request("GET", path, **parts)

    def post(self, path: str, **parts: Any) -> httpx.Response:  # noqa: ANN401 - as httpx
        """Send."""
        return self.request("POST", path, **parts)


class WebHub:
    """A hub behind its own routes, with a clock that obeys and a slot that is closed by hand."""

    def __init__(self, folder: Path, template: Path | None = None, **settings: Any) -> None:  # noqa: ANN401
        self.folder = folder
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self.chance = random.Random(7)
        database = folder / "hub.db"
        if template is None:
            upgrade(f"sqlite:///{database}")
        else:
            database.write_bytes(template.read_bytes())
        given = {"public_origin": ORIGIN, "data_dir": folder, "metrics_bind": "", **settings}
        index_key = self.chance.randbytes(32)
        self.hub = Hub(
            origin="hub.example",
            key=SigningKey.from_seed(self.chance.randbytes(32)),
            index_key=index_key,
            slot=timedelta(seconds=1),
            quota_floor=20,
            quota_factor=3,
            now=lambda: self.now,
            chance=self.chance.randbytes,
            guard=FileGuard(folder / "last-checkpoint"),
        )
        self.store = SqlStore(f"sqlite:///{database}", index_key)
        self.assembly = Assembly(Settings(**given), self.store, self.hub)
        self.service: Service = put_together(self.assembly)
        self.service.sequencer = None  # slots are closed by the test
        self.app = application(self.service)
        self.linkage = LinkageKey(self.chance.randbytes(32))
        self.epoch = EpochId("")
        self.jti = itertools.count()
        self.members: dict[MemberId, WebMember] = {}

    @contextmanager
    def serving(self) -> Iterator[Line]:
        """The running application; errors become answers, as they do outside."""
        with asyncio.Runner() as runner:
            life = self.app.router.lifespan_context(self.app)
            runner.run(_entered(life))
            line = Line(with_edge(self.app, self.service), runner)
            try:
                yield line
            finally:
                runner.run(line.http.aclose())
                runner.run(_left(life))

    def slot(self) -> Slot:
        """One slot passes."""
        done = run_slot(self.store, self.hub)
        assert not done.faults, done.faults
        self.service.announce(done)
        self.now += self.hub.slot
        self.service.desk.door.refresh()
        return done

    def picture(self) -> "Picture":
        """Keep how this hub stands, once it has been closed."""
        seeds = {name: member.seed for name, member in self.members.items()}
        return Picture(self.folder, self.now, self.chance.getstate(), self.linkage, self.epoch, seeds)

    def invites(self, member: str, kind: MemberKind, area: str | None = None) -> str:
        """Invite an organisation; return its code."""
        with self.store.write() as work:
            name = member.removeprefix("mbr_").title()
            return enrol.invite(MemberId(member), name, kind, work, self.hub, area=area)

    def admits(
        self,
        client: Line,
        member: str,
        kind: MemberKind = MemberKind.AUTHORITY,
        area: str | None = None,
    ) -> "WebMember":
        """Invite a member, let it enrol by HTTP, approve it, and record its keys."""
        made = WebMember(self, client, MemberId(member), self.chance.randbytes(64))
        code = self.invites(member, kind, area)
        answer = client.post("/v1/enrolments", json=made.enrolment(code))
        assert answer.status_code == 201, answer.text
        with self.store.write() as work:
            enrol.approve(MemberId(member), made.identity.key_id[:10], work, self.hub)
        self.slot()
        self.members[made.member] = made
        return made

    def opens_epoch(self, custodian: "WebMember", *members: "WebMember") -> httpx.Response:
        """The custodian opens an epoch and wraps its key to these members."""
        begin = self.now - timedelta(days=1)
        self.epoch = EpochId(new_id("ep", self.now, self.chance.randbytes(10)))
        epoch = make_epoch(self.epoch, begin, begin + timedelta(days=300), self.linkage)
        boxes = {one.member: wrap_linkage_key(self.linkage, epoch, one.sealing.public) for one in members}
        body = {"document": sign_epoch(epoch, custodian.identity), "boxes": boxes}
        answer = custodian.posts("/v1/epochs", body)
        self.slot()
        return answer

    def agrees(self, example: str, *parties: "WebMember") -> str:
        """These members propose and sign a worked example; it comes into force."""
        document = json.loads((EXAMPLES / f"{example}.json").read_text("utf-8"))
        name = read_agreement(document).id
        for number, party in enumerate(parties):
            signed = sign_document(canonical.encode(document), Typ.AGREEMENT, party.identity)
            if number == 0:
                answer = party.posts("/v1/agreements", {"document": document, "signed": signed})
            else:
                answer = party.posts(f"/v1/agreements/{name}/signatures", {"signed": signed})
            assert answer.status_code in {201, 202}, answer.text
        self.slot()
        return name


@dataclass(frozen=True)
class Picture:
    """A hub as it stood, to begin many tests from."""

    folder: Path
    now: datetime
    chance: Any
    linkage: LinkageKey
    epoch: EpochId
    seeds: dict[MemberId, bytes]

    def restored(self, folder: Path) -> WebHub:
        """A hub of its own, in another folder, that goes on from here."""
        (folder / "last-checkpoint").write_bytes((self.folder / "last-checkpoint").read_bytes())
        hub = WebHub(folder, self.folder / "hub.db")
        hub.now, hub.linkage, hub.epoch = self.now, self.linkage, self.epoch
        hub.chance.setstate(self.chance)
        hub.service.desk.door.refresh()
        return hub

    def member(self, hub: WebHub, client: Line, name: MemberId) -> "WebMember":
        """A member of it, with the keys it had."""
        hub.members[name] = WebMember(hub, client, name, self.seeds[name])
        return hub.members[name]


@dataclass
class WebMember:
    """A member's system, with keys of its own."""

    town: WebHub
    client: Line
    member: MemberId
    seed: bytes
    token: str | None = None
    nonce: str | None = None
    part_keys: dict[NoticeId, dict[Part, bytes]] = field(default_factory=dict)
    identity: DocumentKey = field(init=False)
    signing: SigningKey = field(init=False)
    access: SigningKey = field(init=False)
    sealing: SealingKey = field(init=False)

    def __post_init__(self) -> None:
        self.identity = DocumentKey.from_seeds(self.seed[:32], self.seed[32:])
        self.signing = SigningKey.from_seed(canonical.sha256(self.seed + b"signing"))
        self.access = SigningKey.from_seed(canonical.sha256(self.seed + b"access"))
        self.sealing = SealingKey.from_seed(HYBRID.id, canonical.sha256(self.seed + b"sealing"))

    def enrolment(self, code: str) -> dict[str, Any]:
        """The body that redeems an invitation."""
        begin = self.town.now - timedelta(days=1)
        until = begin + timedelta(days=400)
        keys = (
            (KeyUse.SIGNING, self.signing.public),
            (KeyUse.ACCESS, self.access.public),
            (KeyUse.SEALING, self.sealing.public),
        )
        entries = [
            sign_entry(entry_for(self.member, use, key, begin, until), self.identity) for use, key in keys
        ]
        return {"code": code, "identity": self.identity.public.jwks, "entries": entries}

    # --- credentials --------------------------------------------------------------------------------

    def proof(self, method: str, path: str, token: str | None, **changes: Any) -> str:  # noqa: ANN401
        """A fresh proof for one request; any part of it can be another."""
        made = {
            "url": ORIGIN + path,
            "key": self.access,
            "now": self.town.now,
            "jti": f"proof-{next(self.town.jti):06}",
            "nonce": self.nonce,
            **changes,
        }
        return make_proof(
            changes.get("verb", method),
            made["url"],
            made["key"],
            made["now"],
            made["jti"],
            token,
            made["nonce"],
        )

    def asks_token(self, **changes: Any) -> httpx.Response:  # noqa: ANN401
        """Ask the token endpoint; any part of the assertion can be another."""
        made = {
            "issuer": ORIGIN,
            "key": self.access,
            "now": self.town.now,
            "jti": f"assertion-{next(self.town.jti):06}",
            **changes,
        }
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_KIND,
            "client_assertion": make_client_assertion(
                self.member, made["issuer"], made["key"], made["now"], made["jti"]
            ),
        }
        if "scope" in changes:
            form["scope"] = changes["scope"]
        headers = {
            "DPoP": self.proof("POST", "/oauth/token", None),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self.client.post("/oauth/token", content=urlencode(form), headers=headers)

    def headers(self, method: str, path: str, **changes: Any) -> dict[str, str]:  # noqa: ANN401
        """The two headers of an authenticated request."""
        if self.token is None:
            answer = self.asks_token()
            assert answer.status_code == 200, answer.text
            self.token = answer.json()["access_token"]
        return {
            "Authorization": f"DPoP {self.token}",
            "DPoP": self.proof(method, path, self.token, **changes),
        }

    # --- calls ----------------------------------------------------------------------------------------

    def gets(self, path: str, **headers: str) -> httpx.Response:
        """GET as this member."""
        bare = path.partition("?")[0]
        return self.client.get(path, headers={**self.headers("GET", bare), **headers})

    def posts(self, path: str, body: Any, **headers: str) -> httpx.Response:  # noqa: ANN401
        """POST a JSON body as this member."""
        return self.sends(path, canonical.encode(body), **headers)

    def sends(self, path: str, data: bytes, **headers: str) -> httpx.Response:
        """POST bytes as this member."""
        kind = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.client.post(path, content=data, headers={**self.headers("POST", path), **kind})

    # --- notices ----------------------------------------------------------------------------------------

    def manifest(self, kind: NoticeType = NoticeType.MOVED_OUT, **changes: Any) -> tuple[Manifest, Envelope]:  # noqa: ANN401
        """A manifest and its envelope, signed over everything; `changes` bend the manifest before it is."""
        now = self.town.now
        person: Person = changes.pop("person", ADA)
        tokens = make_tokens(person, self.town.linkage, self.town.epoch, self.town.chance.randbytes)
        keys = new_part_keys(self.town.chance.randbytes)
        facts: Mapping[Part, Json] = {Part.IDENTITY: {"given": "Ada"}}
        sealed = {
            part: seal_part(
                part,
                facts.get(part),
                keys[part],
                self.town.chance.randbytes(32),
                self.town.chance.randbytes(12),
            )
            for part in Part
        }
        manifest = Manifest(
            notice=NoticeId(new_id("ntc", now, self.town.chance.randbytes(10))),
            type=kind,
            sender=self.member,
            acts_for=None,
            recipient=None,
            purpose=Purpose.PARTICIPATION.value,
            suite=HYBRID.id,
            issued_at=now,
            expires_at=now + timedelta(days=60),
            event_on=date(2026, 11, 1),
            ascertained_on=date(2026, 11, 2),
            source=Source.OFFICER,
            confidence=Confidence.CONFIRMED,
            contact=Contact("Team", "01622 000000", "team@kent.example"),
            officer="A. Officer",
            refers_to=None,
            assertion=Assertion(Scope.AGE_16_17.value, _flags(), now),
            epoch=self.town.epoch,
            tokens=tokens.digests,
            parts=part_entries(sealed),
        )
        manifest = replace(manifest, **changes)
        self.part_keys[manifest.notice] = dict(keys)
        jws = sign_manifest(manifest, self.signing)
        box = None if manifest.recipient is None else self._box(manifest.recipient, manifest.notice)
        return manifest, Envelope(jws, tokens, {part: one.jwe for part, one in sealed.items()}, box)

    def notice(self, kind: NoticeType = NoticeType.MOVED_OUT, **changes: Any) -> bytes:  # noqa: ANN401
        """The bytes of a notice, ready to publish."""
        return write_envelope(self.manifest(kind, **changes)[1])

    def _box(self, recipient: MemberId, notice: NoticeId) -> Box:
        known = self.town.members.get(recipient, self)
        return Box(recipient, seal_box(self.part_keys[notice], notice, known.sealing.public))

    def publishes(self, data: bytes, **headers: str) -> httpx.Response:
        """Publish bytes as a notice."""
        return self.sends("/v1/notices", data, **headers)


@dataclass
class Desk:
    """A member's officer who looks into the inbox and answers, step by step."""

    member: WebMember
    cursor: str | None = None

    def look(self, query: str = "") -> list[dict[str, Any]]:
        """Read on in the inbox; return the new items."""
        parts = [query] if query else []
        if self.cursor is not None:
            parts.append(f"cursor={self.cursor}")
        answer = self.member.gets("/v1/inbox" + ("?" + "&".join(parts) if parts else ""))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        self.cursor = page["next_cursor"]
        found: list[dict[str, Any]] = page["data"]
        return found

    def grants(self, item: dict[str, Any]) -> httpx.Response:
        """Answer a key request with a box."""
        request = read_request(item["body"]["request"], self.member.town.hub.key.public)
        recipient = self.member.town.members[request.recipient]
        keys = self.member.town.members[request.sender].part_keys[request.notice]
        box = seal_box(keys, request.notice, recipient.sealing.public)
        grant = KeyGrant(
            request=request.request,
            manifest=request.manifest,
            counter_manifest=manifest_digest(request.counter_manifest),
            recipient=request.recipient,
            recipient_key=request.recipient_key,
            box=canonical.digest(box.encode()),
            refused=(),
            officer=None,
            granted_at=self.member.town.now,
        )
        body = {"grant": sign_grant(grant, self.member.signing), "box": box}
        return self.member.posts(f"/v1/key-requests/{request.request}/grant", body)

    def fetches(self, item: dict[str, Any]) -> CheckedDelivery:
        """Fetch a delivery and check it as a gateway does."""
        answer = self.member.gets(f"/v1/inbox/{item['item']}/delivery")
        assert answer.status_code == 200, answer.text
        delivery = read_delivery(answer.content)
        record = delivery.opening.record
        assert isinstance(record, dict)
        sender = self.member.town.members[MemberId(str(record["sender"]))]
        key, log = sender.signing.public, self.member.town.hub.log_key
        return check_delivery(delivery, self.member.member, key, log)

    def acknowledgement(self, checked: CheckedDelivery) -> str:
        """A signed acknowledgement of a delivery."""
        return sign_acknowledgement(
            Acknowledgement(
                delivery=checked.record.delivery,
                manifest=checked.record.manifest,
                parts={part.part: part.cipher_digest for part in checked.record.parts},
                log_index=checked.log_index,
                log_size=checked.checkpoint.size,
                level=Level.OPENED,
                signed_at=self.member.town.now,
            ),
            self.member.signing,
        )

    def acknowledges(self, checked: CheckedDelivery) -> httpx.Response:
        """Acknowledge a delivery."""
        path = f"/v1/inbox/{checked.record.delivery}/acknowledgement"
        return self.member.posts(path, {"acknowledgement": self.acknowledgement(checked)})

    def confirms(self, checked: CheckedDelivery, answer: Answer = Answer.SAME) -> httpx.Response:
        """Say what the comparison gave."""
        record = checked.record
        said = Confirmation(record.delivery, record.manifest, answer, None, self.member.town.now)
        signed = sign_confirmation(said, self.member.signing)
        return self.member.posts(f"/v1/inbox/{record.delivery}/confirmation", {"confirmation": signed})

    def reports(self, checked: CheckedDelivery, outcome: OutcomeKind) -> httpx.Response:
        """Say what became of it."""
        record = checked.record
        said = Outcome(record.delivery, record.manifest, outcome, self.member.town.now)
        signed = sign_outcome(said, self.member.signing)
        return self.member.posts(f"/v1/inbox/{record.delivery}/outcome", {"outcome": signed})


async def _entered(life: AbstractAsyncContextManager[Any]) -> None:
    await life.__aenter__()


async def _left(life: AbstractAsyncContextManager[Any]) -> None:
    await life.__aexit__(None, None, None)


def _flags() -> Json:
    return {name: [*value] if isinstance(value, list) else value for name, value in Flags().to_json().items()}
